"""Spans of several annotators → those that most of them marked."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from noisefilter.kinds import KINDS
from noisefilter.labels import LabelledSpan

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    return sorted(agreed, key=lambda span: (span.start, span.end, span.kind))
