"""Blocks of several plain texts in one table: the same as each text by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from noisefilter.blocks.columns import block_matrix
from noisefilter.blocks.context import block_context
from noisefilter.blocks.table import OF_BLOCKS, text_table
from noisefilter.html.walk import split_lines
from noisefilter.text.tokens import range_entries, sums, sums_of_rows, tokenize
from tests.making import ARTICLE, HTML_ARTICLE, SLUICE, blocks_of, vectors, walk

if TYPE_CHECKING:
    from noisefilter.blocks.table import BlockTable
    from noisefilter.html.walk import BlockedPage

LIST = "Home\nNews\nSport\n\nShare this story\nRead more: ten bridges of the north"
PAGES = [
    split_lines(text, title)
    for text, title in (
        (ARTICLE, None),
        ("Rain fell.", "Rain"),
        (f"{LIST}\n\n{ARTICLE}\n\n{LIST}", "Ten bridges of the north"),
        (LIST, None),
        ("\n".join([*SLUICE, *SLUICE[:3]]), "Board repairs sluice"),
        (f"© 2024 The Board\n\n{' '.join(SLUICE)}", "The Board"),
    )
]


def together(pages: list[BlockedPage]) -> BlockTable:
    return text_table(pages, [tokenize(page.text, vectors()) for page in pages], vectors())


@pytest.mark.parametrize("pages", [PAGES, PAGES[::-1], PAGES[3:4]])
def test_what_is_measured_of_a_text_does_not_depend_on_the_others_of_its_table(pages):
    table, alone = together(pages), [blocks_of(page) for page in pages]
    assert block_matrix(table).tobytes() == np.concatenate([block_matrix(own) for own in alone]).tobytes()


def test_first_verdicts_reach_no_block_of_another_text():
    table, alone = together(PAGES), [blocks_of(page) for page in PAGES]
    logits = np.round(np.sin(np.arange(len(table))) * 5, 3)
    parts = [block_context(own, part) for own, part in zip(alone, np.split(logits, table.edges[1:-1]), strict=True)]
    assert block_context(table, logits) == pytest.approx(np.concatenate(parts), abs=1e-12)


def test_the_part_of_a_text_is_the_table_of_that_text():
    table = together(PAGES)
    for number, page in enumerate(PAGES):
        part, alone = table.only(number), blocks_of(page)
        assert part.page is page
        assert part.run.tolist() == (alone.run - alone.run[0]).tolist()
        for name in OF_BLOCKS:
            assert getattr(part, name).tolist() == pytest.approx(getattr(alone, name).tolist()), name
        assert part.signs["stop"].tolist() == alone.signs["stop"].tolist()


def test_only_plain_texts_share_a_table():
    with pytest.raises(ValueError, match="only plain texts"):
        together([PAGES[0], walk(HTML_ARTICLE)])


def test_sums_of_rows_add_the_rows_that_are_named_and_nothing_for_none():
    values = np.arange(12.0).reshape(4, 3)
    found = sums_of_rows(values, np.array([0, 3, 3, 1]), np.array([2, 0, 1, 1]))
    assert found.tolist() == [[9.0, 11.0, 13.0], [0.0, 0.0, 0.0], [9.0, 10.0, 11.0], [3.0, 4.0, 5.0]]


def test_sums_of_a_matrix_are_the_sums_of_its_columns():
    values = np.random.default_rng(7).normal(size=(40, 5))
    first, last = np.array([0, 3, 3, 20, 9]), np.array([40, 3, 17, 21, 4])
    columns = [sums(values[:, column], first, last) for column in range(5)]
    assert sums(values, first, last) == pytest.approx(np.stack(columns, axis=1))


def test_entries_of_ranges_stand_one_range_after_the_other():
    assert range_entries(np.array([4, 0, 9, 2]), np.array([6, 3, 8, 2])).tolist() == [4, 5, 0, 1, 2]


def test_the_different_words_of_a_text_are_named_once():
    rows = np.array([8, 3, 8, 500, 3])
    known, place = vectors().distinct(rows)
    assert known.tolist() == [3, 8, 500]
    assert known[place].tolist() == rows.tolist()
