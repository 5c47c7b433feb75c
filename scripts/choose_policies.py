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
from carry_over_legs import collection_of, print_figures
from measures import measure_untouched, texts_to_spare
from subgroups import measure_subgroups
from threadpoolctl import threadpool_limits

from noisefilter.article.fit import article_examples, fit_articles, predict_articles
from noisefilter.learn.card import write_card
from noisefilter.learn.evaluate import noise_figures, observe_noise
from noisefilter.learn.intervals import Observed, measured, with_intervals
from noisefilter.learn.policies import MAJORITY, choose_policies, policies_by, policy_figures
from noisefilter.model import DEFAULT, FAST, MANIFEST, VECTORS, load_model, models_folder, save_model
from noisefilter.report.figures import POLICIES, THRESHOLDS
from noisefilter.sentences.fit import fit_sentences, sentence_examples
from noisefilter.text.vectors import load_vectors
from shared_corpus import BLOGS, Corpus, own_retold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from noisefilter.labels import LabelledPage
    from noisefilter.learn.evaluate import Rows
    from noisefilter.model import Model
    from noisefilter.policy import Policy
    from noisefilter.text.vectors import VectorTable

COLLECTIONS = ("wcxb", BLOGS, "texts")
FIGURES = "figures.json"


def judge_left_out(corpus: Corpus, vectors: VectorTable) -> dict[str, list[Observed]]:
    """Noise of each judged article by what the other collections teach, and the share of its readers; by collection."""
    splits = ("train", "tune")
    names = ("sentences", "sentences_blogs")
    pages = [page for split in splits for page in corpus.judged_articles(split)]
    judged = [page for split in splits for name in names for page in corpus.judged_sentences(split, name)]
    articles, sentences = article_examples(pages, vectors), sentence_examples([*judged, *corpus.own_judged()], vectors)
    taught, invented = (article_examples(part, vectors) for part in (corpus.own_votes(), own_retold()))
    found = {}
    for left in COLLECTIONS:
        own = [example for example in articles if collection_of(example) == left]
        others = [example for example in (*articles, *taught) if collection_of(example) != left]
        if not own or len({(example.page.noise_share or 0) >= MAJORITY for example in others}) < 2:
            continue  # of permissive licences there are few
        models, folds = fit_sentences([example for example in sentences if collection_of(example) != left])
        fitted, _ = fit_articles(others, folds, invented)
        noise = predict_articles(own, {**models, **fitted})
        found[left] = [
            Observed(example.site, example.page.id, np.array([[value, example.page.noise_share]], dtype=np.float64))
            for example, value in zip(own, noise.tolist(), strict=True)
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
    """Put the policies into a model's manifest, also of one that has none yet."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf8"))
    manifest["policies"] = policies
    manifest["thresholds"].pop("drop", None)  # of models from before there were policies
    path.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf8")


def measure_policies(models: Path, corpus: Corpus, jobs: int) -> None:
    """Measure verdicts on the val sites and write that into figures and cards; the rest of the figures stays as it is."""
    fast = load_model(models / FAST)
    wcxb, texts, blogs = (
        list(pages) for pages in (corpus.wcxb_pages("val"), corpus.judged_texts("val"), corpus.judged_blogs("val"))
    )
    seen = {
        name: observe_noise(fast, pages, jobs) for name, pages in (("wcxb", wcxb), ("texts", texts), (BLOGS, blogs))
    }
    for name in (*seen, "wcxb and blogs"):
        observed = [*seen["wcxb"], *seen[BLOGS]] if name not in seen else seen[name]
        print_policies(f"val, {name}", observed, fast.policies)
    both = [*seen["wcxb"], *seen["texts"]]
    new = {
        "noise": measured(_by_source([*wcxb, *texts], both), noise_figures),
        POLICIES: {
            name: with_intervals(both, lambda rows, own=policy: policy_figures(rows, own))  # type: ignore[misc]
            for name, policy in fast.policies.items()
        },
        "subgroups": measure_subgroups(fast, corpus, [*wcxb, *texts], jobs),
    }
    spared = measure_untouched(fast, texts_to_spare(corpus), jobs)
    for name in (DEFAULT, FAST):
        path = models / name / FIGURES
        old = json.loads(path.read_text(encoding="utf8"))
        old[THRESHOLDS].pop("drop", None)
        for source, row in spared.items():
            old["texts as they are"][source] |= {key: value for key, value in row.items() if key.startswith("dropped")}
        order = list(dict.fromkeys(key for kind in old for key in ((kind, POLICIES) if kind == "noise" else (kind,))))
        figures = {kind: new.get(kind, old.get(kind)) for kind in order}
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf8")
        model = load_model(models / name)
        save_model(model, models / name, write_card(model, figures))


def _by_source(pages: Sequence[LabelledPage], observed: Sequence[Observed]) -> Rows:
    """Observations by source, and all of them, as `evaluate` has them."""
    source_of = {page.id: page.source for page in pages}
    rows: Rows = {}
    for one in observed:
        for name in ("all", source_of[one.page]):
            rows.setdefault(name, []).append(one)
    return rows


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
