"""Blocks → the first and the last paragraph of an article that stand in boxes of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.posts import STAYS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noisefilter.arrays import Column
    from noisefilter.blocks.table import BlockTable

#: Fewest words of such a paragraph, and the log-odds up to which it is doubtful.
LEAST_WORDS, DOUBTFUL = 15, 2.0
#: Words that count as shared, and the fewest of them.
LONG_WORD = re.compile(r"\w{5,}")
LEAST_SHARED = 2


def with_ends(table: BlockTable, logits: Column) -> Column:
    """Log-odds with the doubtful paragraph kept that stands just before or after the article and speaks of the same.

    Args:
        table: blocks of one HTML page that is surely an article.
        logits: of boilerplate, of each block.
    """
    kept = np.flatnonzero(logits < STAYS)
    if not len(kept):
        return logits
    found = logits.copy()
    plain = table.prose.astype(bool) & (table.links == 0) & (table.words >= LEAST_WORDS) & (logits < DOUBTFUL)
    blocks = table.page.blocks
    for end, beside in ((int(kept[0]), int(kept[0]) - 1), (int(kept[-1]), int(kept[-1]) + 1)):
        alike = 0 <= beside < len(blocks) and plain[beside] and blocks[beside].tag == blocks[end].tag
        if alike and len(_long_words(table, [beside]) & _long_words(table, kept.tolist())) >= LEAST_SHARED:
            found[beside] = min(found[beside], STAYS)
    return found


def _long_words(table: BlockTable, rows: Iterable[int]) -> set[str]:
    """The long words of some blocks."""
    blocks = (table.page.blocks[row] for row in rows)
    return {word for block in blocks for word in LONG_WORD.findall(table.page.text[block.start : block.end].lower())}
