"""trafilatura's opinion of the blocks of a page."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from noisefilter.blocks.judge import BlockScorer
from noisefilter.blocks.vote import MAX_DEPTH, MAX_ELEMENTS, Vote, ask_trafilatura
from noisefilter.html.walk import split_blocks
from noisefilter.model import as_model, scorer
from noisefilter.page import read_page
from noisefilter.pipeline import score_blocks
from noisefilter.types import Page
from tests.making import HTML_ARTICLE, SLUICE, blocks_of


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


class Blind(BlockScorer):
    """Block estimators that take everything for boilerplate."""

    def scores(self, *args):
        return [
            dataclasses.replace(page, boilerplate=np.full(len(page.boilerplate), 0.9)) for page in super().scores(*args)
        ]


@pytest.mark.parametrize(
    ("html", "kept"), [(HTML_ARTICLE, SLUICE), ("<p>Rain fell on the quay.</p>", ())], ids=["article", "line"]
)
def test_where_too_little_is_kept_for_an_article_the_one_that_it_finds_is_kept(html, kept):
    known = scorer(as_model("fast")).blocks
    blind = Blind(known.arrays, known.passes, known.page_type, known.site)
    read = read_page(Page(html, format="html"))
    blocked = split_blocks(read)
    (scores,) = score_blocks(blind, [blocks_of(blocked)], [read])
    assert {text for text, value in zip(blocked.texts(), scores.boilerplate, strict=True) if value < 0.5} >= set(kept)
    assert (scores.boilerplate < 0.5).any() == bool(kept)
