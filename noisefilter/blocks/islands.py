"""Blocks → what stands apart from the article: doubtful stretches beyond a menu, and lists of other stories at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.table import CLOSING, SAME_TITLE
from noisefilter.text.cues import cue_flags

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags
    from noisefilter.blocks.table import BlockTable

#: This many blocks of boilerplate in a row set apart what follows.
APART = 3
#: Mean log-odds, weighted by words, above which an island is removed; in an unknown language log-odds are less sure.
DOUBTFUL, DOUBTFUL_UNKNOWN = -1.25, -2.0
KEPT = 0.5
#: Cue of the line above a list of other stories, most words of an English one, and fewest headlines.
LISTS, MOST_LABEL, MIN_LISTED = frozenset(["trending"]), 8, 3
#: Mean words of the headlines at least, since an article may end in a list of names; most words of one.
MEAN_HEADLINE, MOST_HEADLINE = 4, 20


def find_islands(table: BlockTable, logits: Column) -> Flags:
    """Blocks of doubtful stretches that stand apart from the page's largest one: (blocks,).

    Args:
        table: blocks of one HTML page.
        logits: of boilerplate, of each block.
    """
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
    """Blocks of a list of headlines under a line as "Most read", if nothing that is kept comes after it: (blocks,).

    Args:
        table: blocks of one HTML page.
        logits: of boilerplate, of each block.
    """
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
