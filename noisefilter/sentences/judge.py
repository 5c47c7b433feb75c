"""Sentences → the probability of each class: informative, filler, promotion, boilerplate. Two passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.networks import Network, build_network, logit, word_scores
from noisefilter.sentences.context import kind_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noisefilter.sentences.table import SentenceTable

    Matrix = NDArray[np.float64]

#: Dimensions of the sentence vector that the sentence classifier reads; the first ones carry most.
VECTOR_INPUTS = 48
SENTENCE_PASSES = ("sentence_first", "sentence_second")


def sentence_inputs(table: SentenceTable, matrix: Matrix, words: Matrix) -> Matrix:
    """What the sentence classifier reads: measures, word log-odds (own, neighbours', article's), vector."""
    mean = (table.totals(words) / np.maximum(table.sizes, 1)[:, None])[table.article]
    around = [table.neighbour(words, step) for step in (-1, 1)]
    return np.hstack([matrix, words, *around, mean, table.vectors[:, :VECTOR_INPUTS]])


def second_inputs(table: SentenceTable, matrix: Matrix, inputs: Matrix, classes: Matrix) -> Matrix:
    """What the second pass over the sentences reads.

    Args:
        table: the sentences.
        matrix: their features.
        inputs: what the first pass read.
        classes: what it said, rounded.
    """
    return np.hstack([inputs, kind_context(table, matrix, classes, logit(classes))])


def sentence_kinds(table: SentenceTable, matrix: Matrix, arrays: Mapping[str, Matrix]) -> Matrix:
    """The same of sentences whose features are at hand; columns as in `SENTENCE_COLUMNS`."""
    passes = (build_network(arrays, name) for name in SENTENCE_PASSES)
    return judge_kinds(table, matrix, arrays, *passes)


def judge_kinds(
    table: SentenceTable, matrix: Matrix, arrays: Mapping[str, Matrix], first: Network, second: Network
) -> Matrix:
    """Class probabilities of the sentences after two passes: informative, filler, promotion, boilerplate."""
    weights, bias = arrays["sentence_words.weights"], arrays["sentence_words.bias"]
    inputs = sentence_inputs(table, matrix, word_scores(table.tokens, table.first, table.last, weights, bias))
    said = np.round(first.probabilities(inputs), 6)  # alike in any batch
    return second.probabilities(second_inputs(table, matrix, inputs, said))
