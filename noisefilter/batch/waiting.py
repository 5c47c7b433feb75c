"""Shards that wait for a worker, and what happens to one whose worker died: the same rules for every engine."""

from __future__ import annotations

import logging
from collections import Counter, deque
from typing import TYPE_CHECKING

from noisefilter.batch.errors import BatchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.batch.journal import Journal
    from noisefilter.batch.tasks import Range, Shard, Task

LOGGER = logging.getLogger("noisefilter")
#: Deaths of workers outside of any page (while starting, or reading or writing a shard) after which the run ends.
DEATHS_OUTSIDE = 10


class Waiting:
    """Shards in order; one whose worker died comes first.

    Args:
        shards: what is to be done.
        journal: where deaths are recorded.
    """

    def __init__(self, shards: Sequence[Shard], journal: Journal) -> None:
        self._shards, self._journal = deque(shards), journal
        self._outside: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._shards)

    def take(self) -> Task:
        """The next shard, with what is known from earlier tries."""
        return self._journal.task(self._shards.popleft())

    def begin(self) -> None:
        """A worker has started: forget earlier deaths at the start."""
        self._outside[-1] = 0

    def bury(
        self, shard: Shard | None, pages: Range | None, reason: str, details: str, *, reading: bool = False
    ) -> None:
        """Record that a worker died, and put its shard in front again.

        Args:
            shard: its shard; None if it had not begun.
            pages: which of the shard's pages it was scoring or reading, None if none.
            reason: recorded for a page that does this repeatedly.
            details: what is known of a death outside of pages.
            reading: whether it was reading.

        Raises:
            BatchError: workers keep dying.
        """
        LOGGER.debug("a worker died (%s) at rows %s of shard %s", reason, pages, shard.number if shard else None)
        if shard is not None:
            self._shards.appendleft(shard)
        if shard is not None and pages is not None and not self._journal.is_aside(shard.number, pages):
            self._journal.record(shard.number, pages, reason, reading=reading)
            return
        number = shard.number if shard is not None else -1
        self._outside[number] += 1
        if self._outside[number] < DEATHS_OUTSIDE:
            return
        if shard is None:
            msg = f"workers die before they begin ({details})"
        else:
            piece = shard.pieces[0]
            msg = (
                f"shard {number} ({piece.name} from row {piece.start}) failed {DEATHS_OUTSIDE} times outside of any page "
                f"({reason}, {details}): its input cannot be read on this machine"
            )
        raise BatchError(msg)
