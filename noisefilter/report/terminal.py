"""Scores → what a person reads in a terminal."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from noisefilter.kinds import KINDS, TRIMMED_KINDS, WORST_FIRST
from noisefilter.report.figures import figure_columns, figure_row
from noisefilter.report.printing import shown
from noisefilter.types import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from noisefilter.kinds import Kind
    from noisefilter.types import Reason, Score, Span

VERDICT_STYLE = {"keep": "green", "trim": "cyan", "review": "yellow", "drop": "bold red", "unscored": "dim"}
NOISY, HALF_NOISY = 0.7, 0.4


def print_scores(console: Console, results: Sequence[tuple[str, Score]]) -> None:
    """Some lines a page: verdict, numbers and name; below, what moved its noise most, and the worst evidence."""
    console.print(Text("verdict   noise  filler  off-topic  boilerplate  page", style="bold"))
    for name, score in results:
        line = Text(f"{score.verdict:<9}", style=VERDICT_STYLE[score.verdict])
        for value, width in ((score.noise, 6), (score.filler, 8), (score.off_topic, 11)):
            line.append_text(_number(value, width))
        line.append_text(_number(score.boilerplate, 13, plain=True))
        line.append(f"  {shown(name)}", style="bold")
        console.print(line, no_wrap=True, overflow="ellipsis")
        for reason in score.reasons[:1]:
            console.print(Text("          ").append_text(_reason(reason)), no_wrap=True, overflow="ellipsis")
        evidence = _evidence(score)
        if evidence:
            console.print(Text.assemble("          ", evidence), no_wrap=True, overflow="ellipsis")


def _number(value: float | None, width: int, *, plain: bool = False) -> Text:
    if value is None:
        return Text(f"{'-':>{width}}", style="dim")
    style = "" if plain else "red" if value >= NOISY else "yellow" if value >= HALF_NOISY else "green"
    return Text(f"{value:>{width}.2f}", style=style)


def _reason(reason: Reason) -> Text:
    """Words and share; what raises noise is red, what lowers it green."""
    return Text.assemble(
        (shown(reason.text), "red" if reason.share > 0 else "green"),
        (f" ({abs(reason.share):.0%} of what moved it)", "dim"),
    )


def _evidence(score: Score) -> Text:
    if score.status == "not_article":
        return Text(f"not_article: {score.page_type}", style="dim")
    if score.status != "ok":
        return Text(score.status, style="dim")
    span = worst_span(score)
    if span is None:
        return Text("")
    quote = " ".join(score.visible_text[span.start : span.end].split())
    return Text.assemble(
        (f"{span.kind}: ", KINDS[span.kind].style), (f"({shown(span.reason)}) ", "dim"), f"“{shown(quote)}”"
    )


def worst_span(score: Score) -> Span | None:
    """The span that a reader should see first: the surest one of the worst kind."""
    for kind in (name for name in WORST_FIRST if not KINDS[name].around):
        spans = [span for span in score.spans if span.kind == kind]
        if spans:
            return max(spans, key=lambda span: (span.score, -span.start))
    return None


def print_summary(console: Console, results: Sequence[tuple[str, Score]]) -> None:
    """How many pages got which verdict, and why some got none."""
    verdicts = Counter(score.verdict for _, score in results)
    parts = [Text(f"{count} {name}", style=VERDICT_STYLE[name]) for name, count in sorted(verdicts.items())]
    reasons = Counter(score.status for _, score in results if score.status != "ok")
    why = f" ({', '.join(f'{count} {status}' for status, count in sorted(reasons.items()))})" if reasons else ""
    console.print(Text.assemble(f"\n{len(results)} page{'s' * (len(results) != 1)}: ", Text(", ").join(parts), why))


def print_explained(console: Console, name: str, score: Score) -> None:
    """What moved the page's noise, its text with its spans marked, and the list of their reasons."""
    console.print(Rule(Text(shown(name))))
    numbers = ", ".join(
        f"{label.replace('_', '-')} {value:.2f}" for label in NUMBERS if (value := getattr(score, label)) is not None
    )
    head = Text.assemble((score.verdict, VERDICT_STYLE[score.verdict]), f"  {score.status}  {numbers}")
    console.print(head)
    for reason in score.reasons:
        console.print(_reason(reason))
    console.print(mark_text(score, plain=console.no_color or not console.is_terminal))
    for span in score.spans:
        line = Text.assemble(
            (f"{span.kind:<12}", KINDS[span.kind].style),
            f" {span.score:.2f}  {span.start}-{span.end}  {shown(span.reason)}",
        )
        console.print(line)
    console.print()


def mark_text(score: Score, *, plain: bool = False) -> Text:
    """`visible_text` with each span coloured, or in brackets if there is no colour."""
    text = Text()
    position = 0
    for start, end, kind in _stretches(score):
        text.append(shown(score.visible_text[position:start], lines=True))
        left, right = KINDS[kind].brackets if plain else ("", "")
        strike = " strike" if kind in TRIMMED_KINDS else ""
        quote = shown(score.visible_text[start:end], lines=True)
        text.append(f"{left}{quote}{right}", style=KINDS[kind].style + strike)
        position = end
    text.append(shown(score.visible_text[position:], lines=True))
    return text


def _stretches(score: Score) -> Iterator[tuple[int, int, Kind]]:
    """Spans as stretches that do not overlap: where two kinds do, the worse one shows."""
    edges = sorted({edge for span in score.spans for edge in (span.start, span.end)})
    last: tuple[int, int, Kind] | None = None
    for start, end in pairwise(edges):
        kinds = [span.kind for span in score.spans if span.start <= start and span.end >= end]
        if not kinds:
            continue
        kind = min(kinds, key=WORST_FIRST.index)
        if last and last[1] == start and last[2] == kind:
            last = (last[0], end, kind)
            continue
        if last:
            yield last
        last = (start, end, kind)
    if last:
        yield last


def figure_tables(figures: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[Table]:
    """One table a kind: a row a source, a column a figure; the bins of calibration curves are left to the picture."""
    tables = []
    for kind, by_source in figures.items():
        if kind.startswith("calibration: "):
            continue
        columns = figure_columns(by_source)
        table = Table(title=shown(kind), title_justify="left", box=None, pad_edge=False, header_style="bold")
        table.add_column("source")
        for name in columns:
            table.add_column(shown(name), justify="right")
        for source, row in by_source.items():
            table.add_row(shown(source), *figure_row(row, columns))
        tables.append(table)
    return tables
