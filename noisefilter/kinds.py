"""The kinds of span, one entry each: all code that lists, counts, cuts, names or colours them reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["boilerplate", "promotion", "off_topic", "filler"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanKind:
    """A kind of span."""

    letter: str  # label of its sentences; in labelling tools its hotkey
    called: str  # its name in reports
    rank: int  # where kinds overlap, the one with the lowest rank is shown
    removed: bool  # whether `Score.text` leaves it out; otherwise it is only reported
    around: bool = False  # whether it is outside the article; it then has no influence on the verdict
    threshold: float  # the probability from which it is cut, unless examples determine one
    #: For a sentence class, the precision on the tuning sites that its threshold is chosen for
    #: (docs/decisions/0003-thresholds.md).
    precision: float | None = None
    style: str  # its look in a terminal
    brackets: tuple[str, str]  # put around it in a terminal without colours
    colour: str  # of its marks and labels, on a light background
    on_dark: str  # the same on a dark one
    underline: str  # style of its underline, so that nobody needs to tell colours apart
    sign: str  # first character of its marks, for the same reason


KINDS: dict[Kind, SpanKind] = {
    "boilerplate": SpanKind(
        letter="B",
        called="boilerplate",
        rank=3,
        removed=True,
        around=True,
        threshold=0.38,  # docs/decisions/0054-averaged-more.md
        style="bright_black",
        brackets=("⟦", "⟧"),
        colour="#646b76",
        on_dark="#949ba6",
        underline="dotted",
        sign="▫",
    ),
    "promotion": SpanKind(
        letter="P",
        called="promotion",
        rank=1,
        removed=True,
        threshold=0.6,
        precision=0.7,
        style="magenta",
        brackets=("$⟨", "⟩$"),
        colour="#8a1c86",
        on_dark="#e79be4",
        underline="dashed",
        sign="$",
    ),
    "off_topic": SpanKind(
        letter="O",
        called="foreign",
        rank=0,
        removed=True,
        threshold=0.6,
        style="bold red",
        brackets=("!⟨", "⟩!"),
        colour="#b3261e",
        on_dark="#ff8f86",
        underline="double",
        sign="✕",
    ),
    "filler": SpanKind(
        letter="F",
        called="filler",
        rank=2,
        removed=False,
        threshold=0.5,
        precision=0.7,
        style="yellow",
        brackets=("~⟨", "⟩~"),
        colour="#8a6100",
        on_dark="#e6be5a",
        underline="wavy",
        sign="~",
    ),
}
#: Sentence classes, which readers judged sentence by sentence, with the precision that their thresholds promise.
SENTENCE_KINDS = {name: kind.precision for name, kind in sorted(KINDS.items()) if kind.precision is not None}
#: Where spans overlap, the first of these kinds is shown: off-topic text weighs most.
WORST_FIRST = tuple(sorted(KINDS, key=lambda name: KINDS[name].rank))
#: Kinds that `Score.text` leaves out.
REMOVED_KINDS = frozenset(name for name, kind in KINDS.items() if kind.removed)
#: Those inside the article, which make the verdict `trim`.
TRIMMED_KINDS = frozenset(name for name in REMOVED_KINDS if not KINDS[name].around)
