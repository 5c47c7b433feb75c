"""Blocks of plain text → those that only Markdown has: lines of nothing but links, and the data above the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from noisefilter.arrays import Flags
    from noisefilter.blocks.table import BlockTable
    from noisefilter.html.walk import BlockedPage

#: A picture or a link, which may be around a picture.
PICTURE = r"!\[[^\[\]\n]{0,300}\]\([^()\n]{0,2000}\)"
ANY = rf"(?:{PICTURE}|\[(?:{PICTURE}|[^\[\]\n]{{1,300}})\]\([^()\n]{{0,2000}}\))"
LINKS = re.compile(rf"(?:[^\w\[!]{{0,9}}{ANY})+[^\w\[]*")
#: What is above and below the data, and most lines of it.
RULE, MOST_DATA = "---", 40
DATUM = re.compile(r"[\w-]+:(?:\s|$)|\s*-\s")


def find_markup(table: BlockTable) -> Flags:
    """Blocks of several plain texts that are links and pictures alone, or data above the text: (blocks,)."""
    return np.concatenate([_of_page(page) for page in table.pages])


def _of_page(page: BlockedPage) -> Flags:
    found = np.zeros(len(page.blocks), np.bool_)
    if "](" in page.text:
        found[:] = [LINKS.fullmatch(page.text, block.start, block.end) is not None for block in page.blocks]
    if page.text.lstrip().startswith(RULE):
        lines = [page.text[block.start : block.end] for block in page.blocks[:MOST_DATA]]
        end = next((number for number, line in enumerate(lines) if number and line == RULE), 0)
        if end and lines[0] == RULE and all(map(DATUM.match, lines[1:end])):
            found[: end + 1] = True
    return found
