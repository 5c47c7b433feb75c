"""What the reader says of sentences, and the last networks, which read it beside the measures: classes, and what was put in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.insertions.judge import PAGE_NAMES, InsertionScorer, LastScores, build_insertion_scorer
from noisefilter.networks import Network, build_network, logit
from noisefilter.reader.session import CLASSES, COLUMNS
from noisefilter.sentences.context import SENTENCE_CLASSES
from noisefilter.text.tokens import sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noisefilter.arrays import Matrix
    from noisefilter.insertions.table import InsertionTable
    from noisefilter.reader.session import Reader
    from noisefilter.sentences.table import SentenceTable

#: Log-odds beyond this say nothing more, and those of a word that the reader has not read.
LIMIT, NOTHING = 12.0, -8.0
#: A sentence that may be foreign with this probability is half as urgent as one that surely is.
MAYBE_FOREIGN = 0.02
FOREIGN_NAMES = ("measured_foreign", "read_foreign")
CLASS_NAMES = (
    *(f"class_{name}" for name in SENTENCE_CLASSES),
    *(f"read_{name}" for name in CLASSES),
)
LAST_NETWORKS = ("reader_classes", "reader_foreign")
#: Network → names of the columns that it reads.
INPUTS = {"reader_classes": CLASS_NAMES, "reader_foreign": FOREIGN_NAMES, "reader_page": PAGE_NAMES}


@dataclass(frozen=True, slots=True)
class Readings:
    """What the reader says: log-odds of each sentence to be foreign and log-probabilities of its classes, and of words to be foreign.

    `sentences` is (sentences, 1 + classes); `words` is (entries of `token_index`,). `known` are the sentences that it has read:
    (sentences,).
    """

    sentences: Matrix
    words: Matrix
    known: NDArray[np.bool_]


def read_articles(table: SentenceTable, reader: Reader, urgency: Matrix | None = None) -> Readings:
    """What the reader says of the sentences of some articles; of long ones it reads the most urgent parts, without `urgency` all."""
    sentences = np.zeros((len(table), COLUMNS))
    words = np.full(len(table.token_index), NOTHING)
    entry_edges = table.entry_edges[table.edges]
    for number, page in enumerate(table.pages):
        low, high = table.edges[number : number + 2]
        base = int(table.base[number])
        start, end = table.start[low:high] - base, table.end[low:high] - base
        ranges = list(zip(start.tolist(), end.tolist(), strict=True))
        reading = reader.read(page.text, page.title, ranges, None if urgency is None else urgency[low:high])
        sentences[low:high] = reading.sentences
        first, last = entry_edges[number : number + 2]
        token = table.token_index[first:last]
        opens = np.searchsorted(reading.word_end, table.tokens.start[token] - base, side="right")
        closes = np.searchsorted(reading.word_start, table.tokens.end[token] - base)
        total = sums(np.clip(reading.words, -LIMIT, LIMIT).astype(np.float64), opens, np.maximum(opens, closes))
        words[first:last] = np.where(closes > opens, total / np.maximum(closes - opens, 1), NOTHING)
    known = np.isfinite(sentences[:, 0])
    sentences = np.clip(sentences, -LIMIT, LIMIT)
    classes = sentences[:, 1:]
    highest = classes.max(axis=1, keepdims=True, initial=-LIMIT)
    sentences[:, 1:] = classes - highest - np.log(np.exp(classes - highest).sum(axis=1, keepdims=True))
    return Readings(np.round(sentences, 3), np.round(words, 3), known)


def urgency_of(classes: Matrix, foreign: Matrix) -> Matrix:
    """How much it matters that the reader reads each sentence, by what measures alone say: (sentences, 2).

    Args:
        classes: probabilities of the classes; one that is not sure matters.
        foreign: probabilities of being foreign; one that may be matters most.
    """
    return np.column_stack([1 - classes.max(axis=1, initial=0.0), foreign / (foreign + MAYBE_FOREIGN)])


def class_columns(classes: Matrix, readings: Readings) -> Matrix:
    """What the last network of the sentences reads: (sentences, CLASS_NAMES).

    Args:
        classes: probabilities of the classes by measures alone.
        readings: what the reader says.
    """
    return np.hstack([logit(classes), readings.sentences[:, 1:]])


def foreign_columns(measured: Matrix, readings: Readings) -> Matrix:
    """What the last network of the insertions reads: (sentences, FOREIGN_NAMES).

    Args:
        measured: probabilities of being foreign by measures alone.
        readings: what the reader says.
    """
    return np.column_stack([logit(measured), readings.sentences[:, 0]])


@dataclass(frozen=True, slots=True, eq=False)
class ReadingScorer:
    """The classifiers of measures, the reader, and the networks that read both."""

    insertions: InsertionScorer
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
        measured = self.insertions.score(table, classes)
        readings = read_articles(sentences, self.reader, urgency_of(classes, measured.off_topic))
        known = readings.known
        last = self.classes.probabilities(class_columns(classes, readings))
        foreign = self.foreign.probabilities(foreign_columns(measured.off_topic, readings))[:, 1]
        words = words_of(sentences, measured, readings)
        return LastScores(np.where(known[:, None], last, classes), np.where(known, foreign, measured.off_topic), words)


def words_of(table: SentenceTable, measured: LastScores, readings: Readings) -> dict[int, Matrix]:
    """Log-odds of being foreign of the words of each sentence that was read or doubted, by sentence: the mean of both, where both are known.

    Args:
        table: the articles.
        measured: what the classifiers of measures say.
        readings: what the reader says.
    """
    words = dict(measured.words)
    parts = np.split(readings.words, table.entry_edges[1:-1])
    for row in np.flatnonzero(readings.known).tolist():
        words[row] = (parts[row] + words.get(row, parts[row])) / 2
    return words


def build_reading_scorer(arrays: Mapping[str, Matrix], reader: Reader) -> ReadingScorer:
    """The networks that the arrays describe."""
    networks = (build_network(arrays, name) for name in LAST_NETWORKS)
    return ReadingScorer(build_insertion_scorer(arrays), reader, *networks)
