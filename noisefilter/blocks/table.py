"""Blocks → arrays: what the block features share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.boxes import find_dialogs
from noisefilter.blocks.places import TAG_GROUPS, place_names, place_table
from noisefilter.html.tags import HEADINGS
from noisefilter.text.language import is_known, name_language
from noisefilter.text.tokens import (
    find_cues,
    join_tokens,
    sums,
    sums_of_rows,
    token_hash,
    unit_rows,
    vector_sums,
    word_list,
)
from noisefilter.threads import cached_property

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Column, Flags, Index
    from noisefilter.blocks.places import PlaceTable
    from noisefilter.html.walk import BlockedPage
    from noisefilter.text.tokens import Tokens
    from noisefilter.text.vectors import VectorTable
    from noisefilter.types import Block

#: Blocks of at least this many words that end a sentence are taken for prose.
PROSE_WORDS = 20
#: What prose ends with, in any script.
CLOSING = frozenset(".!?…\"”’')\u3002\uff01\uff1f\u300d\u300f\uff09\u061f\u06d4\u0964\u1362\u00bb\u037e")
#: Longer blocks are not boilerplate that a phrase table could name; looking costs time.
CUE_WORDS = 40
#: Number of blocks, and letters of each, by which a page's language is told.
LONGEST, LETTERS = 5, 200
#: A text of `ENOUGH` words or more is English if this share of them are English stop words; in other languages it was
#: .16 at most.
ENOUGH, ENGLISH = 20, 0.2
#: A line with this share of its words in the title repeats the title.
SAME_TITLE = 0.6
#: Line breaks that a reader sees as a blank line.
BLANK_LINE = 2
#: Tag of a block → place of its group in `TAG_GROUPS`.
GROUP_OF_TAG = {tag: group for group, tags in enumerate(TAG_GROUPS.values()) for tag in tags}


@dataclass(frozen=True, eq=False)
class BlockTable:
    """Blocks of a page, or of several plain texts, one after the other, as arrays of equal length.

    `tokens` are those of all pages, and all offsets are into their texts, each followed by one more character. A
    block's values never depend on another page. `place` is -1 throughout for plain text.
    """

    pages: tuple[BlockedPage, ...]
    parts: tuple[Tokens, ...]  # of each page
    tokens: Tokens
    known: NDArray[np.bool_]  # of each page whether its words are of a language that the models have learned
    edges: Index  # first block of each page, and the end of the last
    owner: Index  # page of each block
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    words: Column
    characters: Column
    closed: NDArray[np.bool_]  # ends as a sentence does
    dialog: NDArray[np.bool_]  # of a consent dialog
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
    tag_group: Index  # place in `TAG_GROUPS`, -1 for none
    places: PlaceTable | None
    names: tuple[Index, Index]  # of all places, flattened: place and hash row of each

    def __len__(self) -> int:
        return len(self.start)

    @property
    def page(self) -> BlockedPage:
        """The page, or the first of them."""
        return self.pages[0]

    def only(self, index: int) -> BlockTable:
        """The table of one of the pages."""
        if len(self.pages) == 1:
            return self
        rows = slice(*self.edges[index : index + 2].tolist())
        arrays = {name: getattr(self, name)[rows] for name in OF_BLOCKS}
        for names, sizes in (
            (("start", "end"), [len(part.characters.classes) + 1 for part in self.parts[:index]]),
            (("first", "last"), [len(part) for part in self.parts[:index]]),
        ):
            arrays |= {name: arrays[name] - sum(sizes) for name in names}
        return replace(
            self,
            pages=(self.pages[index],),
            parts=(self.parts[index],),
            tokens=self.parts[index],
            known=self.known[index : index + 1],
            edges=np.array([0, rows.stop - rows.start]),
            owner=np.zeros(rows.stop - rows.start, dtype=np.int64),
            run=self.run[rows] - self.run[rows][:1],
            **arrays,
        )

    @property
    def elements(self) -> PlaceTable:
        """The places of an HTML page; a plain text has none.

        Raises:
            ValueError: it is a plain text.
        """
        if self.places is None:
            raise ValueError("a plain text has no markup")
        return self.places

    @property
    def spoken(self) -> Column:
        """1 for the blocks of a page whose words are known, else 0."""
        return self.known[self.owner].astype(np.float64)

    @property
    def number(self) -> Index:
        """Blocks of the same page before each one."""
        return np.arange(len(self)) - self.edges[self.owner]

    @cached_property
    def signs(self) -> Mapping[str, Column]:
        """Characters of each class in each block."""
        return self.tokens.characters.count(self.start, self.end)

    @cached_property
    def shares(self) -> Mapping[str, Column]:
        """Share of each block's words that have a digit, a capital, only capitals, or are stop words."""
        flags = {name: getattr(self.tokens, name) for name in ("digit", "title", "upper", "stop")}
        return dict(
            zip(
                flags,
                self.tokens.count([*flags.values()], self.first, self.last) / np.maximum(self.words, 1),
                strict=True,
            )
        )

    @cached_property
    def all_words(self) -> Column:
        """For each block the words of its page."""
        return self.totals(self.words)

    @cached_property
    def all_prose(self) -> Column:
        """For each block the words of its page's prose."""
        return self.totals(self.words * self.prose)

    def totals(self, values: Column) -> Column:
        """For each block the sum over its page."""
        return sums(values, self.edges[:-1], self.edges[1:])[self.owner]

    def running(self, values: Column) -> Column:
        """Sum over the blocks of the same page up to each one."""
        if len(self.pages) == 1:
            return np.cumsum(values)
        return np.concatenate([np.cumsum(part) for part in np.split(values, self.edges[1:-1])])

    def tagged(self, *tags: str) -> Flags:
        """Blocks of an HTML page that have one of the tags: (blocks,)."""
        return np.array([tag in tags for tag in self.page.block_tags], np.bool_)

    def blocks_in(self, chosen: Iterable[int]) -> Flags:
        """Blocks of an HTML page that are in any of some places: (blocks,)."""
        found = np.zeros(len(self), np.bool_)
        for place in chosen:
            found[self.elements.first[place] : self.elements.last[place]] = True
        return found

    def at_place(self, values: Column, steps: int = 0) -> Column:
        """Value of the place that holds each block, or of the place `steps` above it."""
        if self.places is None:
            return np.full(len(self), np.nan)
        index = self.place
        for _ in range(steps):
            index = self.places.outer[index]
        return values[index]


#: Arrays with one row per block, which `BlockTable.only` slices.
OF_BLOCKS = tuple(
    (
        "start end first last words characters closed dialog prose linked links cue repeated title_share likeness "
        "last_heading gap echo place tag_group"
    ).split()
)


def block_table(page: BlockedPage, tokens: Tokens, vectors: VectorTable, language: str | None = None) -> BlockTable:
    """Arrays that the block features share, of one page; its language is detected if it is not given."""
    return _table([page], [tokens], vectors, language)


def text_table(
    pages: Sequence[BlockedPage], parts: Sequence[Tokens], vectors: VectorTable, language: str | None = None
) -> BlockTable:
    """The same arrays of some plain texts, which are measured together; `parts` are the tokens of each."""
    if any(page.is_html for page in pages):
        raise ValueError("only plain texts share a table")
    return _table(pages, parts, vectors, language)


def _table(
    pages: Sequence[BlockedPage], parts: Sequence[Tokens], vectors: VectorTable, language: str | None
) -> BlockTable:
    blocks = [block for page in pages for block in page.blocks]
    count = len(blocks)
    sizes = np.array([len(page.blocks) for page in pages], dtype=np.int64)
    edges = np.append(0, np.cumsum(sizes))
    owner = np.repeat(np.arange(len(pages)), sizes)
    base = np.cumsum([0, *(len(page.text) + 1 for page in pages[:-1])])
    tokens = join_tokens(parts, base)
    start = np.fromiter((block.start for block in blocks), np.int64, count) + base[owner]
    end = np.fromiter((block.end for block in blocks), np.int64, count) + base[owner]
    first, last = tokens.ranges(start, end)
    words = (last - first).astype(np.float64)
    texts = [page.texts() for page in pages]
    every = [text for page_texts in texts for text in page_texts]
    links = (block.links for block in blocks)  # most blocks have none
    linked = np.fromiter((sum(link.end - link.start for link in some) if some else 0 for some in links), float, count)
    closed = np.fromiter((text[-1] in CLOSING for text in every), np.bool_, count)
    known = np.array(
        [is_known(language or tell_language(page, part, page.blocks)) for page, part in zip(pages, parts, strict=True)],
        np.bool_,
    )
    dialog = find_dialogs(pages[0], words, english=bool(known.all())) if pages[0].is_html else np.zeros(count, np.bool_)
    prose = (words >= PROSE_WORDS) & closed & (linked < 0.5 * (end - start)) & ~dialog
    gap = np.concatenate([_gaps(page) for page in pages])
    cue = find_cues(("boilerplate",), every, tokens, first, np.where(words <= CUE_WORDS, last, first))["boilerplate"]
    place = np.fromiter((block.place for block in blocks), np.int64, count)
    tag_group = np.fromiter((GROUP_OF_TAG.get(tag, -1) for page in pages for tag in page.block_tags), np.int64, count)
    return BlockTable(
        pages=tuple(pages),
        parts=tuple(parts),
        tokens=tokens,
        known=known,
        edges=edges,
        owner=owner,
        start=start,
        end=end,
        first=first,
        last=last,
        words=words,
        characters=(end - start).astype(np.float64),
        closed=closed,
        dialog=dialog,
        prose=prose,
        linked=linked,
        links=np.fromiter((len(block.links) for block in blocks), np.float64, count),
        cue=cue,
        repeated=np.concatenate([_repeated(page_texts) for page_texts in texts]),
        title_share=_title_shares(pages, tokens, first, last, owner),
        likeness=_likeness(tokens, first, last, prose, owner, vectors),
        last_heading=_last_headings(blocks),
        gap=gap,
        run=np.cumsum(gap >= BLANK_LINE),
        echo=_echo(tokens, first, last, owner),
        place=place,
        tag_group=tag_group,
        places=place_table(pages[0], words, linked, prose, tag_group) if pages[0].is_html else None,
        names=place_names(pages[0]),
    )


def tell_language(page: BlockedPage, tokens: Tokens, blocks: Sequence[Block]) -> str | None:
    """Language of some blocks of a page, told by the longest without a link: menus are short, often in another one.

    English is told by its stop words, which is faster, and surer on short texts; other languages by their letters.
    """
    free = [block for block in blocks if not block.links] or blocks
    longest = sorted(free, key=lambda block: block.start - block.end)[:LONGEST]
    start = np.array([block.start for block in longest], dtype=np.int64)
    first, last = tokens.ranges(start, np.minimum([block.end for block in longest], start + LETTERS))
    words = int((last - first).sum())
    if words >= ENOUGH and sums(tokens.stop.astype(np.float64), first, last).sum() >= ENGLISH * words:
        return "en"
    return name_language("\n".join(page.text[block.start : block.end][:LETTERS] for block in longest))


def _last_headings(blocks: Sequence[Block]) -> Index:
    """Index of the last heading at or before each block."""
    headings = np.fromiter((block.tag in HEADINGS for block in blocks), np.bool_, len(blocks))
    return np.maximum.accumulate(np.where(headings, np.arange(len(headings)), -1))


def _gaps(page: BlockedPage) -> Column:
    """Line breaks before each block; the first one stands as after a blank line."""
    ends = [block.end for block in page.blocks]
    gaps = [page.text.count("\n", end, block.start) for end, block in zip(ends, page.blocks[1:], strict=False)]
    return np.array([BLANK_LINE, *gaps][: len(ends)], dtype=np.float64)


def _likeness(
    tokens: Tokens, first: Index, last: Index, prose: NDArray[np.bool_], owner: Index, vectors: VectorTable
) -> Column:
    """Cosine of each block with all prose of its page together (with all blocks, if none is prose)."""
    totals = vector_sums(tokens.ids, first, last, vectors)
    pages = int(owner[-1]) + 1 if len(owner) else 0
    chosen = prose | (np.bincount(owner, prose, minlength=pages) == 0)[owner]
    topics = unit_rows(
        sums_of_rows(totals, np.flatnonzero(chosen), np.bincount(owner, chosen, minlength=pages).astype(np.int64))
    )
    return np.einsum("ij,ij->i", unit_rows(totals), topics[owner])


def _echo(tokens: Tokens, first: Index, last: Index, owner: Index) -> Column:
    """Share of each block's word pairs that stand before it on the page: a copy says what was said."""
    pairs = tokens.pairs + (np.repeat(owner, last - first) << 32)
    known, inverse = np.unique(pairs, return_inverse=True)  # `return_index` would need a slower, stable sort
    index = np.zeros(len(known), dtype=np.int64)
    index[inverse[::-1]] = np.arange(len(pairs))[::-1]  # the first one of each pair is written last
    seen = index[inverse] < np.repeat(first, last - first)
    return sums(seen.astype(np.float64), first, last) / np.maximum(last - first, 1)


def _repeated(texts: Sequence[str]) -> Column:
    """How often the same text stands elsewhere on the page."""
    counts = Counter(texts)
    return np.fromiter((counts[text] - 1 for text in texts), np.float64, len(texts))


def _title_shares(pages: Sequence[BlockedPage], tokens: Tokens, first: Index, last: Index, owner: Index) -> Column:
    """Share of the words of each short block that its page's title holds."""
    titles = (set(map(token_hash, word_list(page.title or ""))) for page in pages)
    hashes = [token + (number << 32) for number, words in enumerate(titles) for token in words]
    known = np.array(sorted((*hashes, -1)), dtype=np.int64)
    keys = tokens.hashes + (np.repeat(owner, last - first) << 32)
    shown = known[known.searchsorted(keys, side="right") - 1] == keys
    shares = sums(shown.astype(np.float64), first, last) / np.maximum(1, last - first)
    return np.where(last - first <= CUE_WORDS, shares, 0.0)
