"""Deaths of workers, recorded so that a resumed run knows them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from noisefilter.batch.tasks import Range, Task

if TYPE_CHECKING:
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Shard

JOURNAL = "deaths.jsonl"
#: A page that has killed a worker so often while it was tried alone is set aside. With the first try, in a batch, that
#: makes three at most: the first death may be another page's fault, the second due to a machine short of memory.
DEATHS_ALONE = 2


class Journal:
    """Which pages of which shards are to be scored alone, and which not at all.

    A run writes here only if it survives its worker, so a run that is killed blames no page.
    """

    def __init__(self, output: Storage) -> None:
        self._output = output
        self._alone: defaultdict[int, list[Range]] = defaultdict(list)
        self._deaths: Counter[tuple[int, int]] = Counter()
        self._aside: defaultdict[int, dict[int, str]] = defaultdict(dict)
        self._unread: defaultdict[int, set[int]] = defaultdict(set)
        for line in (output.read(JOURNAL) or b"").decode("ascii", "replace").splitlines():
            self._read(line)

    def _read(self, line: str) -> None:
        try:
            row = json.loads(line)
            self._remember(
                row["shard"], Range(row["first"], row["last"]), row["reason"], reading=row.get("reading", False)
            )
        except (ValueError, KeyError, TypeError):
            return  # a line cut off by a power loss: costs one more try

    def record(self, shard: int, pages: Range, reason: str, *, reading: bool = False) -> None:
        """Record that a worker died while it scored or read pages of a shard."""
        row = {"shard": shard, "first": pages.first, "last": pages.last, "reason": reason}
        self._output.append(JOURNAL, json.dumps({**row, "reading": True} if reading else row))
        self._remember(shard, pages, reason, reading=reading)

    def _remember(self, shard: int, pages: Range, reason: str, *, reading: bool) -> None:
        if pages.last - pages.first > 1:
            self._alone[shard].append(pages)
            return
        if reading:
            self._unread[shard].add(pages.first)
        self._deaths[shard, pages.first] += 1
        if self._deaths[shard, pages.first] >= DEATHS_ALONE:
            self._aside[shard][pages.first] = reason

    def is_aside(self, shard: int, pages: Range) -> bool:
        """Whether a page is already set aside, and so cannot be to blame again."""
        return pages.last - pages.first == 1 and pages.first in self._aside[shard]

    def task(self, shard: Shard) -> Task:
        """The shard, with what is known from earlier tries."""
        aside = dict(self._aside[shard.number])
        return Task(
            shard, aside, tuple(self._alone[shard.number]), frozenset(self._unread[shard.number] & aside.keys())
        )
