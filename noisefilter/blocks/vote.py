"""Page, blocks → trafilatura's opinion of each block."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noisefilter.html.parse import parse_html
from noisefilter.html.rescue import rescue_article
from noisefilter.html.tags import by_tag
from noisefilter.page import PAGE_FAULTS
from noisefilter.text.alignment import align
from noisefilter.threads import late_import

if TYPE_CHECKING:
    from noisefilter.html.walk import BlockedPage
    from noisefilter.types import Page

#: Real pages are at most some 30 deep; trafilatura copies the tree recursively.
MAX_DEPTH = 250
#: 100,000 paragraphs cost trafilatura 10 s.
MAX_ELEMENTS = 20_000


@dataclass(frozen=True, slots=True)
class Vote:
    """trafilatura's opinion: the share of each block that it kept, and how much of its output the blocks cover."""

    shares: tuple[float, ...]
    alignment: float


def ask_trafilatura(page: Page, blocked: BlockedPage) -> Vote | None:
    """trafilatura's vote on each block of a page that `read_page` gave; None if it is not to be asked.

    If it finds no article, it votes against every block. The page is parsed again: few pages are doubtful, and their
    trees need not be kept for that.
    """
    if not blocked.is_html or blocked.elements > MAX_ELEMENTS or blocked.depth > MAX_DEPTH:
        return None
    trafilatura = late_import("trafilatura")  # 0.3 s that a plain text does not need
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        tree = parse_html(str(page.content))
        rescue_article(tree, blocked.shown, blocked.prose, *by_tag(tree, "noscript", "script").values())
        document = trafilatura.bare_extraction(tree, favor_recall=True, include_comments=False)
    except PAGE_FAULTS:  # it has no opinion on a page that it cannot read
        return None
    body = getattr(document, "body", None)
    if body is None:
        return Vote((0.0,) * len(blocked.blocks), 0.0)
    shares, alignment = align(blocked.texts(), "\n".join(body.itertext()))
    return Vote(tuple(shares), alignment)
