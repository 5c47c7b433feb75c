"""Figures of two models on the same pages → tables that show both, for a terminal and for a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Figures = Mapping[str, Mapping[str, Mapping[str, float]]]
    #: Kind, figures' names, and for each source its cells.
    Compared = tuple[str, list[str], list[tuple[str, list[str]]]]

#: What counts the pages or the labels: the same for both models.
COUNTS = ("pages", "articles", "noisy", "sentences", "labelled", "labelled characters")


def compare(before: Figures, after: Figures) -> Iterator[Compared]:
    """For each kind the figures of both models, "before → after", by source."""
    for kind, by_source in before.items():
        both = (*by_source.values(), *after.get(kind, {}).values())
        names = list(dict.fromkeys(name for row in both for name in row))
        rows = [
            (source, [_cell(name, row.get(name), after.get(kind, {}).get(source, {}).get(name)) for name in names])
            for source, row in by_source.items()
        ]
        yield kind, names, rows


def _cell(name: str, before: float | None, after: float | None) -> str:
    if name in COUNTS:
        return _number(before)
    return f"{_number(before)} → {_number(after)}"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def comparison_tables(before: Figures, after: Figures) -> list[Table]:
    """One table a kind: a row a source, a column a figure."""
    tables = []
    for kind, names, rows in compare(before, after):
        table = Table(title=kind, title_justify="left", box=None, pad_edge=False, header_style="bold")
        table.add_column("source")
        for name in names:
            table.add_column(name, justify="right")
        for source, cells in rows:
            table.add_row(source, *cells)
        tables.append(table)
    return tables


def comparison_markdown(before: Figures, after: Figures) -> str:
    """The same tables as Markdown."""
    lines: list[str] = []
    for kind, names, rows in compare(before, after):
        lines += [f"### {kind}", "", f"| source | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
        lines += [f"| {source} | {' | '.join(cells)} |" for source, cells in rows]
        lines.append("")
    return "\n".join(lines)
