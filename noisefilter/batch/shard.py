"""Shard → finished output: the one function that every engine calls.

It writes to a hidden folder and publishes its files, the counts last. A part is complete once its counts are there, and
a second process that does the same part finds them.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from contextlib import ExitStack, closing, suppress
from itertools import groupby
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from noisefilter.batch.counts import Counts
from noisefilter.batch.fields import Entry, Fault, read_entry, replace_field
from noisefilter.batch.formats import FORMATS, added_fields, describe
from noisefilter.batch.readers import read_piece, watched
from noisefilter.batch.storage import read_known
from noisefilter.batch.tasks import COLUMNS, DROPPED, FOLDERS, HIDDEN, KEPT, MOVING, OWN, PULSE, REJECTS, Range
from noisefilter.batch.writers.lines import LineWriter
from noisefilter.batches import cut_batches
from noisefilter.decide import drop_reason
from noisefilter.types import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from noisefilter.batch.options import Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Task
    from noisefilter.policy import Policy
    from noisefilter.types import Page, Score

    ScorePages = Callable[[Sequence[Page], str | None, Policy | str | None], Sequence[Score]]


def score_pages(pages: Sequence[Page], model: str | None, policy: Policy | str | None = None) -> list[Score]:
    """Scores of the pages, in order, by the model in a folder, loaded once per process; by the shipped one if None.

    Errors for which `score_many` gives a status are raised here: the shard puts that page among its rejects.
    """
    from noisefilter import pipeline  # noqa: PLC0415 - a second that another scorer does not need
    from noisefilter.model import as_model  # noqa: PLC0415

    return pipeline.score_pages(pages, as_model(model), {}, policy=policy)


def run_shard(
    task: Task,
    options: Options,
    output: Storage,
    *,
    begins: Callable[[Range], object] = lambda _: None,
    ends: Callable[[Range], object] = lambda _: None,
) -> None:
    """Read, score and write a shard; returns when its files are in `output` for good.

    `begins` is called with the places of pages before they are scored: if the process dies, one of them is to blame.
    `ends` is called with the same when they are scored.

    Raises:
        OSError: input or output fails; nothing remains of the shard.
        BatchError: the input changed.
    """
    shard, started = task.shard, time.monotonic()
    hidden = output.spool / f"{HIDDEN}{shard.number:05d}-{uuid.uuid4().hex}"
    try:
        for name in FOLDERS:
            (hidden / name).mkdir(parents=True)
        columns = json.loads(read_known(output, COLUMNS)) if FORMATS[options.format].columns else {}
        with ExitStack() as stack:
            out = _Output(hidden, shard.name, options, columns, stack)
            _fill(out, task, options, begins, ends)
        out.counts.seconds = round(time.monotonic() - started, 3)
        (hidden / shard.counts_path).write_text(json.dumps(out.counts.to_dict()), encoding="ascii")
        PULSE.beat(MOVING)
        output.publish(hidden, shard.name)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _fill(
    out: _Output, task: Task, options: Options, begins: Callable[[Range], object], ends: Callable[[Range], object]
) -> None:
    """Score a shard's pages batch by batch, and write them."""
    scorer: ScorePages = resolve_name(options.scorer)
    for batch in _batches(_entries(task, options, out), task.alone):
        pages = Range(batch[0].order, batch[-1].order + 1)
        begins(pages)
        results = _score(scorer, batch, options)
        ends(pages)
        PULSE.beat()
        for entry, result in zip(batch, results, strict=True):
            out.add(entry, result)


def _entries(task: Task, options: Options, out: _Output) -> Iterator[Entry]:
    """Entries that hold a page and are not set aside; the others are rejected."""
    order = 0
    for piece in task.shard.pieces:
        places = (place for place in task.unread if order <= place and (piece.count < 0 or place < order + piece.count))
        unread = {place - order: _died(task, place, "read") for place in places}
        for row in watched(read_piece(piece, unread), piece, order):
            entry = read_entry(row, order, piece, options.fields)
            out.counts.read += 1
            if entry.fault is not None:
                out.add(entry, entry.fault)
            elif order in task.aside:
                out.add(entry, _died(task, order, "scored"))
            else:
                yield entry
            order += 1
    PULSE.beat()


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

    def __init__(self, folder: Path, part: str, options: Options, columns: Mapping[str, str], stack: ExitStack) -> None:
        form = FORMATS[options.format]
        self.counts = Counts()
        self._content = options.content
        self._visible_text = options.visible_text or form.visible_text
        self._dropping = frozenset() if options.only is None else frozenset(VERDICTS) - set(options.only)
        names = {
            name: added_fields(visible_text=self._visible_text, dropped=name == DROPPED) for name in (KEPT, DROPPED)
        }
        self._kept, self._dropped = (
            stack.enter_context(closing(form.open(folder / name / f"{part}{form.suffix}", columns, added)))
            for name, added in names.items()
        )
        self._rejects = stack.enter_context(closing(LineWriter(folder / REJECTS / f"{part}.jsonl")))

    def _fields(self, entry: Entry) -> Mapping[str, Any]:
        """The row's fields, with a page in UTF-8 as text: of other bytes a writer cannot tell what they are."""
        fields, name = entry.row.fields, entry.content_field
        if name and not self._content:
            return replace_field(fields, name)
        if name and entry.page and isinstance(entry.page.content, bytes):
            with suppress(UnicodeDecodeError):
                return replace_field(fields, name, entry.page.content.decode())
        return fields

    def add(self, entry: Entry, result: Score | Fault) -> None:
        """Write a page to the kept or the dropped ones, or what cannot be scored to the rejects."""
        if isinstance(result, Fault):
            record = {"id": entry.id, "source": entry.source, "number": entry.row.number, **result._asdict()}
            self._rejects.write(record | ({} if entry.row.raw is None else {"raw": entry.row.raw}))
            self.counts.reject(result.reason)
            return
        reason = drop_reason(result, self._dropping)
        described = describe(entry.id, result, visible_text=self._visible_text)
        fields = self._fields(entry)
        if reason is None:
            self._kept.write({**fields, OWN: described})
        else:
            self._dropped.write({**fields, OWN: {**described, "reason": reason}})
        self.counts.add(result, reason)
