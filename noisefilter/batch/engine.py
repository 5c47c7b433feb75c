"""Shards → finished shards: which one is tried next, what follows from how a try ended, and this machine's engine."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

from noisefilter.batch.errors import BatchError
from noisefilter.batch.tasks import JOURNAL, Begun, Died, Done, Failed, Range, Ready, Scored, Task
from noisefilter.batch.worker import Worker, listen
from noisefilter.report.printing import LOGGER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import End, Shard
    from noisefilter.batch.worker import Setting

#: A page that has killed a worker so often while it was tried alone is set aside. With the first try, in a batch, that
#: makes three at most: the first death may be another page's fault, the second due to a machine short of memory.
DEATHS_ALONE = 2
#: Deaths of workers outside of any page (while starting, or reading or writing a shard) after which the run ends.
DEATHS_OUTSIDE = 10


class Death(NamedTuple):
    """A worker died while it scored or read these pages of a shard: a line of the journal."""

    shard: int
    first: int
    last: int
    reason: str
    reading: bool = False


class Waiting:
    """Shards in order; one whose worker died comes first.

    Deaths over pages are recorded in the run's folder, so that a resumed run knows them. A run writes there only if it
    survives its worker, so a run that is killed blames no page.

    Args:
        on_scored: called with a shard and how many of its pages are scored.
        on_done: called with a shard whose part is complete.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        output: Storage,
        on_scored: Callable[[Shard, int], object] = lambda *_: None,
        on_done: Callable[[Shard], object] = lambda _: None,
    ) -> None:
        self._shards, self._output = deque(shards), output
        self.on_scored, self._on_done = on_scored, on_done
        self._outside: Counter[int | None] = Counter()  # None: before a shard was begun
        self._deaths: defaultdict[int, list[Death]] = defaultdict(list)
        for line in (output.read(JOURNAL) or b"").decode("ascii", "replace").splitlines():
            try:
                death = Death(**json.loads(line))
            except (ValueError, TypeError):
                continue  # a line cut off by a power loss: costs one more try
            self._deaths[death.shard].append(death)

    def __len__(self) -> int:
        return len(self._shards)

    def take(self) -> Task:
        """The next shard, with what is known from earlier tries."""
        shard = self._shards.popleft()
        deaths = self._deaths[shard.number]
        alone = tuple(Range(death.first, death.last) for death in deaths if death.last - death.first > 1)
        aside = self._aside(shard)
        unread = frozenset(death.first for death in deaths if death.reading and death.first in aside)
        return Task(shard, aside, alone, unread)

    def _aside(self, shard: Shard) -> dict[int, str]:
        """Pages of a shard that are set aside, with the reason."""
        deaths = [death for death in self._deaths[shard.number] if death.last - death.first == 1]
        times = Counter(death.first for death in deaths)
        return {death.first: death.reason for death in deaths if times[death.first] >= DEATHS_ALONE}

    def begin(self) -> None:
        """A worker has started: forget earlier deaths at the start."""
        self._outside[None] = 0

    def settle(self, shard: Shard | None, end: End) -> None:
        """Act on how a try ended; a shard that is not done is put in front again. It is None if the worker had not started.

        Raises:
            BatchError: the run cannot go on: the disk is full, an input changed, or workers keep dying.
        """
        match end:
            case Done():
                if shard is not None:
                    self._on_done(shard)
            case Died():
                self._bury(shard, end)
            case Failed(text, again) if again and shard is not None:
                self._bury(shard, Died("error", text))
            case Failed(text):
                raise BatchError(text)

    def _bury(self, shard: Shard | None, end: Died) -> None:
        LOGGER.debug("a worker died (%s) at rows %s of %s", end.reason, end.pages, shard)
        if shard is not None:
            self._shards.appendleft(shard)
            if end.pages and not (end.pages.last - end.pages.first == 1 and end.pages.first in self._aside(shard)):
                death = Death(shard.number, *end.pages, end.reason, end.reading)
                self._output.append(JOURNAL, json.dumps(death._asdict()))
                self._deaths[shard.number].append(death)
                return
        number = None if shard is None else shard.number
        self._outside[number] += 1
        if self._outside[number] < DEATHS_OUTSIDE:
            return
        if shard is None:
            msg = f"workers die before they begin ({end.details})"
        else:
            msg = (
                f"{shard} failed {DEATHS_OUTSIDE} times outside of any page ({end.reason}, {end.details}): its input cannot "
                "be read on this machine"
            )
        raise BatchError(msg)


def run_locally(waiting: Waiting, setting: Setting) -> None:
    """Process the waiting shards in worker processes, each watched from outside; returns when every part is complete.

    Raises:
        BatchError: as `Waiting.settle`.
    """
    jobs = setting.limits.jobs or os.cpu_count() or 1
    workers: list[Worker] = []
    try:
        while waiting or any(worker.task for worker in workers):
            while len(workers) < min(jobs, len(waiting) + sum(1 for worker in workers if worker.task)):
                workers.append(Worker(setting))
            for worker, task, message in listen(workers):
                match message:
                    case Begun():
                        worker.go()
                        continue
                    case Scored(pages):
                        waiting.on_scored(task.shard, pages.last)
                        continue
                    case Ready():
                        waiting.begin()
                    case end:
                        waiting.settle(task and task.shard, end)
                if isinstance(message, Died):
                    workers.remove(worker)
                elif waiting and not worker.is_worn:
                    worker.give(waiting.take())
                else:
                    workers.remove(worker)
                    worker.dismiss()
    finally:
        for worker in workers:
            worker.kill()
