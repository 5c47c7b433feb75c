"""How far a run is: a bar in a terminal, a line a minute elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from rich.console import Console

LINE_S = 60


class Meter:
    """Counts scored pages of shards; a shard that begins again counts from where it is.

    Args:
        console: where to show it.
        total: pages of the run, None if they were not counted.
        before: pages that earlier starts have done.
    """

    def __init__(self, console: Console, total: int | None, before: int) -> None:
        self._console, self._total, self._before = console, total, before
        self._finished, self._current = 0, dict[int, int]()
        self._started = self._told = time.monotonic()
        self._bar = Progress(
            TextColumn("cleaning"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("cleaning", total=total, completed=before, rate="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def finish(self, shard: int, pages: int) -> None:
        """A shard is done: so many pages were in it."""
        self._current.pop(shard, None)
        self._finished += pages
        self._show()

    def advance(self, shard: int, pages: int) -> None:
        """So many pages of a shard are scored."""
        self._current[shard] = pages
        self._show()

    @property
    def rate(self) -> float:
        """Pages a second since the start."""
        return self._done / max(1e-9, time.monotonic() - self._started)

    @property
    def _done(self) -> int:
        return self._finished + sum(self._current.values())

    def _show(self) -> None:
        done = self._before + self._done
        self._bar.update(self._task, completed=done, rate=f"{self.rate:.0f}/s")
        now = time.monotonic()
        if self._console.is_terminal or now - self._told < LINE_S:
            return
        self._told = now
        of = f" of {self._total:,}" if self._total is not None else ""
        left = ""
        if self._total is not None and self.rate > 0:
            left = f", {(self._total - done) / self.rate / 60:.0f} minutes left"
        self._console.print(f"{done:,}{of} pages, {self.rate:.0f} a second{left}", highlight=False)
