"""Blocks → posts, which stay together: those of a forum; those of a live blog, without the index and notice above them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.blocks.beside import SURE, find_standfirst
from noisefilter.blocks.siblings import LINKED, MIN_SIBLINGS, find_controls, rows_of

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags
    from noisefilter.blocks.table import BlockTable

#: Fewest texts of a forum that are tied, fewest words of one, and the mean log-odds up to which they are posts.
MIN_POSTS, LEAST_WORDS, POSTS = 3, 5, -0.5
#: A post begins with the time of day, or the minute of a match; most words of that line, fewest words of a post with it.
TIME = re.compile(
    r"(?<![\d.:])\d{1,2}(?:[.:h時]| h )\d\d(?![\d.:])|\b\d{1,2} ?[ap]\.?m\b|\b\d{1,3}(?:\+\d{1,2})?\.? ?(?:['’′]|min\b)",
    re.IGNORECASE,
)
MOST_TIME, LEAST_POST = 8, 3
#: Fewest words of a sentence in a list above the posts.
LEAST_ITEM = 5
#: Most words of what is put between two posts.
MOST_BETWEEN = 80
#: Largest share of a post that is links: a ticker consists of them.
MOST_LINKED = 0.3
#: Posts are at least this share of what would be kept, or the page has another article.
MOSTLY = 0.5
#: Log-odds of a post that is kept, at most: no stretch of posts is doubtful enough to be an island (`find_islands`).
POST = -2.0
#: Above the posts a standfirst is kept; a shorter line only if its log-odds are at most this.
LIKELY_ARTICLE = -2.5


def tie_posts(table: BlockTable, logits: Column, weights: Column) -> Column:
    """Log-odds where texts in elements of the same tag and names, parents' included, are kept if their mean is."""
    alike = table.elements.numbered[table.place]
    named = np.array([table.page.places.names[block.place] != "" for block in table.page.blocks])
    text = (table.words >= LEAST_WORDS) & named
    count, weight = np.bincount(alike, text), np.bincount(alike, weights * text)
    mean = (np.bincount(alike, weights * logits * text) / np.maximum(weight, 1))[alike]
    posts = text & (count[alike] >= MIN_POSTS) & (mean <= POSTS)
    return np.where(posts, np.minimum(logits, mean), logits)


def with_posts(table: BlockTable, logits: Column, weights: Column) -> Column:
    """Log-odds of a page of posts: all posts are kept if their mean is; above them only paragraphs and likely lines.

    The controls of the posts ("Share", "Permalink") go, and do not count.
    """
    posts, rows, between = find_posts(table)
    posts = posts & (logits != SURE)  # comments have times, too, and lists in dialogs sentences
    if not posts.any():
        return logits
    controls = find_controls(table) & posts
    posts &= ~controls
    # an index of the posts is no other article
    kept = table.words * ((logits < 0) & (posts | (table.linked < LINKED * table.characters)))
    if kept[posts].sum() < MOSTLY * kept.sum():
        return logits
    telling = posts & (table.words > MOST_TIME)  # times, names and headings say little
    telling = telling if telling.any() else posts
    mean = float((weights * np.clip(logits, -SURE, SURE))[telling].sum() / weights[telling].sum())
    points = _points(table) & (np.cumsum(posts) == 0) & (logits != SURE)
    beside = ~rows & ~table.prose & ~points & ~find_standfirst(table) & (logits > LIKELY_ARTICLE)
    others = np.where(beside | controls | between, SURE, logits)
    return np.where((posts | points) & (mean < 0), np.minimum(logits, min(mean, POST)), others)


def _points(table: BlockTable) -> Flags:
    """Items that are sentences or occur once, as key points do; an index of the posts has their headings: (blocks,)."""
    single = table.closed | (table.repeated == 0)
    return np.asarray(table.tagged("li") & single & (table.words >= LEAST_ITEM) & (table.links == 0))


class PostBlocks(NamedTuple):
    """Blocks of posts, of the rows that these are in, and of what is put between two of them: (blocks,) each."""

    posts: Flags
    rows: Flags
    between: Flags


def find_posts(table: BlockTable) -> PostBlocks:
    """Posts: elements of one tag or make below one element that begin with a line with a time, as nearly all of them do."""
    places = table.elements
    timed = _timed(table)
    posts, rows, chosen = np.zeros(len(table), np.bool_), np.zeros(len(table), np.bool_), np.zeros_like(timed)
    if np.count_nonzero(timed) < MIN_SIBLINGS:
        return PostBlocks(posts, rows, rows)
    number: dict[str, int] = {}
    tags = np.array([number.setdefault(tag, len(number)) for tag in table.page.places.tags])
    for make in (places.make_by(tags), places.make):  # an advertisement between posts may have their tag
        post = timed & (np.bincount(make, timed)[make] >= MIN_SIBLINGS)
        row = rows_of(table, timed, MIN_SIBLINGS, make)
        posts |= row & table.blocks_in(np.flatnonzero(post).tolist())
        rows |= row
        chosen |= post & np.append(row, False)[places.first]
    return PostBlocks(posts, rows, _between(table, chosen, timed))


def _timed(table: BlockTable) -> Flags:
    """Places of several blocks that begin with a line with a time, hold a text, and few links: (places,)."""
    places = table.elements
    found = (places.blocks > 1) & (places.words >= LEAST_POST)
    timed = np.zeros(len(table) + 1, np.bool_)
    starts = np.unique(places.first[found])
    for index in starts[table.words[starts] <= MOST_TIME].tolist():
        block = table.page.blocks[index]
        timed[index] = TIME.search(table.page.text, block.start, block.end) is not None
    found &= timed[places.first]
    if np.count_nonzero(found) >= MIN_SIBLINGS:
        text = ~find_controls(table)
        found &= places.inside(table.words * text) >= LEAST_POST
        found &= places.inside(table.linked * text) <= MOST_LINKED * places.inside(table.characters * text)
    return found


def _between(table: BlockTable, posts: Flags, timed: Flags) -> Flags:
    """Blocks of short elements between two posts of the same parent, of another make and without a time: (blocks,)."""
    places = table.elements
    count, parent = len(places.parent), places.parent
    lowest, highest = np.full(count + 1, len(table)), np.full(count + 1, -1)
    np.minimum.at(lowest, parent[posts], places.first[posts])
    np.maximum.at(highest, parent[posts], places.first[posts])
    inside = (places.first > lowest[parent]) & (places.first < highest[parent])
    other = ~timed & ~np.isin(places.make, places.make[posts])
    return table.blocks_in(np.flatnonzero(inside & other & (places.words <= MOST_BETWEEN)).tolist())
