"""Sentences → matrix: the features of a sentence in its article.

`SENTENCE_COLUMNS` is the column order. Form, words and place only, so HTML and plain text have the same features.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.columns import Columns, side_by_side
from noisefilter.text.cues import cue_table
from noisefilter.text.tokens import begins, dots, sums, unit_rows

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Matrix
    from noisefilter.sentences.table import SentenceTable

#: Words whose share in a sentence is a feature.
WORD_GROUPS = {
    "you": "you your you're you'll yourself you've",
    "we": "we our us we're we'll we've ours",
    "who_said": "said says told according wrote reported announced added explained stated",
}
#: Sentences before this one that are searched for a repeat; bounds the cost on pages of any length.
LOOK_BACK = 400
LEAD = 3


# Form and words.


def log_words(table: SentenceTable) -> Column:
    """Length; filler is short or middling, facts are long."""
    return np.log1p(table.words)


def word_length(table: SentenceTable) -> Column:
    """Characters per word."""
    return np.minimum((table.end - table.start) / np.maximum(table.words, 1), 25)


def ends_sentence(table: SentenceTable) -> Column:
    """Ends with a full stop: a sentence, not a heading or label."""
    return table.tokens.characters.close("stop", table.start, table.end).astype(float)


def ends_question(table: SentenceTable) -> Column:
    """A question; many are rhetorical."""
    return table.tokens.characters.are("question", table.end - 1).astype(float)


def ends_colon(table: SentenceTable) -> Column:
    """A lead-in to a list."""
    return table.tokens.characters.are("colon", table.end - 1).astype(float)


def commas(table: SentenceTable) -> Column:
    """Commas per word."""
    return np.minimum(table.signs["comma"] / np.maximum(table.words, 1), 1)


def quotes(table: SentenceTable) -> Column:
    """Quotation marks: somebody is quoted."""
    return np.minimum(table.signs["quote"], 4)


def brackets(table: SentenceTable) -> Column:
    """Opening brackets."""
    return np.minimum(table.signs["open"], 3)


def signs(table: SentenceTable) -> Column:
    """Currency, percent and copyright signs."""
    return np.minimum(table.signs["sign"], 3)


def separators(table: SentenceTable) -> Column:
    """Bars and bullets: boilerplate."""
    return np.minimum(table.signs["separator"], 3)


def digits(table: SentenceTable) -> Column:
    """Share of words with a digit: facts have numbers."""
    return table.shares["digit"]


def any_digit(table: SentenceTable) -> Column:
    """Whether there is a number at all."""
    return (digits(table) > 0).astype(float)


def names(table: SentenceTable) -> Column:
    """Share of words that are capitalised, the first word apart: names."""
    return table.shares["name"]


def any_name(table: SentenceTable) -> Column:
    """Whether there is a name after the first word."""
    return (names(table) > 0).astype(float)


def upper_case(table: SentenceTable) -> Column:
    """Share of words in capitals."""
    return table.shares["upper"]


def stop_words(table: SentenceTable) -> Column:
    """Share of grammatical words."""
    return table.shares["stop"]


def rarity(table: SentenceTable) -> Column:
    """Mean rarity of the words that carry meaning: generic sentences use common words."""
    return table.mean(table.idf, (table.idf > 0).astype(float))


def rarest(table: SentenceTable) -> Column:
    """Rarity of the rarest word."""
    return table.highest(table.idf)


def _says(group: str, table: SentenceTable) -> Column:
    return table.shares[group]


def _cue(name: str, table: SentenceTable) -> Column:
    return (table.cues[name] >= 0).astype(float)


# Cohesion and repetition.


def title_likeness(table: SentenceTable) -> Column:
    """Cosine with the title: restating it, or far from it."""
    return dots(table.vectors, table.title_vectors[table.article])


def context_likeness(table: SentenceTable) -> Column:
    """Cosine with the sentences around."""
    return dots(table.vectors, table.context)


def lead_likeness(table: SentenceTable) -> Column:
    """Cosine with the first sentences."""
    opens = table.edges[:-1]
    lead = unit_rows(sums(table.vectors, opens, np.minimum(opens + LEAD, table.edges[1:])))
    return dots(table.vectors, lead[table.article])


def said_before(table: SentenceTable) -> Column:
    """Highest cosine with an earlier sentence: restatement."""
    best = np.zeros(len(table))
    step = 200
    for opens, ends in pairwise(table.edges.tolist()):
        for low in range(opens, ends, step):
            high, base = min(low + step, ends), max(opens, low - LOOK_BACK)
            likeness = table.vectors[low:high] @ table.vectors[base:high].T
            likeness *= np.tri(high - low, high - base, low - base - 1)  # earlier sentences only
            best[low:high] = likeness.max(axis=1)
    return best


def new_words(table: SentenceTable) -> Column:
    """Share of the words that no sentence nearby uses, weighted by rarity."""
    return table.mean((~table.near).astype(float), table.idf)


def next_words(table: SentenceTable) -> Column:
    """Share of the words that a neighbouring sentence uses, weighted by rarity."""
    return table.mean((table.seen <= 1).astype(float), table.idf)


# Place.


def place(table: SentenceTable) -> Column:
    """Sentences before this one, as a share."""
    return table.place / np.maximum(table.sizes, 1)[table.article]


def from_start(table: SentenceTable) -> Column:
    """Sentences before."""
    return np.log1p(table.place.astype(float))


def from_end(table: SentenceTable) -> Column:
    """Sentences after: conclusions stand at the end."""
    return np.log1p((table.sizes[table.article] - 1 - table.place).astype(float))


def block_sentences(table: SentenceTable) -> Column:
    """Sentences in the same block."""
    number = np.cumsum(begins(table.block)) - 1
    return np.log1p(np.bincount(number)[number])


def opens_block(table: SentenceTable) -> Column:
    """First of its block."""
    return begins(table.block).astype(float)


def closes_block(table: SentenceTable) -> Column:
    """Last of its block."""
    return np.append(begins(table.block)[1:], True).astype(float)


def article_sentences(table: SentenceTable) -> Column:
    """Sentences of the article."""
    return np.log1p(table.sizes)[table.article]


def _section(index: int, table: SentenceTable) -> Column:
    return (table.section == index).astype(float)


NEIGHBOURS = (-1, 1)
#: Features whose values for the neighbours, and whose mean over the article, are features too.
OF_NEIGHBOURS = {
    f"{name}_{'next' if step > 0 else 'before'}": (name, step)
    for name in ("log_words", "ends_sentence", "digits", "names")
    for step in NEIGHBOURS
}
OF_ARTICLE = {
    f"{name}_of_article": name for name in ("digits", "names", "quotes", "said_before", "rarity", "log_words")
}

SENTENCE_FEATURES: Columns[[SentenceTable]] = Columns(
    log_words,
    word_length,
    ends_sentence,
    ends_question,
    ends_colon,
    commas,
    quotes,
    brackets,
    signs,
    separators,
    digits,
    any_digit,
    names,
    any_name,
    upper_case,
    stop_words,
    rarity,
    rarest,
    title_likeness,
    context_likeness,
    lead_likeness,
    said_before,
    new_words,
    next_words,
    place,
    from_start,
    from_end,
    block_sentences,
    opens_block,
    closes_block,
    article_sentences,
    *((f"says_{group}", partial(_says, group)) for group in WORD_GROUPS),
    *((f"cue_{name}", partial(_cue, name)) for name in ("filler", "promotion", "boilerplate", "templates")),
    *((f"section_{cue.name}", partial(_section, index)) for index, cue in enumerate(cue_table("templates").cues)),
)
SENTENCE_COLUMNS: tuple[str, ...] = (*SENTENCE_FEATURES.names, *OF_NEIGHBOURS, *OF_ARTICLE)


def sentence_matrix(table: SentenceTable) -> Matrix:
    """Features of the sentences, columns as in `SENTENCE_COLUMNS`: (sentences, columns)."""
    if not len(table):
        return np.zeros((0, len(SENTENCE_COLUMNS)))
    columns = SENTENCE_FEATURES.measure(table)
    around = [table.neighbour(columns[name], step) for name, step in OF_NEIGHBOURS.values()]
    means = [table.means(columns[name])[table.article] for name in OF_ARTICLE.values()]
    return side_by_side([*columns.values(), *around, *means])
