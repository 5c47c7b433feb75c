"""Evidence → words: what a person reads in `Span.reason`. Names what the classifiers decided; decides nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from noisefilter.cues import cue_table
from noisefilter.features.sentences import SENTENCE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from noisefilter.blocks import BlockedPage
    from noisefilter.features.block_table import BlockTable
    from noisefilter.features.insertions import InsertionTable

#: Cues that head a group of blocks: what follows them has the same name.
HEADS = frozenset(
    ("newsletter", "author", "also read", "trending", "comments", "contents", "tags", "donation", "cookies", "share")
)
#: Elements whose name is the reason.
ELEMENTS = {"nav": "navigation", "footer": "footer", "form": "form", "header": "page header", "aside": "sidebar"}
NAMED = (
    ("comment", "comments"), ("newsletter", "newsletter box"), ("subscribe", "newsletter box"), ("related", "list of other stories"),
    ("trending", "list of other stories"), ("popular", "list of other stories"), ("recommend", "list of other stories"),
    ("author", "author box"), ("breadcrumb", "breadcrumb"), ("share", "share or follow line"), ("social", "share or follow line"),
    ("cookie", "cookie notice"), ("consent", "cookie notice"), ("byline", "byline"), ("tags", "tags"), ("toc", "table of contents"),
    ("menu", "navigation"), ("nav", "navigation"), ("footer", "footer"), ("sidebar", "sidebar"), ("advert", "advertising label"),
    ("promo", "promotion box"), ("login", "login line"), ("caption", "caption"), ("credit", "image credit"),
)  # fmt: skip
HEAD_WORDS = 12
COLUMN = {name: index for index, name in enumerate(SENTENCE_COLUMNS)}
#: Cosine above which a reader would call it a restatement. By eye on our own pages.
SAID_BEFORE = 0.75
HEADLINE_WORDS = 4


def name_furniture(table: BlockTable, furniture: NDArray[np.bool_]) -> list[str]:
    """For each block what kind of furniture it would be: by its words, its markup, or the heading above it."""
    cues = cue_table("furniture").cues
    reasons = []
    head: str | None = None
    for index, block in enumerate(table.page.blocks):
        cue = cues[table.cue[index]] if table.cue[index] >= 0 else None
        if not furniture[index]:
            head = None
        elif cue is not None and cue.name in HEADS and table.words[index] <= HEAD_WORDS:
            head = cue.reason
        named = cue.reason if cue else _name_by_markup(table.page, block.place) if furniture[index] else None
        reasons.append(named or head or "not part of the article")
    return reasons


def _name_by_markup(page: BlockedPage, place: int) -> str | None:
    """Name of the nearest element around whose tag or class says what it is; further out they name the page."""
    for _ in range(6):
        if place < 0:
            break
        entry = page.places[place]
        reason = _name_element(entry.names, entry.tag)
        if reason:
            return reason
        place = entry.parent
    return None


@lru_cache(maxsize=20_000)
def _name_element(names: str, tag: str) -> str | None:
    return next((reason for part, reason in NAMED if part in names), ELEMENTS.get(tag))


def name_filler(table: InsertionTable, row: int) -> str:
    """Why a sentence says nothing."""
    sentences = table.sentences
    templates, phrases = cue_table("templates"), cue_table("filler")
    text = sentences.texts[row]
    heading = templates.find(text)
    if heading >= 0:
        return templates.cues[heading].reason
    parts = []
    if sentences.section[row] >= 0:
        parts.append(templates.cues[sentences.section[row]].reason)
    phrase = phrases.find(text)
    if phrase >= 0:
        parts.append(phrases.cues[phrase].reason)
    elif _column(table, "said_before", row) >= SAID_BEFORE:
        parts.append("repeats what was said")
    elif _column(table, "title_likeness", row) >= SAID_BEFORE:
        parts.append("says what the title said")
    elif not _column(table, "any_digit", row) and not _column(table, "any_name", row):
        parts.append("no name, number or source")
    return ": ".join(parts) or "reads like filler"


def name_promotion(table: InsertionTable, row: int) -> str:
    """What a sentence does to sell."""
    phrases = cue_table("promotion")
    found = phrases.find(table.sentences.texts[row])
    return phrases.cues[found].reason if found >= 0 else "reads like an advertisement"


def name_insertion(table: InsertionTable, row: int, start: int, end: int) -> str:
    """What a foreign passage is: a link, a headline in a sentence, or a sentence of its own."""
    sentences = table.sentences
    links: Sequence[str] = [
        link.href for link in sentences.page.blocks[sentences.block[row]].links if link.start < end and link.end > start
    ]
    cut_whole = end - start >= sentences.end[row] - sentences.start[row] - 2
    what = "sentence" if cut_whole else "clause"
    if links:
        return f"{what} with a link that shares nothing with the article: {links[0][:80]}"
    if table.title_run[row] >= HEADLINE_WORDS:
        return f"{what} that carries the headline of another story"
    return f"{what} about another subject than the sentences around it"


def _column(table: InsertionTable, name: str, row: int) -> float:
    return float(table.matrix[row, COLUMN[name]])
