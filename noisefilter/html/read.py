"""Page → its blocks, or why it has none: decoding, cutting and their limits, for training and for scoring."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noisefilter.html.parse import NoElementError
from noisefilter.html.walk import split_blocks
from noisefilter.page import MAX_BLOCKS, MAX_TEXT, read_page

if TYPE_CHECKING:
    from noisefilter.html.walk import BlockedPage
    from noisefilter.types import Page, Status


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A decoded page and its blocks, None if it cannot be read; only a page whose `status` is "ok" is scored."""

    page: Page
    blocked: BlockedPage | None
    status: Status

    @property
    def text(self) -> str:
        """Its visible text; of a plain text that was not cut, the whole of it."""
        return str(self.page.content) if self.blocked is None else self.blocked.text


def read_blocks(page: Page) -> ReadPage:
    """The page, decoded and cut into blocks."""
    read = read_page(page)
    if read.status != "ok":
        return ReadPage(read, None, read.status)
    try:
        blocked = split_blocks(read)
    except NoElementError:
        return unreadable(read)
    if not blocked.blocks:
        return ReadPage(read, blocked, "empty")
    too_large = len(blocked.text) > MAX_TEXT or len(blocked.blocks) > MAX_BLOCKS
    return ReadPage(read, blocked, "too_large" if too_large else "ok")


def unreadable(page: Page) -> ReadPage:
    """A page that the code fails on, without its content."""
    return ReadPage(read_page(replace(page, content="")), None, "unreadable")
