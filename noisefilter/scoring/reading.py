"""What the reader says of sentences, and the last networks, which read it beside the measures: classes, and what was put in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.features.insertions import insertion_matrix
from noisefilter.features.tokens import sums
from noisefilter.reader.session import CLASSES, COLUMNS
from noisefilter.scoring.insertions import LastScores
from noisefilter.scoring.networks import Network, build_network, logit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noisefilter.features.insertions import InsertionTable
    from noisefilter.features.sentence_table import SentenceTable
    from noisefilter.reader.session import Reader

    Matrix = NDArray[np.float64]

#: Log-odds beyond this say nothing more, and what a sentence has that the article has none beside it.
LIMIT, NOTHING = 12.0, -8.0
#: The sentences of an article that are most likely foreign: their mean says what a foreign one looks like there.
HIGHEST = 5
FILLER = 1 + CLASSES.index("filler")
READ_NAMES = (
    "read_foreign", *(f"read_{name}" for name in CLASSES), "read_word_highest", "read_word_mean", "read_foreign_words",
    "read_before", "read_after", "read_article_highest", "read_article_mean",
)  # fmt: skip
CLASS_NAMES = (
    *(f"class_{name}" for name in ("informative", "filler", "promotion", "boilerplate")),
    *(f"read_{name}" for name in CLASSES), "read_filler_before", "read_filler_after", "read_filler_article",
)  # fmt: skip
LAST_NETWORKS = ("reader_classes", "reader_foreign")


@dataclass(frozen=True, slots=True)
class Readings:
    """What the reader says: log-odds of each sentence to be foreign and log-probabilities of its classes, and of words to be foreign.

    `sentences` is (sentences, 1 + classes); `words` is (entries of `token_index`,).
    """

    sentences: Matrix
    words: Matrix


def read_articles(table: SentenceTable, reader: Reader) -> Readings:
    """What the reader says of the sentences of some articles."""
    sentences = np.zeros((len(table), COLUMNS))
    words = np.full(len(table.token_index), NOTHING)
    entry_edges = np.searchsorted(table.owner, table.edges)
    for number, page in enumerate(table.pages):
        low, high = table.edges[number : number + 2]
        base = int(table.base[number])
        start, end = table.start[low:high] - base, table.end[low:high] - base
        said = reader.read(page.text, page.title, list(zip(start.tolist(), end.tolist(), strict=True)))
        sentences[low:high] = said.sentences
        first, last = entry_edges[number : number + 2]
        token = table.token_index[first:last]
        opens = np.searchsorted(said.word_end, table.tokens.start[token] - base, side="right")
        closes = np.searchsorted(said.word_start, table.tokens.end[token] - base)
        total = sums(np.clip(said.words, -LIMIT, LIMIT).astype(np.float64), opens, np.maximum(opens, closes))
        words[first:last] = np.where(closes > opens, total / np.maximum(closes - opens, 1), NOTHING)
    sentences = np.clip(
        np.where(np.isfinite(sentences), sentences, NOTHING), -LIMIT, LIMIT
    )  # a sentence may have no word
    classes = sentences[:, 1:]
    highest = classes.max(axis=1, keepdims=True, initial=-LIMIT)
    sentences[:, 1:] = classes - highest - np.log(np.exp(classes - highest).sum(axis=1, keepdims=True))
    return Readings(np.round(sentences, 3), np.round(words, 3))


def reading_columns(table: SentenceTable, readings: Readings) -> Matrix:
    """What the last network of the insertions reads of the reader: (sentences, READ_NAMES)."""
    foreign = readings.sentences[:, 0]
    count = np.bincount(table.owner, minlength=len(table))
    offsets = np.searchsorted(table.owner, np.arange(len(table)))
    filled = np.flatnonzero(count)
    highest = np.full(len(table), NOTHING)
    highest[filled] = np.maximum.reduceat(readings.words, offsets[filled]) if len(filled) else 0.0
    inside = np.bincount(table.owner, readings.words > 0, minlength=len(table))
    most = np.array(
        [np.sort(foreign[low:high])[-HIGHEST:].mean() if high > low else NOTHING for low, high in _edges(table)]
    )
    return np.column_stack(
        [
            readings.sentences, highest, table.mean(readings.words), np.log1p(inside),
            table.neighbour(foreign, -1, NOTHING), table.neighbour(foreign, 1, NOTHING),
            most[table.article], table.means(foreign)[table.article],
        ]
    )  # fmt: skip


def class_columns(table: SentenceTable, classes: Matrix, readings: Readings) -> Matrix:
    """What the last network of the sentences reads: (sentences, CLASS_NAMES)."""
    filler = readings.sentences[:, FILLER]
    around = [table.neighbour(filler, step, NOTHING) for step in (-1, 1)]
    return np.column_stack([logit(classes), readings.sentences[:, 1:], *around, table.means(filler)[table.article]])


def foreign_columns(table: InsertionTable, classes: Matrix, readings: Readings) -> Matrix:
    """What the last network of the insertions reads: measures, classes without regard to topic, what the reader says."""
    return np.hstack([insertion_matrix(table), logit(classes[:, 1:]), reading_columns(table.sentences, readings)])


@dataclass(frozen=True, slots=True, eq=False)
class ReadingScorer:
    """The reader and the networks that have the last word."""

    reader: Reader
    classes: Network
    foreign: Network

    def score(self, table: InsertionTable, classes: Matrix) -> LastScores:
        """What is said of the sentences.

        Args:
            table: the articles.
            classes: probabilities of the sentences' classes by the networks that read measures alone.
        """
        sentences = table.sentences
        readings = read_articles(sentences, self.reader)
        foreign = self.foreign.probabilities(foreign_columns(table, classes, readings))[:, 1]
        last = self.classes.probabilities(class_columns(sentences, classes, readings))
        words = np.split(readings.words, np.searchsorted(sentences.owner, np.arange(1, len(sentences))))
        return LastScores(last, foreign, dict(enumerate(words)))


def build_reading_scorer(arrays: Mapping[str, Matrix], reader: Reader) -> ReadingScorer:
    """The networks that the arrays describe."""
    return ReadingScorer(reader, *(build_network(arrays, name) for name in LAST_NETWORKS))


def _edges(table: SentenceTable) -> list[tuple[int, int]]:
    return list(zip(table.edges[:-1].tolist(), table.edges[1:].tolist(), strict=True))
