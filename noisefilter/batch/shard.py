"""Shard → finished output: the one function that every engine calls.

It writes to a hidden folder and publishes its files, the counts last. A part is complete once its counts are there, and
a second process that does the same part finds them.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from contextlib import ExitStack
from functools import cache, partial
from importlib import import_module
from itertools import groupby
from typing import TYPE_CHECKING

from noisefilter.batch.columns import read_columns
from noisefilter.batch.counts import Counts
from noisefilter.batch.fields import Entry, Fault, Row, to_entry
from noisefilter.batch.files import is_url
from noisefilter.batch.formats import FORMATS
from noisefilter.batch.pieces import read_piece
from noisefilter.batch.pulse import MOVING, NO_ROW, no_beat
from noisefilter.batch.records import OWN, describe
from noisefilter.batch.tasks import COUNTS, HIDDEN, REJECTS, Range, Task, part_name
from noisefilter.batch.writers.lines import LineWriter
from noisefilter.batches import cut_batches
from noisefilter.decide import drop_reason
from noisefilter.types import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from noisefilter.batch.options import Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Piece
    from noisefilter.batch.writers.base import Columns
    from noisefilter.policy import Policy
    from noisefilter.types import Page, Score

    ScorePages = Callable[[Sequence[Page], str | None, Policy | str | None], Sequence[Score]]


def load_scorer(path: str) -> ScorePages:
    """The function that an import path names, as in `module:function`."""
    module, _, name = path.partition(":")
    scorer: ScorePages = getattr(import_module(module), name)
    return scorer


def run_shard(
    task: Task,
    options: Options,
    output: Storage,
    *,
    begins: Callable[[Range], None],
    ends: Callable[[Range], None],
    beat: Callable[[int], None] = no_beat,
) -> None:
    """Read, score and write a shard; returns when its files are in `output` for good.

    Args:
        task: the shard.
        options: what decides its output.
        output: the folder of the run.
        begins: called with the places of pages before they are scored: if the process dies, one of them is to blame.
        ends: called with the same when they are scored.
        beat: called at every other step, with the place of the row that is read next.

    Raises:
        OSError: input or output fails; nothing remains of the shard.
        BatchError: the input changed.
    """
    number = task.shard.number
    hidden = output.spool / f"{HIDDEN}{number:05d}-{uuid.uuid4().hex}"
    hidden.mkdir()
    try:
        counts = _write_shard(task, options, output, hidden, begins, ends, beat)
        with (hidden / COUNTS).open("w", encoding="ascii") as file:
            json.dump(counts.to_dict(), file)
            file.flush()
            os.fsync(file.fileno())
        beat(MOVING)
        output.publish(hidden, part_name(number))
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _write_shard(
    task: Task,
    options: Options,
    output: Storage,
    folder: Path,
    begins: Callable[[Range], None],
    ends: Callable[[Range], None],
    beat: Callable[[int], None],
) -> Counts:
    started = time.monotonic()
    scorer = load_scorer(options.scorer)
    with ExitStack() as stack:
        out = _Output(folder, options, cache(partial(read_columns, output)), stack)
        for batch in _batches(_entries(task, options, out, beat), task.alone):
            pages = Range(batch[0].order, batch[-1].order + 1)
            begins(pages)
            results = _score(scorer, batch, options)
            ends(pages)
            beat(NO_ROW)
            for entry, result in zip(batch, results, strict=True):
                if isinstance(result, Fault):
                    out.reject(entry, result)
                else:
                    out.add(entry, result)
    out.counts.seconds = round(time.monotonic() - started, 3)
    return out.counts


def _entries(task: Task, options: Options, out: _Output, beat: Callable[[int], None]) -> Iterator[Entry]:
    """Entries that hold a page and are not set aside; the others are rejected."""
    order = 0
    for piece in task.shard.pieces:
        for row in _watched(piece, order, task, beat):
            entry = to_entry(row, order, piece.name, options.fields)
            out.counts.read += 1
            if entry.fault is not None:
                out.reject(entry, entry.fault)
            elif order in task.aside:
                out.reject(entry, _died(task, order, "scored"))
            else:
                yield entry
            order += 1
    beat(NO_ROW)


def _watched(piece: Piece, first: int, task: Task, beat: Callable[[int], None]) -> Iterator[Row]:
    """Rows of a piece that begins at place `first` of the shard; the watcher is told of each before it is read."""
    local = not is_url(piece.path)  # a store that does not answer is no row's fault
    count = 0

    def tick() -> None:
        beat(first + count if local else NO_ROW)

    unread = {order - first: _died(task, order, "read") for order in task.unread if order >= first}
    tick()
    for row in read_piece(
        piece, tick, {place: unread[place] for place in unread if place < piece.count or piece.count < 0}
    ):
        yield row
        count += 1
        tick()


def _died(task: Task, order: int, when: str) -> Fault:
    return Fault(task.aside[order], f"its worker died each time that this page was {when}")


def _batches(entries: Iterator[Entry], alone: Sequence[Range]) -> Iterator[list[Entry]]:
    """Entries in the same batches as in `score_many`; those of the ranges `alone` one by one."""
    for suspected, group in groupby(
        entries, key=lambda entry: any(first <= entry.order < last for first, last in alone)
    ):
        if suspected:
            yield from ([entry] for entry in group)
        else:
            yield from cut_batches(group, lambda entry: len(entry.page.content) if entry.page else 0)


def _score(scorer: ScorePages, batch: Sequence[Entry], options: Options) -> Sequence[Score | Fault]:
    """One score per page; if the batch fails, page by page, with a fault for each that fails by itself."""
    pages = [entry.page for entry in batch if entry.page is not None]
    try:
        return scorer(pages, options.model, options.policy)
    except Exception as error:  # noqa: BLE001 - a bug that one page brings out must not stop a crawl
        if len(batch) == 1:
            reason = "memory" if isinstance(error, MemoryError) else "error"
            return [Fault(reason, f"{type(error).__name__}: {error}"[:1000])]
    return [result for entry in batch for result in _score(scorer, [entry], options)]


class _Output:
    """The three files of a shard, and what was counted while they were written."""

    def __init__(self, folder: Path, options: Options, columns: Columns, stack: ExitStack) -> None:
        form = FORMATS[options.format]
        self.counts = Counts()
        self._content = options.content
        self._more = (*(("visible_text",) if options.visible_text else ()), *form.more)
        self._dropping = frozenset() if options.only is None else frozenset(VERDICTS) - set(options.only)
        self._kept = form.open(folder / f"kept{form.suffix}", columns)
        stack.callback(self._kept.close)
        self._dropped = form.open(folder / f"dropped{form.suffix}", columns)
        stack.callback(self._dropped.close)
        self._rejects = LineWriter(folder / REJECTS)
        stack.callback(self._rejects.close)

    def add(self, entry: Entry, score: Score) -> None:
        """Write a page to the kept or the dropped ones."""
        reason = drop_reason(score, self._dropping)
        described = describe(entry.id, score, self._more)
        fields = dict(entry.row.fields)
        if not self._content and entry.content_field:
            fields.pop(entry.content_field, None)
        if reason is None:
            self._kept.write({**fields, OWN: described})
        else:
            self._dropped.write({**fields, OWN: {**described, "reason": reason}})
        self.counts.add(score, reason)

    def reject(self, entry: Entry, fault: Fault) -> None:
        """Write what cannot be scored to the rejects."""
        record = {"id": entry.id, "source": entry.source, "number": entry.row.number, **fault._asdict()}
        record |= {} if entry.row.raw is None else {"raw": entry.row.raw}
        self._rejects.write(record)
        self.counts.reject(fault.reason)
