"""What stands apart from the article and is doubtful goes; the lead below the headline stays."""

import numpy as np

from noisefilter.blocks.islands import APART, find_islands
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
