"""How far a command is: a bar in a terminal, a line in the log every 30 seconds elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from noisefilter.report.printing import is_quiet, say, terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

LINE_S = 30
Item = TypeVar("Item")


class Meter:
    """Counts pages, of several shards if there are any; a restarted shard counts from where it is.

    Args:
        doing: what is done with the pages, in a word.
        total: how many there are, None if they were not counted.
        before: pages that earlier starts have done.
        console: where the bar is shown; standard error by default.
    """

    def __init__(
        self, doing: str, total: int | None = None, before: int = 0, *, console: Console | None = None
    ) -> None:
        console = console or terminal(stderr=True)
        self._doing, self._total, self._before = doing, total, before
        self._finished, self._current = 0, dict[int, int]()
        self._started = self._reported = time.monotonic()
        self._lines = not console.is_terminal
        self._bar = Progress(
            TextColumn(doing),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=self._lines or is_quiet(),
        )
        self._task = self._bar.add_task(doing, total=total, completed=before, rate="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, each counted as a page when the next is asked for."""
        with self:
            for count, item in enumerate(items, 1):
                yield item
                self.advance(0, count)

    def finish(self, shard: int, pages: int) -> None:
        """Count a shard of `pages` pages as done."""
        self._current.pop(shard, None)
        self._finished += pages
        self._show()

    def advance(self, shard: int, pages: int) -> None:
        """Set how many pages of a shard are done."""
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
        if not self._lines or now - self._reported < LINE_S:
            return
        self._reported = now
        of = f" of {self._total:,}" if self._total is not None else ""
        left = ""
        if self._total is not None and self.rate > 0:
            left = f", {(self._total - done) / self.rate / 60:.0f} minutes left"
        say(f"{self._doing}: {done:,}{of} pages, {self.rate:.1f} a second{left}")
