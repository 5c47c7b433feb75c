"""Log-odds of an article's sentences → how far some of them stand out: an insertion does so even where all of it is odd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Column = NDArray[np.floating[Any]]
    Index = NDArray[np.int64]

STANDING_NAMES = (
    "above_mean", "above_median", "above_upper_quarter", "above_upper_tenth", "above_next", "place", "place_of_run",
    "place_of_highest", "spread", "median", "sentences",
)  # fmt: skip
#: Added to the spread of an article's log-odds, so that a smooth one does not make much of little.
LEAST_SPREAD = 0.3


def standing_columns(rows: Index, article: Index, doubts: Column, others: Sequence[Column]) -> NDArray[np.float64]:
    """How far the chosen sentences stand out of their article: (rows, STANDING_NAMES).

    Args:
        rows: the chosen sentences.
        article: of each sentence.
        doubts: log-odds of all sentences.
        others: further values of the chosen sentences, whose places among them are told.
    """
    if not len(rows):
        return np.zeros((0, len(STANDING_NAMES)))
    sizes = np.bincount(article)
    own, theirs = doubts[rows], article[rows]
    order, place = _ranked(doubts, article)
    opens = np.cumsum(sizes) - sizes
    ranked, count = doubts[order], np.maximum(sizes, 1)
    mean = np.bincount(article, doubts) / count
    spread = np.sqrt(np.bincount(article, (doubts - mean[article]) ** 2) / count)
    median, quarter, tenth = (ranked[opens[theirs] + (sizes[theirs] - 1) // part] for part in (2, 4, 10))
    lower = np.minimum(place[rows] + 1, sizes[theirs] - 1)
    return np.stack([
        (own - mean[theirs]) / (spread[theirs] + LEAST_SPREAD), own - median, own - quarter, own - tenth,
        own - ranked[opens[theirs] + lower], np.log1p(place[rows]),
        *(np.log1p(_ranked(values, theirs)[1]) for values in others), spread[theirs], median, np.log1p(sizes[theirs]),
    ], axis=1)  # fmt: skip


def _ranked(values: Column, article: Index) -> tuple[Index, Index]:
    """The order from high to low, article by article, and the place of each value in its article, 0 for the highest."""
    order = np.lexsort((-values, article))
    sizes = np.bincount(article)
    place = np.empty(len(values), dtype=np.int64)
    place[order] = np.arange(len(values)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order, place
