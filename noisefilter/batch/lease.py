"""An object → a lock, where the store has none: it is written again and again, and whoever sees it change stays away.

No clock is compared with another machine's. A lease that no one writes any more is taken over.
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

#: Seconds between writings; an object store takes a second at most, a busy machine a few.
BEAT_S = 10.0
#: So long a lease that is found is watched: three writings may be late.
WATCH_S = 35.0
#: So long after the first writing it is read again: of two runs that found none and wrote at once, the later stays.
SETTLE_S = 2.0


class Objects(Protocol):
    """What a lease asks of a store; `str` of it names it in messages."""

    def read(self, name: str) -> bytes | None:
        """An object's content; None if it is not there."""

    def write(self, name: str, content: bytes) -> None:
        """Put an object."""

    def remove(self, name: str) -> None:
        """Take an object away, if it is there."""


class Lease:
    """A lease on a store while the block runs.

    Args:
        store: where the object lies.
        name: its name.
        tell: is told that another run's lease is watched.

    Raises:
        RefusedError: another run writes it.
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
        with suppress(Exception):  # a store that is away: what ended the run must be told, not that
            if self._is_ours():
                self._store.remove(self._name)

    def check(self) -> None:
        """Raise BatchError if another run has taken the lease, as it may after this one stood still."""
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
            except Exception:  # noqa: BLE001, S112 - a store that is away for a while; the run itself meets it if it stays away
                continue
