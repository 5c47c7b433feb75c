"""Inputs → cleaned shards: the table of contents of a run, and how it goes on after one that was killed."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console

from noisefilter.batch.counts import Counts
from noisefilter.batch.engine import LocalEngine
from noisefilter.batch.errors import BatchError, RefusedError, extra
from noisefilter.batch.files import write_whole
from noisefilter.batch.journal import Journal
from noisefilter.batch.options import Limits, Options
from noisefilter.batch.plan import (
    STDIN,
    differences,
    list_sources,
    make_manifest,
    make_shards,
    shards_from_json,
    shards_to_json,
)
from noisefilter.batch.progress import Meter
from noisefilter.batch.tasks import COUNTS, HIDDEN, part_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noisefilter.batch.plan import Source
    from noisefilter.batch.tasks import Shard

MANIFEST, PLAN, SUMMARY, SUCCESS, LOCK = "manifest.json", "plan.json", "summary.json", "_SUCCESS", ".lock"
#: What a folder may hold before its first run begins.
EARLY = (LOCK, STDIN, f".{MANIFEST}", f".{PLAN}", PLAN)


def run(
    inputs: Sequence[str], output: str | Path, options: Options | None = None, limits: Limits | None = None, *,
    console: Console | None = None, stdin: IO[bytes] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Clean the inputs into a folder, or finish what an earlier run of the same call began; the summary.

    Worker processes are spawned, so a script that calls this needs `if __name__ == "__main__":`.

    Args:
        inputs: files, folders, patterns, URLs that fsspec knows, or `-` for standard input.
        output: folder of this run alone.
        options: what decides the output.
        limits: how many workers, and what a page may cost.
        console: where progress is shown; standard error by default.
        stdin: what `-` reads.

    Raises:
        RefusedError: wrong inputs, another run in the folder, or a run whose inputs, options or model changed.
        BatchError: the run cannot go on; the same call goes on where it ended.
        KeyboardInterrupt: it was stopped; as above.
    """
    options, limits, console = options or Options(), limits or Limits(), console or Console(stderr=True)
    folder = Path(output)
    with _locked(folder), _terminable():
        shards, passed_over = _prepare(inputs, folder, options, stdin)
        left = [shard for shard in shards if not (folder / part_name(shard.number) / COUNTS).is_file()]
        rate = None
        if left:
            (folder / SUCCESS).unlink(missing_ok=True)
            rate = _work(left, shards, folder, options, limits, console)
        return _finish(shards, folder, passed_over, rate)


def _prepare(inputs: Sequence[str], folder: Path, options: Options, stdin: IO[bytes] | None) -> tuple[list[Shard], int]:
    """The run's shards: planned now, or as an earlier run planned them."""
    known = _read_manifest(folder)
    _remove_hidden(folder)
    sources, passed_over = list_sources(inputs, options.input_format, folder, stdin)
    manifest = make_manifest(sources, options)
    if known is not None:
        changed = differences(known, manifest)
        if changed:
            lines = "\n  ".join(changed)
            msg = f"{folder} holds a run that is not this one:\n  {lines}\nchoose another folder, or delete this one"
            raise RefusedError(msg)
        return shards_from_json((folder / PLAN).read_bytes()), passed_over
    _check_extras(sources, options)
    shards = make_shards(sources, options.shard_pages)
    write_whole(folder / PLAN, shards_to_json(shards))
    write_whole(folder / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode("ascii"))
    return shards, passed_over


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    """What an earlier run in the folder was; None if there was none.

    Raises:
        RefusedError: the folder holds something else.
    """
    if (folder / MANIFEST).is_file():
        try:
            return dict(json.loads((folder / MANIFEST).read_text(encoding="utf8")))
        except ValueError as error:
            msg = f"{folder / MANIFEST} is no manifest of a run: {error}"
            raise RefusedError(msg) from error
    others = [file.name for file in folder.iterdir() if not file.name.startswith(EARLY)]
    if others:
        msg = f"{folder} is not empty and holds no run ({others[0]}): choose another folder"
        raise RefusedError(msg)
    return None


def _remove_hidden(folder: Path) -> None:
    """Take away what killed workers left unfinished."""
    for path in folder.glob(f"{HIDDEN}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def _check_extras(sources: Sequence[Source], options: Options) -> None:
    """Raise RefusedError now, and not in a worker, for what is not installed."""
    formats = {source.format for source in sources}
    names = [source.file.path for source in sources]
    if "warc" in formats:
        extra("fastwarc", "reading WARC")
    if "parquet" in {*formats, options.format}:
        extra("pyarrow", "Parquet")
    if options.format == "jsonl.zst" or any(name.endswith((".zst", ".zstd")) for name in names):
        extra("zstandard", "reading or writing .zst (--format jsonl.gz does without)")


def _work(
    left: Sequence[Shard], shards: Sequence[Shard], folder: Path, options: Options, limits: Limits, console: Console
) -> float:
    """Do what is left; pages a second."""
    counted = [shard.count for shard in shards]
    total = None if None in counted else sum(count or 0 for count in counted)
    numbers = {shard.number for shard in left}
    before = sum(_read_counts(folder, shard)["read"] for shard in shards if shard.number not in numbers)
    by_number = {shard.number: shard for shard in left}
    with Meter(console, total, before) as meter:

        def on_pages(number: int, pages: int) -> None:
            if pages < 0:
                meter.finish(number, _read_counts(folder, by_number[number])["read"])
            else:
                meter.advance(number, pages)

        try:
            LocalEngine(options, limits, folder, Journal(folder)).run(left, on_pages)
        finally:
            _remove_hidden(folder)  # what the others were at: a full disk needs the room
        return meter.rate


def _finish(shards: Sequence[Shard], folder: Path, passed_over: int, rate: float | None) -> dict[str, Any]:
    """Add the counts up, check that nothing is missing, write the summary and the marker of success."""
    if (folder / SUCCESS).is_file() and rate is None and (folder / SUMMARY).is_file():
        return dict(json.loads((folder / SUMMARY).read_text(encoding="utf8")))
    counts = Counts()
    for shard in shards:
        own = _read_counts(folder, shard)
        counts.merge(own)
        if shard.count is not None and own["read"] != shard.count:
            msg = f"{folder / part_name(shard.number)}: {own['read']} rows read of {shard.count}: please report this"
            raise BatchError(msg)
    if not counts.balance():
        msg = f"{counts.read} rows read, {counts.kept} kept, {counts.dropped} dropped, {counts.rejected} rejected: please report this"
        raise BatchError(msg)
    summary = {**counts.summary(), "files_passed_over": passed_over}
    summary["pages_per_second"] = None if rate is None else round(rate, 1)
    write_whole(folder / SUMMARY, (json.dumps(summary, indent=1) + "\n").encode("ascii"))
    write_whole(folder / SUCCESS, b"")
    return summary


def _read_counts(folder: Path, shard: Shard) -> dict[str, Any]:
    return dict(json.loads((folder / part_name(shard.number) / COUNTS).read_text(encoding="ascii")))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder for this process alone; the system gives it free when the process ends, however it does."""
    if folder.is_file():
        msg = f"{folder} is a file: the output is a folder of parts"
        raise RefusedError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            msg = f"another run is at work in {folder}"
            raise RefusedError(msg) from error
        yield
    finally:
        os.close(handle)


@contextmanager
def _terminable() -> Iterator[None]:
    """Make a polite kill stop the run like Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        with suppress(TypeError):  # a handler that was not set from Python
            signal.signal(signal.SIGTERM, before)
