"""Blocks → the texts of a forum's posts, which stay together, and what returns in each post."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.siblings import digitless

if TYPE_CHECKING:
    from noisefilter.arrays import Column
    from noisefilter.blocks.table import BlockTable

#: Fewest texts that are tied, fewest words of one, and the mean log-odds up to which they are posts.
MIN_POSTS, LEAST_WORDS, POSTS = 3, 5, -0.5


def tie_posts(table: BlockTable, logits: Column, weights: Column) -> Column:
    """Log-odds where texts in elements of the same tag and names, parents' included, are kept if their mean is.

    Args:
        table: blocks of one HTML page that is a forum's.
        logits: of boilerplate, of each block.
        weights: of each block in a mean.
    """
    alike = digitless(table)[table.place]
    named = np.array([table.page.places[block.place].names != "" for block in table.page.blocks])
    text = (table.words >= LEAST_WORDS) & named
    count, weight = np.bincount(alike, text), np.bincount(alike, weights * text)
    mean = (np.bincount(alike, weights * logits * text) / np.maximum(weight, 1))[alike]
    posts = text & (count[alike] >= MIN_POSTS) & (mean <= POSTS)
    return np.where(posts, np.minimum(logits, mean), logits)
