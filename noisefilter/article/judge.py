"""Sentences → probabilities: filler, promotion, insertions; article → its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.article.columns import NOISE_COLUMNS, article_inputs
from noisefilter.insertions.judge import InsertionScorer, build_insertion_scorer, page_off_topic_inputs
from noisefilter.insertions.reading import ReadingScorer, build_reading_scorer
from noisefilter.networks import Network, build_network, rounded
from noisefilter.sentences.judge import SentenceScorer, build_sentence_scorer
from noisefilter.text.sentences import ASKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.arrays import Column, Flags, Matrix
    from noisefilter.reader.session import Reader
    from noisefilter.sentences.table import SentenceTable

#: Network → names of the columns that it reads.
INPUTS = {"article": NOISE_COLUMNS, "article_made": NOISE_COLUMNS}

#: Probability from which being manufactured is a cause of noise: of found articles above it, readers call nine in ten noise
#: (docs/decisions/0052-manufactured-articles.md).
CAUSE = 0.3


@dataclass(frozen=True, slots=True)
class SentenceScores:
    """Probabilities of the sentences of an article, each (sentences,), given that they are not boilerplate.

    `words` are the log-odds that words are foreign, as in `LastScores`. `measured` are filler and promotion from
    features alone, which `noise` is computed from: (sentences, 2).
    """

    filler: Matrix
    promotion: Matrix
    off_topic: Matrix
    words: Column
    measured: Matrix


@dataclass(frozen=True, slots=True)
class PageScores:
    """Probabilities of whole articles, each (articles,). `read` are the inputs of `noise`: (articles, n).

    `made` says where an article is more likely to be manufactured than thin, and not by a hair.
    """

    noise: Matrix
    off_topic: Matrix
    read: Matrix
    made: Flags


@dataclass(frozen=True, slots=True, eq=False)
class ArticleScorer:
    """The sentence and article estimators of a model; `last` are those for insertions, with the reader if any.

    `article` says how likely an article is thin, `article_made` how likely it is manufactured. Either makes it noise.
    """

    arrays: Mapping[str, Matrix]
    classes: SentenceScorer
    article: Network
    article_made: Network
    last: InsertionScorer | ReadingScorer
    page_off_topic: Network

    def sentences(self, table: SentenceTable) -> SentenceScores:
        """Probabilities of the sentences."""
        measured = self.classes.score(table)
        last = self.last.score(table, measured)
        filler, promotion = rounded(last.classes[:, 1:3]).T
        filler = with_answers(table, filler)
        return SentenceScores(filler, promotion, rounded(last.off_topic), last.words, rounded(measured[:, 1:3]))

    def pages(self, table: SentenceTable, scores: SentenceScores, boilerplate: Matrix) -> PageScores:
        """Probabilities that each article is noise, and that something foreign was put into it.

        Each sentence's probability of `boilerplate` lowers that of being an insertion.
        """
        off_topic = scores.off_topic * (1 - boilerplate)
        read = article_inputs(table, scores.measured, self.arrays)
        thin, made, noise = predict_noise(read, self.article, self.article_made)
        by_page = np.split(off_topic, table.edges[1:-1])
        inputs = np.concatenate([page_off_topic_inputs(sentences) for sentences in by_page])
        foreign = rounded(self.page_off_topic.probabilities(inputs)[:, 1])
        return PageScores(rounded(noise), foreign, read, rounded(made) > np.maximum(rounded(thin), CAUSE))


def with_answers(table: SentenceTable, filler: Matrix) -> Matrix:
    """Probabilities of filler where a question with a block to itself has at most that of the block below it, its answer.

    Of such questions before an informative sentence readers call seven in eight informative.
    """
    edges = np.flatnonzero(np.append(True, table.block[1:] != table.block[:-1]))
    least = np.minimum.reduceat(filler, edges) if len(edges) else filler
    asks = np.array([text.endswith(ASKS) for text in table.texts], np.bool_)
    alone = np.diff(np.append(edges, len(filler))) == 1
    last = np.append(table.article[edges][1:] != table.article[edges][:-1], True)
    answered = alone & asks[edges] & ~last & ~np.append(asks[edges][1:], False)
    found = filler.copy()
    rows = np.flatnonzero(answered)
    found[edges[rows]] = np.minimum(filler[edges[rows]], least[rows + 1])
    return found


def predict_noise(read: Matrix, article: Network, article_made: Network) -> tuple[Matrix, Matrix, Matrix]:
    """Probabilities that articles are thin, that they are manufactured, and that they are noise: each (articles,)."""
    thin, made = (network.probabilities(read)[:, 1] for network in (article, article_made))
    return thin, made, either(thin, made)


def either(thin: Matrix, made: Matrix) -> Matrix:
    """Probability of noise of an article that is thin and manufactured with these: each of the two is enough."""
    return np.asarray(1 - (1 - thin) * (1 - made))


def build_article_scorer(arrays: Mapping[str, Matrix], reader: Reader | None = None) -> ArticleScorer:
    """The sentence and article estimators that the arrays describe, with a reader or without."""
    last = build_insertion_scorer(arrays) if reader is None else build_reading_scorer(arrays, reader)
    page = build_network(arrays, "page_off_topic" if reader is None else "reader_page")
    article, made = build_network(arrays, "article"), build_network(arrays, "article_made")
    return ArticleScorer(arrays, build_sentence_scorer(arrays), article, made, last, page)
