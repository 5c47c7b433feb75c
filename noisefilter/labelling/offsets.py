"""Offsets as labelling tools count them ↔ code points of `visible_text`."""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal

Unit = Literal["code points", "UTF-16 code units"]


class Utf16:
    """Converts offsets in a text between code points and UTF-16 code units, which JavaScript counts.

    >>> Utf16("a😀b").to_units(2), Utf16("a😀b").to_points(3), Utf16("a😀b").to_points(2)
    (3, 2, None)
    """

    def __init__(self, text: str) -> None:
        #: Code points that take two units.
        self.wide = [index for index, character in enumerate(text) if character > "\uffff"]
        self.wide_units = [index + before for before, index in enumerate(self.wide)]

    def to_units(self, point: int) -> int:
        """The offset in code units."""
        return point + bisect_left(self.wide, point)

    def to_points(self, unit: int) -> int | None:
        """The offset in code points; None between the two halves of a character."""
        before = bisect_left(self.wide_units, unit)
        if before and self.wide_units[before - 1] == unit - 1:
            return None
        return unit - before
