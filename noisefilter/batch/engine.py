"""Shards → finished shards, on this machine: worker processes, watched from outside.

Each worker is a process of its own and not one of a pool: it can be killed without harm to the others, and is replaced.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING

from noisefilter.batch.errors import BatchError
from noisefilter.batch.worker import Begun, Done, Failed, Message, Ready, Scored, work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from noisefilter.batch.journal import Journal
    from noisefilter.batch.options import Limits, Options
    from noisefilter.batch.tasks import Range, Shard

#: Seconds between looks at clocks and memory: what a page can take in between is far from what a machine has.
LOOK_S = 0.1
#: So often a worker may die without having begun a page (while it starts, reads or writes) before the run ends.
DEATHS_OUTSIDE = 10
#: Libraries that compute on every core unless told otherwise; a worker has one.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@dataclass(slots=True)
class _Worker:
    """A process, what it does, and since when."""

    process: SpawnProcess
    pipe: Connection
    shard: Shard | None = None
    pages: Range | None = None
    since: float = field(default_factory=time.monotonic)
    done: int = 0
    doomed: str | None = None

    def kill(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class LocalEngine:
    """Runs shards in worker processes; a page that kills its worker is found and set aside.

    Args:
        options: what decides the output.
        limits: how many workers, and what a page may cost.
        output: the run's folder.
        journal: where deaths are remembered.
    """

    def __init__(self, options: Options, limits: Limits, output: Path, journal: Journal) -> None:
        self._options, self._limits, self._output, self._journal = options, limits, output, journal
        self._workers: list[_Worker] = []
        self._pending: deque[Shard] = deque()
        self._outside: Counter[int] = Counter()

    def run(self, shards: Sequence[Shard], on_pages: Callable[[int, int], None]) -> None:
        """Return when every shard's folder stands.

        Args:
            shards: what is to be done.
            on_pages: called with a shard's number and how many of its pages are scored.

        Raises:
            BatchError: the disk is full, an input changed, or workers die whatever they do.
        """
        self._pending = deque(shards)
        wanted = min(len(shards), self._limits.jobs or os.cpu_count() or 1)
        try:
            while self._pending or any(worker.shard for worker in self._workers):
                while len(self._workers) < min(wanted, len(self._pending) + sum(1 for w in self._workers if w.shard)):
                    self._workers.append(self._start())
                self._listen(on_pages)
                self._look()
        finally:
            for worker in self._workers:
                worker.kill()
            self._workers.clear()

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        with _one_thread():
            process = context.Process(
                target=work, args=(there, self._options, str(self._output), os.getpid()), daemon=True
            )
            process.start()
        there.close()  # so that the pipe breaks when the worker dies
        return _Worker(process, here)

    def _listen(self, on_pages: Callable[[int, int], None]) -> None:
        """Take what workers say, for a moment; a pipe that breaks is a death."""
        heard = wait([worker.pipe for worker in self._workers], LOOK_S)
        for worker in [worker for worker in self._workers if worker.pipe in heard]:
            try:
                while worker.pipe.poll():
                    self._hear(worker, worker.pipe.recv(), on_pages)
                    if worker not in self._workers:
                        break
            except (EOFError, OSError):
                self._bury(worker)

    def _hear(self, worker: _Worker, message: Message, on_pages: Callable[[int, int], None]) -> None:
        worker.since = time.monotonic()
        match message:
            case Ready():
                self._outside[-1] = 0
                self._give(worker)
            case Begun(pages):
                worker.pages = pages
            case Scored():
                if worker.shard is not None and worker.pages is not None:
                    on_pages(worker.shard.number, worker.pages.last)
                worker.pages = None
            case Done():
                if worker.shard is not None:
                    worker.done += worker.shard.count or self._limits.recycle_pages
                    on_pages(worker.shard.number, -1)
                worker.shard = None
                self._give(worker)
            case Failed(text):
                raise BatchError(text)

    def _give(self, worker: _Worker) -> None:
        """The next shard for a worker; none is left, or it has done its share: it goes."""
        if self._pending and worker.done < self._limits.recycle_pages:
            worker.shard = self._pending.popleft()
            worker.pipe.send(self._journal.task(worker.shard))
            return
        worker.pipe.send(None)
        self._workers.remove(worker)
        worker.process.join(5)  # it has nothing left to lose
        worker.kill()

    def _look(self) -> None:
        """Kill what takes too long or too much; its pipe breaks, and `_listen` buries it."""
        now = time.monotonic()
        for worker in self._workers:
            if worker.doomed or worker.pages is None:
                continue
            if now - worker.since > self._limits.timeout_s:
                worker.doomed = "timeout"
            elif resident_mb(worker.process.pid) > self._limits.memory_mb:
                worker.doomed = "memory"
            if worker.doomed:
                worker.process.kill()

    def _bury(self, worker: _Worker) -> None:
        """Remember over which pages a worker died, and put its shard in front again."""
        self._workers.remove(worker)
        worker.kill()
        if worker.pages is not None and worker.shard is not None:
            self._journal.record(worker.shard.number, worker.pages, worker.doomed or "crash")
        else:
            self._count_outside(worker)
        if worker.shard is not None:
            self._pending.appendleft(worker.shard)

    def _count_outside(self, worker: _Worker) -> None:
        number = worker.shard.number if worker.shard else -1
        self._outside[number] += 1
        if self._outside[number] < DEATHS_OUTSIDE:
            return
        if worker.shard is None:
            msg = f"workers die before they begin (exit code {worker.process.exitcode})"
        else:
            piece = worker.shard.pieces[0]
            msg = (
                f"shard {number} ({piece.name} from row {piece.start}) killed {DEATHS_OUTSIDE} workers outside of any page "
                f"(exit code {worker.process.exitcode}): its input cannot be read on this machine"
            )
        raise BatchError(msg)


def resident_mb(pid: int | None) -> float:
    """Memory that a process holds, in MiB; 0 where the system does not tell, or it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The environment in which a child computes on one thread."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
