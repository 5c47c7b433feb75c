"""Sentences → probabilities: filler, promotion, insertions; article → its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.features.article import article_row
from noisefilter.features.tokens import hashed_rows, shift
from noisefilter.scoring.insertions import InsertionScorer, build_insertion_scorer
from noisefilter.scoring.networks import LOGIT_LIMIT, Network, build_network, in_batch, logit, rounded, word_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.features.insertions import InsertionTable
    from noisefilter.features.sentence_table import SentenceTable

    Matrix = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Rarity, in nats, from which a word counts as topic: met in fewer than one article of 55.
PLAIN_IDF = 4.0
#: Dimensions of the sentence vector that the sentence classifier reads; the first ones carry most.
VECTOR_INPUTS = 48
NETWORKS = ("sentence", "page_off_topic", "article")


def sentence_inputs(table: SentenceTable, matrix: Matrix, words: Matrix) -> Matrix:
    """What the sentence classifier reads: measures, word log-odds (own, neighbours', article's), vector."""
    count = max(1, len(table))
    mean = np.repeat(words.sum(axis=0, keepdims=True) / count, len(table), axis=0)
    around = [np.stack([shift(column, step) for column in words.T], axis=1) for step in (-1, 1)]
    return np.hstack([matrix, words, *around, mean, table.vectors[:, :VECTOR_INPUTS]])


def kind_inputs(table: InsertionTable, arrays: Mapping[str, Matrix]) -> Matrix:
    """What the sentence classifier of some arrays reads of an article."""
    plain = table.sentences
    weights, bias = arrays["sentence_words.weights"], arrays["sentence_words.bias"]
    return sentence_inputs(plain, table.matrix, word_scores(plain.tokens, plain.first, plain.last, weights, bias))


def sentence_classes(table: InsertionTable, arrays: Mapping[str, Matrix]) -> Matrix:
    """Class probabilities of the sentences by the sentence classifier of some arrays: (sentences, classes)."""
    return build_network(arrays, "sentence").probabilities(kind_inputs(table, arrays))


def page_off_topic_inputs(probabilities: Matrix) -> Matrix:
    """What the page's off-topic probability is read from: the highest two log-odds and the length. (1, 3)."""
    ranked = np.sort(logit(probabilities))[::-1]
    padded = np.concatenate([ranked, [-LOGIT_LIMIT, -LOGIT_LIMIT]])
    return np.array([[padded[0], padded[1], np.log1p(len(probabilities))]])


@dataclass(frozen=True, slots=True)
class SentenceScores:
    """Probabilities of the sentences of an article, each (sentences,), given that they are not furniture.

    `words` are log-odds of being foreign of the words of each doubtful sentence, by sentence.
    """

    filler: Matrix
    promotion: Matrix
    off_topic: Matrix
    words: Mapping[int, Matrix]


@dataclass(frozen=True, slots=True, eq=False)
class ArticleScorer:
    """The sentence and article estimators of a model."""

    arrays: Mapping[str, Matrix]
    sentence: Network
    insertions: InsertionScorer
    page_off_topic: Network
    article: Network

    def sentences(self, tables: Sequence[InsertionTable]) -> list[SentenceScores]:
        """Probabilities of the sentences, one record an article."""
        inputs = [kind_inputs(table, self.arrays) for table in tables]
        classes = in_batch(self.sentence, inputs)
        foreign = self.insertions.score(tables, classes)
        return [
            SentenceScores(rounded(by_class[:, 1]), rounded(by_class[:, 2]), rounded(found.off_topic), found.words)
            for by_class, found in zip(classes, foreign, strict=True)
        ]

    def pages(
        self, tables: Sequence[InsertionTable], scores: Sequence[SentenceScores], furniture: Sequence[Matrix]
    ) -> list[tuple[float, float]]:
        """Probabilities that each article is noise, and that something foreign was put into it.

        `furniture` is each sentence's probability of boilerplate: what belongs to the page was not put into the article.
        """
        foreign = [own.off_topic * (1 - out) for own, out in zip(scores, furniture, strict=True)]
        inputs = [
            article_inputs(table, np.stack([own.filler, own.promotion, off_topic], axis=1), self.arrays)
            for table, own, off_topic in zip(tables, scores, foreign, strict=True)
        ]
        noise = in_batch(self.article, inputs)
        off_topic = in_batch(self.page_off_topic, [page_off_topic_inputs(own) for own in foreign])
        return [
            (round(float(one[0, 1]), 4), round(float(other[0, 1]), 4))
            for one, other in zip(noise, off_topic, strict=True)
        ]


def build_article_scorer(arrays: Mapping[str, Matrix]) -> ArticleScorer:
    """The sentence and article estimators that the arrays describe."""
    networks = {name: build_network(arrays, name) for name in NETWORKS}
    return ArticleScorer(arrays, insertions=build_insertion_scorer(arrays), **networks)


def article_inputs(table: InsertionTable, probabilities: Matrix, arrays: Mapping[str, Matrix]) -> Matrix:
    """What the article classifier reads: aggregates, and the log-odds of a linear model over its plain words. (1, n)."""
    rows = plain_word_rows(table.sentences)
    total = arrays["article_words.weights"][rows].sum(axis=0) / np.sqrt(max(1, len(rows)))
    row = article_row(table.sentences, table.matrix, probabilities)
    return np.concatenate([row, np.clip(total + arrays["article_words.bias"], -LOGIT_LIMIT, LOGIT_LIMIT)])[None, :]


def plain_word_rows(table: SentenceTable) -> Index:
    """Hash rows of the words and pairs that say how an article is written, not what it is about.

    Names, numbers and words rarer than `PLAIN_IDF` are left out, so that topic cannot decide.
    """
    tokens, index = table.tokens, table.token_index
    plain = ~(tokens.title | tokens.digit)[index] & ((table.idf < PLAIN_IDF) | tokens.stop[index])
    rows = hashed_rows(tokens)[index]
    both = plain & np.append(False, plain[:-1])
    return np.concatenate([rows[plain, 0], rows[both, 1]])
