"""Blocks of labelled pages → the classifier of page types: a softmax regression over signs and measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from noisefilter.blocks.columns import block_matrix
from noisefilter.blocks.page_types import SIGN_ROWS, TYPE_MEASURES, of_blocks, page_signs
from noisefilter.fit import NEVER, fit_softmax, named
from noisefilter.types import PAGE_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.arrays import Arrays, Column, Index
    from noisefilter.blocks.table import BlockTable

#: Weight decay (docs/decisions/0051).
ALPHA = 1 / 30
#: Weight of a page whose words are not known: most are copies of others (`blocks/fit.py`).
UNKNOWN_WEIGHT = 0.25


def fit_signed_types(tables: Sequence[BlockTable], types: Sequence[str | None]) -> Arrays:
    """Arrays of the classifier.

    Args:
        tables: HTML pages.
        types: one of `PAGE_TYPES`; anything else is unknown.
    """
    labels = np.array([PAGE_TYPES.index(name) if name in PAGE_TYPES else -1 for name in types])
    chosen = np.flatnonzero(labels >= 0)
    pages, labels = [tables[index] for index in chosen.tolist()], labels[chosen]
    if len(np.unique(labels)) < 2:
        return _untaught()
    weights = np.array([1.0 if table.known.all() else UNKNOWN_WEIGHT for table in pages])
    network, by_sign = fit_softmax(
        np.stack([of_blocks(block_matrix(table), table.words).ravel() for table in pages]),
        sign_rows(pages),
        labels,
        _balanced(labels, weights),
        alpha=ALPHA,
        classes_in_all=len(PAGE_TYPES),
    )
    return {"block_signs.weights": by_sign, **named("block_signed_type", network)}


def sign_rows(tables: Sequence[BlockTable]) -> sp.csr_matrix:
    """The matrix whose product with the weights `TypeClassifier` computes: (pages, SIGN_ROWS)."""
    signs = [page_signs(table) for table in tables]
    edges = np.cumsum([0, *(len(rows) for rows, _ in signs)])
    rows, values = (np.concatenate(part) for part in zip(*signs, strict=True))
    return sp.csr_matrix((values, rows, edges), shape=(len(tables), SIGN_ROWS))


def _balanced(labels: Index, weights: Column) -> Column:
    """The weights, so that a type counts by the root of its pages' weight: only articles have sources of their own."""
    of_type = np.bincount(labels, weights)
    balanced = weights / np.sqrt(of_type[labels])
    return np.asarray(balanced / balanced.mean())


def _untaught() -> Arrays:
    """Arrays where fewer than two types are labelled: every page is an article."""
    count, width = len(PAGE_TYPES), len(TYPE_MEASURES)
    return {
        "block_signs.weights": np.zeros((SIGN_ROWS, count)),
        "block_signed_type.mean": np.zeros(width),
        "block_signed_type.scale": np.ones(width),
        "block_signed_type.weights0": np.zeros((width, count)),
        "block_signed_type.bias0": np.where(np.arange(count) == PAGE_TYPES.index("article"), -NEVER, 0.0),
    }
