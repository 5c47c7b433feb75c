"""First verdicts on blocks → matrix: what was said of the blocks around each one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.markup import group_mean, window_share
from noisefilter.text.tokens import neighbour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.arrays import Column
    from noisefilter.blocks.table import BlockTable

NEIGHBOURS = (-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6)
REACHES = (3, 5, 15, 40)
#: Elements above a block in which the kept share is measured, its own included.
LEVELS = 4
#: What a block without words weighs in an element's kept share.
BLANK_WEIGHT = 0.3

TEXT_CONTEXT = (
    "log_odds",
    *(f"log_odds_{step:+}" for step in NEIGHBOURS),
    "log_odds_of_heading",
    *(f"kept_within_{reach}" for reach in REACHES),
    "kept_before",
    "kept_after",
    "kept_of_page",
    "kept_words",
    "kept_of_run",
    "kept_of_run_before",
    "kept_of_run_after",
)
MARKUP_CONTEXT = (
    "kept_alike",
    "kept_alike_by_words",
    *(f"kept_{steps}_up" for steps in range(LEVELS)),
    "kept_inside_1_up",
)


def block_context(table: BlockTable, logits: Column) -> NDArray[np.float64]:
    """What a first pass says of the blocks around each one: (blocks, TEXT_CONTEXT), for HTML MARKUP_CONTEXT as well.

    `logits` are its log-odds of boilerplate. Columns: its own, those of six neighbours on each side and of the last
    heading; the share of kept words among the 7, 11, 31 and 81 blocks around; kept words before and after, in the whole
    page, and how many; the kept share of the block's run, of the one before and of the one after. For HTML also the kept
    share of the blocks that look alike, and inside the elements around.
    """
    count = len(table)
    stays = 1 / (1 + np.exp(logits))
    kept = table.words * stays
    running = table.running(kept)
    total = np.maximum(1.0, running[table.edges[table.owner + 1] - 1])
    heading = table.last_heading
    columns = [
        logits,
        *(table.neighbour(logits, step) for step in NEIGHBOURS),
        np.where(heading >= 0, logits[np.maximum(heading, 0)], 0.0) if count else logits,
        *(window_share(table, kept, reach) for reach in REACHES),
        (running - kept) / total,
        (total - running) / total,
        total / np.maximum(1.0, table.totals(table.words)),
        np.log1p(total),
        group_mean(stays, table.run) if count else logits,
        *_run_neighbours(table, kept),
    ]
    if table.places is not None:
        columns += _around(table, stays, kept, total)
    return np.stack(columns, axis=1)


def _run_neighbours(table: BlockTable, kept: Column) -> list[Column]:
    """Kept share of the words in the runs before and after the block's own."""
    if not len(table):
        return [kept, kept]
    number = table.run - table.run[0]
    shares = np.bincount(number, kept) / np.maximum(np.bincount(number, table.words), 1)
    page = table.owner[np.flatnonzero(np.append(True, np.diff(number)))]
    return [neighbour(shares, page, step)[number] for step in (-1, 1)]


def _around(table: BlockTable, stays: Column, kept: Column, total: Column) -> list[Column]:
    """Kept share of the blocks that look alike, by blocks and by words; of the elements around; of the page's kept words."""
    places = table.places
    assert places is not None  # noqa: S101 - for the type checker: the caller looked
    alike = places.structure.alike[table.place]
    held = places.inside(kept)
    shares = places.inside(kept + BLANK_WEIGHT * stays) / np.maximum(places.words + BLANK_WEIGHT * places.blocks, 1e-9)
    mean = float(stays.mean()) if len(stays) else 0.0
    by_words = group_mean(kept + 0.5 * mean, alike) / (group_mean(table.words, alike) + 0.5)
    return [
        group_mean(stays, alike),
        by_words,
        *(table.at_place(shares, steps) for steps in range(LEVELS)),
        table.at_place(held, 1) / total,
    ]
