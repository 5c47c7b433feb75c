"""Sentences → probabilities: filler, promotion, insertions; article → its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.insertions.judge import InsertionScorer, build_insertion_scorer, page_off_topic_inputs
from noisefilter.insertions.reading import ReadingScorer, build_reading_scorer
from noisefilter.networks import Network, build_network, rounded
from noisefilter.sentences.aggregates import article_measures
from noisefilter.sentences.judge import SENTENCE_PASSES, judge_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noisefilter.insertions.table import InsertionTable
    from noisefilter.reader.session import Reader
    from noisefilter.sentences.table import SentenceTable

    Matrix = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Rarity, in nats, from which a word counts as topic: met in fewer than one article of 400.
TOPIC_IDF = 6.0
#: What names, numbers and topic words are read as: that one stands there, not which.
NAME, NUMBER, TOPIC = 12, 13, 11
#: Rows that words and pairs of an article are hashed to.
WORD_ROWS = 2**16
NETWORKS = (*SENTENCE_PASSES, "article")


@dataclass(frozen=True, slots=True)
class SentenceScores:
    """Probabilities of the sentences of an article, each (sentences,), given that they are not furniture.

    `words` are log-odds of being foreign of the words of each doubtful sentence, by sentence. `measured` are filler and promotion by
    measures alone, which is what `noise` reads: (sentences, 2).
    """

    filler: Matrix
    promotion: Matrix
    off_topic: Matrix
    words: Mapping[int, Matrix]
    measured: Matrix


@dataclass(frozen=True, slots=True)
class PageScores:
    """What is said of whole articles; each (articles,). `read` is what `noise` was read from: (articles, n)."""

    noise: Matrix
    off_topic: Matrix
    read: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class ArticleScorer:
    """The sentence and article estimators of a model; `last` are those for insertions, and what else reads them."""

    arrays: Mapping[str, Matrix]
    sentence_first: Network
    sentence_second: Network
    article: Network
    last: InsertionScorer | ReadingScorer
    page_off_topic: Network

    def sentences(self, table: InsertionTable) -> SentenceScores:
        """Probabilities of the sentences."""
        passes = self.sentence_first, self.sentence_second
        measured = judge_kinds(table.sentences, table.matrix, self.arrays, *passes)
        said = self.last.score(table, measured)
        return SentenceScores(
            rounded(said.classes[:, 1]), rounded(said.classes[:, 2]), rounded(said.off_topic), said.words,
            rounded(measured[:, 1:3]),
        )  # fmt: skip

    def pages(self, table: InsertionTable, scores: SentenceScores, furniture: Matrix) -> PageScores:
        """Probabilities that each article is noise, and that something foreign was put into it.

        Args:
            table: the articles.
            scores: what was said of their sentences.
            furniture: each sentence's probability of boilerplate: what belongs to the page was not put into the article.
        """
        off_topic = scores.off_topic * (1 - furniture)
        read = article_inputs(table.sentences, table.matrix, scores.measured, self.arrays)
        noise = rounded(self.article.probabilities(read)[:, 1])
        by_page = np.split(off_topic, table.sentences.edges[1:-1])
        inputs = np.concatenate([page_off_topic_inputs(own) for own in by_page])
        foreign = rounded(self.page_off_topic.probabilities(inputs)[:, 1])
        return PageScores(noise, foreign, read)


def build_article_scorer(arrays: Mapping[str, Matrix], reader: Reader | None = None) -> ArticleScorer:
    """The sentence and article estimators that the arrays describe, with a reader or without."""
    networks = {name: build_network(arrays, name) for name in NETWORKS}
    last = build_insertion_scorer(arrays) if reader is None else build_reading_scorer(arrays, reader)
    page = build_network(arrays, "page_off_topic" if reader is None else "reader_page")
    return ArticleScorer(arrays, last=last, page_off_topic=page, **networks)


def article_inputs(table: SentenceTable, matrix: Matrix, probabilities: Matrix, arrays: Mapping[str, Matrix]) -> Matrix:
    """What the article classifier reads: measures, and what a linear model says of its words. (articles, n)."""
    return np.column_stack([article_measures(table, matrix, probabilities), manner_log_odds(table, arrays)])


def manner_log_odds(table: SentenceTable, arrays: Mapping[str, Matrix]) -> Matrix:
    """What the words of each article add to the log-odds of noise: (articles,)."""
    article, rows, weights = manner_words(table)
    idf = arrays["article_words.idf"][rows]
    count = len(table.sizes)
    length = np.sqrt(np.bincount(article, (weights * idf) ** 2, count))
    total = np.bincount(article, weights * idf * arrays["article_words.weights"][rows, 0], count)
    return np.asarray(total / np.maximum(length, 1e-9))


def manner_words(table: SentenceTable) -> tuple[Index, Index, Matrix]:
    """Article, hash row and weight, 1 + log of the count, of the words and pairs that say how it is written.

    Of names, numbers and rare words only the sort is read, so that topic cannot decide.
    """
    tokens, index, owner = table.tokens, table.token_index, table.owner
    inside = np.append(False, owner[1:] == owner[:-1])[: len(owner)]  # a sentence's first word has a capital anyway
    words = tokens.hashes[index].astype(np.int64)
    words[(table.idf >= TOPIC_IDF) & ~tokens.stop[index]] = TOPIC
    words[tokens.title[index] & ~tokens.stop[index] & inside] = NAME
    words[tokens.digit[index]] = NUMBER
    pairs = words[:-1] * 1_000_003 + words[1:] * 7_919
    text = table.article[owner]
    keys = np.concatenate([words * 7_919, pairs[inside[1:]]]) * 0x9E3779B1 >> 7
    rows = np.concatenate([text, text[1:][inside[1:]]]) * WORD_ROWS + keys % WORD_ROWS
    found, counts = np.unique(rows, return_counts=True)
    return found // WORD_ROWS, found % WORD_ROWS, 1 + np.log(counts)
