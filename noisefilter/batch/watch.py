"""A worker process, watched from outside: its messages, time and memory."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from noisefilter.batch.pulse import MOVING, Pulse
from noisefilter.batch.tasks import Range, Task
from noisefilter.batch.worker import Begun, Done, Failed, Message, Pieces, Ready, Sampled, Scored, work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from noisefilter.batch.options import Limits, Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Cut, Sample

#: Seconds between checks of time and memory: in between, a page cannot take nearly as much as a machine has.
LOOK_S = 0.1
#: Variables of libraries that compute on every core unless told otherwise; a worker has one.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


class Worker:
    """A separate process, not one of a pool: it can be killed without harm to others, and is replaced.

    Args:
        options: what decides the output.
        limits: what a page may cost.
        output: the run's folder.
        target: what it does: score shards, or cut files.
    """

    def __init__(self, options: Options, limits: Limits, output: Storage, target: Callable[..., None] = work) -> None:
        self._limits = limits
        self._scratch = tempfile.TemporaryDirectory(prefix="noisefilter-", ignore_cleanup_errors=True)
        context = multiprocessing.get_context("spawn")
        self._pulse, self._beats = Pulse(self._scratch.name), 0
        self.pipe: Connection
        self.pipe, there = context.Pipe()
        with _environment(self._scratch.name), _no_main():
            self._process: SpawnProcess = context.Process(
                target=target, args=(there, options, output, os.getpid(), self._scratch.name), daemon=True
            )
            self._process.start()
        there.close()  # so that the pipe breaks when the worker dies
        self.task: Task | None = None
        self._busy = False
        self.pages: Range | None = None
        self.doomed: str | None = None
        self._since = time.monotonic()
        self._done = 0

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid

    @property
    def scratch(self) -> str:
        """Its temporary folder, which is removed with it."""
        return self._scratch.name

    @property
    def exit_code(self) -> int | None:
        """Its exit code, as multiprocessing gives it."""
        return self._process.exitcode

    @property
    def is_worn(self) -> bool:
        """Whether it has scored so many pages that it must be replaced."""
        return self._done >= self._limits.recycle_pages

    def give(self, task: Task | Cut | Sample) -> None:
        """Send it its next task; if it died meanwhile, `receive` will tell."""
        self.task = task if isinstance(task, Task) else None
        self._busy, self._since = True, time.monotonic()
        with suppress(OSError):
            self.pipe.send(task)

    def receive(self) -> Message | None:
        """Its next message; None if it died. If it uses too much memory before its first page, no page is to blame."""
        try:
            message: Message = self.pipe.recv()
        except (EOFError, OSError):
            return None
        self._since = time.monotonic()
        match message:
            case Ready() if (held := resident_mb(self._process.pid)) > self._limits.memory_mb:
                return Failed(
                    f"a worker holds {held:.0f} MiB before its first page: {self._limits.memory_mb} MiB (--memory-mb) are too few"
                )
            case Begun(pages):
                self.pages = pages
            case Scored(pages):
                self.pages = None
                self._done += pages.last - pages.first
            case Done() | Pieces() | Sampled():
                self.task, self._busy = None, False
        return message

    def go(self) -> None:
        """Let it score the pages that it has announced."""
        with suppress(OSError):
            self.pipe.send(None)

    def look(self) -> None:
        """Kill it if it takes too long over its pages or a row, or too much memory; its pipe then breaks."""
        if self.doomed or not self._busy:
            return
        beats, row = self._pulse.read()
        if beats != self._beats:
            self._beats, self._since = beats, time.monotonic()
        if time.monotonic() - self._since > self._limits.timeout_s and (row != MOVING or self.pages):
            self.doomed = "timeout"
        elif resident_mb(self._process.pid) > self._limits.memory_mb:
            self.doomed = "memory"
        if self.doomed:
            self._process.kill()

    @property
    def reading(self) -> Range | None:
        """The row at which it died while reading; None if it did something else, or was killed from outside."""
        _, row = self._pulse.read()
        if row < 0 or self.pages is not None or (self.doomed is None and self.exit_code == -signal.SIGKILL):
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


def resident_mb(pid: int | None) -> float:
    """Resident memory of a process in MiB; 0 where the system does not tell, or the process is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)


@contextmanager
def _environment(scratch: str) -> Iterator[None]:
    """Environment variables for a child: one thread, and a temporary folder of its own."""
    wanted = {**dict.fromkeys(THREADS, "1"), "TMPDIR": scratch}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the main module from a worker's imports: it needs none of it, and that of Ray's processes takes 35 MiB."""
    before = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = before
