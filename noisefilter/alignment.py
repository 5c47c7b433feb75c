"""Blocks, reference text → the share of each block that the reference holds, in order.

The same code reads trafilatura's opinion (its output is the reference) and a corpus' labels (its gold text is).
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Shorter blocks say too little to be found anywhere but next to their neighbours. Characters without blanks.
ANCHOR_LENGTH = 40
#: How far from its neighbours a short block may be found.
SHORT_REACH = 80
PIECE = 24


def squeeze(text: str) -> str:
    """Text without blanks, the form in which two extractors agree on a passage."""
    return "".join(text.split())


def align(texts: Sequence[str], reference: str) -> tuple[list[float], float]:
    """Share of each text (0-1) that `reference` holds, and the share of `reference` that the texts cover.

    Long texts are looked up first; those found in ascending order become anchors; short ones must lie
    between the anchors around them, so that a table of contents is not taken for the headings it lists.
    """
    squeezed = [squeeze(text) for text in texts]
    target = squeeze(reference)
    if not target:
        return [0.0] * len(squeezed), 1.0
    found = _anchors(squeezed, target)
    shares = [0.0] * len(squeezed)
    covered = 0
    for index, position in found.items():
        if position >= 0:
            shares[index] = 1.0
            covered += len(squeezed[index])
    bounds = sorted((index, position) for index, position in found.items() if position >= 0)
    for (left, start), (right, end) in pairwise([(-1, 0), *bounds, (len(squeezed), len(target))]):
        low = start + (len(squeezed[left]) if left >= 0 else 0)
        covered += _fill(squeezed, target, (left + 1, right), (low, end), shares)
    return shares, min(1.0, covered / len(target))


def _anchors(squeezed: Sequence[str], target: str) -> dict[int, int]:
    """Position in `target` of the long texts that are found whole, -1 where a better order forbids it."""
    candidates: list[tuple[int, int]] = []
    cursor = 0
    for index, text in enumerate(squeezed):
        if len(text) < ANCHOR_LENGTH:
            continue
        position = target.find(text, cursor)
        if position < 0:
            position = target.find(text)
        if position >= 0:
            candidates.append((index, position))
            cursor = position + len(text)
    kept = _longest_ascending([position for _, position in candidates])
    return {index: position for rank, (index, position) in enumerate(candidates) if rank in kept}


def _longest_ascending(values: Sequence[int]) -> set[int]:
    """Ranks of a longest strictly ascending subsequence."""
    tails: list[int] = []
    tail_ranks: list[int] = []
    before = [-1] * len(values)
    for rank, value in enumerate(values):
        slot = bisect_left(tails, value)
        if slot == len(tails):
            tails.append(value)
            tail_ranks.append(rank)
        else:
            tails[slot] = value
            tail_ranks[slot] = rank
        before[rank] = tail_ranks[slot - 1] if slot else -1
    kept: set[int] = set()
    rank = tail_ranks[-1] if tail_ranks else -1
    while rank >= 0:
        kept.add(rank)
        rank = before[rank]
    return kept


def _fill(
    squeezed: Sequence[str], target: str, indexes: tuple[int, int], bounds: tuple[int, int], shares: list[float]
) -> int:
    """Look up the texts between two anchors in the stretch of `target` between them; returns characters found."""
    cursor, end = bounds
    covered = 0
    if end <= cursor:
        return 0
    stretch = target[cursor:end]
    last = len(stretch)
    at = 0
    for index in range(*indexes):
        text = squeezed[index]
        if not text:
            continue
        if len(text) >= ANCHOR_LENGTH:
            shares[index] = _share_of_pieces(text, stretch)
            covered += int(shares[index] * len(text))
            continue
        position = stretch.find(text, at, at + SHORT_REACH + len(text))
        if position < 0 and index + 3 >= indexes[1]:  # just before the next anchor
            position = stretch.find(text, max(at, last - SHORT_REACH - len(text)))
        if position >= 0:
            shares[index] = 1.0
            covered += len(text)
            at = position + len(text)
    return covered


def _share_of_pieces(text: str, stretch: str) -> float:
    """Share of the pieces of a long text that the stretch holds: it was changed or cut on the way."""
    pieces = [text[start : start + PIECE] for start in range(0, len(text) - PIECE + 1, PIECE)]
    return sum(piece in stretch for piece in pieces) / len(pieces)
