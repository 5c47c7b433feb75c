"""Sentences → probability that each holds something foreign, and where in it that stands.

A first network looks at every sentence. What it doubts is looked at word by word, twice: the second pass sees what the first
said of the words around. A last network judges the sentence again, by what its words and its neighbours said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.features.insertions import insertion_matrix
from noisefilter.features.passages import passage_columns, token_context, token_matrix, token_table, word_log_odds
from noisefilter.scoring.networks import Network, build_network, in_batch, logit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.features.insertions import InsertionTable
    from noisefilter.features.passages import TokenTable

    Matrix = NDArray[np.float64]
    Index = NDArray[np.int64]

STAGES = ("insertion", "passage_first", "passage_second", "insertion_last")


@dataclass(frozen=True, slots=True)
class InsertionScores:
    """Probabilities of an article's sentences, and log-odds of the words of the doubtful ones, by sentence."""

    off_topic: Matrix
    words: Mapping[int, Matrix]


@dataclass(frozen=True, slots=True, eq=False)
class InsertionScorer:
    """The estimators for insertions. `gate` is the probability from which a sentence is doubtful."""

    insertion: Network
    passage_first: Network
    passage_second: Network
    insertion_last: Network
    words: Matrix  # (HASH_ROWS,)
    bias: float
    gate: float

    def score(self, tables: Sequence[InsertionTable], kinds: Sequence[Matrix]) -> list[InsertionScores]:
        """One record an article.

        Args:
            tables: the articles.
            kinds: probabilities of each article's sentences by the sentence classifier, all classes.
        """
        matrices = [insertion_inputs(table, by_class) for table, by_class in zip(tables, kinds, strict=True)]
        doubts = [np.round(values[:, 1], 6) for values in in_batch(self.insertion, matrices)]  # alike in any batch
        rows = [np.flatnonzero(values >= self.gate) for values in doubts]
        words = [token_table(table.sentences, own, table.vectors) for table, own in zip(tables, rows, strict=True)]
        log_odds = [logit(values) for values in doubts]
        first, second = self._words(words, log_odds)
        inputs = [
            np.hstack([matrix[own.rows], passage_columns(own, table.sentences.block, *odds)])
            for matrix, own, table, *odds in zip(matrices, words, tables, log_odds, first, second, strict=True)
        ]
        scores = []
        for values, own, odds, last in zip(doubts, words, second, in_batch(self.insertion_last, inputs), strict=True):
            probabilities = values.copy()
            probabilities[own.rows] = last[:, 1]
            parts = np.split(odds, own.edges[1:-1]) if len(own.rows) else []
            scores.append(InsertionScores(probabilities, dict(zip(own.rows.tolist(), parts, strict=True))))
        return scores

    def _words(self, words: Sequence[TokenTable], log_odds: Sequence[Matrix]) -> tuple[list[Matrix], list[Matrix]]:
        """Log-odds of the words by the first and by the second pass."""
        inputs = [
            token_matrix(own, values, word_log_odds(own, self.words, self.bias))
            for own, values in zip(words, log_odds, strict=True)
        ]
        first = [logit(values[:, 1]) for values in in_batch(self.passage_first, inputs)]
        inputs = [token_context(own, values) for own, values in zip(words, first, strict=True)]
        return first, [np.round(logit(values[:, 1]), 4) for values in in_batch(self.passage_second, inputs)]


def insertion_inputs(table: InsertionTable, kinds: Matrix) -> Matrix:
    """What the first network reads: measures of the sentences, and what kind of sentence each is without regard to topic."""
    return np.hstack([insertion_matrix(table), logit(kinds[:, 1:])])


def build_insertion_scorer(arrays: Mapping[str, Matrix]) -> InsertionScorer:
    """The estimators that the arrays describe."""
    networks = {name: build_network(arrays, name) for name in STAGES}
    return InsertionScorer(
        **networks, words=arrays["passage_words.weights"][:, 0], bias=float(arrays["passage_words.bias"][0]),
        gate=float(arrays["insertion_gate"][0]),
    )  # fmt: skip
