"""Figures → rows of strings: an interval beside its figure, integers as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Suffixes of the names of an interval's ends (`learn.intervals`).
LOW, HIGH = ", 95% from", ", 95% to"
#: Names of figures of spans: labelled characters, and pages whose spans are exactly those that a model had marked.
LABELLED, ACCEPTED = "labelled characters", "pages just as a model marked them"
#: kind -> source -> figure -> value
Figures = dict[str, dict[str, dict[str, float]]]
#: Prefix of the kinds of figures that hold the bins of a calibration curve, for the picture.
CALIBRATION = "calibration: "
#: Kind of figures: the results of each of the model's thresholds.
THRESHOLDS = "thresholds"
#: Kind of figures: the results of each of the model's policies.
POLICIES = "policies"


def figure_columns(by_source: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Names of the figures of some sources, in order; the ends of intervals go in their figure's column."""
    names = dict.fromkeys(name for row in by_source.values() for name in row)
    return [name for name in names if not name.endswith((LOW, HIGH))]


def figure_row(row: Mapping[str, float], columns: Sequence[str]) -> list[str]:
    """The figures of a source: `0.941 (0.90-0.97)`, a dash for what was not measured."""
    return [_figure(row.get(name), row.get(name + LOW), row.get(name + HIGH)) for name in columns]


def _figure(value: float | None, low: float | None, high: float | None) -> str:
    return number(value) if low is None or high is None else f"{number(value)} ({low:.2f}-{high:.2f})"


def number(value: float | None) -> str:
    """A figure as tables show it."""
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
