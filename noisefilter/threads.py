"""What the threads and forks of a process share: a lock, lazy imports, the number of BLAS threads, signals."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - see LOCK
import logging  # noqa: F401 - see LOCK
import os
import signal
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from threading import RLock, current_thread, get_ident, main_thread
from typing import TYPE_CHECKING, Any, Self

__all__ = ["LOCK", "cached_property", "late_import", "one_blas_thread", "terminable"]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from functools import cached_property
else:

    class cached_property:  # noqa: N801 - it replaces that of the library
        """`functools.cached_property` without its lock before Python 3.12, on which a forked child would hang."""

        def __init__(self, function: Callable[[Any], Any]) -> None:
            self._function = function
            self.__doc__ = function.__doc__

        def __get__(self, instance: object, owner: type) -> object:
            if instance is None:
                return self
            value = instance.__dict__[self._function.__name__] = self._function(instance)
            return value


#: Held briefly by whoever changes what threads share. A fork acquires it and releases it in parent and child: a child
#: forked while another thread held it would hang, since that thread does not exist there. Lazy imports run under it and
#: take locks of modules that do the same at a fork. These are imported above, so that a fork, which takes the lock
#: registered last first, takes them in the same order.
LOCK = RLock()


@cache
def late_import(name: str) -> Any:  # noqa: ANN401 - whatever a module holds
    """Import a module on first use, and never during a fork.

    Python locks each import: in a child that was forked meanwhile, the import would hang.
    """
    with LOCK:
        return import_module(name)


@cache
def _libraries() -> list[Any]:
    """threadpoolctl's controllers of the process' BLAS libraries."""
    found = late_import("threadpoolctl").ThreadpoolController().lib_controllers
    return [library for library in found if library.user_api == "blas"]


def _set_threads(library: Any, number: int) -> None:  # noqa: ANN401 - a controller of threadpoolctl's
    """Set a library's number of threads from any thread: threadpoolctl 3.8 obeys only the first one."""
    give_up_control = getattr(library, "clear_controlling_thread", lambda **_: None)
    give_up_control(force=True)
    library.set_num_threads(number)
    give_up_control(force=True)


class _OneBlasThread:
    """BLAS runs on one thread while any thread scores, and afterwards on as many as before.

    A page's matrices are so small that threads wait longer than they work, and workers share cores. BLAS has one number
    for the whole process: if each thread restored what it had found, one would restore another's 1 for good.
    """

    def __init__(self) -> None:
        self.scoring: set[int] = set()  # thread ids; one that an exception left here goes when the thread next scores
        self.before: dict[Any, int] = {}

    def __enter__(self) -> Self:
        with LOCK:
            self.scoring.add(get_ident())
            for library in _libraries():
                if library not in self.before and library.num_threads > 1:
                    self.before[library] = library.num_threads
                    _set_threads(library, 1)
        return self

    def __exit__(self, *_: object) -> None:
        with LOCK:
            self.scoring.discard(get_ident())
            self._restore()

    def _restore(self) -> None:
        """Restore the numbers, unless a thread still scores or other code has set another number meanwhile."""
        if not self.scoring:
            for library, number in self.before.items():
                if library.num_threads == 1:
                    _set_threads(library, number)
            self.before = {}

    def forget_others(self) -> None:
        """In a forked child, only the thread that forked may be scoring."""
        self.scoring &= {get_ident()}
        self._restore()


#: `with one_blas_thread:` around code that scores.
one_blas_thread = _OneBlasThread()

if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release)
    os.register_at_fork(after_in_child=one_blas_thread.forget_others)


@contextmanager
def terminable() -> Iterator[None]:
    """Make SIGTERM, and SIGHUP from a closed terminal, stop what runs like Ctrl-C."""
    if current_thread() is not main_thread():
        yield
        return

    def stop(*_: object) -> None:
        for name in caught:
            signal.signal(name, signal.SIG_IGN)  # a closing terminal sends several: the first one cleans up
        raise KeyboardInterrupt

    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGHUP)}
    caught = [name for name, handler in before.items() if handler is not signal.SIG_IGN]  # `nohup` stays in effect
    for name in caught:
        signal.signal(name, stop)
    try:
        yield
    finally:
        for name in caught:
            with suppress(TypeError):  # a handler that was not set from Python
                signal.signal(name, before[name])
