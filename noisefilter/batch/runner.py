"""Inputs → cleaned shards: all steps of a run, and how an interrupted one is resumed."""

from __future__ import annotations

import json
import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from noisefilter.batch.columns import plan_columns
from noisefilter.batch.counts import Counts
from noisefilter.batch.cutter import Cutter
from noisefilter.batch.engine import LocalEngine
from noisefilter.batch.errors import BatchError, RefusedError, extra
from noisefilter.batch.formats import FORMATS
from noisefilter.batch.journal import Journal
from noisefilter.batch.options import Limits, Options
from noisefilter.batch.plan import (
    MANIFEST,
    PLAN,
    STDIN,
    SUMMARY,
    changed_files,
    differences,
    list_sources,
    make_manifest,
    make_shards,
    shards_from_json,
    shards_to_json,
)
from noisefilter.batch.storage import LOCK, open_storage
from noisefilter.batch.tasks import COLUMNS, COUNTS, part_name, part_path
from noisefilter.model import DEFAULT, policies_at
from noisefilter.policy import find_policy
from noisefilter.report.progress import Meter
from noisefilter.types import check_choices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from noisefilter.batch.engine import Engine
    from noisefilter.batch.options import EngineName
    from noisefilter.batch.plan import Source
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Shard

LOGGER = logging.getLogger("noisefilter")
SUCCESS = "_SUCCESS"
#: Files that a folder may hold before its run has a manifest, and prefixes of other such names.
EARLY, EARLY_BEGINNINGS = (LOCK, PLAN, COLUMNS), (STDIN, f".{MANIFEST}", f".{PLAN}", f".{COLUMNS}")
#: Changes that a message names.
SHOWN = 20
#: Threads that read counts.
READERS = 16


def run(
    inputs: Sequence[str],
    output: str | Path,
    options: Options | None = None,
    limits: Limits | None = None,
    *,
    engine: EngineName = "local",
    address: str | None = None,
    console: Console | None = None,
    stdin: IO[bytes] | None = None,
) -> dict[str, Any]:
    """Clean the inputs into a folder, or resume an earlier run of the same call; returns the summary.

    Args:
        inputs: files, folders, patterns, URLs that fsspec knows, or `-` for standard input.
        output: folder of this run alone, or a URL of one.
        options: what decides the output.
        limits: how many workers, and what a page may cost.
        engine: what processes shards: "local", or "ray" for the machines of a cluster; may change on resuming.
        address: the cluster's; what `ray.init` finds if None.
        console: where the bar is shown; standard error by default. Without a terminal, progress goes to the log.
        stdin: what `-` reads.

    Raises:
        RefusedError: wrong inputs, an unknown policy, another run in the folder, or changed inputs, options or model.
        BatchError: the run cannot continue; the same call resumes it.
        KeyboardInterrupt: it was stopped; as above.
    """
    options, limits = _settled(options or Options()), limits or Limits()
    folder = open_storage(output)
    if engine == "ray":
        extra("ray", "--engine ray", "ray")
    if "-" in inputs:  # else errors of the inputs come first
        _check_writer(options)
    _read_manifest(folder)  # a folder with other content gets no lock

    with folder.lock(LOGGER.warning) as check, _terminable():
        sources, passed_over = list_sources(inputs, options.input_format, folder, stdin)
        shards = _prepare(sources, folder, options, limits)
        _check_writer(options)
        done = folder.finished()
        left = [shard for shard in shards if part_name(shard.number) not in done]
        rate = None
        if left:
            folder.remove(SUCCESS)
            with _meter(console, shards, left, folder) as meter:
                _work(_engine(engine, options, limits, folder, address), left, folder, meter, check)
            rate = meter.rate
            _refuse_changed(sources, folder)
        elif shards:
            LOGGER.info("this run is done: nothing is scored again")
        check()
        return _finish(shards, folder, passed_over, rate)


def describe_state(output: str | Path) -> str:
    """How far an interrupted run got, and how to resume it, in words."""
    folder = open_storage(output)
    plan = folder.read(PLAN)
    if plan is None:
        return f"No page was scored and nothing is in {output}. To start again, run the same command."
    shards, finished = shards_from_json(plan), folder.finished()
    done = [shard for shard in shards if part_name(shard.number) in finished]
    pages = sum(counts["read"] for counts in _read_counts(folder, done))
    return f"{pages:,} pages in {len(done):,} of {len(shards):,} parts are done in {output}. To resume, run the same command."


def _settled(options: Options) -> Options:
    """The options with the policy itself for its name or path, whose meaning must not change during a run."""
    try:
        check_choices((options.format,), FORMATS, "format", "unknown format")
        return replace(options, policy=find_policy(options.policy, policies_at(options.model or DEFAULT)))
    except (TypeError, ValueError) as error:
        raise RefusedError(*map(str, error.args)) from error


def _prepare(sources: Sequence[Source], folder: Storage, options: Options, limits: Limits) -> list[Shard]:
    """The run's shards: planned now, or as an earlier run planned them."""
    known = _read_manifest(folder)
    folder.clear()
    manifest = make_manifest(sources, options)
    if known is not None:
        changed = differences(known, manifest)
        if changed:
            head, foot = f"{folder} holds a run that is not this one:", "choose another folder, or delete this one"
            raise RefusedError(head, *_first(changed), foot)
        return shards_from_json(_read(folder, PLAN))
    with Cutter(options, limits, folder) as cutter:
        shards = make_shards(sources, options.shard_pages, cutter.cut)
        if FORMATS[options.format].columns:
            folder.write(COLUMNS, plan_columns(sources, cutter.sample))
    folder.write(PLAN, shards_to_json(shards))
    folder.write(MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode("ascii"))
    return shards


def _refuse_changed(sources: Sequence[Source], folder: Storage) -> None:
    """Raise RefusedError if an input has changed since the run began: what was read may be of both versions."""
    changed = changed_files(sources)
    if changed:
        head, foot = (
            "inputs changed while the run read them:",
            f"choose another folder than {folder}, or delete it, and start again",
        )
        raise RefusedError(head, *_first(changed), foot)


def _first(changed: Sequence[str]) -> list[str]:
    """The first changes, one per line, and how many more there are."""
    more = [f"and {len(changed) - SHOWN:,} more"] if len(changed) > SHOWN else []
    return [f"  {line}" for line in (*changed[:SHOWN], *more)]


def _read_manifest(folder: Storage) -> dict[str, Any] | None:
    """The manifest of an earlier run in the folder; None if there was none.

    Raises:
        RefusedError: the folder holds something else.
    """
    content = folder.read(MANIFEST)
    if content is not None:
        try:
            return dict(json.loads(content))
        except ValueError as error:
            msg = f"{folder.place}/{MANIFEST} is no manifest of a run: {error}"
            raise RefusedError(msg) from error
    others = [name for name in folder.names() if name not in EARLY and not name.startswith(EARLY_BEGINNINGS)]
    if others:
        msg = f"{folder} is not empty and holds no run ({others[0]}): choose another folder"
        raise RefusedError(msg)
    return None


def _check_writer(options: Options) -> None:
    """Raise RefusedError now, before a page is read, if the output format's package is not installed."""
    if needed := FORMATS[options.format].extra:
        extra(*needed)


def _engine(name: EngineName, options: Options, limits: Limits, folder: Storage, address: str | None) -> Engine:
    if name == "ray":
        from noisefilter.batch.ray_engine import RayEngine  # noqa: PLC0415 - most runs do without

        return RayEngine(options, limits, folder, Journal(folder), address)
    return LocalEngine(options, limits, folder, Journal(folder))


def _meter(console: Console | None, shards: Sequence[Shard], left: Sequence[Shard], folder: Storage) -> Meter:
    """Progress meter, starting from what earlier starts finished."""
    counted = [shard.count for shard in shards]
    total = None if None in counted else sum(count or 0 for count in counted)
    numbers = {shard.number for shard in left}
    done = [shard for shard in shards if shard.number not in numbers]
    before = sum(counts["read"] for counts in _read_counts(folder, done))
    if before:
        LOGGER.info("resuming: %s pages in %d of %d parts are done", f"{before:,}", len(done), len(shards))
    return Meter("cleaning", total, before, console=console)


def _work(engine: Engine, left: Sequence[Shard], folder: Storage, meter: Meter, check: Callable[[], None]) -> None:
    """Process the remaining shards."""
    by_number = {shard.number: shard for shard in left}

    def on_pages(number: int, pages: int) -> None:
        check()
        if pages < 0:
            (counts,) = _read_counts(folder, [by_number[number]])
            LOGGER.debug("%s is done: %d rows in %.1f s", part_name(number), counts["read"], counts["seconds"])
            meter.finish(number, counts["read"])
        else:
            meter.advance(number, pages)

    try:
        engine.run(left, on_pages)
    finally:
        folder.clear()  # unfinished output: a full disk needs the space


def _finish(shards: Sequence[Shard], folder: Storage, passed_over: int, rate: float | None) -> dict[str, Any]:
    """Add up the counts, check that nothing is missing, write the summary and the success marker."""
    if rate is None and folder.read(SUCCESS) is not None and (summary := folder.read(SUMMARY)) is not None:
        return dict(json.loads(summary))
    counts = Counts()
    for shard, counted in zip(shards, _read_counts(folder, shards), strict=True):
        counts.merge(counted)
        if shard.count is not None and counted["read"] != shard.count:
            msg = f"{folder.place}: {part_name(shard.number)}: {counted['read']} rows read of {shard.count}: please report this"
            raise BatchError(msg)
    if not counts.balance():
        msg = f"{counts.read} rows read, {counts.kept} kept, {counts.dropped} dropped, {counts.rejected} rejected: please report this"
        raise BatchError(msg)
    totals = {**counts.summary(), "files_passed_over": passed_over}
    totals["pages_per_second"] = None if rate is None else round(rate, 1)
    folder.write(SUMMARY, (json.dumps(totals, indent=1) + "\n").encode("ascii"))
    folder.write(SUCCESS, b"")
    return totals


def _read_counts(folder: Storage, shards: Sequence[Shard]) -> Iterator[dict[str, Any]]:
    """Counts of finished shards, in order; several are read at a time, since object stores are slow."""
    with ThreadPoolExecutor(READERS) as pool:
        names = [part_path(part_name(shard.number), COUNTS) for shard in shards]
        yield from (dict(json.loads(content)) for content in pool.map(lambda name: _read(folder, name), names))


def _read(folder: Storage, name: str) -> bytes:
    content = folder.read(name)
    if content is None:
        msg = f"{folder.place}/{name} is gone"
        raise BatchError(msg)
    return content


@contextmanager
def _terminable() -> Iterator[None]:
    """Make SIGTERM, and SIGHUP from a closed terminal, stop the run like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
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
