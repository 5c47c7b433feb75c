"""What a worker reads, where its watcher sees it without asking: two numbers in a file that both map into memory."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

NAME = "pulse"
NUMBERS = struct.Struct("qq")
#: In place of a row: nothing that a row is to blame for; and what is finished is moved to its place, which may take long.
NO_ROW, MOVING = -1, -2


class Pulse:
    """Counts what a worker gets done, and names the row that it reads.

    Args:
        folder: where its file lies.
    """

    def __init__(self, folder: str) -> None:
        path = Path(folder) / NAME
        if not path.exists():
            path.write_bytes(NUMBERS.pack(0, NO_ROW))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), NUMBERS.size)
        self._beats = 0

    def beat(self, row: int = NO_ROW) -> None:
        """Something is done, and this row is read next: its place in the shard."""
        self._beats += 1
        NUMBERS.pack_into(self._shared, 0, self._beats, row)

    def read(self) -> tuple[int, int]:
        """How much is done, and the row."""
        beats, row = NUMBERS.unpack_from(self._shared)
        return beats, row


def no_beat(row: int = NO_ROW) -> None:
    """Nothing: where no one watches."""
