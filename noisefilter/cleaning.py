"""`Score` → HTML: the page's own markup without what the spans cover."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

import lxml.html
from lxml_html_clean import Cleaner

from noisefilter.blocks import HIDDEN_STYLE, SKIPPED, Piece, parse_html, split_tree
from noisefilter.page import read_page
from noisefilter.types import kept_ranges

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lxml.html import HtmlElement

    from noisefilter.types import Page, Score

CLEANER = Cleaner(
    page_structure=False, meta=False, links=False, style=True, inline_style=False, forms=False, annoying_tags=False,
    remove_unknown_tags=False, safe_attrs_only=False,
)  # fmt: skip
#: Elements without text that mean something by themselves.
STANDING = frozenset("img br hr picture source table td th tr".split())
#: Sizes of images that count readers.
PIXEL_SIZES = frozenset(("0", "1", "0px", "1px"))
PIXEL_STYLE = re.compile(r"(?:^|;)\s*(?:width|height)\s*:\s*[01]px", re.IGNORECASE)
#: Elements that are dropped although a reader sees nothing of them: code, trackers, embedded pages.
DROPPED = (SKIPPED | {"link", "base", "meta", "title"}) - STANDING


def clean_page(page: Page, score: Score, kinds: Collection[str]) -> str:
    """HTML of the page with the score's spans of the named kinds cut out, "" if it cannot be read.

    Scripts, styles, forms' fields, embedded pages, event handlers and `javascript:` links go; kept text keeps its
    elements and links. The title and the character set stay in the head.
    """
    read = read_page(page)
    if read.status != "ok":
        return ""
    try:
        tree = parse_html(str(read.content))
    except ValueError:
        return ""
    pieces: list[Piece] = []
    if split_tree(tree, page.title, pieces).text != score.visible_text:  # nested deeper than a tree can be
        return f"<!doctype html><html><body><pre>{escape(score.clean(kinds))}</pre></body></html>"
    kept = kept_ranges(score.visible_text, (span for span in score.spans if span.kind in kinds))
    emptied = _cut_pieces(pieces, kept, len(score.visible_text))
    _prune(tree, emptied)
    _disarm(tree)
    head = tree.find("head")
    if head is None:
        head = tree.makeelement("head")
        tree.insert(0, head)
    head.insert(0, head.makeelement("meta", {"charset": "utf-8"}))
    if score.title:
        title = head.makeelement("title")
        title.text = score.title
        head.append(title)
    return str(lxml.html.tostring(tree, encoding="unicode", doctype="<!doctype html>"))


def _cut_pieces(pieces: Sequence[Piece], kept: Sequence[tuple[int, int]], length: int) -> set[HtmlElement]:
    """Take what is not kept out of each stretch of text; returns the elements that lost all that they held."""
    stays = bytearray(length + 1)
    for start, end in kept:
        stays[start:end] = b"\x01" * (end - start)
    held: set[HtmlElement] = set()
    holding: set[HtmlElement] = set()
    for piece in pieces:
        raw = (piece.element.tail if piece.is_tail else piece.element.text) or ""
        remaining = _remaining(raw, piece, stays)
        if piece.is_tail:
            piece.element.tail = remaining
        else:
            piece.element.text = remaining
        around = piece.element.getparent() if piece.is_tail else piece.element
        for found in (held, holding) if remaining.strip() else (held,):
            element = around
            while element is not None and element not in found:
                found.add(element)
                element = element.getparent()
    return held - holding


def _remaining(raw: str, piece: Piece, stays: bytearray) -> str:
    """The raw text without the characters whose place in the visible text is cut.

    Outside `pre` the visible text holds each run of blanks as one.
    """
    position, out = piece.start, []
    blank = False
    for offset, character in enumerate(raw):
        repeated = not piece.verbatim and blank and character.isspace()
        blank = character.isspace()
        if offset < piece.lead or repeated:
            out.append(character if offset < piece.lead else "")
            continue
        if stays[min(position, len(stays) - 1)]:
            out.append(character)
        position += 1
    return "".join(out)


def _prune(tree: HtmlElement, emptied: set[HtmlElement]) -> None:
    """Drop invisible elements and those that lost all their text, with the pictures that stood beside it."""
    for element in list(tree.iter()):
        if element.tag in DROPPED or (element in emptied and element.tag not in {"html", "body"}):
            element.drop_tree()
    for element in reversed(list(tree.iter())):
        empty = not (element.text or "").strip() and not len(element)
        if element is not tree and empty and element.tag not in STANDING and element.tag not in {"head", "body"}:
            element.drop_tree()


def _disarm(tree: HtmlElement) -> None:
    """Take out scripts, event handlers, script links, embedded pages, pings, and images that nobody is to see."""
    CLEANER(tree)
    for element in list(tree.iter("img", "a", "area")):
        if element.tag != "img":
            element.attrib.pop("ping", None)
        elif _is_pixel(element):
            element.drop_tree()


def _is_pixel(image: HtmlElement) -> bool:
    """Whether an image is there to be counted, not to be seen."""
    sizes = {image.get("width"), image.get("height")}
    style = image.get("style", "")
    return bool(sizes & PIXEL_SIZES) or HIDDEN_STYLE.search(style) is not None or PIXEL_STYLE.search(style) is not None
