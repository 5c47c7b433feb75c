"""Annotations as a tool exports them → spans and a noise grade that fit the page, or faults."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from noisefilter.kinds import KINDS
from noisefilter.labels import LabelledSpan
from noisefilter.learn.corpora import MAX_NOISE, is_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def code_points(text: str) -> Sequence[int]:
    """Offset in code points of each code point and of the end."""
    return range(len(text) + 1)


def utf16_units(text: str) -> Sequence[int]:
    """The same in UTF-16 code units, which JavaScript counts.

    >>> utf16_units("a😀b")
    [0, 1, 3, 4]
    """
    return [0, *accumulate(1 + (character > "\uffff") for character in text)]


def settle_spans(annotation: Annotation, text: str, offsets: Sequence[int], faults: list[str]) -> list[LabelledSpan]:
    """The spans of an annotation in code points, in order; each that does not fit adds to `faults`.

    `offsets` are those of each code point of the text and of its end, as the tool counts.
    """
    settled = [_settle(mark, text, offsets) for mark in annotation.marks]
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


def _settle(mark: Mark, text: str, offsets: Sequence[int]) -> LabelledSpan | str:
    """The span of a mark, or what is wrong with it."""
    if not isinstance(mark.label, str) or mark.label not in KINDS:
        return f"unknown label {mark.label!r} at {mark.start!r}-{mark.end!r}: choose from {', '.join(KINDS)}"
    if not (is_whole(mark.start) and is_whole(mark.end)):
        return f"offsets {mark.start!r}-{mark.end!r} of {mark.label} are no whole numbers"
    named = f"{mark.label} {mark.start}-{mark.end}"
    if mark.quote is not None and not isinstance(mark.quote, str):
        return f"the quotation of {named} is no text"
    if not 0 <= mark.start < mark.end:
        return f"{named} is empty or reversed"
    if mark.end > offsets[-1]:
        return f"{named} lies outside of the text, which has {len(text)} characters"
    start, end = bisect_left(offsets, mark.start), bisect_left(offsets, mark.end)
    if (offsets[start], offsets[end]) != (mark.start, mark.end):
        return f"{named} begins or ends inside a character: does the tool count UTF-16 code units?"
    if mark.quote is not None and UNSHOWN.sub("", mark.quote) != UNSHOWN.sub("", text[start:end]):
        return f"{named} quotes {mark.quote[:60]!r}, but there stands {_shown(text, start, end)}"
    if not text[start:end].strip():
        return f"{named} marks nothing but blanks"
    return LabelledSpan(start, end, mark.label, text[start:end])


def _shown(text: str, start: int, end: int) -> str:
    return repr(text[start : min(end, start + 60)])
