"""Blocks → islands: doubtful stretches apart from the article, on the page's edge or beyond a menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.table import SAME_TITLE

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags
    from noisefilter.blocks.table import BlockTable

#: This many blocks of boilerplate in a row set apart what follows.
APART = 3
#: Mean log-odds, weighted by words, above which an island is removed; in an unknown language log-odds are less sure.
DOUBTFUL, DOUBTFUL_UNKNOWN = -1.25, -2.0
KEPT = 0.5


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
