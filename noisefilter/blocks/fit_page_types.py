"""Blocks of labelled pages → the classifier of page types: a softmax regression over signs and measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from noisefilter.blocks.columns import block_matrix
from noisefilter.blocks.page_types import SIGN_ROWS, TYPE_MEASURES, build_types, of_blocks, page_signs
from noisefilter.fit import NEVER, arrays_of, fit_softmax, out_of_fold
from noisefilter.networks import Network
from noisefilter.types import PAGE_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.arrays import Arrays, Column, Index, Matrix
    from noisefilter.blocks.table import BlockTable

#: Weight decay (docs/decisions/0051).
ALPHA = 1 / 30
#: Weight of a page whose words are not known: most are copies of others (`blocks/fit.py`).
UNKNOWN_WEIGHT = 0.25


def fit_page_types(
    tables: Sequence[BlockTable], types: Sequence[str | None], folds: Sequence[int]
) -> tuple[list[Matrix], Arrays]:
    """Log probabilities of the page types out of fold, one array per page, and the arrays of the classifier of all.

    Args:
        tables: HTML pages.
        types: one of `PAGE_TYPES`; anything else is unknown.
        folds: fold of each page's site.
    """
    labels = np.array([PAGE_TYPES.index(name) if name in PAGE_TYPES else -1 for name in types])
    measures = [of_blocks(block_matrix(table), table.words) for table in tables]
    signs = sign_rows(tables)
    weights = np.array([1.0 if table.known.all() else UNKNOWN_WEIGHT for table in tables])

    def fit(rows: Index, _: int | None) -> Arrays:
        seen = rows[labels[rows] >= 0]
        if len(np.unique(labels[seen])) < 2:
            return _untaught()
        network, by_sign = fit_softmax(
            np.stack([measures[row].ravel() for row in seen.tolist()]),
            signs[seen],
            labels[seen],
            _balanced(labels[seen], weights[seen]),
            alpha=ALPHA,
            classes_in_all=len(PAGE_TYPES),
        )
        return {"block_signs.weights": by_sign, **arrays_of("block_page_type", network)}

    models = out_of_fold(folds, fit)
    rows = zip(tables, measures, folds, strict=True)
    logs = [build_types(models.for_group(fold)).log_probabilities(table, row) for table, row, fold in rows]
    return logs, models.of_all


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
    bias = np.where(np.arange(count) == PAGE_TYPES.index("article"), -NEVER, 0.0)
    network = Network(np.zeros(width), np.ones(width), [np.zeros((width, count))], [bias])
    return {"block_signs.weights": np.zeros((SIGN_ROWS, count)), **arrays_of("block_page_type", network)}
