"""Sentences → columns: how a sentence, the run of sentences around it and its paragraph hang together with what stands near.

A foreign sentence is unlike its neighbours; a foreign paragraph is like itself, so it is compared with what stands outside of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.features.sentence_table import WINDOW
from noisefilter.features.tokens import unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.features.sentence_table import SentenceTable

    Column = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Lengths of the runs of sentences that are compared with what stands around them: paragraphs laid out a sentence a line.
RUNS = (2, 3, 5)
#: Likest sentences whose mean likeness counts: a sentence that belongs has some that speak of the same.
LIKEST = 3
COHESION_NAMES = (
    "likest", "likest_few", "likest_before", "likest_after", "evidence", "vector_length",
    "likest_few_relative", "likest_few_neighbours",
    *(f"run_likeness_{size}" for size in RUNS), "run_likeness_relative",
    "paragraph_likeness", "paragraph_new_words", "paragraph_title_likeness", "paragraph_sentences",
    "new_names", "known_names", "known_words", "shared_rarity",
)  # fmt: skip


def cohesion_matrix(table: SentenceTable) -> NDArray[np.float64]:
    """(sentences, COHESION_NAMES)."""
    if not len(table):
        return np.zeros((0, len(COHESION_NAMES)))
    likeness = _likest(table)
    runs = _runs(table)
    return np.stack([*likeness, *runs, _relative(runs[1]), *_paragraphs(table), *_words(table)], axis=1)


def _relative(values: Column) -> Column:
    """Standard deviations from the article's mean."""
    return (values - values.mean()) / (values.std() + 0.05)


def _likest(table: SentenceTable) -> list[Column]:
    """Likeness to the likest sentences near, outside of the own paragraph where it has several."""
    vectors, block, count = table.vectors, table.block, len(table)
    near = np.full((count, 2 * WINDOW), -1.0)
    for step in range(1, min(WINDOW, count - 1) + 1):
        product = np.einsum("ij,ij->i", vectors[:-step], vectors[step:])
        product = np.where((block[:-step] == block[step:]) & (step > 1), product - 0.1, product)
        near[:-step, WINDOW + step - 1] = product
        near[step:, WINDOW - step] = product
    top = np.sort(near, axis=1)[:, -LIKEST:]
    few = np.maximum(top, 0).mean(axis=1)
    around = (
        np.convolve(few, np.ones(5), "same") / np.convolve(np.ones(count), np.ones(5), "same")[:count]
        if count >= 5
        else few
    )
    context = np.einsum("ij,ij->i", vectors, table.context)
    return [
        np.maximum(top[:, -1], 0), few, np.maximum(near[:, :WINDOW].max(axis=1), 0), np.maximum(near[:, WINDOW:].max(axis=1), 0),
        context * table.lengths, np.log1p(table.lengths), _relative(few), few - around,
    ]  # fmt: skip


def _runs(table: SentenceTable) -> list[Column]:
    """Lowest likeness of a run of sentences that holds this one to what stands before and after the run."""
    count = len(table)
    running = np.zeros((count + 1, table.vectors.shape[1]))
    np.cumsum(table.vectors, axis=0, out=running[1:])
    columns = []
    for size in RUNS:
        if count < 2 * size:
            columns.append(np.einsum("ij,ij->i", table.vectors, table.context))
            continue
        first = np.arange(count - size + 1)
        inside = running[first + size] - running[first]
        around = running[np.minimum(first + size + WINDOW, count)] - running[np.maximum(first - WINDOW, 0)] - inside
        likeness = np.einsum("ij,ij->i", unit_rows(inside), unit_rows(around))
        padded = np.concatenate([np.ones(size - 1), likeness, np.ones(size - 1)])
        columns.append(np.lib.stride_tricks.sliding_window_view(padded, size).min(axis=1))
    return columns


def _paragraphs(table: SentenceTable) -> list[Column]:
    """The sentence's paragraph against what stands around it: likeness, words that nothing there uses, likeness to the title."""
    count = len(table)
    opens = np.flatnonzero(np.append(True, table.block[1:] != table.block[:-1]))
    ends = np.append(opens[1:], count)
    group = np.repeat(np.arange(len(opens)), ends - opens)
    running = np.zeros((count + 1, table.vectors.shape[1]))
    np.cumsum(table.vectors, axis=0, out=running[1:])
    inside = running[ends] - running[opens]
    around = running[np.minimum(ends + WINDOW, count)] - running[np.maximum(opens - WINDOW, 0)] - inside
    unit = unit_rows(inside)
    likeness = np.einsum("ij,ij->i", unit, unit_rows(around))
    gap = _gap_outside(table.tokens.stems[table.token_index], table.owner, group, opens, ends)
    owner = group[table.owner]
    new = np.bincount(owner, table.idf * (gap > WINDOW), minlength=len(opens))
    total = np.bincount(owner, table.idf, minlength=len(opens))
    return [
        likeness[group], (new / np.maximum(total, 1e-9))[group], (unit @ table.title_vector)[group],
        np.log1p(ends - opens)[group],
    ]  # fmt: skip


def _gap_outside(stems: Index, owner: Index, group: Index, opens: Index, ends: Index) -> Index:
    """Sentences between a token's paragraph and the nearest sentence of another one that uses its stem; far if none does."""
    far = 1_000_000
    if not len(stems):
        return np.zeros(0, dtype=np.int64)
    size = int(owner[-1]) + 1
    pairs, inverse = np.unique(stems * size + owner, return_inverse=True)
    stem, sentence = np.divmod(pairs, size)
    own = group[sentence]
    first = np.flatnonzero(np.append(True, (stem[1:] != stem[:-1]) | (own[1:] != own[:-1])))
    last = np.append(first[1:], len(pairs)) - 1
    after, before = np.full(len(first), far), np.full(len(first), far)
    same = stem[first[1:]] == stem[first[:-1]]
    after[:-1][same] = (sentence[first[1:]] - ends[own[first[:-1]]] + 1)[same]
    before[1:][same] = (opens[own[first[1:]]] - sentence[last[:-1]])[same]
    run = np.repeat(np.arange(len(first)), last - first + 1)
    return np.minimum(after, before)[run][inverse]


def _words(table: SentenceTable) -> list[Column]:
    """Names that nothing near uses and names that something does, words that something near uses, the rarest of them."""
    tokens = table.tokens
    inner = np.append(False, table.owner[1:] == table.owner[:-1])
    name = tokens.title[table.token_index] & inner & ~tokens.stop[table.token_index]
    near = table.seen <= WINDOW
    rarest = np.zeros(len(table))
    np.maximum.at(rarest, table.owner, table.idf * near)
    sums = (np.bincount(table.owner, values, minlength=len(table)) for values in (
        table.idf * (name & ~near), table.idf * (name & near), table.idf * near,
    ))  # fmt: skip
    return [*(np.log1p(column) for column in sums), rarest]
