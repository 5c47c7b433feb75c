"""Sentences → the probability of each class: informative, filler, promotion, boilerplate. Two passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.networks import build_cascade, word_scores
from noisefilter.sentences.columns import SENTENCE_COLUMNS
from noisefilter.sentences.context import KIND_CONTEXT, SENTENCE_CLASSES, kind_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noisefilter.arrays import Matrix
    from noisefilter.sentences.table import SentenceTable

#: Leading dimensions of the sentence vector that the sentence classifier reads; they carry most.
VECTOR_INPUTS = 48
#: Columns made of the sentences' word log-odds, by the beginnings of their names.
OF_WORDS: Mapping[str, Callable[[SentenceTable, Matrix], Matrix]] = {
    "words": lambda _, words: words,
    "words_before": lambda table, words: table.neighbour(words, -1),
    "words_next": lambda table, words: table.neighbour(words, 1),
    "words_of_article": lambda table, words: table.means(words)[table.article],
}
_FIRST = (
    *SENTENCE_COLUMNS,
    *(f"{beginning}_{name}" for beginning in OF_WORDS for name in SENTENCE_CLASSES[1:]),
    *(f"vector_{number}" for number in range(VECTOR_INPUTS)),
)
#: Network → names of the columns that it reads.
INPUTS = {"sentence_first": _FIRST, "sentence_second": (*_FIRST, *KIND_CONTEXT)}


def sentence_inputs(table: SentenceTable, words: Matrix) -> Matrix:
    """Inputs of the sentence classifier: features, word log-odds (own, neighbours', article's), vector."""
    return np.hstack(
        [table.matrix, *(measure(table, words) for measure in OF_WORDS.values()), table.vectors[:, :VECTOR_INPUTS]]
    )


def sentence_words(table: SentenceTable, arrays: Mapping[str, Matrix]) -> Matrix:
    """Log-odds of each class but the first by a linear model over the words: (sentences, 3)."""
    weights, bias = arrays["sentence_words.weights"], arrays["sentence_words.bias"]
    return word_scores(table.tokens, table.first, table.last, weights, bias)


def sentence_kinds(table: SentenceTable, arrays: Mapping[str, Matrix]) -> Matrix:
    """Class probabilities of the sentences by the classifier that the arrays describe: (sentences, SENTENCE_CLASSES)."""
    passes = build_cascade(arrays, "sentence", kind_context)
    return passes.probabilities(table, sentence_inputs(table, sentence_words(table, arrays)))
