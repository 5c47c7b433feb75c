"""Pages, one by one → counts of all of them, and a sample to look at: a crawl need not fit into memory."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from heapq import heappush, heappushpop
from itertools import zip_longest
from math import sqrt
from typing import TYPE_CHECKING, Any

from noisefilter.kinds import TRIMMED_KINDS
from noisefilter.threads import late_import
from noisefilter.types import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from noisefilter.report.view import Detail

#: Bins of the histogram: the cut moves by hundredths.
BINS = 100
#: Sites that a report lists, those with the most pages; and reasons of a site.
SITES, SITE_REASONS = 1000, 3
#: Reasons of a page that count for its site.
PAGE_REASONS = 2
#: Distinct reasons that are counted of one site.
MOST_REASONS = 200
#: Unscored pages are at most this share of the pages to look at: there is nothing to see on them.
UNSCORED_SHARE = 0.1
#: Parts of a reason that belong to one page only: its numbers, what is usual, and the direction.
OWN_WORDS = re.compile(
    r"\s*\((?:usual|usually)[^)]*\)|: (?:raises|lowers) noise|^\d+(?:[.,]\d+)*%? (?:of )?(?:its |the )?"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is counted of a page; `load` gives what is shown of it, if it is sampled."""

    id: str
    site: str
    title: str | None
    verdict: str
    status: str
    noise: float | None
    reasons: tuple[str, ...]
    model: str
    load: Callable[[], Detail]
    #: Whether it was judged, and its record holds the cleaned text only.
    textless: bool

    @classmethod
    def of_record(
        cls, name: str, site: str, record: Mapping[str, Any], load: Callable[[], Detail], *, textless: bool = False
    ) -> Seen:
        """A page by its record: from `Score.to_dict`, or from a crawl, which has less in it."""
        noise = record.get("noise")
        reasons = [reason["text"] for reason in record.get("reasons") or () if reason["share"] > 0] or [
            span["reason"] for span in record.get("spans") or () if span["kind"] in TRIMMED_KINDS
        ]
        return cls(
            id=name,
            site=site,
            title=record.get("title"),
            verdict=str(record.get("verdict")),
            status=str(record.get("status")),
            noise=noise if isinstance(noise, int | float) else None,
            reasons=tuple(dict.fromkeys(map(general, reasons))),
            model=str(record.get("model") or ""),
            load=load,
            textless=textless,
        )

    @property
    def doubtful(self) -> bool:
        """Whether a person's label would teach something."""
        return self.noise is not None and self.status == "ok"


def _not_held() -> Detail:
    raise LookupError("a page that is only listed is not held")


def general(reason: str) -> str:
    """A reason without what is specific to this page, so that equal ones count as one.

    >>> general("57% of its words stand in sentences that surely say nothing (usual: 14%): raises noise")
    'words stand in sentences that surely say nothing'
    """
    return OWN_WORDS.sub("", reason)


@dataclass(slots=True)
class _Site:
    pages: int = 0
    scored: int = 0
    dropped: int = 0
    sum: float = 0.0
    squares: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    example: tuple[float, str] = (-1.0, "")

    def add(self, seen: Seen) -> None:
        self.pages += 1
        self.dropped += seen.verdict == "drop"
        for reason in seen.reasons[:PAGE_REASONS]:
            if reason in self.reasons or len(self.reasons) < MOST_REASONS:
                self.reasons[reason] += 1
        if seen.noise is not None:
            self.scored += 1
            self.sum += seen.noise
            self.squares += seen.noise**2
            if seen.status == "ok":
                self.example = max(self.example, (seen.noise, seen.id))

    def row(self, name: str) -> list[Any]:
        """Name, pages, mean noise and its interval, share dropped, reasons, example: the order that the script reads."""
        mean, low, high = mean_interval(self.scored, self.sum, self.squares)
        reasons = [[text, count] for text, count in self.reasons.most_common(SITE_REASONS)]
        return [name, self.pages, mean, low, high, round(self.dropped / self.pages, 4), reasons, self.example[1]]


def mean_interval(count: int, total: float, squares: float) -> tuple[float | None, float | None, float | None]:
    """Mean with its 95% interval, clipped to 0-1; one page has no interval.

    >>> mean_interval(4, 2.0, 1.04)
    (0.5, 0.316, 0.684)
    """
    if count == 0:
        return None, None, None
    mean = total / count
    if count == 1:
        return round(mean, 3), None, None
    spread = sqrt(max(0.0, squares - count * mean**2) / (count - 1) / count)
    reach = spread * float(late_import("scipy.special").stdtrit(count - 1, 0.975))  # Student's t
    return round(mean, 3), round(max(0.0, mean - reach), 3), round(min(1.0, mean + reach), 3)


class Sample:
    """Some pages of each verdict: those with `noise` nearest to 0.5, and others at random, the same in every run."""

    def __init__(self, size: int, *, doubtful_only: bool = False) -> None:
        self.size = size
        self._doubtful_only = doubtful_only
        #: By verdict, and whether for doubt or by lot: rank, lot, order and page; ties go by the hash of the page's id.
        self._heaps: dict[tuple[str, bool], list[tuple[float, int, int, Seen]]] = {}
        self._order = 0

    def add(self, seen: Seen) -> None:
        """Consider a page."""
        self._order += 1
        lot = int.from_bytes(blake2b(seen.id.encode("utf8", "replace"), digest_size=8).digest(), "big")
        if seen.doubtful:
            verdict = "" if self._doubtful_only else seen.verdict
            self._push((verdict, True), (-abs((seen.noise or 0) - 0.5), lot, self._order, seen))
        if not self._doubtful_only:
            self._push((seen.verdict, False), (lot, 0, self._order, seen))

    def _push(self, key: tuple[str, bool], ranked: tuple[float, int, int, Seen]) -> None:
        heap = self._heaps.setdefault(key, [])
        if len(heap) < self.size:
            heappush(heap, ranked)
        else:
            heappushpop(heap, ranked)

    def chosen(self) -> list[Seen]:
        """The pages, the most doubtful first; equally many of each verdict, as far as there are."""
        verdicts = sorted({name for name, _ in self._heaps}, key=lambda name: (*VERDICTS, name).index(name))
        queues = []
        for name in verdicts:
            heaps = (self._heaps.get((name, doubtful), []) for doubtful in (True, False))
            queue = _in_turn(*([seen for *_, seen in sorted(heap, reverse=True)] for heap in heaps))
            few = name == "unscored" and len(verdicts) > 1
            queues.append(queue[: int(self.size * UNSCORED_SHARE) if few else self.size])
        taken = _in_turn(*queues)[: self.size]
        return sorted(
            taken, key=lambda seen: (not seen.doubtful, abs((1.5 if seen.noise is None else seen.noise) - 0.5))
        )


def _in_turn(*queues: list[Seen]) -> list[Seen]:
    """One page of each queue after the other, each page once."""
    pages = (seen for turn in zip_longest(*queues) for seen in turn if seen is not None)
    return list({id(seen): seen for seen in pages}.values())


class Tally:
    """Counts of all pages and a sample of them.

    Args:
        pages: how many are shown with their text.
        rows: how many are listed.
        doubtful_only: show the most doubtful pages, of whatever verdict, and none at random.
    """

    def __init__(self, *, pages: int = 250, rows: int = 5000, doubtful_only: bool = False) -> None:
        self.sample = Sample(pages, doubtful_only=doubtful_only)
        self.listed = Sample(0 if doubtful_only else rows)
        self.total = self.rejected = 0
        #: Noise from which the policy in force drops; None if it is not known.
        self.drop_at: float | None = None
        self.verdicts: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self.textless = 0
        self._bins: dict[str, list[int]] = {}
        self._sums = [0.0] * BINS
        self._sites: dict[str, _Site] = {}

    def add(self, seen: Seen) -> None:
        """Count a page."""
        self.total += 1
        self.verdicts[seen.verdict] += 1
        self.statuses[seen.status] += 1
        self.models[seen.model] += 1
        self.textless += seen.textless
        if seen.noise is not None:
            place = min(BINS - 1, int(seen.noise * BINS + 1e-9))
            self._bins.setdefault(seen.verdict, [0] * BINS)[place] += 1
            self._sums[place] += seen.noise
        self._sites.setdefault(seen.site, _Site()).add(seen)
        self.sample.add(seen)
        if self.listed.size:
            self.listed.add(replace(seen, load=_not_held))  # a row is one line: its page is not kept in memory

    def add_all(self, pages: Iterable[Seen]) -> None:
        """Count some pages."""
        for seen in pages:
            self.add(seen)

    def counts(self) -> dict[str, Any]:
        """What the report's script needs of all pages; its size does not depend on their number."""
        known = [name for name in VERDICTS if name in self.verdicts]
        names = [*known, *sorted(name for name in self.verdicts if name not in known)]
        largest = sorted(self._sites.items(), key=lambda item: (-item[1].pages, item[0]))
        return {
            "total": self.total,
            "rejected": self.rejected,
            "scored": sum(map(sum, self._bins.values())),
            "verdicts": {name: self.verdicts[name] for name in names},
            "statuses": dict(self.statuses.most_common()),
            "models": [name for name, _ in self.models.most_common() if name],
            "bins": {name: self._bins[name] for name in names if name in self._bins},
            "sums": [round(value, 4) for value in self._sums],
            "sites": [site.row(name) for name, site in largest[:SITES]],
            "moreSites": max(0, len(largest) - SITES),
        }
