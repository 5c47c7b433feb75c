"""What a worker is asked to do, what it answers, how it shows its progress, and the names of its output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Folders to which a shard writes, one file each: a folder holds one kind of row, so that other tools read it as one
#: data set. A part is complete when its counts are there.
FOLDERS = KEPT, DROPPED, REJECTS, COUNTS = ("kept", "dropped", "rejects", "counts")
#: The field of a row that holds noisefilter's record; an input's own field of this name is replaced.
OWN = "noisefilter"
#: Prefixes of the names of the record's fields in formats that have no objects: CSV, and dolma's attributes.
CSV_PREFIX, DOLMA_PREFIX = f"{OWN}_", f"{OWN}__"
#: Beginning of the names of a shard's files, and of the hidden folder that they are first written to.
PART, HIDDEN = "part-", ".part-"
#: Other files of a run: what it is of, what it does, which columns it writes, which pages killed workers, what came of it.
MANIFEST, PLAN, COLUMNS, JOURNAL, SUMMARY = "manifest.json", "plan.json", "columns.json", "deaths.jsonl", "summary.json"
RUN_FILES = (MANIFEST, PLAN, COLUMNS, JOURNAL, SUMMARY)
#: Its lock, its marker of success, and the beginning of the name under which standard input is kept.
LOCK, SUCCESS, STDIN = ".lock", "_SUCCESS", ".stdin"
#: In place of a row: work for which no row is to blame; and moving finished files to their place, which may take long.
NO_ROW, MOVING = -1, -2


class Range(NamedTuple):
    """Rows of a shard, from place `first` up to, but not including, `last`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a file: `count` of them from number `start` on, which is at `offset`; all that follow if `count` is -1.

    `files` are the paths and names of pages, each a file; then path and name are the input's.
    """

    path: str
    name: str
    format: str
    start: int = 0
    offset: int = 0
    count: int = -1
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Shard:
    """What one call of the shard function reads; its number names its output."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def name(self) -> str:
        """Name of its files in their folders, without their endings."""
        return f"{PART}{self.number:05d}"

    @property
    def counts_path(self) -> str:
        """Path of its counts in the run's folder."""
        return f"{COUNTS}/{self.name}.json"

    @property
    def count(self) -> int | None:
        """Rows in it; None if they were not counted."""
        return None if any(piece.count < 0 for piece in self.pieces) else sum(piece.count for piece in self.pieces)

    def __str__(self) -> str:
        return f"shard {self.number} ({self.pieces[0].name} from row {self.pieces[0].start})"


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
class Ready:
    """The worker has started."""


@dataclass(frozen=True, slots=True)
class Begun:
    """It will score these pages of its shard once this is acknowledged, so that every try is known."""

    pages: Range


@dataclass(frozen=True, slots=True)
class Scored:
    """These pages are scored."""

    pages: Range


@dataclass(frozen=True, slots=True)
class Done:
    """The task is done: a shard's part is complete, or this is what was read of a file."""

    result: Any = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The task failed, and no page is to blame: the run ends, unless another try may help."""

    message: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """The worker died, as seen by its watcher, while it scored or read these pages; over none if they are None."""

    reason: str
    details: str
    pages: Range | None = None
    reading: bool = False


End = Done | Failed | Died
Message = Ready | Begun | Scored | End


class Pulse:
    """This process' steps so far, and the row that it reads, as its place in the shard.

    A worker keeps the two numbers in its watcher's memory, which sees them without asking; elsewhere nobody looks.
    """

    def __init__(self) -> None:
        self.numbers: Any = [0, NO_ROW]

    def beat(self, row: int = NO_ROW) -> None:
        """Count a step; `row` is read next."""
        self.numbers[1] = row
        self.tick()

    def tick(self) -> None:
        """Count a step over the same row."""
        self.numbers[0] += 1


PULSE = Pulse()
