"""A scorer for the batch's tests: quick, and deadly over pages that say so. Workers import it by its path."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from noisefilter.decide import verdict
from noisefilter.policy import Policy
from noisefilter.types import Score, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.types import Page

#: A run settles what its policy is; a shard that a test runs by itself has none.
DEFAULT = Policy(0.5, 0.9)
POISON = ("hang", "crash", "memory")


def score_pages(pages: Sequence[Page], model: str | None, policy: Policy | None) -> list[Score]:
    """A score a page; what kills does so when its turn comes."""
    return [_score(page, model, policy) for page in pages]


def slow_score_pages(pages: Sequence[Page], model: str | None, policy: Policy | None) -> list[Score]:
    """As above, a hundred pages a second: there is time to kill it."""
    time.sleep(0.01 * len(pages))
    return score_pages(pages, model, policy)


def _score(page: Page, model: str | None, policy: Policy | None) -> Score:
    text = page.content if isinstance(page.content, str) else page.content.decode("utf8", "replace")
    if page.title:  # a file in which tries are counted
        with Path(page.title).open("a", encoding="ascii") as tries:
            tries.write(".")
    if "poison: hang" in text:
        time.sleep(1000)
    elif "poison: crash" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif (
        "poison: parent" in text
    ):  # as a system that is short of memory may choose the wrong one, or with its whole machine
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1000)
    elif "poison: memory" in text:
        held = []
        while True:
            held.append(b"x" * 50_000_000)
            time.sleep(0.01)
    elif "poison: error" in text:
        msg = "a bug"
        raise ValueError(msg)
    noise = 0.99 if "noise" in text else 0.01
    spans = (Span(0, 4, "promotion", 0.9, "an offer"),) if "some" in text else ()
    decided = verdict(noise, None, spans, policy or DEFAULT)
    return Score(
        visible_text=text,
        spans=spans,
        noise=noise,
        filler=0.1,
        off_topic=0.0,
        boilerplate=0.2,
        verdict=decided,
        status="ok",
        title=page.title,
        language="en",
        url=page.url,
        model=model or "test-1",
        text_version=2,
    )
