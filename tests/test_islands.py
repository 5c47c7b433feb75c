"""What stands apart from the article and is doubtful goes; the lead below the headline stays."""

import numpy as np
import pytest

from noisefilter.blocks.islands import APART, find_islands, find_lists
from tests.making import SLUICE, blocks_of, walk

MENU = "".join(f"<li><a href=/{number}>Stories of the year {number}</a></li>" for number in range(APART + 1))
NOTICE = "The board answers for nothing that readers write."


def islands(html: str, title: str | None = None, notice: float = -0.5) -> set[str]:
    """Texts of the blocks that stand apart; menus are boilerplate, the notice is doubtful, all else is article."""
    page = walk(html, title)
    table = blocks_of(page)
    logits = np.array([4.0 if "Stories" in text else notice if text == NOTICE else -5.0 for text in page.texts()])
    return {text for text, found in zip(page.texts(), find_islands(table, logits), strict=True) if found}


ARTICLE = "".join(f"<p>{line}</p>" for line in SLUICE)


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


HEADLINES = ("Ferry fares to rise again", "Crane for the yard arrives", "Five walks for wet days")


def listed(html: str) -> set[str]:
    """Texts of the blocks of lists under a label; all of the page is likely article."""
    page = walk(html)
    found = find_lists(blocks_of(page), np.full(len(page.blocks), -1.0))
    return {text for text, is_found in zip(page.texts(), found, strict=True) if is_found}


@pytest.mark.parametrize("label", ["Most read", "Meistgelesen", "Популярное"])
def test_headlines_under_a_label_at_the_end_go(label):
    lines = "".join(f"<p>{line}</p>" for line in HEADLINES)
    assert listed(f"<main>{ARTICLE}<div>{label}</div>{lines}</main>") == {label, *HEADLINES}


@pytest.mark.parametrize(
    "end",
    [
        "<h2>Related games</h2><p>Ferry, the first</p><p>Ferry, the second</p><p>Ferry, the third</p>",
        "<h2>Most read</h2><p>Ferry</p><p>Crane</p><p>Walks</p>",
        f"<h2>Most read</h2><p>{HEADLINES[0]}</p><p>{HEADLINES[1]}</p>",
        "".join(["<h2>Most read</h2>", *(f"<p>{line}.</p>" for line in HEADLINES)]),
        "".join(["<h2>Most read</h2>", *(f"<p>{line}</p>" for line in HEADLINES), f"<p>{SLUICE[0]}</p>"]),
    ],
    ids=["another label", "names", "two", "sentences", "in the middle"],
)
def test_a_list_that_an_article_may_end_in_stays(end):
    assert listed(f"<main>{ARTICLE}{end}</main>") == set()
