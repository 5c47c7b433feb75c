"""Blocks → boxes within an article that offer a newsletter or a subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.boxes import ARTICLE, ROOTS
from noisefilter.blocks.siblings import MIN_SIBLINGS
from noisefilter.blocks.table import SAME_TITLE
from noisefilter.text.cues import cue_flags

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags
    from noisefilter.blocks.table import BlockTable

#: Cues of the button or link that an offer ends in, and its most words.
OFFERS, MOST_CONTROL = frozenset(("donation", "login", "newsletter")), 8
BUTTONS = frozenset(("button", "form"))
#: Most words of a box; it has no block whose log-odds are at most `SURELY_ARTICLE`, and the page keeps more words than this
#: many times those of the box.
MOST_WORDS, SURELY_ARTICLE, TIMES = 80, -2.5, 2
#: Most offers that are looked at; only hostile pages have more.
MOST_OFFERS = 50


def find_offers(table: BlockTable, logits: Column) -> Flags:
    """Blocks of boxes around a field for an address, or around a control that offers to subscribe: (blocks,).

    Args:
        table: blocks of one HTML page that is surely an article.
        logits: of boilerplate, of each block.
    """
    found = np.zeros(len(table), np.bool_)
    cued = cue_flags("boilerplate", OFFERS)[table.cue] & (table.words <= MOST_CONTROL)
    controls = cued & ((table.links > 0) | np.array([block.tag in BUTTONS for block in table.page.blocks]))
    alike = table.elements.alike  # several alike are questions that unfold, or steps
    controls &= np.bincount(alike)[alike[table.place]] < MIN_SIBLINGS
    seeds = [*table.page.fields, *table.place[controls].tolist()]
    if not seeds:
        return found
    kept = table.words * (logits < 0)
    closed = (logits <= SURELY_ARTICLE) | (table.title_share >= SAME_TITLE)
    for seed in seeds[:MOST_OFFERS]:
        first, last = _box_around(table, seed, closed)
        inside = kept[first:last].sum()
        if TIMES * inside < kept.sum() - inside:
            found[first:last] = True
    return found


def _box_around(table: BlockTable, place: int, closed: Flags) -> tuple[int, int]:
    """First block, and the one after the last, of the largest small element around a place."""
    page, places = table.page, table.elements
    found = (0, 0)
    while place >= 0 and places.words[place] <= MOST_WORDS and page.places[place].tag not in ROOTS | ARTICLE:
        first, last = page.ranges[place]
        if closed[first:last].any():
            break
        found = (first, last)
        place = page.places[place].parent
    return found
