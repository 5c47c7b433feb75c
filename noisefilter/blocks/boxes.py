"""Elements of a page that are never its article, however long they are: consent dialogs, and threads of comments below articles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.text.cues import fold_case

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.html.walk import BlockedPage
    from noisefilter.types import Block

    Flags = NDArray[np.bool_]

#: What consent dialogs speak of. A text of one speaks of two of these, a button of one.
CONSENT = re.compile(
    r"\b(cookies?|consent|(?:our|\d+) (?:partners|vendors|companies|providers)|legitimate interests?|personal data|your privacy|tracking|"
    r"(?:store|save|access)\w* .{0,30}on (?:a|your) device|personali[sz]ed|geolocation|"
    r"(?:accept|allow|reject|agree)\b.{0,12}\b(?:all|everything|cookies)|only (?:what is )?(?:needed|necessary|essential)|"
    r"manage (?:options|choices|settings)|i agree|profiles?)\b"
)
#: Where one of these does not stand, no dialog does; a search of the whole text is cheap.
SIGNS = ("cookie", "consent", "privacy")
#: Buttons that are looked at: more only hostile pages have.
MOST_ANCHORS = 50
#: Words of a button.
MOST_BUTTON = 8
#: Names of threads of comments, and the share of a page's words from which they are what the page is for.
THREAD = re.compile(
    r"\b(?:comments?|comment-?list|comments?-(?:area|section|thread|list|wrapper)|respond|responses|disqus_thread|discussion)\b"
)
MOST_THREAD = 0.7
ROOTS = frozenset(("body", "html"))


def find_dialogs(page: BlockedPage, words: NDArray[np.float64]) -> Flags:
    """Blocks of consent dialogs, elements with a button or link of which most texts speak of consent: (blocks,).

    Args:
        page: an HTML page.
        words: of each block.
    """
    found = np.zeros(len(page.blocks), np.bool_)
    small = fold_case(page.text)
    if not any(map(small.__contains__, SIGNS)):
        return found
    spoken = np.array([len(set(CONSENT.findall(small[block.start : block.end]))) for block in page.blocks], np.int64)
    long = words > MOST_BUTTON
    ranges = _ranges_of_places(page)
    texts, consents = _running(long), _running(long & (spoken >= 2))
    anchors = [index for index in np.flatnonzero((spoken > 0) & ~long).tolist() if _is_pressed(page.blocks[index])]
    for index in anchors[:MOST_ANCHORS]:
        if found[index]:
            continue
        place, highest = page.blocks[index].place, -1
        while place >= 0 and page.places[place].tag not in ROOTS:
            first, last = ranges[place]
            count = texts[last] - texts[first]
            if count and (consents[last] - consents[first]) * 2 < count:
                break
            highest = place if count else highest
            place = page.places[place].parent
        if highest >= 0:
            found[slice(*ranges[highest])] = True
    return found


def _is_pressed(block: Block) -> bool:
    """Whether a block is a button, or nothing but a link."""
    return block.tag == "button" or sum(link.end - link.start for link in block.links) == block.end - block.start


def find_threads(page: BlockedPage, words: NDArray[np.float64]) -> Flags:
    """Blocks of threads of comments, by the names of their elements: (blocks,).

    Args:
        page: an HTML page.
        words: of each block.
    """
    found = np.zeros(len(page.blocks), np.bool_)
    named = [place for place, entry in enumerate(page.places) if entry.tag not in ROOTS and THREAD.search(entry.names)]
    if named:
        ranges, running = _ranges_of_places(page), _running(words)
        for first, last in (ranges[place] for place in named):
            if running[last] - running[first] < MOST_THREAD * running[-1]:
                found[first:last] = True
    return found


def _ranges_of_places(page: BlockedPage) -> list[tuple[int, int]]:
    """First block inside each place and the one after the last; what an element holds stands together."""
    first, last = [len(page.blocks)] * len(page.places), [0] * len(page.places)
    for index, block in enumerate(page.blocks):
        first[block.place] = min(first[block.place], index)
        last[block.place] = index + 1
    for place in range(len(page.places) - 1, 0, -1):  # children come after their parents
        parent = page.places[place].parent
        if parent >= 0:
            first[parent], last[parent] = min(first[parent], first[place]), max(last[parent], last[place])
    return [(low, max(low, high)) for low, high in zip(first, last, strict=True)]


def _running(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Sum of the values before each, and of all."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
