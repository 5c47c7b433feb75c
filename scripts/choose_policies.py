"""Policies of the shipped models: cuts on `noise`, chosen on collections of articles that were left out, and written into them.

    python scripts/choose_policies.py ../shared/corpus --check    # choose and print, write nothing
    python scripts/choose_policies.py ../shared/corpus            # choose and write into models/default and models/fast

Each of WCXB, the blogs and the texts is judged by a classifier that the other two taught, with the product's own training code
(as in `carry_over.py`). Both models have the same `noise`, and no weight changes: only their manifests do. `train_default.py` does the
same after a training; its `--measure` writes what the policies give on the val sites into figures and cards.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from carry_over_judged import across, fit_noise, read_judged
from threadpoolctl import threadpool_limits

from noisefilter.learn.intervals import Observed, with_intervals
from noisefilter.learn.policies import MAJORITY, choose_policies, cuts_of, policies_by, policy_figures
from noisefilter.model import CARD, DEFAULT, FAST, VECTORS, load_model, models_folder, save_model
from noisefilter.report.figures import figure_columns, policy_table, print_tables
from noisefilter.text.vectors import load_vectors
from shared_corpus import BLOGS, Corpus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noisefilter.arrays import Matrix
    from noisefilter.model import Model
    from noisefilter.text.vectors import VectorTable

COLLECTIONS = ("wcxb", BLOGS, "texts")


def judge_left_out(corpus: Corpus, vectors: VectorTable) -> dict[str, list[Observed]]:
    """Noise of each judged article by what the other collections teach, and the share of its readers; by collection."""
    data = read_judged(corpus, vectors)
    found = {}
    for left in COLLECTIONS:
        leg = across([name for name in COLLECTIONS if name != left], [left])
        verdicts = {
            (example.page.noise_share or 0) >= MAJORITY
            for example in (*data.articles, *data.taught)
            if leg.learns(example)
        }
        if len(verdicts) == 2 and any(map(leg.judges, data.articles)):  # of permissive licences there are few
            judged, noise, _ = fit_noise(leg, data)
            found[left] = [
                Observed(example.site, example.page.id, np.array([[value, example.page.noise_share]], dtype=np.float64))
                for example, value in zip(judged, noise.tolist(), strict=True)
            ]
    return found


def choose_left_out(corpus: Corpus, vectors: VectorTable) -> dict[str, Any]:
    """The policies as a manifest holds them; none if no collection can be judged by others."""
    with threadpool_limits(1):
        found = judge_left_out(corpus, vectors)
    if not found:
        return {}
    everything = [one for part in found.values() for one in part]
    print_policies("all", everything, everything)
    for left, part in found.items():
        others = [one for name, other in found.items() if name != left for one in other]
        if others:
            print_policies(f"{left}, by the cuts of the others", part, others)
    return policies_by(*_noise_and_share(everything))


def print_policies(title: str, observed: Sequence[Observed], chosen_on: Sequence[Observed]) -> None:
    """Print what the policies that some articles choose give on others, with intervals."""
    figures = {
        name: {**cuts_of(policy), **with_intervals(observed, partial(policy_figures, policy=policy))}
        for name, policy in choose_policies(*_noise_and_share(chosen_on)).items()
    }
    print_tables(policy_table(figures, figure_columns(figures), title))


def _noise_and_share(observed: Sequence[Observed]) -> Matrix:
    return np.concatenate([one.values for one in observed]).T


def with_policies(model: Model, policies: Mapping[str, Any]) -> Model:
    """The model with other policies; its name, version and arrays stay."""
    return replace(model, manifest={**model.manifest, "policies": policies})


def main() -> None:
    """Choose, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the folders of both models")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    policies = choose_left_out(Corpus(options.corpus), load_vectors(models_folder() / VECTORS))
    if options.check:
        return
    for folder in (options.models / name for name in (DEFAULT, FAST)):
        save_model(with_policies(load_model(folder), policies), folder, (folder / CARD).read_text(encoding="utf8"))


if __name__ == "__main__":
    main()
