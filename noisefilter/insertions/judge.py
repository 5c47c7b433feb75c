"""Sentences → probability that each holds something foreign, and where in it that stands.

A first network looks at every sentence. What it doubts is looked at word by word. A last network judges the sentence again, by
what its words and its neighbours said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.insertions.columns import INSERTION_COLUMNS, insertion_matrix
from noisefilter.insertions.passages import (
    PASSAGE_NAMES,
    TOKEN_COLUMNS,
    passage_columns,
    token_matrix,
    token_table,
    word_log_odds,
)
from noisefilter.networks import LOGIT_LIMIT, Network, build_network, logit
from noisefilter.sentences.context import SENTENCE_CLASSES
from noisefilter.sentences.judge import sentence_kinds
from noisefilter.text.tokens import sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.arrays import Column, Index, Matrix
    from noisefilter.insertions.table import InsertionTable
    from noisefilter.sentences.table import SentenceTable

#: Doubtful words of an article that are read, in its order: a word takes some 3 kB and is compared with all words around it. The
#: longest of 3,284 pages from the web has 40,000 words, and one sentence in eight is doubtful.
MOST_WORDS = 20_000
STAGES = ("insertion", "passage", "insertion_last")
#: Share of pages that have an insertion, as the page's probability assumes (docs/decisions/0007-page-prior.md).
PAGE_PRIOR = 0.2
#: Sentences whose log-odds say whether something was put into an article: the highest.
HIGHEST = 3
#: How foreign the sentences of an article look that nobody touched, in mean log-odds, at most: what goes beyond is the article's manner. A
#: surely foreign sentence counts no more than a doubtful one (`DOUBTFUL`), and so many usual ones are added (`ADDED`), since few
#: sentences say little (docs/decisions/0043-articles-foreign-throughout.md).
USUAL, DOUBTFUL, ADDED = -6.0, -2.0, 3
PAGE_NAMES = (*(f"sentence_{place}" for place in range(1, HIGHEST + 1)), "sentences_log")
_FIRST = (*INSERTION_COLUMNS, *(f"log_odds_{name}" for name in SENTENCE_CLASSES[1:]))
#: Network → names of the columns that it reads.
INPUTS = {
    "insertion": _FIRST,
    "passage": TOKEN_COLUMNS,
    "insertion_last": (*_FIRST, *(f"passage_{name}" for name in PASSAGE_NAMES)),
    "page_off_topic": PAGE_NAMES,
}


@dataclass(frozen=True, slots=True)
class LastScores:
    """The last word on sentences: class probabilities, probability to be foreign, log-odds of the words of doubtful ones, by sentence."""

    classes: Matrix
    off_topic: Matrix
    words: Mapping[int, Matrix]


@dataclass(frozen=True, slots=True, eq=False)
class InsertionScorer:
    """The estimators for insertions. `gate` is the probability from which a sentence is doubtful."""

    insertion: Network
    passage: Network
    insertion_last: Network
    words: Matrix  # (HASH_ROWS,)
    bias: float
    gate: float

    def score(self, table: InsertionTable, kinds: Matrix) -> LastScores:
        """What is said of the sentences.

        Args:
            table: the articles.
            kinds: probabilities of the sentences by the sentence classifier, all classes.
        """
        matrix = insertion_inputs(table, kinds)
        doubts = np.round(self.insertion.probabilities(matrix)[:, 1], 6)  # alike in any batch
        words = token_table(table.sentences, doubtful_rows(table.sentences, doubts, self.gate))
        log_odds = logit(doubts)
        weighed = word_log_odds(words, self.words, self.bias)
        word_odds = np.round(logit(self.passage.probabilities(token_matrix(words, log_odds, weighed))[:, 1]), 4)
        inputs = np.hstack([matrix[words.rows], passage_columns(words, log_odds, word_odds)])
        doubts[words.rows] = self.insertion_last.probabilities(inputs)[:, 1]
        parts = np.split(word_odds, words.edges[1:-1]) if len(words.rows) else []
        return LastScores(kinds, doubts, dict(zip(words.rows.tolist(), parts, strict=True)))


def against_article(probabilities: Column, edges: Index) -> Column:
    """Probabilities that sentences are foreign to their article, lowered where its other sentences look foreign as well.

    An article full of new facts and invented names looks foreign throughout; what was put into it stands out all the same.

    Args:
        probabilities: of each sentence by itself, (sentences,).
        edges: first sentence of each article, and the end of the last, (articles + 1,).
    """
    log_odds = logit(probabilities)
    level = np.minimum(log_odds, DOUBTFUL)
    sizes = np.diff(edges)
    count, total = (np.repeat(values, sizes) for values in (sizes, sums(level, edges[:-1], edges[1:])))
    others = (total - level + ADDED * USUAL) / (count - 1 + ADDED)
    beyond = others - USUAL
    return np.where(beyond > 0, 1 / (1 + np.exp(beyond - log_odds)), probabilities)


def doubtful_rows(table: SentenceTable, doubts: Matrix, gate: float) -> Index:
    """The sentences that are read word by word: the doubtful ones, of each article as many as hold `MOST_WORDS`."""
    rows = np.flatnonzero(doubts >= gate)
    words = np.maximum((table.last - table.first)[rows], 1)
    read = np.cumsum(words)
    article = table.article[rows]
    before = np.append(0, read)[np.searchsorted(article, article)]  # words of earlier articles
    return rows[read - before <= MOST_WORDS]


def insertion_inputs(table: InsertionTable, kinds: Matrix) -> Matrix:
    """What the first network reads: measures of the sentences, and what kind of sentence each is without regard to topic."""
    return np.hstack([insertion_matrix(table), logit(kinds[:, 1:])])


def build_insertion_scorer(arrays: Mapping[str, Matrix]) -> InsertionScorer:
    """The estimators that the arrays describe."""
    networks = {name: build_network(arrays, name) for name in STAGES}
    return InsertionScorer(
        **networks,
        words=arrays["passage_words.weights"][:, 0],
        bias=float(arrays["passage_words.bias"][0]),
        gate=float(arrays["insertion_gate"][0]),
    )


def sentence_classes(table: InsertionTable, arrays: Mapping[str, Matrix]) -> Matrix:
    """Class probabilities of the sentences by the sentence classifier of some arrays: (sentences, classes)."""
    return sentence_kinds(table.sentences, table.matrix, arrays)


def page_off_topic_inputs(probabilities: Matrix) -> Matrix:
    """The highest log-odds of a page's sentences and its length, which its off-topic probability is read from: (1, PAGE_NAMES)."""
    ranked = np.sort(logit(probabilities))[::-1]
    padded = np.concatenate([ranked, [-LOGIT_LIMIT] * HIGHEST])
    return np.array([[*padded[:HIGHEST], np.log1p(len(probabilities))]])
