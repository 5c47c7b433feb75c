"""Text → the classes of its characters, as arrays, and where its words are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import category

import numpy as np

from noisefilter.threads import cached_property

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.arrays import Column, Flags, Index

#: First and last of ideographs and kana: scripts without blanks between words, in which each character counts as a word
#: (as in Unicode's UAX #29, except for runs of katakana).
IDEOGRAPH_RANGES = (
    (0x3041, 0x3096),
    (0x30A1, 0x30FA),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
#: The same for a character class.
IDEOGRAPHS = "".join(f"{chr(first)}-{chr(last)}" for first, last in IDEOGRAPH_RANGES)
#: Signs above, below and between letters, which belong to the word as in UAX #29: vowels of Devanagari and Thai, accents that
#: were not composed. Those of kana and of emoji belong to no word.
MARKS = "".join(sign for sign in map(chr, (*range(0x300, 0x1D00), *range(0xA66F, 0xABFF))) if category(sign)[0] == "M")
#: First and last of Thai with Lao, Burmese, and Khmer, which have no blanks between words either, and the characters that count
#: as a word: where one ends only a dictionary tells.
UNSPACED_RANGES, UNSPACED_LENGTH = ((0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF)), 4
UNSPACED = "".join(
    sign
    for first, last in UNSPACED_RANGES
    for sign in map(chr, range(first, last + 1))
    if sign.isalnum() or category(sign)[0] == "M"
)
#: What joins letters: apostrophes, and joiners without a width.
JOINTS = "'’\u200c\u200d"
LETTER = rf"(?:(?![{UNSPACED}])(?:[^\W_{IDEOGRAPHS}]|[{MARKS}]))"
WORD = re.compile(  # possessive: backtracking gains nothing
    rf"{LETTER}++(?:[{JOINTS}]{LETTER}++)*+|[{IDEOGRAPHS}]|[{UNSPACED}]{{1,{UNSPACED_LENGTH}}}"
)

CLASS_CHARACTERS = {
    "stop": ".!?\u3002\uff01\uff1f\uff61\u061f\u06d4\u0964\u0965\u1362",  # of CJK, Arabic, Urdu, Devanagari, Ge'ez
    "question": "?\uff1f\u061f\u037e",
    "comma": ",;\uff0c\u3001\uff1b\u060c\u061b\u0387",
    "separator": "|·•»›/←→▶✓★\uff5c\u30fb",
    "quote": '"“”„«»\u300c\u300d\u300e\u300f',
    "open": "([\uff08\uff3b\u3010",
    "colon": ":\uff1a",
    "at": "@",
    "sign": "©®$€£%",
}
#: Bits of the classes. Those above the signs are of letters in small type, and of what words are made of.
CLASSES = {
    name: np.uint16(1 << bit)
    for bit, name in enumerate((*CLASS_CHARACTERS, "lower", "letter", "ideograph", "unspaced", "joint"))
}
SIGNS = np.array([CLASSES[name] for name in CLASS_CHARACTERS])
ANY_SIGN = np.bitwise_or.reduce(SIGNS)
#: Quotation marks, as they stand inside others.
INNER_QUOTES = str.maketrans("“”", "‘’")
_TABLE_SIZE = 0x10000


@dataclass(frozen=True, eq=False)
class Characters:
    """The characters of a text, for counting classes of them in ranges: the classes of each character, as bits."""

    classes: NDArray[np.uint16]

    @cached_property
    def signs(self) -> tuple[Index, NDArray[np.uint16]]:
        """Positions of the characters of `CLASS_CHARACTERS`, and their classes."""
        places = np.flatnonzero(self.classes & ANY_SIGN)
        return places, self.classes[places]

    @cached_property
    def words(self) -> tuple[Index, Index]:
        """Where each match of `WORD` begins and ends; finding them with the pattern takes three times as long."""
        inside = np.zeros(len(self.classes) + 2, dtype=np.bool_)  # of a word, with what is before and after the text
        letter = inside[1:-1]
        np.not_equal(self.classes & CLASSES["letter"], 0, out=letter)
        joints = np.flatnonzero(self.classes & CLASSES["joint"])
        letter[joints] = inside[joints] & inside[joints + 2]
        edges = np.flatnonzero(inside[1:] != inside[:-1])
        starts, ends = edges[::2].copy(), edges[1::2].copy()
        alone = np.flatnonzero(self.classes & CLASSES["ideograph"])
        if len(alone):
            starts, ends = (np.sort(np.append(found, alone + step)) for step, found in enumerate((starts, ends)))
        unspaced = self.classes & CLASSES["unspaced"] != 0
        if unspaced.any():
            first, last = self._cut(unspaced)
            starts, ends = np.sort(np.append(starts, first)), np.sort(np.append(ends, last))
        return starts, ends

    @staticmethod
    def _cut(unspaced: Flags) -> tuple[Index, Index]:
        """Starts and ends of what counts as a word where no blank ends one."""
        inside = np.concatenate([[False], unspaced, [False]])
        starts, ends = np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2).T
        count = -(-(ends - starts) // UNSPACED_LENGTH)
        number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        first = np.repeat(starts, count) + UNSPACED_LENGTH * number
        return first, np.minimum(first + UNSPACED_LENGTH, np.repeat(ends, count))

    def count(self, starts: Index, ends: Index) -> dict[str, Column]:
        """How many signs of each class are in each range; they are few: positions are searched."""
        places, classes = self.signs
        before = np.zeros((len(SIGNS), len(places) + 1))
        np.cumsum(classes & SIGNS[:, None] != 0, axis=1, out=before[:, 1:])
        found = before.take(places.searchsorted(ends), axis=1) - before.take(places.searchsorted(starts), axis=1)
        return dict(zip(CLASS_CHARACTERS, found, strict=True))

    def are(self, name: str, places: Index) -> Flags:
        """Whether the characters at some positions are of the class."""
        return self.classes[places] & CLASSES[name] != 0

    def close(self, name: str, starts: Index, ends: Index) -> Flags:
        """Whether one of the last two characters of each range, none of which is empty, is of the class."""
        return self.are(name, ends - 1) | self.are(name, np.maximum(ends - 2, starts))


def _class_table() -> NDArray[np.uint16]:
    table = np.zeros(_TABLE_SIZE, dtype=np.uint16)
    for name, characters in {**CLASS_CHARACTERS, "joint": JOINTS}.items():
        table[[ord(character) for character in characters]] |= CLASSES[name]
    letters = np.arange(_TABLE_SIZE, dtype=np.uint32).view("U1")
    table[np.strings.islower(letters)] |= CLASSES["lower"]
    table[np.strings.isalnum(letters)] |= CLASSES["letter"]
    table[[ord(mark) for mark in MARKS]] |= CLASSES["letter"]
    unspaced = [ord(character) for character in UNSPACED]
    table[unspaced] = table[unspaced] & ~CLASSES["letter"] | CLASSES["unspaced"]
    for first, last in IDEOGRAPH_RANGES[:-1]:
        table[first : last + 1] = table[first : last + 1] & ~CLASSES["letter"] | CLASSES["ideograph"]
    return table


_CLASSES_OF = _class_table()


def read_characters(text: str) -> Characters:
    """Characters of a text; those beyond the table's reach (mostly emoji) are letters, ideographs or of no class."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    classes = _CLASSES_OF.take(codes, mode="clip")
    if len(codes) and codes.max() >= _TABLE_SIZE:
        beyond = np.flatnonzero(codes >= _TABLE_SIZE)
        found, which = np.unique(codes[beyond], return_inverse=True)
        classes[beyond] = np.array([_class_beyond(code) for code in found.tolist()])[which]
    return Characters(classes)


def _class_beyond(code: int) -> np.uint16:
    """Class of a character beyond the table's reach."""
    first, last = IDEOGRAPH_RANGES[-1]
    if first <= code <= last:
        return CLASSES["ideograph"]
    return CLASSES["letter"] if chr(code).isalnum() else np.uint16(0)


def quoted(text: str) -> str:
    """The text in quotation marks; those inside become single ones.

    >>> quoted("“We are closing,” she said.")
    '“‘We are closing,’ she said.”'
    """
    return f"“{text.translate(INNER_QUOTES)}”"
