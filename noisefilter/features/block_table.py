"""Blocks → arrays: what the block features share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.features.names import place_names
from noisefilter.features.sentence_table import vector_sums
from noisefilter.features.structure import Structure, accumulate, find_structure
from noisefilter.features.tokens import find_cues, sums, unit_rows, word_list

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.blocks import BlockedPage
    from noisefilter.features.tokens import Tokens
    from noisefilter.vectors import VectorTable

    Column = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Blocks of at least this many words that end a sentence are taken for prose.
PROSE_WORDS = 20
#: Longer blocks are not furniture that a phrase table could name; looking costs time.
CUE_WORDS = 40
#: Line breaks that a reader sees as a blank line.
BLANK_LINE = 2
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
CONTAINERS = ("article", "main", "nav", "footer", "header", "aside", "form", "table", "figure", "section", "li", "ul")


@dataclass(frozen=True, slots=True)
class PlaceTable:
    """Places as arrays; counts cover everything inside a place. One row per place."""

    parent: NDArray[np.int64]
    depth: NDArray[np.int64]
    containers: NDArray[np.int64]  # bits of CONTAINERS around or at the place
    hidden: NDArray[np.bool_]
    words: Column
    linked: Column
    prose: Column
    blocks: Column
    structure: Structure


@dataclass(frozen=True, slots=True)
class BlockTable:
    """Blocks of one page as arrays of equal length; `place` is -1 throughout for plain text."""

    page: BlockedPage
    tokens: Tokens
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    words: Column
    characters: Column
    prose: NDArray[np.bool_]
    linked: Column
    links: Column
    cue: NDArray[np.int64]
    repeated: Column
    title_share: Column
    likeness: Column
    last_heading: Index  # index of the last heading at or before each block, -1 for none
    gap: Column  # line breaks before the block
    run: Index  # numbers the runs of blocks without a blank line between them: lists, tables, verses
    echo: Column
    place: NDArray[np.int64]
    places: PlaceTable | None
    names: tuple[Index, Index]  # of all places, flattened: place and hash row of each

    def __len__(self) -> int:
        return len(self.start)

    def count(self, name: str) -> Column:
        """Characters of a class in each block."""
        return self.tokens.characters.count(name, self.start, self.end).astype(np.float64)

    def share(self, flags: NDArray[np.bool_]) -> Column:
        """Share of each block's words for which a token flag is set."""
        return sums(flags.astype(np.float64), self.first, self.last) / np.maximum(self.words, 1)

    def at_place(self, values: Column, steps: int = 0) -> Column:
        """Value of the place that holds each block, or of the place `steps` above it."""
        if self.places is None:
            return np.full(len(self), np.nan)
        index = self.place
        for _ in range(steps):
            index = np.where(self.places.parent[index] >= 0, self.places.parent[index], index)
        return values[index]


def block_table(page: BlockedPage, tokens: Tokens, vectors: VectorTable) -> BlockTable:
    """Arrays that the block features share."""
    count = len(page.blocks)
    start = np.fromiter((block.start for block in page.blocks), np.int64, count)
    end = np.fromiter((block.end for block in page.blocks), np.int64, count)
    first, last = tokens.ranges(start, end)
    words = (last - first).astype(np.float64)
    texts = page.texts()
    linked = np.fromiter((sum(link.end - link.start for link in b.links) for b in page.blocks), np.float64, count)
    closed = np.fromiter((text[-1] in ".!?…\"”’')" for text in texts), np.bool_, count)
    prose = (words >= PROSE_WORDS) & closed & (linked < 0.5 * (end - start))
    gap = _gaps(page)
    cue = find_cues("furniture", texts, tokens, first, np.where(words <= CUE_WORDS, last, first))
    place = np.fromiter((block.place for block in page.blocks), np.int64, count)
    return BlockTable(
        page, tokens, start, end, first, last, words, (end - start).astype(np.float64), prose, linked,
        np.fromiter((len(block.links) for block in page.blocks), np.float64, count), cue, _repeated(texts),
        _title_shares(page.title, texts, words), _likeness(tokens, first, last, prose, vectors),
        _last_headings(page), gap,
        np.cumsum(gap >= BLANK_LINE), _echo(tokens, first, last),
        place,
        _place_table(page, place, words, linked, prose) if page.is_html else None, place_names(page),
    )  # fmt: skip


def _last_headings(page: BlockedPage) -> Index:
    """Index of the last heading at or before each block."""
    headings = np.fromiter((block.tag in HEADINGS for block in page.blocks), np.bool_, len(page.blocks))
    return np.maximum.accumulate(np.where(headings, np.arange(len(headings)), -1))


def _gaps(page: BlockedPage) -> Column:
    """Line breaks before each block; the first one stands as after a blank line."""
    ends = [block.end for block in page.blocks]
    gaps = [page.text.count("\n", end, block.start) for end, block in zip(ends, page.blocks[1:], strict=False)]
    return np.array([BLANK_LINE, *gaps][: len(ends)], dtype=np.float64)


def _likeness(tokens: Tokens, first: Index, last: Index, prose: NDArray[np.bool_], vectors: VectorTable) -> Column:
    """Cosine of each block with all prose together (with all blocks, if none is prose)."""
    totals = vector_sums(tokens.ids, first, last, vectors)
    topic = unit_rows((totals[prose] if prose.any() else totals).sum(axis=0, keepdims=True))[0]
    return np.asarray(unit_rows(totals) @ topic)


def _echo(tokens: Tokens, first: Index, last: Index) -> Column:
    """Share of each block's word pairs that stand before it on the page: a copy says what was said."""
    _, index, inverse = np.unique(tokens.pairs, return_index=True, return_inverse=True)
    seen = index[inverse] < np.repeat(first, last - first) if len(tokens) else np.zeros(0, dtype=np.bool_)
    return sums(seen.astype(np.float64), first, last) / np.maximum(last - first, 1)


def _repeated(texts: list[str]) -> Column:
    """How often the same text stands elsewhere on the page."""
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    return np.fromiter((counts[text] - 1 for text in texts), np.float64, len(texts))


def _title_shares(title: str | None, texts: list[str], words: Column) -> Column:
    """Share of the words of a short block that the title holds."""
    shares = np.zeros(len(texts))
    wanted = set(word_list(title or ""))
    if wanted:
        for index in np.flatnonzero(words <= CUE_WORDS):
            own = word_list(texts[index])
            shares[index] = sum(word in wanted for word in own) / max(1, len(own))
    return shares


def _place_table(
    page: BlockedPage, place: Index, words: Column, linked: Column, prose: NDArray[np.bool_]
) -> PlaceTable:
    count = len(page.places)
    parents = [entry.parent for entry in page.places]
    bits = {tag: 1 << bit for bit, tag in enumerate(CONTAINERS)}
    bits["ol"] = bits["ul"]
    depths, containers, hidden = [0] * count, [0] * count, [False] * count
    for index, (above, tag, names, unseen) in enumerate(page.places):
        own = bits.get(tag, 0)
        if above >= 0:
            depths[index] = depths[above] + 1
            containers[index] = containers[above] | own
            hidden[index] = hidden[above] or unseen or "aria-hidden" in names
        else:
            containers[index] = own
    plain = words * (linked == 0)  # where no paragraph is long enough for prose
    own_values = np.zeros((count, 5))
    np.add.at(own_values, place, np.stack([words, linked, words * prose, np.ones(len(words)), plain], axis=1))
    parent, depth = np.array(parents, dtype=np.int64), np.array(depths, dtype=np.int64)
    totals = accumulate(own_values, parent, depth)
    return PlaceTable(
        parent, depth, np.array(containers, dtype=np.int64), np.array(hidden, dtype=np.bool_),
        totals[:, 0], totals[:, 1], totals[:, 2], totals[:, 3], find_structure(page, parent, depth, totals[:, 2 if prose.any() else 4]),
    )  # fmt: skip
