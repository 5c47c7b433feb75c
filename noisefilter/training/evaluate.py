"""Model, labelled pages → figures by kind and by source, measured through the whole way from page to `Score`."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from noisefilter.api import score_many
from noisefilter.training.articles import POSITIVE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from noisefilter.model import Model
    from noisefilter.training.corpora import LabelledPage
    from noisefilter.types import Score

#: kind -> source -> figure -> value
Figures = dict[str, dict[str, dict[str, float]]]

ALL = "all"
BINS = 10
#: Probabilities are rounded to four decimals.
LEAST = 5e-5
LETTER_OF = {"filler": "F", "promotion": "P"}
SPAN_KINDS = ("boilerplate", "promotion", "off_topic", "filler")


def evaluate(model: Model, pages: Sequence[LabelledPage], jobs: int = 1) -> Figures:
    """Figures of a model on labelled pages that it has not seen; only what is labelled is measured."""
    scores = list(score_many((page.page for page in pages), jobs=jobs, model=model))
    figures: Figures = {}
    for kind, measured in (
        ("extraction", _extraction(pages, scores)),
        ("noise", _noise(model, pages, scores)),
        *((kind, _sentence_kind(kind, letter, pages, scores)) for kind, letter in LETTER_OF.items()),
        *((f"{kind} spans", _spans(kind, pages, scores)) for kind in SPAN_KINDS),
    ):
        if measured:
            figures[kind] = measured
    return figures


def words_of(text: str) -> Counter[str]:
    """Words of a text with their counts, as extraction benchmarks compare them."""
    return Counter(re.findall(r"\w+", text.lower()))


def word_f1(found: str, truth: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of a text's words against the true text's."""
    own, gold = words_of(found), words_of(truth)
    common = sum((own & gold).values())
    precision = common / max(1, sum(own.values()))
    recall = common / max(1, sum(gold.values()))
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def _extraction(pages: Sequence[LabelledPage], scores: Sequence[Score]) -> dict[str, dict[str, float]]:
    rows: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for page, score in zip(pages, scores, strict=True):
        if page.main_text is not None:
            values = word_f1(score.clean({"boilerplate"}), page.main_text)
            rows[ALL].append(values)
            rows[f"{page.source} {page.page_type}"].append(values)
    return {
        source: {
            "pages": len(values),
            **dict(zip(("precision", "recall", "f1"), np.mean(values, axis=0).tolist(), strict=True)),
        }
        for source, values in rows.items()
    }


def _noise(model: Model, pages: Sequence[LabelledPage], scores: Sequence[Score]) -> dict[str, dict[str, float]]:
    rows: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for page, score in zip(pages, scores, strict=True):
        if page.noise is not None and score.noise is not None:
            rows[ALL].append((score.noise, page.noise >= POSITIVE))
            rows[page.source].append((score.noise, page.noise >= POSITIVE))
    return {source: noise_figures(values, model.thresholds["drop"]) for source, values in rows.items()}


def noise_figures(values: Sequence[tuple[float, bool]], drop: float) -> dict[str, float]:
    """AUC, calibration error, precision and recall of `drop` for pairs of probability and truth."""
    probabilities = np.array([value for value, _ in values])
    truth = np.array([noisy for _, noisy in values])
    figures: dict[str, float] = {"articles": len(values), "noisy": int(truth.sum())}
    if 0 < truth.sum() < len(truth):
        figures["auc"] = float(roc_auc_score(truth, probabilities))
    figures["log loss"] = log_loss(probabilities, truth)
    figures["calibration error"] = calibration_error(probabilities, truth)
    dropped = probabilities >= drop
    figures["dropped"] = int(dropped.sum())
    if dropped.any():
        figures["drop precision"] = float(truth[dropped].mean())
    if truth.any():
        figures["drop recall"] = float(dropped[truth].mean())
    return figures


def calibration_error(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.bool_ | np.float64],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Expected calibration error over ten bins of equal width (Naeini et al. 2015); `weights` are what each row counts."""
    weights = np.ones(len(truth)) if weights is None else weights
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights * (probabilities - truth), minlength=BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def log_loss(probabilities: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Mean of -log of the probability of what was true; that of a certain error is limited."""
    return float(-np.log(np.maximum(np.where(truth, probabilities, 1 - probabilities), LEAST)).mean())


def _sentence_kind(
    kind: str, letter: str, pages: Sequence[LabelledPage], scores: Sequence[Score]
) -> dict[str, dict[str, float]]:
    rows: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for page, score in zip(pages, scores, strict=True):
        if page.sentences is None or score.status != "ok":
            continue
        for start, end, votes in page.sentences:
            probability = _probability(score, kind, start, end)
            if probability is not None:
                pair = (probability, votes.count(letter) * 2 >= len(votes))
                rows[ALL].append(pair)
                rows[page.source].append(pair)
    return {source: _ranking(values) for source, values in rows.items()}


def _ranking(values: Sequence[tuple[float, bool]]) -> dict[str, float]:
    probabilities, truth = np.array([value for value, _ in values]), np.array([label for _, label in values])
    figures: dict[str, float] = {"sentences": len(values), "labelled": int(truth.sum())}
    if 0 < truth.sum() < len(truth):
        figures["auc"] = float(roc_auc_score(truth, probabilities))
        figures["ap"] = float(average_precision_score(truth, probabilities))
    figures["log loss"] = log_loss(probabilities, truth)
    return figures


def _probability(score: Score, kind: str, start: int, end: int) -> float | None:
    """Mean probability of the sentences that overlap a range, by characters; None if none does."""
    total = weight = 0.0
    for sentence in score.sentences:
        overlap = min(sentence.end, end) - max(sentence.start, start)
        if overlap > 0:
            total += getattr(sentence, kind) * overlap
            weight += overlap
    return total / weight if weight else None


def _spans(kind: str, pages: Sequence[LabelledPage], scores: Sequence[Score]) -> dict[str, dict[str, float]]:
    """Characters, blanks not counted: share of the cut ones that are labelled, share of the labelled that are cut."""
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for page, score in zip(pages, scores, strict=True):
        if page.spans is None or score.status != "ok":
            continue
        cut = _mask(((span.start, span.end) for span in score.spans if span.kind == kind), score.visible_text)
        gold = _mask(((span.start, span.end) for span in page.spans if span.kind == kind), score.visible_text)
        for source in (ALL, page.source):
            for place, value in enumerate((cut & gold, cut, gold)):
                rows[source][place] += int(value.sum())
    figures = {}
    for source, (both, cut_count, gold_count) in rows.items():
        precision, recall = both / max(1, cut_count), both / max(1, gold_count)
        figures[source] = {
            "labelled characters": gold_count, "precision": precision, "recall": recall,
            "f1": 2 * precision * recall / (precision + recall) if both else 0.0,
        }  # fmt: skip
    return figures


def _mask(ranges: Iterable[tuple[int, int]], text: str) -> NDArray[np.bool_]:
    mask = np.zeros(len(text), dtype=np.bool_)
    for start, end in ranges:
        mask[start:end] = True
    blank = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4") <= ord(" ")
    return mask & ~blank
