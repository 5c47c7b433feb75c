"""Boilerplate → its name, which a person reads in `Span.reason`. It explains decisions, and makes none."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.markup import group_mean
from noisefilter.text.cues import cue_table
from noisefilter.text.tokens import find_cues

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from noisefilter.blocks.table import BlockTable

NAME = re.compile(r"[a-z]+")
#: What a box as a whole may be; its class or its first line says so.
BOXES = frozenset(
    (
        "newsletter box",
        "author box",
        "link to another story",
        "list of other stories",
        "comments",
        "table of contents",
        "tags",
        "donation box",
        "cookie notice",
        "share or follow line",
        "login line",
        "app box",
        "promotion box",
        "previous and next",
    )
)
#: Phrase tables that name boilerplate besides its cues, in order.
TABLES = ("boxes", "pointers")
#: What a line may be inside a box that is called something else: a date among comments.
MINOR = frozenset(
    ("date line", "reading time", "byline", "login line", "share or follow line", "tags", "navigation", "comments")
)
#: Longer texts are not the heading of a group.
HEAD_WORDS = 12
#: Longer texts are not looked up among the boxes.
BOX_WORDS = 80
#: Elements whose name is the reason.
ELEMENTS = {
    "nav": "navigation",
    "footer": "footer",
    "form": "form",
    "header": "page header",
    "aside": "sidebar",
    "menu": "navigation",
    "figcaption": "caption",
    "time": "date line",
}
#: Reasons that say where a block stands rather than what it is: a heading above it says more.
PLACES = frozenset(("navigation", "footer", "form", "page header", "sidebar"))
#: Parts of class names, ids and roles, each row with the reason it gives; the first row that fits wins. A part of up to
#: four letters must be a whole word of the name ("ad" is not in "shadow").
NAMED = (
    ("breadcrumb breadcrumbs crumb crumbs trail", "breadcrumb"),
    ("newsletter subscribe signup subscription mailchimp mailing", "newsletter box"),
    ("donate donation donations contribute membership supporter patron", "donation box"),
    ("cookie cookies consent gdpr ccpa onetrust", "cookie notice"),
    ("login signin paywall register account", "login line"),
    ("comment comments disqus respond responses replies discussion", "comments"),
    ("authorbox author-box bio about-author contributor author-info author-bio author-card", "author box"),
    ("byline author authors writer", "byline"),
    ("reading-time readtime read-time readingtime", "reading time"),
    ("toc contents table-of-contents jump-links", "table of contents"),
    ("pagination pager prev next post-nav postnav post-navigation", "previous and next"),
    (
        "related recommended recommend recommendation popular trending latest most-read mostread more-from morefrom teaser teasers",
        "list of other stories",
    ),
    ("read-more readmore also-read alsoread see-also inline-link", "link to another story"),
    ("share sharing social follow sharedaddy addtoany", "share or follow line"),
    ("tags tag topics categories keywords labels", "tags"),
    ("sponsor sponsored advert advertisement ad ads adslot promoted dfp", "advertising label"),
    ("app appstore app-promo download-app", "app box"),
    ("credit credits photographer attribution", "image credit"),
    ("caption captions wp-caption", "caption"),
    ("copyright legal disclaimer imprint colophon", "legal line"),
    ("date dateline timestamp published posted-on pubdate", "date line"),
    ("promo promotion cta offer upsell banner", "promotion box"),
    ("menu nav navbar navigation masthead topbar", "navigation"),
    ("footer", "footer"),
    ("sidebar rail widget", "sidebar"),
)
WHOLE_WORD = 4
NAME_ROW = {part: row for row, (parts, _) in reversed(list(enumerate(NAMED))) for part in parts.split()}
LONG_PART = re.compile(
    "|".join(sorted((re.escape(part) for part in NAME_ROW if len(part) > WHOLE_WORD), key=len, reverse=True))
)
#: A line that shares this much of its words with the title is the headline.
SAME_TITLE = 0.75
#: Lines above the article among which its author is named.
BYLINE_REACH = 4
#: Elements whose kind their lines do not change: a menu with a login link is a menu.
WHOLE = frozenset(("navigation", "footer"))
#: A heading and one link are no list yet.
LINK_LINES = 2
#: A box with more lines is several boxes.
BOX_LINES = 12
#: Fewer lines in a row are no list.
LIST_LINES = 3
HEADLINE_WORDS = 4


def name_boilerplate(table: BlockTable, boilerplate: NDArray[np.bool_]) -> list[str]:
    """What each block of boilerplate is, "" for the others: by its words, the box around it, the heading above, its place."""
    cues = cue_table("boilerplate").cues
    looked_at = boilerplate & (table.words <= BOX_WORDS)
    last = np.where(looked_at, table.last, table.first)
    found = find_cues(TABLES, table.page.texts(), table.tokens, table.first, last)
    by_cue = [cues[row].reason if row >= 0 else None for row in table.cue.tolist()]
    rows = zip(*(found[name].tolist() for name in TABLES), strict=True)
    by_words = [_reason_of(pair) for pair in rows]
    heads = [
        (words or cue) if size <= HEAD_WORDS else None
        for cue, words, size in zip(by_cue, by_words, table.words.tolist(), strict=True)
    ]
    votes = [words or (cue if cue in BOXES else None) for cue, words in zip(by_cue, by_words, strict=True)]
    around = (
        _name_boxes(table, boilerplate, heads, votes) if table.places is not None else _name_groups(boilerplate, heads)
    )
    by_form = _name_by_form(table, boilerplate)
    is_headline = ((table.title_share >= SAME_TITLE) & (table.words >= HEADLINE_WORDS)).tolist()
    reasons = [""] * len(table)
    for index in np.flatnonzero(boilerplate).tolist():
        phrase = by_cue[index]
        if phrase in MINOR and around[index] in BOXES:
            phrase = None
        place = ""
        for reason in (phrase, "headline" if is_headline[index] else None, around[index], by_words[index]):
            if reason and reason not in PLACES:
                reasons[index] = reason
                break
            place = place or reason or ""
        else:
            reasons[index] = place or by_form(index)
    return _name_inner_links(reasons, boilerplate)


def _reason_of(rows: Sequence[int]) -> str | None:
    """What the first of `TABLES` that has a row for a block calls it."""
    named = (cue_table(name).cues[row].reason for name, row in zip(TABLES, rows, strict=True) if row >= 0)
    return next(named, None)


def _name_inner_links(reasons: list[str], boilerplate: NDArray[np.bool_]) -> list[str]:
    """A line or two between paragraphs is a link to another story, no list of them."""
    named = list(reasons)
    kept = np.flatnonzero(~boilerplate)
    for left, right in pairwise(kept.tolist()):
        if 1 < right - left <= LINK_LINES + 1:
            for index in range(left + 1, right):
                if named[index] == "list of other stories":
                    named[index] = "link to another story"
    return named


def _name_groups(boilerplate: NDArray[np.bool_], heads: Sequence[str | None]) -> list[str | None]:
    """In plain text a heading names what follows, up to the next one or to a line of the article."""
    names: list[str | None] = []
    name = None
    for out, head in zip(boilerplate.tolist(), heads, strict=True):
        if not out:
            name = None
        elif head in BOXES:
            name = head
        names.append(name)
    return names


def _name_boxes(
    table: BlockTable, boilerplate: NDArray[np.bool_], heads: Sequence[str | None], votes: Sequence[str | None]
) -> list[str | None]:
    """What the nearest element around each block holds, by its class, its first line, or most of its lines.

    An element that also holds a part of the article gives no name to the boilerplate in it.
    """
    places = table.page.places
    kept = [0, *np.cumsum(~boilerplate).tolist()]
    named: list[str | None] = []
    # parents come before their children
    columns = zip(places.firsts, places.lasts, places.names, places.tags, places.parents, strict=True)
    for start, end, names, tag, parent in columns:
        if start == end or kept[end] > kept[start]:
            named.append(None)
            continue
        name = _name_element(names, tag)
        if name is None or name in PLACES:
            head = heads[start] if heads[start] in BOXES else None
            small = end - start <= BOX_LINES  # a large element holds several boxes
            name = head or (_elect(votes[start:end]) if small and name not in WHOLE else None) or name
            if name == "link to another story" and end - start > LINK_LINES:
                name = "list of other stories"
            outer = named[parent] if parent >= 0 else None
            if name is None or (name in PLACES and outer is not None and outer not in PLACES):
                name = outer
        named.append(name)
    return [
        named[block.place] if out else None for block, out in zip(table.page.blocks, boilerplate.tolist(), strict=True)
    ]


def _elect(votes: Sequence[str | None]) -> str | None:
    """What most of the lines of a box say."""
    cast = [vote for vote in votes if vote is not None]
    return max(cast, key=lambda vote: (cast.count(vote), -cast.index(vote))) if cast else None


def _may_be_names(table: BlockTable, index: int) -> bool:
    """A few words, mostly capitalised, without a link that could lead to another section."""
    words = range(int(table.first[index]), int(table.last[index]))
    capitals = sum(bool(table.tokens.title[word]) for word in words)
    return 2 <= len(words) <= HEAD_WORDS and capitals >= len(words) / 2


def _name_by_form(table: BlockTable, boilerplate: NDArray[np.bool_]) -> Callable[[int], str]:
    """What a block would be by its form: menus have short lines, lists of other stories long ones."""
    kept = np.flatnonzero(~boilerplate)
    first, last = (int(kept[0]), int(kept[-1])) if len(kept) else (len(table), -1)
    index = np.arange(len(table))
    if table.places is not None:
        group = table.places.alike[table.place]
        is_list = table.linked >= 0.5 * table.characters
    else:
        group = table.run
        is_list = (np.bincount(group, boilerplate)[group] >= LIST_LINES) & ((index < first) | (index > last))
    long_lines = group_mean(table.words, group) >= HEADLINE_WORDS

    def name(row: int) -> str:
        if is_list[row]:
            short = "navigation" if row < first or table.places is not None else "footer"
            return "list of other stories" if long_lines[row] else short
        if table.places is not None and 0 < first - row <= BYLINE_REACH and _may_be_names(table, row):
            return "byline"
        return "not part of the article"

    return name


@lru_cache(maxsize=20_000)
def _name_element(names: str, tag: str) -> str | None:
    row = min(
        min((NAME_ROW[word] for word in NAME.findall(names) if word in NAME_ROW), default=len(NAMED)),
        min((NAME_ROW[part] for part in LONG_PART.findall(names)), default=len(NAMED)),
    )
    return NAMED[row][1] if row < len(NAMED) else ELEMENTS.get(tag)
