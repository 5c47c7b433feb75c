"""Blocks → matrix: the features that plain text has as well (words, form, topic, place), and the matrix of all.

`TEXT_FEATURES` is a column order; `markup.py` has the features that only HTML has.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.markup import MARKUP_FEATURES, VOTE_FEATURES, group_mean, window_share
from noisefilter.blocks.table import BLANK_LINE, SAME_TITLE
from noisefilter.columns import Columns
from noisefilter.text.cues import cue_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.arrays import Column
    from noisefilter.blocks.table import BlockTable
    from noisefilter.blocks.vote import Vote

#: Distances in blocks to the nearest prose, and from the last heading, are at most this.
FAR = 100


# Words and form: what plain text has too.


def log_words(table: BlockTable) -> Column:
    """Length; paragraphs are long, boilerplate is short."""
    return np.log1p(table.words)


def word_length(table: BlockTable) -> Column:
    """Characters per word; labels and addresses differ from prose."""
    return np.minimum(table.characters / np.maximum(table.words, 1), 30)


def sentence_marks(table: BlockTable) -> Column:
    """Full stops, question and exclamation marks per word."""
    return np.minimum(table.signs["stop"] / np.maximum(table.words, 1), 1)


def ends_sentence(table: BlockTable) -> Column:
    """Whether the last two characters end a sentence."""
    return table.tokens.characters.close("stop", table.start, table.end).astype(float)


def ends_colon(table: BlockTable) -> Column:
    """A lead-in to a list or a label."""
    return table.tokens.characters.are("colon", table.end - 1).astype(float)


def commas(table: BlockTable) -> Column:
    """Commas per word; prose has clauses."""
    return np.minimum(table.signs["comma"] / np.maximum(table.words, 1), 1)


def separators(table: BlockTable) -> Column:
    """Bars, bullets and arrows: menus, bylines, breadcrumbs."""
    return np.minimum(table.signs["separator"], 4)


def signs(table: BlockTable) -> Column:
    """Copyright, currency and percent signs."""
    return np.minimum(table.signs["sign"], 4)


def at_signs(table: BlockTable) -> Column:
    """Addresses and handles."""
    return np.minimum(table.signs["at"], 2)


def questions(table: BlockTable) -> Column:
    """Question marks."""
    return np.minimum(table.signs["question"], 3)


def digits(table: BlockTable) -> Column:
    """Share of words that hold a digit."""
    return table.shares["digit"]


def title_case(table: BlockTable) -> Column:
    """Share of words with a capital; menus and headlines are capitalised."""
    return table.shares["title"]


def upper_case(table: BlockTable) -> Column:
    """Share of words in capitals."""
    return table.shares["upper"]


def stop_words(table: BlockTable) -> Column:
    """Share of grammatical words; prose has a third to a half."""
    return table.shares["stop"]


def starts_lower(table: BlockTable) -> Column:
    """Starts with a small letter: the rest of something."""
    return table.tokens.characters.are("lower", table.start).astype(float)


def repeats(table: BlockTable) -> Column:
    """The same text stands elsewhere on the page: buttons, repeated titles."""
    return np.log1p(table.repeated)


def title_words(table: BlockTable) -> Column:
    """Share of the block's words that the title holds: the headline itself and repeats of it."""
    return table.title_share


# The run of lines that the block stands in: a list, a table, a verse; a paragraph is a run of its own.


def gap_before(table: BlockTable) -> Column:
    """Line breaks before it."""
    return np.minimum(table.gap, 4)


def gap_after(table: BlockTable) -> Column:
    """Line breaks after it."""
    return np.minimum(np.append(table.gap[1:], BLANK_LINE), 4)


def run_size(table: BlockTable) -> Column:
    """Lines of the run; menus are long ones."""
    return np.log1p(np.bincount(table.run)[table.run])


def run_words(table: BlockTable) -> Column:
    """Words per line of the run."""
    return np.log1p(group_mean(table.words, table.run))


def run_likeness(table: BlockTable) -> Column:
    """How near its lines are to the page's prose."""
    return group_mean(table.likeness, table.run)


def run_title_case(table: BlockTable) -> Column:
    """Share of capitalised words in its lines."""
    return group_mean(title_case(table), table.run)


def run_stops(table: BlockTable) -> Column:
    """Share of its lines that end a sentence."""
    return group_mean(ends_sentence(table), table.run)


def run_cues(table: BlockTable) -> Column:
    """Share of its lines that read like boilerplate."""
    return group_mean((table.cue >= 0).astype(float), table.run)


# Topic: boilerplate speaks of the site, the article of its subject.


def topic_likeness(table: BlockTable) -> Column:
    """Cosine with the page's prose."""
    return table.likeness


def echo(table: BlockTable) -> Column:
    """Share of its word pairs that stood before: copies for other screens, teasers of what the page says."""
    return table.echo


def title_before(table: BlockTable) -> Column:
    """Blocks since the headline; negative before it, zero without one. Menus stand before it."""
    title = title_blocks(table)[table.owner]
    return np.arctan(np.where(title >= 0, np.arange(len(table), dtype=np.float64) - title, 0.0) / 10)


def title_blocks(table: BlockTable) -> NDArray[np.int64]:
    """The block with each page's title, the first heading or else the first block with it; -1 for none: (pages,)."""
    rows = np.flatnonzero((table.title_share >= SAME_TITLE) & (table.words >= 3))[::-1]
    title = np.full(len(table.pages), -1)
    title[table.owner[rows]] = rows  # the first one of each page is written last
    if table.places is not None:
        heads = [row for row in rows.tolist() if table.page.blocks[row].tag in {"h1", "h2", ""}]
        title[0] = heads[-1] if heads else title[0]
    return title


def since_heading(table: BlockTable) -> Column:
    """Blocks since the last heading."""
    before = np.where(table.last_heading >= 0, np.arange(len(table)) - table.last_heading, table.number + 1)
    return np.log1p(np.minimum(before, FAR))


def heading_cue(table: BlockTable) -> Column:
    """Whether the last heading reads like one of boilerplate."""
    heading = table.last_heading
    return np.where(heading >= 0, table.cue[np.maximum(heading, 0)] >= 0, 0).astype(float)


def heading_likeness(table: BlockTable) -> Column:
    """Cosine of the last heading with the page's prose."""
    heading = table.last_heading
    return np.where(heading >= 0, table.likeness[np.maximum(heading, 0)], 0.0)


# Place on the page.


def place_by_blocks(table: BlockTable) -> Column:
    """Blocks before this one, as a share."""
    return table.number / np.diff(table.edges)[table.owner]


def place_by_words(table: BlockTable) -> Column:
    """Words before this one, as a share."""
    return (table.running(table.words) - table.words) / np.maximum(1.0, table.all_words)


def page_words(table: BlockTable) -> Column:
    """Words of the page."""
    return np.log1p(table.all_words)


def page_prose(table: BlockTable) -> Column:
    """Share of the page's words that stand in prose."""
    return table.all_prose / np.maximum(1.0, table.all_words)


def since_prose(table: BlockTable) -> Column:
    """Blocks since the last prose block."""
    index = np.arange(len(table))
    last = np.maximum.accumulate(np.where(table.prose, index, -1))
    return np.log1p(np.where(last >= table.edges[table.owner], np.minimum(index - last, FAR), FAR))


def until_prose(table: BlockTable) -> Column:
    """Blocks until the next prose block; many after the last one."""
    index = np.arange(len(table))
    later = np.minimum.accumulate(np.where(table.prose, index, len(table))[::-1])[::-1]
    return np.log1p(np.where(later < table.edges[table.owner + 1], np.minimum(later - index, FAR), FAR))


def prose_before(table: BlockTable) -> Column:
    """Share of the page's prose that stands before."""
    prose = table.words * table.prose
    return (table.running(prose) - prose) / np.maximum(1.0, table.all_prose)


def prose_nearby(table: BlockTable) -> Column:
    """Share of prose words in the block and the ten around it."""
    return window_share(table, table.words * table.prose, 5)


def _cue(index: int, table: BlockTable) -> Column:
    return (table.cue == index).astype(float)


def known_words(table: BlockTable) -> Column:
    """Whether the page's words are of a language that the models have learned."""
    return table.spoken


TEXT_FEATURES: Columns[[BlockTable]] = Columns(
    log_words,
    word_length,
    sentence_marks,
    ends_sentence,
    ends_colon,
    commas,
    separators,
    signs,
    at_signs,
    questions,
    digits,
    title_case,
    upper_case,
    stop_words,
    starts_lower,
    repeats,
    title_words,
    topic_likeness,
    echo,
    gap_before,
    gap_after,
    run_size,
    run_words,
    run_likeness,
    run_title_case,
    run_stops,
    run_cues,
    title_before,
    since_heading,
    heading_cue,
    heading_likeness,
    place_by_blocks,
    place_by_words,
    page_words,
    page_prose,
    since_prose,
    until_prose,
    prose_before,
    prose_nearby,
    known_words,
    *(
        (f"cue_{cue.name.replace(' ', '_')}", partial(_cue, index))
        for index, cue in enumerate(cue_table("boilerplate").cues)
    ),
)
#: Features that depend on a language's words and letter case; zero if the models have not learned it. Cues know many
#: languages.
OF_LANGUAGE = frozenset(
    "word_length title_case upper_case stop_words starts_lower topic_likeness run_likeness run_title_case "
    "heading_likeness alike_likeness".split()
)


def block_matrix(table: BlockTable) -> NDArray[np.float64]:
    """Features of the blocks: (blocks, features); a plain text has the `TEXT_FEATURES` only."""
    features = TEXT_FEATURES if table.places is None else TEXT_FEATURES + MARKUP_FEATURES
    if not len(table):
        return np.zeros((0, len(features)))
    matrix = features.matrix(table)
    if not table.known.all():
        spoken = np.array([name in OF_LANGUAGE for name in features.names])
        matrix[np.ix_(table.spoken == 0, spoken)] = 0.0
    return matrix


def vote_matrix(table: BlockTable, vote: Vote) -> NDArray[np.float64]:
    """trafilatura's vote on the blocks of one page: (blocks, features)."""
    return VOTE_FEATURES.matrix(table, vote)
