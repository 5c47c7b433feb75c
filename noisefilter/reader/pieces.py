"""An article's sentences → pieces that the encoder reads one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.reader.wordpiece import CASES, END, LINE_BREAK, START, WORD, case_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Index
    from noisefilter.reader.wordpiece import Vocabulary


class Size(NamedTuple):
    """Tokens of a piece, title included, and of the context before and after the sentences that it judges."""

    piece: int
    before: int
    after: int


#: Size of pieces for scoring. Four of 224 find as much as ten of 160, in less time (docs/decisions/0048).
READ = Size(224, 24, 12)
#: Most tokens of the title in a piece.
TITLE = 16
#: Characters of a title that are read.
TITLE_LETTERS = 200
#: The part of a piece that a token is in; each has `CASES` rows in the encoder's table of marks.
OUTSIDE, AROUND, JUDGED = (part * CASES for part in range(3))


class Piece(NamedTuple):
    """Tokens `low` to `high` are read, of which `start` to `end` are judged."""

    low: int
    start: int
    end: int
    high: int


class Inputs(NamedTuple):
    """The encoder's inputs for a piece, a batch of one, and the indices of its sentences."""

    ids: Index  # (1, tokens)
    marks: Index  # (1, tokens): part and letter case
    stretches: NDArray[np.float32]  # (sentences, tokens): 1 where a token is of the sentence
    sentences: Index  # (sentences,)


@dataclass(frozen=True, slots=True)
class Reading:
    """An article as tokens. `word` and `sentence` are indices, -1 for a line break."""

    ids: Index
    case: Index
    word: Index
    sentence: Index
    word_start: Index
    word_end: Index
    word_sentence: Index
    title_ids: Index
    title_case: Index

    def pieces(self, size: Size = READ) -> list[Piece]:
        """Pieces that cover the article; they are cut between sentences, unless one is longer than a piece."""
        room = size.piece - len(self.title_ids) - 3 - size.before - size.after
        starts = np.flatnonzero(np.diff(self.sentence, prepend=-2) != 0)
        count = len(self.ids)
        found = []
        start = 0
        while start < count:
            end = min(count, start + room)
            if end < count:
                cut = int(starts[np.searchsorted(starts, end, side="right") - 1])
                end = cut if cut > start else end
            found.append(Piece(max(0, start - size.before), start, end, min(count, end + size.after)))
            start = end
        return found

    def inputs(self, piece: Piece) -> Inputs:
        """The encoder's inputs for a piece: title, context before, judged sentences, context after."""
        low, start, end, high = piece
        inside = np.arange(low, high)
        part = np.where((inside >= start) & (inside < end), JUDGED, AROUND)
        tokens = np.concatenate(([START], self.title_ids, [END], self.ids[low:high], [END]))
        marks = np.concatenate(([0], self.title_case + OUTSIDE, [0], part + self.case[low:high], [AROUND]))
        owner = np.full(len(tokens), -1)
        at = self.shown + start - low
        owner[at : at + end - start] = self.sentence[start:end]
        sentences = np.unique(owner[owner >= 0])
        stretches = (owner[None, :] == sentences[:, None]).astype(np.float32)
        return Inputs(tokens[None, :], marks[None, :].astype(np.int64), stretches, sentences)

    @property
    def shown(self) -> int:
        """Number of tokens before the article's in every piece: the title and its separators."""
        return len(self.title_ids) + 2


def read_tokens(text: str, title: str | None, sentences: Sequence[tuple[int, int]], vocabulary: Vocabulary) -> Reading:
    """The words of the sentences as tokens; of the text between two sentences only a line break is kept.

    `sentences` are character ranges of the page's text, in order.
    """
    rows: list[tuple[int, ...]] = []  # of each word and line break
    cases: list[int] = []
    numbers: list[int] = []
    words: list[tuple[int, int, int]] = []
    position = 0
    for number, (start, end) in enumerate(sentences):
        if words and "\n" in text[position:start]:
            rows.append((LINE_BREAK,))
            cases.append(0)
            numbers.append(-1)
        for match in WORD.finditer(text, start, end):
            word = match[0]
            rows.append(vocabulary.rows(word))
            cases.append(case_of(word))
            numbers.append(len(words))
            words.append((*match.span(), number))
        position = end
    bounds = np.array(words, np.int64).reshape(-1, 3)
    sizes = np.fromiter(map(len, rows), np.int64, len(rows))
    of_word = np.repeat(np.array(numbers, np.int64), sizes)
    named = [
        (row, case_of(m[0])) for m in WORD.finditer((title or "")[:TITLE_LETTERS]) for row in vocabulary.rows(m[0])
    ]
    shown = np.array(named[:TITLE], np.int64).reshape(-1, 2)
    ids = np.fromiter(chain.from_iterable(rows), np.int64, len(of_word))
    case = np.repeat(np.array(cases, np.int64), sizes)
    sentence = np.where(of_word >= 0, bounds[of_word, 2], -1) if words else of_word
    return Reading(ids, case, of_word, sentence, *bounds.T, *shown.T)
