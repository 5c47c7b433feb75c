"""Errors of a run, and the import of modules from extras."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from noisefilter.types import UserError, needs_extra


class BatchError(UserError, RuntimeError):
    """A run that cannot continue. Finished parts stay; the message says what to do, one argument per line."""


class RefusedError(BatchError):
    """A run that must not begin: wrong inputs, or a folder that belongs to another run."""


def extra(module: str, what: str, name: str = "batch") -> Any:  # noqa: ANN401 - the extras' libraries publish few types
    """A module of an extra, by default of `batch`.

    Raises:
        RefusedError: it is not installed; the message says what needs it and how to get it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise RefusedError(needs_extra(what, module.partition(".")[0], name)) from error
