"""A worker's progress, which its watcher sees without asking: two numbers in a file that both map into memory."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

NAME = "pulse"
NUMBERS = struct.Struct("qq")
#: In place of a row: work for which no row is to blame; and moving finished files to their place, which may take long.
NO_ROW, MOVING = -1, -2


class Pulse:
    """Counts a worker's steps, and names the row that it reads.

    Args:
        folder: where its file is.
    """

    def __init__(self, folder: str) -> None:
        path = Path(folder) / NAME
        if not path.exists():
            path.write_bytes(NUMBERS.pack(0, NO_ROW))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), NUMBERS.size)
        self._beats = 0

    def beat(self, row: int = NO_ROW) -> None:
        """Count a step; `row` is read next, given as its place in the shard."""
        self._beats += 1
        NUMBERS.pack_into(self._shared, 0, self._beats, row)

    def read(self) -> tuple[int, int]:
        """The number of steps, and the row."""
        beats, row = NUMBERS.unpack_from(self._shared)
        return beats, row


def no_beat(row: int = NO_ROW) -> None:
    """Do nothing: for code that is not watched."""
