"""A lock for stores that have none: an object is rewritten at intervals, and whoever sees it change stays away.

Clocks of different machines are not compared. A lease that is no longer rewritten is taken over.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, Self

from noisefilter.batch.errors import BatchError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds between writes; an object store takes a second at most, a busy machine a few.
BEAT_S = 10.0
#: Seconds for which an existing lease is watched: three writes may be late.
WATCH_S = 35.0
#: Seconds from the first write until it is read back: of two runs that found none and wrote at once, the later wins.
SETTLE_S = 2.0


class Objects(Protocol):
    """What a lease needs of a store; its `str` names it in messages."""

    def read(self, name: str) -> bytes | None:
        """An object's content; None if it does not exist."""

    def write(self, name: str, content: bytes) -> None:
        """Write an object."""

    def remove(self, name: str) -> None:
        """Remove an object, if it exists."""


class Lease:
    """A lease on a store while the block runs.

    Args:
        store: where the object is.
        name: its name.
        tell: called with a message if another run's lease is watched.

    Raises:
        RefusedError: another run holds it.
    """

    def __init__(self, store: Objects, name: str, tell: Callable[[str], object]) -> None:
        self._store, self._name, self._tell = store, name, tell
        self._holder = f"{socket.gethostname()} process {os.getpid()} {uuid.uuid4().hex}"
        self._stop, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        seen = self._store.read(self._name)
        if seen is not None:
            self._tell(f"{self._store} has the lock of another run: watching for {WATCH_S:.0f} s whether that is alive")
            time.sleep(WATCH_S)
            self._refuse_unless(self._store.read(self._name) in {seen, None})
        self._write()
        time.sleep(SETTLE_S)
        self._refuse_unless(self._is_ours())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        with suppress(Exception):  # an unreachable store must not hide what ended the run
            if self._is_ours():
                self._store.remove(self._name)

    def check(self) -> None:
        """Raise BatchError if another run has taken the lease, as it may after this one stalled."""
        if self._lost.is_set():
            msg = f"another run has taken {self._store} over: this one stood still for too long"
            raise BatchError(msg)

    def _refuse_unless(self, free: bool) -> None:  # noqa: FBT001 - the one thing it asks
        if not free:
            holder = (self._store.read(self._name) or b"").decode("ascii", "replace").rsplit(" ", 2)[0]
            msg = f"another run is at work in {self._store} ({holder})"
            raise RefusedError(msg)

    def _is_ours(self) -> bool:
        return (self._store.read(self._name) or b"").startswith(self._holder.encode("ascii", "replace"))

    def _write(self) -> None:
        content = f"{self._holder} {time.time_ns()}"
        self._store.write(self._name, content.encode("ascii", "replace"))

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_S):
            try:
                if not self._is_ours():
                    self._lost.set()
                    return
                self._write()
            except Exception:  # noqa: BLE001, S112 - a store may be unreachable for a while; if it stays so, the run itself fails
                continue
