"""Heavy pages → seconds of processor time, status and memory of a process that scores them all; run by test_hostile.py."""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import noisefilter

if TYPE_CHECKING:
    from collections.abc import Callable

SENTENCE = "The harbour board met on Tuesday and voted to repair the sluice before winter. "
ATTRIBUTES = " ".join(f"a{number}=1" for number in range(100_000))

HEAVY: dict[str, Callable[[], str | bytes]] = {
    "300 nested boxes": lambda: "<div>" * 300 + f"<p>{SENTENCE * 5}</p>",
    "100,000 nested boxes": lambda: "<div>" * 100_000 + f"<p>{SENTENCE * 5}</p>",
    "a line of 20 MB": lambda: SENTENCE * (20_000_000 // len(SENTENCE)),
    "a text of 9 MB in bytes": lambda: SENTENCE.encode() * (9_000_000 // len(SENTENCE)),
    "a paragraph of 9 MB": lambda: f"<p>{SENTENCE * (9_000_000 // len(SENTENCE))}</p>",
    "a text of 800 kB": lambda: SENTENCE * 10_000,
    "a word of 2 MB": lambda: "x" * 2_000_000,
    "100,000 short paragraphs": lambda: "<body>" + "<p>Rain.</p>" * 100_000,
    "100,000 attributes": lambda: f"<html><body><div {ATTRIBUTES}><p>{SENTENCE * 5}</p></div>",
    "100,000 open brackets": lambda: f"<html><p>{SENTENCE * 5}" + "<" * 100_000,
    "10,000 links in a paragraph": lambda: f"<p>{SENTENCE * 5}" + "<a href=/x>dam</a> " * 10_000,
    "utf-16 without a mark": lambda: f"<html><body><p>{SENTENCE * 20}</p></body></html>".encode("utf-16-le"),
}


def main() -> None:
    """Score every page, the light work of loading done before the clock starts, and print a JSON object."""
    noisefilter.score(f"<p>{SENTENCE * 5}</p>")
    report = {}
    for name, make in HEAVY.items():
        page = make()
        start = time.process_time()
        result = noisefilter.score(page)
        report[name] = {"seconds": time.process_time() - start, "status": result.status, "text": result.text[-40:]}
        report[name]["peak_mib"] = peak_mib()
    json.dump(report, sys.stdout)


def peak_mib() -> float:
    """The most memory that this process has held; `ru_maxrss` would count what its parent held when it started this one."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.findall(r"VmHWM:\s*(\d+)", status.read_text(encoding="ascii"))[0]) / 1024


if __name__ == "__main__":
    main()
