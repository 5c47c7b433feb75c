"""Held-out examples → thresholds: each the lowest that keeps a promise on sites that were not fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.judge import page_inputs, softmax
from noisefilter.blocks.page_types import build_types
from noisefilter.insertions.cuts import stands_out
from noisefilter.kinds import KINDS, SENTENCE_KINDS
from noisefilter.sentences.fit import CLASS_OF
from noisefilter.sentences.judge import sentence_kinds
from noisefilter.types import PAGE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noisefilter.arrays import Flags, Matrix
    from noisefilter.blocks.fit import BlockExample
    from noisefilter.insertions.fit import HeldOut
    from noisefilter.sentences.fit import SentenceExample

# What thresholds promise on the tuning sites (docs/decisions/0003-thresholds.md); for sentence classes see `SpanKind`.
#: Share of the articles that may be taken for pages of another type, and limits of the threshold: out of fold .006 of WCXB's
#: articles pass the lower one, and .012 pass .9 (docs/decisions/0051-page-types-again.md).
LOST_ARTICLES, LEAST_OTHER, MOST_OTHER = 0.005, 0.95, 0.99
#: Share of the untouched tune articles from which something may be cut as off-topic, and of the tune sentences that look
#: foreign and belong; and the lowest threshold.
CUT_WRONGLY, LEAST_FOREIGN = 0.025, 0.5
DEFAULTS: dict[str, float] = {**{name: kind.threshold for name, kind in KINDS.items()}, "not_article": 0.95}


def block_thresholds(examples: Sequence[BlockExample], models: Mapping[str, Matrix]) -> dict[str, float]:
    """Thresholds of boilerplate, which no examples choose, and of page types other than article.

    The latter is the probability which the allowed share of the articles in HTML exceeds.
    """
    found = {"boilerplate": KINDS["boilerplate"].threshold}
    pages = {id(example.table.page): example for example in reversed(examples)}  # originals, not their masked copies
    articles = [example for example in pages.values() if example.page_type == "article"]
    tables = [example.table for example in articles if example.table.places is not None]
    inputs = page_inputs(tables, models, build_types(models))
    others = [1 - float(softmax(entry.types)[PAGE_TYPES.index("article")]) for entry in inputs]
    if others:
        found["not_article"] = float(np.clip(np.quantile(others, 1 - LOST_ARTICLES), LEAST_OTHER, MOST_OTHER))
    return found


def sentence_thresholds(examples: Sequence[SentenceExample], models: Mapping[str, Matrix]) -> dict[str, float]:
    """Thresholds of the kinds that are sentence classes."""
    probabilities = np.concatenate([sentence_kinds(example.table, models) for example in examples])
    classes = np.concatenate([example.classes for example in examples])
    return kind_thresholds(probabilities, classes)


def kind_thresholds(probabilities: Matrix, classes: Matrix, fewest: int = 1) -> dict[str, float]:
    """Thresholds of the kinds that are sentence classes, for those with at least `fewest` sentences."""
    found = dict[str, float]()
    for name, precision in SENTENCE_KINDS.items():
        column = CLASS_OF[KINDS[name].letter]
        truth = classes[:, column] >= 0.5
        if truth.sum() >= fewest:
            found[name] = lowest_with_precision(probabilities[:, column], truth, precision)
    return found


def lowest_with_precision(probabilities: Matrix, truth: Flags, wanted: float) -> float:
    """The lowest threshold with the wanted precision, 0.99 at most; 0.95 if there is none."""
    order = np.argsort(-probabilities, kind="stable")
    right = np.cumsum(truth[order])
    precision = right / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= wanted)
    if not len(good) or right[good[-1]] < 1:
        return 0.95
    return float(min(0.99, probabilities[order[good[-1]]]))


def off_topic_threshold(pages: Sequence[HeldOut]) -> float:
    """The lowest threshold that keeps its promises on untouched pages and honest sentences, by sentences that may be cut."""
    passed = [np.where(stands_out(page.contrasts, page.probabilities), page.probabilities, 0.0) for page in pages]
    untouched = [values.max(initial=0.0) for values, page in zip(passed, pages, strict=True) if not page.foreign.any()]
    honest = np.concatenate([values[page.looks_foreign] for values, page in zip(passed, pages, strict=True)])
    first = max(_first_to_stay(untouched), _first_to_stay(honest))
    return float(np.clip(first + 1e-4, LEAST_FOREIGN, 0.98))


def _first_to_stay(values: Sequence[float] | Matrix) -> float:
    """The highest of the values that must not pass, if `CUT_WRONGLY` of them may; 0 if there are none."""
    return float(np.sort(values)[-1 - int(CUT_WRONGLY * len(values))]) if len(values) else 0.0
