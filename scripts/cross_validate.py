"""Extraction out of fold by site: each fifth of the WCXB sites is judged by block classifiers that never saw them.

    python scripts/cross_validate.py ../shared/corpus -o /tmp/folds

Of the other sites one in eight calibrates and chooses the threshold, the rest is fitted on. Writes `<id>.txt` (what
`extract` gives) and `<id>.json` (page type) for each page, and prints the figures beside trafilatura's on the same pages.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import trafilatura
from carry_over_judged import outer_fold
from joblib import Parallel, delayed
from measures import extraction_figures, print_measures
from threadpoolctl import threadpool_limits

from noisefilter.blocks.fit import block_examples, fit_blocks
from noisefilter.blocks.judge import build_block_scorer
from noisefilter.blocks.table import block_table
from noisefilter.decide import boilerplate_spans
from noisefilter.fit import FOLDS, fold_of
from noisefilter.html.read import read_blocks
from noisefilter.learn.thresholds import block_thresholds
from noisefilter.model import VECTORS, models_folder
from noisefilter.pipeline import score_blocks
from noisefilter.text.alignment import align
from noisefilter.text.tokens import tokenize
from noisefilter.text.vectors import load_vectors
from noisefilter.types import PAGE_TYPES, cut
from shared_corpus import Corpus

if TYPE_CHECKING:
    from noisefilter.blocks.fit import BlockExample
    from noisefilter.blocks.judge import BlockScorer
    from noisefilter.labels import LabelledPage
    from noisefilter.text.vectors import VectorTable

CALIBRATING = 8


def calibrates(site: str) -> bool:
    """Whether a site, where it is not judged, calibrates and chooses the threshold."""
    return fold_of(f"calibrate:{site}", CALIBRATING) == 0


def judge(
    pages: list[LabelledPage], examples: list[BlockExample], fold: int, vectors: VectorTable
) -> dict[str, tuple[str, str | None]]:
    """Extracted text and page type of the pages of a fold, by classifiers that have not seen its sites."""
    with threadpool_limits(1):
        others = [example for example in examples if outer_fold(example.site) != fold]
        fitted = [example for example in others if not calibrates(example.site)]
        tuned = [example for example in others if calibrates(example.site)]
        arrays = fit_blocks(fitted, tuned)
        thresholds = block_thresholds(tuned, arrays)
        scorer = build_block_scorer(arrays)
        return {page.id: extract(page, scorer, thresholds, vectors) for page in pages if outer_fold(page.site) == fold}


def extract(
    page: LabelledPage, scorer: BlockScorer, thresholds: dict[str, float], vectors: VectorTable
) -> tuple[str, str | None]:
    """What `noisefilter.extract` gives with these classifiers, and the page type."""
    read = read_blocks(page.page)
    blocked = read.blocked
    if blocked is None or not blocked.blocks:
        return "", None
    table = block_table(blocked, tokenize(blocked.text, vectors), vectors)
    scores = score_blocks(scorer, [table], [read.page])[0]
    kind = None if scores.page_type is None else PAGE_TYPES[int(np.argmax(scores.page_type))]
    return cut(blocked.text, boilerplate_spans(table, scores.boilerplate, thresholds)), kind


def oracle(page: LabelledPage) -> str:
    """The text of the blocks that the gold text holds: what choosing blocks can reach."""
    blocked = read_blocks(page.page).blocked
    if blocked is None:
        return ""
    shares, _ = align(blocked.texts(), page.main_text or "")
    return "\n".join(text for text, share in zip(blocked.texts(), shares, strict=True) if share >= 0.5)


def report(name: str, pages: list[LabelledPage], texts: list[str], corpus: Corpus) -> None:
    """Print figures by page type, and how many snippets of articles are lost and how many survive."""
    print_measures({name: extraction_figures(pages, texts)})
    lost = wanted = left = unwanted = 0
    for page, text in zip(pages, texts, strict=True):
        if page.page_type == "article":
            found = " ".join(text.split())
            good, bad = ([" ".join(snippet.split()) for snippet in part] for part in corpus.wcxb_snippets(page.id))
            lost += sum(snippet not in found for snippet in good)
            left += sum(snippet in found for snippet in bad)
            wanted, unwanted = wanted + len(good), unwanted + len(bad)
    print(
        f"articles: {lost} of {wanted} `with` strings lost, {left} of {unwanted} `without` strings left\n", flush=True
    )


def main() -> None:
    """Fit and judge fold by fold, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    corpus = Corpus(options.corpus)
    pages = [page for split in ("train", "tune", "val") for page in corpus.wcxb_pages(split)]
    vectors = load_vectors(models_folder() / VECTORS)
    examples = block_examples(pages, vectors, options.jobs)
    judged: dict[str, tuple[str, str | None]] = {}
    for found in Parallel(n_jobs=options.jobs, return_as="generator")(
        delayed(judge)(pages, examples, fold, vectors) for fold in range(FOLDS)
    ):
        judged |= found
        print(f"{len(judged)} of {len(pages)} pages judged", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    for page in pages:
        text, kind = judged[page.id]
        (options.output / f"{page.id}.txt").write_text(text, encoding="utf8")
        (options.output / f"{page.id}.json").write_text(json.dumps({"page_type": kind, "truth": page.page_type}) + "\n")
    default = Parallel(n_jobs=options.jobs)(delayed(trafilatura.extract)(page.page.content) for page in pages)
    report("trafilatura default", pages, [text or "" for text in default], corpus)
    report("noisefilter, out of fold", pages, [judged[page.id][0] for page in pages], corpus)
    best = Parallel(n_jobs=options.jobs)(delayed(oracle)(page) for page in pages)
    report("blocks by oracle", pages, best, corpus)
    known = [(page.page_type, judged[page.id][1]) for page in pages if judged[page.id][1]]
    print(f"page type right: {np.mean([truth == kind for truth, kind in known]):.3f} of {len(known)}")


if __name__ == "__main__":
    main()
