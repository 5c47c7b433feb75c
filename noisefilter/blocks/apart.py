"""Blocks → what is no part of the article around it: offers to subscribe, lists of other stories, what stands apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.beside import OFFERS, find_standfirst
from noisefilter.blocks.boxes import ARTICLE, ROOTS
from noisefilter.blocks.places import GROUP, NAME, NAME_ROWS, in_groups, name_rows
from noisefilter.blocks.siblings import BUTTON, LINKED, MIN_SIBLINGS
from noisefilter.blocks.table import CLOSING, SAME_TITLE
from noisefilter.html.tags import CELLS
from noisefilter.text.cues import cue_flags

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags
    from noisefilter.blocks.table import BlockTable

#: Most words of a control, or characters where words are signs.
MOST_CONTROL, SHORT_CONTROL = 8, 15
#: Groups of tags in which a link is an item or a heading, no control. The target of a note.
IS_LISTED = in_groups("h1", "h2", "h4", "li", "cell", "quote")
HEADLINE = GROUP["h1"]
NOTE = re.compile("#.")
#: Most words of a box; it has no block whose log-odds are at most `SURELY_ARTICLE`, and the page keeps more words than this
#: many times those of the box.
MOST_OFFER, SURELY_ARTICLE, TIMES = 80, -3.5, 2
#: Most offers that are looked at; only hostile pages have more.
MOST_OFFERS = 50
#: Names of boxes about the author, and rows of the hash table that have them.
AUTHOR = frozenset("author auteur autor autore autores autors autorze bio".split())
IS_AUTHOR = np.isin(np.arange(NAME_ROWS), name_rows(" ".join(AUTHOR), ""))
#: Largest share of what is kept that stands above the headline, or the headline is another.
MOST_ABOVE = 0.1
#: Fewest words that the cell of a layout keeps which holds the article.
LEAST_IN_CELL = 40
#: This many blocks of boilerplate in a row set apart what follows.
APART = 3
#: Mean log-odds, weighted by words, above which an island is removed; in an unknown language log-odds are less sure, but
#: less so for one with a line beside the article's paragraphs, of the same tag and names.
DOUBTFUL, DOUBTFUL_UNKNOWN, DOUBTFUL_BESIDE = -1.25, -2.0, -1.0
KEPT = 0.5
#: Cue of the line above a list of other stories, most words of an English one, and fewest headlines.
LISTS, MOST_LABEL, MIN_LISTED = frozenset(["trending"]), 8, 3
#: Mean words of the headlines at least, since an article may end in a list of names; most words of one.
MEAN_HEADLINE, MOST_HEADLINE = 4, 20


def find_offers(table: BlockTable, logits: Column) -> Flags:
    """Blocks of boxes around a field for an address, around or above a button or link, or about the author: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    cued, alone = _controls(table, logits)
    sure = [*table.page.fields, *table.place[cued].tolist(), *_of_author(table)]
    above = set(table.place[alone].tolist()).difference(sure)
    kept = table.words * (logits < 0)
    closed = (logits <= SURELY_ARTICLE) | (table.title_share >= SAME_TITLE) | find_standfirst(table)
    for seed in [*sure, *sorted(above)][:MOST_OFFERS]:
        first, last = _box_around(table, seed, closed)
        inside = kept[first:last].sum()
        ends = seed not in above or last == first or logits[last - 1] > 0
        if ends and TIMES * inside < kept.sum() - inside:
            found[first:last] = True
    return found


def _of_author(table: BlockTable) -> list[int]:
    """Places that are called the author's; rows of the hash table of names find the few that may be."""
    likely = np.unique(table.names[0][IS_AUTHOR[table.names[1]]]).tolist()
    return [place for place in likely if not AUTHOR.isdisjoint(NAME.findall(table.page.places.names[place]))]


def _controls(table: BlockTable, logits: Column) -> tuple[Flags, Flags]:
    """Controls that a cue names, and those that are a button or one link by themselves and go: (blocks,) each.

    Several alike are questions that unfold, or steps, and links within the page are notes.
    """
    short = (table.words <= MOST_CONTROL) | (table.characters <= SHORT_CONTROL)
    button = table.tag_group == BUTTON
    goes = short & (logits > 0)
    alone = goes & (table.links == 1) & (table.linked >= LINKED * table.characters)
    alone &= ~IS_LISTED[table.tag_group]
    for index in np.flatnonzero(alone).tolist():
        alone[index] = NOTE.match(table.page.blocks[index].links[0].href) is None
    cued = cue_flags("boilerplate", OFFERS)[table.cue] & short & ((table.links > 0) | button)
    alone |= button & goes
    alike = table.elements.alike
    single = np.bincount(alike)[alike[table.place]] < MIN_SIBLINGS
    return cued & single, alone & single


def find_above(table: BlockTable, logits: Column) -> Flags:
    """Short lines above the headline of a page that keeps hardly anything there: (blocks,)."""
    heads = (table.tag_group == HEADLINE) & (table.title_share >= SAME_TITLE)
    above = np.arange(len(table)) < (np.argmax(heads) if heads.any() else 0)
    kept = table.words * (logits < 0)
    return above & (table.words <= MOST_LABEL) & (kept[above].sum() < MOST_ABOVE * kept.sum())


def find_columns(table: BlockTable, logits: Column) -> Flags:
    """Blocks beside the cell that holds the article, in tables around it most of whose kept words are there: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    places, tags = table.elements, table.page.places.tags
    kept = places.inside(table.words * (logits < 0))
    place, cell = places.main, -1
    while place >= 0:
        if tags[place] in CELLS:
            cell = place
        elif tags[place] == "table" and cell >= 0:
            if kept[cell] >= LEAST_IN_CELL and kept[place] < TIMES * kept[cell]:
                found[places.first[place] : places.first[cell]] = True
                found[places.last[cell] : places.last[place]] = True
            cell = -1
        place = int(places.parent[place])
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
    make = table.elements.make[table.place]
    beside = np.isin(make, make[stretches[main]][table.prose[stretches[main]]]) & (table.spoken == 0)
    for index, inside in enumerate(stretches):
        least = DOUBTFUL_BESIDE if beside[inside].any() else limit
        if index == main or mass[index] <= least * table.words[inside].sum():
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
