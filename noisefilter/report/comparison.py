"""Figures of two models on the same pages → tables that show both, for a terminal and for a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from noisefilter.report.figures import ACCEPTED, CALIBRATION, HIGH, LABELLED, LOW, POLICIES, THRESHOLDS, number
from noisefilter.report.printing import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Figures = Mapping[str, Mapping[str, Mapping[str, float]]]

#: Figures that count pages or labels: the same for both models.
COUNTS = ("pages", "articles", "noisy", "sentences", "labelled", LABELLED, ACCEPTED)


def comparison_tables(before: Figures, after: Figures, how: str = "adapted") -> list[Table]:
    """One table per kind, one row per source and figure; `how` says how the other model was made."""
    tables = []
    for kind, by_source in _compared(before):
        table = Table(title=shown(kind), title_justify="left", box=None, pad_edge=False, header_style="bold")
        for name in ("source", "figure", "default", how):
            table.add_column(name, justify="left" if name in {"source", "figure"} else "right")
        for source, row in by_source.items():
            adapted = after.get(kind, {}).get(source, {})
            for place, name in enumerate(_names(before, after, kind)):
                table.add_row(
                    shown(source) if place == 0 else "", shown(name), number(row.get(name)), number(adapted.get(name))
                )
        tables.append(table)
    return tables


def comparison_markdown(before: Figures, after: Figures) -> str:
    """The figures before and after, by kind and source, as Markdown tables."""
    lines: list[str] = []
    for kind, by_source in _compared(before):
        names = _names(before, after, kind)
        lines += [f"### {kind}", "", f"| source | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
        for source, row in by_source.items():
            adapted = after.get(kind, {}).get(source, {})
            cells = [
                number(row.get(name)) if name in COUNTS else f"{number(row.get(name))} → {number(adapted.get(name))}"
                for name in names
            ]
            lines.append(f"| {source} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _compared(figures: Figures) -> Iterator[tuple[str, Mapping[str, Mapping[str, float]]]]:
    """Kinds of figures for comparing two models: no thresholds and policies, no bins of calibration curves."""
    return (
        (kind, by_source)
        for kind, by_source in figures.items()
        if kind not in {THRESHOLDS, POLICIES} and not kind.startswith(CALIBRATION)
    )


def _names(before: Figures, after: Figures, kind: str) -> list[str]:
    """Names of the figures that either model has, without intervals: two in a cell would hide the figures."""
    rows = (*before[kind].values(), *after.get(kind, {}).values())
    return list(dict.fromkeys(name for row in rows for name in row if not name.endswith((LOW, HIGH))))
