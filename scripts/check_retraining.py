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
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.model_selection import GroupShuffleSplit

from noisefilter.learn.adapt import adapt
from noisefilter.learn.corpora import read_corpora
from noisefilter.learn.evaluate import evaluate
from noisefilter.learn.train import TrainingData
from noisefilter.model import default_model
from shared_corpus import Corpus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noisefilter.labels import LabelledPage
    from noisefilter.report.figures import Figures

OWN = Path(__file__).parent.parent / "corpus"
SPLITS = ("tune", "val")
#: Farms with judged sentences, six articles each, and one with thirty judged articles besides.
FARMS = ("ansygroup-ai-blog", "google-trends-hugo", "gta6-news", "psychedelicbible", "smartfinance", "techautoblog")
SITE = "techautoblog"
PAGE_TYPES = ("listing", "product", "collection", "service", "forum")
#: Kind and figure, and whether more of it is better.
FIGURES = (
    ("extraction", "f1", True), ("boilerplate spans", "f1", True), ("noise", "log loss", False), ("noise", "auc", True),
    ("filler", "log loss", False), ("filler", "auc", True), ("promotion", "log loss", False), ("filler spans", "f1", True),
    ("off_topic spans", "f1", True),
)  # fmt: skip


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


def compare(
    pages: Sequence[LabelledPage], seeds: int
) -> tuple[dict[tuple[str, str], list[tuple[float, float]]], list[int]]:
    """Figures before and after, a pair a split, and how many networks moved in each."""
    base = default_model()
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    moved = []
    for data in splits(pages, seeds):
        model, outcomes = adapt(data, base, name="adapted")
        moved.append(sum(outcome.moved for outcome in outcomes))
        before, after = evaluate(base, data.tune), evaluate(model, data.tune)
        for kind, figure, _ in FIGURES:
            pair = _value(before, kind, figure), _value(after, kind, figure)
            if not np.isnan(pair).any():
                found[kind, figure].append(pair)
    return found, moved


def _value(figures: Figures, kind: str, figure: str) -> float:
    return figures.get(kind, {}).get("all", {}).get(figure, float("nan"))


def main() -> None:
    """A row a source and figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--only", default="", help="sources whose name holds this")
    options = parser.parse_args()
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    console = Console(width=130)
    for name, pages in sources(options.corpus):
        if options.only not in name:
            continue
        found, moved = compare(pages, options.seeds)
        title = f"{name}: {len(pages)} pages, {options.seeds} splits, networks moved {min(moved)} to {max(moved)}"
        table = Table(title=title, title_justify="left", box=None)
        for column in ("figure", "default", "adapted", "difference", "spread over splits", "splits better", "worse"):
            table.add_column(column, justify="left" if column == "figure" else "right")
        for kind, figure, more in FIGURES:
            pairs = np.array(found[kind, figure]).reshape(-1, 2)
            if len(pairs):
                gains = (pairs[:, 1] - pairs[:, 0]) * (1 if more else -1)
                table.add_row(
                    f"{kind}: {figure}", *(f"{value:.3f}" for value in pairs.mean(axis=0)),
                    f"{(pairs[:, 1] - pairs[:, 0]).mean():+.3f}", f"{gains.std():.3f}", str(int((gains > 0).sum())),
                    str(int((gains < 0).sum())),
                )  # fmt: skip
        console.print(table)


if __name__ == "__main__":
    main()
