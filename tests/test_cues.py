"""Every row of every phrase table keeps the promises it makes."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pytest

from noisefilter.cues import Cue, cue_table
from noisefilter.features.tokens import find_cues, tokenize
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
def test_looking_for_the_words_first_finds_the_same_cues(table: str):
    for cue in cue_table(table).cues:
        for text in (*cue.matches, *cue.spares):
            tokens = tokenize(text, vectors())
            found = find_cues(table, [text], tokens, np.array([0]), np.array([len(tokens)]))
            assert found.tolist() == [cue_table(table).find(text)], text


@pytest.mark.parametrize("table", TABLES)
def test_a_table_finds_nothing_in_a_plain_fact(table: str):
    assert cue_table(table).find("Two gates of the sluice were replaced in 1911 by the firm of Haldor Brandt.") == -1


def test_a_table_that_is_not_there_is_an_error():
    with pytest.raises(FileNotFoundError):
        cue_table("horoscopes")
