"""Blocks → doubtful lines that belong to the article beside them: its standfirst, last paragraphs, headings."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.boxes import ROOTS
from noisefilter.blocks.places import GROUP, any_of, in_groups, with_names
from noisefilter.blocks.siblings import BUTTON
from noisefilter.blocks.table import SAME_TITLE
from noisefilter.text.cues import cue_flags

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags
    from noisefilter.blocks.table import BlockTable

#: Log-odds of what is kept for sure, below any threshold, and of what is likely kept.
STAYS, LIKELY = -1.0, -0.75
#: Log-odds up to which a line is doubtful, and a standfirst, which many gold texts leave out; one in a language without word features,
#: in which the networks are less sure.
DOUBTFUL, DOUBTFUL_STANDFIRST, DOUBTFUL_UNKNOWN = 2.0, 1.0, 2.5
#: And of a paragraph in a small box below a kept line; most blocks of the box. Whom to write to or call is not the article's.
DOUBTFUL_BOX, MOST_IN_BOX = 1.0, 2
CONTACT = re.compile(r"\w@\w|\d{2} \d{3}|\d{3}-\d{3}")
#: Fewest words of a standfirst, and of one in such a language; there a byline and a date may stand above it, of so many words.
LEAST_STANDFIRST, LEAST_UNKNOWN, MOST_BYLINE = 8, 6, 10
#: What is below a headline instead: captions with their credits, dates, names and what the whole site says.
no_standfirst_in = with_names(any_of("caption photo foto meta date author byline updated sitesub noprint legend pie"))
CREDIT = re.compile(
    r"©|\b(?:photo|foto|fot|фото|φωτο|तस्वीर|写真|사진|تصوير|صورة)[\w ]{0,12}[:./©]|[(（].{0,40}$", re.IGNORECASE
)
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
    doubtful = logits < (DOUBTFUL_STANDFIRST if table.known.all() else DOUBTFUL_UNKNOWN)
    found = np.where(find_standfirst(table) & doubtful, np.minimum(logits, STAYS), logits)
    found[_facts(table, found)] = STAYS
    doubtful = (logits > STAYS) & (logits < DOUBTFUL) & (table.links == 0) & (table.repeated == 0)
    if not doubtful.any():
        return found
    doubtful &= _speaks(table)
    _keep_paragraphs(table, found, doubtful & (table.cue < 0))
    _keep_boxes(table, found, doubtful & (table.cue < 0))
    _keep_quotes(table, found, doubtful & (table.cue < 0))
    heading, places = IS_HEADING[table.tag_group], table.elements
    for index in np.flatnonzero(doubtful & heading & (table.title_share < SAME_TITLE)).tolist()[::-1]:
        if places.last[places.parent[table.place[index]]] > index + 1 and found[index + 1] <= LIKELY:
            found[index] = STAYS
    return found


def _keep_paragraphs(table: BlockTable, logits: Column, doubtful: Flags) -> None:
    """Keep, in `logits`, doubtful paragraphs right below a kept line that look like a kept one."""
    alike = table.elements.alike[table.place]
    known = set(alike[(logits <= STAYS) & table.prose].tolist())
    kept, offer = np.append(logits <= STAYS, False), np.append(_offers(table), False)
    for index in np.flatnonzero(doubtful & (table.tag_group == PARAGRAPH)).tolist():
        ends = (table.closed[index] or kept[index + 1]) and not offer[index + 1]
        if ends and index and logits[index - 1] <= STAYS and int(alike[index]) in known:
            logits[index] = STAYS


def _keep_boxes(table: BlockTable, logits: Column, doubtful: Flags) -> None:
    """Keep, in `logits`, the largest small box right below a kept line that holds a doubtful paragraph and at most headings beside it."""
    places, tags, text = table.elements, table.page.places.tags, table.page.text
    heading, offer = IS_HEADING[table.tag_group], np.append(_offers(table), False)
    plain = (table.links == 0) & (heading | (table.prose & (table.cue < 0))) & (logits < DOUBTFUL)
    for index in np.flatnonzero(doubtful & table.prose & (logits < DOUBTFUL_BOX)).tolist():
        block = table.page.blocks[index]
        place = int(places.parent[block.place]) if block.tag == "p" else block.place
        place = -1 if CONTACT.search(text, block.start, block.end) else place
        while place >= 0 and places.blocks[place] <= MOST_IN_BOX:
            around, first, last = int(places.parent[place]), int(places.first[place]), int(places.last[place])
            below = around >= 0 and tags[around] not in ROOTS and places.first[around] < first
            if below and logits[first - 1] <= LIKELY and plain[first:last].all() and not offer[last]:
                logits[first:last] = np.minimum(logits[first:last], STAYS)
            place = around


def _offers(table: BlockTable) -> Flags:
    """Lines that speak of what one may subscribe to: (blocks,)."""
    return np.asarray(cue_flags("boilerplate", OFFERS)[table.cue] & ~IS_HEADING[table.tag_group])


def _facts(table: BlockTable, logits: Column) -> Flags:
    """Blocks of short lists without a link or a cue, with or without a heading, between two kept lines: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    make = table.elements.make[table.place]
    listed = table.tagged(*FACTS) | (table.tagged("div") & (np.bincount(make)[make] >= LEAST_FACTS))
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


def _keep_quotes(table: BlockTable, logits: Column, doubtful: Flags) -> None:
    """Keep, in `logits`, doubtful quotations between two kept lines of the element around them, or around their figure."""
    places, tags = table.elements, [*table.page.places.tags, ""]
    outer = np.append(places.parent[table.place], -2)  # -2 for the line after the last
    kept = np.append(logits <= STAYS, False)
    for index in np.flatnonzero(doubtful).tolist():
        near = int(table.place[index]), int(outer[index])
        quote = next((place for place in near if tags[place] == "blockquote"), -1)
        if quote >= 0:
            around = int(places.parent[quote])
            box, around = (around, int(places.parent[around])) if tags[around] == "figure" else (quote, around)
            before, after = int(places.first[box]) - 1, int(places.last[box])
            if before >= 0 and kept[before] and kept[after] and outer[before] == outer[after] == around:
                logits[index] = STAYS


def _speaks(table: BlockTable) -> Flags:
    """Blocks that are no date or number: (blocks,)."""
    return np.asarray(table.shares["digit"] < MOST_DIGITS)


def find_standfirst(table: BlockTable) -> Flags:
    """The block below the first heading that repeats the title, if it is a text and not above a button: (blocks,).

    In a language without word features a byline and a date may stand above it.
    """
    found = np.zeros(len(table), np.bool_)
    heads = np.flatnonzero(IS_HEADING[table.tag_group] & (table.title_share >= SAME_TITLE))
    if not len(heads):
        return found
    known, first = bool(table.known.all()), int(heads[0]) + 1
    least, last = (LEAST_STANDFIRST, first + 1) if known else (LEAST_UNKNOWN, first + 3)
    for below in range(first, min(last, len(table))):
        if _is_text(table, below, least) and (known or not _describes(table, below)):
            found[below] = True
            break
        if table.words[below] > MOST_BYLINE:
            break
    return found


def _is_text(table: BlockTable, index: int, least: int) -> bool:
    """Whether a line has so many words, no link and no cue, is no date, and is not above a button."""
    plain = table.page.blocks[index].tag in {"p", "div"} and not table.links[index] and table.cue[index] < 0
    speaks = table.words[index] >= least and table.shares["digit"][index] < MOST_DIGITS
    return bool(plain and speaks and (table.tag_group[index : index + 2] != BUTTON).all())


def _describes(table: BlockTable, index: int) -> bool:
    """Whether a line is named as what describes an article or its picture, or names who took that."""
    block, places = table.page.blocks[index], table.page.places
    named = block.place in no_standfirst_in(places)
    return named or CREDIT.search(table.page.text, block.start, block.end) is not None
