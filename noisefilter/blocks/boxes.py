"""Elements that are never a page's article, however long they are: consent dialogs, and comment threads."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.text.cues import fold_case

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from noisefilter.arrays import Flags
    from noisefilter.html.walk import BlockedPage
    from noisefilter.types import Block

#: Phrases of consent dialogs. A text in one has two different ones, a button one.
CONSENT = re.compile(
    r"\b(cookies?|consent|(?:our|\d+) (?:partners|vendors|companies|providers)|legitimate interests?|personal data|your privacy|tracking|"
    r"(?:store|save|access|keep|put)\w* .{0,30}on (?:a|your) (?:device|phone|computer)|personali[sz]ed|geolocation|"
    r"your (?:data|permission|choices?|interests)|legal bas[ie]s|withdraw\w*|similar technologies|third parties|data protection|"
    r"(?:accept|allow|reject|agree)\b.{0,12}\b(?:all|everything|cookies)|only (?:what is )?(?:needed|necessary|essential)|"
    r"manage (?:options|choices|settings)|i agree|profiles?)\b"
)
#: A page without any of these has no dialog that texts give away; searching the whole text is cheap.
SIGNS = ("cookie", "consent", "privacy")
#: Most buttons that are looked at; only hostile pages have more.
MOST_ANCHORS = 50
#: Most words of a button.
MOST_BUTTON = 8
#: Fewest words of a text that a dialog leaves to the page: an article about cookies is all that its page has to say.
LEAST_LEFT = 15
#: What stands directly in the body beside the article is a dialog if it names cookies, which many languages call so, and
#: has so many controls and at most so many words.
MIN_CONTROLS, MOST_ASIDE = 2, 400
NOWHERE = ("", "#")
#: Names of dialogs, whatever they say, and of consent dialogs; an element that holds one of `ARTICLE` is a page's
#: frame.
DIALOG = re.compile(
    r"(?<![\w-])(?:alert)?dialog(?![\w-])"
    r"|(?<![\w-])(?!(?:tag|category|post|topic)-)(?:[\w-]*[-_])?"
    r"(?:cookie[a-z]*|consent|gdpr|rgpd|dsgvo|rodo|lgpd|ccpa|onetrust|didomi|usercentrics|truste|iubenda|borlabs|osano|klaro"
    r"|complianz|cmplz|axeptio|tarteaucitron|termly|cmpbox)(?:[-_][\w-]*)?(?![\w-])"
)
ARTICLE = frozenset(("main", "article", "h1"))
#: Names of comment threads, and the share of a page's words from which a thread is what the page exists for.
THREAD = re.compile(
    r"\b(?:comments?|comment-?list|comments?-(?:area|section|thread|list|wrapper)|respond|responses|disqus_thread|discussion)\b"
)
MOST_THREAD = 0.7
ROOTS = frozenset(("body", "html"))


def find_dialogs(page: BlockedPage, words: NDArray[np.float64]) -> Flags:
    """Blocks of dialogs: (blocks,).

    Elements that are dialogs by tag or role, or consent dialogs by name; and those around a button or link in which at
    least half of the texts speak of consent.

    Args:
        page: an HTML page.
        words: of each block.
    """
    found = _named(page, "dialog")
    small = fold_case(page.text)
    if any(map(small.__contains__, SIGNS)):
        speech = _Speech(page, small, words)
        left = words >= LEAST_LEFT
        for index in speech.buttons()[:MOST_ANCHORS]:
            if not found[index]:
                first, last = speech.around(index)
                taken = found.copy()
                taken[first:last] = True
                if (left & ~taken).any():
                    found = taken
    return found


class _Speech:
    """Which texts of a page speak of consent; looked up only near buttons."""

    def __init__(self, page: BlockedPage, small: str, words: NDArray[np.float64]) -> None:
        self._page, self._small = page, small
        self._words = _running(words)
        long = words > MOST_BUTTON
        self._long, self._is_long = _running(long), long.tolist()
        self._known: dict[int, bool] = {}
        self._framing = _framing(page) | _titled(page)
        self._is_control = [_is_control(block) for block in page.blocks]
        self._controls = _running(np.array(self._is_control, np.bool_))

    def buttons(self) -> list[int]:
        """Buttons, and links that speak of consent or lead nowhere."""
        found: list[int] = []
        others: list[int] = []
        for index, block in enumerate(self._page.blocks):
            if self._is_long[index]:
                continue
            if block.tag == "button" or (_is_link(block) and CONSENT.search(self._small, block.start, block.end)):
                found.append(index)
            elif self._is_control[index]:
                others.append(index)
        return found + others

    def around(self, index: int) -> tuple[int, int]:
        """First block, and the one after the last, of the largest element around a block that speaks of consent.

        At least half of the element's texts do, or it stands beside the article, names cookies, and has controls.
        """
        place, found = self._page.blocks[index].place, (index, index)
        first = last = index
        texts = consents = 0
        speaks = True
        while place >= 0 and self._page.places[place].tag not in ROOTS and place not in self._framing:
            before, after = self._page.ranges[place]
            if not speaks and self._words[after] - self._words[before] > MOST_ASIDE:
                return found  # larger elements are neither
            texts = int(self._long[after] - self._long[before])
            consents += sum(map(self._speaks, (*range(before, first), *range(last, after))))
            first, last = before, after
            speaks &= consents * 2 >= texts
            if speaks:
                found = (before, after) if texts else found
            place = self._page.places[place].parent
        alone = place >= 0 and self._page.places[place].tag in ROOTS
        return (first, last) if alone and self._is_aside(first, last) else found

    def _is_aside(self, first: int, last: int) -> bool:
        """Whether a short stretch of blocks names cookies and has controls."""
        start, end = self._page.blocks[first].start, self._page.blocks[last - 1].end
        return bool(
            self._controls[last] - self._controls[first] >= MIN_CONTROLS
            and self._words[last] - self._words[first] <= MOST_ASIDE
            and self._small.find("cookie", start, end) >= 0
        )

    def _speaks(self, index: int) -> bool:
        """Whether a block is a text with two different phrases of consent."""
        if index not in self._known:
            block = self._page.blocks[index]
            self._known[index] = (
                self._is_long[index] and len(set(CONSENT.findall(self._small, block.start, block.end))) > 1
            )
        return self._known[index]


def find_threads(page: BlockedPage, words: NDArray[np.float64]) -> Flags:
    """Blocks of comment threads, by the names of elements, unless a thread is what the page exists for: (blocks,).

    Args:
        page: an HTML page.
        words: of each block.
    """
    return _named(page, "thread", _running(words))


@lru_cache(maxsize=50_000)
def _box_of(names: str) -> str:
    """What an element is by its names: "dialog", "thread", or ""."""
    return "dialog" if DIALOG.search(names) else "thread" if THREAD.search(names) else ""


def _named(page: BlockedPage, box: str, counted: NDArray[np.float64] | None = None) -> Flags:
    """Blocks of the elements that are a `box`, without the page's frame or, with `counted` words, most of the page."""
    found = np.zeros(len(page.blocks), np.bool_)
    named = {
        place
        for place, (_, tag, names, _) in enumerate(page.places)
        if tag not in ROOTS and ((names and _box_of(names) == box) or tag == box)
    }
    framing = _framing(page, named) if named and counted is None else ()
    for place in named:
        first, last = page.ranges[place]
        if place not in framing and (counted is None or counted[last] - counted[first] < MOST_THREAD * counted[-1]):
            found[first:last] = True
    return found


def _framing(page: BlockedPage, named: Collection[int] = ()) -> set[int]:
    """Places that contain one of the `ARTICLE` elements, or are one.

    An `h1` in one of the `named` places does not count if the page has another outside of them: dialogs have headlines of
    their own.
    """
    found: set[int] = set()
    titles = {place for place, entry in enumerate(page.places) if entry.tag == "h1"} if named else set()
    inner = {place for place in titles if _is_within(page, place, named)}
    left_out = inner if inner < titles else ()
    for place, entry in enumerate(page.places):
        if entry.tag in ARTICLE and place not in left_out:
            _add_around(page, place, found)
    return found


def _is_within(page: BlockedPage, place: int, named: Collection[int]) -> bool:
    """Whether a place is one of those named, or in one."""
    while place >= 0 and place not in named:
        place = page.places[place].parent
    return place >= 0


def _titled(page: BlockedPage) -> set[int]:
    """Places around the page's title: its article is below it."""
    found: set[int] = set()
    title = (page.title or "").strip()
    for block in page.blocks:
        if title and block.end - block.start == len(title) and page.text.startswith(title, block.start):
            _add_around(page, block.place, found)
    return found


def _add_around(page: BlockedPage, place: int, found: set[int]) -> None:
    """Add a place and those around it, up to the first that is there already."""
    while place >= 0 and place not in found:
        found.add(place)
        place = page.places[place].parent


def _is_control(block: Block) -> bool:
    """Whether a block is a button, or has a link that leads nowhere."""
    return block.tag == "button" or (
        bool(block.links)
        and any(link.href in NOWHERE or link.href.lower().startswith("javascript:") for link in block.links)
    )


def _is_link(block: Block) -> bool:
    return bool(block.links) and sum(link.end - link.start for link in block.links) == block.end - block.start


def _running(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Sum of the values before each, and of all."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
