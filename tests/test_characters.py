"""Words are found among the classes of characters as the pattern finds them."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noisefilter.text.characters import CLASSES, IDEOGRAPH_RANGES, WORD, read_characters

#: Letters, digits, what joins or parts them, and scripts without blanks, on the table and beyond it.
TELLING = "ab\u0e01\u0e33\u093f\u200cÉ1²Ⅷ_ '’-.\n字カーﾞ\u0301\U00020000\U0001d49c\U0001f600\ud800"


def words_of(text: str) -> list[tuple[int, int]]:
    start, end = read_characters(text).words
    return list(zip(start.tolist(), end.tolist(), strict=True))


@given(st.text(st.sampled_from(TELLING)) | st.text())
def test_words_are_where_the_pattern_finds_them(text: str):
    assert words_of(text) == [match.span() for match in WORD.finditer(text)]


def test_every_character_is_part_of_a_word_where_the_pattern_says_so():
    characters = list(map(chr, chain(range(0x12000), range(0x1D400, 0x20100), range(0x2FF00, 0x32000))))
    text = " ".join(characters)
    assert words_of(text) == [match.span() for match in WORD.finditer(text)]


def test_ideographs_are_no_letters():
    for first, last in IDEOGRAPH_RANGES:
        classes = read_characters(chr(first) + chr(last)).classes
        assert not (classes & CLASSES["letter"]).any()
        assert (classes & CLASSES["ideograph"]).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("यह भी पढ़ें: दो टिकट", ["यह", "भी", "पढ़ें", "दो", "टिकट"]),
        ("سجّل الدخول", ["سجّل", "الدخول"]),
        ("می\u200cشود کتاب", ["می\u200cشود", "کتاب"]),
        ("cafe\u0301 noir", ["cafe\u0301", "noir"]),
        ("ตลาดน้ำ km", ["ตลาด", "น้ำ", "km"]),
        ("red ❤\ufe0f and 👨\u200d👩 too", ["red", "and", "too"]),
    ],
    ids=["Hindi", "Arabic", "a joiner", "decomposed", "Thai", "emoji"],
)
def test_signs_above_and_between_letters_are_part_of_the_word(text, words):
    assert WORD.findall(text) == words
    assert [text[first:last] for first, last in zip(*read_characters(text).words, strict=True)] == words
