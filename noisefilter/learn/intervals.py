"""Observations by site → figures with 95% intervals, by bootstrap over sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.report.figures import HIGH, LOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.arrays import Matrix

    #: Rows of observations → figures; whole numbers are counts and get no interval.
    FiguresOf = Callable[[Matrix], dict[str, float]]

DRAWS = 300
SEED = 0
ENDS = (2.5, 97.5)
#: Percent of the draws in which a difference may have the other sign and yet be more than chance.
CHANCE = 5
#: Share of the draws in which a figure must exist to have an interval (an AUC needs both classes).
DEFINED = 0.5


class Observed(NamedTuple):
    """Observations of a page; `values` is (observations, columns)."""

    site: str
    page: str
    values: Matrix


def measured(rows: Mapping[str, Sequence[Observed]], figures_of: FiguresOf) -> dict[str, dict[str, float]]:
    """Figures and their intervals by source."""
    return {source: with_intervals(observed, figures_of) for source, observed in rows.items()}


def surely_worse(
    before: Sequence[Observed], after: Sequence[Observed], figures_of: FiguresOf, name: str, sign: int
) -> bool:
    """Whether a figure on the same pages got worse by more than chance: in 95% of the draws, as in `with_intervals`.

    Args:
        before: observations of the pages.
        after: the same with another model.
        figures_of: computes figures from them.
        name: of the figure.
        sign: 1 if lower is better, -1 if higher is.
    """
    several = len({one.site for one in before}) > 1
    units: dict[str, tuple[list[Matrix], list[Matrix]]] = {}
    for place, observed in enumerate((before, after)):
        for one in observed:
            units.setdefault(one.site if several else one.page, ([], []))[place].append(one.values)
    groups = list(units.values())
    if len(groups) < 2:
        return False
    rng = np.random.default_rng(SEED)
    gaps: list[float] = []
    for _ in range(DRAWS):
        drawn = [groups[index] for index in rng.integers(len(groups), size=len(groups))]
        parts = [[values for group in drawn for values in group[place]] for place in (0, 1)]
        was, now = (figures_of(np.concatenate(part)).get(name) if part else None for part in parts)
        if was is not None and now is not None:
            gaps.append(sign * (now - was))
    return len(gaps) >= DEFINED * DRAWS and float(np.percentile(gaps, CHANCE)) > 0


def with_intervals(observed: Sequence[Observed], figures_of: FiguresOf) -> dict[str, float]:
    """Figures of some observations, each fraction with the ends of its interval.

    Sites are drawn, since pages of one site are alike. From a single site pages are drawn, and the interval says
    nothing about other sites. A single page has no interval.
    """
    figures = figures_of(np.concatenate([one.values for one in observed]))
    several = len({one.site for one in observed}) > 1
    units: dict[str, list[Matrix]] = {}
    for place, one in enumerate(observed):
        units.setdefault(one.site if several else f"{one.page} {place}", []).append(one.values)
    blocks = [np.concatenate(values) for values in units.values()]
    if len(blocks) < 2:
        return figures
    rng = np.random.default_rng(SEED)
    drawn: dict[str, list[float]] = {name: [] for name, value in figures.items() if isinstance(value, float)}
    for _ in range(DRAWS):
        again = figures_of(np.concatenate([blocks[index] for index in rng.integers(len(blocks), size=len(blocks))]))
        for name, values in drawn.items():
            if name in again:
                values.append(again[name])
    for name, values in drawn.items():
        if len(values) >= DEFINED * DRAWS:
            low, high = np.percentile(values, ENDS).tolist()
            figures |= {f"{name}{LOW}": low, f"{name}{HIGH}": high}
    return figures
