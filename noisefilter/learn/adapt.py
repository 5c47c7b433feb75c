"""A model and a user's labelled pages → the model adapted to them: last layers move where the labels justify it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from noisefilter.fit import arrays_of
from noisefilter.learn.adapt_rows import HEAD_STAGES, READER_STAGES, STAGES, stage_rows
from noisefilter.learn.last_layer import Rows, last_logits, move_layer, probabilities, with_other
from noisefilter.learn.policies import policies_by
from noisefilter.learn.thresholds import kind_thresholds
from noisefilter.learn.train import make_model
from noisefilter.networks import build_network
from noisefilter.report.printing import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from noisefilter.arrays import Matrix
    from noisefilter.labels import LabelledPage
    from noisefilter.learn.train import TrainingData
    from noisefilter.model import Model
    from noisefilter.networks import Network

#: Labelled pages from which a stage is adapted: with fewer, no error can be told from chance.
MIN_PAGES = 15
#: Rows that a network needs of each of two classes; off-topic sentences vary so much that it takes more.
MIN_ROWS = {"insertion_last": 50, "reader_foreign": 50, "reader_head_foreign": 50}
MIN_ROWS_OF_ANY = 5
#: Labels of a kind from which a threshold is chosen again: its precision is then known to within some five points.
MIN_THRESHOLD_LABELS = 100
#: The networks of the two causes of noise, each with the other: an article that is noise for either is noise.
CAUSES = {"article": "article_made", "article_made": "article"}
PUT_BACK = "stays: adapted it was worse on the held-out pages"
#: What must be labelled for a stage, as the corpus format names it.
WANTED = {
    "reader": "spans",
    "blocks": "boilerplate spans or main_text",
    "sentences": "filler and promotion spans, or sentences",
    "insertions": "off_topic spans",
    "articles": "noise",
}
NAMES = {
    "block_second": "HTML",
    "block_voted_second": "HTML with trafilatura's vote",
    "block_text_second": "plain text",
    "article": "thin",
    "article_made": "manufactured",
    "reader_head_foreign": "what is foreign",
    "reader_head_classes": "classes",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a network: how far it moved, with the held-out loss before and after, or why it stayed."""

    stage: str
    network: str
    reason: str
    pages: int = 0
    rows: int = 0
    strength: float | None = None
    before: float | None = None
    after: float | None = None
    error: float | None = None

    @property
    def moved(self) -> bool:
        """Whether the network differs from the base's."""
        return self.strength is not None

    @property
    def label(self) -> str:
        """The stage, with the name of the network if the stage has several."""
        return f"{self.stage} ({NAMES[self.network]})" if self.network in NAMES else self.stage


@dataclass(slots=True)
class Adapted:
    """Arrays, thresholds, policies and outcomes so far; `out` has the log-odds of a network's rows, out of fold."""

    arrays: dict[str, Matrix]
    thresholds: dict[str, float]
    policies: Mapping[str, Any]
    outcomes: list[Outcome] = field(default_factory=list)
    out: dict[str, Matrix] = field(default_factory=dict)


def adapt(
    data: TrainingData,
    base: Model,
    *,
    name: str,
    jobs: int = 1,
    progress: Callable[[str], None] = lambda _: None,
    stays: Collection[str] = (),
    heads: bool = False,
) -> tuple[Model, list[Outcome]]:
    """The base model adapted to `data.fit`, and what became of each network; arrays that did not move are the base's.

    The same pages give the same arrays on the same machine. `data.tune` is not used: the new model is measured on it.

    `stays` are stages not to adapt, since that made them worse; with `heads` the reader's last layer is adapted as well
    (extra `onnx`).
    """
    found = Adapted(base.wide, dict(base.thresholds), base.manifest["policies"])
    stages, reader = READER_STAGES if base.reader else STAGES, base.reader
    if reader and heads:
        stages = HEAD_STAGES | stages
    with threadpool_limits(1):
        for stage, networks in stages.items():
            if stage in stays:
                found.outcomes += [Outcome(stage, network, PUT_BACK) for network in networks]
                continue
            progress(f"{stage}: reading {counted(len(data.fit), 'page')}")
            if reader and stage in HEAD_STAGES:
                reader = _adapt_reader(data.fit, reader, found)
                continue
            model = replace(base, arrays=found.arrays, thresholds=found.thresholds, reader=reader)
            rows = stage_rows(stage, data.fit, model, jobs)
            found.outcomes += [_adapt_network(stage, network, rows, found) for network in networks]
    labelled = {outcome.stage for outcome in found.outcomes if outcome.rows}
    more: dict[str, Any] = {
        "from_base": [stage for stage in stages if stage not in labelled],
        "base": {
            "model": base.label,
            "data": base.manifest["data"],
            "gave_policies": found.policies is base.manifest["policies"],
        },
        "policies": found.policies,
        "adapted": [asdict(outcome) for outcome in found.outcomes],
    }
    vectors = base.vectors, str(base.manifest["vectors_sha256"])
    arrays = {key: found.arrays[key].astype(value.dtype) for key, value in base.arrays.items()}
    return make_model(name, arrays, found.thresholds, data, vectors, more, reader), found.outcomes


def _adapt_reader(pages: Sequence[LabelledPage], reader: bytes, found: Adapted) -> bytes:
    """The reader with its last layer moved where labels justify it; the networks that read it are adapted later."""
    from noisefilter.learn.adapt_reader import head_rows, heads_of, with_heads  # noqa: PLC0415 - an extra

    heads = heads_of(reader)
    for name, head in heads.items():
        found.arrays |= arrays_of(name, head)
    rows = head_rows(pages, reader)
    outcomes = [_adapt_network("reader", name, rows, found) for name in heads]
    found.outcomes += outcomes
    if not any(outcome.moved for outcome in outcomes):
        return reader
    return with_heads(reader, [build_network(found.arrays, name) for name in heads])


def _adapt_network(stage: str, name: str, of_stage: Mapping[str, Rows], found: Adapted) -> Outcome:
    """Move one network if it has enough labels and they justify it; `found` is updated with what moved."""
    rows = of_stage.get(name)
    pages, count = (len(set(rows.page)), len(rows.inputs)) if rows is not None else (0, 0)
    reason = _too_little(stage, name, rows)
    if rows is None or reason:
        return Outcome(stage, name, f"stays: {reason}", pages, count)
    network = build_network(found.arrays, name)
    if name == "block_text_second":
        rows = _balanced(rows, network)
    if cause := CAUSES.get(name):  # out of fold, where it was adapted before
        logits = found.out.get(cause)
        if logits is None:
            logits = last_logits(build_network(found.arrays, cause), of_stage[cause].inputs)
        rows = replace(rows, other=logits)
    move = move_layer(network, rows)
    found.out[name] = move.out
    if move.strength is None:
        reason = f"stays: nothing surely lowers its log loss of {move.before:.3f} on {counted(pages, 'page')} left out in turn"
    else:
        moved = arrays_of(name, move.network)
        found.arrays |= {key: value.astype(np.float32).astype(np.float64) for key, value in moved.items()}
        _choose_again(name, rows, found)
        reason = f"adapted: log loss {move.before:.3f} → {move.after:.3f} on {counted(pages, 'page')} left out in turn"
    numbers = (round(move.before, 4), round(move.after, 4), round(move.error, 4))
    return Outcome(stage, name, reason, pages, count, move.strength, *numbers)


def _too_little(stage: str, network: str, rows: Rows | None) -> str:
    """Why a network cannot be adapted, "" if it can."""
    if rows is None:
        return f"no page that is judged has the labels that it learns from ({WANTED[stage]})"
    pages = len(set(rows.page))
    if pages < MIN_PAGES:
        return f"{counted(pages, 'page')} with labels for it, {MIN_PAGES} are needed"
    counts = np.nansum(rows.truth, axis=0).tolist()
    second = sorted(counts if len(counts) > 1 else [len(rows.truth) - counts[0], counts[0]])[-2]
    fewest = MIN_ROWS.get(network, MIN_ROWS_OF_ANY)
    if second < fewest:
        return (
            f"its labels differ too rarely: {second:.0f} are of the rarer sort, {fewest} are needed ({WANTED[stage]})"
        )
    return ""


def _balanced(rows: Rows, network: Network) -> Rows:
    """Rows weighted so that there is no reason to raise the network's offset.

    On plain text, boilerplate is let through to spare the article (docs/decisions/0013-plain-text.md). Labels weigh
    both errors equally and must not undo that.
    """
    predicted, truth = probabilities(last_logits(network, rows.inputs))[:, 0], rows.truth[:, 0]
    missed = (rows.weights * truth * (1 - predicted)).sum()
    wrong = (rows.weights * (1 - truth) * predicted).sum()
    weights = rows.weights * np.where(truth == 0, max(1.0, missed / max(wrong, 1e-9)), 1.0)
    return replace(rows, weights=weights)


def _choose_again(network: str, rows: Rows, found: Adapted) -> None:
    """Choose thresholds and policies on predictions out of fold, where there are enough labels (of both classes).

    With fewer the base's stay: the probabilities are calibrated again, so a threshold keeps its meaning.
    """
    predicted = probabilities(with_other(found.out[network], rows.other))
    if network in {"sentence_second", "reader_classes"}:
        found.thresholds |= kind_thresholds(predicted, np.nan_to_num(rows.truth), MIN_THRESHOLD_LABELS)
    settled = MIN_THRESHOLD_LABELS <= float(rows.truth.sum()) <= len(rows.truth) - MIN_THRESHOLD_LABELS
    if network in CAUSES and settled:
        found.policies = policies_by(predicted[:, 0], rows.truth[:, 0])
