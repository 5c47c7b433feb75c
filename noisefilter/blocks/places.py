"""Places of a page → arrays: what is inside each, where it is relative to the main container, which ones look alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from noisefilter.text.tokens import sums
from noisefilter.threads import cached_property

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.arrays import Column, Flags, Index
    from noisefilter.html.walk import BlockedPage

CONTAINERS = ("article", "main", "nav", "footer", "header", "aside", "form", "table", "figure", "section", "li", "ul")
#: Tags of blocks that are measured as one.
TAG_GROUPS = {
    "p": ("p",),
    "h1": ("h1",),
    "h2": ("h2", "h3"),
    "h4": ("h4", "h5", "h6"),
    "li": ("li", "dd", "dt"),
    "cell": ("td", "th"),
    "div": ("div", "section", "article", "main", "body", "center", "aside", "header", "footer", "nav"),
    "quote": ("blockquote", "pre"),
    "caption": ("figcaption", "caption", "figure"),
    "button": ("button", "form", "legend", "fieldset", "summary"),
}
#: The main container is the deepest element that still holds this share of the page's prose.
MAIN_SHARE = 0.5
#: Rows of the hash table of names, and elements above a block whose names are read: deeper ones are the whole page's.
NAME_ROWS, NAME_LEVELS = 1 << 14, 8
NAME = re.compile(r"[a-z]+")


@dataclass(frozen=True, eq=False)
class PlaceTable:
    """Places as arrays, one row per place; counts cover everything inside it.

    The spine is the path from the root to the main container. Each place hangs on it by a branch, the child of a spine
    element.
    """

    parent: Index
    first: Index  # block inside
    last: Index  # the one after the last
    words: Column
    linked: Column
    prose: Column
    blocks: Column
    begins: Index  # place of the first block's tag in `TAG_GROUPS`, -1 for none
    main: int
    depth: Index
    containers: Index  # bits of CONTAINERS around or at the place
    hidden: Flags
    rise: Index  # how far above the main container the branch hangs, 0 inside it
    steps: Index  # how far below the spine element
    branch: Index
    alike: Index  # number of the group of places with the same tag and names, parents' included

    @cached_property
    def make(self) -> Index:
        """Number of each place's make: those of one make have the same parent, tag and names, and begin alike."""
        return self.make_by(self.alike)

    def make_by(self, alike: Index) -> Index:
        """The same where places with one number of `alike` count as having the same tag and names."""
        make = (alike + (self.parent + 1) * len(self.parent)) * (len(TAG_GROUPS) + 1) + self.begins + 1
        return np.unique(make, return_inverse=True)[1]

    def inside(self, values: Column) -> Column:
        """Sum of a value per block over everything inside each place."""
        return sums(values, self.first, self.last)


def place_table(page: BlockedPage, words: Column, linked: Column, prose: Flags, tag_group: Index) -> PlaceTable:
    """Places of an HTML page; all arrays are of its blocks."""
    first, last = np.array(page.ranges, dtype=np.int64).reshape(-1, 2).T
    held, links, proses = (sums(values, first, last) for values in (words, linked, words * prose))
    # where no paragraph is long enough for prose, by words outside of links
    weight = proses if prose.any() else sums(words * (linked == 0), first, last)
    # the last one of those that hold the larger part, since children come after parents
    large = np.flatnonzero(weight >= max(1.0, MAIN_SHARE * float(weight[0])))
    main = int(large[-1]) if len(large) else 0
    return PlaceTable(
        parent=np.fromiter((place.parent for place in page.places), np.int64, len(page.places)),
        first=first,
        last=last,
        words=held,
        linked=links,
        prose=proses,
        blocks=(last - first).astype(np.float64),
        begins=np.append(tag_group, -1)[np.minimum(first, len(tag_group))],
        main=main,
        **_structure(page, main),
    )


def _structure(page: BlockedPage, main: int) -> dict[str, NDArray[Any]]:
    """The arrays of a `PlaceTable` that parents hand down to their children."""
    spine = [main]
    while page.places[spine[-1]].parent >= 0:
        spine.append(page.places[spine[-1]].parent)
    on_spine, deepest = set(spine), len(spine) - 1
    bits = {tag: 1 << bit for bit, tag in enumerate(CONTAINERS)}
    bits["ol"] = bits["ul"]
    groups: dict[tuple[str, str, str, str], int] = {}
    depth, containers, hidden, rise, steps, branch, alike = ([0] * len(page.places) for _ in range(7))
    for index, (above, tag, names, unseen) in enumerate(page.places):
        containers[index] = bits.get(tag, 0)
        outer = page.places[max(above, 0)]
        alike[index] = groups.setdefault((tag, names, outer.tag, outer.names), len(groups))
        if above >= 0:
            depth[index] = depth[above] + 1
            containers[index] |= containers[above]
            hidden[index] = hidden[above] or unseen or "aria-hidden" in names
        if index in on_spine:
            rise[index], branch[index] = deepest - depth[index], index
        else:
            rise[index], steps[index] = rise[above], steps[above] + 1
            branch[index] = branch[above] if steps[above] else index
    found = {"depth": depth, "containers": containers, "rise": rise, "steps": steps, "branch": branch, "alike": alike}
    return {name: np.array(values, dtype=np.int64) for name, values in found.items()} | {
        "hidden": np.array(hidden, dtype=np.bool_)
    }


@lru_cache(maxsize=50_000)
def name_rows(names: str) -> tuple[int, ...]:
    """Rows of a hash table for the words in class names, ids and roles."""
    return tuple({_row(name) for name in NAME.findall(names) if len(name) > 1})


@lru_cache(maxsize=50_000)
def _row(name: str) -> int:
    return crc32(name.encode()) % NAME_ROWS


def place_names(page: BlockedPage) -> tuple[Index, Index]:
    """Names of all places, flattened: place index and hash row of each name."""
    rows = [name_rows(f"{place.names} {place.tag}") for place in page.places]
    owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return owner, np.fromiter(chain.from_iterable(rows), np.int64, len(owner))


def name_levels(page: BlockedPage) -> Index:
    """For each block the places that hold it, nearest first: (blocks, NAME_LEVELS), -1 beyond the root."""
    parents = np.fromiter((place.parent for place in page.places), np.int64, len(page.places))
    level = np.fromiter((block.place for block in page.blocks), np.int64, len(page.blocks))
    levels = []
    for _ in range(NAME_LEVELS):
        levels.append(level)
        level = np.where(level >= 0, parents[level], -1)
    return np.stack(levels, axis=1)
