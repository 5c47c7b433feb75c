"""Score pages by seed and number, print what does not hold of them, and go on where an earlier run stopped."""

from __future__ import annotations

import argparse
import faulthandler
import json
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from noisefilter import score
from tests.fuzz.checks import Failure, check_pages
from tests.fuzz.pages import make_page
from tests.making import HTML_ARTICLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter import Page

#: Pages that go to `score_many` together.
AT_ONCE = 25
#: Seconds of processor time after which pages count as hung: the process ends with a traceback.
HUNG = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns 1 if something failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--pages", type=int, default=2000, help="how many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first page")
    parser.add_argument(
        "--log", type=Path, help="file for failures and progress: a run goes on where the file's last one stopped"
    )
    parser.add_argument(
        "--show", type=int, metavar="NUMBER", help="write the content of one page to stdout, shrunk while it fails"
    )
    options = parser.parse_args(arguments)
    if options.show is not None:
        return show(make_page(options.seed, options.show))
    return run(options.seed, options.first, options.first + options.pages, options.log)


def run(seed: int, first: int, last: int, log: Path | None) -> int:
    """Check the pages of some numbers; returns 1 if something failed."""
    failed, done = _read_log(log, first)
    faulthandler.register(signal.SIGPROF, file=2, chain=True)  # then the system ends the process
    score(HTML_ARTICLE)  # loading is on no page's time
    start = time.monotonic()
    for number in range(done, last, AT_ONCE):
        numbers = range(number, min(last, number + AT_ONCE))
        signal.setitimer(signal.ITIMER_PROF, HUNG)
        failures = check_pages([make_page(seed, own) for own in numbers])
        signal.setitimer(signal.ITIMER_PROF, 0)
        failed |= {numbers[failure.row] for failure in failures}
        for failure in failures:
            print(f"seed {seed}, page {numbers[failure.row]}: {failure.call}: {failure.error}", flush=True)
        _write_log(log, numbers, failures)
    pages, seconds = last - done, time.monotonic() - start
    print(f"{pages / max(seconds, 0.001):.1f} pages a second")
    print(f"{last - first - len(failed)} passed, {len(failed)} failed")
    return int(bool(failed))


def _read_log(log: Path | None, first: int) -> tuple[set[int], int]:
    """Numbers of the pages that failed, and the number to go on from."""
    failed, done = set[int](), first
    if log is not None and log.exists():
        for line in log.read_text(encoding="utf8").splitlines():
            row = json.loads(line)
            failed |= {failure["page"] for failure in row["failures"]}
            done = row["done"]
    return failed, done


def _write_log(log: Path | None, numbers: range, failures: Sequence[Failure]) -> None:
    if log is not None:
        rows = [{"page": numbers[failure.row], **failure._asdict()} for failure in failures]
        with log.open("a", encoding="utf8") as file:
            file.write(json.dumps({"done": numbers[-1] + 1, "failures": rows}) + "\n")


def show(page: Page) -> int:
    """Write a page as small as it can be while the same fails; what fails goes to stderr."""
    failures = check_pages([page])
    for failure in failures:
        print(failure.call, failure.error, failure.details, sep="\n", file=sys.stderr)
    if failures:
        page = shrink(page, failures[0])
        print(repr(page), file=sys.stderr)
    content = page.content
    sys.stdout.buffer.write(content if isinstance(content, bytes) else content.encode("utf8", "surrogatepass"))
    return int(bool(failures))


def shrink(page: Page, failure: Failure) -> Page:
    """The page without all that can go while the failure stays."""
    size = max(1, len(page.content) // 2)
    while size:
        at = 0
        while at < len(page.content):
            smaller = replace(page, content=page.content[:at] + page.content[at + size :])  # type: ignore[operator]
            if any((other.call, other.error) == (failure.call, failure.error) for other in check_pages([smaller])):
                page = smaller
            else:
                at += size
        size //= 2
    return page


if __name__ == "__main__":
    sys.exit(main())
