"""First-pass predictions for blocks → matrix: the predictions around each block.

`TEXT_CONTEXT` and `MARKUP_CONTEXT` are column orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.markup import group_mean, window_share
from noisefilter.columns import Columns
from noisefilter.text.tokens import begins, neighbour, neighbours
from noisefilter.threads import cached_property

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noisefilter.arrays import Column, Index
    from noisefilter.blocks.table import BlockTable

NEIGHBOURS = (-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6)
REACHES = (3, 5, 15, 40)
#: Elements above a block in which the kept share is measured, its own included.
LEVELS = 4
#: Weight of a block in an element's kept share, besides its words.
BLANK_WEIGHT = 0.3


@dataclass(frozen=True, eq=False)
class FirstPass:
    """Blocks and the first pass's log-odds of boilerplate: (blocks,)."""

    table: BlockTable
    logits: Column

    @cached_property
    def near(self) -> Mapping[int, Column]:
        """Log-odds of the blocks `NEIGHBOURS`, by how many further on."""
        return dict(zip(NEIGHBOURS, neighbours(self.logits, self.table.owner, NEIGHBOURS), strict=True))

    @cached_property
    def stays(self) -> Column:
        """Probability that the block is kept."""
        return np.asarray(1 / (1 + np.exp(self.logits)))

    @cached_property
    def kept(self) -> Column:
        """Expected number of the block's words that are kept."""
        return self.table.words * self.stays

    @cached_property
    def running(self) -> Column:
        """Kept words of the page up to the block, its own included."""
        return self.table.running(self.kept)

    @cached_property
    def total(self) -> Column:
        """Kept words of the page, one at least."""
        return np.maximum(1.0, self.running[self.table.edges[self.table.owner + 1] - 1])

    @property
    def alike(self) -> Index:
        """The group of blocks that look like the block."""
        return self.table.elements.alike[self.table.place]

    @cached_property
    def shares(self) -> Column:
        """Kept share of what each element holds."""
        places = self.table.elements
        kept = places.inside(self.kept + BLANK_WEIGHT * self.stays)
        return kept / np.maximum(places.words + BLANK_WEIGHT * places.blocks, 1e-9)


def log_odds(first: FirstPass) -> Column:
    """First-pass log-odds of the block itself."""
    return first.logits


def _log_odds_of(step: int, first: FirstPass) -> Column:
    return first.near[step]


def log_odds_of_heading(first: FirstPass) -> Column:
    """First-pass log-odds of the last heading: boilerplate follows "Most read"."""
    heading = first.table.last_heading
    return np.where(heading >= 0, first.logits[np.maximum(heading, 0)], 0.0)


def _kept_within(reach: int, first: FirstPass) -> Column:
    return window_share(first.table, first.kept, reach)


def kept_before(first: FirstPass) -> Column:
    """Share of the page's kept words that stand before: none before the article begins."""
    return (first.running - first.kept) / first.total


def kept_after(first: FirstPass) -> Column:
    """Share that stands after: none after the end of the article."""
    return (first.total - first.running) / first.total


def kept_of_page(first: FirstPass) -> Column:
    """Share of the page's words that are kept: many on an article's page."""
    return first.total / np.maximum(1.0, first.table.all_words)


def kept_words(first: FirstPass) -> Column:
    """Number of words of the page that are kept."""
    return np.log1p(first.total)


def kept_of_run(first: FirstPass) -> Column:
    """Mean over the run without a blank line: a list is kept or removed as a whole."""
    return group_mean(first.stays, first.table.run)


def _kept_of_run_beside(step: int, first: FirstPass) -> Column:
    table = first.table
    number = table.run - table.run[0]
    shares = np.bincount(number, first.kept) / np.maximum(np.bincount(number, table.words), 1)
    page = table.owner[np.flatnonzero(begins(number))]
    return neighbour(shares, page, step)[number]


def kept_alike(first: FirstPass) -> Column:
    """Mean over the blocks that look alike: a teaser among cards that are removed is a card."""
    return group_mean(first.stays, first.alike)


def kept_alike_by_words(first: FirstPass) -> Column:
    """The same weighted by words, and shrunk a little towards the page's mean."""
    kept = first.kept + 0.5 * float(first.stays.mean())
    return group_mean(kept, first.alike) / (group_mean(first.table.words, first.alike) + 0.5)


def _kept_up(steps: int, first: FirstPass) -> Column:
    return first.table.at_place(first.shares, steps)


def kept_inside_1_up(first: FirstPass) -> Column:
    """Share of the page's kept words that the element above holds: the article's own holds most."""
    return first.table.at_place(first.table.elements.inside(first.kept), 1) / first.total


TEXT_CONTEXT: Columns[[FirstPass]] = Columns(
    log_odds,
    *((f"log_odds_{step:+}", partial(_log_odds_of, step)) for step in NEIGHBOURS),
    log_odds_of_heading,
    *((f"kept_within_{reach}", partial(_kept_within, reach)) for reach in REACHES),
    kept_before,
    kept_after,
    kept_of_page,
    kept_words,
    kept_of_run,
    ("kept_of_run_before", partial(_kept_of_run_beside, -1)),
    ("kept_of_run_after", partial(_kept_of_run_beside, 1)),
)
MARKUP_CONTEXT: Columns[[FirstPass]] = Columns(
    kept_alike,
    kept_alike_by_words,
    *((f"kept_{steps}_up", partial(_kept_up, steps)) for steps in range(LEVELS)),
    kept_inside_1_up,
)
HTML_CONTEXT = TEXT_CONTEXT + MARKUP_CONTEXT


def block_context(table: BlockTable, logits: Column) -> NDArray[np.float64]:
    """First-pass predictions around each block as columns: (blocks, TEXT_CONTEXT), for HTML MARKUP_CONTEXT as well.

    `logits` are its log-odds of boilerplate.
    """
    return (TEXT_CONTEXT if table.places is None else HTML_CONTEXT).matrix(FirstPass(table, logits))
