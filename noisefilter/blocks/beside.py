"""Blocks → doubtful lines that belong to the article beside them: its standfirst, last paragraphs, headings."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.boxes import ROOTS
from noisefilter.blocks.places import GROUP, in_groups
from noisefilter.blocks.siblings import BUTTON
from noisefilter.blocks.table import CLOSING, SAME_TITLE
from noisefilter.text.cues import cue_flags

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags
    from noisefilter.blocks.table import BlockTable

#: Log-odds of what is kept for sure, below any threshold, and of what is likely kept.
STAYS, LIKELY = -1.0, -0.75
#: Log-odds up to which a line is doubtful, and a standfirst, which many gold texts leave out.
DOUBTFUL, DOUBTFUL_STANDFIRST = 2.0, 1.0
#: And of a paragraph in a box of its own below a kept line.
DOUBTFUL_BOX = 1.0
#: Fewest words of a standfirst.
LEAST_STANDFIRST = 8
#: A line with at least this share of words with a digit is a date or a count.
MOST_DIGITS = 0.25
#: Cues of what a pitch ends in.
OFFERS = frozenset(("donation", "login", "newsletter"))
PARAGRAPH = GROUP["p"]
#: Tags of facts, most words of one, and how many make a list.
FACTS, MOST_FACT, LEAST_FACTS, MOST_FACTS = frozenset(("li", "dt", "dd", "td", "th")), 15, 3, 20
#: Log-odds of what is never part of an article.
SURE = 4.0
#: Which groups of tags are headings.
IS_HEADING = in_groups("h1", "h2", "h4")


def with_neighbours(table: BlockTable, logits: Column) -> Column:
    """Log-odds where doubtful lines are kept that belong to the article beside them.

    These are paragraphs right below a kept line that look like one of the kept ones or are alone in their box, quotations between two kept lines,
    headings above a kept line of the same element, and the standfirst. Lines with a link or a cue are not.
    """
    found = np.where(find_standfirst(table) & (logits < DOUBTFUL_STANDFIRST), np.minimum(logits, STAYS), logits)
    found[_facts(table, found)] = STAYS
    doubtful = (logits > STAYS) & (logits < DOUBTFUL) & (table.links == 0) & (table.repeated == 0)
    if not doubtful.any():
        return found
    doubtful &= _speaks(table)
    _keep_paragraphs(table, found, doubtful & (table.cue < 0))
    heading, kept, places = IS_HEADING[table.tag_group], np.append(logits <= STAYS, False), table.elements
    for index in np.flatnonzero(doubtful & (table.cue < 0) & _quoted(table)).tolist():
        if kept[index - 1] and kept[index + 1]:
            found[index] = STAYS
    for index in np.flatnonzero(doubtful & heading & (table.title_share < SAME_TITLE)).tolist()[::-1]:
        if places.last[places.parent[table.place[index]]] > index + 1 and found[index + 1] <= LIKELY:
            found[index] = STAYS
    return found


def _keep_paragraphs(table: BlockTable, logits: Column, doubtful: Flags) -> None:
    """Keep, in `logits`, doubtful paragraphs right below a kept line that look like a kept one or are alone in their box."""
    blocks, alike = table.page.blocks, table.elements.alike[table.place]
    known = set(alike[(logits <= STAYS) & table.prose].tolist())
    offer = cue_flags("boilerplate", OFFERS)[table.cue] & ~IS_HEADING[table.tag_group]
    kept, offer = np.append(logits <= STAYS, False), np.append(offer, False)
    boxed = _boxed(table) & (logits < DOUBTFUL_BOX)
    for index in np.flatnonzero(doubtful & (boxed | (table.tag_group == PARAGRAPH))).tolist():
        if index and logits[index - 1] <= STAYS and (boxed[index] or int(alike[index]) in known):
            closed = table.page.text[blocks[index].end - 1] in CLOSING
            if (closed or kept[index + 1]) and not offer[index + 1]:
                logits[index] = STAYS


def _boxed(table: BlockTable) -> Flags:
    """Paragraphs that are alone in an element below others of the element around it, if that is not the body: (blocks,)."""
    places = table.elements
    box = places.outer[table.place]
    around = places.outer[box]
    roots = np.array([tag in ROOTS for tag in places.tags])
    alone = (places.last[box] - places.first[box] == 1) & ~roots[around]
    return np.asarray(table.prose & alone & (places.first[around] < np.arange(len(table))))


def _facts(table: BlockTable, logits: Column) -> Flags:
    """Blocks of short lists without a link or a cue, with or without a heading, between two kept lines: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    tags, make = table.page.block_tags, table.elements.make[table.place]
    rows = np.array([tag == "div" for tag in tags]) & (np.bincount(make)[make] >= LEAST_FACTS)
    listed = rows | np.array([tag in FACTS for tag in tags])
    if not listed.any():
        return found
    plain = (table.links == 0) & (table.cue < 0) & (table.words <= MOST_FACT) & (logits < SURE)
    plain &= listed | IS_HEADING[table.tag_group]
    kept = np.flatnonzero(logits <= STAYS)
    for before, after in itertools.pairwise(kept.tolist()):
        inside = slice(before + 1, after)
        if LEAST_FACTS <= after - before - 1 <= MOST_FACTS and plain[inside].all():
            found[inside] = listed[inside].sum() >= LEAST_FACTS
    return found


def _quoted(table: BlockTable) -> Flags:
    """Blocks that are a quotation between two lines of the element around it: (blocks,)."""
    # the root has the parent -1, which is the flag after the last
    parent, is_quote = (
        table.elements.parent,
        np.array([*(tag == "blockquote" for tag in table.page.places.tags), False]),
    )
    outer = parent[table.place]
    around = np.where(is_quote[table.place], outer, np.where(is_quote[outer], parent[outer], -2))
    found = np.zeros(len(table), np.bool_)
    found[1:-1] = (around[1:-1] == outer[:-2]) & (around[1:-1] == outer[2:])
    return found


def _speaks(table: BlockTable) -> Flags:
    """Blocks that are no date or number: (blocks,)."""
    return np.asarray(table.shares["digit"] < MOST_DIGITS)


def find_standfirst(table: BlockTable) -> Flags:
    """The block below the first heading that repeats the title, if it is a text and not above a button: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    heads = np.flatnonzero(IS_HEADING[table.tag_group] & (table.title_share >= SAME_TITLE))
    below = int(heads[0]) + 1 if len(heads) else len(table)
    if below < len(table) and table.page.blocks[below].tag in {"p", "div"} and not table.links[below]:
        text = table.cue[below] < 0 and table.words[below] >= LEAST_STANDFIRST
        found[below] = text and (table.tag_group[below : below + 2] != BUTTON).all() and _speaks(table)[below]
    return found
