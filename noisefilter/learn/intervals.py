"""Observations by site → figures with 95% intervals, by bootstrap over sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.report.figures import HIGH, LOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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

    `sign` is 1 if lower is better, -1 if higher is.
    """
    both = [*before, *after]
    gaps: list[float] = []
    for drawn in draws(both):
        parts = [[both[place].values for place in drawn if (place < len(before)) is old] for old in (True, False)]
        was, now = (figures_of(np.concatenate(part)).get(name) if part else None for part in parts)
        if was is not None and now is not None:
            gaps.append(sign * (now - was))
    return len(gaps) >= DEFINED * DRAWS and bool(np.percentile(gaps, CHANCE) > 0)


def with_intervals(observed: Sequence[Observed], figures_of: FiguresOf) -> dict[str, float]:
    """Figures of some observations, each fraction with the ends of its interval.

    Sites are drawn, since pages of one site are alike. From a single site pages are drawn, and the interval says
    nothing about other sites. A single page has no interval.
    """
    figures = figures_of(np.concatenate([one.values for one in observed]))
    again = [figures_of(np.concatenate([observed[place].values for place in drawn])) for drawn in draws(observed)]
    for name in [name for name, value in figures.items() if isinstance(value, float)]:
        values = [drawn[name] for drawn in again if name in drawn]
        if len(values) >= DEFINED * DRAWS:
            figures |= interval(name, values)
    return figures


def draws(observed: Sequence[Observed]) -> Iterator[list[int]]:
    """`DRAWS` times the places of the observations of as many sites as there are, drawn with replacement.

    Of a single site its pages are drawn, and of a single page nothing.
    """
    several = len({one.site for one in observed}) > 1
    units: dict[str, list[int]] = {}
    for place, one in enumerate(observed):
        units.setdefault(one.site if several else one.page, []).append(place)
    places, rng = list(units.values()), np.random.default_rng(SEED)
    for _ in range(DRAWS if len(places) > 1 else 0):
        yield [place for unit in rng.integers(len(places), size=len(places)) for place in places[unit]]


def interval(name: str, values: Sequence[float]) -> dict[str, float]:
    """The ends of a figure's interval, by their names."""
    low, high = np.percentile(values, ENDS).tolist()
    return {f"{name}{LOW}": low, f"{name}{HIGH}": high}
