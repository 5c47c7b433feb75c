"""A worker process: takes tasks from a pipe, announces the pages that it begins, and ends with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noisefilter.batch.errors import BatchError
from noisefilter.batch.files import is_url
from noisefilter.batch.pulse import MOVING, Pulse
from noisefilter.batch.storage import FINAL, PAUSES_S
from noisefilter.batch.tasks import Sample
from noisefilter.types import Page

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from noisefilter.batch.options import Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Piece, Range, Task

#: prctl's number for the signal that a process gets when its parent dies (linux/prctl.h).
PR_SET_PDEATHSIG = 1

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


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker is ready."""


@dataclass(frozen=True, slots=True)
class Begun:
    """It will score these pages of its shard once this is acknowledged, so that every try is known."""

    pages: Range


@dataclass(frozen=True, slots=True)
class Scored:
    """These pages are scored."""

    pages: Range


@dataclass(frozen=True, slots=True)
class Done:
    """The shard's part is complete."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The shard failed, and no page is to blame: the run ends, unless another try may help."""

    message: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Pieces:
    """The file is cut."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Sampled:
    """The first rows of a file are read: fields with the kinds of their values."""

    kinds: dict[str, list[str]]


Message = Ready | Begun | Scored | Done | Failed | Pieces | Sampled


def work(pipe: Connection, options: Options, output: Storage, parent: int, scratch: str) -> None:
    """Do tasks until the pipe gives None or breaks."""
    _end_with_parent(parent)
    from noisefilter.batch.shard import load_scorer  # noqa: PLC0415 - takes a second, in which it must end with the parent

    pulse = Pulse(scratch)
    try:
        load_scorer(options.scorer)(WARM_UP, options.model, options.policy)
    except Exception as error:  # noqa: BLE001 - whatever it is, every page of every worker would raise it
        pipe.send(Failed(f"{options.scorer} cannot score a page: {type(error).__name__}: {error}"))
        return
    try:
        pipe.send(Ready())
        while (task := pipe.recv()) is not None:
            pipe.send(_do(task, options, output, pipe, pulse))
    except (EOFError, BrokenPipeError):
        return


def cut_files(pipe: Connection, options: Options, output: Storage, parent: int, scratch: str) -> None:  # noqa: ARG001 - as `work`
    """Cut files into pieces, or read their first rows, until the pipe gives None or breaks; needs no model."""
    _end_with_parent(parent)
    from noisefilter.batch.columns import sample_kinds  # noqa: PLC0415 - as in `work`
    from noisefilter.batch.pieces import cut_file  # noqa: PLC0415

    pulse = Pulse(scratch)
    with suppress(EOFError, BrokenPipeError):
        while (task := pipe.recv()) is not None:
            sampled = isinstance(task, Sample)
            try:
                if sampled:
                    pipe.send(Sampled(sample_kinds(task.piece, options, task.rows, pulse.beat)))
                    continue
                found = cut_file(
                    task.path, task.name, task.format, task.size, task.largest, beat=pulse.beat, stop=task.stop
                )
                pipe.send(Pieces(tuple(found)))
            except Exception as error:  # noqa: BLE001 - whatever it is, the run ends with it
                pipe.send(Failed(_describe(error, task.piece.name if sampled else task.name)))


def _do(task: Task, options: Options, output: Storage, pipe: Connection, pulse: Pulse) -> Message:
    from noisefilter.batch.shard import run_shard  # noqa: PLC0415 - as above

    def begin(pages: Range) -> None:
        pipe.send(Begun(pages))
        pipe.recv()

    try:
        run_shard(task, options, output, begins=begin, ends=lambda pages: pipe.send(Scored(pages)), beat=pulse.beat)
    except (BrokenPipeError, EOFError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the run ends with it
        first = task.shard.pieces[0]
        again = is_url(first.path) and not isinstance(error, FINAL)
        if again:  # a store or the network: give it some time
            pulse.beat(MOVING)
            time.sleep(PAUSES_S[-1])
        return Failed(_describe(error, f"shard {task.shard.number} ({first.name} from row {first.start})"), again)
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
