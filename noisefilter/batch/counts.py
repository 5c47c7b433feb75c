"""Scores → counts, and the counts of all shards → summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from noisefilter.learn.corpora import host_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.types import Score

#: Sites that a summary lists, those with the most pages; the others are added up.
LISTED = 1000
#: Counts of rows, and tallies that a summary gives as they are; then all that a shard has of either.
ROW_COUNTS = ("read", "kept", "dropped", "rejected")
SUMMARISED = ("verdicts", "statuses", "drop_reasons", "reject_reasons", "spans")
NUMBERS, TALLIES = (*ROW_COUNTS, "seconds"), (*SUMMARISED, "sites", "sites_dropped", "noise")
#: Steps from 0 to 1 in which noise is counted, and steps that a summary adds up to a tenth.
STEPS, TENTH = 1000, 100


@dataclass(slots=True)
class Counts:
    """What became of the rows read; `sites_dropped` counts verdicts, kept or not, `noise` thousandths by verdict."""

    read: int = 0
    kept: int = 0
    dropped: int = 0
    rejected: int = 0
    seconds: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    drop_reasons: Counter[str] = field(default_factory=Counter)
    reject_reasons: Counter[str] = field(default_factory=Counter)
    spans: Counter[str] = field(default_factory=Counter)
    sites: Counter[str] = field(default_factory=Counter)
    sites_dropped: Counter[str] = field(default_factory=Counter)
    noise: Counter[str] = field(default_factory=Counter)

    def add(self, score: Score, reason: str | None) -> None:
        """Count a page that was scored."""
        self.verdicts[score.verdict] += 1
        self.statuses[score.status] += 1
        self.spans.update(span.kind for span in score.spans)
        if score.noise is not None:
            self.noise[f"{score.verdict} {round(score.noise * STEPS)}"] += 1
        site = name_site(score.url)
        self.sites[site] += 1
        if score.verdict == "drop":
            self.sites_dropped[site] += 1
        if reason is None:
            self.kept += 1
        else:
            self.dropped += 1
            self.drop_reasons[reason] += 1

    def reject(self, reason: str) -> None:
        """Count a row that was not scored."""
        self.rejected += 1
        self.reject_reasons[reason] += 1

    def merge(self, other: Mapping[str, Any]) -> None:
        """Add the counts of a shard, as `to_dict` gave them."""
        for name in NUMBERS:
            setattr(self, name, getattr(self, name) + other[name])
        for name in TALLIES:
            getattr(self, name).update(other[name])

    def balance(self) -> bool:
        """Whether all rows read are accounted for."""
        return self.kept + self.dropped + self.rejected == self.read

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {name: getattr(self, name) for name in NUMBERS} | {name: dict(getattr(self, name)) for name in TALLIES}

    def summary(self) -> dict[str, Any]:
        """Counts as in `summary.json`, with the distribution of noise and each site's share of drop verdicts."""
        largest = sorted(self.sites.items(), key=lambda item: (-item[1], item[0]))
        sites = [
            {"site": site, "pages": pages, "dropped": round(self.sites_dropped[site] / pages, 4)}
            for site, pages in largest[:LISTED]
        ]
        rest = sum(pages for _, pages in largest[LISTED:])
        return {
            **{name: getattr(self, name) for name in ROW_COUNTS},
            **{name: dict(getattr(self, name).most_common()) for name in SUMMARISED},
            "noise": self._noise(),
            "sites": sites,
            "other_sites": {"sites": max(0, len(largest) - LISTED), "pages": rest},
            "worker_seconds": round(self.seconds, 1),
        }

    def _noise(self) -> dict[str, dict[str, Any]]:
        """How noise is distributed, over all pages that have one and by verdict."""
        by_verdict: dict[str, Counter[int]] = {"all": Counter()}
        for name, count in sorted(self.noise.items()):
            verdict, step = name.split()
            for key in ("all", verdict):
                by_verdict.setdefault(key, Counter())[int(step)] += count
        return {verdict: _distribution(steps) for verdict, steps in by_verdict.items() if steps}


def _distribution(steps: Counter[int]) -> dict[str, Any]:
    """Pages, their mean, the nine deciles, and how many pages there are in each tenth from 0 to 1."""
    values, pages = np.array(sorted(steps.items())).T
    deciles = np.quantile(values, np.arange(1, 10) / 10, method="inverted_cdf", weights=pages)
    tenths, _ = np.histogram(values, range(0, STEPS + 1, TENTH), weights=pages)
    return {
        "pages": steps.total(),
        "mean": round(float(np.average(values, weights=pages)) / STEPS, 4),
        "deciles": (deciles / STEPS).tolist(),
        "tenths": tenths.tolist(),
    }


def name_site(url: str | None) -> str:
    """Host of a URL without `www.`; "" if it has none, or one with unprintable characters.

    >>> name_site("https://www.news.example:8080/story")
    'news.example'
    """
    host = (host_of(url) or "").removeprefix("www.")
    return host if host.isprintable() else ""
