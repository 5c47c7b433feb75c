"""Sentences → arrays: what the insertion features share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.sentences.columns import SENTENCE_COLUMNS, sentence_matrix
from noisefilter.sentences.table import WINDOW, SentenceTable
from noisefilter.text.tokens import begins, range_entries, sums, sums_of_rows, unit_rows
from noisefilter.threads import cached_property

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.arrays import Column, Flags, Index, Matrix

#: Features of a sentence that are also compared with their mean over the article.
RELATIVE = ("title_likeness", "context_likeness", "new_words", "next_words")
#: Words of a headline; the burst of foreign words is searched for in windows of this size.
BURST = 6
#: Share of a word's occurrences that have a capital, from which it is a name.
NAME_CAPITALS = 0.6
#: Punctuation between clauses. The character class comes first so that `re` can skip ahead; lookarounds check hyphens
#: and dots.
CLAUSE = re.compile(r"[,;:—–()….\-](?:(?<![.\-])|(?<=\s-)(?=\s)|(?<=\.{3}))")
#: A clause with fewer content words is too short to be a story of its own.
LEAST_CARRYING = 3


class Burst(NamedTuple):
    """A run of words of each sentence: its mean, first entry and unit vector, and that of the rest of the sentence."""

    mean: Column
    start: Index
    vector: Matrix
    rest_vector: Matrix


class TitleRun(NamedTuple):
    """A run of capitalised words of each sentence: how many, and its first entry."""

    words: Column
    start: Index


class ClauseColumns(NamedTuple):
    """Features of a clause of each sentence: names and order of the columns."""

    clause_foreign: Column  # mean of `foreign` over its words
    clause_new: Column  # share of its words that no sentence nearby uses, weighted by rarity
    clause_context_likeness: Column  # cosine with the sentences around
    clause_rest_likeness: Column  # cosine with the rest of its sentence
    clause_words: Column
    clause_odd_capitals: Column
    clause_stop_words: Column
    clause_is_last: Column
    clause_contrast: Column  # how much more foreign it is than the rest of its sentence
    clauses: Column  # of the sentence


class Clause(NamedTuple):
    """A clause of each sentence: its features, and its unit vector."""

    columns: ClauseColumns
    vector: Matrix


@dataclass(frozen=True, eq=False)
class InsertionTable:
    """A `SentenceTable` with values per entry of its tokens: how foreign each word is to the sentences around it.

    Each array is computed on first use.
    """

    sentences: SentenceTable

    def __len__(self) -> int:
        return len(self.sentences)

    @cached_property
    def matrix(self) -> Matrix:
        """Features of the sentences, columns as in `SENTENCE_COLUMNS`."""
        return sentence_matrix(self.sentences)

    @cached_property
    def relative(self) -> Mapping[str, Column]:
        """Standard deviations of the features `RELATIVE` from their means over the article."""
        columns = self.matrix[:, [SENTENCE_COLUMNS.index(name) for name in RELATIVE]].T
        return dict(zip(RELATIVE, self.sentences.relative(np.ascontiguousarray(columns)), strict=True))

    @cached_property
    def foreign(self) -> Column:
        """Of each entry: the word's rarity if no sentence nearby uses it, else zero."""
        return self.sentences.idf * (self.sentences.seen > WINDOW)

    @cached_property
    def holds_name(self) -> Flags:
        """Whether a capitalised word mostly has its capital: at a sentence's start and in headings every word has one."""
        table, tokens = self.sentences, self.sentences.tokens
        capital = (tokens.title | tokens.upper) & ~tokens.stop
        names = np.flatnonzero(capital & (table.word_vectors.capital[tokens.ids] >= NAME_CAPITALS))
        return names.searchsorted(table.last) > names.searchsorted(table.first)

    @cached_property
    def burst(self) -> Burst:
        """Of each sentence: the run of `BURST` tokens with the highest mean of `foreign`."""
        mean, start = find_bursts(self.sentences, self.foreign)
        inside = _range_vectors(self.sentences, start, np.minimum(start + BURST, self.sentences.entry_edges[1:]))
        whole = self.sentences.vectors * self.sentences.lengths[:, None]
        return Burst(mean, start, unit_rows(inside), unit_rows(whole - inside))

    @cached_property
    def title_run(self) -> TitleRun:
        """Of each sentence: the longest run of capitalised words after its first, small words allowed inside."""
        return _title_runs(self.sentences)

    @cached_property
    def clause(self) -> Clause:
        """Of each sentence: its most foreign clause."""
        return _clauses(self.sentences, self.foreign)


def find_bursts(table: SentenceTable, values: Column) -> tuple[Column, Index]:
    """Highest mean of a value per entry over a run of `BURST` tokens in each sentence, and where the run starts."""
    owner, starts, ends = table.owner, table.entry_edges[:-1], table.entry_edges[1:]
    best, best_start = np.zeros(len(starts)), starts.copy()
    if not len(values):
        return best, best_start
    index = np.arange(len(values))
    means = sums(values, index, np.minimum(index + BURST, ends[owner])) / BURST
    means[(index + BURST > ends[owner]) & (ends - starts >= BURST)[owner]] = -1.0
    highest = _first_highest(means, owner)
    best[owner[highest]], best_start[owner[highest]] = means[highest], highest
    return best, best_start


def _first_highest(values: Column, owner: Index) -> Index:
    """Place of the highest value of each owner, of equal ones the first; the owners are in order."""
    opens = np.flatnonzero(begins(owner))
    highest = np.zeros(owner[-1] + 1)
    highest[owner[opens]] = np.maximum.reduceat(values, opens)
    found = np.flatnonzero(values == highest[owner])
    return found[begins(owner[found])]


def _range_vectors(table: SentenceTable, starts: Index, ends: Index) -> Matrix:
    """Sum of the word vectors of each range of `token_index`: (ranges, dimensions)."""
    return sums_of_rows(table.known_vectors, table.word[range_entries(starts, ends)], np.maximum(ends - starts, 0))


def _title_runs(table: SentenceTable) -> TitleRun:
    """Words in the longest run of capitalised words after a sentence's first, small words allowed inside."""
    tokens = table.tokens
    capital = (tokens.title | tokens.digit)[table.token_index]
    small = (tokens.stop & ~tokens.title)[table.token_index]
    longest, start_of = np.zeros(len(table)), table.entry_edges[:-1].copy()
    for row in np.flatnonzero(np.bincount(table.owner, capital, minlength=len(table)) >= 3).tolist():
        first, last = int(table.entry_edges[row]) + 1, int(table.entry_edges[row + 1])
        longest[row], begin = _title_run(capital[first:last].tolist(), small[first:last].tolist())
        if longest[row]:
            start_of[row] = first + begin
    return TitleRun(longest, start_of)


def _title_run(capital: list[bool], small: list[bool]) -> tuple[int, int]:
    """Capitalised words in the longest run of them, and where it begins; up to two small words may stand in between."""
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


def _clauses(table: SentenceTable, foreign: Column) -> Clause:
    """The most foreign clause of each sentence."""
    columns = np.zeros((len(ClauseColumns._fields), len(table)))
    found = np.zeros_like(table.vectors)
    if not len(table.token_index):
        return Clause(ClauseColumns(*columns), found)
    breaks = np.fromiter((match.start() for match in CLAUSE.finditer(table.text)), np.int64)
    part = np.searchsorted(breaks, table.tokens.start[table.token_index])
    opens = np.flatnonzero(begins(part) | begins(table.owner))
    ends = np.append(opens[1:], len(part))
    owner, words = table.owner[opens], (ends - opens).astype(float)
    strange, idf = sums(foreign, opens, ends), sums(table.idf, opens, ends)
    carrying = sums((table.idf > 0).astype(float), opens, ends)
    score = np.where(carrying >= LEAST_CARRYING, strange / np.maximum(words, 1), -1.0)
    best = _first_highest(score, owner)
    rows = owner[best]
    totals = _range_vectors(table, opens[best], ends[best])
    inside = unit_rows(totals)
    rest = unit_rows(table.vectors[rows] * table.lengths[rows, None] - totals)
    all_strange, all_words = np.bincount(owner, strange), np.bincount(owner, words)
    outside = (all_strange[rows] - strange[best]) / np.maximum(all_words[rows] - words[best], 1)
    count = np.bincount(owner)[rows]
    stop = sums(table.tokens.stop[table.token_index].astype(float), opens[best], ends[best])
    last = np.append(begins(owner)[1:], True)[best]
    columns[:, rows] = ClauseColumns(
        clause_foreign=strange[best] / np.maximum(words[best], 1),
        clause_new=strange[best] / np.maximum(idf[best], 1e-9),
        clause_context_likeness=np.einsum("ij,ij->i", inside, table.context[rows]),
        clause_rest_likeness=np.einsum("ij,ij->i", inside, rest),
        clause_words=np.log1p(words[best]),
        clause_odd_capitals=sums(table.odd_capital, opens[best], ends[best]) / np.maximum(words[best], 1),
        clause_stop_words=stop / np.maximum(words[best], 1),
        clause_is_last=last.astype(float),
        clause_contrast=strange[best] / np.maximum(words[best], 1) - outside,
        clauses=np.log1p(count),
    )
    found[rows] = inside
    return Clause(ClauseColumns(*columns), found)
