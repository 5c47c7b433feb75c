"""The reader's predictions for sentences, and the last networks, which combine them with those made from features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.insertions.judge import PAGE_NAMES
from noisefilter.networks import build_network, logit
from noisefilter.reader.session import CLASSES, COLUMNS
from noisefilter.sentences.context import SENTENCE_CLASSES
from noisefilter.text.tokens import sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.arrays import Column, Flags, Matrix
    from noisefilter.insertions.judge import ForeignScores
    from noisefilter.reader.session import Reader
    from noisefilter.sentences.table import SentenceTable

#: What the reader's log-odds are clipped to, and the log-odds of a word that it has not read.
LIMIT, NOTHING = 12.0, -8.0
#: A sentence with this probability of being foreign is half as urgent as one that surely is.
MAYBE_FOREIGN = 0.02
FOREIGN_NAMES = ("measured_foreign", "read_foreign")
CLASS_NAMES = (*(f"class_{name}" for name in SENTENCE_CLASSES), *(f"read_{name}" for name in CLASSES))
#: Network → names of the columns that it reads.
INPUTS = {"reader_classes": CLASS_NAMES, "reader_foreign": FOREIGN_NAMES, "reader_page": PAGE_NAMES}


@dataclass(frozen=True, slots=True)
class Readings:
    """The reader's predictions.

    `sentences` are log-odds of being foreign, then log-probabilities of the classes: (sentences, 1 + classes). `words`
    are log-odds of being foreign: (entries of `token_index`,). `known` marks the sentences that it has read:
    (sentences,).
    """

    sentences: Matrix
    words: Matrix
    known: Flags


def read_articles(table: SentenceTable, reader: Reader, urgency: Matrix | None = None) -> Readings:
    """The reader's predictions for some articles; with `urgency`, only the most urgent pieces of long ones are read."""
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
    """How urgently the reader should read each sentence, by the predictions made from features alone: (sentences, 2).

    A sentence of uncertain class is urgent, and one that may be foreign most urgent.
    """
    return np.column_stack([1 - classes.max(axis=1, initial=0.0), foreign / (foreign + MAYBE_FOREIGN)])


def class_columns(classes: Matrix, readings: Readings) -> Matrix:
    """Inputs of the last network for classes, given the probabilities from features alone: (sentences, CLASS_NAMES)."""
    return np.hstack([logit(classes), readings.sentences[:, 1:]])


def foreign_columns(measured: Matrix, readings: Readings) -> Matrix:
    """Inputs of the last network for insertions, `measured` from features alone: (sentences, FOREIGN_NAMES)."""
    return np.column_stack([logit(measured), readings.sentences[:, 0]])


def read_again(
    table: SentenceTable, classes: Matrix, measured: ForeignScores, arrays: Mapping[str, Matrix], reader: Reader
) -> tuple[Matrix, Column, Column]:
    """Class probabilities of the sentences, those of being foreign, and the log-odds of the words, by features and reader.

    `classes` and `measured` are from features alone; what the reader does not read keeps these.
    """
    readings = read_articles(table, reader, urgency_of(classes, measured.off_topic))
    known = readings.known
    last = build_network(arrays, "reader_classes").probabilities(class_columns(classes, readings))
    foreign = build_network(arrays, "reader_foreign").probabilities(foreign_columns(measured.off_topic, readings))[:, 1]
    return (
        np.where(known[:, None], last, classes),
        np.where(known, foreign, measured.off_topic),
        words_of(table, measured, readings),
    )


def words_of(table: SentenceTable, measured: ForeignScores, readings: Readings) -> Column:
    """Log-odds that each word is foreign: the mean of `measured` and `readings`, or the one there is, or NaN."""
    both = (readings.words + np.where(np.isnan(measured.words), readings.words, measured.words)) / 2
    return np.where(readings.known[table.owner], both, measured.words)
