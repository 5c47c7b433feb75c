"""Speed beside trafilatura in the same run, on one core: HTML pages, plain text, import, load, first score, memory.

    python benchmarks/speed.py ../shared/corpus

Ratios are medians over rounds in which the candidates take turns, so that a noisy machine slows all alike.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import gzip
import json
import logging
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trafilatura

import noisefilter
from noisefilter.model import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FRESH = {
    "import noisefilter": "import noisefilter",
    **{
        f"load {name}": "import numpy, time; t = time.perf_counter(); "
        f"from noisefilter.model import load_model, scorer; scorer(load_model({name!r})); print(time.perf_counter() - t)"
        for name in SHIPPED
    },
    **{
        f"first score, {name}, all counted": f"import noisefilter; noisefilter.score(open({{page!r}}, 'rb').read(), model={name!r})"
        for name in SHIPPED
    },
}
MEMORY = {
    "trafilatura default": "import trafilatura; run = trafilatura.extract",
    "noisefilter.extract": "import noisefilter; run = noisefilter.extract",
    **{
        f"noisefilter.score, {name}": f"import noisefilter; run = lambda page: noisefilter.score(page, model={name!r})"
        for name in SHIPPED
    },
}
MEASURE = (
    "\nimport gzip, sys\n"
    "for path in sys.argv[1:]:\n"
    "    content = open(path, 'rb').read()\n"
    "    run(gzip.decompress(content) if path.endswith('.gz') else content)\n"
    "status = open('/proc/self/status').read()\n"  # ru_maxrss would count what the parent held before this process began
    "print(int(status.split('VmHWM:')[1].split()[0]) / 1024)"
)


def time_rounds(
    candidates: dict[str, Callable[[bytes], object]], pages: Sequence[bytes], rounds: int
) -> dict[str, list[float]]:
    """Processor seconds of each candidate over all pages, a value a round; the candidates take turns page by page."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        spent = dict.fromkeys(candidates, 0.0)
        for page in pages:
            for name, run in candidates.items():
                started = time.process_time()
                run(page)
                spent[name] += time.process_time() - started
        for name, value in spent.items():
            seconds[name].append(value)
    return seconds


def compare_pages(pages: Sequence[bytes], rounds: int) -> None:
    """Pages a second of processor time, and by how many times trafilatura's default extraction takes as long."""
    candidates: dict[str, Callable[[bytes], object]] = {
        "trafilatura default": trafilatura.extract,
        "trafilatura recall": lambda page: trafilatura.extract(page, favor_recall=True),
        "noisefilter.extract": noisefilter.extract,
        **{f"noisefilter.score, {name}": partial(noisefilter.score, model=noisefilter.load(name)) for name in SHIPPED},
    }
    for run in candidates.values():
        run(pages[0])
    seconds = time_rounds(candidates, pages, rounds)
    base = seconds["trafilatura default"]
    print(f"\n{len(pages)} HTML pages, {sum(map(len, pages)) / len(pages) / 1000:.0f} kB each, {rounds} rounds\n")
    for name in SHIPPED:
        seconds[f"noisefilter.score_many, {name}"] = [_score_all(pages, name) for _ in range(rounds)]
    print("| | pages/s | time, x trafilatura default |\n|---|---|---|")
    for name, values in seconds.items():
        ratio = statistics.median(own / other for other, own in zip(base, values, strict=True))
        print(f"| {name} | {len(pages) / statistics.median(values):.1f} | {ratio:.2f} |")


def _score_all(pages: Sequence[bytes], model: str) -> float:
    """Processor seconds of scoring some pages in batches."""
    started = time.process_time()
    for _ in noisefilter.score_many(pages, model=model):
        pass
    return time.process_time() - started


def time_texts(rounds: int) -> None:
    """Plain text of 500 words in batches."""
    corpus = sorted((Path(__file__).parent.parent / "corpus" / "pages").glob("*.html"))
    texts = [" ".join(noisefilter.extract(path.read_bytes()).split(" ")[:500]).encode() for path in corpus] * 8
    words = sum(len(text.split()) for text in texts) / len(texts)
    for name in SHIPPED:
        seconds = statistics.median(_score_all(texts, name) for _ in range(rounds))
        print(f"\nplain text, {words:.0f} words, {name}: {len(texts) / seconds:.0f} a second")


def time_fresh(page: Path, rounds: int) -> None:
    """Seconds of a fresh process, less an empty one's; `load` times itself."""
    empty = statistics.median(_run("pass") for _ in range(rounds))
    print("\n| fresh process | seconds |\n|---|---|")
    for name, code in FRESH.items():
        source = code.format(page=str(page))
        if "perf_counter" in source:
            values = [float(subprocess.check_output([sys.executable, "-c", source])) for _ in range(rounds)]  # noqa: S603 - our own
        else:
            values = [_run(source) - empty for _ in range(rounds)]
        print(f"| {name} | {statistics.median(values):.2f} |")


def _run(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own
    return time.perf_counter() - started


def page_type(path: Path) -> str:
    """Type of a WCXB page."""
    truth = path.parent.parent / "ground-truth" / f"{path.name.split('.')[0]}.json"
    return str(json.loads(truth.read_text(encoding="utf8"))["_internal"]["page_type"]["primary"])


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", help="folder with wcxb/; the project's own pages without it")
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--type", help="only pages of this type, such as article")
    options = parser.parse_args()
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    own = sorted((Path(__file__).parent.parent / "corpus" / "pages").glob("*.html"))
    if options.corpus:
        files = sorted((options.corpus / "wcxb" / "dev" / "html").glob("*.gz"))
        if options.type:
            files = [path for path in files if page_type(path) == options.type]
        files = files[:: max(1, len(files) // options.pages)][: options.pages]
        pages = [gzip.decompress(path.read_bytes()) for path in files]
    else:
        files, pages = own, [path.read_bytes() for path in own]
    compare_pages(pages, options.rounds)
    time_texts(options.rounds)
    time_fresh(own[0], options.rounds)
    print(f"\n| peak memory over {len(files)} pages | MiB |\n|---|---|")
    for name, code in MEMORY.items():
        peak = subprocess.check_output([sys.executable, "-c", code + MEASURE, *map(str, files)], text=True)  # noqa: S603 - our own
        print(f"| {name} | {float(peak):.0f} |")


if __name__ == "__main__":
    main()
