"""Any tree of elements is walked as the document says: properties over generated HTML, against a plain recursive reading."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from noisefilter.html.parse import parse_html
from noisefilter.html.tags import BLOCK_LEVEL, SKIPPED
from noisefilter.html.walk import BlockedPage, Piece, split_tree
from noisefilter.text.sentences import split_sentences

if TYPE_CHECKING:
    from lxml.html import HtmlElement

EDGE = "\x1f"  # between blocks, in the plain reading
INLINE = ("a", "abbr", "b", "em", "font", "i", "label", "q", "small", "span", "strong", "sup", "time", "u", "x-card")
VOID = ("br", "br", "hr", "img", "wbr", "input", "area", "col")
FOREIGN = ("svg", "math", "g", "text", "mi", "foreignobject", "desc")
PARTS = ("table", "tbody", "tr", "td", "th", "dl", "dt", "dd", "ul", "li", "select", "option", "details", "summary")
OTHERS = ("html", "head", "body", "title", "frameset", "noframes", "marquee", "ruby", "rt", "slot", "xmp", "plaintext")
WITH_CONTENT = (*sorted(BLOCK_LEVEL | SKIPPED - set(VOID)), *INLINE, *FOREIGN, *PARTS, *OTHERS)
WORDS = (
    "rain",
    "Fell.",
    "on the dam ",
    " It held",
    "\n",
    "\n\n",
    " ",
    "  two\n lines \n",
    "\t",
    "a\u00a0b",
    "1 < 2 &amp; 3",
    "雨",
    "x",
)

texts = st.sampled_from(WORDS)
void_elements = st.sampled_from(VOID).map(lambda tag: f"<{tag}>")


def elements(children):
    tags = st.one_of(
        st.sampled_from(("pre", "pre", "p", "div", "a", "table", "template")), st.sampled_from(WITH_CONTENT)
    )
    closed = st.integers(0, 9)  # one in ten is left open
    return st.builds(
        lambda tag, inside, number: f'<{tag} class="c" href="/x">{"".join(inside)}' + (f"</{tag}>" if number else ""),
        tags,
        st.lists(children, max_size=5),
        closed,
    )


trees = st.recursive(st.one_of(texts, void_elements), elements, max_leaves=30)
pages = st.lists(trees, min_size=1, max_size=8).map("".join)
MANY = settings(
    max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
OPENINGS = (
    "<p>Rain</p><pre><br>code</pre><p>Sun</p>",
    "<p>Rain</p><pre><script>go()</script><br>\ncode</pre><p>Sun</p>",
    "<p>Rain</p><pre><svg><br></svg><br><br> <br></pre><p>Sun</p>",
    "<pre><br><a href=/x>code</a></pre><p>Sun</p>",
    "<pre>a<b>\n b</b>\n\nc</pre>",
)


def read_plainly(element, *, verbatim: bool = False) -> str:
    """All text that a reader could see, with an `EDGE` wherever a block ends."""
    tag = element.tag
    out = ""
    if tag not in SKIPPED:
        is_block = tag in BLOCK_LEVEL or "-" in tag
        inner = verbatim or tag == "pre"
        out = element.text or ""
        if tag == "br":
            out = ("\n" if verbatim else EDGE) + out
        for child in element:
            out += read_plainly(child, verbatim=inner) + (child.tail or "")
        if is_block:
            out = f"{EDGE}{out}{EDGE}"
    return out


def walk(page: str) -> tuple[BlockedPage, list[Piece], HtmlElement]:
    pieces: list[Piece] = []
    tree = parse_html(f"<body>{page}")
    return split_tree(tree, None, pieces), pieces, tree


def check_walk(page: str) -> None:
    blocked, pieces, tree = walk(page)
    read = [part.split() for part in read_plainly(tree).split(EDGE)]
    assert [text.split() for text in blocked.texts()] == [words for words in read if words]
    position = 0
    for block in blocked.blocks:
        assert blocked.text[position : block.start] in {"", "\n", "\n\n", "\t"}
        assert (position == 0) == (block.start == 0)
        assert block.start < block.end
        assert not blocked.text[block.end - 1].isspace()
        assert blocked.text[block.start] != "\n"
        assert all(block.start <= link.start < link.end <= block.end for link in block.links)
        assert 0 <= block.bold <= block.end - block.start
        position = block.end
    assert position == len(blocked.text)
    for piece in pieces:
        raw = ((piece.element.tail if piece.is_tail else piece.element.text) or "")[piece.lead :]
        words = raw if piece.verbatim else " ".join(raw.split())
        assert blocked.text[piece.start :].startswith(words.rstrip())


@MANY
@given(pages)
@example(OPENINGS[0])
@example(OPENINGS[1])
@example(OPENINGS[2])
@example(OPENINGS[3])
@example(OPENINGS[4])
def test_blocks_hold_what_the_document_says_in_its_order(page):
    check_walk(page)


@MANY
@given(pages)
def test_sentences_lie_inside_their_block_and_leave_out_only_blanks(page):
    blocked = walk(page)[0]
    sentences = split_sentences(blocked)
    assert all(one.end <= two.start for one, two in pairwise(sentences))
    for index, block in enumerate(blocked.blocks):
        own = [sentence for sentence in sentences if sentence.block == index]
        assert all(block.start <= sentence.start < sentence.end <= block.end for sentence in own)
        said = "".join(blocked.text[sentence.start : sentence.end] for sentence in own)
        assert "".join(said.split()) == "".join(blocked.text[block.start : block.end].split())


@pytest.mark.parametrize("page", OPENINGS[:3])
def test_a_break_before_the_first_word_of_pre_moves_nothing(page):
    texts = walk(page)[0].texts()
    assert (texts[0], texts[-1]) == ("Rain", "Sun")


@pytest.mark.parametrize(
    "html",
    [
        "<pre><div>a&#2;</div><div>b</div></pre>",
        "<x-card><template shadowrootmode=open><slot></slot></template>&#4;rain</x-card>",
    ],
)
def test_what_xml_has_no_room_for_is_mended_too(html):
    assert "\ufffd" in walk(html)[0].text
