"""Whether scores and a small training are, byte for byte, what they were: to be run around a change that must not move them.

    python scripts/check_goldens.py --write goldens.json ../shared/corpus    # before the change
    python scripts/check_goldens.py goldens.json ../shared/corpus            # after it; names what differs
    python scripts/check_goldens.py --write tests/golden/scores.json         # for the test, after a retraining

With a training corpus 300 of its pages are scored as well, and a model is trained on the project's own pages; without one
only `corpus/pages` is scored.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import noisefilter
from noisefilter import Page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noisefilter import Model

ROOT = Path(__file__).parent.parent
#: Pages of the training corpus that are scored.
PAGES = 300


def hash_scores(paths: Iterable[Path], model: Model) -> dict[str, str]:
    """SHA-256 of what each page gives: its score, that of its visible text, the extracted text and the cleaned page."""
    found: dict[str, str] = {}
    for path in paths:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        page = Page(content, format="html")
        score = noisefilter.score(page, model=model)
        text = noisefilter.score(score.visible_text, title=score.title, format="text", model=model)
        results = {
            "html": json.dumps(score.to_dict(), sort_keys=True),
            "text": json.dumps(text.to_dict(), sort_keys=True),
            "extract": noisefilter.extract(page, model=model),
            "clean": noisefilter.clean_html(page, model=model),
        }
        found |= {f"{path.stem} {name}": _digest(result) for name, result in results.items()}
    return found


def corpus_pages() -> list[Path]:
    """The pages that stand in the project's own corpus, one file each."""
    return sorted((ROOT / "corpus" / "pages").glob("*.html"))


def hash_training() -> dict[str, str]:
    """SHA-256 of each array, and of the thresholds, of a model trained on the project's own pages."""
    from noisefilter.learn.corpora import read_corpora  # noqa: PLC0415
    from noisefilter.learn.train import split_by_site, train  # noqa: PLC0415
    from noisefilter.model import VECTORS, models_folder  # noqa: PLC0415 - moves with the house
    from noisefilter.text.vectors import load_vectors  # noqa: PLC0415

    model = train(split_by_site(read_corpora([ROOT / "corpus"])), load_vectors(models_folder() / VECTORS), name="small")
    arrays = {
        f"array {name}": hashlib.sha256(array.tobytes()).hexdigest() for name, array in sorted(model.arrays.items())
    }
    return arrays | {"thresholds": _digest(json.dumps(dict(model.thresholds), sort_keys=True))}


def hash_all(model: Model, corpus: Path | None) -> dict[str, str]:
    """Everything by name."""
    pages = corpus_pages()
    if corpus is None:
        return hash_scores(pages, model)
    own = [path for name in ("layouts", "insertions") for path in sorted((ROOT / "corpus" / name / "pages").iterdir())]
    others = sorted((corpus / "wcxb" / "dev" / "html").iterdir())
    others = others[:: max(1, len(others) // PAGES)][:PAGES]
    return hash_scores([*pages, *own, *others], model) | hash_training()


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode("utf8", "surrogatepass")).hexdigest()


def main() -> None:
    """Write goldens, or compare with them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("goldens", type=Path)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--model", default="fast")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    model = noisefilter.load(options.model)
    found = {"model": model.label, **hash_all(model, options.corpus)}
    if options.write:
        options.goldens.write_text(json.dumps(found, indent=1) + "\n", encoding="utf8")
        return
    wanted = json.loads(options.goldens.read_text(encoding="utf8"))
    other = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    print(*other, f"{len(found) - len(other)} of {len(found)} as they were", sep="\n")
    sys.exit(bool(other))


if __name__ == "__main__":
    main()
