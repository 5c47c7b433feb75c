"""Noise of judged articles → policies: pairs of cuts, each the outermost that keeps a promise, and their figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import roc_auc_score

from noisefilter.labels import CorpusError
from noisefilter.learn.intervals import draws, interval
from noisefilter.policy import BALANCED, CAUTIOUS, STRICT, Policy
from noisefilter.report.figures import HIGH, LOW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noisefilter.arrays import Matrix
    from noisefilter.learn.intervals import Observed

#: What the policies promise (docs/decisions/0033-verdict-and-policies.md): the share of noise in what "cautious" drops,
#: that in what "balanced" drops, and the share worth keeping in what "strict" keeps.
CAUTIOUS_DROPS, BALANCED_DROPS, STRICT_KEEPS = 0.95, 0.85, 0.95
#: A share of fewer pages is chance: no cut is chosen by it.
FEWEST = 5
#: Labels needed to choose policies: in all, and of each class.
MIN_LABELS, MIN_OF_EACH = 20, 5
#: Labels below which a choice is warned of (docs/python.md).
ENOUGH_LABELS = 50
#: Width of a cut's interval from which labels hardly decide it: a half of all values.
VAGUE = 0.5
#: A share of the readers from which an article is noise.
MAJORITY = 0.5


def choose_policies(noise: Matrix, share: Matrix) -> dict[str, Policy]:
    """The policies chosen on some articles, by name.

    There are four cuts, and each policy is a pair of adjacent ones. Below the first an article is worth keeping as
    "strict" promises; the second has the best F1; above the third and the fourth it is noise as "balanced" and
    "cautious" promise.

    `noise` is that of articles by a model that has not seen their sites, `share` that of the readers who call each noise.
    """
    truth = share >= MAJORITY
    order = np.argsort(noise, kind="stable")
    ordered, noisy = noise[order], truth[order]
    between = np.flatnonzero(np.diff(ordered) > 0)  # a cut may lie between two articles that differ in noise
    cuts = np.unique(np.round((ordered[between] + ordered[between + 1]) / 2, 3))
    places = np.searchsorted(ordered, cuts)
    below = np.concatenate([[0], np.cumsum(noisy)])[places]
    above = noisy.sum() - below
    count = len(ordered)
    f1 = 2 * above / np.maximum(1, count - places + noisy.sum())
    best = float(cuts[int(np.argmax(f1))]) if len(cuts) else 0.5
    kept = cuts[(places - below >= STRICT_KEEPS * places) & (places >= FEWEST)]
    keep = min(best, float(kept.max(initial=0.0)))
    drops: list[float] = []
    for wanted in (BALANCED_DROPS, CAUTIOUS_DROPS):
        good = cuts[(above >= wanted * (count - places)) & (count - places >= FEWEST)]
        drops.append(max(best, *drops, float(good.min(initial=1.0))))
    return {
        CAUTIOUS: Policy(drops[0], drops[1], CAUTIOUS),
        BALANCED: Policy(best, drops[0], BALANCED),
        STRICT: Policy(keep, best, STRICT),
    }


def policy_figures(rows: Matrix, policy: Policy) -> dict[str, float]:
    """Figures of a policy on (articles, 2): noise, and the share of the readers who call the article noise.

    For F1 and balanced accuracy, drop or review counts as noise.
    """
    noise, truth = rows[:, 0], rows[:, 1] >= MAJORITY
    dropped, flagged = noise >= policy.drop_at, noise >= policy.review_at
    figures: dict[str, float] = {"articles": len(rows), "noisy": int(truth.sum())}
    for name, chosen, right in (
        ("drop", dropped, truth),
        ("drop or review", flagged, truth),
        ("keep or trim", ~flagged, ~truth),
    ):
        figures[f"{name}: share"] = float(chosen.mean())
        if chosen.any():
            figures[f"{name}: precision"] = float(right[chosen].mean())
        if right.any():
            figures[f"{name}: recall"] = float(chosen[right].mean())
    if truth.any():
        figures["F1"] = float(2 * (flagged & truth).sum() / (flagged.sum() + truth.sum()))
    if 0 < truth.sum() < len(truth):
        figures["balanced accuracy"] = float((flagged[truth].mean() + (~flagged)[~truth].mean()) / 2)
    return figures


def cuts_of(policy: Policy) -> dict[str, float]:
    """The cuts of a policy, by their names."""
    return {"review_at": float(policy.review_at), "drop_at": float(policy.drop_at)}


#: Names of the figures of a policy, in order.
FIGURES = tuple(policy_figures(np.array([[0.0, 0.0], [1.0, 1.0]]), Policy(0.5, 0.5)))


def policies_by(noise: Matrix, share: Matrix) -> dict[str, Any]:
    """Policies for a manifest, chosen and measured on articles of held-out sites."""
    rows = np.column_stack([noise, share])
    return {
        name: {
            **cuts_of(policy),
            "measured": {key: round(value, 4) for key, value in policy_figures(rows, policy).items()},
        }
        for name, policy in choose_policies(noise, share).items()
    }


def choose_with_intervals(observed: Sequence[Observed], name: str) -> tuple[Policy, dict[str, float]]:
    """The policy of a name, chosen on a user's own labels, and its figures with 95% intervals.

    Sites (pages, if there is one site only) are drawn repeatedly with replacement. Each draw chooses its own cuts,
    which are measured on what was not drawn. So the figures, medians of the draws, are not flattered by choosing on the
    same labels. `observed` is (1, 2) per page: noise, and the share of the readers who call it noise.

    Raises:
        CorpusError: too few labels, or too few of one class.
    """
    rows = np.concatenate([one.values for one in observed]) if observed else np.zeros((0, 2))
    noisy = int((rows[:, 1] >= MAJORITY).sum())
    if len(rows) < MIN_LABELS or min(noisy, len(rows) - noisy) < MIN_OF_EACH:
        raise CorpusError(
            f"{len(rows)} judged pages could be scored, {noisy} of them noise: policies need {MIN_LABELS}, and {MIN_OF_EACH} of each "
            "sort; some 50 say more"
        )
    chosen = choose_policies(*rows.T)[name]
    seen: dict[str, list[float]] = {}
    for drawn in draws(observed):
        left = sorted(set(range(len(rows))) - set(drawn))
        if left:
            policy = choose_policies(*rows[drawn].T)[name]
            for key, value in {**cuts_of(policy), **policy_figures(rows[left], policy)}.items():
                if isinstance(value, float):
                    seen.setdefault(key, []).append(value)
    auc = float(roc_auc_score(rows[:, 1] >= MAJORITY, rows[:, 0]))
    figures: dict[str, float] = {"articles": len(rows), "noisy": noisy, "auc": auc, **cuts_of(chosen)}
    for key, values in seen.items():
        figures |= {key: figures.get(key, float(np.median(values))), **interval(key, values)}
    return chosen, figures


def vague_notes(figures: Mapping[str, float]) -> list[str]:
    """A warning of few labels, and for each cut that they hardly decide, by the figures of `choose_with_intervals`.

    >>> vague_notes({"articles": 50, "drop_at": 0.6, "drop_at, 95% from": 0.07, "drop_at, 95% to": 1.0})
    ["WARNING: these labels hardly decide drop_at: it may lie anywhere from 0.07 to 1.00; label more pages, or keep the model's policy"]
    """
    ends = [(name, figures.get(name + LOW, 0.0), figures.get(name + HIGH, 0.0)) for name in cuts_of(Policy(0, 1))]
    few = f"WARNING: {figures['articles']} judged pages are few to choose cuts by: label some {ENOUGH_LABELS}"
    return [few] * (figures["articles"] < ENOUGH_LABELS) + [
        f"WARNING: these labels hardly decide {name}: it may lie anywhere from {low:.2f} to {high:.2f}; label more pages, or keep the "
        "model's policy"
        for name, low, high in ends
        if high - low >= VAGUE
    ]


def gap_notes(observed: Sequence[Observed], policy: Policy) -> list[str]:
    """A warning for each cut in a wide gap between the pages of `choose_with_intervals`, where any other cut is as good."""
    noise = np.sort(np.concatenate([one.values[:, 0] for one in observed]))
    places = {name: int(np.searchsorted(noise, cut)) for name, cut in cuts_of(policy).items()}
    gaps = {name: noise[place - 1 : place + 1].tolist() for name, place in places.items() if 0 < place < len(noise)}
    return [
        f"WARNING: no page lies between {low:.2f} and {high:.2f}: any {name} between them fits these labels as well"
        for name, (low, high) in gaps.items()
        if high - low >= VAGUE
    ]
