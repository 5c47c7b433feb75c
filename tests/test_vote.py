"""trafilatura's opinion of the blocks of a page."""

from __future__ import annotations

import pytest

from noisefilter.blocks.vote import MAX_DEPTH, MAX_ELEMENTS, Vote, ask_trafilatura
from noisefilter.html.walk import split_blocks
from noisefilter.page import read_page
from noisefilter.types import Page
from tests.making import HTML_ARTICLE, SLUICE


def ask(html: str) -> tuple[list[str], Vote | None]:
    read = read_page(Page(html, format="html"))
    blocked = split_blocks(read)
    return blocked.texts(), ask_trafilatura(read, blocked)


def test_it_votes_for_the_article_and_not_for_the_menu():
    texts, vote = ask(HTML_ARTICLE)
    assert vote is not None
    votes = dict(zip(texts, vote.shares, strict=True))
    assert votes[SLUICE[1]] == votes[SLUICE[3]] == 1.0
    assert votes["Home News Sport"] == 0.0
    assert vote.alignment > 0.9


def test_where_it_finds_nothing_it_votes_against_every_block():
    texts, vote = ask("<body><p>Hm.</p></body>")
    assert vote in {Vote((0.0,) * len(texts), 0.0), Vote((1.0,), 1.0)}  # it may take the last straw


@pytest.mark.parametrize(
    "html",
    ["<div>" * (MAX_DEPTH + 50) + "<p>Rain fell.</p>", "<p>Rain fell.</p>" * (MAX_ELEMENTS + 1)],
    ids=["deep", "large"],
)
def test_it_is_not_asked_about_pages_that_would_keep_it_busy(html):
    texts, vote = ask(html)
    assert texts[0] == "Rain fell."
    assert vote is None
