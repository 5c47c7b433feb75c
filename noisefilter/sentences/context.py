"""First-pass predictions for sentences → columns: predictions for the sentences around, and features of the article.

Whether a sentence is filler depends on its context: filler comes in stretches, and a reader who has met much of it
judges the next sentence accordingly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.networks import logit
from noisefilter.sentences.aggregates import ARTICLE_FEATURES, article_rows
from noisefilter.text.tokens import begins, neighbours
from noisefilter.threads import cached_property

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noisefilter.arrays import Matrix
    from noisefilter.sentences.table import SentenceTable

NEAR = (-3, -2, -1, 1, 2, 3)
#: Sentences on each side that make a stretch.
STRETCH = 4
SENTENCE_CLASSES = ("informative", "filler", "promotion", "boilerplate")


@dataclass(frozen=True, eq=False)
class FirstKinds:
    """Sentences and the log-odds of their classes by the first pass: (sentences, classes)."""

    table: SentenceTable
    log_odds: Matrix

    @cached_property
    def near(self) -> Mapping[int, Matrix]:
        """Those of the sentences `NEAR`, by how many further on: (sentences, classes) each."""
        return dict(zip(NEAR, neighbours(self.log_odds, self.table.article, NEAR), strict=True))

    @cached_property
    def mean(self) -> Matrix:
        """Mean of the article: thin ones are thin throughout."""
        return self.table.article_means(self.log_odds)

    @cached_property
    def ranked(self) -> Matrix:
        """The values of each article, sorted for each class by itself."""
        return np.column_stack([column[np.lexsort((column, self.table.article))] for column in self.log_odds.T])


def _log_odds_of(step: int, first: FirstKinds) -> Matrix:
    return first.near[step]


def paragraph(first: FirstKinds) -> Matrix:
    """Mean of the paragraph's other sentences, which tend to be alike; its own value if there are none."""
    values, opens = first.log_odds, begins(first.table.block)
    number = np.cumsum(opens) - 1
    size = np.bincount(number)[number][:, None]
    total = np.add.reduceat(values, np.flatnonzero(opens), axis=0)[number]
    return np.where(size > 1, (total - values) / np.maximum(size - 1, 1), values)


def stretch(first: FirstKinds) -> Matrix:
    """Mean of the sentences around, itself included; at the article's ends the outermost one is repeated."""
    table = first.table
    begin, last = table.edges[table.article], table.edges[table.article + 1] - 1
    steps = np.arange(-STRETCH, STRETCH + 1)
    places = np.minimum(np.maximum(np.arange(len(table)) + steps[:, None], begin), last)
    return np.asarray(first.log_odds[places].sum(axis=0) / len(steps))


def spread(first: FirstKinds) -> Matrix:
    """Standard deviation in the article: stretches of one kind among others differ from a mixture."""
    return np.sqrt(first.table.article_means((first.log_odds - first.mean) ** 2))


def _above(quarters: int, first: FirstKinds) -> Matrix:
    """First, second or third quartile of the article's sentences."""
    table = first.table
    return first.ranked[(table.edges[:-1] + quarters * table.sizes // 4)[table.article]]


#: The columns that each class has, by the beginnings of their names.
OF_CLASSES: Mapping[str, Callable[[FirstKinds], Matrix]] = {
    "log_odds": attrgetter("log_odds"),
    **{f"log_odds_{step:+}": partial(_log_odds_of, step) for step in NEAR},
    "paragraph": paragraph,
    "stretch": stretch,
    "mean": attrgetter("mean"),
    "spread": spread,
    "quarter": partial(_above, 1),
    "half": partial(_above, 2),
    "three_quarters": partial(_above, 3),
}
#: Names of the columns of `kind_context`.
KIND_CONTEXT = (
    *(f"{beginning}_{name}" for beginning in OF_CLASSES for name in SENTENCE_CLASSES),
    *(f"article_{name}" for name in ARTICLE_FEATURES),
)


def kind_context(measured: tuple[SentenceTable, Matrix], first: Matrix) -> Matrix:
    """Inputs of the second pass besides the sentences' own features: (sentences, KIND_CONTEXT).

    `measured` are the sentences and these features, `first` the first pass's probabilities: (sentences, classes).
    """
    table, matrix = measured
    classes = np.round(first, 6)  # the same in any batch
    known = FirstKinds(table, logit(classes))
    of_article = article_rows(table, matrix, classes[:, 1:3])[table.article]
    return np.hstack([*(measure(known) for measure in OF_CLASSES.values()), of_article])
