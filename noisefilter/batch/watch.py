"""A worker process, watched from outside: its messages, time and memory."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from noisefilter.batch.pulse import MOVING, NO_ROW
from noisefilter.batch.tasks import Begun, Died, Done, Failed, Range, Ready, Scored
from noisefilter.batch.worker import work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from noisefilter.batch.options import Limits, Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Message

#: Seconds between checks of time and memory: in between, a page cannot take nearly as much as a machine has.
LOOK_S = 0.1


class Worker:
    """A separate process, not one of a pool: it can be killed without harm to others, and is replaced.

    Args:
        options: what decides the output.
        limits: what a page may cost.
        output: the run's folder.
        target: what it does: score shards, or read files.
    """

    def __init__(self, options: Options, limits: Limits, output: Storage, target: Callable[..., None] = work) -> None:
        self.settings, self._limits = (options, limits, output), limits
        self._scratch = tempfile.TemporaryDirectory(prefix="noisefilter-", ignore_cleanup_errors=True)
        context = multiprocessing.get_context("spawn")
        #: Its `Pulse`.
        self.numbers, self._steps = context.RawArray("q", (0, NO_ROW)), 0
        self.pipe: Connection
        self.pipe, there = context.Pipe()
        arguments = there, options, output, os.getpid(), self._scratch.name, self.numbers
        self._process = context.Process(target=target, args=arguments, daemon=True)
        with _no_main():
            self._process.start()
        there.close()  # so that the pipe breaks when the worker dies
        #: What it works on; None if it is starting or idle.
        self.task: Any = None
        self._pages: Range | None = None
        self.doomed: str | None = None
        self._since = time.monotonic()
        self._scored = 0

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid

    @property
    def is_worn(self) -> bool:
        """Whether it has scored so many pages that it must be replaced."""
        return self._scored >= self._limits.recycle_pages

    def give(self, task: Any) -> None:  # noqa: ANN401 - a `Task`, or a call
        """Send it its next task; if it died meanwhile, `receive` will tell."""
        self.task, self._since = task, time.monotonic()
        with suppress(OSError):
            self.pipe.send(task)

    def receive(self) -> Message:
        """Its next message, or how it died. If it uses too much memory before its first page, no page is to blame."""
        try:
            message: Message = self.pipe.recv()
        except (EOFError, OSError):
            return self._died()
        self._since = time.monotonic()
        match message:
            case Ready() if (held := resident_mb(self.pid)) > self._limits.memory_mb:
                return Failed(
                    f"a worker holds {held:.0f} MiB before its first page: {self._limits.memory_mb} MiB (--memory-mb) are too few"
                )
            case Begun(pages):
                self._pages = pages
            case Scored(pages):
                self._pages = None
                self._scored += pages.last - pages.first
            case Done() | Failed():
                self.task = None
        return message

    def go(self) -> None:
        """Let it score the pages that it has announced."""
        with suppress(OSError):
            self.pipe.send(None)

    def look(self) -> None:
        """Kill it if it takes too long over its pages or a row, or too much memory; its pipe then breaks."""
        if self.doomed or self.task is None:
            return
        steps, row = self.numbers
        if steps != self._steps:
            self._steps, self._since = steps, time.monotonic()
        if time.monotonic() - self._since > self._limits.timeout_s and (row != MOVING or self._pages):
            self.doomed = "timeout"
        elif resident_mb(self.pid) > self._limits.memory_mb:
            self.doomed = "memory"
        if self.doomed:
            self._process.kill()

    def _died(self) -> Died:
        self.kill()
        self.task = None
        reason, details = self.doomed or "crash", f"exit code {self._process.exitcode}"
        return Died(reason, details, self._pages or self.reading, reading=self._pages is None)

    @property
    def reading(self) -> Range | None:
        """The row at which it died while reading; None if it did something else, or was killed from outside."""
        _, row = self.numbers
        if row < 0 or (self.doomed is None and self._process.exitcode == -signal.SIGKILL):
            return None
        return Range(row, row + 1)

    def dismiss(self) -> None:
        """Let it end: it has no unfinished work."""
        with suppress(OSError):
            self.pipe.send(None)
        self._process.join(5)
        self.kill()

    def kill(self) -> None:
        """Kill it, and remove what it left unfinished outside of the run's folder."""
        self._process.kill()
        self._process.join()
        self.pipe.close()
        self._scratch.cleanup()


def listen(workers: Sequence[Worker]) -> Iterator[tuple[Worker, Any, Message]]:
    """Workers' messages, each with the task that it is about; waits briefly, and ends workers over their limits."""
    ready = wait([worker.pipe for worker in workers], LOOK_S)
    for worker in tuple(workers):
        while worker.pipe in ready and not worker.pipe.closed and worker.pipe.poll():
            task = worker.task
            yield worker, task, worker.receive()
        worker.look()


def resident_mb(pid: int | None) -> float:
    """Resident memory of a process in MiB; 0 where the system does not tell, or the process is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the main module from a worker's imports: it needs none of it, and that of Ray's processes takes 35 MiB."""
    before = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = before
