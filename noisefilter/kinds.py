"""The kinds of span: a row each, which every room reads that lists, counts, cuts, names or paints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["boilerplate", "promotion", "off_topic", "filler"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanKind:
    """What is known of a kind of span.

    Args:
        letter: what a sentence of it is labelled with; in labelling tools the key.
        called: how reports name it.
        rank: where kinds overlap, the one with the lowest is shown.
        removed: whether `Score.text` leaves it out; what stays in is reported.
        around: whether it stands around the article: it moves no verdict then.
        threshold: the probability from which it is cut, where no examples settle one.
        precision: of a class of sentences, what the threshold that examples settle promises on the tuning sites
            (docs/decisions/0003-thresholds.md).
        style: its look in a terminal.
        brackets: what stands around it in a terminal without colours.
        colour: of its marks and labels, on a light ground.
        on_dark: the same on a dark one.
        underline: how its marks are underlined, so that nobody needs to tell colours apart.
        sign: what its marks begin with, for the same reason.
    """

    letter: str
    called: str
    rank: int
    removed: bool
    around: bool = False
    threshold: float
    precision: float | None = None
    style: str
    brackets: tuple[str, str]
    colour: str
    on_dark: str
    underline: str
    sign: str


KINDS: dict[Kind, SpanKind] = {
    "boilerplate": SpanKind(
        letter="B",
        called="boilerplate",
        rank=3,
        removed=True,
        around=True,
        threshold=0.5,
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
#: Kinds that are classes of sentences, which readers judged one by one, with what their thresholds promise.
SENTENCE_KINDS = {name: kind.precision for name, kind in sorted(KINDS.items()) if kind.precision is not None}
#: Where spans overlap, the first of these kinds is shown: what is foreign weighs most.
WORST_FIRST = tuple(sorted(KINDS, key=lambda name: KINDS[name].rank))
#: Kinds that `Score.text` leaves out.
REMOVED_KINDS = frozenset(name for name, kind in KINDS.items() if kind.removed)
#: Those of the article itself, which make the verdict `trim`.
TRIMMED_KINDS = frozenset(name for name in REMOVED_KINDS if not KINDS[name].around)
