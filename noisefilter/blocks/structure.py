"""Places of a page → where each is relative to the page's main container, and which ones look alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Index
    from noisefilter.html.walk import BlockedPage

#: The main container is the deepest element that still holds this share of the page's prose.
MAIN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Structure:
    """Where the places stand; one row per place.

    The spine is the path from the root to the main container. Each place hangs on it by a branch, the child of a spine
    element; `rise` says how far above the main container (0: inside it), `steps` how far below the spine element.
    `alike` numbers the groups of places with the same tag and names, parents' included.
    """

    rise: Index
    steps: Index
    branch: Index
    main: int
    alike: Index


def find_structure(page: BlockedPage, parent: Index, depth: Index, prose: Column) -> Structure:
    """Structure of a page's places; `prose` counts the words of prose inside each."""
    count = len(parent)
    main = _main_place(parent, prose)
    on_spine = np.zeros(count, dtype=np.bool_)
    place = main
    while place >= 0:
        on_spine[place] = True
        place = int(parent[place])
    steps, branch, node = [0] * count, list(range(count)), list(range(count))
    groups: dict[tuple[str, str, str, str], int] = {}
    alike = [0] * count
    parents, spine, places = parent.tolist(), on_spine.tolist(), page.places
    for index in range(count):
        above = parents[index]
        entry = places[index]
        outer = places[above] if above >= 0 else entry
        alike[index] = groups.setdefault((entry.tag, entry.names, outer.tag, outer.names), len(groups))
        if not spine[index] and above >= 0:
            steps[index] = steps[above] + 1
            node[index] = node[above]
            if steps[above]:
                branch[index] = branch[above]
    rise = depth[main] - depth[np.array(node, dtype=np.int64)] if count else np.zeros(0, dtype=np.int64)
    return Structure(
        np.asarray(rise),
        np.array(steps, dtype=np.int64),
        np.array(branch, dtype=np.int64),
        main,
        np.array(alike, dtype=np.int64),
    )


def _main_place(parent: Index, prose: Column) -> int:
    """The deepest place that holds the larger part of the prose: the last one, since children come after parents."""
    if not len(parent):
        return -1
    large = np.flatnonzero(prose >= max(1.0, MAIN_SHARE * float(prose[0])))
    return int(large[-1]) if len(large) else 0
