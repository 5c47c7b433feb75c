"""What the threads and forks of a caller's process share: a lock, late imports, the number of BLAS threads."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - see LOCK
import logging  # noqa: F401 - see LOCK
import os
from functools import cache
from importlib import import_module
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

Value = TypeVar("Value")


class cached_property(Generic[Value]):  # noqa: N801 - it stands for the one of the library
    """That of `functools` without the lock that it has before Python 3.12, on which a forked child would wait for ever."""

    def __init__(self, function: Callable[[Any], Value]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object, owner: type) -> Self | Value:
        if instance is None:
            return self
        value = self._function(instance)
        instance.__dict__[self._name] = value
        return value


#: Held for moments, by whoever changes what threads share. A fork waits for it, and gives it back on both sides: a child that was
#: forked while another thread held it would wait for ever, since that thread does not exist there. Late imports run under it and
#: take locks of modules that do the same; these are imported above, so that a fork, which takes the youngest lock first, takes
#: them in the same order.
LOCK = RLock()

_imported: dict[str, ModuleType] = {}


def late_import(name: str) -> Any:  # noqa: ANN401 - whatever a module holds
    """A module that is imported when it is first needed, and never while a fork happens.

    Python locks each import: in a child that was forked meanwhile the import would wait for ever.
    """
    if name not in _imported:
        with LOCK:
            _imported[name] = import_module(name)
    return _imported[name]


@cache
def _libraries() -> list[Any]:
    """The BLAS libraries of the process, as threadpoolctl controls them."""
    found = late_import("threadpoolctl").ThreadpoolController().lib_controllers
    return [library for library in found if library.user_api == "blas"]


def _set_threads(library: Any, number: int) -> None:  # noqa: ANN401 - a controller of threadpoolctl's
    """Set the number of threads of a library, from whatever thread: threadpoolctl 3.8 heeds only the thread that was first."""
    give_up_control = getattr(library, "clear_controlling_thread", lambda **_: None)
    give_up_control(force=True)
    library.set_num_threads(number)
    give_up_control(force=True)


class _OneBlasThread:
    """While some thread scores, BLAS computes on one thread; after the last one on as many as before.

    A page's matrices are so small that threads wait longer than they work, and workers share cores. BLAS has one number for
    the whole process: if each thread put back what it had found, one would put back another's 1 for good.
    """

    def __init__(self) -> None:
        self.scoring: set[int] = set()  # threads: one that an exception threw out on the way leaves when it next scores
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
        """Put back what was found, unless somebody scores, or somebody else has set another number meanwhile."""
        if not self.scoring:
            for library, number in self.before.items():
                if library.num_threads == 1:
                    _set_threads(library, number)
            self.before = {}

    def forget_others(self) -> None:
        """In a child, no thread scores but perhaps the one that forked."""
        self.scoring &= {get_ident()}
        self._restore()


#: `with one_blas_thread:` around what scores.
one_blas_thread = _OneBlasThread()

if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release)
    os.register_at_fork(after_in_child=one_blas_thread.forget_others)
