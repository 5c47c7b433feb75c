"""First verdicts on the kinds of sentences → columns: what is said of the sentences around, and what the article is like.

Whether a sentence says nothing depends on the company it keeps: filler comes in stretches, and a reader who has met much of
it judges the next sentence by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.networks import logit
from noisefilter.sentences.aggregates import ARTICLE_FEATURES, article_rows

if TYPE_CHECKING:
    from noisefilter.arrays import Matrix
    from noisefilter.sentences.table import SentenceTable

NEAR = (-3, -2, -1, 1, 2, 3)
#: Sentences on each side that make a stretch.
STRETCH = 4
SENTENCE_CLASSES = ("informative", "filler", "promotion", "boilerplate")
#: Names of the columns of `kind_context`.
KIND_CONTEXT = (
    *(
        f"{place}_{name}"
        for place in (
            "log_odds",
            *(f"log_odds_{step:+}" for step in NEAR),
            "paragraph",
            "stretch",
            "mean",
            "spread",
            "quarter",
            "half",
            "three_quarters",
        )
        for name in SENTENCE_CLASSES
    ),
    *(f"article_{name}" for name in ARTICLE_FEATURES),
)


def kind_context(measured: tuple[SentenceTable, Matrix], first: Matrix) -> Matrix:
    """What the second pass over the sentences reads beside their own measures: (sentences, KIND_CONTEXT).

    The first log-odds of the sentence, of six neighbours, of the other sentences of its paragraph, of the stretch around it and
    of its article (mean, spread, quarters), and the measures of the article.

    Args:
        measured: the sentences, and their features, columns as in `SENTENCE_COLUMNS`.
        first: class probabilities by the first pass: (sentences, classes).
    """
    table, matrix = measured
    classes = np.round(first, 6)  # alike in any batch
    log_odds = logit(classes)
    article = table.article
    count = np.maximum(table.sizes, 1)[:, None]
    mean = table.totals(log_odds) / count
    spread = np.sqrt(table.totals((log_odds - mean[article]) ** 2) / count)
    return np.hstack(
        [
            log_odds,
            *(table.neighbour(log_odds, step) for step in NEAR),
            _others_of_paragraph(table, log_odds),
            _stretch(table, log_odds),
            mean[article],
            spread[article],
            *_quarters(table, log_odds),
            article_rows(table, matrix, classes[:, 1:3])[article],
        ]
    )


def _others_of_paragraph(table: SentenceTable, values: Matrix) -> Matrix:
    """Mean of the other sentences of each one's paragraph; its own value if it stands alone."""
    if not len(table):
        return values
    opens = np.append(True, table.block[1:] != table.block[:-1])
    paragraph = np.cumsum(opens) - 1
    size = np.bincount(paragraph)[paragraph][:, None]
    total = np.add.reduceat(values, np.flatnonzero(opens), axis=0)[paragraph]
    return np.where(size > 1, (total - values) / np.maximum(size - 1, 1), values)


def _stretch(table: SentenceTable, values: Matrix) -> Matrix:
    """Mean of the sentences around each one, itself included; beyond the article's ends the last one counts again."""
    first, last = table.edges[table.article], table.edges[table.article + 1] - 1
    place = np.arange(len(table))
    steps = range(-STRETCH, STRETCH + 1)
    return np.sum([values[np.clip(place + step, first, last)] for step in steps], axis=0) / len(steps)


def _quarters(table: SentenceTable, values: Matrix) -> list[Matrix]:
    """Values of each article that a quarter, half and three quarters of its sentences are not above."""
    ranked = np.stack([column[np.lexsort((column, table.article))] for column in values.T], axis=1)
    return [ranked[(table.edges[:-1] + part * table.sizes // 4)[table.article]] for part in (1, 2, 3)]
