"""Figures → tables for a terminal and for a card: an interval beside its figure, integers as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from noisefilter.report.printing import shown, terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: Suffixes of the names of an interval's ends (`learn.intervals`).
LOW, HIGH = ", 95% from", ", 95% to"
#: The source of the figures of all pages.
ALL = "all"
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
#: Figures of a policy that are printed, as `learn.policies.policy_figures` names them.
POLICY_FIGURES = (
    "review_at",
    "drop_at",
    "drop: share",
    "drop: precision",
    "drop: recall",
    "drop or review: share",
    "drop or review: precision",
    "drop or review: recall",
    "keep or trim: precision",
    "F1",
    "balanced accuracy",
)
#: Figures that count pages or labels: the same for both models of a comparison.
COUNTS = ("pages", "articles", "noisy", "sentences", "labelled", LABELLED, ACCEPTED)


def figure_columns(*sources: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Names of the figures of some sources, in order; the ends of intervals go in their figure's column."""
    names = dict.fromkeys(name for by_source in sources for row in by_source.values() for name in row)
    return [name for name in names if not name.endswith((LOW, HIGH))]


def figure_row(row: Mapping[str, float], columns: Sequence[str]) -> list[str]:
    """The figures of a source: `0.941 (0.90-0.97)`, a dash for what was not measured."""
    return [_figure(row.get(name), row.get(name + LOW), row.get(name + HIGH)) for name in columns]


def _figure(value: float | None, low: float | None, high: float | None) -> str:
    return _number(value) if low is None or high is None else f"{_number(value)} ({low:.2f}-{high:.2f})"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def print_tables(*tables: Table) -> None:
    """Print tables on standard output."""
    console = terminal()
    for table in tables:
        console.print(table)


def new_table(title: str | None, names: Iterable[str], figures: Iterable[str]) -> Table:
    """A table without rows: columns of names, then columns of figures."""
    table = Table(title=title and shown(title), title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(shown(name))
    for name in figures:
        table.add_column(shown(name), justify="right")
    return table


def figure_tables(figures: Figures) -> list[Table]:
    """One table per kind, with sources as rows and figures as columns; calibration curves are left to the picture.

    Policies, whose figures are too many for a line, are columns. Kinds without labels are left out.
    """
    tables = []
    for kind, by_source in figures.items():
        if kind.startswith(CALIBRATION) or not _is_labelled(by_source):
            continue
        columns = figure_columns(by_source)
        if kind == POLICIES:
            tables.append(policy_table(by_source, columns, title=kind))
            continue
        table = new_table(kind, ["source"], columns)
        for source, row in _each_once(by_source):
            if kind != THRESHOLDS or row.get("labelled", 1):
                table.add_row(shown(source), *figure_row(row, columns))
        tables.append(table)
    return tables


def _each_once(by_source: Mapping[str, dict[str, float]]) -> Iterator[tuple[str, dict[str, float]]]:
    """The sources with their figures, without one that all pages are of: its figures are those of all."""
    return ((source, row) for source, row in by_source.items() if source == ALL or row != by_source.get(ALL))


def _is_labelled(by_source: Mapping[str, Mapping[str, float]]) -> bool:
    """False for a kind that no label names: a precision of 0 would be the labels' fault."""
    return any(row.get(LABELLED, row.get("labelled", 1)) for row in by_source.values())


def policy_table(
    policies: Mapping[str, Mapping[str, float]], figures: Sequence[str] = POLICY_FIGURES, title: str | None = None
) -> Table:
    """A column a policy, a row a figure."""
    table = new_table(title, [""], policies)
    for name, *cells in zip(figures, *(figure_row(row, figures) for row in policies.values()), strict=True):
        table.add_row(name, *cells)
    return table


def comparison_tables(before: Figures, after: Figures, how: str = "adapted") -> list[Table]:
    """Figures of two models on the same pages: one table per kind, one row per source and figure.

    `how` says how the other model was made.
    """
    tables = []
    for kind, columns, rows in _compared(before, after):
        table = new_table(kind, ["source", "figure"], ["default", how])
        for source, row, other in rows:
            for place, name in enumerate(columns):
                table.add_row(
                    "" if place else shown(source), shown(name), _number(row.get(name)), _number(other.get(name))
                )
        tables.append(table)
    return tables


def comparison_markdown(before: Figures, after: Figures) -> str:
    """The figures before and after, by kind and source, as Markdown tables."""
    lines: list[str] = []
    for kind, columns, rows in _compared(before, after):
        cells = (
            [
                source,
                *(
                    _number(row.get(name)) + ("" if name in COUNTS else f" → {_number(other.get(name))}")
                    for name in columns
                ),
            ]
            for source, row, other in rows
        )
        lines += [f"### {kind}", "", markdown_table(["source", *columns], cells), ""]
    return "\n".join(lines)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(map(str, cells))} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def _compared(
    before: Figures, after: Figures
) -> Iterator[tuple[str, list[str], list[tuple[str, dict[str, float], dict[str, float]]]]]:
    """Kinds of figures, their columns, and each source with the figures of both models; no intervals, which would hide them.

    Thresholds, policies, kinds without labels and the bins of calibration curves are not compared.
    """
    for kind, by_source in before.items():
        if kind not in {THRESHOLDS, POLICIES} and not kind.startswith(CALIBRATION) and _is_labelled(by_source):
            others = after.get(kind, {})
            rows = [(source, row, others.get(source, {})) for source, row in _each_once(by_source)]
            yield kind, figure_columns(by_source, others), rows
