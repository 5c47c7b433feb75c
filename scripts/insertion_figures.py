"""Passages that writers put into articles → figures: what a model finds of them, and what of untouched pages it takes for such.

Recall is told at thresholds that given shares of the sentences of untouched pages pass, as detectors are compared, and at the model's own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.api import score_many
from noisefilter.insertions.judge import PAGE_PRIOR
from noisefilter.learn.evaluate import calibration_error, reliability, span_figures, threshold_figures
from noisefilter.learn.intervals import Observed, measured
from noisefilter.report.figures import CALIBRATION, THRESHOLDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.arrays import Matrix
    from noisefilter.model import Model
    from noisefilter.report.figures import Figures
    from noisefilter.types import Score
    from shared_corpus import Corpus, Passage

SHARES = (0.01, 0.004, 0.002)
#: A sentence belongs to a passage that it shares more characters with.
OVERLAP = 3


class Judged(NamedTuple):
    """A page, what was put into it, its sentences (start, end, probability) and the bounds of what would be cut."""

    site: str
    name: str
    passages: tuple[Passage, ...]
    sentences: Matrix
    cuts: tuple[tuple[int, int], ...]
    off_topic: float = 0.0

    def observed(self, *rows: Sequence[float]) -> Observed:
        """Observations of the page."""
        return Observed(self.site, self.name, np.array(rows, dtype=np.float64))


def touch(passage: Passage, bounds: tuple[float, float]) -> bool:
    """Whether a passage and a range share more than a few characters."""
    return min(passage.end, bounds[1]) - max(passage.start, bounds[0]) > OVERLAP


def judged(site: str, name: str, passages: tuple[Passage, ...], score: Score) -> Judged:
    """What a score says of a page."""
    rows = np.array([(own.start, own.end, own.off_topic) for own in score.sentences], dtype=np.float64).reshape(-1, 3)
    cuts = tuple((span.start, span.end) for span in score.spans if span.kind == "off_topic")
    return Judged(site, name, passages, rows, cuts, score.off_topic or 0.0)


def score_pages(model: Model, corpus: Corpus, split: str, jobs: int) -> tuple[list[Judged], list[Judged]]:
    """Pages of a split with written insertions, and untouched ones, scored as a user has them."""
    written, untouched = list(corpus.written_insertions(split)), list(corpus.untouched(split))
    texts = [*(page.page for page in written), *(page.page for page in untouched)]
    scores = score_many(texts, jobs=jobs, model=model)
    pages = [(page.site, f"{page.writer} {number}", page.passages) for number, page in enumerate(written)]
    pages += [(page.site, page.id, ()) for page in untouched]
    found = [judged(*page, score) for page, score in zip(pages, scores, strict=True) if score.status == "ok"]
    return [page for page in found if page.passages], [page for page in found if not page.passages]


def measure_insertions(model: Model, corpus: Corpus, jobs: int) -> Figures:
    """The tables on the val sites."""
    written, untouched = score_pages(model, corpus, "val", jobs)
    rows = _sentences(written, PAGE_PRIOR) + _sentences(untouched, 1 - PAGE_PRIOR)
    seen = np.concatenate([one.values for one in rows])
    return {
        **passage_figures(written, untouched),
        "insertions: characters": measured({"all": characters(written)}, span_figures),
        "insertions: pages": _pages(written, untouched),
        THRESHOLDS: {"off_topic": threshold_figures(rows, model.thresholds["off_topic"])},
        f"{CALIBRATION}off_topic": reliability(seen[:, :2], seen[:, 2]),
    }


def passage_figures(written: Sequence[Judged], untouched: Sequence[Judged]) -> Figures:
    """Share of the passages of each sort that pass the thresholds, and of which something is cut; honest ones should not.

    Without untouched pages the sentences of `written` hold the share of clean ones below them, not a probability.
    """
    clean = np.concatenate([page.sentences[:, 2] for page in untouched]) if untouched else np.linspace(0, 1, 10_001)
    levels = {f"at {share:.1%}": float(np.quantile(clean, 1 - share)) for share in SHARES}
    rows: dict[str, dict[str, list[Observed]]] = {"foreign": defaultdict(list), "honest": defaultdict(list)}
    for page in written:
        for own in page.passages:
            inside = [probability for start, end, probability in page.sentences.tolist() if touch(own, (start, end))]
            passed = [max(inside, default=-1.0) > level for level in levels.values()]
            seen = page.observed([*passed, any(touch(own, bounds) for bounds in page.cuts)])
            for name in ("all", own.sort):
                rows["foreign" if own.foreign else "honest"][name].append(seen)

    def shares(seen: Matrix) -> dict[str, float]:
        return {"passages": len(seen), **dict(zip([*levels, "cut"], seen.mean(axis=0).tolist(), strict=True))}

    return {
        f"insertions: {kind} passages passed": measured(dict(sorted(own.items())), shares) for kind, own in rows.items()
    }


def characters(written: Sequence[Judged]) -> list[Observed]:
    """Characters of each page: rightly cut, cut, put in."""
    rows = []
    for page in written:
        size = int(max(page.sentences[:, 1].max(initial=0), *(own.end for own in page.passages)))
        cut, gold = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
        for start, end in page.cuts:
            cut[start:end] = True
        for own in page.passages:
            gold[own.start : own.end] |= own.foreign
        rows.append(page.observed([(cut & gold).sum(), cut.sum(), gold.sum()]))
    return rows


def _pages(written: Sequence[Judged], untouched: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Pages with a cut and with a high `off_topic`, and how well that is calibrated at `PAGE_PRIOR`."""

    def shares(seen: Matrix) -> dict[str, float]:
        return {
            "pages": len(seen),
            "with a cut": float(seen[:, 0].mean()),
            "off_topic >= 0.5": float((seen[:, 1] >= 0.5).mean()),
        }

    rows = {
        name: [page.observed([bool(page.cuts), page.off_topic]) for page in pages]
        for name, pages in (("untouched", untouched), ("with insertions", written))
    }
    weights = [PAGE_PRIOR / len(written)] * len(written) + [(1 - PAGE_PRIOR) / len(untouched)] * len(untouched)
    truth = np.repeat([1.0, 0.0], [len(written), len(untouched)])
    said = np.array([page.off_topic for page in [*written, *untouched]])
    error = calibration_error(said, truth, np.array(weights))
    return {**measured(rows, shares), "calibration error": {"pages": error}}


def _sentences(pages: Sequence[Judged], share: float) -> list[Observed]:
    """Of each sentence its probability, whether it holds some of a foreign passage, and its weight."""
    found = []
    for page in pages:
        foreign = [own for own in page.passages if own.foreign]
        rows = [
            (probability, any(touch(own, (start, end)) for own in foreign), share / len(pages))
            for start, end, probability in page.sentences.tolist()
        ]
        found += [page.observed(*rows)] if rows else []
    return found
