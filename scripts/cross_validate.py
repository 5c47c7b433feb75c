"""Extraction out of fold by site: each fifth of the WCXB sites is judged by block classifiers that never saw them.

    python scripts/cross_validate.py ../shared/corpus

Of the other sites one in eight calibrates and chooses the threshold, the rest is fitted on. Prints the figures beside trafilatura's on
the same pages. With `-o` it writes what `extract` gives for each page into a folder.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import trafilatura
from carry_over_insertions import refitted
from carry_over_judged import outer_fold
from joblib import Parallel, delayed
from measures import extraction_figures, measure_types
from threadpoolctl import threadpool_limits

from noisefilter.api import score_many
from noisefilter.blocks.fit import block_examples, fit_blocks
from noisefilter.fit import FOLDS, fold_of
from noisefilter.html.read import read_blocks
from noisefilter.learn.thresholds import block_thresholds
from noisefilter.model import FAST, load_model
from noisefilter.report.figures import figure_tables, print_tables
from noisefilter.text.alignment import align
from shared_corpus import Corpus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.blocks.fit import BlockExample
    from noisefilter.labels import LabelledPage
    from noisefilter.model import Model
    from noisefilter.types import Score

CALIBRATING = 8


def calibrates(site: str) -> bool:
    """Whether a site, where it is not judged, calibrates and chooses the threshold."""
    return fold_of(f"calibrate:{site}", CALIBRATING) == 0


def judge(
    pages: Sequence[LabelledPage], examples: Sequence[BlockExample], fold: int, model: Model
) -> list[tuple[LabelledPage, Score]]:
    """The pages of a fold, scored by block classifiers that have not seen its sites."""
    with threadpool_limits(1):
        others = [example for example in examples if outer_fold(example.site) != fold]
        fitted = [example for example in others if not calibrates(example.site)]
        tuned = [example for example in others if calibrates(example.site)]
        arrays = fit_blocks(fitted, tuned)
        own = refitted(model, arrays, block_thresholds(tuned, arrays))
        judged = [page for page in pages if outer_fold(page.site) == fold]
        return list(zip(judged, score_many((page.page for page in judged), model=own), strict=True))


def oracle(page: LabelledPage) -> str:
    """The text of the blocks that the gold text holds: what choosing blocks can reach."""
    blocked = read_blocks(page.page).blocked
    if blocked is None:
        return ""
    shares, _ = align(blocked.texts(), page.main_text or "")
    return "\n".join(text for text, share in zip(blocked.texts(), shares, strict=True) if share >= 0.5)


def report(name: str, pages: Sequence[LabelledPage], texts: Sequence[str], corpus: Corpus) -> None:
    """Print figures by page type, and how many snippets of articles are lost and how many survive."""
    print_tables(*figure_tables({name: extraction_figures(pages, texts)}))
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
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    corpus, model = Corpus(options.corpus), load_model(FAST)
    pages = [page for split in ("train", "tune", "val") for page in corpus.wcxb_pages(split)]
    examples = block_examples(pages, model.vectors, options.jobs)
    run = Parallel(n_jobs=options.jobs)
    folds = run(delayed(judge)(pages, examples, fold, model) for fold in range(FOLDS))
    judged = [pair for fold in folds for pair in fold]
    pages = [page for page, _ in judged]
    texts = [score.clean({"boilerplate"}) for _, score in judged]
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
        for page, text in zip(pages, texts, strict=True):
            (options.output / f"{page.id}.txt").write_text(text, encoding="utf8")
    default = run(delayed(trafilatura.extract)(page.page.content) for page in pages)
    report("trafilatura default", pages, [text or "" for text in default], corpus)
    report("noisefilter, out of fold", pages, texts, corpus)
    report("blocks by oracle", pages, run(delayed(oracle)(page) for page in pages), corpus)
    print_tables(*figure_tables({"page types": measure_types(model, judged)[0]}))


if __name__ == "__main__":
    main()
