"""Sentences → columns: how well a sentence, the runs that contain it and its paragraph fit their surroundings.

A foreign sentence differs from its neighbours. The sentences of a foreign paragraph resemble each other, so a paragraph
is compared with the text outside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.columns import side_by_side
from noisefilter.sentences.table import WINDOW
from noisefilter.text.tokens import begins, dots, sums, unit_rows

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Index, Matrix
    from noisefilter.sentences.table import SentenceTable

#: Lengths of the runs of sentences that are compared with the text around them: paragraphs may have a sentence a line.
RUNS = (2, 3, 5)
#: How many of the most similar sentences are averaged: a sentence that belongs has several on the same subject.
LIKEST = 3
#: In articles with fewer sentences, a sentence is not compared with its neighbourhood.
FEW = 5


class CohesionColumns(NamedTuple):
    """Features of each sentence: names and order of the columns."""

    likest: Column
    likest_few: Column
    likest_before: Column
    likest_after: Column
    evidence: Column  # cosine with the sentences around, times the length of its vector
    vector_length: Column
    likest_few_relative: Column
    likest_few_neighbours: Column  # minus the mean of the neighbours'
    run_likeness_2: Column
    run_likeness_3: Column
    run_likeness_5: Column
    run_likeness_relative: Column
    paragraph_likeness: Column  # to its surroundings
    paragraph_new_words: Column  # share of words that its surroundings do not use
    paragraph_title_likeness: Column
    paragraph_sentences: Column
    new_names: Column  # rarity of the names that no sentence nearby uses
    known_names: Column
    known_words: Column
    shared_rarity: Column  # of the rarest word that is used nearby


def cohesion_matrix(table: SentenceTable) -> Matrix:
    """Features of the sentences, at least one: (sentences, CohesionColumns)."""
    runs = _runs(table)
    relative = table.relative(runs["run_likeness_3"])
    columns = {**_likest(table), **runs, **_paragraphs(table), **_words(table)}
    return side_by_side(CohesionColumns(**columns, run_likeness_relative=relative))


def _likest(table: SentenceTable) -> dict[str, Column]:
    """Similarity to the most similar sentences nearby; the own paragraph's count 0.1 less, except direct neighbours."""
    vectors, block, article, count = table.vectors, table.block, table.article, len(table)
    near = np.full((count, 2 * WINDOW), -1.0)
    for step in range(1, min(WINDOW, int(table.sizes.max()) - 1) + 1):
        product = dots(vectors[:-step], vectors[step:])
        product[(block[:-step] == block[step:]) & (step > 1)] -= 0.1
        product[article[:-step] != article[step:]] = -1.0
        near[:-step, WINDOW + step - 1] = product
        near[step:, WINDOW - step] = product
    top = np.partition(near, -LIKEST, axis=1)[:, -LIKEST:]
    few = np.sort(np.maximum(top, 0), axis=1).mean(axis=1)
    index = np.arange(count)
    first, last = table.bounds(index - 2, index + 3)
    around = np.where(table.sizes[article] >= FEW, sums(few, first, last) / (last - first), few)
    return {
        "likest": np.maximum(near.max(axis=1), 0),
        "likest_few": few,
        "likest_before": np.maximum(near[:, :WINDOW].max(axis=1), 0),
        "likest_after": np.maximum(near[:, WINDOW:].max(axis=1), 0),
        "evidence": table.feature("context_likeness") * table.lengths,
        "vector_length": np.log1p(table.lengths),
        "likest_few_relative": table.relative(few),
        "likest_few_neighbours": few - around,
    }


def _runs(table: SentenceTable) -> dict[str, Column]:
    """Lowest similarity, over the runs that contain this sentence, of a run to the text before and after it."""
    index = np.arange(len(table))
    inside, whole_window, reach = table.vectors, table.window, 1
    columns = {}
    for size in RUNS:
        while reach < size:  # a longer run adds the next sentence to the shorter one; so does its window
            inside = inside + table.neighbour(table.vectors, reach)
            whole_window = whole_window + table.neighbour(table.vectors, reach + WINDOW)
            reach += 1
        whole = index + size <= table.edges[table.article + 1]
        around = unit_rows(whole_window - inside)
        likeness = np.where(whole, dots(unit_rows(inside), around), 1.0)
        lowest = np.minimum.reduce([likeness, *(table.neighbour(likeness, -step, 1.0) for step in range(1, size))])
        short = table.sizes[table.article] < 2 * size
        columns[f"run_likeness_{size}"] = np.where(short, table.feature("context_likeness"), lowest)
    return columns


def _paragraphs(table: SentenceTable) -> dict[str, Column]:
    """Of each sentence's paragraph, compared with the text outside it."""
    opens = np.flatnonzero(begins(table.block))
    ends = np.append(opens[1:], len(table))
    group = np.repeat(np.arange(len(opens)), ends - opens)
    article = table.article[opens]
    first, last = np.maximum(opens - WINDOW, table.edges[article]), np.minimum(ends + WINDOW, table.edges[article + 1])
    inside, whole = np.split(sums(table.vectors, np.append(opens, first), np.append(ends, last)), 2)
    around = whole - inside
    unit = unit_rows(inside)
    likeness = dots(unit, unit_rows(around))
    gap = _gap_outside(table, group, opens, ends)
    owner = group[table.owner]
    new = np.bincount(owner, table.idf * (gap > WINDOW), minlength=len(opens))
    total = np.bincount(owner, table.idf, minlength=len(opens))
    return {
        "paragraph_likeness": likeness[group],
        "paragraph_new_words": (new / np.maximum(total, 1e-9))[group],
        "paragraph_title_likeness": dots(unit, table.title_vectors[article])[group],
        "paragraph_sentences": np.log1p(ends - opens)[group],
    }


def _gap_outside(table: SentenceTable, group: Index, opens: Index, ends: Index) -> Index:
    """Distance in sentences from a token's paragraph to the nearest sentence outside with its stem; large if none."""
    far = 1_000_000
    order = table.by_stem
    stem, sentence = table.stems[order], table.owner[order]
    paragraph = group[sentence]
    first = np.flatnonzero(begins(stem) | begins(paragraph))
    last = np.append(first[1:], len(stem)) - 1
    after, before = np.full(len(first), far), np.full(len(first), far)
    same = stem[first[1:]] == stem[first[:-1]]
    after[:-1][same] = (sentence[first[1:]] - ends[paragraph[first[:-1]]] + 1)[same]
    before[1:][same] = (opens[paragraph[first[1:]]] - sentence[last[:-1]])[same]
    nearest = np.empty(len(order), dtype=np.int64)
    nearest[order] = np.repeat(np.minimum(after, before), last - first + 1)
    return nearest


def _words(table: SentenceTable) -> dict[str, Column]:
    """Rarity of the words of each sentence, by whether they are names and are used nearby."""
    tokens = table.tokens
    name = (tokens.title & ~tokens.stop)[table.token_index] & ~begins(table.owner)
    chosen = {"new_names": name & ~table.near, "known_names": name & table.near, "known_words": table.near}
    return {
        **{of: np.log1p(np.bincount(table.owner, table.idf * flags, len(table))) for of, flags in chosen.items()},
        "shared_rarity": table.highest(table.idf * table.near),
    }
