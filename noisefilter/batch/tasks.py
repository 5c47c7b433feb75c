"""What is asked of a worker, and the names of its output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTS = "counts.json"
REJECTS = "rejects.jsonl"
#: File in a run's folder that holds its columns.
COLUMNS = "columns.json"
#: Folders to which a shard writes, one file each: a folder holds one kind of row, so that other tools read it as one
#: data set.
FOLDERS = ("kept", "dropped", "rejects", "counts")
#: Beginning of the names of a shard's files, and of the hidden folder that they are first written to.
PART, HIDDEN = "part-", ".part-"


class Range(NamedTuple):
    """Rows of a shard, from place `first` up to, but not including, `last`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a file: `count` of them from number `start` on, which is at `offset`; all that follow if `count` is -1.

    `files` are the paths and names of pages, each a file; then path and name are the input's. `fault` is for one row
    that killed the process that counted it, with the reason: nothing is read.
    """

    path: str
    name: str
    format: str
    start: int = 0
    offset: int = 0
    count: int = -1
    files: tuple[tuple[str, str], ...] = ()
    fault: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Shard:
    """What one call of the shard function reads; its number names its output."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def count(self) -> int | None:
        """Rows in it; None if they were not counted."""
        return None if any(piece.count < 0 for piece in self.pieces) else sum(piece.count for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Task:
    """A shard to be done, with what is known from earlier tries.

    Args:
        shard: what to read.
        aside: pages that killed their workers, by place in the shard, with the reason: they are rejected unscored.
        alone: ranges in which a worker died: their pages are scored one by one, so that the next death names its page.
        unread: those of `aside` whose workers died while reading them: they are not even read.
    """

    shard: Shard
    aside: Mapping[int, str] = field(default_factory=dict)
    alone: tuple[Range, ...] = ()
    unread: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Cut:
    """A file to be cut into pieces: see `cut_file`."""

    path: str
    name: str
    format: str
    size: int
    largest: int
    stop: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A file whose first rows show the kinds of its fields: see `sample_kinds`."""

    piece: Piece
    rows: int


def part_name(number: int) -> str:
    """Name of a shard's files in their folders."""
    return f"{PART}{number:05d}"


def part_path(part: str, file: str) -> str:
    """Path of a shard's file in the run's folder.

    >>> part_path("part-00007", "kept.jsonl.zst")
    'kept/part-00007.jsonl.zst'
    """
    folder, _, suffix = file.partition(".")
    return f"{folder}/{part}.{suffix}"
