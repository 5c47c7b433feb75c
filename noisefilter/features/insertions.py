"""Sentences → matrix: what gives away a passage from another story.

Two signals: cohesion with the sentences around, and form (a headline inside a running sentence). Links are not read: what is
learned from are texts, and a page is judged alike however it was saved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.features.cohesion import COHESION_NAMES, cohesion_matrix
from noisefilter.sentences.columns import NEIGHBOURS, SENTENCE_COLUMNS, sentence_matrix
from noisefilter.sentences.table import WINDOW, SentenceTable
from noisefilter.text.tokens import range_entries, sums, sums_of_rows, unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from noisefilter.text.vectors import VectorTable

    Column = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Words of a headline; the burst of foreign words is looked for in windows of this size.
BURST = 6
#: Signs between clauses: a class first, so that `re` skips what cannot be one; what makes a hyphen or dots one is looked for behind.
CLAUSE = re.compile(r"[,;:—–()….\-](?:(?<![.\-])|(?<=\s-)(?=\s)|(?<=\.{3}))")


@dataclass(frozen=True, slots=True)
class InsertionTable:
    """A `SentenceTable` with values per token: how foreign each word is to the sentences around it.

    `foreign` is the rarity of a word that nothing nearby uses, zero for the others; `burst` and `burst_start` are the
    highest mean of it in a run of `BURST` tokens of the sentence and that run's first entry in `token_index`.
    """

    sentences: SentenceTable
    vectors: VectorTable
    matrix: Column  # SENTENCE_COLUMNS of the sentences
    foreign: Column
    burst: Column
    burst_start: Index
    burst_vector: Column
    rest_vector: Column
    title_run: Column
    run_start: Index
    clause: Column  # (sentences, CLAUSE_NAMES)
    clause_vector: Column  # of each sentence's strangest clause
    odd_run: Column  # highest sum of `odd_capital` in a window of tokens

    def __len__(self) -> int:
        return len(self.sentences)


def insertion_table(table: SentenceTable, vectors: VectorTable) -> InsertionTable:
    """Arrays that the insertion features share."""
    foreign = table.idf * (table.seen > WINDOW)
    words = vectors.vectors(table.known)
    offsets = np.searchsorted(table.owner, np.arange(len(table) + 1))
    burst, burst_start = _bursts(foreign, offsets)
    inside, rest = _split_vectors(table, words, burst_start, offsets)
    run, run_start = _title_runs(table, offsets)
    return InsertionTable(
        table, vectors, sentence_matrix(table), foreign, burst, burst_start, inside, rest, run, run_start,
        *_clauses(table, words, foreign), _bursts(table.odd_capital, offsets)[0],
    )  # fmt: skip


def _bursts(foreign: Column, offsets: Index) -> tuple[Column, Index]:
    """Highest mean of `foreign` over a run of `BURST` tokens in each sentence, and where the run starts."""
    starts, ends = offsets[:-1], offsets[1:]
    best, best_start = np.zeros(len(starts)), starts.copy()
    if not len(foreign):
        return best, best_start
    sizes = ends - starts
    owner = np.repeat(np.arange(len(starts)), sizes)
    index = np.arange(len(foreign))
    means = sums(foreign, index, np.minimum(index + BURST, ends[owner])) / BURST
    means[(index + BURST > ends[owner]) & (sizes >= BURST)[owner]] = -1.0
    filled = np.flatnonzero(sizes)
    best[filled] = np.maximum.reduceat(means, starts[filled])
    at_best = np.flatnonzero(means == best[owner])
    rows, first = np.unique(owner[at_best], return_index=True)
    best_start[rows] = at_best[first]
    return best, best_start


def _split_vectors(table: SentenceTable, words: Column, burst_start: Index, offsets: Index) -> tuple[Column, Column]:
    """Unit vectors of the burst and of the rest of each sentence."""
    inside = _range_vectors(table, words, burst_start, np.minimum(burst_start + BURST, offsets[1:]))
    whole = table.vectors * table.lengths[:, None]
    return unit_rows(inside), unit_rows(whole - inside)


def _range_vectors(table: SentenceTable, words: Column, starts: Index, ends: Index) -> Column:
    """Sum of the word vectors of ranges of `token_index`, one row a range."""
    return sums_of_rows(words, table.word[range_entries(starts, ends)], np.maximum(ends - starts, 0))


def _title_runs(table: SentenceTable, offsets: Index) -> tuple[Column, Index]:
    """Words in the longest run of capitalised words after a sentence's first, small words allowed inside."""
    tokens = table.tokens
    capital = (tokens.title | tokens.digit)[table.token_index]
    small = (tokens.stop & ~tokens.title)[table.token_index]
    longest, start_of = np.zeros(len(table)), offsets[:-1].copy()
    for row in np.flatnonzero(np.bincount(table.owner, capital, minlength=len(table)) >= 3).tolist():
        first, last = int(offsets[row]) + 1, int(offsets[row + 1])
        best, begin = _title_run(capital[first:last].tolist(), small[first:last].tolist())
        longest[row] = best
        if best:
            start_of[row] = first + begin
    return longest, start_of


def _title_run(capital: list[bool], small: list[bool]) -> tuple[int, int]:
    """Capitalised words of the longest run of some words, and where it begins; two small words may stand between them."""
    best = current = lapse = begin = start = 0
    for position, (is_capital, is_small) in enumerate(zip(capital, small, strict=True)):
        if is_capital:
            if not current:
                start = position
            current, lapse = current + 1, 0
            if current > best:
                best, begin = current, start
        elif is_small and current and lapse < 2:
            lapse += 1
        else:
            current = lapse = 0
    return best, begin


CLAUSE_NAMES = (
    "clause_foreign", "clause_new", "clause_context_likeness", "clause_rest_likeness", "clause_words", "clause_odd_capitals",
    "clause_stop_words", "clause_is_last", "clause_contrast", "clauses",
)  # fmt: skip


def _clauses(table: SentenceTable, vectors: Column, foreign: Column) -> tuple[Column, Column]:
    """Measures of the most foreign clause of each sentence, (sentences, CLAUSE_NAMES), and its unit vector."""
    result = np.zeros((len(table), len(CLAUSE_NAMES)))
    found = np.zeros_like(table.vectors)
    if not len(table.token_index):
        return result, found
    breaks = np.fromiter((match.start() for match in CLAUSE.finditer(table.text)), np.int64)
    part = np.searchsorted(breaks, table.tokens.start[table.token_index])
    opens = np.flatnonzero(np.append(True, (np.diff(part) != 0) | (np.diff(table.owner) != 0)))
    ends = np.append(opens[1:], len(part))
    owner, words = table.owner[opens], (ends - opens).astype(float)
    strange, idf = sums(foreign, opens, ends), sums(table.idf, opens, ends)
    carrying = sums((table.idf > 0).astype(float), opens, ends)
    score = np.where(carrying >= LEAST_CARRYING, strange / np.maximum(words, 1), -1.0)
    order = np.lexsort((np.arange(len(opens)), -score, owner))
    rows, first = np.unique(owner[order], return_index=True)
    best = order[first]
    totals = _range_vectors(table, vectors, opens[best], ends[best])
    inside = unit_rows(totals)
    rest = unit_rows(table.vectors[rows] * table.lengths[rows, None] - totals)
    all_strange, all_words = np.bincount(owner, strange), np.bincount(owner, words)
    outside = (all_strange[rows] - strange[best]) / np.maximum(all_words[rows] - words[best], 1)
    count = np.bincount(owner)[rows]
    stop = sums(table.tokens.stop[table.token_index].astype(float), opens, ends)[best]
    last = np.append(owner[1:] != owner[:-1], True)[best]
    result[rows] = np.stack([
        strange[best] / np.maximum(words[best], 1), strange[best] / np.maximum(idf[best], 1e-9),
        np.einsum("ij,ij->i", inside, table.context[rows]), np.einsum("ij,ij->i", inside, rest), np.log1p(words[best]),
        sums(table.odd_capital, opens, ends)[best] / np.maximum(words[best], 1), stop / np.maximum(words[best], 1),
        last.astype(float), strange[best] / np.maximum(words[best], 1) - outside, np.log1p(count),
    ], axis=1)  # fmt: skip
    found[rows] = inside
    return result, found


#: A clause with fewer words that mean something is too short to be a story of its own.
LEAST_CARRYING = 3


def burst_strength(table: InsertionTable) -> Column:
    """How foreign the strangest run of words is."""
    return table.burst


def burst_contrast(table: InsertionTable) -> Column:
    """The strangest run against the mean of the sentence: a splice sits in an honest host."""
    return table.burst - table.sentences.mean(table.foreign)


def burst_likeness(table: InsertionTable) -> Column:
    """Cosine of the strangest run with the sentences around."""
    return np.einsum("ij,ij->i", table.burst_vector, table.sentences.context)


def rest_likeness(table: InsertionTable) -> Column:
    """Cosine of the rest of the sentence with the sentences around."""
    return np.einsum("ij,ij->i", table.rest_vector, table.sentences.context)


def inner_likeness(table: InsertionTable) -> Column:
    """Cosine of the strangest run with the rest of its sentence."""
    return np.einsum("ij,ij->i", table.burst_vector, table.rest_vector)


def burst_title_likeness(table: InsertionTable) -> Column:
    """Cosine of the strangest run with the title."""
    plain = table.sentences
    return np.einsum("ij,ij->i", table.burst_vector, plain.title_vectors[plain.article])


def run_words(table: InsertionTable) -> Column:
    """Words of the longest capitalised run: a headline in a running sentence."""
    return np.log1p(table.title_run)


def run_new(table: InsertionTable) -> Column:
    """How foreign that run is."""
    starts = table.run_start
    ends = starts + table.title_run.astype(np.int64)
    return sums(table.foreign, starts, np.minimum(ends, len(table.foreign))) / np.maximum(table.title_run, 1)


def gap_likeness(table: InsertionTable) -> Column:
    """Cosine of the sentence before with the one after, less the sentence's own with either: does it interrupt?"""
    plain = table.sentences
    before, after = (plain.neighbour(plain.vectors, step) for step in NEIGHBOURS)
    across, along, on = (
        np.einsum("ij,ij->i", *pair) for pair in ((before, after), (before, plain.vectors), (plain.vectors, after))
    )
    return across - np.maximum(along, on)


def _of(table: InsertionTable, name: str) -> Column:
    return table.matrix[:, SENTENCE_COLUMNS.index(name)]


def _relative(name: str) -> Callable[[InsertionTable], Column]:
    def column(table: InsertionTable) -> Column:
        return table.sentences.relative(_of(table, name))

    return column


def _around(name: str, step: int) -> Callable[[InsertionTable], Column]:
    def column(table: InsertionTable) -> Column:
        return table.sentences.neighbour(_of(table, name), step)

    return column


def splice_cue(table: InsertionTable) -> Column:
    """Words that tie another story to a sentence."""
    return (table.sentences.cues["splices"] >= 0).astype(float)


def odd_capitals(table: InsertionTable) -> Column:
    """Capitals on words that rarely have one, in the densest stretch: a headline in title case."""
    return table.odd_run


def splice_before(table: InsertionTable) -> Column:
    """A splice cue in a sentence whose strangest clause is far from its rest."""
    return splice_cue(table) * np.maximum(table.clause[:, CLAUSE_NAMES.index("clause_contrast")], 0)


def _clause(index: int) -> Callable[[InsertionTable], Column]:
    def column(table: InsertionTable) -> Column:
        return table.clause[:, index]

    return column


INSERTION_FEATURES: tuple[tuple[str, Callable[[InsertionTable], Column]], ...] = (
    *((feature.__name__, feature) for feature in (
        burst_strength, burst_contrast, burst_likeness, rest_likeness, inner_likeness, burst_title_likeness, run_words,
        run_new, gap_likeness, splice_cue, odd_capitals, splice_before,
    )),
    *((f"relative_{name}", _relative(name)) for name in ("title_likeness", "context_likeness", "new_words", "next_words")),
    *((f"{name}_{'next' if step > 0 else 'before'}", _around(name, step))
      for name in ("context_likeness", "new_words", "said_before") for step in NEIGHBOURS),
    *((name, _clause(index)) for index, name in enumerate(CLAUSE_NAMES)),
)  # fmt: skip


#: Dimensions of the vectors of the sentence and its strangest clause that are read: what farms put in is of some subjects
#: more than of others, and a shop's offer does not sound like a story.
VECTOR_HEAD = 32
#: Names of the columns of `insertion_matrix`.
INSERTION_COLUMNS = (
    *SENTENCE_COLUMNS, *(name for name, _ in INSERTION_FEATURES), *COHESION_NAMES,
    *(f"{name}_vector_{number}" for name in ("sentence", "clause") for number in range(VECTOR_HEAD)),
)  # fmt: skip


def insertion_matrix(table: InsertionTable) -> NDArray[np.float64]:
    """Features of the sentences: (sentences, INSERTION_COLUMNS), NaN where missing."""
    if not len(table):
        return np.zeros((0, len(INSERTION_COLUMNS)))
    measured = (feature(table)[:, None] for _, feature in INSERTION_FEATURES)
    heads = (vectors[:, :VECTOR_HEAD] for vectors in (table.sentences.vectors, table.clause_vector))
    return np.hstack([table.matrix, *measured, cohesion_matrix(table.sentences), *heads])
