"""Lines that lead elsewhere: what is taken out of real farms' texts, and of invented pages by form and language.

    python scripts/check_pointers.py ../shared/corpus

The farms' link blocks (`insertions_real`) are marked by a program. Their sources are train sites, but no rule and no network learned
from the marks. A line is out if half of it is.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noisefilter import Page, score_many
from shared_corpus import Corpus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noisefilter import Score
    from noisefilter.types import Format

OWN = Path(__file__).parents[1] / "corpus"
FOLDERS = ("pointers", "pointers_unseen")
FORMATS: dict[str, Format] = {".html": "html", ".txt": "text"}
#: Texts of each farm at most.
MOST = 80


def is_out(score: Score, start: int, end: int) -> bool:
    """Whether half of a range is in spans that `Score.text` leaves out, or more."""
    covered = sum(max(0, min(span.end, end) - max(span.start, start)) for span in score.spans if span.kind != "filler")
    return 2 * covered >= end - start


def count(rows: Iterable[tuple[str, Page, list[tuple[int, int]]]], jobs: int = 2) -> None:
    """Print of each group the marked ranges, and the share of them that is out."""
    rows, found = list(rows), defaultdict[str, list[bool]](list)
    scores = score_many([page for _, page, _ in rows], jobs=jobs)
    for (group, _, ranges), score in zip(rows, scores, strict=True):
        found[group] += [is_out(score, *bounds) for bounds in ranges]
    for group, outs in sorted(found.items()):
        print(f"  {group:<24} {len(outs):5}  {sum(outs) / max(1, len(outs)):.3f}")


def farms(corpus: Corpus) -> Iterable[tuple[str, Page, list[tuple[int, int]]]]:
    """Texts of real farms, with the bounds of their link blocks."""
    seen: dict[str, int] = defaultdict(int)
    for split in ("train", "tune"):
        for row in corpus.rows("insertions_real", split):
            if seen[row["source"]] < MOST:
                seen[row["source"]] += 1
                marks: list[dict[str, Any]] = row["insertions"]
                page = Page(row["text"], title=row["title"], format="text")
                yield row["source"], page, [(mark["start"], mark["end"]) for mark in marks]


def invented(folder: Path) -> Iterable[tuple[str, Page, list[tuple[int, int]]]]:
    """Pages of a corpus of the project, by form and language, with the bounds of what leads elsewhere."""
    pages, labels = ((folder / f"{name}.jsonl").read_text(encoding="utf8").splitlines() for name in ("pages", "labels"))
    for row, label in zip(map(json.loads, pages), map(json.loads, labels), strict=True):
        page = Page((folder / row["path"]).read_bytes(), format=FORMATS[Path(row["path"]).suffix])
        marks = [(span["start"], span["end"]) for span in label["spans"] if span["reason"] != "headline"]
        yield f"{page.format}, {'English' if row['language'] == 'en' else 'other'}", page, marks


def main() -> None:
    """Print the tables."""
    print("link blocks of real farms: marked, out")
    count(farms(Corpus(Path(sys.argv[1]))))
    for name in FOLDERS:
        print(f"corpus/{name}: put in, out")
        count(invented(OWN / name))


if __name__ == "__main__":
    main()
