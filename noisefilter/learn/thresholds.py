"""Held-out examples → thresholds: each the lowest that keeps a promise on sites that were not fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from noisefilter.blocks.judge import build_block_scorer
from noisefilter.kinds import KINDS, SENTENCE_KINDS
from noisefilter.sentences.fit import CLASS_OF, predict_sentences
from noisefilter.types import JUDGED_KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Matrix
    from noisefilter.blocks.fit import BlockExample
    from noisefilter.insertions.fit import HeldOut
    from noisefilter.sentences.fit import SentenceExample

# What thresholds promise on the tuning sites (docs/decisions/0003-thresholds.md); for sentence classes see `SpanKind`.
#: Share of the articles that may be taken for pages of another type.
LOST_ARTICLES = 0.005
#: Share of the untouched tune articles from which something may be cut as off-topic, and of the tune sentences that look
#: foreign and belong; and the lowest threshold.
CUT_WRONGLY, LEAST_FOREIGN = 0.025, 0.5
DEFAULTS: dict[str, float] = {**{name: KINDS[name].threshold for name in JUDGED_KINDS}, "not_article": 0.95}
STEPS = np.round(np.arange(0.2, 0.96, 0.02), 2)


def choose_thresholds(arrays: Mapping[str, Matrix], tuned: Mapping[str, Any]) -> dict[str, float]:
    """Thresholds that can be chosen on the examples, by name."""
    models = dict(arrays)
    chosen: dict[str, float] = {}
    if tuned.get("blocks"):
        chosen |= _blocks(tuned["blocks"], models)
    if tuned.get("sentences"):
        chosen |= _sentences(tuned["sentences"], models)
    if tuned.get("insertions"):
        chosen["off_topic"] = off_topic_threshold(tuned["insertions"])
    return chosen


def _blocks(examples: Sequence[BlockExample], models: Mapping[str, Matrix]) -> dict[str, float]:
    """Thresholds of boilerplate and of page types other than article.

    That of boilerplate gives the best mean word F1 of what is kept, over articles in HTML (all pages, if there are
    none). That of other page types is the probability which the allowed share of the articles exceeds.
    """
    pages = {id(example.table.page): example for example in reversed(examples)}  # originals, not their masked copies
    html = [example for example in pages.values() if example.table.places is not None] or list(examples)
    chosen = [example for example in html if example.page_type == "article"] or html
    scorer = build_block_scorer(models)
    judged = scorer.judge([example.table for example in chosen])
    scores = scorer.scores(scorer.judge_again(judged, [example.vote for example in chosen]))
    probabilities = [score.boilerplate for score in scores]
    best, best_step = -1.0, DEFAULTS["boilerplate"]
    for step in STEPS:
        values = []
        for example, probability in zip(chosen, probabilities, strict=True):
            kept = probability < step
            words = example.table.words
            right = float(words[kept & (example.boilerplate == 0)].sum())
            values.append(2 * right / max(1.0, float(words[kept].sum() + words[example.boilerplate == 0].sum())))
        if np.mean(values) > best + 1e-9:
            best, best_step = float(np.mean(values)), float(step)
    found = {"boilerplate": best_step}
    others = [
        1 - score.article
        for example, score in zip(chosen, scores, strict=True)
        if example.page_type == "article" and score.article is not None
    ]
    if others:
        found["not_article"] = float(np.clip(np.quantile(others, 1 - LOST_ARTICLES), 0.9, 0.99))
    return found


def _sentences(examples: Sequence[SentenceExample], models: dict[str, Matrix]) -> dict[str, float]:
    probabilities = np.concatenate([predict_sentences(example, models) for example in examples])
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


def lowest_with_precision(probabilities: Matrix, truth: NDArray[np.bool_], wanted: float) -> float:
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
    passed = [np.where(page.stand_out, page.probabilities, 0.0) for page in pages]
    untouched = [values.max(initial=0.0) for values, page in zip(passed, pages, strict=True) if not page.foreign.any()]
    honest = np.concatenate([values[page.looks_foreign] for values, page in zip(passed, pages, strict=True)])
    first = max(_first_to_stay(untouched), _first_to_stay(honest))
    return float(np.clip(first + 1e-4, LEAST_FOREIGN, 0.98))


def _first_to_stay(values: Sequence[float] | Matrix) -> float:
    """The highest of the values that must not pass, if `CUT_WRONGLY` of them may; 0 if there are none."""
    return float(np.sort(values)[-1 - int(CUT_WRONGLY * len(values))]) if len(values) else 0.0
