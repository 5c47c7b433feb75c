"""Sentences → probabilities: filler, promotion, insertions; article → its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.article.columns import NOISE_COLUMNS, article_inputs
from noisefilter.insertions.judge import page_off_topic_inputs, score_insertions
from noisefilter.insertions.reading import read_again
from noisefilter.networks import build_network, rounded
from noisefilter.sentences.judge import sentence_kinds
from noisefilter.text.sentences import ASKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.arrays import Column, Flags, Matrix
    from noisefilter.reader.session import Reader
    from noisefilter.sentences.table import SentenceTable

#: Network → names of the columns that it reads: how likely an article is thin, and manufactured. Either makes it noise.
INPUTS = {"article": NOISE_COLUMNS, "article_made": NOISE_COLUMNS}

#: Probability from which being manufactured is a cause of noise: of found articles above it, readers call nine in ten noise
#: (docs/decisions/0052-manufactured-articles.md).
CAUSE = 0.3


@dataclass(frozen=True, slots=True)
class SentenceScores:
    """Probabilities of the sentences of an article, each (sentences,), given that they are not boilerplate.

    `words` are the log-odds that words are foreign, as in `ForeignScores`. `measured` are filler and promotion from
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
    """What scores articles and their sentences: a model's arrays in float64, and its reader if it has one."""

    arrays: Mapping[str, Matrix]
    reader: Reader | None = None

    def sentences(self, table: SentenceTable) -> SentenceScores:
        """Probabilities of the sentences."""
        measured = sentence_kinds(table, self.arrays)
        scores = score_insertions(table, measured, self.arrays)
        classes, foreign, words = measured, scores.off_topic, scores.words
        if self.reader is not None:
            classes, foreign, words = read_again(table, measured, scores, self.arrays, self.reader)
        filler, promotion = rounded(classes[:, 1:3]).T
        filler = with_answers(table, filler)
        return SentenceScores(filler, promotion, rounded(foreign), words, rounded(measured[:, 1:3]))

    def pages(self, table: SentenceTable, scores: SentenceScores, boilerplate: Matrix) -> PageScores:
        """Probabilities that each article is noise, and that something foreign was put into it.

        Each sentence's probability of `boilerplate` lowers that of being an insertion.
        """
        off_topic = scores.off_topic * (1 - boilerplate)
        read = article_inputs(table, scores.measured, self.arrays)
        thin, made, noise = predict_noise(read, self.arrays)
        by_page = np.split(off_topic, table.edges[1:-1])
        inputs = np.concatenate([page_off_topic_inputs(sentences) for sentences in by_page])
        network = build_network(self.arrays, "page_off_topic" if self.reader is None else "reader_page")
        foreign = rounded(network.probabilities(inputs)[:, 1])
        return PageScores(rounded(noise), foreign, read, rounded(made) > np.maximum(rounded(thin), CAUSE))


def with_answers(table: SentenceTable, filler: Matrix) -> Matrix:
    """Probabilities of filler where a question with a block to itself has at most that of the block below it, its answer.

    Of such questions before an informative sentence readers call seven in eight informative.
    """
    edges = np.flatnonzero(np.diff(table.block, prepend=-1))
    least = np.minimum.reduceat(filler, edges) if len(edges) else filler
    asks = np.array([text.endswith(ASKS) for text in table.texts], np.bool_)
    alone = np.diff(np.append(edges, len(filler))) == 1
    last = np.append(table.article[edges][1:] != table.article[edges][:-1], True)
    answered = alone & asks[edges] & ~last & ~np.append(asks[edges][1:], False)
    found = filler.copy()
    rows = np.flatnonzero(answered)
    found[edges[rows]] = np.minimum(filler[edges[rows]], least[rows + 1])
    return found


def predict_noise(read: Matrix, arrays: Mapping[str, Matrix]) -> tuple[Matrix, Matrix, Matrix]:
    """Probabilities that articles are thin, that they are manufactured, and that they are noise: each (articles,)."""
    thin, made = (build_network(arrays, name).probabilities(read)[:, 1] for name in INPUTS)
    return thin, made, either(thin, made)


def either(thin: Matrix, made: Matrix) -> Matrix:
    """Probability of noise of an article that is thin and manufactured with these: each of the two is enough."""
    return np.asarray(1 - (1 - thin) * (1 - made))
