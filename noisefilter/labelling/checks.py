"""Annotations as a tool exports them → spans and a noise grade that fit the page, or faults."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from noisefilter.kinds import KINDS
from noisefilter.labelling.offsets import Utf16
from noisefilter.labels import LabelledSpan
from noisefilter.learn.corpora import MAX_NOISE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.labelling.annotations import Annotation, Mark
    from noisefilter.labelling.offsets import Unit

CHOICES = {str(value): value for value in range(MAX_NOISE + 1)}
#: Label Studio writes a line break as "\n" in two characters, and leaves out blanks that the browser does not show.
UNSHOWN = re.compile(r"\\n|\s+")


class FaultError(ValueError):
    """A label that contradicts its page, the format, or another label."""


def settle_spans(annotation: Annotation, text: str, units: Sequence[Unit], faults: list[str]) -> list[LabelledSpan]:
    """The spans of an annotation in code points, in order; each that does not fit adds to `faults`."""
    utf16 = Utf16(text)
    spans: list[LabelledSpan] = []
    for mark in annotation.marks:
        try:
            spans.append(_settle(mark, text, utf16, units))
        except FaultError as fault:
            faults.append(f"{annotation.where}: page {annotation.page!r}: {fault}")
    spans.sort(key=lambda span: (span.start, span.end, span.kind))
    for kind in KINDS:
        for one, other in pairwise(span for span in spans if span.kind == kind):
            if other.start < one.end:
                faults.append(
                    f"{annotation.where}: page {annotation.page!r}: two spans of {kind} overlap: "
                    f"{one.start}-{one.end} {_shown(text, one.start, one.end)} and "
                    f"{other.start}-{other.end} {_shown(text, other.start, other.end)}"
                )
    return spans


def settle_noise(annotation: Annotation, faults: list[str]) -> int | None:
    """The one noise grade that an annotation gives, None if it gives none; anything else adds to `faults`."""
    unknown = [choice for choice in annotation.noise if str(choice) not in CHOICES]
    values = {CHOICES[str(choice)] for choice in annotation.noise if str(choice) in CHOICES}
    if unknown:
        faults.append(
            f"{annotation.where}: page {annotation.page!r}: noise must be 0 to {MAX_NOISE}, not {unknown[0]!r}"
        )
    elif len(values) > 1:
        named = " and ".join(map(str, sorted(values)))
        faults.append(f"{annotation.where}: page {annotation.page!r}: contradictory noise: {named}")
    return next(iter(values), None)


def _settle(mark: Mark, text: str, utf16: Utf16, units: Sequence[Unit]) -> LabelledSpan:
    if not isinstance(mark.label, str) or mark.label not in KINDS:
        msg = f"unknown label {mark.label!r} at {mark.start!r}-{mark.end!r}: choose from {', '.join(KINDS)}"
        raise FaultError(msg)
    if not _is_offset(mark.start) or not _is_offset(mark.end):
        msg = f"offsets {mark.start!r}-{mark.end!r} of {mark.label} are no whole numbers"
        raise FaultError(msg)
    start, end = _place(mark, text, utf16, units)
    if not text[start:end].strip():
        msg = f"{mark.label} {start}-{end} marks nothing but blanks"
        raise FaultError(msg)
    return LabelledSpan(start, end, mark.label, text[start:end])


def _place(mark: Mark, text: str, utf16: Utf16, units: Sequence[Unit]) -> tuple[int, int]:
    """A mark's range, in the first unit in which its quotation fits; without a quotation, in the first unit."""
    if mark.quote is not None and not isinstance(mark.quote, str):
        msg = f"the quotation of {mark.label} {mark.start}-{mark.end} is no text"
        raise FaultError(msg)
    first: FaultError | None = None
    for unit in units if mark.quote is not None else units[:1]:
        start, end = (
            (mark.start, mark.end)
            if unit == "code points"
            else (utf16.to_points(mark.start), utf16.to_points(mark.end))
        )
        fault = _misfit(mark, text, start, end)
        if fault is None and start is not None and end is not None:
            return start, end
        first = first or fault
    raise first or FaultError(mark.label)


def _misfit(mark: Mark, text: str, start: int | None, end: int | None) -> FaultError | None:
    """What is wrong with a mark at these code points."""
    name = f"{mark.label} {mark.start}-{mark.end}"
    if start is None or end is None:
        return FaultError(f"{name} begins or ends inside a character: does the tool count UTF-16 code units?")
    if not 0 <= start < end:
        return FaultError(f"{name} is empty or reversed")
    if end > len(text):
        return FaultError(f"{name} lies outside of the text, which has {len(text)} characters")
    if mark.quote is not None and _folded(mark.quote) != _folded(text[start:end]):
        return FaultError(f"{name} quotes {mark.quote[:60]!r}, but there stands {_shown(text, start, end)}")
    return None


def _folded(quote: str) -> str:
    return UNSHOWN.sub("", quote)


def _shown(text: str, start: int, end: int) -> str:
    return repr(text[start : min(end, start + 60)])


def _is_offset(value: Any) -> bool:  # noqa: ANN401 - what JSON gives
    return isinstance(value, int) and not isinstance(value, bool)
