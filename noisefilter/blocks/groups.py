"""Blocks → groups that are kept or removed together: rows, labels with values, questions with answers, headings.

And what the rules beside this module find. Each takes a `BlockTable` of one HTML page, and may take the log-odds of boilerplate
of its blocks and their weights in a mean; it returns flags or new log-odds: (blocks,). A rule must pay on pages or mend a kind
of case that they may have (docs/decisions/0050-rules-that-pay.md).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.apart import find_above, find_columns, find_islands, find_lists, find_offers
from noisefilter.blocks.beside import with_neighbours
from noisefilter.blocks.boxes import find_threads
from noisefilter.blocks.posts import tie_posts, with_posts
from noisefilter.blocks.siblings import find_cards, find_other_articles, tie_siblings
from noisefilter.blocks.table import HEADINGS, SAME_TITLE
from noisefilter.html.tags import CELLS
from noisefilter.text.cues import cue_flags

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags, Index
    from noisefilter.blocks.table import BlockTable
    from noisefilter.html.walk import BlockedPage

#: A block's weight in its group is its words, up to `MOST_WORDS`, plus `BLANK`.
MOST_WORDS, BLANK = 40, 2.0
#: Elements whose parts are one thing.
WHOLE = frozenset(("tr", "details", "figure"))
#: Larger ones are layout, and so are rows with a heading or with more blocks in a cell: pages used to be set in tables.
MOST_PARTS, MOST_GROUP_WORDS, MOST_IN_CELL = 40, 300, 4
#: Log-odds of what is never part of an article. Then how likely a page must be an article for these to be removed: its
#: comments and the cards around it; what stands apart; cards within it (docs/decisions/0054-averaged-more.md).
SURE, LIKELY, RATHER_LIKELY, VERY_LIKELY = 4.0, 0.25, 0.35, 0.45
#: How likely a page must be a forum's for its posts to stay together.
FORUM = 0.5
#: Cues whose short lines are never an article's: in any language, and in one without word features
#: (docs/decisions/0044).
LABELS, LABELS_UNKNOWN, MOST_LABEL = (
    frozenset(["ad"]),
    frozenset(["ad", "also read", "comments", "share", "trending"]),
    8,
)
#: What is subtracted from the log-odds of code and of facts; a table row is a fact up to this many words
#: (docs/decisions/0036).
CODE, FACT, MOST_FACTS = 2.0, 1.0, 20
TERMS = frozenset(("dt", "dd"))
#: Fewest words of a paragraph whose copies are removed, and the log-odds of a copy.
COPIED, COPY = 12, 2.0
#: A heading is kept if more than this share of its section is.
MOSTLY = 0.5


def tie_groups(table: BlockTable, logits: Column, article: float = 1.0, forum: float = 0.0) -> Column:
    """Log-odds of boilerplate with one value per group, and with headings that follow their sections.

    Args:
        table: blocks of one HTML page.
        logits: of each block.
        article: probability that the page is an article.
        forum: that it is a forum's.
    """
    if table.places is None or not len(table):
        return logits
    weights = np.minimum(table.words, MOST_WORDS) + BLANK
    group = find_groups(table.page, table.words)
    tied = _mean_of_groups(group, logits - _leniency(table, group), weights)
    if forum >= FORUM:
        tied = tie_posts(table, tied, weights)
    tied = tie_siblings(table, tied, weights)
    tied[table.dialog | _labels(table)] = SURE
    if article >= LIKELY:
        tied[find_threads(table.page, table.words) | find_other_articles(table)] = SURE
    if forum < FORUM:
        tied = with_posts(table, tied, weights, SURE)
    if article >= LIKELY:
        cards, kept = find_cards(table, None if article >= VERY_LIKELY else tied), table.words * (tied < 0)
        if kept[~cards].sum() >= MOSTLY * kept.sum():
            tied[cards] = SURE
        tied[find_offers(table, tied) | find_above(table, tied) | find_columns(table, tied)] = SURE
    if article >= RATHER_LIKELY:
        tied[find_lists(table, tied)] = SURE
    tied = _without_copies(table, _with_sections(table, tied, weights))
    if article >= RATHER_LIKELY:
        tied[find_islands(table, tied)] = SURE
    return with_neighbours(table, tied) if article >= LIKELY else tied


def _labels(table: BlockTable) -> Flags:
    """Short lines with a cue that no gold text keeps, as "Advertisement"; more cues count in an unknown language."""
    labels = cue_flags("boilerplate", LABELS if table.known.all() else LABELS_UNKNOWN)
    return np.asarray(labels[table.cue] & (table.words <= MOST_LABEL))


def _leniency(table: BlockTable, group: Index) -> Column:
    """What is subtracted from the log-odds of code and facts: gold texts leave out many of them, readers want them."""
    tags = table.page.block_tags
    if CELLS.isdisjoint(tags) and TERMS.isdisjoint(tags) and "pre" not in tags:
        return np.zeros(len(tags))
    parts, words, links = (
        np.bincount(group, values)[group] for values in (np.ones(len(table)), table.words, table.links)
    )
    row = np.array([tag in CELLS for tag in tags]) & (parts > 1) & (words <= MOST_FACTS)
    fact = (row | np.array([tag in TERMS for tag in tags])) & (links == 0)
    return np.where([tag == "pre" for tag in tags], CODE, np.where(fact, FACT, 0.0))


def _mean_of_groups(group: Index, logits: Column, weights: Column) -> Column:
    return np.asarray(np.bincount(group, weights * logits)[group] / np.bincount(group, weights)[group])


def find_groups(page: BlockedPage, words: Column) -> Index:
    """Number of each block's group: (blocks,). A block that belongs to no other is a group of its own."""
    owner = _nearest(page, WHOLE)
    layout = _layout_rows(page, owner)
    inside: dict[tuple[str, int], list[int]] = {}
    listed = -1
    for index, block in enumerate(page.blocks):
        if owner[index] >= 0 and owner[index] not in layout:
            inside.setdefault(("element", owner[index]), []).append(index)
            continue
        if block.tag in TERMS:
            listed = listed if listed >= 0 else index
            inside.setdefault(("terms", listed), []).append(index)
        else:
            listed = -1
    group = np.arange(len(page.blocks))
    for members in inside.values():
        if 1 < len(members) <= MOST_PARTS and words[members].sum() <= MOST_GROUP_WORDS:
            group[members] = members[0]
    return group


def _nearest(page: BlockedPage, tags: frozenset[str]) -> list[int]:
    """For each block the nearest place around it with one of the tags; -1 for none."""
    found = np.full(len(page.blocks), -1)
    places = page.places
    for place, tag in enumerate(places.tags):
        if tag in tags:  # inner places come after outer ones
            found[places.firsts[place] : places.lasts[place]] = place
    return list(found.tolist())


def _layout_rows(page: BlockedPage, owner: list[int]) -> set[int]:
    """Rows that are layout and no facts: with a heading, or many blocks in a cell; `owner` as in `find_groups`."""
    rows = [index for index, place in enumerate(owner) if place >= 0 and page.places.tags[place] == "tr"]
    if not rows:
        return set()
    cell = _nearest(page, CELLS)
    held = Counter(cell[index] for index in rows)
    return {owner[index] for index in rows if page.blocks[index].tag in HEADINGS or held[cell[index]] > MOST_IN_CELL}


def _with_sections(table: BlockTable, logits: Column, weights: Column) -> Column:
    """A heading is kept if most of its section is kept, and removed if all of its section is removed."""
    blocks = table.page.blocks
    heads = _heads(table)
    found = logits.copy()
    limited, stays = weights * np.clip(logits, -4, 4), weights * (logits < 0)
    for number, (index, level) in enumerate(heads, start=1):
        # the headline heads the page and no section, a card's headline its card
        if table.title_share[index] >= SAME_TITLE or logits[index] == SURE:
            continue
        later = (heads[place] for place in range(number, len(heads)))
        end = next((after for after, other in later if other <= level), len(blocks))
        section = slice(index + 1, end)
        if end > index + 1:
            kept = stays[section].sum() / weights[section].sum()
            mean = float(limited[section].sum() / weights[section].sum())
            if kept > MOSTLY:
                found[index] = min(found[index], mean)
            elif kept == 0:
                found[index] = max(found[index], mean)
    return found


def _heads(table: BlockTable) -> list[tuple[int, int]]:
    """Headings of a page with their levels."""
    return [(index, int(block.tag[1])) for index, block in enumerate(table.page.blocks) if block.tag in HEADINGS]


def _without_copies(table: BlockTable, logits: Column) -> Column:
    """Of a paragraph that occurs twice, as for wide and narrow screens, only the first one that is kept stays."""
    found = logits.copy()
    kept: set[str] = set()
    for index in np.flatnonzero((table.repeated > 0) & (table.words >= COPIED) & (logits < 0)).tolist():
        block = table.page.blocks[index]
        text = table.page.text[block.start : block.end]
        if text in kept:
            found[index] = COPY
        kept.add(text)
    return found
