"""Class names, ids and roles → rows of a hash table: what its author called an element."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.html.walk import BlockedPage

NAME_ROWS = 1 << 14
NAME = re.compile(r"[a-z]+|\d+")


@lru_cache(maxsize=50_000)
def name_rows(names: str) -> tuple[int, ...]:
    """Rows of a hash table for the words in class names, ids and roles."""
    return tuple({_row(name) for name in NAME.findall(names) if len(name) > 1 and not name.isdigit()})


@lru_cache(maxsize=50_000)
def _row(name: str) -> int:
    return crc32(name.encode()) % NAME_ROWS


def place_names(page: BlockedPage) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Names of all places, flattened: place index and hash row of each name."""
    rows = [name_rows(f"{place.names} {place.tag}") for place in page.places]
    owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return owner, np.fromiter(chain.from_iterable(rows), np.int64, len(owner))


def name_levels(page: BlockedPage) -> NDArray[np.int64]:
    """For each block the places that hold it, nearest first: (blocks, NAME_LEVELS), -1 beyond the root."""
    parents = np.fromiter((place.parent for place in page.places), np.int64, len(page.places))
    level = np.fromiter((block.place for block in page.blocks), np.int64, len(page.blocks))
    levels = []
    for _ in range(NAME_LEVELS):
        levels.append(level)
        level = np.where(level >= 0, parents[level], -1)
    return np.stack(levels, axis=1) if levels else np.zeros((0, NAME_LEVELS), dtype=np.int64)


#: Elements above a block whose names are read: deeper ones are the whole page's.
NAME_LEVELS = 8
