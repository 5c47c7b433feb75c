"""What the batch must hold, measured: kills at random moments, speed beside a plain loop, memory over many pages.

    python scripts/check_batch.py kills corpus/pages --pages 5000 --poison 20 --kills 200
    python scripts/check_batch.py speed ../shared/corpus/wcxb/dev/html --pages 2000
    python scripts/check_batch.py memory corpus/pages --pages 50000
    python scripts/check_batch.py formats corpus/pages --pages 10000

The pages of the input are repeated under new ids until there are as many as wanted.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from noisefilter.batch import BatchError, Limits, Options, run
from noisefilter.batch.pieces import read_piece
from noisefilter.batch.plan import list_sources, make_shards
from noisefilter.batch.storage import LocalFolder
from noisefilter.batch.watch import THREADS, resident_mb
from noisefilter.types import Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.policy import Policy
    from noisefilter.types import Page

HANG, CRASH, MEMORY = (f"poison: {kind} [check_batch]" for kind in ("hang", "crash", "memory"))


def deadly_scores(pages: Sequence[Page], model: str | None, policy: Policy) -> list[Score]:
    """Scores as the batch gives them; pages that are marked as poison kill their worker for real."""
    from noisefilter.batch.scorer import score_pages  # noqa: PLC0415 - a second that the parent does not need

    _die_of(pages)
    return score_pages(pages, model, policy)


def quick_scores(pages: Sequence[Page], _model: str | None, _policy: Policy) -> list[Score]:
    """Scores made up, of 5 ms a page; poison is as deadly. Workers start in half a second instead of some."""
    _die_of(pages)
    time.sleep(0.005 * len(pages))
    text = "made up"
    return [Score(text, (), (), 0.5, 0.5, 0.5, 0.5, "keep", "ok", None, "en", page.url, "quick-1", 2) for page in pages]


def _die_of(pages: Sequence[Page]) -> None:
    for page in pages:
        content = page.content if isinstance(page.content, str) else ""
        if content.endswith(HANG):
            time.sleep(1e6)
        if content.endswith(CRASH):
            os.kill(os.getpid(), signal.SIGSEGV)
        held = []
        while content.endswith(MEMORY):
            held.append(b"x" * 50_000_000)


def make_input(name: str, folder: Path, count: int, poison: int = 0) -> tuple[Path, set[str]]:
    """JSON lines of so many pages, and the ids of the poison ones."""
    sources, _ = list_sources([name], "auto", LocalFolder(folder / "none"), None)
    rows = [row for shard in make_shards(sources, 0) for piece in shard.pieces for row in read_piece(piece)]
    contents = [text for row in rows if (text := _content(row.page.content if row.page else row.fields.get("text")))]
    deadly = set(random.Random(1).sample(range(count), poison))
    with (folder / "pages.jsonl").open("w", encoding="ascii") as file:
        for number, content in enumerate(islice(cycle(contents), count)):
            end = (HANG, CRASH, MEMORY)[number % 3] if number in deadly else ""
            file.write(json.dumps({"id": f"p{number}", "content": content + end}) + "\n")
    return folder / "pages.jsonl", {f"p{number}" for number in deadly}


def _content(content: object) -> str:
    return (
        content.decode("utf8", "replace") if isinstance(content, bytes) else content if isinstance(content, str) else ""
    )


def found_ids(output: Path) -> tuple[Counter[str], set[str]]:
    """How often each id stands in the output, and which are rejected."""
    found, rejected = Counter[str](), set()
    for name in ("kept", "dropped", "rejects"):
        for path in output.glob(f"{name}/part-*.jsonl"):
            own = [json.loads(line)["id"] for line in path.read_text(encoding="ascii").splitlines()]
            found.update(own)
            rejected |= set(own) if name == "rejects" else set()
    return found, rejected


def spawned(pid: int) -> list[int]:
    """Worker processes of a run."""
    with suppress(OSError):
        children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())
        return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    return []


def start(options: argparse.Namespace, source: Path, output: Path, **limits: float) -> subprocess.Popen[bytes]:
    """A run in a process of its own: this script with the word `run`."""
    command = [sys.executable, __file__, "run", str(source), "--output", str(output), "--limits", json.dumps(limits)]
    size = [] if options.shard_pages is None else ["--shard-pages", str(options.shard_pages)]
    return subprocess.Popen([*command, *size, *["--quick"] * options.quick])  # noqa: S603


def check_kills(options: argparse.Namespace, folder: Path) -> bool:
    """SIGKILL the run and its workers at random moments, start again until it is done, then again from nothing."""
    source, deadly = make_input(options.input, folder, options.pages, options.poison)
    dice, told, rounds, good = random.Random(options.seed), Counter[str](), 0, True
    begun = time.monotonic()
    while told["run"] + told["worker"] < options.kills:
        rounds += 1
        output = folder / f"out-{rounds}"
        _run_and_kill(options, source, output, dice, told)
        found, rejected = found_ids(output)
        once = found == Counter(f"p{number}" for number in range(options.pages))
        good &= once and rejected == deadly
        print(
            f"round {rounds}: {told['run']} kills of runs, {told['worker']} of workers, {told['gave up']} runs gave up so far; "
            f"{found.total()} ids, each once: {once}, rejects are the {len(deadly)} poison pages: {rejected == deadly}, "
            f"{time.monotonic() - begun:.0f} s",
            flush=True,
        )
        shutil.rmtree(output)
    return good


def _run_and_kill(
    options: argparse.Namespace, source: Path, output: Path, dice: random.Random, told: Counter[str]
) -> None:
    """One run to its end, however often it must be started for that; `told` counts what was done to it."""
    limits = {"jobs": 2, "timeout_s": options.timeout, "memory_mb": 1500}
    process = start(options, source, output, **limits)
    while process.poll() != 0:
        time.sleep(dice.uniform(0.2, options.pause))
        if told["run"] + told["worker"] >= options.kills:
            process.wait()
        if process.poll():  # so many workers were killed in a row that the run gave up: the same command goes on
            told["gave up"] += 1
            process = start(options, source, output, **limits)
        elif process.poll() is None and dice.random() < 0.25:
            process.kill()
            process.wait()
            told["run"] += 1
            process = start(options, source, output, **limits)
        elif process.poll() is None and (workers := spawned(process.pid)):
            with suppress(ProcessLookupError):
                os.kill(dice.choice(workers), signal.SIGKILL)
                told["worker"] += 1


def check_speed(options: argparse.Namespace, folder: Path) -> bool:
    """Seconds of one worker, two workers and a plain loop, each a whole process, in turns; the medians' ratios."""
    source, _ = make_input(options.input, folder, options.pages)
    loop = (
        "import json, sys, noisefilter\n"
        "rows = map(json.loads, open(sys.argv[1], encoding='ascii'))\n"
        "with open(sys.argv[2], 'w') as out:\n"
        "    for score in noisefilter.score_many(noisefilter.Page(row['content']) for row in rows):\n"
        "        out.write(json.dumps(score.to_dict()) + '\\n')\n"
    )
    seconds: dict[str, list[float]] = {"loop": [], "one worker": [], "two workers": []}
    for turn in range(options.turns):
        for name, own in seconds.items():
            begun, before = time.monotonic(), _computed()
            if name == "loop":
                command = [sys.executable, "-c", loop, str(source), str(folder / "loop.jsonl")]
                subprocess.run(command, check=True, env={**os.environ, **dict.fromkeys(THREADS, "1")})  # noqa: S603
            else:
                process = start(options, source, folder / f"{name}-{turn}", jobs=1 + (name == "two workers"))
                if process.wait():
                    return False
            own.append(time.monotonic() - begun)
            ours, others = (after - then for after, then in zip(_computed(), before, strict=True))
            print(
                f"{name}: {own[-1]:.1f} s ({ours:.1f} s computed, {others:.1f} s by others), "
                f"{options.pages / own[-1]:.1f} pages a second",
                flush=True,
            )
    middle = {name: sorted(own)[len(own) // 2] for name, own in seconds.items()}
    print(f"two workers are {middle['one worker'] / middle['two workers']:.2f} times as fast as one")
    print(f"one worker takes {middle['one worker'] / middle['loop'] - 1:+.1%} beside a plain loop")
    return middle["one worker"] >= 1.8 * middle["two workers"] and middle["one worker"] <= 1.1 * middle["loop"]


def _computed() -> tuple[float, float]:
    """Seconds that children of this process have computed, and all other processes of the machine, where it tells."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours, busy = used.ru_utime + used.ru_stime, 0.0
    with suppress(OSError):
        user, nice, system = Path("/proc/stat").read_text(encoding="ascii").split()[1:4]
        busy = (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")
    return ours, busy - ours


def check_memory(options: argparse.Namespace, folder: Path) -> bool:
    """Resident MiB of one worker that is never replaced, over the run."""
    source, _ = make_input(options.input, folder, options.pages)
    process = start(options, source, folder / "out", jobs=1, recycle_pages=10**9)
    seen: list[tuple[float, float]] = []
    while process.poll() is None:
        time.sleep(0.5)
        if (folder / "out" / "counts" / "part-00000.json").is_file():  # it has begun
            seen += [(resident_mb(worker), resident_mb(process.pid)) for worker in spawned(process.pid)]
    for low in range(10):
        own = seen[low * len(seen) // 10 : (low + 1) * len(seen) // 10]
        if own:
            workers = [row[0] for row in own]
            print(
                f"{low * 10:3}% to {low * 10 + 10:3}%: worker {median(workers):.0f} MiB, at most {max(workers):.0f}; "
                f"parent {max(row[1] for row in own):.0f} MiB"
            )
    early, late = (median(row[0] for row in own) for own in (seen[: len(seen) // 5], seen[4 * len(seen) // 5 : -1]))
    print(f"growth of the median from the first fifth to the last: {late / early - 1:+.1%}")
    return process.returncode == 0 and late <= 1.05 * early


def check_formats(options: argparse.Namespace, folder: Path) -> bool:
    """The same pages as JSON lines, Parquet and WARC give the same records, in the same order."""
    import pyarrow as pa  # noqa: PLC0415 - only here
    import pyarrow.parquet as pq  # noqa: PLC0415

    source, _ = make_input(options.input, folder, options.pages)
    pages = [json.loads(line)["content"] for line in source.read_text(encoding="ascii").splitlines()]
    rows = [
        {"id": f"<urn:uuid:{number}>", "url": f"https://site{number % 50}.example/{number}", "html": page.encode()}
        for number, page in enumerate(pages)
    ]
    with (folder / "a.jsonl").open("w", encoding="ascii") as lines, (folder / "a.warc.gz").open("wb") as records:
        for row in rows:
            lines.write(json.dumps({**row, "html": row["html"].decode()}) + "\n")
            records.write(gzip.compress(_response(row), 1))
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet", row_group_size=1000)
    found = []
    for name in ("a.jsonl", "a.parquet", "a.warc.gz"):
        if start(options, folder / name, folder / f"out-{name}", jobs=2).wait():
            return False
        paths = sorted((folder / f"out-{name}").glob("kept/part-*.jsonl"))
        lines_kept = [line for path in paths for line in path.read_text(encoding="ascii").splitlines()]
        found.append([json.loads(line)["noisefilter"] for line in lines_kept])
        print(f"{name}: {len(found[-1])} records, the same as of a.jsonl: {found[-1] == found[0]}", flush=True)
    return len(found[0]) == options.pages and found[0] == found[1] == found[2]


def _response(row: dict[str, Any]) -> bytes:
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + row["html"]
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: {row['id']}\r\nWARC-Date: 2025-01-01T00:00:00Z\r\n"
        f"WARC-Target-URI: {row['url']}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    )
    return head.encode() + http + b"\r\n\r\n"


def do_run(options: argparse.Namespace, _: Path) -> bool:
    """One run, as `start` wants it."""
    scorer = "check_batch:quick_scores" if options.quick else "check_batch:deadly_scores"
    chosen = Options(format="jsonl", content=False, shard_pages=options.shard_pages, scorer=scorer)
    limits: dict[str, Any] = json.loads(options.limits)
    try:
        run([options.input], options.output, chosen, Limits(**limits))
    except BatchError as error:
        sys.exit(str(error))
    return True


CHECKS = {"kills": check_kills, "speed": check_speed, "memory": check_memory, "formats": check_formats, "run": do_run}


def main() -> None:
    """Run a check; exits with 1 if it does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("check", choices=CHECKS)
    parser.add_argument("input")
    parser.add_argument("--pages", type=int, default=5000)
    parser.add_argument("--poison", type=int, default=20)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pause", type=float, default=4, help="longest wait between kills, in seconds")
    parser.add_argument("--timeout", type=float, default=5, help="seconds that a page may take")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard-pages", type=int, help="as for `noisefilter clean`, and so its default")
    parser.add_argument("--quick", action="store_true", help="scores made up: what is checked is the batch alone")
    parser.add_argument("--output", help=argparse.SUPPRESS)
    parser.add_argument("--limits", help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        good = CHECKS[options.check](options, Path(folder))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
