"""`noisefilter clean` beside datatrove's local pipeline: the same pages and as many workers, in turns, each a whole process.

    python -m pip install '.[bench-batch]'
    python benchmarks/batch.py ../shared/corpus/wcxb/dev/html --pages 600

datatrove reads JSON lines, lets trafilatura extract the text, passes it through its filters (Gopher repetition, Gopher quality,
C4, FineWeb) and writes what is left. Its filters for URLs and languages are left out: they load lists and a model from the network.
"""

from __future__ import annotations

import argparse
import ctypes
import gzip
import json
import logging
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from noisefilter.batch.worker import THREADS
from noisefilter.page import read_page
from noisefilter.types import Page

#: What datatrove's steps import: it has no extra of its own for them that goes with our trafilatura.
NEEDED = ("datatrove", "orjson", "spacy")
#: Seconds that either gives a page: neither shall win by giving up.
TIMEOUT_S = 60
#: prctl's number for getting the orphans of one's children as children of one's own (linux/prctl.h).
PR_SET_CHILD_SUBREAPER = 36
OURS, THEIRS = "noisefilter clean", "datatrove"


class Turn(NamedTuple):
    """What a run took."""

    seconds: float
    computed: float
    kept: int


def write_input(source: Path, count: int, files: int, folder: Path) -> tuple[int, float]:
    """Pages as files of JSON lines, spread evenly over the source; their number and mean size in kB."""
    paths = sorted(path for path in source.rglob("*") if path.name.endswith((".html", ".html.gz")))
    paths = paths[:: max(1, len(paths) // count)][:count]
    if not paths:
        sys.exit(f"{source}: no .html or .html.gz in it")
    folder.mkdir()
    size = 0
    for number in range(files):
        with (folder / f"{number:03}.jsonl").open("w", encoding="ascii") as file:
            for path in paths[number::files]:
                content = path.read_bytes()
                html = read_page(Page(gzip.decompress(content) if path.suffix == ".gz" else content, format="html"))
                file.write(json.dumps({"id": path.name, "html": html.content}) + "\n")
                size += len(html.content)
    return len(paths), size / len(paths) / 1000


def run_datatrove(source: Path, output: Path, jobs: int) -> None:
    """One run of datatrove's pipeline; a task a file, as it divides work."""
    filters = import_module("datatrove.pipeline.filters")
    steps = [
        import_module("datatrove.pipeline.readers").JsonlReader(str(source), text_key="html"),
        import_module("datatrove.pipeline.extractors").Trafilatura(favour_precision=True, timeout=TIMEOUT_S),
        filters.GopherRepetitionFilter(),
        filters.GopherQualityFilter(),
        filters.C4QualityFilter(filter_no_terminal_punct=False),  # as FineWeb was made: the rule takes most lines away
        filters.FineWebQualityFilter(),
        import_module("datatrove.pipeline.writers").JsonlWriter(str(output / "kept")),
    ]
    executor = import_module("datatrove.executor").LocalPipelineExecutor
    tasks = len(list(source.glob("*.jsonl")))
    executor(steps, tasks=tasks, workers=jobs, logging_dir=str(output / "log")).run()


def command(name: str, source: Path, output: Path, jobs: int) -> list[str]:
    """How a run is started."""
    if name == THEIRS:
        return [sys.executable, __file__, str(source), "--jobs", str(jobs), "--datatrove", str(output)]
    script = Path(__file__).parent.parent / "scripts" / "clean.py"
    options = ["--format", "jsonl.gz", "--no-content", "--jobs", str(jobs), "--timeout", str(TIMEOUT_S)]
    return [sys.executable, str(script), str(source), "--output", str(output), *options]


def count_kept(output: Path) -> int:
    """Pages that a run wrote."""
    paths = output.glob("kept/*.jsonl.gz")
    return sum(len(gzip.decompress(path.read_bytes()).splitlines()) for path in paths)


def time_run(name: str, source: Path, output: Path, jobs: int) -> Turn:
    """Seconds that passed, and seconds computed by all processes of a run."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own
        command(name, source, output, jobs), env={**os.environ, **dict.fromkeys(THREADS, "1")}, check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    seconds = time.monotonic() - started
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-3000:]}")
    try:
        while True:  # servers of processes that outlive the run: their time counts, too
            os.wait()
    except ChildProcessError:
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    turn = Turn(
        seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, count_kept(output)
    )  # fmt: skip
    shutil.rmtree(output)
    return turn


def compare(source: Path, count: int, jobs: int, turns: int, folder: Path) -> None:
    """Run both in turns; print each run, and the medians of the turns' ratios."""
    found: dict[str, list[Turn]] = {OURS: [], THEIRS: []}
    for number in range(turns):
        for name in (OURS, THEIRS) if number % 2 == 0 else (THEIRS, OURS):
            turn = time_run(name, source, folder / "out", jobs)
            found[name].append(turn)
            print(
                f"{name}: {turn.seconds:.1f} s ({turn.computed:.1f} s computed), {count / turn.seconds:.1f} pages a second, "
                f"{turn.kept} pages written",
                flush=True,
            )
    passed, computed = (
        statistics.median(
            getattr(theirs, what) / getattr(ours, what) for ours, theirs in zip(found[OURS], found[THEIRS], strict=True)
        )
        for what in ("seconds", "computed")
    )
    print(f"{OURS} is {passed:.2f} times as fast as {THEIRS}, {computed:.2f} times by seconds computed")


def main() -> None:
    """Compare, or do one run of datatrove's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, help="folder with pages as .html or .html.gz")
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--files", type=int, default=8, help="files of JSON lines that the pages are divided into")
    parser.add_argument("--datatrove", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        sys.exit(
            f"{', '.join(missing)} not installed, so there is nothing to compare with: python -m pip install '.[bench-batch]'"
        )
    if options.datatrove:
        run_datatrove(options.source, options.datatrove, options.jobs)
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count, size = write_input(options.source, options.pages, options.files, folder / "in")
        print(f"{count} pages of {size:.0f} kB in {options.files} files, {options.jobs} workers")
        compare(folder / "in", count, options.jobs, options.turns, folder)


if __name__ == "__main__":
    main()
