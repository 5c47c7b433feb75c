"""Blocks → posts, which stay together: those of a forum; those of a live blog, without the index and notice above them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.beside import STAYS, find_standfirst
from noisefilter.blocks.siblings import LINKED, MIN_SIBLINGS, blocks_of, find_controls, rows_of

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
#: Largest share of a post that is links: a ticker consists of them.
MOST_LINKED = 0.3
#: Posts are at least this share of what would be kept, or the page has another article.
MOSTLY = 0.5
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


def with_posts(table: BlockTable, logits: Column, weights: Column, gone: float) -> Column:
    """Log-odds of a page of posts: all posts are kept if their mean is; above them only paragraphs and likely lines.

    The controls of the posts ("Share", "Permalink") go, and do not count; `gone` is the log-odds of what goes.
    """
    posts, rows = find_posts(table)
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
    mean = float((weights * np.clip(logits, -gone, gone))[telling].sum() / weights[telling].sum())
    beside = ~rows & ~table.prose & ~find_standfirst(table) & (logits > LIKELY_ARTICLE)
    return np.where(posts & (mean < 0), np.minimum(logits, min(mean, STAYS)), np.where(beside | controls, gone, logits))


def find_posts(table: BlockTable) -> tuple[Flags, Flags]:
    """Blocks of elements of one tag below one element that begin with a line with a time, as nearly all do; and of all."""
    places = table.elements
    post = (places.blocks > 1) & (places.words >= LEAST_POST)
    timed = np.zeros(len(table) + 1, np.bool_)
    starts = np.unique(places.first[post])
    for index in starts[table.words[starts] <= MOST_TIME].tolist():
        block = table.page.blocks[index]
        timed[index] = TIME.search(table.page.text, block.start, block.end) is not None
    post &= timed[places.first]
    if np.count_nonzero(post) < MIN_SIBLINGS:
        return np.zeros(len(table), np.bool_), np.zeros(len(table), np.bool_)
    text = ~find_controls(table)
    post &= places.inside(table.words * text) >= LEAST_POST
    post &= places.inside(table.linked * text) <= MOST_LINKED * places.inside(table.characters * text)
    number: dict[str, int] = {}
    tags = np.array([number.setdefault(tag, len(number)) for tag in table.page.places.tags])
    make = places.make_by(tags)
    several = np.bincount(make, post)[make] >= MIN_SIBLINGS
    rows = rows_of(table, post, MIN_SIBLINGS, make)
    return rows & blocks_of(table, post & several), rows
