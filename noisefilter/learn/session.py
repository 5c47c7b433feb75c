"""Labelled pages → a model, its figures and its card: what `noisefilter train` does between reading and writing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from noisefilter.learn.adapt import adapt
from noisefilter.learn.card import TEXTS, paragraphs, write_card
from noisefilter.learn.evaluate import COMPARED, judge_pages, measure_scores, observe
from noisefilter.learn.intervals import surely_worse
from noisefilter.learn.provenance import describe_labels, figure_notes, label_note, opposite_note, unscored_note
from noisefilter.learn.train import split_by_site, split_pages, train
from noisefilter.model import VECTORS, as_model, models_folder
from noisefilter.report.figures import ALL, comparison_markdown
from noisefilter.report.printing import counted
from noisefilter.text.vectors import load_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from noisefilter.labels import LabelledPage
    from noisefilter.learn.adapt import Outcome
    from noisefilter.learn.evaluate import Judged
    from noisefilter.learn.intervals import Observed
    from noisefilter.learn.train import TrainingData
    from noisefilter.model import Model
    from noisefilter.report.figures import Figures

    Progress = Callable[[str], None]

#: A figure that is worse by more than this is reported.
WORSE = 0.01
#: Figures by which a model is called worse: 1 where lower is better, -1 where higher is.
SIGNS = {"log loss": 1, "f1": -1}
#: The stages that the figures of a kind depend on.
STAGES_OF = {
    "extraction": {"blocks"},
    "boilerplate spans": {"blocks"},
    "filler": {"sentences", "reader"},
    "promotion": {"sentences", "reader"},
    "filler spans": {"sentences", "reader"},
    "promotion spans": {"sentences", "reader"},
    "off_topic spans": {"insertions", "reader"},
    "noise": {"articles"},
}


class Loss(NamedTuple):
    """A figure by which one model is worse than the other on the held-out pages, and whether by more than chance."""

    kind: str
    name: str
    was: float
    now: float
    sure: bool

    def __str__(self) -> str:
        what = f"on the held-out pages: {self.kind}, {self.name} {self.was:.3f} → {self.now:.3f}"
        if self.sure:
            return f"WORSE {what}"
        return f"perhaps worse {what}; so few pages cannot tell that from chance"


@dataclass(frozen=True, slots=True)
class Trained:
    """A model with its figures on the held-out pages; `before` are the default model's.

    `losses` are figures that got worse, `gains` those that got better; a model of which nothing was adapted has neither.
    """

    model: Model
    card: str
    before: Figures
    after: Figures
    notes: tuple[str, ...]
    losses: Sequence[Loss]
    gains: Sequence[Loss]
    is_adapted: bool = True

    @property
    def is_worse(self) -> bool:
        """Whether more figures are surely worse than the default model's than are surely better."""
        lost, gained = (sum(one.sure for one in ones) for ones in (self.losses, self.gains))
        return lost > gained


def fit_on(pages: Sequence[LabelledPage], name: str, jobs: int, progress: Progress) -> Trained:
    """A model fitted on the pages and nothing else.

    Raises:
        CorpusError: a stage has no labels, or all pages are of one site.
    """
    base, data = as_model(), split_by_site(pages)
    model = train(data, load_vectors(models_folder() / VECTORS), name=name, jobs=jobs, progress=progress)
    progress(f"measuring this model and the default one on {counted(len(data.tune), 'held-out page')}")
    old, new = (_measure(one, data, jobs) for one in (base, model))
    return _trained(base, model, data, old, new, "the corpus' own held-out sites, which also chose the thresholds")


def adapt_to(
    pages: Sequence[LabelledPage], name: str, jobs: int, progress: Progress, *, heads: bool = False
) -> Trained:
    """The default model adapted to the pages; with `heads` the last layer of its reader, too (extra `onnx`).

    Raises:
        CorpusError: there is one page only.
    """
    base = as_model()
    data = split_pages(pages)
    model, outcomes = adapt(data, base, name=name, jobs=jobs, progress=progress, heads=heads)
    progress(f"measuring both models on {counted(len(data.tune), 'held-out page')}")
    old, new = (_measure(one, data, jobs) for one in (base, model))
    stays: set[str] = set()
    while worse := worse_stages(old[1], new[1], outcomes):
        stays |= worse
        model, outcomes = adapt(data, base, name=name, jobs=jobs, stays=stays, heads=heads)
        new = _measure(model, data, jobs)
    chose = f"nothing but that {', '.join(sorted(stays))} must stay as it was" if stays else "nothing"
    measured_on = f"the held-out pages, which adapted nothing and chose {chose}"
    notes = [*(f"{outcome.label} {outcome.reason}" for outcome in outcomes), *_changes(base, model)]
    is_adapted = any(outcome.moved for outcome in outcomes)
    if not is_adapted:
        notes.append(f"NOTHING WAS ADAPTED, for the reasons above: this model judges as {base.label} does")
    trained = _trained(base, model, data, old, new, measured_on, notes, _adapted_section(base))
    return replace(trained, is_adapted=is_adapted)


def _measure(model: Model, data: TrainingData, jobs: int) -> tuple[Judged, Figures]:
    """The held-out pages, scored by the model, and its figures on them."""
    judged = judge_pages(model, data.tune, jobs)
    return judged, measure_scores(model, judged)


def _trained(
    base: Model,
    model: Model,
    data: TrainingData,
    old: tuple[Judged, Figures],
    new: tuple[Judged, Figures],
    measured_on: str,
    notes: Sequence[str] = (),
    section: Sequence[str] = (),
) -> Trained:
    """The model with the labellers in its manifest, and its card; `old` and `new` are as `_measure` gives them."""
    model = replace(model, manifest={**model.manifest, **describe_labels(data)})
    (was, before), (now, after) = ((observe(judged), figures) for judged, figures in (old, new))
    lost, gained = losses(before, after, _is_sure(was, now)), losses(after, before, _is_sure(now, was))
    labels, held = label_note(model.manifest["labels"]), (f"held-out pages: {note}" for note in figure_notes(after))
    unscored = unscored_note(old[0], "of the held-out pages the default model")
    opposite = opposite_note(before.get("noise", {}).get(ALL, {}))
    every = (*notes, labels, _split_note(data), *unscored, *opposite, *held, *map(str, lost))
    beside = f"{base.label} → this model, on the held-out pages."
    about = *section, "## Beside the default model", "\n".join(f"- {note}" for note in every), beside
    card = f"{write_card(model, after, measured_on)}\n{paragraphs(*about)}\n{comparison_markdown(before, after)}"
    return Trained(model, card, before, after, every, lost, gained)


def _is_sure(was: Mapping[str, list[Observed]], now: Mapping[str, list[Observed]]) -> Callable[[str, str], bool]:
    """Tells for a kind and figure if it got worse by more than chance."""
    return lambda kind, name: surely_worse(was[kind], now[kind], COMPARED[kind].figures_of, name, SIGNS[name])


def worse_stages(before: Figures, after: Figures, outcomes: Sequence[Outcome]) -> set[str]:
    """Stages that moved and whose figures got worse on the held-out pages: they should stay as in the default model."""
    moved = {outcome.stage for outcome in outcomes if outcome.moved}
    found = [STAGES_OF[loss.kind] for loss in losses(before, after) if loss.kind in STAGES_OF]
    return set().union(*found) & moved


def losses(before: Figures, after: Figures, is_sure: Callable[[str, str], bool] = lambda *_: True) -> list[Loss]:
    """Figures that got worse on the held-out pages; `is_sure` tells for a kind and figure if that is beyond chance."""
    return [
        Loss(kind, name, was[name], now[name], is_sure(kind, name))
        for kind, was, now in ((kind, before[kind].get(ALL, {}), after.get(kind, {}).get(ALL, {})) for kind in before)
        for name, sign in SIGNS.items()
        if name in was and name in now and sign * (now[name] - was[name]) > WORSE
    ]


def _split_note(data: TrainingData) -> str:
    """How much was held out, with a warning if all pages are of one site."""
    fit, held = ({page.site for page in part} for part in (data.fit, data.tune))
    if fit & held:
        every = counted(len(data.fit) + len(data.tune), "page")
        return f"all pages are of one site: {len(data.tune)} of {every} held out, so the figures say nothing of other sites"
    tune, rest = (
        f"{counted(len(pages), 'page')} of {counted(len(sites), 'site')}"
        for pages, sites in ((data.tune, held), (data.fit, fit))
    )
    return f"held out: {tune}; learned from: {rest}"


def _changes(base: Model, model: Model) -> Iterator[str]:
    """How thresholds and policies changed; unchanged ones are left out."""
    chosen = "chosen on pages left out in turn"
    for name, value in model.thresholds.items():
        if value != base.thresholds.get(name):
            yield f"threshold {name}: {base.thresholds[name]} → {value}, {chosen}"
    for name, policy in model.policies.items():
        old = base.policies[name]
        if policy != old:
            cuts = f"review from {old.review_at} → {policy.review_at}, drop from {old.drop_at} → {policy.drop_at}"
            yield f"policy {name}: {cuts}, {chosen}"


def _adapted_section(base: Model) -> list[str]:
    """What the card of an adapted model has besides: the model that it comes from."""
    about = "What that model learned from, and what it is bad at, stands in its own card."
    attribution = [TEXTS["attribution"]] if "wcxb" in base.manifest["data"]["sources"] else []
    return [f"## Adapted from {base.label}", about, *attribution]
