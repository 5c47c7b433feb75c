"""Elements of a page that are never its article, however long they are: consent dialogs, and threads of comments below articles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.html.walk import BlockedPage

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
    small = page.text.lower()
    if not any(map(small.__contains__, SIGNS)):
        return found
    spoken = [len(set(CONSENT.findall(small[block.start : block.end]))) for block in page.blocks]
    inside = _blocks_of_places(page)
    for index, block in enumerate(page.blocks):
        pressed = block.tag == "button" or sum(link.end - link.start for link in block.links) == block.end - block.start
        if not spoken[index] or words[index] > MOST_BUTTON or found[index] or not pressed:
            continue
        place = block.place
        while place >= 0 and page.places[place].tag not in ROOTS:
            texts = [row for row in inside[place] if words[row] > MOST_BUTTON]
            if texts and sum(spoken[row] >= 2 for row in texts) * 2 < len(texts):
                break
            if texts:
                found[inside[place]] = True
            place = page.places[place].parent
    return found


def find_threads(page: BlockedPage, words: NDArray[np.float64]) -> Flags:
    """Blocks of threads of comments, by the names of their elements: (blocks,).

    Args:
        page: an HTML page.
        words: of each block.
    """
    found = np.zeros(len(page.blocks), np.bool_)
    named = [place for place, entry in enumerate(page.places) if entry.tag not in ROOTS and THREAD.search(entry.names)]
    if named:
        inside = _blocks_of_places(page)
        for place in named:
            if words[inside[place]].sum() < MOST_THREAD * words.sum():
                found[inside[place]] = True
    return found


def _blocks_of_places(page: BlockedPage) -> list[list[int]]:
    """Blocks inside each place, in order."""
    inside: list[list[int]] = [[] for _ in page.places]
    for index, block in enumerate(page.blocks):
        place = block.place
        while place >= 0:
            inside[place].append(index)
            place = page.places[place].parent
    return inside
