"""Blocks → what is no part of the article around it: offers to subscribe, lists of other stories, what stands apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.boxes import ARTICLE, ROOTS
from noisefilter.blocks.siblings import MIN_SIBLINGS
from noisefilter.blocks.table import CLOSING, SAME_TITLE
from noisefilter.text.cues import cue_flags

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags
    from noisefilter.blocks.table import BlockTable

#: Cues of the button or link that an offer ends in, and its most words.
OFFERS, MOST_CONTROL = frozenset(("donation", "login", "newsletter")), 8
BUTTONS = frozenset(("button", "form"))
#: Most words of a box; it has no block whose log-odds are at most `SURELY_ARTICLE`, and the page keeps more words than this
#: many times those of the box.
MOST_OFFER, SURELY_ARTICLE, TIMES = 80, -2.5, 2
#: Most offers that are looked at; only hostile pages have more.
MOST_OFFERS = 50
#: This many blocks of boilerplate in a row set apart what follows.
APART = 3
#: Mean log-odds, weighted by words, above which an island is removed; in an unknown language log-odds are less sure.
DOUBTFUL, DOUBTFUL_UNKNOWN = -1.25, -2.0
KEPT = 0.5
#: Cue of the line above a list of other stories, most words of an English one, and fewest headlines.
LISTS, MOST_LABEL, MIN_LISTED = frozenset(["trending"]), 8, 3
#: Mean words of the headlines at least, since an article may end in a list of names; most words of one.
MEAN_HEADLINE, MOST_HEADLINE = 4, 20


def find_offers(table: BlockTable, logits: Column) -> Flags:
    """Blocks of boxes around a field for an address, or around a control that offers to subscribe: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    cued = cue_flags("boilerplate", OFFERS)[table.cue] & (table.words <= MOST_CONTROL)
    controls = cued & ((table.links > 0) | np.array([tag in BUTTONS for tag in table.page.block_tags]))
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
    while place >= 0 and places.words[place] <= MOST_OFFER and page.places.tags[place] not in ROOTS | ARTICLE:
        first, last = page.places.firsts[place], page.places.lasts[place]
        if closed[first:last].any():
            break
        found = (first, last)
        place = page.places.parents[place]
    return found


def find_islands(table: BlockTable, logits: Column) -> Flags:
    """Blocks of doubtful stretches that stand apart from the page's largest one: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    kept = np.flatnonzero(logits < KEPT)
    stretches = np.split(kept, np.flatnonzero(np.diff(kept) > APART) + 1)
    if len(stretches) < 2:
        return found
    mass = [float((table.words[inside] * logits[inside]).sum()) for inside in stretches]
    limit = DOUBTFUL if table.known.all() else DOUBTFUL_UNKNOWN
    main = int(np.argmin(mass))
    for index, inside in enumerate(stretches):
        if index == main or mass[index] <= limit * table.words[inside].sum():
            continue
        headline = slice(max(0, int(inside[0]) - APART), inside[0])
        if index > main or not (table.title_share[headline] >= SAME_TITLE).any():
            found[inside] = True
    return found


def find_lists(table: BlockTable, logits: Column) -> Flags:
    """Blocks of a list of headlines under a line as "Most read", if nothing that is kept comes after it: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    labels = cue_flags("boilerplate", LISTS)[table.cue]
    if not labels.any():
        return found
    kept = np.flatnonzero(logits < 0)
    labels &= (table.words <= MOST_LABEL) | (table.spoken == 0)  # in other languages the cue is a whole line
    if not len(kept) or not labels[: kept[-1]].any():
        return found
    label = int(np.flatnonzero(labels[: kept[-1]])[-1])
    end, tag = label + 1, table.page.blocks[label + 1].tag
    while end < len(table) and table.words[end] <= MOST_HEADLINE:
        block = table.page.blocks[end]
        if block.tag != tag or table.page.text[block.end - 1] in CLOSING:
            break
        end += 1
    if end - label > MIN_LISTED and kept[-1] < end and table.words[label + 1 : end].mean() >= MEAN_HEADLINE:
        found[label:end] = True
    return found
