"""Predictions for words → columns of their sentences: the run that is likeliest foreign, and what is around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.columns import side_by_side
from noisefilter.insertions.words import BaseColumns
from noisefilter.text.tokens import begins, neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.arrays import Flags, Index, Inputs
    from noisefilter.insertions.words import TokenTable


class RunColumns(NamedTuple):
    """Features of a sentence from the log-odds of its words, of which the richest run are the likeliest foreign."""

    run_sum: Inputs
    run_sum_log: Inputs
    run_words: Index
    run_share: Inputs
    run_mean: Inputs
    rest_mean: Inputs
    highest: Inputs
    mean: Inputs
    run_opens: Flags
    run_closes: Flags
    kin: Inputs
    kin_low: Inputs  # of the words with less kin than most
    run_kin: Inputs
    rest_kin: Inputs


class ParagraphColumns(NamedTuple):
    """Features of a sentence from its article and the other sentences of its paragraph."""

    doubtful: Inputs  # share of the article's sentences that are
    paragraph_log_odds: Inputs
    paragraph_mean: Inputs
    paragraph_others: Inputs  # how many


#: How many sentences further on the neighbours are whose values are columns.
STEPS = (-3, -2, -1, 1, 2, 3)
#: Names of the columns of `passage_columns`.
PASSAGE_NAMES = (
    *RunColumns._fields,
    "log_odds",
    *(f"{of}_{step}" for of in ("log_odds", "mean") for step in STEPS),
    *ParagraphColumns._fields,
)
#: Widths that sentences are padded to, up to `MAX_TEXT`; numpy adds four values and fewer in another order than more.
WIDTHS = 4 ** np.arange(1, 11)
#: Mean word log-odds that a sentence counts with if it is not doubtful.
NO_DOUBT = -7.0


def passage_columns(table: TokenTable, doubts: Inputs, log_odds: Inputs) -> NDArray[np.float64]:
    """Features of each chosen sentence from the log-odds of its words and its neighbours: (rows, PASSAGE_NAMES).

    `doubts` are log-odds of all sentences by the first classifier, `log_odds` those of the words.
    """
    edges = table.edges
    columns = np.zeros((len(table.rows), len(RunColumns._fields)))
    base = BaseColumns(*table.base.T)
    values = (log_odds, base.kin, base.idf)
    sizes = np.diff(edges)
    steps = np.searchsorted(WIDTHS, sizes)
    for step in np.unique(steps[sizes > 0]).tolist():  # sentences of similar length together
        rows = np.flatnonzero((steps == step) & (sizes > 0))
        index = edges[rows][:, None] + np.arange(WIDTHS[step])
        there = index < edges[rows + 1][:, None]
        index = np.where(there, index, 0)
        run = _run_columns(there, *(np.where(there, column[index], 0.0) for column in values))
        columns[rows] = side_by_side(run)
    means = np.full(len(doubts), NO_DOUBT)
    means[table.rows] = np.where(sizes > 0, RunColumns(*columns.T).mean, NO_DOUBT)
    return np.hstack([columns, _beside(table, doubts, means)])


def richest_runs(values: Inputs, there: Flags) -> tuple[Index, Index, Inputs]:
    """Bounds and sum of each row's contiguous run with the highest sum, at least one value long (Kadane).

    `values` is (rows, width), zero where nothing is `there`.
    """
    totals = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=totals[:, 1:])
    gains = np.where(there, totals[:, 1:] - np.minimum.accumulate(totals[:, :-1], axis=1), -np.inf)
    right = gains.argmax(axis=1)
    before = np.arange(totals.shape[1]) <= right[:, None]
    left = np.where(before, totals, np.inf).argmin(axis=1)
    return left, right + 1, gains[np.arange(len(gains)), right]


def _run_columns(there: Flags, log_odds: Inputs, kin: Inputs, weight: Inputs) -> RunColumns:
    """Of the words of each sentence: its richest run and the rest of it."""
    left, right, total = richest_runs(log_odds, there)
    place = np.arange(there.shape[1])
    inside = (place >= left[:, None]) & (place < right[:, None])
    count, within = there.sum(axis=1), right - left
    whole, run = log_odds.sum(axis=1), (log_odds * inside).sum(axis=1)
    return RunColumns(
        run_sum=total,
        run_sum_log=np.log1p(np.maximum(total, 0)),
        run_words=within,
        run_share=within / count,
        run_mean=run / within,
        rest_mean=np.where(count > within, (whole - run) / np.maximum(count - within, 1), -9.0),
        highest=np.where(there, log_odds, -np.inf).max(axis=1),
        mean=whole / count,
        run_opens=left == 0,
        run_closes=right == count,
        **_kin_columns(there & (kin >= 0), kin, weight, inside),
    )


def _kin_columns(chosen: Flags, kin: Inputs, weight: Inputs, inside: Flags) -> dict[str, Inputs]:
    """Mean `kin` of the topic words, weighted by rarity: of all, of the lower half, of the run, of the rest."""
    count = chosen.sum(axis=1)
    ranked = np.sort(np.where(chosen, kin, np.inf), axis=1)
    rows = np.arange(len(ranked))
    below, above = ranked[rows, np.maximum(count - 1, 0) // 2], ranked[rows, count // 2]
    median = np.where(count > 0, (below + above) / 2, 0.0)
    low, run, rest = chosen & (kin <= median[:, None]), chosen & inside, chosen & ~inside
    columns = {}
    for name, flags in {"kin": chosen, "kin_low": low, "run_kin": run, "rest_kin": rest}.items():
        total = np.where(flags, weight, 0.0).sum(axis=1)
        near = np.where(flags, weight * kin, 0.0).sum(axis=1)
        columns[name] = np.where(total > 0, near / np.maximum(total, 1e-9), 0.5)
    return columns


def _beside(table: TokenTable, doubts: Inputs, means: Inputs) -> NDArray[np.float64]:
    """The columns from `log_odds` on: log-odds and word means of the neighbours and of the paragraph's others."""
    rows = table.rows
    values = {"log_odds": doubts, "mean": means}
    near = [column for of in values for column in neighbours(values[of], table.article, STEPS, NO_DOUBT)[:, rows]]
    group = np.cumsum(begins(table.block)) - 1
    size = np.bincount(group)[group] - 1.0
    others = {
        of: np.where(size > 0, (np.bincount(group, column)[group] - column) / np.maximum(size, 1), column)[rows]
        for of, column in values.items()
    }
    article = table.article[rows]
    share = np.bincount(article) / np.maximum(np.bincount(table.article)[: article.max(initial=-1) + 1], 1)
    paragraph = ParagraphColumns(
        doubtful=share[article],
        paragraph_log_odds=others["log_odds"],
        paragraph_mean=others["mean"],
        paragraph_others=np.log1p(size[rows]),
    )
    return side_by_side([doubts[rows], *near, *paragraph])
