"""Policies of the shipped models: cuts on `noise`, chosen on collections of articles that were left out, and written into them.

    python scripts/choose_policies.py ../shared/corpus --check    # choose and print, write nothing
    python scripts/choose_policies.py ../shared/corpus            # choose and write into models/default and models/fast
    python scripts/choose_policies.py ../shared/corpus --measure  # what they give on the val sites, into figures and cards: at the end

Each of WCXB, the blogs and the texts is judged by a classifier that the other two taught, with the product's own training code
(as in `carry_over.py`). Both models have the same `noise`, and no weight changes: only their manifests do. `train_default.py` does the
same after a training.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from carry_over_judged import all_but, fit_noise, print_figures, read_judged
from measures import measure_subgroups, measure_untouched, texts_to_spare
from threadpoolctl import threadpool_limits

from noisefilter.learn.card import write_card
from noisefilter.learn.evaluate import judge_pages, measure_scores, observe
from noisefilter.learn.intervals import Observed
from noisefilter.learn.policies import MAJORITY, choose_policies, policies_by, policy_figures
from noisefilter.model import DEFAULT, FAST, MANIFEST, VECTORS, load_model, models_folder, save_model
from noisefilter.report.figures import POLICIES
from noisefilter.text.vectors import load_vectors
from shared_corpus import BLOGS, Corpus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from noisefilter.model import Model
    from noisefilter.policy import Policy
    from noisefilter.text.vectors import VectorTable

COLLECTIONS = ("wcxb", BLOGS, "texts")
FIGURES = "figures.json"


def judge_left_out(corpus: Corpus, vectors: VectorTable) -> dict[str, list[Observed]]:
    """Noise of each judged article by what the other collections teach, and the share of its readers; by collection."""
    data = read_judged(corpus, vectors)
    found = {}
    for left in COLLECTIONS:
        leg = all_but(left)
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
    print_left_out(found)
    return policies_by(*_rows(found.values()).T)


def _rows(parts: Iterable[Sequence[Observed]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.concatenate([one.values for part in parts for one in part])


def print_left_out(found: Mapping[str, Sequence[Observed]]) -> None:
    """What the policies give over all, and in each collection with the cuts that the two others choose."""
    print_policies("all", [one for part in found.values() for one in part], choose_policies(*_rows(found.values()).T))
    for left, own in found.items():
        others = [part for name, part in found.items() if name != left]
        if others:
            print_policies(f"{left}, by the cuts of the others", own, choose_policies(*_rows(others).T))


def print_policies(title: str, observed: Sequence[Observed], policies: Mapping[str, Policy]) -> None:
    """Print what the policies give on some articles, with intervals."""
    for name, policy in policies.items():
        print_figures(
            f"{title}: {name}, review at {policy.review_at}, drop at {policy.drop_at}",
            [(one.site, one.values) for one in observed],
            lambda rows, own=policy: policy_figures(rows, own),  # type: ignore[misc]
        )


def with_policies(model: Model, policies: Mapping[str, Any]) -> Model:
    """The model with other policies; its name, version and arrays stay."""
    return replace(model, manifest={**model.manifest, "policies": policies})


def write_policies(folder: Path, policies: Mapping[str, Any]) -> None:
    """Put the policies into a model's manifest."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf8"))
    manifest["policies"] = policies
    path.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf8")


def measure_policies(models: Path, corpus: Corpus, jobs: int) -> None:
    """Measure verdicts on the val sites and write that into figures and cards; the rest of the figures stays as it is."""
    fast = load_model(models / FAST)
    val = {"wcxb": corpus.wcxb_pages("val"), "texts": corpus.judged_texts("val"), BLOGS: corpus.judged_blogs("val")}
    judged = {
        name: judge_pages(fast, [page for page in pages if page.noise is not None], jobs) for name, pages in val.items()
    }
    for names in (*((name,) for name in val), ("wcxb", BLOGS)):
        observed = [one for name in names for one in observe(judged[name])["noise"]]
        print_policies(f"val, {' and '.join(names)}", observed, fast.policies)
    both = [*judged["wcxb"], *judged["texts"]]
    found = measure_scores(fast, both)
    new = {"noise": found["noise"], POLICIES: found[POLICIES], "subgroups": measure_subgroups(corpus, both)}
    spared = measure_untouched(judge_pages(fast, texts_to_spare(corpus), jobs))
    for name in (DEFAULT, FAST):
        path = models / name / FIGURES
        figures = json.loads(path.read_text(encoding="utf8")) | new
        for source, row in spared.items():
            figures["texts as they are"][source] |= {key: row[key] for key in row if key.startswith("dropped")}
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf8")
        model = load_model(models / name)
        save_model(model, models / name, write_card(model, figures))


def main() -> None:
    """Choose and write, or measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the folders of both models")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--measure", action="store_true", help="measure on the val sites instead of choosing")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    corpus = Corpus(options.corpus)
    if options.measure:
        measure_policies(options.models, corpus, options.jobs)
        return
    policies = choose_left_out(corpus, load_vectors(models_folder() / VECTORS))
    for name in (DEFAULT, FAST):
        if not options.check:
            write_policies(options.models / name, policies)


if __name__ == "__main__":
    main()
