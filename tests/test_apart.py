"""What is no part of the article around it goes: offers, lists of other stories, and what stands apart and is doubtful."""

import numpy as np
import pytest

from noisefilter.blocks.apart import (
    APART,
    find_above,
    find_columns,
    find_inserts,
    find_islands,
    find_offers,
)
from noisefilter.html.walk import split_blocks
from noisefilter.types import Page
from tests.making import SLUICE, blocks_of, walk

PITCH = "One careful story from the valley, every Monday before breakfast."
ARTICLE = "".join(f"<p>{line}</p>" for line in SLUICE)


def offered(box: str, title: str | None = None, gone: str = "") -> set[str]:
    """Texts of the blocks of offers; the article is sure, one text may be gone, all else is doubtful."""
    page = split_blocks(Page(f"<body><main>{ARTICLE}{box}</main></body>", title=title, format="html"))
    logits = np.array([-5.0 if text in SLUICE else 1.0 if text == gone else -1.0 for text in page.texts()])
    return {text for text, found in zip(page.texts(), find_offers(blocks_of(page), logits), strict=True) if found}


@pytest.mark.parametrize(
    "control",
    [
        "<form><label><input type=email></label></form><span>Send</span>",
        "<button>Subscribe</button>",
        "<p>Already a member? <a href=/login>Sign in</a></p>",
        "<p><a href=/abo>Déjà abonné ? Connectez-vous</a></p>",
    ],
)
def test_all_that_stands_in_the_box_of_an_offer_goes(control):
    found = offered(f"<div><h3>The Monday letter</h3><p>{PITCH}</p>{control}</div>")
    assert {"The Monday letter", PITCH} <= found
    assert not found & set(SLUICE)


@pytest.mark.parametrize(
    ("box", "goes"),
    [
        (f"<div><p>{PITCH}</p><button>Chip in</button></div>", True),
        (f"<div><p>{PITCH}</p><a href=/app>Chip in</a></div>", True),
        (f"<div><button>Chip in</button><p>{PITCH}</p></div>", False),
        (f"<div><p>{PITCH}</p><ul><li><a href=/app>Chip in</a></li></ul></div>", False),
        (f"<div><a href=#note>Chip in</a><p>{PITCH}</p><span>Chip in</span></div>", False),
    ],
    ids=["a button", "a link", "a button above", "a list", "a note"],
)
def test_a_box_goes_that_ends_in_a_control_that_goes(box, goes):
    assert (PITCH in offered(box, gone="Chip in")) == goes


def test_a_box_that_is_called_the_authors_goes():
    assert offered(f"<div class=author-card><h4>Ines Valdry</h4><p>{PITCH}</p></div>") == {"Ines Valdry", PITCH}
    assert offered(f"<div class=authority><h4>Ines Valdry</h4><p>{PITCH}</p></div>") == set()


def test_a_short_line_above_the_headline_goes_unless_the_article_begins_there():
    for lead, found in (("", True), (ARTICLE, False)):
        page = walk(f"<main><p>For members</p>{lead}<h1>Mill buys wool</h1>{ARTICLE}</main>", "Mill buys wool")
        assert find_above(blocks_of(page), np.full(len(page.blocks), -1.0))[0] == found


@pytest.mark.parametrize(
    "box",
    [
        f"<div><p>{PITCH}</p><input type=text></div>",
        f"<div><p>{PITCH}</p><button>Turn the page</button></div>",
        f"<div><p>{PITCH}</p><p>{PITCH * 8}</p><input type=email></div>",
        "".join(f"<div><button>Sign up {who}?</button><p>{PITCH}</p></div>" for who in ("one", "two", "three")),
    ],
    ids=["another field", "another button", "a long box", "questions that unfold"],
)
def test_what_only_resembles_an_offer_stays(box):
    assert offered(box) == set()


def test_an_offer_takes_no_sure_paragraph_and_no_headline():
    assert SLUICE[0] not in offered(f"<div><p>{SLUICE[0]}</p><input type=email></div>")
    assert offered(f"<div><h1>Mill buys wool</h1><p>{PITCH}</p><input type=email></div>", "Mill buys wool") == set()


def test_an_offer_is_less_than_half_of_the_article():
    page = split_blocks(Page(f"<body><div><p>{PITCH}</p><input type=email></div><p>{PITCH}</p></body>", format="html"))
    assert not find_offers(blocks_of(page), np.full(2, -1.0)).any()


MENU = "".join(f"<li><a href=/{number}>Stories of the year {number}</a></li>" for number in range(APART + 1))
NOTICE = "The board answers for nothing that readers write."


def islands(html: str, title: str | None = None, notice: float = -0.5) -> set[str]:
    """Texts of the blocks that stand apart; menus are boilerplate, the notice is doubtful, all else is article."""
    page = walk(html, title)
    table = blocks_of(page)
    logits = np.array([4.0 if "Stories" in text else notice if text == NOTICE else -5.0 for text in page.texts()])
    return {text for text, found in zip(page.texts(), find_islands(table, logits), strict=True) if found}


def test_a_doubtful_line_beyond_a_menu_goes():
    assert islands(f"<main>{ARTICLE}<ul>{MENU}</ul><p>{NOTICE}</p></main>") == {NOTICE}
    assert islands(f"<main><p>{NOTICE}</p><ul>{MENU}</ul>{ARTICLE}</main>") == {NOTICE}


def test_what_is_near_or_sure_stays():
    few = MENU.split("</li>")[0]
    assert islands(f"<main>{ARTICLE}<ul>{few}</li></ul><p>{NOTICE}</p></main>") == set()
    assert islands(f"<main>{ARTICLE}<ul>{MENU}</ul><p>{NOTICE}</p></main>", notice=-4.0) == set()
    assert islands(f"<main>{ARTICLE}</main>") == set()


def test_the_lead_below_the_headline_stays():
    title = "Board repairs the old sluice"
    html = f"<main><h1>{title} Stories</h1><p>{NOTICE}</p><ul>{MENU}</ul>{ARTICLE}</main>"
    assert islands(html, title) == set()


@pytest.mark.parametrize(
    ("cells", "beside"),
    [
        (f"<td>{PITCH}<td>{ARTICLE}", {PITCH}),
        (f"<td><table><tr><td>{ARTICLE}<td>Tides</table><td>{PITCH}", {PITCH, "Tides"}),
        ("".join(f"<tr><td>{year}<td>{line}" for year, line in enumerate(SLUICE, 1990)), set()),
        (f"<td>{ARTICLE}<td>{ARTICLE}", set()),
    ],
    ids=["a column", "a table in a table", "facts", "two columns of text"],
)
def test_what_stands_beside_the_article_in_a_layout_table_goes(cells, beside):
    page = walk(f"<table><tr>{cells}</table>")
    found = find_columns(blocks_of(page), np.full(len(page.blocks), -2.0))
    assert {text for text, goes in zip(page.texts(), found, strict=True) if goes} == beside


def inserted(html: str, sure: float = -1.0) -> set[str]:
    """Texts of the blocks that are put in, in an article; the log-odds of all blocks but the article's are given."""
    page = walk(f"<main>{ARTICLE}{html}{ARTICLE}</main>")
    logits = np.array([-5.0 if text in SLUICE else sure for text in page.texts()])
    return {text for text, found in zip(page.texts(), find_inserts(blocks_of(page), logits), strict=True) if found}


@pytest.mark.parametrize(
    "name", ["gpt-ad incontent_1", "adv-inner", "qa_ad__00", "box-call-to-action", "sig signature", "byline"]
)
def test_what_is_called_an_insert_goes(name):
    assert inserted(f"<div class='{name}'>Rope by the fathom</div>") == {"Rope by the fathom"}


@pytest.mark.parametrize("name", ["headline", "admin", "cascade", "to-action"])
def test_what_only_sounds_like_one_stays(name):
    assert inserted(f"<div class='{name}'>Rope by the fathom</div>") == set()


def test_what_is_surely_the_articles_is_no_insert():
    assert inserted("<div class=ad>Rope by the fathom</div>", sure=-4.0) == set()


def test_boxes_that_are_most_of_a_page_are_its_posts():
    posts = "".join(f"<div class=author><b>Ines</b><p>{line}</p></div>" for line in SLUICE)
    page = walk(f"<main>{posts}</main>")
    assert not find_offers(blocks_of(page), np.full(len(page.blocks), -1.0)).any()


def test_a_row_of_its_own_stays_that_is_surely_the_articles():
    cells = f"<tr><td>{SLUICE[0]}</td></tr><tr><td>{'<p>'.join(SLUICE * 3)}</td><td>Dues</td></tr>"
    page = walk(f"<table>{cells}</table>")
    logits = np.where([text == "Dues" for text in page.texts()], -1.0, -4.0)
    found = find_columns(blocks_of(page), logits)
    assert [text for text, is_found in zip(page.texts(), found, strict=True) if is_found] == ["Dues"]
    assert find_columns(blocks_of(page), np.full(len(page.blocks), -1.0))[0]
