"""Words → rows of the encoder's vocabulary."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Runs of letters and digits, and every other character by itself, as BERT's uncased tokenizer splits words.
WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
#: The first rows of a vocabulary; `LINE_BREAK` stands between two lines of an article.
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "¶")
PADDING, UNKNOWN, START, END, LINE_BREAK = range(5)
#: Letter case of a word, an input by itself: the encoder's vocabulary is uncased, and farms' headlines are not.
SMALL, CAPITALISED, CAPITALS, NUMBER = range(4)
CASES = 4
#: Letters of the longest word that is looked up, as in BERT; a longer one is unknown.
LONGEST_WORD = 100
#: Words whose rows are cached.
MOST_KEPT = 100_000


class Vocabulary:
    """WordPiece: a word is split from its start, each time by the longest known piece; later pieces begin with "##".

    >>> Vocabulary([*SPECIAL, "un", "##able", "able"]).rows("Unable")
    (5, 6)
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self.pieces = tuple(pieces)
        self._row = {piece: row for row, piece in enumerate(self.pieces)}
        self.rows = lru_cache(MOST_KEPT)(self._rows)

    def _rows(self, word: str) -> tuple[int, ...]:
        """Rows of the word's pieces; the row of `UNKNOWN` if it cannot be split into known pieces."""
        word = _folded(word)
        if not 0 < len(word) <= LONGEST_WORD:
            return (UNKNOWN,)
        rows = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            found = ((end, self._row.get(prefix + word[start:end])) for end in range(len(word), start, -1))
            end, row = next(((end, row) for end, row in found if row is not None), (0, UNKNOWN))
            if not end:
                return (UNKNOWN,)
            rows.append(row)
            start = end
        return tuple(rows)


def case_of(word: str) -> int:
    """`NUMBER`, `SMALL`, `CAPITALISED` or `CAPITALS`, by the first letters of a word."""
    if word[0].isdigit():
        return NUMBER
    if not word[0].isupper():
        return SMALL
    return CAPITALS if len(word) > 1 and word.isupper() else CAPITALISED


def _folded(word: str) -> str:
    """The word in lower case, without accents."""
    word = word.lower()
    if word.isascii():
        return word
    return "".join(sign for sign in unicodedata.normalize("NFD", word) if unicodedata.category(sign) != "Mn")
