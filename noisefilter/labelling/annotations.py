"""Annotations as a tool exports them → spans and a noise grade that fit the page, or faults."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from noisefilter.kinds import KINDS
from noisefilter.labels import LabelledSpan
from noisefilter.learn.corpora import MAX_NOISE

if TYPE_CHECKING:
    from collections.abc import Sequence

Unit = Literal["code points", "UTF-16 code units"]

CHOICES = {str(value): value for value in range(MAX_NOISE + 1)}
#: Label Studio writes a line break as "\n" in two characters, and leaves out blanks that the browser does not show.
UNSHOWN = re.compile(r"\\n|\s+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A passage that somebody marked, unchecked; offsets as the tool counts, `quote` if it exports the marked text."""

    start: Any
    end: Any
    label: Any
    quote: Any = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotator's labels for one page, unchecked.

    `where` names file, line and task; a page has one `task` in a file; `by` is the annotator, if the tool exports it.
    """

    where: str
    task: object
    page: str
    text: str
    by: str | None
    marks: tuple[Mark, ...]
    noise: tuple[Any, ...]

    def fault(self, what: str) -> str:
        """A fault of these labels, with their place."""
        return f"{self.where}: page {self.page!r}: {what}"


class Utf16:
    """Converts offsets in a text between code points and UTF-16 code units, which JavaScript counts.

    >>> Utf16("a😀b").to_units(2), Utf16("a😀b").to_points(3), Utf16("a😀b").to_points(2)
    (3, 2, None)
    """

    def __init__(self, text: str) -> None:
        #: Code points that take two units.
        self.wide = [index for index, character in enumerate(text) if character > "\uffff"]
        self.wide_units = [index + before for before, index in enumerate(self.wide)]

    def to_units(self, point: int) -> int:
        """The offset in code units."""
        return point + bisect_left(self.wide, point)

    def to_points(self, unit: int) -> int | None:
        """The offset in code points; None between the two halves of a character."""
        before = bisect_left(self.wide_units, unit)
        if before and self.wide_units[before - 1] == unit - 1:
            return None
        return unit - before


def settle_spans(annotation: Annotation, text: str, units: Sequence[Unit], faults: list[str]) -> list[LabelledSpan]:
    """The spans of an annotation in code points, in order; each that does not fit adds to `faults`."""
    utf16 = Utf16(text)
    settled = [_settle(mark, text, utf16, units) for mark in annotation.marks]
    faults += [annotation.fault(fault) for fault in settled if isinstance(fault, str)]
    spans = sorted((span for span in settled if not isinstance(span, str)), key=_in_order)
    for kind in KINDS:
        for one, other in pairwise(span for span in spans if span.kind == kind):
            if other.start < one.end:
                both = " and ".join(
                    f"{span.start}-{span.end} {_shown(text, span.start, span.end)}" for span in (one, other)
                )
                faults.append(annotation.fault(f"two spans of {kind} overlap: {both}"))
    return spans


def settle_noise(annotation: Annotation, faults: list[str]) -> int | None:
    """The one noise grade that an annotation gives, None if it gives none; anything else adds to `faults`."""
    unknown = [choice for choice in annotation.noise if str(choice) not in CHOICES]
    values = {CHOICES[str(choice)] for choice in annotation.noise if str(choice) in CHOICES}
    if unknown:
        faults.append(annotation.fault(f"noise must be 0 to {MAX_NOISE}, not {unknown[0]!r}"))
    elif len(values) > 1:
        faults.append(annotation.fault(f"contradictory noise: {' and '.join(map(str, sorted(values)))}"))
    return next(iter(values), None)


def agree(votes: Sequence[Sequence[LabelledSpan]], text: str) -> list[LabelledSpan]:
    """Spans of what more than half of the annotators marked as the same kind, character by character.

    Agreed spans without a letter or digit are dropped: they arise where marks end a comma apart.
    """
    agreed = []
    for kind in KINDS:
        marked = [[span for span in spans if span.kind == kind] for spans in votes]
        edges = sorted({edge for spans in marked for span in spans for edge in (span.start, span.end)})
        runs: list[tuple[int, int]] = []
        for start, end in pairwise(edges):
            count = sum(any(span.start <= start and end <= span.end for span in spans) for spans in marked)
            if 2 * count > len(votes):
                joined = runs and runs[-1][1] == start
                runs.append((runs.pop()[0], end) if joined else (start, end))
        agreed += [
            LabelledSpan(start, end, kind, text[start:end])
            for start, end in runs
            if any(character.isalnum() for character in text[start:end])
        ]
    return sorted(agreed, key=_in_order)


def _in_order(span: LabelledSpan) -> tuple[int, int, str]:
    return span.start, span.end, span.kind


def _settle(mark: Mark, text: str, utf16: Utf16, units: Sequence[Unit]) -> LabelledSpan | str:
    """The span of a mark, in the first unit in which its quotation fits, or what is wrong with it.

    Without a quotation, it counts in the first unit.
    """
    if not isinstance(mark.label, str) or mark.label not in KINDS:
        return f"unknown label {mark.label!r} at {mark.start!r}-{mark.end!r}: choose from {', '.join(KINDS)}"
    if not _is_offset(mark.start) or not _is_offset(mark.end):
        return f"offsets {mark.start!r}-{mark.end!r} of {mark.label} are no whole numbers"
    if mark.quote is not None and not isinstance(mark.quote, str):
        return f"the quotation of {mark.label} {mark.start}-{mark.end} is no text"
    faults = []
    for unit in units if mark.quote is not None else units[:1]:
        counts_utf16 = unit == "UTF-16 code units"
        start, end = (utf16.to_points(at) if counts_utf16 else at for at in (mark.start, mark.end))
        if start is None or end is None:
            faults.append("begins or ends inside a character: does the tool count UTF-16 code units?")
        elif fault := _misfit(mark.quote, text, start, end):
            faults.append(fault)
        elif not text[start:end].strip():
            return f"{mark.label} {start}-{end} marks nothing but blanks"
        else:
            return LabelledSpan(start, end, mark.label, text[start:end])
    return f"{mark.label} {mark.start}-{mark.end} {faults[0]}"


def _misfit(quote: str | None, text: str, start: int, end: int) -> str:
    """What is wrong with a mark at these code points, "" if nothing is."""
    if not 0 <= start < end:
        return "is empty or reversed"
    if end > len(text):
        return f"lies outside of the text, which has {len(text)} characters"
    if quote is not None and UNSHOWN.sub("", quote) != UNSHOWN.sub("", text[start:end]):
        return f"quotes {quote[:60]!r}, but there stands {_shown(text, start, end)}"
    return ""


def _shown(text: str, start: int, end: int) -> str:
    return repr(text[start : min(end, start + 60)])


def _is_offset(value: Any) -> bool:  # noqa: ANN401 - what JSON gives
    return isinstance(value, int) and not isinstance(value, bool)
