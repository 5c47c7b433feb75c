"""A worker process, and who watches it from outside.

The process takes tasks from a pipe, announces the pages that it begins, and ends with its parent. The watcher receives its
messages, and kills it if it takes too much time or memory.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from noisefilter.batch.errors import BatchError
from noisefilter.batch.files import is_url
from noisefilter.batch.storage import FINAL, PAUSES_S
from noisefilter.batch.tasks import MOVING, NO_ROW, PULSE, Begun, Died, Done, Failed, Range, Ready, Scored
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from functools import partial
    from multiprocessing.connection import Connection

    from noisefilter.batch.options import Limits, Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import End, Message, Task

#: Seconds between checks of time and memory: in between, a page cannot take nearly as much as a machine has.
LOOK_S = 0.1
#: prctl's number for the signal that a process gets when its parent dies (linux/prctl.h).
PR_SET_PDEATHSIG = 1
#: Variables of libraries that compute on every core unless told otherwise; a worker has one.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

_STORY = (
    "The bridge over the Lenne was closed on Monday after an inspector found two cracked bearings. Repairs begin in May and "
    "should take nine weeks, the county's engineer said. Until then buses turn at the mill, and walkers may use the weir."
)
#: Scored before a worker is ready, so that loading (the model takes seconds on a busy machine) does not count as a
#: crawled page's time.
WARM_UP = (
    Page(f"<html><body><nav><a href='/'>Home</a></nav><article><p>{_STORY}</p><p>{_STORY}</p></article></body></html>"),
    Page(f"{_STORY}\n\n{_STORY}", format="text"),
)


class Setting(NamedTuple):
    """What all tasks of a run share: what decides the output, what a page may cost, and the run's folder."""

    options: Options
    limits: Limits
    output: Storage


def work(pipe: Connection, setting: Setting, parent: int, scratch: str, numbers: Any) -> None:  # noqa: ANN401 - ctypes
    """Score shards until the pipe gives None or breaks."""
    _begin(parent, scratch, numbers)
    from noisefilter.batch.shard import run_shard  # noqa: PLC0415 - takes a second, in which it must end with the parent

    options = setting.options
    try:
        resolve_name(options.scorer)(WARM_UP, options.model, options.policy)
    except Exception as error:  # noqa: BLE001 - whatever it is, every page of every worker would raise it
        pipe.send(Failed(f"{options.scorer} cannot score a page: {type(error).__name__}: {error}"))
        return
    _serve(pipe, lambda task: _score(run_shard, task, setting, pipe))


def read_files(pipe: Connection, _setting: Setting, parent: int, scratch: str, numbers: Any) -> None:  # noqa: ANN401 - ctypes
    """Call functions that read a piece, their first argument, until the pipe gives None or breaks; needs no model."""
    _begin(parent, scratch, numbers)
    _serve(pipe, _read)


def _begin(parent: int, scratch: str, numbers: Any) -> None:  # noqa: ANN401 - ctypes
    """Tie the process to its parent, and set its environment: one thread, and a temporary folder of its own."""
    _end_with_parent(parent)
    os.environ.update({**dict.fromkeys(THREADS, "1"), "TMPDIR": scratch})
    PULSE.numbers = numbers


def _serve(pipe: Connection, do: Callable[[Any], Done | Failed]) -> None:
    with suppress(EOFError, BrokenPipeError):  # the parent is gone
        pipe.send(Ready())
        while (task := pipe.recv()) is not None:
            pipe.send(do(task))


def _read(task: partial[object]) -> Done | Failed:
    try:
        return Done(task())
    except Exception as error:  # noqa: BLE001 - whatever it is, the run ends with it
        return Failed(_describe(error, task.args[0].name))


def _score(run_shard: Callable[..., None], task: Task, setting: Setting, pipe: Connection) -> Done | Failed:
    def begin(pages: Range) -> None:
        pipe.send(Begun(pages))
        pipe.recv()

    try:
        run_shard(task, setting.options, setting.output, begins=begin, ends=lambda pages: pipe.send(Scored(pages)))
    except (BrokenPipeError, EOFError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the run ends with it
        again = is_url(task.shard.pieces[0].path) and not isinstance(error, FINAL)
        if again:  # a store or the network: give it some time
            PULSE.beat(MOVING)
            time.sleep(PAUSES_S[-1])
        return Failed(_describe(error, str(task.shard)), again)
    return Done()


def _describe(error: Exception, place: str) -> str:
    """The error in words, for the user; with its place if it is unforeseen: a bug, or an error of a store."""
    if isinstance(error, BatchError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f': {error.filename}' if error.filename else ''}"
    return f"{place}: {type(error).__name__}: {error}"


def _end_with_parent(parent: int) -> None:
    """End with the parent: killed by the system, or by a thread if that cannot do it. The parent handles signals."""
    for name in (signal.SIGINT, signal.SIGHUP):  # these reach the whole group; the parent decides
        signal.signal(name, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before this line
        os._exit(1)

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


class Worker:
    """A separate process, not one of a pool: it can be killed without harm to others, and is replaced.

    It scores shards, or reads files if that is its `target`.
    """

    def __init__(self, setting: Setting, target: Callable[..., None] = work) -> None:
        self.setting, self._limits = setting, setting.limits
        self._scratch = tempfile.TemporaryDirectory(prefix="noisefilter-", ignore_cleanup_errors=True)
        context = multiprocessing.get_context("spawn")
        #: Its `Pulse`, in memory that both share.
        self.numbers, self._steps = context.RawArray("q", (0, NO_ROW)), 0
        self.pipe: Connection
        self.pipe, there = context.Pipe()
        arguments = there, setting, os.getpid(), self._scratch.name, self.numbers
        self._process = context.Process(target=target, args=arguments, daemon=True)
        with _no_main():
            self._process.start()
        there.close()  # so that the pipe breaks when the worker dies
        self.is_ready = False
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
            case Ready():
                self.is_ready = True
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


def finish(worker: Worker, task: Any, tell: Callable[[Begun | Scored], object] = lambda _: None) -> End:  # noqa: ANN401 - as in `give`
    """Have a worker do a task, as soon as it is ready: how that ended. `tell` gets what it says of its pages meanwhile."""
    if worker.is_ready:
        worker.give(task)
    while True:
        for _, _, message in listen([worker]):
            match message:
                case Ready():
                    worker.give(task)
                case Begun():
                    tell(message)
                    worker.go()
                case Scored():
                    tell(message)
                case end:
                    return end


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
