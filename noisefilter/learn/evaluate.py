"""Model, labelled pages → figures by kind and by source, measured end to end, from page to `Score`."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from noisefilter.api import score_many
from noisefilter.blocks.fit import label_blocks
from noisefilter.html.read import read_blocks
from noisefilter.kinds import KINDS, SENTENCE_KINDS
from noisefilter.learn.intervals import Observed, measured, with_intervals
from noisefilter.learn.policies import policy_figures
from noisefilter.report.figures import ACCEPTED, ALL, CALIBRATION, LABELLED, POLICIES, THRESHOLDS, Figures
from noisefilter.report.progress import Meter
from noisefilter.text.alignment import WORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Index, Matrix
    from noisefilter.html.walk import BlockedPage
    from noisefilter.labels import LabelledPage
    from noisefilter.learn.intervals import FiguresOf
    from noisefilter.model import Model
    from noisefilter.types import Score

    #: source → observations of its pages
    Rows = dict[str, list[Observed]]
    Judged = Sequence[tuple[LabelledPage, Score]]

Seen = TypeVar("Seen")

BINS = 10
#: Lowest probability that counts in a log loss, since probabilities are rounded to four decimals.
LEAST = 5e-5


def evaluate(model: Model, pages: Sequence[LabelledPage], jobs: int = 1) -> Figures:
    """Figures of a model on labelled pages that it has not seen; only what is labelled is measured."""
    return measure_scores(model, judge_pages(model, pages, jobs))


def judge_pages(model: Model, pages: Sequence[LabelledPage], jobs: int = 1) -> Judged:
    """The pages, each with its score."""
    scored = score_many((page.page for page in pages), jobs=jobs, model=model)
    return list(zip(pages, Meter("measuring", len(pages)).over(scored), strict=True))


def measure_scores(model: Model, judged: Judged) -> Figures:
    """The figures of `evaluate`, of pages that the model has scored."""
    rows = {kind: gather(judged, of.rows_of, of.source_of) for kind, of in COMPARED.items()}
    found = {kind: measured(rows[kind], of.figures_of) for kind, of in COMPARED.items()}
    cut = {**{kind: rows[kind] for kind in SENTENCE_KINDS}, "boilerplate": gather(judged, _boilerplate)}
    calibrated = {kind: rows[kind] for kind in ("noise", *SENTENCE_KINDS) if rows[kind]}
    figures: Figures = {
        "extraction": found.pop("extraction"),
        "noise": found.pop("noise"),
        POLICIES: {
            name: with_intervals(rows["noise"][ALL], partial(policy_figures, policy=policy))
            for name, policy in model.policies.items()
            if rows["noise"]
        },
        **found,
        THRESHOLDS: {kind: threshold_figures(cut[kind][ALL], model.thresholds[kind]) for kind in cut if cut[kind]},
        **{
            f"{CALIBRATION}{kind}": reliability(np.concatenate([one.values for one in by_source[ALL]]))
            for kind, by_source in calibrated.items()
        },
    }
    return {kind: by_source for kind, by_source in figures.items() if by_source}


def observe(judged: Judged) -> dict[str, list[Observed]]:
    """Observations of the pages, for each kind of figures that two models are compared by (`COMPARED`)."""
    return {kind: gather(judged, of.rows_of).get(ALL, []) for kind, of in COMPARED.items()}


def observe_noise(judged: Judged) -> list[Observed]:
    """Noise of each page with a label of it and a score, and the share of its readers who call it noise: (1, 2) per page."""
    return gather(judged, _noise).get(ALL, [])


def word_f1(found: str, truth: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of a text's words against the true text's, as extraction benchmarks compare them.

    Each ideograph and each kana is a word.
    """
    words, gold = (Counter(WORD.findall(text.lower())) for text in (found, truth))
    common = sum((words & gold).values())
    precision = common / max(1, sum(words.values()))
    recall = common / max(1, sum(gold.values()))
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def gather(
    pages: Iterable[tuple[LabelledPage, Seen]],
    rows_of: Callable[[LabelledPage, Seen], Matrix | None],
    source_of: Callable[[LabelledPage], str] = attrgetter("source"),
) -> Rows:
    """Observations of pages by source, and all of them.

    Each page comes with what is seen of it, such as its score; `rows_of` makes (observations, columns) of that, or None.
    """
    rows: Rows = defaultdict(list)
    for page, seen in pages:
        values = rows_of(page, seen)
        if values is not None:
            for name in (ALL, source_of(page)):
                rows[name].append(Observed(page.site, page.id, values))
    return dict(rows)


def _extraction(page: LabelledPage, score: Score) -> Matrix | None:
    """Precision, recall and F1 of the words, if the page has a gold text: (1, 3)."""
    if page.main_text is None:
        return None
    return np.array([word_f1(score.clean({"boilerplate"}), page.main_text)])


def word_figures(rows: Matrix) -> dict[str, float]:
    """Means of (pages, 3): precision, recall, F1."""
    precision, recall, f1 = rows.mean(axis=0).tolist()
    return {"pages": len(rows), "precision": precision, "recall": recall, "f1": f1}


def _noise(page: LabelledPage, score: Score) -> Matrix | None:
    """Probability of noise, and the share of the readers who call it noise, if that is labelled: (1, 2)."""
    if page.noise is None or score.noise is None:
        return None
    return np.array([[score.noise, page.noise_share]], dtype=np.float64)


def noise_figures(rows: Matrix) -> dict[str, float]:
    """AUC, log loss and calibration error of (articles, 2): probability and share of the readers.

    An article is noisy if at least half of its readers call it noise; its probability is compared with their share.
    """
    probabilities, share = rows.T
    truth = share >= 0.5
    figures: dict[str, float] = {"articles": len(rows), "noisy": int(truth.sum())}
    if 0 < truth.sum() < len(truth):
        figures["auc"] = float(roc_auc_score(truth, probabilities))
    figures["log loss"] = log_loss(probabilities, share)
    figures["calibration error"] = calibration_error(probabilities, share)
    return figures


def _bin_of(probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)


def calibration_error(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.bool_ | np.float64],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Expected calibration error over ten bins of equal width (Naeini et al. 2015), with `weights` of the rows."""
    weights = np.ones(len(truth)) if weights is None else weights
    gaps = np.bincount(_bin_of(probabilities), weights * (probabilities - truth), minlength=BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def reliability(rows: Matrix, weights: NDArray[np.float64] | None = None) -> dict[str, dict[str, float]]:
    """Of each bin that is not empty: its rows, mean probability, and the share that came true; `rows` is (n, 2)."""
    weights = np.ones(len(rows)) if weights is None else weights
    bins = _bin_of(rows[:, 0])
    count, total = np.bincount(bins, minlength=BINS), np.bincount(bins, weights, minlength=BINS)
    predicted, came = (np.bincount(bins, weights * column, minlength=BINS) for column in rows.T)
    return {
        f"{number / BINS:.1f} to {(number + 1) / BINS:.1f}": {
            "rows": int(count[number]),
            "said": float(predicted[number] / total[number]),
            "came true": float(came[number] / total[number]),
        }
        for number in np.flatnonzero(count).tolist()
    }


def log_loss(probabilities: NDArray[np.float64], truth: NDArray[np.bool_ | np.float64]) -> float:
    """Mean cross-entropy against `truth`, which may be a share; no probability counts as lower than `LEAST`."""
    truth = truth.astype(np.float64)
    yes, no = (np.log(np.maximum(probability, LEAST)) for probability in (probabilities, 1 - probabilities))
    return float(-(truth * yes + (1 - truth) * no).mean())


def threshold_figures(observed: Sequence[Observed], threshold: float) -> dict[str, float]:
    """Precision and recall of a threshold, with intervals; columns are probability, truth and, optionally, weight."""
    return {"value": threshold, **with_intervals(observed, lambda rows: at_threshold(rows, threshold))}


def at_threshold(rows: Matrix, threshold: float) -> dict[str, float]:
    """How many rows a threshold chooses, its precision and its recall; a third column is the weight of each row."""
    chosen, truth = rows[:, 0] >= threshold, rows[:, 1] >= 0.5
    weights = rows[:, 2] if rows.shape[1] > 2 else np.ones(len(rows))
    right, cut, wanted = (float(weights[part].sum()) for part in (chosen & truth, chosen, truth))
    figures: dict[str, float] = {"rows": len(rows), "labelled": int(truth.sum()), "chosen": int(chosen.sum())}
    if cut:
        figures["precision"] = right / cut
    if wanted:
        figures["recall"] = right / wanted
    return figures


def _sentences(kind: str, letter: str, page: LabelledPage, score: Score) -> Matrix | None:
    """Probability and truth of each labelled sentence: (sentences, 2)."""
    if page.sentences is None or score.status != "ok":
        return None
    predicted = [_probability(score, kind, start, end) for start, end, _ in page.sentences]
    truth = [votes.count(letter) * 2 >= len(votes) for _, _, votes in page.sentences]
    rows = [pair for pair in zip(predicted, truth, strict=True) if pair[0] is not None]
    return np.array(rows, dtype=np.float64) if rows else None


def ranking(rows: Matrix) -> dict[str, float]:
    """AUC, average precision and log loss of (sentences, 2): probability and truth."""
    probabilities, truth = rows[:, 0], rows[:, 1] > 0
    figures: dict[str, float] = {"sentences": len(rows), "labelled": int(truth.sum())}
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


def _boilerplate(page: LabelledPage, score: Score) -> Matrix | None:
    """`block_rows` of a page whose blocks are labelled."""
    if score.status != "ok" or (page.main_text is None and page.spans is None):
        return None
    blocked = read_blocks(page.page).blocked
    truth = label_blocks(blocked, page) if blocked is not None else None
    return block_rows(blocked, truth, score) if blocked is not None and truth is not None and len(truth) else None


def block_rows(blocked: BlockedPage, boilerplate: Index, score: Score) -> Matrix:
    """Of each block, whether it is cut as boilerplate, whether it is labelled so, and its words: (blocks, 3)."""
    cut = [(span.start, span.end) for span in score.spans if span.kind == "boilerplate"]
    taken = [any(start <= one.start and one.end <= end for start, end in cut) for one in blocked.blocks]
    return np.column_stack([taken, boilerplate, [len(text.split()) for text in blocked.texts()]]).astype(np.float64)


def _spans(kind: str, page: LabelledPage, score: Score) -> Matrix | None:
    """Non-blank characters: rightly cut, cut, labelled; and whether the spans are a model's, unchanged: (1, 4)."""
    if page.spans is None or score.status != "ok":
        return None
    cut, gold = (
        _mask(((span.start, span.end) for span in spans if span.kind == kind), score.visible_text)
        for spans in (score.spans, page.spans)
    )
    return np.array([[(cut & gold).sum(), cut.sum(), gold.sum(), page.accepted]], dtype=np.float64)


def span_figures(rows: Matrix) -> dict[str, float]:
    """Precision, recall and F1 of the characters cut, of (pages, 3 or 4).

    Without labelled characters there is neither recall nor F1. A fourth column marks pages whose spans are a model's,
    unchanged.
    """
    both, cut, gold, *accepted = rows.sum(axis=0).tolist()
    figures: dict[str, float] = {LABELLED: int(gold), **({ACCEPTED: int(accepted[0])} if any(accepted) else {})}
    if cut:
        figures["precision"] = both / cut
    if gold:
        figures |= {"recall": both / gold, "f1": 2 * both / (cut + gold)}
    return figures


def _mask(ranges: Iterable[tuple[int, int]], text: str) -> NDArray[np.bool_]:
    mask = np.zeros(len(text), dtype=np.bool_)
    for start, end in ranges:
        mask[start:end] = True
    blank = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4") <= ord(" ")
    return mask & ~blank


class Compared(NamedTuple):
    """A kind of figures: what is observed of a judged page, how figures are computed of that, and by what sources."""

    rows_of: Callable[[LabelledPage, Score], Matrix | None]
    figures_of: FiguresOf
    source_of: Callable[[LabelledPage], str] = attrgetter("source")


#: Kinds of figures that two models are compared by.
COMPARED = {
    "extraction": Compared(_extraction, word_figures, lambda page: f"{page.source} {page.page_type}"),
    "noise": Compared(_noise, noise_figures),
    **{kind: Compared(partial(_sentences, kind, KINDS[kind].letter), ranking) for kind in SENTENCE_KINDS},
    **{f"{kind} spans": Compared(partial(_spans, kind), span_figures) for kind in KINDS},
}
