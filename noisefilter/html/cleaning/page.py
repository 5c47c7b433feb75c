"""Page and `Score` → the cleaned page: what is kept, written by allow-list, in a document of our own."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from noisefilter.html.cleaning.allowed import allow
from noisefilter.html.cleaning.writing import Kept, add_around, raw_characters, raw_text, write_kept
from noisefilter.html.parse import NoElementError, parse_html
from noisefilter.html.walk import Piece, split_tree
from noisefilter.page import read_page, scrub
from noisefilter.types import kept_ranges

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lxml.html import HtmlElement

    from noisefilter.types import Page, Score

#: What `html` or `body` say of all the text in them.
OF_THE_WHOLE = ("lang", "dir")


def clean_page(page: Page, score: Score, kinds: Collection[str]) -> str:
    """HTML of the page with the score's spans of the named kinds cut out, "" if it cannot be read.

    Kept text keeps those of its elements, attributes and links that are allowed (`allowed.py`); nothing else comes out.
    Title and character set stand in the head.
    """
    read = read_page(page)
    if read.status != "ok":
        return ""
    try:
        tree = parse_html(str(read.content))
    except NoElementError:
        return ""
    pieces: list[Piece] = []
    if split_tree(tree, page.title, pieces).text != score.visible_text:  # nested deeper than a tree can be
        return _document(score.title, {}, f"<pre>{escape(score.clean(kinds), quote=False)}</pre>")
    ranges = kept_ranges(score.visible_text, (span for span in score.spans if span.kind in kinds))
    kept = _cut_pieces(pieces, ranges, len(score.visible_text))
    roots = [tree, *tree.iterchildren("body")]
    whole = {name: root.get(name) for name in OF_THE_WHOLE for root in roots if root.get(name)}
    return _document(score.title, whole, allow(write_kept(tree, kept)))


def _document(title: str | None, whole: dict[str, str], body: str) -> str:
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in whole.items())
    named = f"<title>{escape(scrub(title), quote=False)}</title>" if title else ""
    return f'<!doctype html>\n<html{attributes}><head><meta charset="utf-8">{named}</head><body>{body}</body></html>'


def _cut_pieces(pieces: Sequence[Piece], ranges: Sequence[tuple[int, int]], length: int) -> Kept:
    """What stays of each stretch of text, and of which elements something stays."""
    stays = bytearray(length + 1)
    for start, end in ranges:
        stays[start:end] = b"\x01" * (end - start)
    texts: dict[tuple[HtmlElement, bool], str] = {}
    held: set[HtmlElement] = set()
    holding: set[HtmlElement] = set()
    for piece in pieces:
        remaining = texts[piece.element, piece.is_tail] = _remaining(piece, stays)
        add_around(piece, held)
        if remaining.strip():
            add_around(piece, holding)
    return Kept(texts, holding, held - holding)


def _remaining(piece: Piece, stays: bytearray) -> str:
    """The raw text without the characters whose place in the visible text is cut."""
    raw = raw_text(piece)
    if stays.find(0, piece.start, piece.start + len(raw)) < 0:  # the visible text is no longer than the raw
        return raw
    last = len(stays) - 1
    kept = (character for character, place in raw_characters(piece) if place is not None and stays[min(place, last)])
    return raw[: piece.lead] + "".join(kept)
