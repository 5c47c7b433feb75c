"""Scores → what a person reads in a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from noisefilter.html.cleaning.marking import visible_stretches
from noisefilter.kinds import KINDS, TRIMMED_KINDS
from noisefilter.report.printing import counted, say, shown
from noisefilter.text.characters import quoted
from noisefilter.types import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.console import Console

    from noisefilter.kinds import Kind
    from noisefilter.types import Reason, Score, Span

VERDICT_STYLE = {"keep": "green", "trim": "cyan", "review": "yellow", "drop": "bold red", "unscored": "dim"}
#: What stands above the pages: in a terminal, and as cells elsewhere.
TITLE = "verdict   noise  filler  off-topic  boilerplate  page"
HEAD = ("verdict", "noise", "filler", "off-topic", "boilerplate", "page", "what moved noise most", "worst span")
NOISY, HALF_NOISY = 0.7, 0.4


class ScorePrinter:
    """Prints scores as they come: in a terminal some lines per page, elsewhere one tab-separated line, nothing cut."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._verdicts, self._statuses = Counter[str](), Counter[str]()

    def add(self, name: str, score: Score) -> None:
        """Print a page."""
        is_first = not self._verdicts
        self._verdicts[score.verdict] += 1
        self._statuses[score.status] += 1
        if self._console.is_terminal:
            for line in ([Text(TITLE, style="bold")] if is_first else []) + _lines(name, score):
                self._console.print(line, no_wrap=True, overflow="ellipsis")
        else:
            for cells in ([HEAD] if is_first else []) + [_cells(name, score)]:
                self._console.file.write("\t".join(cells) + "\n")  # rich would turn tabs into blanks

    def finish(self, rejected: int = 0) -> None:
        """Print how many pages got which verdict, why some got none, and how many rows were rejected.

        It is a note where a program may read the rows.
        """
        parts = [Text(f"{count} {name}", style=VERDICT_STYLE[name]) for name, count in sorted(self._verdicts.items())]
        reasons = [f"{count} {status}" for status, count in sorted(self._statuses.items()) if status != "ok"]
        why = f" ({', '.join(reasons)})" if reasons else ""
        line = Text.assemble(
            f"{counted(self._verdicts.total(), 'page')}: ",
            Text(", ").join(parts),
            why,
            f"; {rejected:,} rejected" * (rejected > 0),
        )
        if self._console.is_terminal:
            self._console.print(Text.assemble("\n", line))
        else:
            say(line.plain)


def _lines(name: str, score: Score) -> list[Text]:
    """A page's verdict, numbers and name; what moved its noise most; the worst evidence."""
    head = Text(f"{score.verdict:<9}", style=VERDICT_STYLE[score.verdict])
    for value, width in ((score.noise, 6), (score.filler, 8), (score.off_topic, 11)):
        head.append_text(_number(value, width))
    head.append_text(_number(score.boilerplate, 13, plain=True))
    head.append(f"  {shown(name)}", style="bold")
    more = [*map(_reason, score.reasons[:1]), _evidence(score)]
    return [head, *(Text("          ").append_text(text) for text in more if text)]


def _cells(name: str, score: Score) -> tuple[str, ...]:
    """The same as cells under `HEAD`."""
    numbers = (score.noise, score.filler, score.off_topic, score.boilerplate)
    shares = ("" if value is None else f"{value:.2f}" for value in numbers)
    reason = _reason(score.reasons[0]).plain if score.reasons else ""
    return score.verdict, *shares, shown(name), reason, _evidence(score).plain


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
    """The status, or the span that a reader should see first: the most probable one of the worst kind."""
    if score.status == "not_article":
        return Text(f"not_article: {score.page_type}", style="dim")
    if score.status != "ok":
        return Text(score.status, style="dim")
    inside = (span for span in score.spans if not KINDS[span.kind].around)
    span = min(inside, key=lambda span: (KINDS[span.kind].rank, -span.score, span.start), default=None)
    if span is None:
        return Text("")
    return Text.assemble(
        (f"{span.kind}: ", KINDS[span.kind].style), (f"({shown(span.reason)}) ", "dim"), quoted(_words(score, span))
    )


def _words(score: Score, span: Span) -> str:
    """A span's text in one line."""
    return shown(" ".join(score.quote(span).split()))


def print_explained(console: Console, name: str, score: Score) -> None:
    """Print what moved the page's noise, its text with its spans marked, and each span's reason and words."""
    plain = console.no_color or not console.is_terminal
    console.print(Text(f"── {shown(name)} ──"), no_wrap=True, overflow="ellipsis")
    numbers = ", ".join(
        f"{label.replace('_', '-')} {value:.2f}" for label in NUMBERS if (value := getattr(score, label)) is not None
    )
    head = Text.assemble((score.verdict, VERDICT_STYLE[score.verdict]), f"  {score.status}  {numbers}")
    console.print(head)
    for reason in score.reasons:
        console.print(_reason(reason))
    if score.spans:
        console.print(_legend({span.kind for span in score.spans}, plain=plain))
    console.print(mark_text(score, plain=plain))
    for span in score.spans:
        line = Text.assemble(
            (f"{span.kind:<12}", KINDS[span.kind].style),
            f" {span.score:.2f}  {span.start}-{span.end}  {shown(span.reason)}  {quoted(_words(score, span))}",
        )
        console.print(line, no_wrap=True, overflow="ellipsis")
    console.print()


def _legend(kinds: Collection[Kind], *, plain: bool) -> Text:
    """How the kinds of span are marked in the text."""
    legend = Text("marked: ")
    for place, kind in enumerate(kind for kind in KINDS if kind in kinds):
        left, right = KINDS[kind].brackets if plain else ("", "")
        legend.append(", " if place else "").append(f"{left}{kind}{right}", style=_style(kind))
    stay = " and ".join(kind for kind in KINDS if not KINDS[kind].removed)
    return legend.append(f"; {stay} stays in the cleaned text, the others are left out")


def _style(kind: Kind) -> str:
    return KINDS[kind].style + (" strike" if kind in TRIMMED_KINDS else "")


def mark_text(score: Score, *, plain: bool = False) -> Text:
    """`visible_text` with each span coloured, or in brackets if there is no colour."""
    text = Text()
    position = 0
    for start, end, number in visible_stretches(score.spans):
        kind = score.spans[number].kind
        text.append(shown(score.visible_text[position:start], lines=True))
        left, right = KINDS[kind].brackets if plain else ("", "")
        quote = shown(score.visible_text[start:end], lines=True)
        text.append(f"{left}{quote}{right}", style=_style(kind))
        position = end
    text.append(shown(score.visible_text[position:], lines=True))
    return text
