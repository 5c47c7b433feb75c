"""A store whose first answer is an error of its own, and a scorer whose import makes it known to workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from tests.poisoned import score_pages

__all__ = ["register", "score_pages"]


class StoreError(Exception):
    """No OSError."""


class FlakyFileSystem(LocalFileSystem):  # type: ignore[misc]
    """Local files under `flaky://`; the first that reads one in a worker is told that there are no credentials."""

    protocol = "flaky"

    def _open(self, path: str, *arguments: Any, **options: Any) -> Any:
        failed = Path(f"{path}.failed")
        if not failed.exists():
            failed.touch()
            msg = "no credentials"
            raise StoreError(msg)
        return super()._open(path, *arguments, **options)


def register() -> None:
    """Make the protocol known to this process."""
    fsspec.register_implementation("flaky", FlakyFileSystem, clobber=True)


register()
