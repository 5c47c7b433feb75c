"""A worker's progress, which its watcher sees without asking: two numbers in memory that both share."""

from __future__ import annotations

from typing import Any

#: In place of a row: work for which no row is to blame; and moving finished files to their place, which may take long.
NO_ROW, MOVING = -1, -2


class Pulse:
    """This process' steps so far, and the row that it reads, as its place in the shard.

    A watched process keeps the numbers in its watcher's memory; elsewhere nobody looks at them.
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
