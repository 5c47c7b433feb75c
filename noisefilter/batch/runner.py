"""Inputs → cleaned shards: all steps of a run, and how an interrupted one is resumed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, get_args

from noisefilter.batch.counts import Counts
from noisefilter.batch.cutter import Cutter, check_fields, plan_columns, sample_fields
from noisefilter.batch.engine import Waiting, run_locally
from noisefilter.batch.errors import BatchError, RefusedError, extra
from noisefilter.batch.formats import FORMATS
from noisefilter.batch.manifest import changed_files, differences, make_manifest
from noisefilter.batch.options import InputFormat, Limits, Options
from noisefilter.batch.plan import make_shards, shards_from_json, shards_to_json
from noisefilter.batch.sources import list_sources
from noisefilter.batch.storage import open_storage, read_known
from noisefilter.batch.tasks import COLUMNS, LOCK, MANIFEST, PLAN, STDIN, SUCCESS, SUMMARY
from noisefilter.batch.worker import Setting
from noisefilter.model import DEFAULT, policy_at
from noisefilter.report.printing import LOGGER
from noisefilter.report.progress import Meter
from noisefilter.threads import terminable
from noisefilter.types import VERDICTS, check_choices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from noisefilter.batch.files import Source
    from noisefilter.batch.options import EngineName
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Shard

    Engine = Callable[[Waiting, Setting], None]

#: Beginnings of the names of files that a folder may hold before its run has a manifest.
EARLY = (LOCK, PLAN, COLUMNS)
EARLY_BEGINNINGS = (STDIN, f".{MANIFEST}", f".{PLAN}", f".{COLUMNS}")
#: Changes and empty files that a message names.
NAMED_CHANGES = 20
#: Threads that read counts.
READ_THREADS = 16


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
        RefusedError: wrong inputs, an unknown policy or field, another run in the folder, or changed inputs, options or model.
        TypeError: `inputs` is a single one.
        BatchError: the run cannot continue; the same call resumes it.
        KeyboardInterrupt: it was stopped; as above.
    """
    if isinstance(inputs, str | Path):
        raise TypeError(f"run takes several inputs: write [{str(inputs)!r}]")
    options, limits = _settled(options or Options()), limits or Limits()
    folder, process = open_storage(output), _engine(engine, address)
    setting = Setting(options, limits, folder)
    if "-" in inputs:  # else errors of the inputs come first
        _check_writer(options)
    _read_manifest(folder)  # a folder with other content gets no lock

    with folder.lock() as check, terminable():
        sources, passed_over = list_sources(inputs, options.input_format, folder, stdin)
        shards = _prepare(sources, setting)
        _check_writer(options)
        finished = folder.finished()
        left = [shard for shard in shards if shard.name not in finished]
        rate = None
        if left:
            folder.remove(SUCCESS)
            with _meter(console, shards, finished, folder) as meter:
                waiting = _wait(left, folder, meter, check)
                try:
                    process(waiting, setting)
                finally:
                    folder.clear()  # unfinished output: a full disk needs the space
            rate = meter.rate
            changed = changed_files(sources)  # what was read may be of both versions
            _refuse(
                "inputs changed while the run read them:",
                changed,
                f"choose another folder than {folder}, or delete it, and start again",
            )
        elif shards:
            LOGGER.info("this run is done: nothing is scored again")
        check()
        return _finish(shards, sources, folder, passed_over, rate)


def describe_state(output: str | Path) -> str:
    """How far an interrupted run got, and how to resume it, in words."""
    folder = open_storage(output)
    plan = folder.read(PLAN)
    if plan is None:
        return f"No page was scored and nothing is in {output}. To start again, run the same command."
    shards, finished = shards_from_json(plan), folder.finished()
    done = [shard for shard in shards if shard.name in finished]
    pages = sum(counts["read"] for counts in _read_counts(folder, done))
    return f"{pages:,} pages in {len(done):,} of {len(shards):,} parts are done in {output}. To resume, run the same command."


def _settled(options: Options) -> Options:
    """The options with the policy itself for its name or path, whose meaning must not change during a run.

    Raises:
        RefusedError: an unknown format, verdict or policy.
    """
    try:
        check_choices((options.format,), FORMATS, "format", "unknown format")
        check_choices((options.input_format,), get_args(InputFormat), "input_format", "unknown input_format")
        check_choices(options.only or (), VERDICTS, "only", "only knows no verdict")
        policy = policy_at(options.model or DEFAULT, options.policy)
    except (TypeError, ValueError) as error:
        raise RefusedError(*map(str, error.args)) from error
    return replace(options, policy=policy)


def _check_writer(options: Options) -> None:
    """Raise RefusedError if the package of the output format is not installed."""
    if needed := FORMATS[options.format].extra:
        extra(*needed)


def _engine(name: EngineName, address: str | None) -> Engine:
    if name == "local":
        return run_locally
    extra("ray", "--engine ray", "ray")
    from noisefilter.batch.ray_engine import run_on_ray  # noqa: PLC0415 - most runs do without

    return partial(run_on_ray, address=address)


def _prepare(sources: Sequence[Source], setting: Setting) -> list[Shard]:
    """The run's shards: planned now, or as an earlier run planned them."""
    options, _, folder = setting
    known = _read_manifest(folder)
    folder.clear()
    manifest = make_manifest(sources, options)
    if known is not None:
        changed = differences(known, manifest)
        _refuse(f"{folder} holds a run that is not this one:", changed, "choose another folder, or delete this one")
        return shards_from_json(read_known(folder, PLAN))
    with Cutter(setting) as cutter:
        check_fields(
            sources, options, partial(cutter.sample, look=sample_fields)
        )  # a plan would keep the folder to them
        shards = make_shards(sources, options.shard_pages, cutter.cut)
        if FORMATS[options.format].columns:
            folder.write(COLUMNS, plan_columns(sources, cutter.sample))
    folder.write(PLAN, shards_to_json(shards))
    folder.write(MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode("ascii"))
    return shards


def _refuse(head: str, changed: Sequence[str], foot: str) -> None:
    """Raise RefusedError with the first changes, one per line, if there are any."""
    if changed:
        more = [f"and {len(changed) - NAMED_CHANGES:,} more"] if len(changed) > NAMED_CHANGES else []
        raise RefusedError(head, *(f"  {line}" for line in (*changed[:NAMED_CHANGES], *more)), foot)


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
            raise RefusedError(f"{folder}/{MANIFEST} is no manifest of a run: {error}") from error
    others = [name for name in folder.names() if name not in EARLY and not name.startswith(EARLY_BEGINNINGS)]
    if others:
        raise RefusedError(f"{folder} is not empty and holds no run ({others[0]}): choose another folder")
    return None


def _meter(console: Console | None, shards: Sequence[Shard], finished: set[str], folder: Storage) -> Meter:
    """Progress meter, starting from what earlier starts finished."""
    counted = [shard.count for shard in shards]
    total = None if None in counted else sum(count or 0 for count in counted)
    done = [shard for shard in shards if shard.name in finished]
    before = sum(counts["read"] for counts in _read_counts(folder, done))
    if before:
        LOGGER.info("resuming: %s pages in %d of %d parts are done", f"{before:,}", len(done), len(shards))
    return Meter("cleaning", total, before, console=console)


def _wait(left: Sequence[Shard], folder: Storage, meter: Meter, check: Callable[[], None]) -> Waiting:
    """The remaining shards, with what follows when some of their pages, or all, are scored."""

    def on_scored(shard: Shard, pages: int) -> None:
        check()
        meter.advance(shard.number, pages)

    def on_done(shard: Shard) -> None:
        check()
        (counts,) = _read_counts(folder, [shard])
        LOGGER.debug("%s is done: %d rows in %.1f s", shard.name, counts["read"], counts["seconds"])
        meter.finish(shard.number, counts["read"])

    return Waiting(left, folder, on_scored, on_done)


def _finish(
    shards: Sequence[Shard], sources: Sequence[Source], folder: Storage, passed_over: int, rate: float | None
) -> dict[str, Any]:
    """Add up the counts, check that nothing is missing, name files without a row, write the summary and the success marker."""
    if rate is None and folder.read(SUCCESS) is not None and (summary := folder.read(SUMMARY)) is not None:
        return dict(json.loads(summary))
    counts, read = Counts(), set[str]()
    for shard, counted in zip(shards, _read_counts(folder, shards), strict=True):
        counts.merge(counted)
        read.update(piece.name for piece in shard.pieces if counted["read"])
        if shard.count is not None and counted["read"] != shard.count:
            raise BatchError(
                f"{folder}: {shard.name}: {counted['read']} rows read of {shard.count}: please report this"
            )
    if not counts.balance():
        raise BatchError(
            f"{counts.read} rows read, {counts.kept} kept, {counts.dropped} dropped, {counts.rejected} rejected: please report this"
        )
    empty = [source.name for source in sources if source.format != "pages" and source.name not in read]
    for name in empty[:NAMED_CHANGES]:
        LOGGER.warning("%s holds no page", name)
    if len(empty) > NAMED_CHANGES:
        LOGGER.warning("and %s more files hold no page", f"{len(empty) - NAMED_CHANGES:,}")
    totals = {**counts.summary(), "files_passed_over": passed_over}
    totals["pages_per_second"] = None if rate is None else round(rate, 1)
    folder.write(SUMMARY, (json.dumps(totals, indent=1) + "\n").encode("ascii"))
    folder.write(SUCCESS, b"")
    return totals


def _read_counts(folder: Storage, shards: Sequence[Shard]) -> Iterator[dict[str, Any]]:
    """Counts of finished shards, in order; several are read at a time, since object stores are slow."""
    with ThreadPoolExecutor(READ_THREADS) as pool:
        yield from pool.map(lambda shard: dict(json.loads(read_known(folder, shard.counts_path))), shards)
