"""What the batch must hold, measured: kills at random moments, and speed beside a plain loop.

    python scripts/check_batch.py kills corpus/pages --pages 5000 --poison 20 --kills 200
    python scripts/check_batch.py speed ../shared/corpus/wcxb/dev/html --pages 2000

The pages of the input are repeated under new ids until there are as many as wanted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from noisefilter.batch import BatchError, Limits, Options, run
from noisefilter.batch.inputs import Inputs
from noisefilter.batch.worker import THREADS
from noisefilter.types import Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.policy import Policy
    from noisefilter.types import Page

HANG, CRASH, MEMORY = (f"poison: {kind} [check_batch]" for kind in ("hang", "crash", "memory"))


def deadly_scores(pages: Sequence[Page], model: str | None, policy: Policy) -> list[Score]:
    """Scores as the batch gives them; pages that are marked as poison kill their worker for real."""
    from noisefilter.batch.shard import score_pages  # noqa: PLC0415 - a second that the parent does not need

    _die_of(pages)
    return score_pages(pages, model, policy)


def quick_scores(pages: Sequence[Page], _model: str | None, _policy: Policy) -> list[Score]:
    """Scores made up, of 5 ms a page; poison is as deadly. Workers start in half a second instead of some."""
    _die_of(pages)
    time.sleep(0.005 * len(pages))
    made = Score(
        visible_text="made up",
        noise=0.5,
        filler=0.5,
        off_topic=0.5,
        boilerplate=0.5,
        verdict="keep",
        status="ok",
        language="en",
        model="quick-1",
        text_version=2,
    )
    return [replace(made, url=page.url) for page in pages]


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
    pages = (page.content for _, page in Inputs([name]).pages() if page.content)
    contents = [page.decode("utf8", "replace") if isinstance(page, bytes) else page for page in pages]
    deadly = set(random.Random(1).sample(range(count), poison))
    with (folder / "pages.jsonl").open("w", encoding="ascii") as file:
        for number, content in enumerate(islice(cycle(contents), count)):
            end = (HANG, CRASH, MEMORY)[number % 3] if number in deadly else ""
            file.write(json.dumps({"id": f"p{number}", "content": content + end}) + "\n")
    return folder / "pages.jsonl", {f"p{number}" for number in deadly}


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
    dice, told, rounds, good = random.Random(1), Counter[str](), 0, True
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
            begun = time.monotonic()
            if name == "loop":
                command = [sys.executable, "-c", loop, str(source), str(folder / "loop.jsonl")]
                subprocess.run(command, check=True, env={**os.environ, **dict.fromkeys(THREADS, "1")})  # noqa: S603
            else:
                process = start(options, source, folder / f"{name}-{turn}", jobs=1 + (name == "two workers"))
                if process.wait():
                    return False
            own.append(time.monotonic() - begun)
            print(f"{name}: {own[-1]:.1f} s, {options.pages / own[-1]:.1f} pages a second", flush=True)
    middle = {name: median(own) for name, own in seconds.items()}
    print(f"two workers are {middle['one worker'] / middle['two workers']:.2f} times as fast as one")
    print(f"one worker takes {middle['one worker'] / middle['loop'] - 1:+.1%} beside a plain loop")
    return middle["one worker"] >= 1.8 * middle["two workers"] and middle["one worker"] <= 1.1 * middle["loop"]


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


CHECKS = {"kills": check_kills, "speed": check_speed, "run": do_run}


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
