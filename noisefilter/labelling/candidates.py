"""Pages to label → their scores, the most doubtful first."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, replace
from heapq import nlargest
from operator import attrgetter
from typing import TYPE_CHECKING

from noisefilter.batch.fields import distinct
from noisefilter.batch.inputs import with_scores
from noisefilter.kinds import KINDS
from noisefilter.learn.corpora import host_of
from noisefilter.page import read_page, scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noisefilter.batch.inputs import Given
    from noisefilter.model import Model
    from noisefilter.types import Page, Score


@dataclass(frozen=True, slots=True)
class Listed:
    """A page that somebody may label, decoded, under the id that it gets in the corpus."""

    id: str
    page: Page
    site: str | None = None
    source: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page with its score; `doubt` runs from 0, sure, to 1."""

    listed: Listed
    score: Score
    doubt: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The pages to label, the most doubtful first; ids and statuses of unscored pages; how many others are left out.

    `renamed` are ids that got a number, since an earlier page has them.
    """

    candidates: list[Candidate]
    unscored: list[tuple[str, str]]
    passed_over: int
    renamed: list[str]


def list_given(given: Given, page: Page) -> Listed:
    """A page of an input, with its row's provenance; NULs are replaced, since the tools' databases hold none."""
    page = read_page(page)
    url, title = (scrub(value) if value is not None else None for value in (page.url, page.title))
    site, source, licence = (
        scrub(value) if isinstance(value := given.fields.get(name), str) else None
        for name in ("site", "source", "licence")
    )
    return Listed(scrub(given.id), replace(page, url=url, title=title), site or host_of(url), source, licence)


def choose_pages(listed: Iterable[Listed], model: Model, *, limit: int | None = None, jobs: int = 1) -> Choice:
    """The most doubtful pages, at most `limit`, with their scores, each under an id of its own."""
    unscored: list[tuple[str, str]] = []
    renamed: list[str] = []
    count = 0

    def scored() -> Iterator[Candidate]:
        nonlocal count
        for entry, score in with_scores(_named_apart(listed, renamed), attrgetter("page"), model=model, jobs=jobs):
            status = entry.page.status if entry.page.status != "ok" else score.status
            if status == "ok":
                count += 1
                yield Candidate(entry, score, doubt(score, model.thresholds))
            else:
                unscored.append((entry.id, status))

    # holds only what it returns, so a crawl need not fit into memory
    chosen = nlargest(limit or sys.maxsize, scored(), key=attrgetter("doubt"))
    return Choice(chosen, unscored, count - len(chosen), renamed)


def doubt(score: Score, thresholds: Mapping[str, float]) -> float:
    """How unsure the model is about a page: half from the article's noise, half from its sentences.

    `noise` is a calibrated probability, so it says least at 0.5. A sentence is the more doubtful, the nearer one of its
    probabilities is to the threshold from which it would be cut.
    """
    if score.noise is None:
        return 1.0
    near = [max(_nearness(getattr(sentence, kind), thresholds[kind]) for kind in KINDS) for sentence in score.sentences]
    return round(0.5 * _nearness(score.noise, 0.5) + 0.5 * sum(near) / max(1, len(near)), 4)


def _nearness(probability: float, threshold: float) -> float:
    """1 at the threshold, 0 for a probability of 0 or 1."""
    if probability < threshold:
        return probability / threshold
    return (1 - probability) / (1 - threshold) if threshold < 1 else 1.0


def _named_apart(listed: Iterable[Listed], renamed: list[str]) -> Iterator[Listed]:
    """The pages, each under an id of its own; adds those that are not the page's to `renamed`."""
    ids = Counter[str]()
    for entry in listed:
        name = distinct(entry.id, ids)
        renamed.extend([name] if name != entry.id else ())
        yield replace(entry, id=name)
