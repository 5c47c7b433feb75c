"""Blocks → what is no part of the article around it: offers to subscribe, lists of other stories, what stands apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.beside import OFFERS, find_standfirst
from noisefilter.blocks.boxes import ARTICLE, ROOTS
from noisefilter.blocks.places import GROUP, any_of, in_groups, with_names
from noisefilter.blocks.siblings import BUTTON, LINKED, MIN_SIBLINGS
from noisefilter.blocks.table import PROSE_WORDS, SAME_TITLE
from noisefilter.html.tags import CELLS
from noisefilter.text.cues import cue_flags

if TYPE_CHECKING:
    from collections.abc import Iterable

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
#: Places named as boxes about the author or as offers.
boxes_in = with_names(
    any_of("author auteur autor autore autores autors autorze bio paywall meter regwall donate donation")
)
#: Places named as what is put between the parts of an article or below a post: advertisements, appeals, signatures, and bylines;
#: most words of one.
inserts_in = with_names(
    any_of(
        "ad ads adv advert adverts advertisement advertising adslot adbox adunit adsense adsbygoogle gpt dfp sponsored promoted "
        "affiliate disclosure disclaimer feedback survey appeal ambox hatnote promo promotion poll quiz app-banner app-promo "
        "anzeige werbung reklama reklame publicidad publicite pubblicita call-to-action cta signature byline"
    )
)
MOST_INSERTED = 40
#: Most lines and words of a caption, elements that are an article's whatever picture they hold, and groups of tags.
MOST_LINES, MOST_CAPTION, TEXTS = 2, 25, frozenset(("p", "li", "dd", "dt", "dl"))
IS_ITEM = in_groups("h1", "h2", "h4", "li")
#: Boxes that hold this share of all that is kept are posts.
MOST_POSTS = 0.8
#: Largest share of what is kept that stands above the headline, or the headline is another; most words of a line there.
MOST_ABOVE, MOST_ABOVE_WORDS = 0.1, 8
#: Fewest words that the cell of a layout keeps which holds the article.
LEAST_IN_CELL = 40
#: This many blocks of boilerplate in a row set apart what follows.
APART = 3
#: Mean log-odds, weighted by words, above which an island is removed; in an unknown language log-odds are less sure, but
#: less so for one with a line beside the article's paragraphs, of the same tag and names.
DOUBTFUL, DOUBTFUL_UNKNOWN, DOUBTFUL_BESIDE = -1.25, -2.0, -1.0
KEPT = 0.5


def find_offers(table: BlockTable, logits: Column) -> Flags:
    """Blocks of boxes around a field for an address, around or above a button or link, or about the author: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    cued, alone = _controls(table, logits)
    sure = [*table.page.fields, *table.place[cued].tolist()]
    named = set(boxes_in(table.page.places)).difference(sure)
    above = set(table.place[alone].tolist()).difference(sure, named)
    kept = table.words * (logits < 0)
    closed = (logits <= SURELY_ARTICLE) | (table.title_share >= SAME_TITLE) | find_standfirst(table)
    closed |= table.tagged("pre")
    for seed in [*sure, *sorted(above)][:MOST_OFFERS]:
        first, last = _box_around(table, seed, closed)
        inside = kept[first:last].sum()
        ends = seed not in above or last == first or logits[last - 1] > 0
        if ends and TIMES * inside < kept.sum() - inside:
            found[first:last] = True
    if kept[_posts_around(table, named)].sum() >= MOST_POSTS * kept.sum():
        return found
    boxes = [_box_around(table, seed, closed) for seed in sorted(named)[:MOST_OFFERS]]
    return found | _if_little(boxes, kept)


def _posts_around(table: BlockTable, named: Iterable[int]) -> Flags:
    """Blocks of the largest elements around each of the places of which there are several alike: (blocks,)."""
    places, found = table.elements, np.zeros(len(table), np.bool_)
    several, seen = np.bincount(places.numbered)[places.numbered] >= MIN_SIBLINGS, set[int]()
    for place in named:
        while place not in seen and several[place] and several[places.parent[place]]:
            seen.add(place)
            place = int(places.parent[place])
        found[places.first[place] : places.last[place]] |= several[place]
    return found


def find_inserts(table: BlockTable, logits: Column) -> Flags:
    """Blocks of small elements that are named as advertisements, appeals or signatures: (blocks,)."""
    places = table.elements
    small = [place for place in inserts_in(table.page.places) if places.words[place] <= MOST_INSERTED]
    ranges = [(int(places.first[place]), int(places.last[place])) for place in small]
    doubtful = [(first, last) for first, last in ranges if (logits[first:last] > SURELY_ARTICLE).all()]
    return _if_little(doubtful, table.words * (logits < 0))


def _if_little(ranges: Iterable[tuple[int, int]], kept: Column) -> Flags:
    """Blocks of those ranges that hold few of the kept words; none if all together hold most: they are a thread's posts."""
    found = np.zeros(len(kept), np.bool_)
    for first, last in ranges:
        inside = kept[first:last].sum()
        found[first:last] |= TIMES * inside < kept.sum() - inside
    return found & bool(kept[found].sum() < MOST_POSTS * kept.sum())


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
    alike = table.elements.numbered
    single = np.bincount(alike)[alike[table.place]] < MIN_SIBLINGS
    return cued & single, alone & single


def find_above(table: BlockTable, logits: Column) -> Flags:
    """Short lines above the headline of a page that keeps hardly anything there: (blocks,)."""
    heads = (table.tag_group == HEADLINE) & (table.title_share >= SAME_TITLE)
    above = np.arange(len(table)) < (np.argmax(heads) if heads.any() else 0)
    kept = table.words * (logits < 0)
    return above & (table.words <= MOST_ABOVE_WORDS) & (kept[above].sum() < MOST_ABOVE * kept.sum())


def find_columns(table: BlockTable, logits: Column) -> Flags:
    """Blocks beside the cell that holds the article, in tables around it most of whose kept words are there: (blocks,).

    In other rows, what is surely the article's stays.
    """
    found = np.zeros(len(table), np.bool_)
    doubtful = logits > SURELY_ARTICLE
    places, tags = table.elements, table.page.places.tags
    kept = places.inside(table.words * (logits < 0))
    place, cell = places.main, -1
    while place >= 0:
        if tags[place] in CELLS:
            cell = place
        elif tags[place] == "table" and cell >= 0:
            if kept[cell] >= LEAST_IN_CELL and kept[place] < TIMES * kept[cell]:
                row = places.parent[cell]
                all_of, of_row, of_cell = (slice(places.first[one], places.last[one]) for one in (place, row, cell))
                inside = found[of_cell].copy()
                found[all_of] |= doubtful[all_of]
                found[of_row], found[of_cell] = True, inside
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


def find_captions(table: BlockTable, logits: Column) -> Flags:
    """Lines that are all the text of an element with a picture, but for a lead beside the article's first one: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    places, tags, seen = table.page.places, table.page.places.tags, set[int]()
    for place in dict.fromkeys(table.page.pictures):
        while place not in seen and places.firsts[place] == places.lasts[place]:
            seen.add(place)  # from there another picture has led upwards
            place = places.parents[place]
        first, last = places.firsts[place], places.lasts[place]
        if 0 < last - first <= MOST_LINES and tags[place] not in TEXTS and table.elements.words[place] <= MOST_CAPTION:
            found[first:last] = (table.links[first:last] == 0) & ~IS_ITEM[table.tag_group[first:last]]
    if not found.any():
        return found
    lead = (table.closed | (table.words >= PROSE_WORDS)) & (np.cumsum(table.prose & (logits < 0)) == 0)
    return np.asarray(found & ~lead & (logits > SURELY_ARTICLE))
