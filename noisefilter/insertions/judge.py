"""Sentences → the probability that each holds something foreign, and where in the sentence it is.

A first network judges every sentence. The doubtful ones are judged word by word. A last network judges these sentences
again, from the predictions for their words and their neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.insertions.columns import INSERTION_COLUMNS, insertion_matrix
from noisefilter.insertions.passages import PASSAGE_NAMES, passage_columns
from noisefilter.insertions.words import TOKEN_COLUMNS, token_matrix, token_table, word_log_odds
from noisefilter.networks import LOGIT_LIMIT, build_network, logit
from noisefilter.sentences.context import SENTENCE_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.arrays import Column, Index, Matrix
    from noisefilter.sentences.table import SentenceTable

#: Most words of doubtful sentences that are judged in an article, from its start: a word takes some 3 kB and is
#: compared with all words around it. The longest of 3,284 web pages has 40,000 words, and one sentence in eight is
#: doubtful.
MOST_WORDS = 20_000
#: Share of pages with an insertion that the page's probability assumes (docs/decisions/0007-page-prior.md).
PAGE_PRIOR = 0.2
#: How many of an article's highest sentence log-odds the page's probability is computed from.
HIGHEST = 3
PAGE_NAMES = (*(f"sentence_{place}" for place in range(1, HIGHEST + 1)), "sentences_log")
_EVERY = (*INSERTION_COLUMNS, *(f"log_odds_{name}" for name in SENTENCE_CLASSES[1:]))
#: Network → names of the columns that it reads.
INPUTS = {
    "insertion": _EVERY,
    "passage": TOKEN_COLUMNS,
    "insertion_last": (*_EVERY, *(f"passage_{name}" for name in PASSAGE_NAMES)),
    "page_off_topic": PAGE_NAMES,
}


@dataclass(frozen=True, slots=True)
class ForeignScores:
    """Predictions for sentences from features; `doubtful` are those that were judged word by word."""

    off_topic: Column  # probabilities of being foreign
    words: Column  # log-odds of each entry of `token_index` to be foreign, NaN where its sentence was not judged so
    doubtful: Index
    inputs: Matrix  # what the last network read of the doubtful ones


def score_insertions(table: SentenceTable, kinds: Matrix, arrays: Mapping[str, Matrix]) -> ForeignScores:
    """Score the sentences of some articles; `kinds` are their class probabilities: (sentences, classes)."""
    first, passage, last = (build_network(arrays, name) for name in ("insertion", "passage", "insertion_last"))
    matrix = insertion_inputs(table, kinds)
    doubts = np.round(first.probabilities(matrix)[:, 1], 6)  # the same in any batch
    words = token_table(table, doubtful_rows(table, doubts, float(arrays["insertion_gate"][0])))
    log_odds = logit(doubts)
    weighed = word_log_odds(words, arrays["passage_words.weights"][:, 0], float(arrays["passage_words.bias"][0]))
    word_odds = np.round(logit(passage.probabilities(token_matrix(words, log_odds, weighed))[:, 1]), 4)
    inputs = np.hstack([matrix[words.rows], passage_columns(words, log_odds, word_odds)])
    doubts[words.rows] = last.probabilities(inputs)[:, 1]
    return ForeignScores(doubts, words.spread(word_odds, table), words.rows, inputs)


def doubtful_rows(table: SentenceTable, doubts: Matrix, gate: float) -> Index:
    """The sentences to judge word by word: those with a probability of `gate`, up to `MOST_WORDS` words in each article."""
    rows = np.flatnonzero(doubts >= gate)
    words = np.maximum((table.last - table.first)[rows], 1)
    read = np.cumsum(words)
    article = table.article[rows]
    before = np.append(0, read)[np.searchsorted(article, article)]  # words of earlier articles
    return rows[read - before <= MOST_WORDS]


def insertion_inputs(table: SentenceTable, kinds: Matrix) -> Matrix:
    """Inputs of the first network: the features of each sentence, and the log-odds of its class regardless of topic."""
    return np.hstack([insertion_matrix(table), logit(kinds[:, 1:])])


def page_off_topic_inputs(probabilities: Matrix) -> Matrix:
    """Inputs of a page's off-topic probability, its highest sentence log-odds and its length: (1, PAGE_NAMES)."""
    ranked = np.sort(logit(probabilities))[::-1]
    padded = np.concatenate([ranked, [-LOGIT_LIMIT] * HIGHEST])
    return np.array([[*padded[:HIGHEST], np.log1p(len(probabilities))]])
