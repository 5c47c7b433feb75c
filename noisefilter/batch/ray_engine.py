"""Shards → finished shards, on the machines of a Ray cluster: a task is one try of one shard.

A task does what the local engine does with one worker: it watches a process of its own on its node, and reports which
pages that begins. What follows from a death is decided here, where all shards are known, by the local engine's rules.
Ray itself retries nothing, since it would not count the tries.
"""

from __future__ import annotations

import re
import signal
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import BatchError, extra
from noisefilter.batch.plan import describe_software
from noisefilter.batch.storage import refuse_memory
from noisefilter.batch.waiting import Waiting
from noisefilter.batch.watch import LOOK_S, Worker
from noisefilter.batch.worker import Begun, Done, Failed, Ready, Scored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from noisefilter.batch.journal import Journal
    from noisefilter.batch.options import Limits, Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Range, Shard, Task

#: Tasks submitted to Ray at a time, without `--jobs`: enough for it to see that more machines would have work.
IN_FLIGHT = 1000
#: Seconds in which the cluster's address must answer.
KNOCK_S = 10.0


@dataclass(frozen=True, slots=True)
class Died:
    """The worker died, as seen by the process that watched it on its node."""

    reason: str
    details: str
    reading: Range | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What all tasks of a run share.

    Args:
        options: what decides the output.
        limits: what a page may cost.
        output: the run's folder, the same on every node.
        software: version and model of the run, which every node must have.
    """

    options: Options
    limits: Limits
    output: Storage
    software: str


class Board:
    """Messages from tasks, in order; it lives on the run's own node, so that it survives the loss of any other."""

    def __init__(self) -> None:
        self._told: list[tuple[int, Begun | Scored]] = []

    def tell(self, number: int, message: Begun | Scored) -> None:
        """Keep a message from the try of this number."""
        self._told.append((number, message))

    def take(self) -> list[tuple[int, Begun | Scored]]:
        """The messages since the last call."""
        messages, self._told = self._told, []
        return messages


#: This process' worker between two tasks, with its setting, so that the model is not loaded for each shard.
_idle: list[tuple[Setting, Worker]] = []


def try_shard(setting: Setting, task: Task, number: int, board: Any) -> Done | Died | Failed:  # noqa: ANN401 - an actor
    """Do a task in a worker on this node; returns how it ended."""
    import ray  # noqa: PLC0415 - it runs this

    software = describe_software(setting.options)
    if software != setting.software:
        return Failed(f"{socket.gethostname()} has {software}, but the run {setting.software}")
    worker = _get_worker(setting, task)
    try:
        end = _watch(worker, task, lambda message: ray.get(board.tell.remote(number, message)))
    except BaseException:
        worker.kill()
        raise
    if isinstance(end, Done):
        _idle.append((setting, worker))
    else:
        worker.kill()
    return end


def _watch(worker: Worker, task: Task, tell: Callable[[Begun | Scored], object]) -> Done | Died | Failed:
    """Watch a worker as the local engine does, until its task ends."""
    while True:
        wait([worker.pipe], LOOK_S)
        while worker.pipe.poll():
            match message := worker.receive():
                case Ready():
                    worker.give(task)
                case Begun():
                    tell(message)
                    worker.go()
                case Scored():
                    tell(message)
                case None:
                    worker.kill()  # its exit code is known then
                    return Died(worker.doomed or "crash", f"exit code {worker.exit_code}", worker.reading)
                case (Done() | Failed()) as end:
                    return end
        worker.look()


def _get_worker(setting: Setting, task: Task) -> Worker:
    """The idle worker, given the task; or a new one, which will ask for it."""
    while _idle:
        known, worker = _idle.pop()
        if known == setting and not worker.is_worn:
            worker.give(task)
            return worker
        worker.dismiss()
    return Worker(setting.options, setting.limits, setting.output)


@dataclass(slots=True)
class _Try:
    """A task submitted to Ray, and the pages that it is scoring."""

    shard: Shard
    pages: Range | None = None


class RayEngine:
    """Runs shards as Ray tasks; pages that kill their workers are set aside as by the local engine.

    The loss of a node costs each of its workers a try. Their pages are then tried alone, as after any death, and pass.

    Args:
        options: what decides the output.
        limits: how many tasks at a time, and what a page may cost.
        output: the run's folder, which all nodes must reach.
        journal: where deaths are recorded.
        address: of the cluster; what `ray.init` finds if None.

    Raises:
        RefusedError: Ray is not installed, or nodes would not see the folder.
    """

    def __init__(
        self, options: Options, limits: Limits, output: Storage, journal: Journal, address: str | None
    ) -> None:
        refuse_memory(output)
        self._setting = Setting(options, limits, output, describe_software(options))
        self._journal, self._address, self._ray = journal, address, extra("ray", "--engine ray", "ray")
        self._tries: dict[int, _Try] = {}
        self._refs: dict[Any, int] = {}
        self._numbers = count(1)

    def run(self, shards: Sequence[Shard], on_pages: Callable[[int, int], None]) -> None:
        """Process shards; see `Engine`."""
        with _connected(self._ray, self._address), _told(self._ray):
            waiting, board = Waiting(shards, self._journal), self._start_board()
            submit = self._ray.remote(num_cpus=1, max_retries=0)(try_shard).remote
            try:
                while waiting or self._refs:
                    while waiting and len(self._refs) < (self._setting.limits.jobs or IN_FLIGHT):
                        self._submit(submit, waiting.take(), board)
                    done, _ = self._ray.wait(list(self._refs), timeout=LOOK_S)
                    ends = [(self._refs.pop(ref), self._how_it_ended(ref)) for ref in done]
                    self._hear(board, on_pages)
                    for number, end in ends:
                        self._settle(self._tries.pop(number), end, waiting, on_pages)
            finally:
                with suppress(self._ray.exceptions.RayError):  # what ended the run says that the cluster is gone
                    for ref in self._refs:
                        self._ray.cancel(ref, force=True)
                    self._ray.kill(board)

    def _start_board(self) -> Any:  # noqa: ANN401 - an actor
        here = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            self._ray.get_runtime_context().get_node_id(), soft=False
        )
        return self._ray.remote(num_cpus=0, scheduling_strategy=here)(Board).remote()

    def _submit(self, submit: Callable[..., Any], task: Task, board: Any) -> None:  # noqa: ANN401 - an actor
        number = next(self._numbers)
        self._tries[number] = _Try(task.shard)
        self._refs[submit(self._setting, task, number, board)] = number

    def _hear(self, board: Any, on_pages: Callable[[int, int], None]) -> None:  # noqa: ANN401 - an actor
        """Handle messages from tasks; one that was given up may still send some."""
        for number, message in self._ray.get(board.take.remote()):
            if number not in self._tries:
                continue
            match message:
                case Begun(pages):
                    self._tries[number].pages = pages
                case Scored(pages):
                    self._tries[number].pages = None
                    on_pages(self._tries[number].shard.number, pages.last)

    def _how_it_ended(self, ref: Any) -> Done | Died | Failed:  # noqa: ANN401 - a Ray reference
        """What a task returned; a lost node or Ray process counts as a death, a bug in the task ends the run."""
        try:
            return self._ray.get(ref)
        except self._ray.exceptions.RayTaskError as error:
            return Failed(str(error))
        except self._ray.exceptions.RayError as error:
            return Died("lost", f"{type(error).__name__}: {error}".partition("\n")[0])

    def _settle(
        self, attempt: _Try, end: Done | Died | Failed, waiting: Waiting, on_pages: Callable[[int, int], None]
    ) -> None:
        match end:
            case Done():
                on_pages(attempt.shard.number, -1)
            case Died(reason, details, reading):
                waiting.bury(attempt.shard, attempt.pages or reading, reason, details, reading=attempt.pages is None)
            case Failed(text, again) if again:
                waiting.bury(attempt.shard, None, "error", text)
            case Failed(text):
                raise BatchError(text)


@contextmanager
def _told(ray: Any) -> Iterator[None]:  # noqa: ANN401 - the module
    """Turn Ray's own errors, of a cluster that is gone or does not know this program, into a BatchError."""
    try:
        yield
    except ray.exceptions.RayError as error:
        msg = f"the Ray cluster went away: {type(error).__name__}: {error}: see to it, or go on with --engine local"
        raise BatchError(msg) from error


def _knock(address: str | None) -> None:
    """Raise OSError if nothing answers at `HOST:PORT`: Ray would try for minutes in silence."""
    found = re.fullmatch(r"(?:ray://)?([^:/]+):(\d+)", address or "")
    if found:
        socket.create_connection((found[1], int(found[2])), timeout=KNOCK_S).close()


@contextmanager
def _connected(ray: Any, address: str | None) -> Iterator[None]:  # noqa: ANN401 - the module
    """Connect to the cluster; the caller's own connection is left as it is."""
    if ray.is_initialized():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="warning")
    except Exception as error:  # including those of gRPC, tokens and Ray
        msg = f"no Ray cluster at {address or 'hand'}: {type(error).__name__}: {error}"
        raise BatchError(msg) from error
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray replaced the handler; it must stop the run as Ctrl-C does
        yield
    finally:
        ray.shutdown()
