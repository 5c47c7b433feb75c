"""Places of a page → arrays: what is inside each, where it is relative to the main container, which ones look alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from noisefilter.text.tokens import sums
from noisefilter.threads import cached_property

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.arrays import Column, Flags, Index
    from noisefilter.html.tags import Places
    from noisefilter.html.walk import BlockedPage

CONTAINERS = ("article", "main", "nav", "footer", "header", "aside", "form", "table", "figure", "section", "li", "ul")
#: Bits of containers, by tag, and of what is hidden.
BITS = {tag: 1 << bit for bit, tag in enumerate(CONTAINERS)}
BITS["ol"] = BITS["ul"]
HIDDEN = 1 << len(CONTAINERS)
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
#: Number of each of these groups.
GROUP = {name: number for number, name in enumerate(TAG_GROUPS)}
#: The main container is the deepest element that still holds this share of the page's prose.
MAIN_SHARE = 0.5
#: Rows of the hash table of names, and elements above a block whose names are read: deeper ones are the whole page's.
NAME_ROWS, NAME_LEVELS = 1 << 14, 8
NAME, DIGITS = re.compile(r"[a-z]+"), re.compile(r"\d+")


def with_names(pattern: str) -> Callable[[Places], list[int]]:
    """A function that lists the places whose names a pattern finds; names recur, so what is known of them is kept."""
    search = re.compile(pattern).search

    @lru_cache(maxsize=50_000)
    def is_named(names: str) -> bool:
        return search(names) is not None

    return lambda places: [place for place, names in enumerate(places.names) if is_named(names)]


def any_of(names: str) -> str:
    """A pattern of some names, whole words each."""
    return rf"(?<![a-z])(?:{'|'.join(names.split())})(?![a-z])"


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
    tags: list[str]
    class_names: list[str]

    @cached_property
    def outer(self) -> Index:
        """The place around each, itself for the outermost one."""
        return np.where(self.parent >= 0, self.parent, np.arange(len(self.parent)))

    @cached_property
    def measures(self) -> Mapping[str, Column]:
        """The features `PLACE_MEASURES`."""
        return {name: measure(self) for name, measure in PLACE_MEASURES.items()}

    @cached_property
    def numbered(self) -> Index:
        """The same as `alike` where names that differ only in digits are the same: "post-1" and "post-2"."""
        return _alike(self.parent.tolist(), self.tags, [DIGITS.sub("", names) for names in self.class_names])

    @cached_property
    def make(self) -> Index:
        """Number of each place's make: those of one make have the same parent, tag and names but for digits, and begin alike."""
        return self.make_by(self.numbered)

    def make_by(self, group: Index) -> Index:
        """The same where places with one number of `group` count as having the same tag and names."""
        make = (group + (self.parent + 1) * len(self.parent)) * (len(TAG_GROUPS) + 1) + self.begins + 1
        return np.unique(make, return_inverse=True)[1]

    def inside(self, values: Column | Flags) -> Column:
        """Sum of a value per block, or count of some blocks, over everything inside each place."""
        return sums(np.asarray(values, np.float64), self.first, self.last)


#: Features of each place, over everything inside it.
PLACE_MEASURES: Mapping[str, Callable[[PlaceTable], Column]] = {
    "page_share": lambda places: places.words / max(1.0, places.words[0]),
    "link_share": lambda places: np.minimum(places.linked / np.maximum(6 * places.words, 1), 2),
    "prose_share": lambda places: places.prose / np.maximum(places.words, 1),
    "log_blocks": lambda places: np.log1p(places.blocks),
}


def place_table(page: BlockedPage, words: Column, linked: Column, prose: Flags, tag_group: Index) -> PlaceTable:
    """Places of an HTML page; all arrays are of its blocks."""
    places = page.places
    parent, first, last = (np.array(values, dtype=np.int64) for values in (places.parents, places.firsts, places.lasts))
    held, links, proses = (sums(values, first, last) for values in (words, linked, words * prose))
    # where no paragraph is long enough for prose, by words outside of links
    weight = proses if prose.any() else sums(words * (linked == 0), first, last)
    # the last one of those that hold the larger part, since children come after parents
    large = np.flatnonzero(weight >= max(1.0, MAIN_SHARE * float(weight[0])))
    main = int(large[-1]) if len(large) else 0
    depth, bits = _inherit(parent, _bits(places))
    branch, node = _branches(parent, main)
    return PlaceTable(
        parent=parent,
        first=first,
        last=last,
        words=held,
        linked=links,
        prose=proses,
        blocks=(last - first).astype(np.float64),
        begins=np.append(tag_group, -1)[np.minimum(first, len(tag_group))],
        main=main,
        depth=depth,
        containers=bits & (HIDDEN - 1),
        hidden=bits >= HIDDEN,
        rise=depth[main] - depth[node],
        steps=depth - depth[node],
        branch=branch,
        alike=_alike(places.parents, places.tags, places.names),
        tags=places.tags,
        class_names=places.names,
    )


def _bits(places: Places) -> Index:
    """Bits of what each place is by itself; the outermost element is never hidden."""
    hidden = [unseen or "aria-hidden" in names for unseen, names in zip(places.hidden, places.names, strict=True)]
    bits = np.array([*map(BITS.get, places.tags, repeat(0))], dtype=np.int64)
    bits[1:] += np.where(hidden[1:], HIDDEN, 0)
    return bits


def _inherit(parent: Index, bits: Index) -> tuple[Index, Index]:
    """Of each place how many stand around it, and its bits with theirs; each round reaches twice as far up."""
    above, depth, found = np.append(parent, -1), np.append(parent >= 0, 0).astype(np.int64), np.append(bits, 0)
    while above.max() >= 0:
        depth += depth[above]
        found |= found[above]
        above = above[above]
    return depth[:-1], found[:-1]


def _branches(parent: Index, main: int) -> tuple[Index, Index]:
    """The branch and the spine element of each place; those of the spine are their own."""
    on_spine = np.zeros(len(parent), dtype=np.bool_)
    place = main
    while place >= 0:
        on_spine[place] = True
        place = int(parent[place])
    # children follow their parents, so a branch ends where the next one, or the spine, goes on
    index = np.arange(len(parent))
    branch = np.maximum.accumulate(np.where(on_spine | on_spine[parent], index, 0))
    return branch, np.where(on_spine, index, parent[branch])


def _alike(parents: Sequence[int], tags: Sequence[str], names: Sequence[str]) -> Index:
    """Number of each place's group: those of one group have the same tag and names, parents' included."""
    elements = [*zip(tags, names, strict=True)]
    groups: dict[tuple[tuple[str, str], tuple[str, str]], int] = {}
    around = ((element, elements[max(above, 0)]) for element, above in zip(elements, parents, strict=True))
    return np.array([groups.setdefault(key, len(groups)) for key in around], dtype=np.int64)


def in_groups(*names: str) -> Flags:
    """Which numbers of groups of tags are these, to be indexed by `tag_group`; the last, -1, is of no group."""
    return np.isin(np.arange(len(TAG_GROUPS) + 1), [GROUP[name] for name in names])


@lru_cache(maxsize=50_000)
def name_rows(names: str, tag: str) -> tuple[int, ...]:
    """Rows of a hash table for the words in an element's class names, ids, roles and tag."""
    return tuple({_row(name) for name in NAME.findall(f"{names} {tag}") if len(name) > 1})


@lru_cache(maxsize=50_000)
def _row(name: str) -> int:
    return crc32(name.encode()) % NAME_ROWS


def place_names(page: BlockedPage) -> tuple[Index, Index]:
    """Names of all places, flattened: place index and hash row of each name."""
    rows = [*map(name_rows, page.places.names, page.places.tags)]
    owner = np.repeat(np.arange(len(rows)), [*map(len, rows)])
    return owner, np.fromiter(chain.from_iterable(rows), np.int64, len(owner))


def name_levels(parent: Index, place: Index) -> Index:
    """For each block the places that hold it, nearest first: (blocks, NAME_LEVELS), -1 beyond the root.

    Args:
        parent: of each place.
        place: of each block.
    """
    levels = np.empty((NAME_LEVELS, len(place)), dtype=np.int64)
    above, levels[0] = np.append(parent, -1), place  # -1, beyond the root, is the last one
    for level in range(1, NAME_LEVELS):
        levels[level] = above[levels[level - 1]]
    return levels.T
