"""First-pass predictions for sentences → columns: predictions for the sentences around, and features of the article.

Whether a sentence is filler depends on its context: filler comes in stretches, and a reader who has met much of it
judges the next sentence accordingly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.networks import logit
from noisefilter.sentences.aggregates import ARTICLE_FEATURES, article_rows
from noisefilter.text.tokens import begins, neighbours

if TYPE_CHECKING:
    from noisefilter.arrays import Matrix
    from noisefilter.sentences.table import SentenceTable

NEAR = (-3, -2, -1, 1, 2, 3)
#: Sentences on each side that make a stretch.
STRETCH = 4
SENTENCE_CLASSES = ("informative", "filler", "promotion", "boilerplate")
QUARTILES = ("quarter", "half", "three_quarters")
#: The columns that each class has, by the beginnings of their names.
OF_CLASSES = (
    "log_odds",
    *(f"log_odds_{step:+}" for step in NEAR),
    "paragraph",
    "stretch",
    "mean",
    "spread",
    *QUARTILES,
)
#: Names of the columns of `kind_context`.
KIND_CONTEXT = (
    *(f"{beginning}_{name}" for beginning in OF_CLASSES for name in SENTENCE_CLASSES),
    *(f"article_{name}" for name in ARTICLE_FEATURES),
)


def kind_context(table: SentenceTable, first: Matrix) -> Matrix:
    """Inputs of the second pass besides the sentences' own features: (sentences, KIND_CONTEXT).

    `first` are the first pass's probabilities: (sentences, classes).
    """
    classes = np.round(first, 6)  # the same in any batch
    log_odds, article = logit(classes), table.article
    mean = table.means(log_odds)[article]
    ranked = np.column_stack([column[np.lexsort((column, article))] for column in log_odds.T])  # within each article
    columns = {
        "log_odds": log_odds,
        **{f"log_odds_{step:+}": near for step, near in zip(NEAR, neighbours(log_odds, article, NEAR), strict=True)},
        "paragraph": _paragraph(table, log_odds),
        "stretch": _stretch(table, log_odds),
        "mean": mean,  # thin articles are thin throughout
        "spread": np.sqrt(table.means((log_odds - mean) ** 2))[article],  # stretches of one kind differ from a mixture
        **{
            name: ranked[(table.edges[:-1] + quarters * table.sizes // 4)[article]]
            for quarters, name in enumerate(QUARTILES, 1)
        },
    }
    of_article = article_rows(table, classes[:, 1:3])[article]
    return np.hstack([*(columns[name] for name in OF_CLASSES), of_article])


def _paragraph(table: SentenceTable, values: Matrix) -> Matrix:
    """Mean of the paragraph's other sentences, which tend to be alike; its own value if there are none."""
    opens = begins(table.block)
    number = np.cumsum(opens) - 1
    size = np.bincount(number)[number][:, None]
    total = np.add.reduceat(values, np.flatnonzero(opens), axis=0)[number]
    return np.where(size > 1, (total - values) / np.maximum(size - 1, 1), values)


def _stretch(table: SentenceTable, values: Matrix) -> Matrix:
    """Mean of the sentences around, itself included; at the article's ends the outermost one is repeated."""
    begin, last = table.edges[table.article], table.edges[table.article + 1] - 1
    steps = np.arange(-STRETCH, STRETCH + 1)
    places = np.minimum(np.maximum(np.arange(len(table)) + steps[:, None], begin), last)
    return np.asarray(values[places].sum(axis=0) / len(steps))
