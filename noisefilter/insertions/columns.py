"""Sentences → matrix: the features that give away a passage from another story.

There are two signals: cohesion with the sentences around, and form (a headline inside a running sentence). Links are
not used: the training data is text, and a page must score the same however it was saved.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.columns import side_by_side
from noisefilter.insertions.cohesion import CohesionColumns, cohesion_matrix
from noisefilter.sentences.columns import NEIGHBOURS, SENTENCE_COLUMNS
from noisefilter.text.tokens import begins, dots, range_entries, sums, sums_of_rows, unit_rows

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Index, Matrix
    from noisefilter.sentences.table import SentenceTable

#: Words of a headline; the burst of foreign words is searched for in windows of this size.
BURST = 6
#: Punctuation between clauses. The character class comes first so that `re` can skip ahead; lookarounds check hyphens
#: and dots.
CLAUSE = re.compile(r"[,;:—–()….\-](?:(?<![.\-])|(?<=\s-)(?=\s)|(?<=\.{3}))")
#: A clause with fewer content words is too short to be a story of its own.
LEAST_CARRYING = 3
#: Features of a sentence that are also compared with their mean over the article, and those of its neighbours.
RELATIVE = ("title_likeness", "context_likeness", "new_words", "next_words")
BESIDE = ("context_likeness", "new_words", "said_before")
#: Vectors whose leading dimensions are features, and how many of these: farms insert some subjects more than others,
#: and a shop's offer does not sound like a story.
VECTORS = ("sentence", "clause")
VECTOR_HEAD = 32


class InsertionColumns(NamedTuple):
    """Features of each sentence besides cohesion: names and order of the columns."""

    burst_strength: Column  # how foreign the strangest run of `BURST` words is
    burst_contrast: Column  # minus the mean of the sentence: a splice stands in an otherwise ordinary sentence
    burst_likeness: Column  # cosine of that run with the sentences around
    rest_likeness: Column  # of the rest of the sentence with them
    inner_likeness: Column  # of the run with the rest
    burst_title_likeness: Column
    run_words: Column  # of the longest capitalised run: a headline in a running sentence
    run_new: Column  # how foreign that run is
    gap_likeness: (
        Column  # of the sentences before and after, minus the higher of this one's with them: does it interrupt?
    )
    splice_cue: Column  # whether it has a phrase that attaches another story to a sentence
    odd_capitals: Column  # on words that rarely have one, in the densest stretch: a headline in title case
    splice_before: Column  # the splice cue, times `clause_contrast`
    relative_title_likeness: Column
    relative_context_likeness: Column
    relative_new_words: Column
    relative_next_words: Column
    context_likeness_before: Column
    context_likeness_next: Column
    new_words_before: Column
    new_words_next: Column
    said_before_before: Column
    said_before_next: Column
    clause_foreign: Column  # mean of `foreign` over the words of the most foreign clause
    clause_new: Column  # share of its words that no sentence nearby uses, weighted by rarity
    clause_context_likeness: Column  # cosine with the sentences around
    clause_rest_likeness: Column  # cosine with the rest of its sentence
    clause_words: Column
    clause_odd_capitals: Column
    clause_stop_words: Column
    clause_is_last: Column
    clause_contrast: Column  # how much more foreign it is than the rest of its sentence
    clauses: Column  # of the sentence


#: Names of the columns of `insertion_matrix`.
INSERTION_COLUMNS = (
    *SENTENCE_COLUMNS,
    *InsertionColumns._fields,
    *CohesionColumns._fields,
    *(f"{name}_vector_{number}" for name in VECTORS for number in range(VECTOR_HEAD)),
)


def insertion_matrix(table: SentenceTable) -> Matrix:
    """Features of the sentences, at least one: (sentences, INSERTION_COLUMNS), NaN where missing."""
    clause, clause_vectors = _clauses(table)
    cue = (table.cues["splices"] >= 0).astype(float)
    columns = InsertionColumns(
        **_bursts(table),
        **_title_runs(table),
        **_around(table),
        **clause,
        splice_cue=cue,
        splice_before=cue * np.maximum(clause["clause_contrast"], 0),
        odd_capitals=find_bursts(table, table.odd_capital)[0],
    )
    heads = (vectors[:, :VECTOR_HEAD] for vectors in (table.vectors, clause_vectors))
    return np.hstack([table.matrix, side_by_side(columns), cohesion_matrix(table), *heads])


def _bursts(table: SentenceTable) -> dict[str, Column]:
    """Of the run of `BURST` words with the highest mean of `foreign`."""
    strength, start = find_bursts(table, table.foreign)
    inside = _range_vectors(table, start, np.minimum(start + BURST, table.entry_edges[1:]))
    run, rest = unit_rows(inside), unit_rows(table.vectors * table.lengths[:, None] - inside)
    return {
        "burst_strength": strength,
        "burst_contrast": strength - table.mean(table.foreign),
        "burst_likeness": dots(run, table.context),
        "rest_likeness": dots(rest, table.context),
        "inner_likeness": dots(run, rest),
        "burst_title_likeness": dots(run, table.title_vectors[table.article]),
    }


def find_bursts(table: SentenceTable, values: Column) -> tuple[Column, Index]:
    """Highest mean of a value per entry over a run of `BURST` tokens in each sentence, and where the run starts."""
    owner, starts, ends = table.owner, table.entry_edges[:-1], table.entry_edges[1:]
    best, best_start = np.zeros(len(starts)), starts.copy()
    index = np.arange(len(values))
    means = sums(values, index, np.minimum(index + BURST, ends[owner])) / BURST
    means[(index + BURST > ends[owner]) & (ends - starts >= BURST)[owner]] = -1.0
    highest = _first_highest(means, owner)
    best[owner[highest]], best_start[owner[highest]] = means[highest], highest
    return best, best_start


def _first_highest(values: Column, owner: Index) -> Index:
    """Place of the highest value of each owner, of equal ones the first; the owners are in order."""
    opens = begins(owner)
    highest = np.maximum.reduceat(values, np.flatnonzero(opens))
    found = np.flatnonzero(values == highest[np.cumsum(opens) - 1])
    return found[begins(owner[found])]


def _range_vectors(table: SentenceTable, starts: Index, ends: Index) -> Matrix:
    """Sum of the word vectors of each range of `token_index`: (ranges, dimensions)."""
    return sums_of_rows(table.known_vectors, table.word[range_entries(starts, ends)], np.maximum(ends - starts, 0))


def _title_runs(table: SentenceTable) -> dict[str, Column]:
    """Of the longest run of capitalised words after a sentence's first, small words allowed inside."""
    tokens = table.tokens
    capital = (tokens.title | tokens.digit)[table.token_index]
    small = (tokens.stop & ~tokens.title)[table.token_index]
    words, start = np.zeros(len(table), dtype=np.int64), table.entry_edges[:-1].copy()
    for row in np.flatnonzero(np.bincount(table.owner, capital, minlength=len(table)) >= 3).tolist():
        first, last = int(table.entry_edges[row]) + 1, int(table.entry_edges[row + 1])
        words[row], begin = _title_run(capital[first:last].tolist(), small[first:last].tolist())
        start[row] = first + begin
    return {"run_words": np.log1p(words), "run_new": sums(table.foreign, start, start + words) / np.maximum(words, 1)}


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


def _around(table: SentenceTable) -> dict[str, Column]:
    """Of the sentences before and after, and of the article."""
    before, after = (table.neighbour(table.vectors, step) for step in NEIGHBOURS)
    alike = np.maximum(dots(before, table.vectors), dots(table.vectors, after))
    return {
        "gap_likeness": dots(before, after) - alike,
        **{f"relative_{name}": table.relative(table.feature(name)) for name in RELATIVE},
        **{
            f"{name}_{'next' if step > 0 else 'before'}": table.neighbour(table.feature(name), step)
            for name in BESIDE
            for step in NEIGHBOURS
        },
    }


def _clauses(table: SentenceTable) -> tuple[dict[str, Column], Matrix]:
    """Of the most foreign clause of each sentence, and its unit vector; zeros for a sentence without words."""
    breaks = np.fromiter((match.start() for match in CLAUSE.finditer(table.text)), np.int64)
    part = np.searchsorted(breaks, table.tokens.start[table.token_index])
    opens = np.flatnonzero(begins(part) | begins(table.owner))
    ends = np.append(opens, len(part))[1:]
    owner, words = table.owner[opens], (ends - opens).astype(float)
    strange = sums(table.foreign, opens, ends)
    carrying = sums((table.idf > 0).astype(float), opens, ends)
    best = _first_highest(np.where(carrying >= LEAST_CARRYING, strange / words, -1.0), owner)
    rows, first, last, size = owner[best], opens[best], ends[best], words[best]
    totals = _range_vectors(table, first, last)
    inside, rest = unit_rows(totals), unit_rows(table.vectors[rows] * table.lengths[rows, None] - totals)
    all_strange, all_words = (np.bincount(owner, values)[rows] for values in (strange, words))
    foreign = strange[best] / size
    columns = {
        "clause_foreign": foreign,
        "clause_new": strange[best] / np.maximum(sums(table.idf, first, last), 1e-9),
        "clause_context_likeness": dots(inside, table.context[rows]),
        "clause_rest_likeness": dots(inside, rest),
        "clause_words": np.log1p(size),
        "clause_odd_capitals": sums(table.odd_capital, first, last) / size,
        "clause_stop_words": sums(table.tokens.stop[table.token_index].astype(float), first, last) / size,
        "clause_is_last": np.append(begins(owner)[1:], True)[best].astype(float),
        "clause_contrast": foreign - (all_strange - strange[best]) / np.maximum(all_words - size, 1),
        "clauses": np.log1p(np.bincount(owner)[rows]),
    }

    def of_all(values: Matrix) -> Matrix:
        spread = np.zeros((len(table), *values.shape[1:]))
        spread[rows] = values
        return spread

    return {name: of_all(values) for name, values in columns.items()}, of_all(inside)
