"""Doubtful lines that belong to the article beside them stay."""

import numpy as np
import pytest

from noisefilter.blocks.beside import with_neighbours
from tests.making import SLUICE, blocks_of, walk

TITLE = "Board repairs the sluice"
LEAD = "Two of four gates no longer close, and the county pays a third"
ARTICLE = "".join(f"<p>{line} {line}</p>" for line in SLUICE)
LAST = "The gates are of oak."


def kept(html: str, text: str, doubt: float = 0.5) -> bool:
    """Whether a text is kept that was doubtful, beside an article that is sure and a headline that is not."""
    page = walk(f"<main>{html}</main>", TITLE)
    logits = np.array([doubt if each == text else -3.0 if each.startswith(SLUICE) else 3.0 for each in page.texts()])
    return bool(with_neighbours(blocks_of(page), logits)[page.texts().index(text)] < 0)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f"<header><h1>{TITLE}</h1><p>{LEAD}</p><p>3 May</p></header>{ARTICLE}", LEAD),
        (f"<div>{ARTICLE}<p>{LAST}</p></div><div>More</div>", LAST),
        (f"<div>{ARTICLE}<h2>Share and share alike</h2>{ARTICLE}</div>", "Share and share alike"),
    ],
    ids=["a standfirst", "a last paragraph", "a heading with a cue"],
)
def test_a_doubtful_line_of_the_article_stays_and_a_likely_one_of_the_page_goes(html, text):
    assert kept(html, text)
    assert not kept(html, text, doubt=2.5)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f"<header><h1>{TITLE}</h1><p>{LEAD}</p><button>Alert me</button></header>{ARTICLE}", LEAD),
        (f"<header><h1>{TITLE}</h1><p>3 May 2021 at 14:05, on 2 pages of 8</p></header>{ARTICLE}", "3 May 2021 at 14:05, on 2 pages of 8"),
        (f"<div>{ARTICLE}</div><div class=note><p>{LAST}</p></div>", LAST),
        (f"<div>{ARTICLE}<p>{LAST}</p><p><a href=/give>Donate now</a></p></div>", LAST),
        (f"<div>{ARTICLE}<p>Ines Valdry</p></div><p>More</p>", "Ines Valdry"),
        (f"<div>{ARTICLE}<h2>More</h2></div>{ARTICLE}", "More"),
    ],
    ids=["above a button", "a date", "another box", "a pitch", "no sentence", "a heading of another element"],
)  # fmt: skip
def test_what_only_stands_beside_the_article_goes(html, text):
    assert not kept(html, text)


@pytest.mark.parametrize(
    "quote", [f"<blockquote>{LAST}</blockquote>", f"<blockquote class=pull><p>{LAST}</p></blockquote>"]
)
def test_a_quotation_between_two_paragraphs_stays(quote):
    assert kept(f"<div>{ARTICLE}{quote}{ARTICLE}</div>", LAST)
    assert not kept(f"<div>{ARTICLE}</div><div>{quote}</div><div>{ARTICLE}</div>", LAST)
    assert not kept(f"<div>{ARTICLE}{quote}</div>", LAST)
    figure = f"<figure>{quote}<figcaption>Ines Valdry</figcaption></figure>"
    assert kept(f"<div>{ARTICLE}{figure}{ARTICLE}</div>", LAST)
    assert not kept(f"<div>{ARTICLE}{figure}</div>", LAST)


BOXED = f"{LAST} {SLUICE[0]}"


@pytest.mark.parametrize(
    ("html", "stays"),
    [
        ("<main><div>{article}</div><div class=end><p>{last}</p></div></main>", True),
        ("<main><div>{article}</div><div class=end><div class=in><p>{last}</p></div></div></main>", True),
        ("<main><div>{article}</div><div class=end><h3>Verdict</h3><p>{last}</p></div></main>", True),
        ("<main><div>{article}</div><div class=end><p>{last} desk@ostrel.example</p></div></main>", False),
        ("<main><div>{article}</div></main><div class=end><p>{last}</p></div>", False),
        ("<main><div>{article}</div><div class=end><p>{last}</p><p>Ines Valdry</p></div></main>", False),
        ("<main><div>{article}</div><div class=end><p>{last}</p></div><a href=/give>Donate now</a></main>", False),
        ("<main><div>{article}</div><div class=end><a href=/a>{last}</a></div></main>", False),
    ],
    ids=[
        "alone in its box",
        "in boxes",
        "below a heading",
        "whom to write to",
        "outside of the element around",
        "with a line",
        "a pitch",
        "a link",
    ],
)
def test_a_paragraph_alone_in_a_box_below_the_article_stays(html, stays):
    page = walk(f"<body>{html.format(article=ARTICLE, last=BOXED)}</body>", TITLE)
    last = next(index for index, text in enumerate(page.texts()) if text.startswith(LAST))
    doubts = {last: 0.5, last - 1: 0.5 if page.texts()[last - 1] == "Verdict" else -3.0}
    logits = np.array([doubts.get(i, -3.0 if text.startswith(SLUICE) else 3.0) for i, text in enumerate(page.texts())])
    assert bool(with_neighbours(blocks_of(page), logits)[last] < 0) == stays
    logits[last] = 1.5
    assert with_neighbours(blocks_of(page), logits)[last] > 0


@pytest.mark.parametrize(
    ("items", "stays"),
    [
        ("<li>Length: 17 metres</li><li>Built: 1903</li><li>Crew: three</li>", True),
        ("<li>Length: 17 metres</li><li>Built: 1903</li><li><a href=/crew>Crew</a></li>", False),
        ("<li>Length: 17 metres</li><li>Built: 1903</li>", False),
        ("<div>Length: 17 metres</div><div>Built: 1903</div><div>Crew: three</div>", True),
        ("<div>Length: 17 metres</div><p>Built: 1903</p><div>Crew: three</div>", False),
    ],
    ids=["facts", "with a link", "too few", "rows", "of several makes"],
)
def test_a_list_of_facts_between_two_paragraphs_stays(items, stays):
    html = f"<div>{ARTICLE}<aside><h3>In figures</h3><ul>{items}</ul></aside>{ARTICLE}</div>"
    page = walk(f"<main>{html}</main>", TITLE)
    logits = np.array([-3.0 if text.startswith(SLUICE) else 3.0 for text in page.texts()])
    found = dict(zip(page.texts(), with_neighbours(blocks_of(page), logits).tolist(), strict=True))
    assert (found["Built: 1903"] < 0) == (found["In figures"] < 0) == stays
