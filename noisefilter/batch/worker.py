"""A worker process: takes tasks from a pipe, announces the pages that it begins, and ends with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import BatchError
from noisefilter.batch.files import is_url
from noisefilter.batch.pulse import MOVING, PULSE
from noisefilter.batch.storage import FINAL, PAUSES_S
from noisefilter.batch.tasks import Begun, Done, Failed, Ready, Scored
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from functools import partial
    from multiprocessing.connection import Connection

    from noisefilter.batch.options import Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Range, Task

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


def work(pipe: Connection, options: Options, output: Storage, parent: int, scratch: str, numbers: Any) -> None:  # noqa: ANN401 - ctypes
    """Score shards until the pipe gives None or breaks."""
    _begin(parent, scratch, numbers)
    from noisefilter.batch.shard import load_scorer  # noqa: PLC0415 - takes a second, in which it must end with the parent

    try:
        load_scorer(options.scorer)(WARM_UP, options.model, options.policy)
    except Exception as error:  # noqa: BLE001 - whatever it is, every page of every worker would raise it
        pipe.send(Failed(f"{options.scorer} cannot score a page: {type(error).__name__}: {error}"))
        return
    pipe.send(Ready())
    _serve(pipe, lambda task: _score(task, options, output, pipe))


def read_files(pipe: Connection, _options: Options, _output: Storage, parent: int, scratch: str, numbers: Any) -> None:  # noqa: ANN401 - ctypes
    """Call functions that read a piece, their first argument, until the pipe gives None or breaks; needs no model."""
    _begin(parent, scratch, numbers)
    _serve(pipe, _read)


def _begin(parent: int, scratch: str, numbers: Any) -> None:  # noqa: ANN401 - ctypes
    """Tie the process to its parent, and set its environment: one thread, and a temporary folder of its own."""
    _end_with_parent(parent)
    os.environ.update({**dict.fromkeys(THREADS, "1"), "TMPDIR": scratch})
    PULSE.numbers = numbers


def _serve(pipe: Connection, do: Callable[[Any], Done | Failed]) -> None:
    with suppress(EOFError, BrokenPipeError):
        while (task := pipe.recv()) is not None:
            pipe.send(do(task))


def _read(task: partial[object]) -> Done | Failed:
    try:
        return Done(task())
    except Exception as error:  # noqa: BLE001 - whatever it is, the run ends with it
        return Failed(_describe(error, task.args[0].name))


def _score(task: Task, options: Options, output: Storage, pipe: Connection) -> Done | Failed:
    from noisefilter.batch.shard import run_shard  # noqa: PLC0415 - as above

    def begin(pages: Range) -> None:
        pipe.send(Begun(pages))
        pipe.recv()

    try:
        run_shard(task, options, output, begins=begin, ends=lambda pages: pipe.send(Scored(pages)))
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
