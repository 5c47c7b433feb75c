"""Shards → finished shards, on this machine, by worker processes that are each watched from outside."""

from __future__ import annotations

import os
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Protocol

from noisefilter.batch.errors import BatchError
from noisefilter.batch.storage import refuse_memory
from noisefilter.batch.waiting import Waiting
from noisefilter.batch.watch import LOOK_S, Worker
from noisefilter.batch.worker import Begun, Done, Failed, Message, Ready, Scored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from noisefilter.batch.journal import Journal
    from noisefilter.batch.options import Limits, Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Shard


class Engine(Protocol):
    """What processes shards."""

    def run(self, shards: Sequence[Shard], on_pages: Callable[[int, int], None]) -> None:
        """Process shards; returns when every part is complete.

        Args:
            shards: what is to be done.
            on_pages: called with a shard's number and how many of its pages are scored, -1 when its part is complete.

        Raises:
            BatchError: the disk is full, an input changed, or workers keep dying.
        """


class LocalEngine:
    """Runs shards in worker processes; a page that kills its worker is found and set aside.

    Args:
        options: what decides the output.
        limits: how many workers, and what a page may cost.
        output: the run's folder.
        journal: where deaths are recorded.

    Raises:
        RefusedError: workers would not see the folder.
    """

    def __init__(self, options: Options, limits: Limits, output: Storage, journal: Journal) -> None:
        refuse_memory(output)
        self._options, self._limits, self._output, self._journal = options, limits, output, journal
        self._workers: list[Worker] = []
        self._waiting = Waiting((), journal)

    def run(self, shards: Sequence[Shard], on_pages: Callable[[int, int], None]) -> None:
        """Process shards; see `Engine`."""
        self._waiting = Waiting(shards, self._journal)
        wanted = min(len(shards), self._limits.jobs or os.cpu_count() or 1)
        try:
            while self._waiting or any(worker.task for worker in self._workers):
                while len(self._workers) < min(wanted, len(self._waiting) + sum(1 for w in self._workers if w.task)):
                    self._workers.append(Worker(self._options, self._limits, self._output))
                self._listen(on_pages)
                for worker in self._workers:
                    worker.look()
        finally:
            for worker in self._workers:
                worker.kill()
            self._workers.clear()

    def _listen(self, on_pages: Callable[[int, int], None]) -> None:
        """Handle workers' messages, waiting briefly; a broken pipe means that a worker died."""
        ready = wait([worker.pipe for worker in self._workers], LOOK_S)
        for worker in [worker for worker in self._workers if worker.pipe in ready]:
            while worker in self._workers and worker.pipe.poll():
                number = worker.task.shard.number if worker.task else -1
                message = worker.receive()
                if message is None:
                    self._bury(worker)
                else:
                    self._hear(worker, message, number, on_pages)

    def _hear(self, worker: Worker, message: Message, number: int, on_pages: Callable[[int, int], None]) -> None:
        match message:
            case Ready():
                self._waiting.begin()
                self._give(worker)
            case Begun():
                worker.go()
            case Scored(pages):
                on_pages(number, pages.last)
            case Done():
                on_pages(number, -1)
                self._give(worker)
            case Failed(text, again) if again and worker.task:
                self._waiting.bury(worker.task.shard, None, "error", text)
                self._give(worker)
            case Failed(text):
                raise BatchError(text)

    def _give(self, worker: Worker) -> None:
        """Give a worker its next shard; dismiss it if there is none, or it is worn."""
        if self._waiting and not worker.is_worn:
            worker.give(self._waiting.take())
            return
        self._workers.remove(worker)
        worker.dismiss()

    def _bury(self, worker: Worker) -> None:
        self._workers.remove(worker)
        worker.kill()
        shard = worker.task.shard if worker.task else None
        pages, reading = worker.pages or worker.reading, worker.pages is None
        self._waiting.bury(shard, pages, worker.doomed or "crash", f"exit code {worker.exit_code}", reading=reading)
