"""Blocks, reference text → the share of each block that the reference holds.

The reference is trafilatura's output where its opinion is asked, and the gold text where a corpus' labels are read.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.text.characters import IDEOGRAPHS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Flags, Index

    #: A range of the blocks' words and the range of the reference's words that may hold them.
    Gap = tuple[int, int, int, int]

WORD = re.compile(rf"[^\W{IDEOGRAPHS}]+|[{IDEOGRAPHS}]")
#: Runs of this many words that occur once on both sides are anchors; in the gaps between them shorter runs will do.
RUNS = (6, 3)
#: Blocks with fewer words are too unspecific to be matched anywhere but next to their neighbours.
SHORT = 6
#: How many words from its neighbours a short block may be matched.
SHORT_REACH = 15
#: A line of the reference with fewer words could match any block.
MIN_LINE = 2
#: Bytes of a word's number.
WIDTH = 8
#: Mixes the numbers of a run into its hash (Fibonacci hashing, Knuth 1973).
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def align(texts: Sequence[str], reference: str) -> tuple[list[float], float]:
    """Share of each text's words (0-1) that `reference` holds, and the share of `reference` that the texts cover.

    Runs of words that occur once on either side are matched first; those in ascending order become anchors, and the
    gaps between them are searched again. A short text must be next to what was matched before, so that a table of
    contents is not taken for the headings it lists. What is then left on either side is matched in any order, since a
    reference may move a passage. A text without words has the share of its predecessor.
    """
    matcher = _Matcher(texts, reference)
    matcher.match_in_order()
    matcher.match_moved()
    return matcher.shares(), matcher.covered()


class _Matcher:
    """Words of both sides as numbers, and which of them are matched."""

    def __init__(self, texts: Sequence[str], reference: str) -> None:
        split = [WORD.findall(text.lower()) for text in texts]
        lines = [WORD.findall(line) for line in reference.lower().split("\n")]
        numbers: dict[str, int] = {}
        self.left = np.fromiter((numbers.setdefault(w, len(numbers)) for words in split for w in words), np.int64)
        self.right = np.fromiter((numbers.setdefault(w, len(numbers)) for words in lines for w in words), np.int64)
        self.starts = np.cumsum([0, *map(len, split)])
        self.line_starts = np.cumsum([0, *map(len, lines)])
        self.taken_left = np.zeros(len(self.left), dtype=np.bool_)
        self.taken_right = np.zeros(len(self.right), dtype=np.bool_)

    def shares(self) -> list[float]:
        sizes = np.diff(self.starts)
        shares = (np.diff(_running(self.taken_left)[self.starts]) / np.maximum(sizes, 1)).tolist()
        for index in np.flatnonzero(sizes == 0).tolist():
            shares[index] = shares[index - 1] if index else 0.0
        return shares

    def covered(self) -> float:
        return float(self.taken_right.mean()) if len(self.taken_right) else 1.0

    def match_in_order(self) -> None:
        gaps: list[Gap] = [(0, len(self.left), 0, len(self.right))]
        for size in RUNS:
            gaps = [inner for gap in gaps for inner in self._split(gap, size)]
        for gap in gaps:
            self._fill(gap)

    def _split(self, gap: Gap, size: int) -> list[Gap]:
        """Match the runs of a gap that occur once on both sides; returns the gaps between them."""
        low, high, floor, ceiling = gap
        if high - low < size or ceiling - floor < size:
            return [gap] if high > low and ceiling > floor else []
        at_left, at_right = _common_runs(self.left[low:high], self.right[floor:ceiling], size)
        kept = _longest_ascending(at_right.tolist())
        gaps, edge, wall = [], low, floor
        for place, target in zip((at_left[kept] + low).tolist(), (at_right[kept] + floor).tolist(), strict=True):
            if place < edge or target < wall:  # inside what the last run already took
                continue
            start, end = self._extend(place, target, (edge, high), (wall, ceiling), size)
            shift = target - place
            gaps.append((edge, start, wall, start + shift))
            edge, wall = end, end + shift
        gaps.append((edge, high, wall, ceiling))
        return [inner for inner in gaps if inner[1] > inner[0] and inner[3] > inner[2]]

    def _extend(
        self, place: int, target: int, bounds: tuple[int, int], other: tuple[int, int], size: int
    ) -> tuple[int, int]:
        """Match a run and the equal words around it; returns its range on the left."""
        back = min(place - bounds[0], target - other[0])
        start = place - _equal(self.left[place - back : place][::-1], self.right[target - back : target][::-1])
        ahead = min(bounds[1] - place, other[1] - target)
        end = place + max(size, _equal(self.left[place : place + ahead], self.right[target : target + ahead]))
        self._take(start, end, start + target - place)
        return start, end

    def _take(self, start: int, end: int, target: int) -> None:
        self.taken_left[start:end] = True
        self.taken_right[target : target + end - start] = True

    def _fill(self, gap: Gap) -> None:
        """Match the whole blocks of a gap, one after the other."""
        low, high, floor, ceiling = gap
        first = int(np.searchsorted(self.starts, low))
        last = int(np.searchsorted(self.starts, high, side="right")) - 1
        stretch, size = self.right[floor:ceiling].tobytes(), ceiling - floor
        at = 0
        for index in range(first, last):
            start, end = int(self.starts[index]), int(self.starts[index + 1])
            length = end - start
            if not length:
                continue
            words = self.left[start:end].tobytes()
            reach = size if length >= SHORT else min(size, at + SHORT_REACH + length)
            position = _find(words, stretch, at, reach)
            if position < 0 and index + 3 >= last:  # just before the next match
                position = _find(words, stretch, max(at, size - SHORT_REACH - length), size)
            if position >= 0:
                self._take(start, end, floor + position)
                at = position + length

    def match_moved(self) -> None:
        """Match what is left in any order: whole lines, then runs."""
        self._match_lines()
        size = RUNS[0]
        left, right = _full_runs(self._open_words(), size), _full_runs(~self.taken_right, size)
        if not len(left) or not len(right):
            return
        hashes, first = np.unique(_run_hashes(self.left, size)[left], return_index=True)
        _, by_left, by_right = np.intersect1d(hashes, _run_hashes(self.right, size)[right], return_indices=True)
        for place, target in sorted(zip(left[first[by_left]].tolist(), right[by_right].tolist(), strict=True)):
            if not self.taken_left[place] and not self.taken_right[target : target + size].any():
                self._take(place, place + size, target)

    def _open_words(self) -> Flags:
        """Unmatched words of the blocks that are less than half matched."""
        sizes = np.diff(self.starts)
        half = np.array(self.shares()) < 0.5
        return np.repeat(half, sizes) & ~self.taken_left

    def _match_lines(self) -> None:
        lines: dict[bytes, list[int]] = {}
        running = _running(self.taken_right)
        for start, end in pairwise(self.line_starts.tolist()):
            if end - start >= MIN_LINE and running[end] == running[start]:
                lines.setdefault(self.right[start:end].tobytes(), []).append(start)
        if not lines:
            return
        for index, share in enumerate(self.shares()):
            start, end = int(self.starts[index]), int(self.starts[index + 1])
            free = lines.get(self.left[start:end].tobytes()) if share < 0.5 else None
            if free:
                self._take(start, end, free.pop(0))


def _full_runs(flags: Flags, size: int) -> Index:
    """Starts of the runs of `size` flags that are all set."""
    running = _running(flags)
    return np.flatnonzero(running[size:] - running[:-size] == size)


def _running(flags: Flags) -> Index:
    """How many flags are set before each place."""
    return np.append(0, np.cumsum(flags))


def _run_hashes(words: Index, size: int) -> NDArray[np.uint64]:
    """A hash of each run of `size` words."""
    count = len(words) - size + 1
    hashes = np.zeros(max(0, count), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(size):
            hashes = (hashes + words[offset : offset + count].astype(np.uint64) + np.uint64(1)) * MULTIPLIER
            hashes ^= hashes >> np.uint64(29)
    return hashes


def _common_runs(left: Index, right: Index, size: int) -> tuple[Index, Index]:
    """Starts on both sides of the runs that occur once on each, in the order of the left."""
    found = []
    for words in (left, right):
        hashes, first, counts = np.unique(_run_hashes(words, size), return_index=True, return_counts=True)
        once = counts == 1
        found.append((hashes[once], first[once]))
    _, ours, other = np.intersect1d(found[0][0], found[1][0], assume_unique=True, return_indices=True)
    at_left, at_right = found[0][1][ours], found[1][1][other]
    order = np.argsort(at_left)
    return at_left[order], at_right[order]


def _equal(left: Index, right: Index) -> int:
    """Length of the common start."""
    different = np.flatnonzero(left != right)
    return int(different[0]) if len(different) else len(left)


def _find(words: bytes, stretch: bytes, start: int, end: int) -> int:
    """Index of the words in `stretch[start:end]`, -1 if they are not there; both sides are word numbers as bytes."""
    position = start * WIDTH
    while True:
        position = stretch.find(words, position, end * WIDTH)
        if position < 0 or position % WIDTH == 0:
            return position // WIDTH
        position += 1


def _longest_ascending(values: Sequence[int]) -> list[int]:
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
    kept: list[int] = []
    rank = tail_ranks[-1] if tail_ranks else -1
    while rank >= 0:
        kept.append(rank)
        rank = before[rank]
    return kept[::-1]
