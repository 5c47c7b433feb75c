"""Blocks → matrix: the features that only HTML has: links, tags, the elements around a block, trafilatura's vote.

`MARKUP_FEATURES` and `VOTE_FEATURES` are column orders.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.places import CONTAINERS, PLACE_MEASURES, TAG_GROUPS
from noisefilter.columns import Columns

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Index
    from noisefilter.blocks.table import BlockTable
    from noisefilter.blocks.vote import Vote


# The block's own markup.


def link_share(table: BlockTable) -> Column:
    """Share of characters inside links; navigation is all link."""
    return table.linked / np.maximum(table.characters, 1)


def link_count(table: BlockTable) -> Column:
    """Number of links."""
    return np.log1p(table.links)


def bold_share(table: BlockTable) -> Column:
    """Share of characters in bold."""
    bold = np.fromiter((block.bold for block in table.page.blocks), np.float64, len(table))
    return bold / np.maximum(table.characters, 1)


def nesting(table: BlockTable) -> Column:
    """Depth of the element."""
    return table.at_place(np.minimum(table.elements.depth, 60) / 10)


def unseen(table: BlockTable) -> Column:
    """Hidden by an attribute or style: dialogs and menus."""
    return table.at_place(table.elements.hidden.astype(float))


def _tag(group: int, table: BlockTable) -> Column:
    return (table.tag_group == group).astype(float)


def _inside(bit: int, table: BlockTable) -> Column:
    return table.at_place((table.elements.containers >> bit & 1).astype(float))


# The elements around it.


def _around(name: str, steps: int, table: BlockTable) -> Column:
    """A feature of the element that holds the block, or of one above it."""
    return table.at_place(table.elements.measures[name], steps)


def above_main(table: BlockTable) -> Column:
    """Steps from the page's main container up to the element that holds this block too; 0 inside."""
    return table.at_place(table.elements.rise.astype(float))


def off_spine(table: BlockTable) -> Column:
    """Elements between the block and the path to the main container."""
    return table.at_place(table.elements.steps.astype(float))


def before_main(table: BlockTable) -> Column:
    """1 if it hangs on a branch before the main container, -1 after, 0 inside."""
    side = np.sign(table.elements.main - table.elements.branch).astype(float)
    return table.at_place(np.where(table.elements.rise > 0, side, 0.0))


def _branch(name: str, table: BlockTable) -> Column:
    """A feature of the branch by which the block hangs on the path to the main container."""
    return table.at_place(table.elements.measures[name][table.elements.branch])


def _alike(name: str, table: BlockTable) -> Column:
    """Means over the blocks whose elements have the same tag and names: lists of links look alike."""
    group = table.elements.alike[table.place]
    if name == "count":
        return np.log1p(np.bincount(group)[group])
    if name == "words":
        return np.log1p(group_mean(table.words, group))
    values = {"links": np.minimum(link_share(table), 1), "prose": table.prose.astype(float), "likeness": table.likeness}
    return group_mean(values[name], group)


def group_mean(values: Column, group: Index) -> Column:
    """For each block the mean of its group."""
    return np.asarray((np.bincount(group, values) / np.maximum(np.bincount(group), 1))[group])


MARKUP_FEATURES: Columns[[BlockTable]] = Columns(
    link_share,
    link_count,
    bold_share,
    nesting,
    unseen,
    above_main,
    off_spine,
    before_main,
    *((f"tag_{name}", partial(_tag, group)) for group, name in enumerate(TAG_GROUPS)),
    *((f"inside_{tag}", partial(_inside, bit)) for bit, tag in enumerate(CONTAINERS)),
    *((f"{name}_{steps}_up", partial(_around, name, steps)) for name in PLACE_MEASURES for steps in (0, 1, 2)),
    *((f"branch_{name}", partial(_branch, name)) for name in PLACE_MEASURES),
    *((f"alike_{name}", partial(_alike, name)) for name in ("count", "words", "links", "prose", "likeness")),
)


# trafilatura's vote, of a page on which it was asked. If it found no article, it voted against every block.


def vote(table: BlockTable, vote: Vote) -> Column:  # noqa: ARG001 - one signature for all
    """Share of the block that trafilatura kept."""
    return np.asarray(vote.shares, dtype=np.float64)


def vote_alignment(table: BlockTable, vote: Vote) -> Column:
    """How much of trafilatura's output the blocks cover: whether its vote can be trusted."""
    return np.full(len(table), vote.alignment)


def vote_page(table: BlockTable, vote: Vote) -> Column:
    """Share of the page's words that trafilatura kept."""
    return np.full(len(table), (np.array(vote.shares) * table.words).sum() / max(1.0, float(table.words.sum())))


def vote_nearby(table: BlockTable, vote: Vote) -> Column:
    """trafilatura's vote on the block and the ten around it, weighted by words."""
    return window_share(table, np.array(vote.shares) * table.words, 5)


def vote_alike(table: BlockTable, vote: Vote) -> Column:
    """Its vote on the blocks whose elements have the same tag and names."""
    return group_mean(np.asarray(vote.shares, dtype=np.float64), table.elements.alike[table.place])


def _vote_around(steps: int, table: BlockTable, vote: Vote) -> Column:
    """Share of the words that it kept in the element that holds the block, and in those above."""
    kept = table.elements.inside(np.array(vote.shares) * table.words)
    return table.at_place(kept / np.maximum(table.elements.words, 1), steps)


def window_share(table: BlockTable, part: Column, reach: int) -> Column:
    """Sum of `part` divided by the sum of words, over the block and `reach` blocks on either side."""
    window = np.ones(2 * reach + 1)
    place = np.arange(len(table)) + reach * table.owner  # padding between pages
    sums = []
    for values in (part, table.words):
        spaced = np.zeros(len(table) + reach * (len(table.pages) - 1))
        spaced[place] = values
        sums.append(np.convolve(spaced, window)[place + reach])
    return np.asarray(sums[0] / np.maximum(sums[1], 1))


VOTE_FEATURES: Columns[[BlockTable, Vote]] = Columns(
    vote,
    vote_alignment,
    vote_page,
    vote_nearby,
    vote_alike,
    *((f"vote_{steps}_up", partial(_vote_around, steps)) for steps in (0, 1, 2, 3)),
)
