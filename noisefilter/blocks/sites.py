"""Pages of one site → `SiteProfile`: which blocks return from page to page."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from noisefilter.html.read import read_blocks
from noisefilter.page import PAGE_FAULTS, as_page
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from noisefilter.html.walk import BlockedPage

#: "12 comments" and "13 comments" are the same block.
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, eq=False)
class SiteProfile:
    """On how many pages of a site each block occurs. Texts are kept as hashes only.

    `blocks` counts pages by the hash of a block's text, `pages` holds the hash of each page's whole text, so that a
    page that the profile was made from is not counted for itself.
    """

    blocks: Mapping[int, int]
    pages: frozenset[int]

    @classmethod
    def from_pages(cls, pages: Iterable[bytes | str | Page]) -> SiteProfile:
        """Profile of some pages of one site; what cannot be read is left out.

        Raises:
            TypeError: a single page, or a page that is neither bytes, str nor Page.

        Examples:
            >>> menu = "<nav><a href='/'>Home</a></nav>"
            >>> profile = SiteProfile.from_pages([f"<html><body>{menu}<p>One.</p>", f"<html><body>{menu}<p>Two.</p>"])
            >>> sorted(profile.blocks.values())
            [1, 1, 2]
        """
        if isinstance(pages, bytes | str | Page):
            raise TypeError(f"a profile is made of several pages, not of one {type(pages).__name__}")
        read = (_split(as_page(page)) for page in pages)
        return cls.from_blocked(blocked for blocked in read if blocked is not None)

    @classmethod
    def from_blocked(cls, pages: Iterable[BlockedPage]) -> SiteProfile:
        """Profile of pages that are cut into blocks already; a page that comes twice counts once."""
        counts: Counter[int] = Counter()
        seen: set[int] = set()
        for page in pages:
            whole = _hash(page.text)
            if whole not in seen:
                seen.add(whole)
                counts.update(set(_hashes(page)))
        return cls(dict(counts), frozenset(seen))

    def returns(self, page: BlockedPage) -> NDArray[np.float64] | None:
        """For each block the number and share of other pages that hold it: (blocks, 2); None if there are no others."""
        itself = int(_hash(page.text) in self.pages)
        others = len(self.pages) - itself
        if others < 1:
            return None
        counts = np.array([self.blocks.get(value, itself) - itself for value in _hashes(page)], dtype=np.float64)
        return np.stack([counts, counts / others], axis=1) if len(counts) else np.zeros((0, 2))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, for keeping a profile between runs."""
        return {"blocks": {str(key): count for key, count in sorted(self.blocks.items())}, "pages": sorted(self.pages)}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> SiteProfile:
        """The profile that `to_dict` wrote.

        Raises:
            ValueError: the record is none.
        """
        try:
            return cls({int(key): int(count) for key, count in record["blocks"].items()}, frozenset(record["pages"]))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"no profile of a site: {error!r}") from error


def _split(page: Page) -> BlockedPage | None:
    try:
        return read_blocks(page).blocked
    except PAGE_FAULTS:
        return None


def _hashes(page: BlockedPage) -> list[int]:
    return [_hash(" ".join(NUMBER.sub("0", text).lower().split())) for text in page.texts()]


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
