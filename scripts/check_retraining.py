"""Whether adapting the default model to the pages of a source helps on that source's other pages.

    python scripts/check_retraining.py ../shared/corpus
    python scripts/check_retraining.py --seeds 2              # the project's own pages only

Sources that the default model was not fitted on: farms and clean sites of the tune and val splits, WCXB's pages by type, and
the project's own pages. Tune sites chose the default model's calibration and thresholds, which favours it. Each source is
split several times, by site where it has several, by page where it is one site; a third is held out.
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import GroupShuffleSplit

from noisefilter.learn.adapt import adapt
from noisefilter.learn.corpora import read_corpora
from noisefilter.learn.evaluate import COMPARED, evaluate
from noisefilter.learn.train import TrainingData
from noisefilter.model import as_model
from noisefilter.report.figures import ALL, figure_tables, print_tables
from shared_corpus import Corpus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noisefilter.labels import LabelledPage

OWN = Path(__file__).parent.parent / "corpus"
SPLITS = ("tune", "val")
#: Farms with judged sentences, six articles each, and one with thirty judged articles besides.
FARMS = ("ansygroup-ai-blog", "google-trends-hugo", "gta6-news", "psychedelicbible", "smartfinance", "techautoblog")
SITE = "techautoblog"
PAGE_TYPES = ("listing", "product", "collection", "service", "forum")
#: Names of figures that are compared, of each kind that has them.
FIGURES = ("f1", "log loss", "auc")


def sources(root: Path | None) -> Iterator[tuple[str, list[LabelledPage]]]:
    """Name and labelled pages of each source."""
    yield "own pages, 20 sites", read_corpora([OWN])
    yield "own layouts, 35 sites", read_corpora([OWN / "layouts"])
    if root is None:
        return
    corpus = Corpus(root)
    sentences = [page for split in SPLITS for page in corpus.judged_sentences(split)]
    texts = [page for split in SPLITS for page in corpus.judged_texts(split)]
    pages = [page for split in SPLITS for page in corpus.wcxb_pages(split)]
    for name in SPLITS:
        yield f"texts, {name} sites", list(corpus.judged_texts(name))
    yield f"farm {SITE}, one site", [page for page in (*texts, *sentences) if page.source == SITE]
    yield "sentences of six farms", [page for page in sentences if page.source in FARMS]
    for name in PAGE_TYPES:
        yield f"WCXB, {name} pages", [page for page in pages if page.page_type == name]
    yield "WCXB, judged articles", [page for page in pages if page.noise is not None]
    yield "WCXB, judged sentences", [page for page in sentences if page.source == "wcxb"]


def splits(pages: Sequence[LabelledPage], seeds: int) -> Iterator[TrainingData]:
    """A third of the sites held out, or of the pages of one site, several times."""
    several = len({page.site for page in pages}) > 1
    groups = [page.site if several else str(index) for index, page in enumerate(pages)]
    for fit, held in GroupShuffleSplit(seeds, test_size=1 / 3, random_state=0).split(pages, groups=groups):
        yield TrainingData([pages[row] for row in fit], [pages[row] for row in held])


def compare(pages: Sequence[LabelledPage], seeds: int) -> tuple[dict[str, dict[str, float]], list[int]]:
    """Figures before and after, means over the splits, and how many networks moved in each."""
    base = as_model()
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    moved = []
    for data in splits(pages, seeds):
        model, outcomes = adapt(data, base, name="adapted")
        moved.append(sum(outcome.moved for outcome in outcomes))
        before, after = (evaluate(used, data.tune) for used in (base, model))
        for kind, figure in product(COMPARED, FIGURES):
            was, now = (of.get(kind, {}).get(ALL, {}).get(figure) for of in (before, after))
            if was is not None and now is not None:
                found[kind, figure].append((was, now))
    return {
        f"{kind}: {figure}": _compared(pairs, -1 if figure == "log loss" else 1)
        for (kind, figure), pairs in found.items()
    }, moved


def _compared(pairs: Sequence[tuple[float, float]], sign: int) -> dict[str, float]:
    """Means of a figure before and after, and in how many splits it got better or worse; `sign` is -1 if lower is better."""
    before, after = np.array(pairs).T
    gains = sign * (after - before)
    return {
        "default": float(before.mean()),
        "adapted": float(after.mean()),
        "spread over splits": float(gains.std()),
        "splits better": int((gains > 0).sum()),
        "worse": int((gains < 0).sum()),
    }


def main() -> None:
    """A row a source and figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--only", default="", help="sources whose name holds this")
    options = parser.parse_args()
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    for name, pages in sources(options.corpus):
        if options.only not in name:
            continue
        found, moved = compare(pages, options.seeds)
        title = f"{name}: {len(pages)} pages, {options.seeds} splits, networks moved {min(moved)} to {max(moved)}"
        print_tables(*figure_tables({title: found}))


if __name__ == "__main__":
    main()
