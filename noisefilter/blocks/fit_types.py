"""Blocks of labelled pages → the page-type classifiers: a linear model over names, a logistic regression over means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from noisefilter.blocks.judge import type_inputs, type_logits, type_scores
from noisefilter.blocks.page_types import of_blocks
from noisefilter.blocks.places import NAME_ROWS
from noisefilter.fit import NEVER, fit_linear, fit_network, named, out_of_fold
from noisefilter.networks import build_network
from noisefilter.types import PAGE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noisefilter.arrays import Arrays, Index, Matrix
    from noisefilter.blocks.table import BlockTable

ALPHA = 100.0
NAME_ALPHA = 1e-4


def fit_types(
    tables: Sequence[BlockTable], inputs: Sequence[Matrix], types: Sequence[str | None], folds: Sequence[int]
) -> tuple[list[Matrix], Arrays]:
    """Log probabilities of the page types out of fold, one array per page, and the arrays of the classifier of all.

    Args:
        tables: pages.
        inputs: the first pass's inputs for each.
        types: one of `PAGE_TYPES`; anything else is unknown.
        folds: fold of each page's site.
    """
    labels = np.array([PAGE_TYPES.index(name) if name in PAGE_TYPES else -1 for name in types])
    fold = np.array(folds)
    if len(np.unique(labels[labels >= 0])) < 2:
        arrays = _untaught(inputs[0].shape[1])
        return [_logs(table, measures, arrays) for table, measures in zip(tables, inputs, strict=True)], arrays
    models = out_of_fold(fold, lambda rows, _: _fit_seen(tables, inputs, labels, fold, rows[labels[rows] >= 0]))
    rows = zip(tables, inputs, folds, strict=True)
    return [_logs(table, measures, models.for_group(left)) for table, measures, left in rows], models.of_all


def _fit_seen(
    tables: Sequence[BlockTable], inputs: Sequence[Matrix], labels: Index, fold: Index, seen: Index
) -> Arrays:
    """The classifiers of the pages seen; the second one is fitted on log-odds of the first, out of fold."""
    chosen = [tables[index] for index in seen.tolist()]
    targets = np.eye(len(PAGE_TYPES))[labels[seen]]
    rows = sp.vstack([_name_row(table) for table in chosen]).tocsr()
    names = out_of_fold(fold[seen], lambda others, _: fit_linear(rows[others], targets[others], alpha=NAME_ALPHA))
    scores = [
        type_scores(table, *names.without[left]) if left in names.without else np.zeros(len(PAGE_TYPES))
        for table, left in zip(chosen, fold[seen].tolist(), strict=True)
    ]
    weights, bias = names.of_all
    matrix = np.concatenate(
        [
            type_inputs(of_blocks(inputs[index], table.words), row)
            for index, table, row in zip(seen.tolist(), chosen, scores, strict=True)
        ]
    )
    fitted = fit_network(matrix, labels[seen], alpha=ALPHA, classes_in_all=len(PAGE_TYPES))
    return {"block_types.weights": weights, "block_types.bias": bias, **named("block_page_type", fitted)}


def _name_row(table: BlockTable) -> sp.csr_matrix:
    """The row whose product with the weights `judge.type_scores` computes: (1, NAME_ROWS)."""
    rows = np.unique(table.names[1])
    values = np.full(len(rows), 1 / np.sqrt(max(1, len(rows))))
    return sp.csr_matrix((values, (np.zeros(len(rows), dtype=int), rows)), shape=(1, NAME_ROWS))


def _logs(table: BlockTable, measures: Matrix, arrays: Mapping[str, Matrix]) -> Matrix:
    names = type_scores(table, arrays["block_types.weights"], arrays["block_types.bias"])
    network = build_network(arrays, "block_page_type")
    return type_logits(network.probabilities(type_inputs(of_blocks(measures, table.words), names))[0])


def _untaught(columns: int) -> Arrays:
    """Arrays where fewer than two types are labelled: every page is an article."""
    count, width = len(PAGE_TYPES), 3 * columns + len(PAGE_TYPES)
    return {
        "block_types.weights": np.zeros((NAME_ROWS, count)),
        "block_types.bias": np.zeros(count),
        "block_page_type.mean": np.zeros(width),
        "block_page_type.scale": np.ones(width),
        "block_page_type.weights0": np.zeros((width, count)),
        "block_page_type.bias0": np.where(np.arange(count) == PAGE_TYPES.index("article"), -NEVER, 0.0),
    }
