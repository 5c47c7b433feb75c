"""Text → tree: an HTML page as lxml reads it, mended where browsers read it otherwise."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import lxml.html

from noisefilter.html.code import frame_plain_code, join_code_lines, may_hold_plain_code
from noisefilter.html.mending import close_asides, open_shadow_roots
from noisefilter.html.tags import by_tag

if TYPE_CHECKING:
    from lxml.html import HtmlElement

#: libxml2's own limit with `huge_tree` is 2,048.
PARSER_DEPTH = 2_000
INVISIBLE = re.compile(
    r"<(script|style|template|head)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL
)
TAG = re.compile(r"</?[a-zA-Z][^<>]*+>")


class NoElementError(ValueError):
    """HTML in which lxml finds no element."""


def parse_html(text: str, parser_class: type[lxml.etree.HTMLParser] = lxml.html.HTMLParser) -> HtmlElement:
    """Tree of an HTML page, without comments and processing instructions.

    lxml's plain parser class is faster, but its elements lack the methods that cutting and trafilatura need.

    Raises:
        NoElementError: lxml finds none.
    """
    parser = parser_class(huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8", collect_ids=False)
    try:
        tree: HtmlElement = lxml.html.document_fromstring(text.encode(), parser=parser)
    except lxml.etree.ParserError as error:
        raise NoElementError(f"no element in the page: {error}") from error
    if may_hold_plain_code(text):
        frame_plain_code(tree)
    close_asides(text, tree)
    mend(tree)
    return tree


def mend(tree: HtmlElement) -> None:
    """Make of lxml's tree what a browser shows; one pass finds what there is to mend."""
    found = by_tag(tree, "template", "pre", "code", "table")
    if found["template"]:
        open_shadow_roots(tree)
    join_code_lines(found["pre"], found["code"], found["table"])


def strip_tags(text: str) -> str:
    """Text between the tags of a page, scripts and styles left out."""
    lines = (line.strip() for line in unescape(TAG.sub("\n", INVISIBLE.sub("\n", text))).split("\n"))
    return "\n".join(line for line in lines if line)
