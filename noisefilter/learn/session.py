"""Labelled pages → a model, its figures and its card: what `noisefilter train` does between reading and writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noisefilter.learn.adapt import adapt
from noisefilter.learn.card import ATTRIBUTION, write_card
from noisefilter.learn.evaluate import evaluate
from noisefilter.learn.train import split_by_site, split_pages, train
from noisefilter.model import VECTORS, default_model, models_folder
from noisefilter.report.comparison import comparison_markdown
from noisefilter.text.vectors import load_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from noisefilter.labels import LabelledPage
    from noisefilter.learn.adapt import Outcome
    from noisefilter.learn.train import TrainingData
    from noisefilter.model import Model
    from noisefilter.report.figures import Figures

    Progress = Callable[[str], None]

#: A figure that is worse by more than this is told.
WORSE = 0.01
#: Whose doing the figures of a kind are.
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


@dataclass(frozen=True, slots=True)
class Trained:
    """A model with its figures on the held-out pages; `before` are those of the model that it was adapted from."""

    model: Model
    card: str
    before: Figures | None
    after: Figures
    notes: tuple[str, ...]


def fit_on(pages: Sequence[LabelledPage], name: str, jobs: int, progress: Progress) -> Trained:
    """A model fitted on the pages and nothing else.

    Raises:
        CorpusError: a stage has no labels, or all pages are of one site.
    """
    data = split_by_site(pages)
    model = train(data, load_vectors(models_folder() / VECTORS), name=name, jobs=jobs, progress=progress)
    progress(f"measuring on {len(data.tune)} held-out pages")
    figures = evaluate(model, data.tune, jobs)
    card = write_card(model, figures, "the corpus' own held-out sites, which also chose the thresholds")
    return Trained(model, card, None, figures, (_split_note(data),))


def adapt_to(
    pages: Sequence[LabelledPage], name: str, jobs: int, progress: Progress, *, heads: bool = False
) -> Trained:
    """The default model adapted to the pages; with `heads` the last layer of its reader, too (extra `train`).

    Raises:
        CorpusError: there is one page only.
    """
    base = default_model()
    data = split_pages(pages)
    model, outcomes = adapt(data, base, name=name, jobs=jobs, progress=progress, heads=heads)
    progress(f"measuring both models on {len(data.tune)} held-out pages")
    before, after = evaluate(base, data.tune, jobs), evaluate(model, data.tune, jobs)
    stays: set[str] = set()
    while worse := worse_stages(before, after, outcomes):
        stays |= worse
        model, outcomes = adapt(data, base, name=name, jobs=jobs, stays=stays, heads=heads)
        after = evaluate(model, data.tune, jobs)
    notes = (
        *(f"{outcome.label} {outcome.reason}" for outcome in outcomes),
        *_threshold_notes(base, model),
        *_policy_notes(base, model),
        _split_note(data),
        *worse_notes(before, after),
    )
    card = write_card(model, after, "the held-out pages, which adapted and chose nothing")
    return Trained(model, card + _adapted_section(base, before, after, notes), before, after, notes)


def worse_stages(before: Figures, after: Figures, outcomes: Sequence[Outcome]) -> set[str]:
    """Stages that moved and whose figures got worse on the held-out pages: the default's are the better ones."""
    moved = {outcome.stage for outcome in outcomes if outcome.moved}
    found = [STAGES_OF[kind] for kind in before if kind in STAGES_OF and _worse(before, after, kind)]
    return set().union(*found) & moved


def _worse(before: Figures, after: Figures, kind: str) -> list[tuple[str, float, float]]:
    """Figures of a kind that got worse: name, before and after."""
    was, now = before[kind].get("all", {}), after.get(kind, {}).get("all", {})
    signs = (("log loss", 1), ("f1", -1))
    return [
        (name, was[name], now[name])
        for name, sign in signs
        if name in was and name in now and sign * (now[name] - was[name]) > WORSE
    ]


def worse_notes(before: Figures, after: Figures) -> tuple[str, ...]:
    """What got worse on the held-out pages: a warning a kind."""
    notes = [
        f"WORSE on the held-out pages: {kind}, {name} {was:.3f} → {now:.3f}; pages of more sites may help, or the default model is "
        "the better one"
        for kind in before
        for name, was, now in _worse(before, after, kind)
    ]
    return tuple(notes)


def _split_note(data: TrainingData) -> str:
    """What was held out, and what that says."""
    fit, held = ({page.site for page in part} for part in (data.fit, data.tune))
    if fit & held:
        return (
            f"all pages are of one site: {len(data.tune)} of {len(data.fit) + len(data.tune)} pages were held out, so the "
            "figures say nothing of other sites"
        )
    return f"held out: {len(data.tune)} pages of {len(held)} sites; learned from: {len(data.fit)} pages of {len(fit)} sites"


def _threshold_notes(base: Model, model: Model) -> tuple[str, ...]:
    return tuple(
        f"threshold {name}: {base.thresholds[name]} → {value}, chosen on pages left out in turn"
        for name, value in model.thresholds.items()
        if value != base.thresholds.get(name)
    )


def _policy_notes(base: Model, model: Model) -> tuple[str, ...]:
    """How policies changed; of those that stay nothing is said."""
    return tuple(
        f"policy {name}: review from {base.policies[name].review_at} → {policy.review_at}, drop from {base.policies[name].drop_at} → "
        f"{policy.drop_at}, chosen on pages left out in turn"
        for name, policy in model.policies.items()
        if policy != base.policies[name]
    )


def _adapted_section(base: Model, before: Figures, after: Figures, notes: Sequence[str]) -> str:
    """What a card says of an adapted model on top: what it comes from, what moved, and what that changed."""
    lines = [
        "",
        f"## Adapted from {base.label}",
        "",
        "What that model learned from, and what it is bad at, stands in its own card.",
        "",
        ATTRIBUTION if "wcxb" in base.manifest["data"]["sources"] else "",
        "",
        *(f"- {note}" for note in notes),
        "",
        "## Before and after",
        "",
        f"{base.label} → this model, on the held-out pages.",
        "",
    ]
    return "\n".join([*lines, comparison_markdown(before, after)])
