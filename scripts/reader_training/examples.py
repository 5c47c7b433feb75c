"""Labelled articles → pieces to train on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.reader.pieces import Size, read_tokens
from noisefilter.reader.session import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Flags
    from noisefilter.reader.pieces import Inputs, Reading
    from noisefilter.reader.wordpiece import Vocabulary

    Range = tuple[int, int]

#: Size of pieces for training.
TAUGHT = Size(256, 32, 16)
#: Labels of a word or a sentence.
UNKNOWN, OWN, FOREIGN = -1, 0, 1
#: A sentence with this many foreign tokens is foreign, and so is one with half of its tokens foreign; with fewer its
#: label is unknown.
MOST_OWN = 2


@dataclass(frozen=True, slots=True)
class ReaderExample:
    """An article whose foreign passages (ranges of characters) or sentences' classes are known, or both."""

    text: str
    title: str | None
    sentences: Sequence[Range]
    foreign: Sequence[Range] = ()  # the insertions
    honest: Sequence[Range] = ()  # what looks foreign and is not; it counts twice
    unknown: Sequence[int] = ()  # indices of the sentences that may or may not be foreign
    classes: NDArray[np.float32] | None = None  # shares of the votes, (sentences, CLASSES); None if nobody judged them


class Predicted(NamedTuple):
    """What a teacher predicts of a piece, as the encoder does: log-odds of the tokens (tokens,) and of the sentences (sentences, `COLUMNS`)."""

    tokens: NDArray[np.float16]
    sentences: NDArray[np.float16]


class TaughtPiece(NamedTuple):
    """A piece, the labels of its tokens and sentences, and what a teacher predicts of them, if there is one."""

    inputs: Inputs
    tokens: NDArray[np.int8]  # (tokens,): `UNKNOWN`, `OWN` or `FOREIGN`
    foreign: NDArray[np.int8]  # (sentences,): the same
    weights: NDArray[np.float32]  # (sentences,)
    classes: NDArray[np.float32]  # (sentences, classes): zero where nobody judged
    predicted: Predicted | None = None

    @property
    def holds_foreign(self) -> bool:
        """Whether one of its sentences is foreign."""
        return bool((self.foreign == FOREIGN).any())

    @property
    def holds_honest(self) -> bool:
        """Whether one of its sentences looks foreign and is not."""
        return bool((self.weights > 1).any())


def taught_pieces(examples: Iterable[ReaderExample], vocabulary: Vocabulary) -> Iterator[TaughtPiece]:
    """Those pieces of the articles that contain a sentence, in order."""
    for example in examples:
        reading = read_tokens(example.text, example.title, example.sentences, vocabulary)
        words = np.where(_inside(reading, example.foreign), FOREIGN, OWN).astype(np.int8)
        words[np.isin(reading.word_sentence, list(example.unknown))] = UNKNOWN
        honest = _inside(reading, example.honest)
        for piece in reading.pieces(TAUGHT):
            inputs, word = reading.inputs(piece), reading.word[piece.low : piece.high]
            if len(inputs.sentences):
                tokens = np.full(inputs.ids.shape[1], UNKNOWN, np.int8)
                tokens[reading.shown : reading.shown + len(word)] = np.where(word >= 0, words[word], UNKNOWN)
                none = np.zeros((len(inputs.sentences), len(CLASSES)), np.float32)
                classes = none if example.classes is None else example.classes[inputs.sentences]
                yield TaughtPiece(inputs, tokens, *_sentence_labels(reading, inputs, tokens, honest), classes)


def _inside(reading: Reading, ranges: Iterable[Range]) -> Flags:
    inside = np.zeros(len(reading.word_start), np.bool_)
    for start, end in ranges:
        inside |= (reading.word_end > start) & (reading.word_start < end)
    return inside


def _sentence_labels(
    reading: Reading, inputs: Inputs, tokens: NDArray[np.int8], honest: Flags
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Which of the piece's sentences are foreign, and their weights."""
    foreign = np.full(len(inputs.sentences), UNKNOWN, np.int8)
    weights = np.ones(len(inputs.sentences), np.float32)
    for row, (number, stretch) in enumerate(zip(inputs.sentences.tolist(), inputs.stretches, strict=True)):
        taught = tokens[stretch > 0]
        known = taught[taught != UNKNOWN]
        count = int((known == FOREIGN).sum())
        if count >= MOST_OWN or (count and 2 * count >= len(known)):
            foreign[row] = FOREIGN
        elif len(known) and not count:
            foreign[row] = OWN
            weights[row] += honest[reading.word_sentence == number].any()
    return foreign, weights
