"""Blocks → matrix: what is measured of a block.

`BLOCK_FEATURES` is the column order. HTML features of plain text are NaN: missing, not zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.cues import cue_table
from noisefilter.features.block_table import CONTAINERS, BlockTable
from noisefilter.features.tokens import shift

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Column = NDArray[np.float64]

TAG_GROUPS = {
    "p": ("p",),
    "h1": ("h1",),
    "h2": ("h2", "h3"),
    "h4": ("h4", "h5", "h6"),
    "li": ("li", "dd", "dt"),
    "cell": ("td", "th"),
    "div": ("div", "section", "article", "main", "body", "center", "aside", "header", "footer", "nav"),
    "quote": ("blockquote", "pre"),
    "caption": ("figcaption", "caption", "figure"),
    "button": ("button", "form", "legend", "fieldset", "summary"),
}


# Words and form: what plain text has too.


def log_words(table: BlockTable) -> Column:
    """Length; paragraphs are long, furniture is short."""
    return np.log1p(table.words)


def word_length(table: BlockTable) -> Column:
    """Characters a word; labels and addresses differ from prose."""
    return np.minimum(table.characters / np.maximum(table.words, 1), 30)


def sentence_marks(table: BlockTable) -> Column:
    """Full stops, question and exclamation marks a word."""
    return np.minimum(table.count("stop") / np.maximum(table.words, 1), 1)


def ends_sentence(table: BlockTable) -> Column:
    """Whether the last two characters end a sentence."""
    return (table.tokens.characters.count("stop", np.maximum(table.end - 2, table.start), table.end) > 0).astype(float)


def ends_colon(table: BlockTable) -> Column:
    """A lead-in to a list or a label."""
    return table.tokens.characters.count("colon", table.end - 1, table.end).astype(float)


def commas(table: BlockTable) -> Column:
    """Commas a word; prose has clauses."""
    return np.minimum(table.count("comma") / np.maximum(table.words, 1), 1)


def separators(table: BlockTable) -> Column:
    """Bars, bullets and arrows: menus, bylines, breadcrumbs."""
    return np.minimum(table.count("separator"), 4)


def signs(table: BlockTable) -> Column:
    """Copyright, currency and percent signs."""
    return np.minimum(table.count("sign"), 4)


def at_signs(table: BlockTable) -> Column:
    """Addresses and handles."""
    return np.minimum(table.count("at"), 2)


def questions(table: BlockTable) -> Column:
    """Question marks."""
    return np.minimum(table.count("question"), 3)


def digits(table: BlockTable) -> Column:
    """Share of words that hold a digit."""
    return table.share(table.tokens.digit)


def title_case(table: BlockTable) -> Column:
    """Share of words with a capital; menus and headlines are capitalised."""
    return table.share(table.tokens.title)


def upper_case(table: BlockTable) -> Column:
    """Share of words in capitals."""
    return table.share(table.tokens.upper)


def stop_words(table: BlockTable) -> Column:
    """Share of grammatical words; prose has a third to a half."""
    return table.share(table.tokens.stop)


def starts_lower(table: BlockTable) -> Column:
    """Starts with a small letter: the rest of something."""
    first = np.minimum(table.start + 1, table.end)
    characters = table.tokens.characters
    return (characters.count("letter", table.start, first) - characters.count("upper", table.start, first)).astype(
        float
    )


def repeats(table: BlockTable) -> Column:
    """The same text stands elsewhere on the page: buttons, repeated titles."""
    return np.log1p(table.repeated)


def title_words(table: BlockTable) -> Column:
    """Share of the block's words that the title holds: the headline itself and repeats of it."""
    return table.title_share


# Place on the page.


def place_by_blocks(table: BlockTable) -> Column:
    """Blocks before this one, as a share."""
    return np.arange(len(table)) / max(1, len(table))


def place_by_words(table: BlockTable) -> Column:
    """Words before this one, as a share."""
    return (np.cumsum(table.words) - table.words) / max(1.0, float(table.words.sum()))


def page_words(table: BlockTable) -> Column:
    """Words of the page."""
    return np.full(len(table), np.log1p(table.words.sum()))


def page_prose(table: BlockTable) -> Column:
    """Share of the page's words that stand in prose."""
    return np.full(len(table), (table.words * table.prose).sum() / max(1.0, float(table.words.sum())))


def since_prose(table: BlockTable) -> Column:
    """Blocks since the last prose block."""
    return np.log1p(_distance(table.prose))


def until_prose(table: BlockTable) -> Column:
    """Blocks until the next prose block; many after the last one."""
    return np.log1p(_distance(table.prose[::-1])[::-1])


def _distance(flags: NDArray[np.bool_]) -> Column:
    index = np.arange(len(flags))
    seen = np.maximum.accumulate(np.where(flags, index, -100))
    return np.minimum(index - seen, 100).astype(float)


def prose_before(table: BlockTable) -> Column:
    """Share of the page's prose that stands before."""
    prose = table.words * table.prose
    return (np.cumsum(prose) - prose) / max(1.0, float(prose.sum()))


def prose_nearby(table: BlockTable) -> Column:
    """Share of prose words among the ten blocks around."""
    window = np.ones(11)
    prose = np.convolve(table.words * table.prose, window)[5 : 5 + len(table)]
    words = np.convolve(table.words, window)[5 : 5 + len(table)]
    return prose / np.maximum(words, 1)


# What only HTML has.


def is_html(table: BlockTable) -> Column:
    """Whether there is markup at all: without it words and place must do."""
    return np.full(len(table), float(table.places is not None))


def link_share(table: BlockTable) -> Column:
    """Share of characters inside links; navigation is all link."""
    return _html(table, table.linked / np.maximum(table.characters, 1))


def link_count(table: BlockTable) -> Column:
    """Number of links."""
    return _html(table, np.log1p(table.links))


def bold_share(table: BlockTable) -> Column:
    """Share of characters in bold."""
    bold = np.fromiter((block.bold for block in table.page.blocks), np.float64, len(table))
    return _html(table, bold / np.maximum(table.characters, 1))


def nesting(table: BlockTable) -> Column:
    """Depth of the element."""
    return table.at_place(np.minimum(table.places.depth, 60) / 10) if table.places else table.at_place(np.empty(0))


def unseen(table: BlockTable) -> Column:
    """Hidden by an attribute or style: dialogs and menus."""
    return table.at_place(table.places.hidden.astype(float)) if table.places else table.at_place(np.empty(0))


def vote(table: BlockTable) -> Column:
    """Share of the block that trafilatura kept."""
    shares = table.page.vote.shares if table.page.vote else np.full(len(table), np.nan)
    return np.asarray(shares, dtype=float)


def vote_alignment(table: BlockTable) -> Column:
    """How much of trafilatura's output the blocks cover: whether its vote can be trusted."""
    return np.full(len(table), table.page.vote.alignment if table.page.vote else np.nan)


def vote_page(table: BlockTable) -> Column:
    """Share of the page's words that trafilatura kept."""
    return np.full(len(table), (vote(table) * table.words).sum() / max(1.0, float(table.words.sum())))


def vote_nearby(table: BlockTable) -> Column:
    """trafilatura's vote on the ten blocks around, by words."""
    window = np.ones(11)
    kept = np.convolve(vote(table) * table.words, window)[5 : 5 + len(table)]
    return kept / np.maximum(np.convolve(table.words, window)[5 : 5 + len(table)], 1)


def _html(table: BlockTable, values: Column) -> Column:
    return values if table.places is not None else np.full(len(table), np.nan)


def _tag(group: tuple[str, ...]) -> Callable[[BlockTable], Column]:
    def column(table: BlockTable) -> Column:
        return _html(table, np.fromiter((block.tag in group for block in table.page.blocks), np.float64, len(table)))

    return column


def _inside(bit: int) -> Callable[[BlockTable], Column]:
    def column(table: BlockTable) -> Column:
        if table.places is None:
            return np.full(len(table), np.nan)
        return table.at_place((table.places.containers >> bit & 1).astype(float))

    return column


def _around(name: str, steps: int) -> Callable[[BlockTable], Column]:
    """Measures of the element that holds the block, and of those above it."""

    def column(table: BlockTable) -> Column:
        places = table.places
        if places is None:
            return np.full(len(table), np.nan)
        if name == "page_share":
            values = places.words / max(1.0, float(table.words.sum()))
        elif name == "link_share":
            characters = np.maximum(6 * places.words, 1)
            values = np.minimum(places.linked / characters, 2)
        elif name == "prose_share":
            values = places.prose / np.maximum(places.words, 1)
        else:
            values = np.log1p(places.blocks)
        return table.at_place(values, steps)

    return column


def _cue(index: int) -> Callable[[BlockTable], Column]:
    def column(table: BlockTable) -> Column:
        return (table.cue == index).astype(float)

    return column


BLOCK_FEATURES: tuple[tuple[str, Callable[[BlockTable], Column]], ...] = (
    *((feature.__name__, feature) for feature in (
        log_words, word_length, sentence_marks, ends_sentence, ends_colon, commas, separators, signs, at_signs,
        questions, digits, title_case, upper_case, stop_words, starts_lower, repeats, title_words, place_by_blocks,
        place_by_words, page_words, page_prose, since_prose, until_prose, prose_before, prose_nearby, is_html, link_share,
        link_count, bold_share, nesting, unseen, vote, vote_alignment, vote_page, vote_nearby,
    )),
    *((f"tag_{name}", _tag(group)) for name, group in TAG_GROUPS.items()),
    *((f"inside_{tag}", _inside(bit)) for bit, tag in enumerate(CONTAINERS)),
    *((f"{name}_{steps}_up", _around(name, steps))
      for name in ("page_share", "link_share", "prose_share", "log_blocks") for steps in (0, 1, 2)),
    *((f"cue_{cue.name.replace(' ', '_')}", _cue(index)) for index, cue in enumerate(cue_table("furniture").cues)),
)  # fmt: skip


def block_matrix(table: BlockTable) -> NDArray[np.float64]:
    """Features of the blocks of one page: (blocks, features), NaN where missing."""
    if not len(table):
        return np.zeros((0, len(BLOCK_FEATURES)))
    return np.stack([feature(table) for _, feature in BLOCK_FEATURES], axis=1)


NEIGHBOURS = (-4, -3, -2, -1, 1, 2, 3, 4)


def block_context(table: BlockTable, logits: Column) -> NDArray[np.float64]:
    """What the first pass says of the blocks around each one: (blocks, 15).

    `logits` are the first pass' log-odds of boilerplate. Columns: its own, those of four neighbours on each side, the
    share of kept words among the 11 and the 31 blocks around, kept words before and after, and in the whole page.
    """
    count = len(table)
    columns = [logits, *(shift(logits, step) for step in NEIGHBOURS)]
    kept = table.words / (1 + np.exp(logits))
    for reach in (5, 15):
        window = np.ones(2 * reach + 1)
        around = np.convolve(table.words, window)[reach : reach + count]
        columns.append(np.convolve(kept, window)[reach : reach + count] / np.maximum(around, 1))
    running = np.cumsum(kept)
    total = max(1.0, float(running[-1])) if count else 1.0
    columns += [(running - kept) / total, (total - running) / total]
    columns += [np.full(count, total / max(1.0, float(table.words.sum()))), np.full(count, np.log1p(total))]
    return np.stack(columns, axis=1)
