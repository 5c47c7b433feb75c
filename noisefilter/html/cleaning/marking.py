"""Page and `Score` → the page with its spans marked where they stand, written by the allow-list of `clean_html`, without addresses.

The writer escapes texts, so marks travel through it as noncharacters, which no page may hold, and become elements at the end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

import nh3
import numpy as np

from noisefilter.html.cleaning.allowed import ATTRIBUTES, ELEMENTS
from noisefilter.html.cleaning.writing import Kept, add_around, raw_characters, raw_text, write_kept
from noisefilter.html.parse import NoElementError, parse_html
from noisefilter.html.walk import Piece, split_tree
from noisefilter.kinds import WORST_FIRST
from noisefilter.page import read_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lxml.html import HtmlElement

    from noisefilter.types import Page, Score, Span

#: A mark begins: OPEN, the span's number as digits, SHUT; it ends: CLOSE. Unicode keeps these for internal use.
OPEN, SHUT, CLOSE = "\ufdd0", "\ufdd1", "\ufdd2"
INTERNAL = re.compile("[\ufdd0-\ufdd2]|&#(?:[xX]0*[fF][dD][dD][0-2]|0*6497[6-8]);?")
BEGUN = re.compile(f"{OPEN}([0-9]+){SHUT}")
#: What shows a page must load nothing and lead nowhere: no pictures, no addresses, and no marks but ours.
ADDRESSES = frozenset("cite class href src srcset sizes target".split())
CLEANER = nh3.Cleaner(
    tags=set(ELEMENTS - {"img", "mark", "picture", "source"}),
    link_rel=None,
    attributes={name: names - ADDRESSES for name, names in ATTRIBUTES.items() if name not in {"img", "source"}},
)


def marked_html(page: Page, score: Score, describe: Callable[[Span], str]) -> str | None:
    """The body's HTML with each span in `<mark class="KIND" title="…">`; None for a page that cannot be marked.

    Args:
        page: HTML.
        score: its score.
        describe: what the title of a mark says.
    """
    read = read_page(page)
    if read.status != "ok" or read.format != "html":
        return None
    try:
        tree = parse_html(INTERNAL.sub(" ", str(read.content)))
    except NoElementError:
        return None
    pieces: list[Piece] = []
    if split_tree(tree, page.title, pieces).text != score.visible_text:  # nested deeper than a tree can be
        return None
    html = CLEANER.clean(write_kept(tree, _mark_pieces(pieces, visible_stretches(score.spans))))
    html = BEGUN.sub(lambda found: _tag(score.spans[int(found[1])], describe), html)
    return html.replace(CLOSE, "</mark>")


def _tag(span: Span, describe: Callable[[Span], str]) -> str:
    return f'<mark class="{span.kind}" tabindex="0" title="{escape(describe(span))}">'


def visible_stretches(spans: Sequence[Span]) -> list[tuple[int, int, int]]:
    """Start, end and number of the span that is seen there: where kinds overlap, the worse one."""
    seen = np.full(max((span.end for span in spans), default=0), -1)
    worst_first = sorted(range(len(spans)), key=lambda number: WORST_FIRST.index(spans[number].kind))
    for number in reversed(worst_first):
        seen[spans[number].start : spans[number].end] = number
    edges = np.flatnonzero(np.diff(seen, prepend=-1, append=-1)).tolist()
    return [(start, end, int(seen[start])) for start, end in pairwise(edges) if seen[start] >= 0]


def _mark_pieces(pieces: Iterable[Piece], stretches: Sequence[tuple[int, int, int]]) -> Kept:
    """All texts of the page, with marks; every element that text stands in is held."""
    starts = [start for start, _, _ in stretches]
    texts: dict[tuple[HtmlElement, bool], str] = {}
    holding: set[HtmlElement] = set()
    for piece in pieces:
        texts[piece.element, piece.is_tail] = _mark(piece, stretches, starts)
        add_around(piece, holding)
    return Kept(texts, holding, frozenset())


def _mark(piece: Piece, stretches: Sequence[tuple[int, int, int]], starts: Sequence[int]) -> str:
    """A raw text with marks."""
    raw = raw_text(piece)
    place = max(0, bisect_right(starts, piece.start) - 1)
    while place < len(stretches) and stretches[place][1] <= piece.start:
        place += 1
    last = piece.start + len(raw)  # or before it: the visible text is no longer than the raw
    if place == len(stretches) or stretches[place][0] >= last:
        return raw
    if stretches[place][0] <= piece.start and stretches[place][1] >= last:
        return f"{OPEN}{stretches[place][2]}{SHUT}{raw}{CLOSE}"
    out = [raw[: piece.lead]]
    inside = False
    for character, position in raw_characters(piece):
        if position is not None:
            while place < len(stretches) and stretches[place][1] <= position:
                if inside:
                    out.append(CLOSE)
                    inside = False
                place += 1
            if not inside and place < len(stretches) and stretches[place][0] <= position:
                out.append(f"{OPEN}{stretches[place][2]}{SHUT}")
                inside = True
        out.append(character)
    return "".join([*out, CLOSE]) if inside else "".join(out)
