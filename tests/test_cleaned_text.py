"""Whatever the markup: the text of the cleaned page is the text of the score, and nothing but the allowed comes out."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from noisefilter import Page, Score, score
from noisefilter.html.cleaning.page import clean_page
from noisefilter.types import Span
from tests.making import squeeze, visible, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

ELEMENTS = (
    "a abbr applet article audio b big blink blockquote body br button canvas caption center cite code col colgroup data dd del "
    "details dialog div dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h6 head header hr html i "
    "iframe image img input ins label layer legend li link listing main map mark marquee math menu meta nav nobr noembed "
    "noframes noscript object ol optgroup option p param picture plaintext pre q rb rp rt rtc ruby s script section select slot "
    "small source span strike style sub summary sup svg table tbody td template textarea tfoot th thead time title tr track tt "
    "u ul var video wbr x-card xmp"
).split()
ROWS = ("table", "tr", "td", "tbody", "th", "caption", "form", "col", "p", "br", "font")
ATTRIBUTES = (
    "", " hidden", " style='display:none'", " style='left:-9999px'", " style='width:1px;height:1px'", " width=1", " class=pixel",
    " src=/a.png alt=b", " on\x02x=1", " title='\x0b\ufffe'", " href='&#1;java&#10;script:x'", " target=x rel=opener", " lang=de",
)  # fmt: skip
TEXTS = st.text("ab<>&\"'{} \n\t\x01\x0b\x0c\x1b\x85\xa0\u2028\ufffe🌧", max_size=5)


def element(children: st.SearchStrategy[str], names: Sequence[str]) -> st.SearchStrategy[str]:
    """An element around others; one in six is not closed, as on the web."""
    return st.builds(
        lambda name, attributes, inside, closed: f"<{name}{attributes}>{inside}{f'</{name}>' if closed else ''}",
        st.sampled_from(names), st.sampled_from(ATTRIBUTES), children, st.sampled_from((True,) * 5 + (False,)),
    )  # fmt: skip


def markup(names: Sequence[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        TEXTS.map(lambda text: escape(text, quote=False))
        | st.sampled_from(("word ", "&#1;", "&#12;", "&#x80;", "&lt;b&gt;")),
        lambda inner: st.lists(element(inner, names) | inner, max_size=4).map("".join),
        max_leaves=25,
    )


PAGES = st.one_of(markup(ELEMENTS), markup(ROWS)).map(lambda inside: f"<p>Rain {inside}")
EMPTY = score("<p>Rain</p>", format="html")


def scored(page: str, *ranges: tuple[int, int]) -> Score:
    """A score of a page that cuts some ranges of its text, as if a model had found them."""
    text = walk(page).text
    spans = []
    position = 0
    for start, length in ranges:
        start, end = min(len(text), position + start), min(len(text), position + start + length)
        if start < end:
            spans.append(Span(start, end, "off_topic", 1.0, "by hand"))
            position = end
    return replace(EMPTY, visible_text=text, spans=tuple(spans))


@settings(max_examples=400, deadline=None)
@given(PAGES, st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), max_size=3))
def test_the_text_of_a_cleaned_page_is_what_the_score_says(page, ranges):
    result = scored(page, *ranges)
    cleaned = clean_page(Page(page, format="html"), result, {"off_topic"})
    assert squeeze(visible(cleaned)) == squeeze(result.clean({"off_topic"}))
