"""Every row of every phrase table keeps the promises it makes."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pytest

from noisefilter.text.cues import Cue, cue_table, fold_case, split_alternatives
from noisefilter.text.tokens import find_cues, tokenize
from tests.making import vectors

TABLES = sorted(entry.name.removesuffix(".toml") for entry in (files("noisefilter") / "data").iterdir())
ROWS = [(name, cue) for name in TABLES for cue in cue_table(name).cues]


@pytest.mark.parametrize(("table", "cue"), ROWS, ids=[f"{name}: {cue.name}" for name, cue in ROWS])
def test_a_row_matches_and_spares_what_it_says(table: str, cue: Cue):
    pattern = re.compile(cue.pattern, re.IGNORECASE)
    assert cue.matches, f"{table} has a row without a case"
    assert [text for text in cue.matches if not pattern.search(text)] == []
    assert [text for text in cue.spares if pattern.search(text)] == []


@pytest.mark.parametrize(("table", "cue"), ROWS, ids=[f"{name}: {cue.name}" for name, cue in ROWS])
def test_a_row_captures_nothing_since_its_table_counts_groups(table: str, cue: Cue):
    assert re.compile(cue.pattern).groups == 0, table
    assert cue.reason


@pytest.mark.parametrize("table", TABLES)
def test_names_in_a_table_are_unique(table: str):
    names = [cue.name for cue in cue_table(table).cues]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_finds_the_first_row_that_matches_where_it_looks_first(table: str):
    found = cue_table(table)
    for index, cue in enumerate(found.cues):
        for text in cue.matches:
            assert found.find(text) >= 0
            assert re.search(found.cues[found.find(text)].pattern, text, re.IGNORECASE), (index, text)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_finds_what_its_patterns_find_whole_and_in_any_case(table: str):
    patterns = [re.compile(cue.pattern, re.IGNORECASE) for cue in cue_table(table).cues]
    texts = [text for cue in cue_table(table).cues for text in (*cue.matches, *cue.spares)]
    for text in texts:
        for form in (
            text,
            text.upper(),
            text.lower(),
            f"The board voted. {text}",
            text.replace("i", "ı").replace("s", "ſ"),
        ):
            starts = [(match.start(), row) for row, pattern in enumerate(patterns) if (match := pattern.search(form))]
            assert cue_table(table).find(form) == min(starts, default=(0, -1))[1], form


@pytest.mark.parametrize("cue", [cue for _, cue in ROWS], ids=[f"{name}: {cue.name}" for name, cue in ROWS])
def test_a_row_is_in_small_letters_where_it_is_looked_for_in_them(cue: Cue):
    assert cue.inner is None or not re.search("[A-Z]", re.sub(r"\\.", "", cue.inner.pattern))


@pytest.mark.parametrize(("table", "cue"), ROWS, ids=[f"{name}: {cue.name}" for name, cue in ROWS])
def test_what_a_row_has_for_other_languages_is_a_label_not_prose(table: str, cue: Cue):
    assert bool(cue.other) == bool(cue.other_words)
    assert all(part.startswith("^") for part in split_alternatives(cue.other) if cue.other)
    assert len(cue_table(table).cues) * 2 < 63, "candidates are bits of one int64"


def test_folding_case_moves_no_character():
    text = "İSTANBUL ıſ NOT Kelvin’s Straße"
    assert len(fold_case(text)) == len(text)
    assert fold_case(text).startswith("istanbul is not kelvin’s")


@pytest.mark.parametrize("table", TABLES)
def test_looking_for_the_words_first_finds_the_same_cues(table: str):
    for cue in cue_table(table).cues:
        for text in (*cue.matches, *cue.spares):
            tokens = tokenize(text, vectors())
            found = find_cues((table,), [text], tokens, np.array([0]), np.array([len(tokens)]))[table]
            assert found.tolist() == [cue_table(table).find(text)], text


@pytest.mark.parametrize("table", TABLES)
def test_a_table_finds_nothing_in_a_plain_fact(table: str):
    assert cue_table(table).find("Two gates of the sluice were replaced in 1911 by the firm of Haldor Brandt.") == -1


def test_a_table_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError):
        cue_table("horoscopes")
