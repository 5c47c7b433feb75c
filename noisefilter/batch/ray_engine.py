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
from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import BatchError, extra
from noisefilter.batch.manifest import describe_software
from noisefilter.batch.tasks import Begun, Died, Done, Failed, Scored
from noisefilter.batch.worker import LOOK_S, Worker, finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noisefilter.batch.engine import Waiting
    from noisefilter.batch.tasks import End, Range, Shard, Task
    from noisefilter.batch.worker import Setting

#: Tasks submitted to Ray at a time, without `--jobs`: enough for it to see that more machines would have work.
IN_FLIGHT = 1000
#: Seconds in which the cluster's address must answer.
KNOCK_S = 10.0


class Board:
    """Messages from tasks, in order; it lives on the run's own node, so that it survives the loss of any other."""

    def __init__(self) -> None:
        self._messages: list[tuple[int, Begun | Scored]] = []

    def add(self, number: int, message: Begun | Scored) -> None:
        """Keep a message from the try of this number."""
        self._messages.append((number, message))

    def take(self) -> list[tuple[int, Begun | Scored]]:
        """The messages since the last call."""
        messages, self._messages = self._messages, []
        return messages


#: This process' worker between two tasks, so that the model is not loaded for each shard.
_idle: list[Worker] = []


def try_shard(setting: Setting, software: str, task: Task, number: int, board: Any) -> End:  # noqa: ANN401 - an actor
    """Do a task in a worker on this node; returns how it ended. Version and model must be the run's `software`."""
    import ray  # noqa: PLC0415 - it runs this

    here = describe_software(setting.options)
    if here != software:
        return Failed(f"{socket.gethostname()} has {here}, but the run {software}")
    worker = _get_worker(setting)
    end: End | None = None
    try:
        end = finish(worker, task, lambda message: ray.get(board.add.remote(number, message)))
    finally:
        if isinstance(end, Done):
            _idle.append(worker)
        else:
            worker.kill()
    return end


def _get_worker(setting: Setting) -> Worker:
    """The idle worker, or a new one."""
    while _idle:
        worker = _idle.pop()
        if worker.setting == setting and not worker.is_worn:
            return worker
        worker.dismiss()
    return Worker(setting)


@dataclass(slots=True)
class _Try:
    """A task submitted to Ray, and the pages that it is scoring."""

    shard: Shard
    ref: Any
    pages: Range | None = None


def run_on_ray(waiting: Waiting, setting: Setting, address: str | None) -> None:
    """Process the waiting shards as Ray tasks; pages that kill their workers are set aside as by the local engine.

    The loss of a node costs each of its workers a try. Their pages are then tried alone, as after any death, and pass.
    All nodes must reach the run's folder. Without an address, the cluster is what `ray.init` finds.

    Raises:
        BatchError: as `Waiting.settle`, or the cluster is gone.
    """
    ray, tries, numbers = extra("ray", "--engine ray", "ray"), dict[int, _Try](), count(1)
    software = describe_software(setting.options)
    with _connected(ray, address):
        board = _start_board(ray)
        submit = ray.remote(num_cpus=1, max_retries=0)(try_shard).remote
        try:
            while waiting or tries:
                while waiting and len(tries) < (setting.limits.jobs or IN_FLIGHT):
                    number, task = next(numbers), waiting.take()
                    tries[number] = _Try(task.shard, submit(setting, software, task, number, board))
                done, _ = ray.wait([attempt.ref for attempt in tries.values()], timeout=LOOK_S)
                ended = [number for number, attempt in tries.items() if attempt.ref in done]
                _handle(ray.get(board.take.remote()), tries, waiting)
                for number in ended:
                    attempt = tries.pop(number)
                    waiting.settle(attempt.shard, _how_it_ended(ray, attempt))
        finally:
            with suppress(ray.exceptions.RayError):  # what ended the run says that the cluster is gone
                for attempt in tries.values():
                    ray.cancel(attempt.ref, force=True)
                ray.kill(board)


def _start_board(ray: Any) -> Any:  # noqa: ANN401 - the module; an actor
    here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
        ray.get_runtime_context().get_node_id(), soft=False
    )
    return ray.remote(num_cpus=0, scheduling_strategy=here)(Board).remote()


def _handle(messages: list[tuple[int, Begun | Scored]], tries: dict[int, _Try], waiting: Waiting) -> None:
    """Handle messages from tasks; one that was given up may still send some."""
    for number, message in messages:
        if attempt := tries.get(number):
            attempt.pages = message.pages if isinstance(message, Begun) else None
            if isinstance(message, Scored):
                waiting.on_scored(attempt.shard, message.pages.last)


def _how_it_ended(ray: Any, attempt: _Try) -> End:  # noqa: ANN401 - the module
    """What a task returned; a lost node or Ray process counts as a death, a bug in the task ends the run."""
    try:
        end: End = ray.get(attempt.ref)
    except ray.exceptions.RayTaskError as error:
        return Failed(str(error))
    except ray.exceptions.RayError as error:
        return Died("lost", f"{type(error).__name__}: {error}".partition("\n")[0], attempt.pages)
    return end


@contextmanager
def _connected(ray: Any, address: str | None) -> Iterator[None]:  # noqa: ANN401 - the module
    """Connect to the cluster; the caller's own connection is left as it is.

    Raises:
        BatchError: it cannot be reached, or an error of Ray's: it is gone, or does not know this program.
    """
    before = signal.getsignal(signal.SIGTERM)
    is_ours = not ray.is_initialized()
    try:
        if is_ours:
            _knock(address)
            ray.init(address=address, log_to_driver=False, logging_level="warning")
    except Exception as error:  # including those of gRPC, tokens and Ray
        raise BatchError(f"no Ray cluster at {address or 'hand'}: {type(error).__name__}: {error}") from error
    try:
        if is_ours and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray replaced the handler; it must stop the run as Ctrl-C does
        yield
    except ray.exceptions.RayError as error:
        raise BatchError(
            f"the Ray cluster went away: {type(error).__name__}: {error}: see to it, or go on with --engine local"
        ) from error
    finally:
        if is_ours:
            ray.shutdown()


def _knock(address: str | None) -> None:
    """Raise OSError if nothing answers at `HOST:PORT`: Ray would try for minutes in silence."""
    found = re.fullmatch(r"(?:ray://)?([^:/]+):(\d+)", address or "")
    if found:
        socket.create_connection((found[1], int(found[2])), timeout=KNOCK_S).close()
