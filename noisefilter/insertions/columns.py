"""Sentences → matrix: the features that give away a passage from another story.

There are two signals: cohesion with the sentences around, and form (a headline inside a running sentence). Links are
not used: the training data is text, and a page must score the same however it was saved.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.columns import Columns
from noisefilter.insertions.cohesion import CohesionColumns, cohesion_matrix
from noisefilter.insertions.table import RELATIVE, ClauseColumns, find_bursts
from noisefilter.sentences.columns import NEIGHBOURS, SENTENCE_COLUMNS
from noisefilter.text.tokens import sums

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noisefilter.arrays import Column, Matrix
    from noisefilter.insertions.table import InsertionTable


def burst_strength(table: InsertionTable) -> Column:
    """How foreign the strangest run of words is."""
    return table.burst.mean


def burst_contrast(table: InsertionTable) -> Column:
    """The strangest run minus the mean of the sentence: a splice stands in an otherwise ordinary sentence."""
    return table.burst.mean - table.sentences.mean(table.foreign)


def burst_likeness(table: InsertionTable) -> Column:
    """Cosine of the strangest run with the sentences around."""
    return np.einsum("ij,ij->i", table.burst.vector, table.sentences.context)


def rest_likeness(table: InsertionTable) -> Column:
    """Cosine of the rest of the sentence with the sentences around."""
    return np.einsum("ij,ij->i", table.burst.rest_vector, table.sentences.context)


def inner_likeness(table: InsertionTable) -> Column:
    """Cosine of the strangest run with the rest of its sentence."""
    return np.einsum("ij,ij->i", table.burst.vector, table.burst.rest_vector)


def burst_title_likeness(table: InsertionTable) -> Column:
    """Cosine of the strangest run with the title."""
    plain = table.sentences
    return np.einsum("ij,ij->i", table.burst.vector, plain.title_vectors[plain.article])


def run_words(table: InsertionTable) -> Column:
    """Words of the longest capitalised run: a headline in a running sentence."""
    return np.log1p(table.title_run.words)


def run_new(table: InsertionTable) -> Column:
    """How foreign that run is."""
    words, starts = table.title_run
    return sums(table.foreign, starts, starts + words.astype(np.int64)) / np.maximum(words, 1)


def gap_likeness(table: InsertionTable) -> Column:
    """Cosine of the sentences before and after, minus the higher of this one's with them: does it interrupt?"""
    plain = table.sentences
    before, after = (plain.neighbour(plain.vectors, step) for step in NEIGHBOURS)
    across, along, on = (
        np.einsum("ij,ij->i", *pair) for pair in ((before, after), (before, plain.vectors), (plain.vectors, after))
    )
    return across - np.maximum(along, on)


def _relative(name: str, table: InsertionTable) -> Column:
    return table.relative[name]


def _around(name: str, step: int, table: InsertionTable) -> Column:
    return table.sentences.neighbour(table.matrix[:, SENTENCE_COLUMNS.index(name)], step)


def splice_cue(table: InsertionTable) -> Column:
    """Whether it has a phrase that attaches another story to a sentence."""
    return (table.sentences.cues["splices"] >= 0).astype(float)


def odd_capitals(table: InsertionTable) -> Column:
    """Capitals on words that rarely have one, in the densest stretch: a headline in title case."""
    return find_bursts(table.sentences, table.sentences.odd_capital)[0]


def splice_before(table: InsertionTable) -> Column:
    """The splice cue, times how much stranger the strangest clause is than the rest of the sentence."""
    return splice_cue(table) * np.maximum(table.clause.columns.clause_contrast, 0)


def _clause(name: str, table: InsertionTable) -> Column:
    return getattr(table.clause.columns, name)


INSERTION_FEATURES: Columns[[InsertionTable]] = Columns(
    burst_strength,
    burst_contrast,
    burst_likeness,
    rest_likeness,
    inner_likeness,
    burst_title_likeness,
    run_words,
    run_new,
    gap_likeness,
    splice_cue,
    odd_capitals,
    splice_before,
    *((f"relative_{name}", partial(_relative, name)) for name in RELATIVE),
    *(
        (f"{name}_{'next' if step > 0 else 'before'}", partial(_around, name, step))
        for name in ("context_likeness", "new_words", "said_before")
        for step in NEIGHBOURS
    ),
    *((name, partial(_clause, name)) for name in ClauseColumns._fields),
)
#: Vectors whose leading dimensions are features, and how many of these: farms insert some subjects more than others,
#: and a shop's offer does not sound like a story.
VECTORS: Mapping[str, Callable[[InsertionTable], Matrix]] = {
    "sentence": lambda table: table.sentences.vectors,
    "clause": lambda table: table.clause.vector,
}
VECTOR_HEAD = 32
#: Names of the columns of `insertion_matrix`.
INSERTION_COLUMNS = (
    *SENTENCE_COLUMNS,
    *INSERTION_FEATURES.names,
    *CohesionColumns._fields,
    *(f"{name}_vector_{number}" for name in VECTORS for number in range(VECTOR_HEAD)),
)


def insertion_matrix(table: InsertionTable) -> Matrix:
    """Features of the sentences, at least one: (sentences, INSERTION_COLUMNS), NaN where missing."""
    heads = (vectors(table)[:, :VECTOR_HEAD] for vectors in VECTORS.values())
    return np.hstack([table.matrix, INSERTION_FEATURES.matrix(table), cohesion_matrix(table.sentences), *heads])
