"""Labelled pages → `Model`: every stage in turn, thresholds, manifest."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from noisefilter.blocks import TEXT_VERSION
from noisefilter.model import FORMAT, VECTORS, Model, digest, models_folder
from noisefilter.scoring import features_digest
from noisefilter.training.articles import (
    POSITIVE,
    article_examples,
    fit_articles,
)
from noisefilter.training.asides import fit_pages
from noisefilter.training.blocks import block_examples, fit_blocks
from noisefilter.training.corpora import CorpusError
from noisefilter.training.estimators import SEED, fold_of
from noisefilter.training.hosts import make_hosts
from noisefilter.training.insertions import (
    fit_insertions,
    labelled_examples,
    make_examples,
)
from noisefilter.training.sentences import fit_sentences, sentence_examples
from noisefilter.training.thresholds import choose_thresholds
from noisefilter.training.wordings import split_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from noisefilter.training.corpora import LabelledPage
    from noisefilter.training.hosts import Host
    from noisefilter.vectors import VectorTable

    Arrays = dict[str, NDArray[np.float64]]

#: One site in so many is kept for calibration and thresholds when the caller names no split.
TUNE_SHARE = 4
#: Arrays of each stage, by the start of their names.
STAGE_ARRAYS = {
    "blocks": ("block_",), "sentences": ("sentence",), "insertions": ("insertion", "passage", "aside.", "page_off_topic."),
    "articles": ("article",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Pages to fit on and pages of other sites to calibrate on; `weak` articles have a noise label by provenance.

    `headlines` are titles that may be spliced into the hosts; `hosts` of None are made from the pages. `other` names what
    else the weights learn from: licence and rows by source.
    """

    fit: Sequence[LabelledPage]
    tune: Sequence[LabelledPage]
    weak: Sequence[LabelledPage] = ()
    headlines: Sequence[str] = ()
    hosts: Sequence[Host] | None = None
    tune_hosts: Sequence[Host] | None = None
    other: Mapping[str, tuple[str, int]] = field(default_factory=dict)


def split_by_site(pages: Sequence[LabelledPage]) -> TrainingData:
    """Training data with one site in four kept for calibration.

    Raises:
        CorpusError: all pages are of one site, so that nothing could be held out.
    """
    sites = sorted({page.site for page in pages})
    if len(sites) < 2:
        msg = "pages of at least two sites are needed: a model is calibrated on sites that it has not seen"
        raise CorpusError(msg)
    tuned = {site for site in sites if fold_of(site, TUNE_SHARE) == 0} or {sites[0]}
    if len(tuned) == len(sites):
        tuned = set(sites[: max(1, len(sites) // TUNE_SHARE)])
    return TrainingData(
        [page for page in pages if page.site not in tuned], [page for page in pages if page.site in tuned],
        headlines=[page.page.title for page in pages if page.page.title],
    )  # fmt: skip


def train(
    data: TrainingData, vectors: VectorTable, *, name: str, base: Model | None = None, jobs: int = 1,
    progress: Callable[[str], None] = lambda _: None, vectors_file: Path | None = None,
) -> Model:  # fmt: skip
    """A model fitted on labelled pages; a stage for which nothing is labelled is taken from `base`.

    The same data gives the same arrays on the same machine. `vectors_file` is where `vectors` were read, if that is not the
    shipped table; the model needs it in its folder.

    Raises:
        CorpusError: a stage has no labels (of both sorts, in both parts) and there is no base model.
    """
    with threadpool_limits(1):
        arrays, taken, tuned = _fit_stages(data, vectors, base, jobs, progress)
        progress("thresholds")
        thresholds = choose_thresholds(arrays, tuned, base.thresholds if base else {})
    compact = {key: value.astype(np.float32) for key, value in sorted(arrays.items())}
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "text_version": TEXT_VERSION,
        "name": name,
        "version": _fingerprint(compact),
        "vectors_sha256": digest(vectors_file or models_folder() / VECTORS),
        "thresholds": thresholds,
        "features_sha256": features_digest(),
        "from_base": taken,
        "seed": SEED,
        "data": describe(data),
        "libraries": {
            package: version(package) for package in ("noisefilter", "numpy", "scikit-learn", "trafilatura", "nupunkt")
        },
        "python": platform.python_version(),
    }
    return Model(name, manifest["version"], thresholds, compact, manifest, vectors)


def _fingerprint(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Eight digits of a hash of what was learned: the version that a score carries."""
    state = hashlib.sha256()
    for key, value in sorted(arrays.items()):
        state.update(key.encode())
        state.update(np.ascontiguousarray(value).tobytes())
    return state.hexdigest()[:8]


def _fit_stages(
    data: TrainingData, vectors: VectorTable, base: Model | None, jobs: int, progress: Callable[[str], None]
) -> tuple[Arrays, list[str], dict[str, Any]]:
    """Arrays of all stages, the stages that came from the base, and the examples to choose thresholds on."""
    arrays: Arrays = {}
    taken: list[str] = []
    tuned: dict[str, Any] = {}

    progress("blocks: reading")
    blocks, tuned["blocks"] = (block_examples(part, vectors, jobs) for part in (data.fit, data.tune))
    if _both(blocks, "furniture") and _both(tuned["blocks"], "furniture"):
        progress(f"blocks: fitting on {len(blocks)} pages")
        arrays |= fit_blocks(blocks, tuned["blocks"], base.arrays if base else None)
    else:
        arrays |= _take("blocks", base, taken)

    progress("sentences: reading")
    sentences, tuned["sentences"] = (sentence_examples(part, vectors) for part in (data.fit, data.tune))
    folds: list[Arrays] = []
    if sum(len(example.table) for example in sentences) and tuned["sentences"]:
        progress(f"sentences: fitting on {len(sentences)} articles")
        fitted, folds = fit_sentences(sentences)
        arrays |= fitted
    else:
        arrays |= _take("sentences", base, taken)

    progress("insertions: making")
    hosts = data.hosts if data.hosts is not None else make_hosts(data.fit)
    tune_hosts = data.tune_hosts if data.tune_hosts is not None else make_hosts(data.tune)
    titles = {split: [title for title in data.headlines if split_of(title) == split] for split in ("train", "tune")}
    if hosts and tune_hosts and titles["train"] and titles["tune"]:
        made = make_examples(hosts, titles["train"], "train", vectors, seed=SEED) + labelled_examples(data.fit)
        tune = make_examples(tune_hosts, titles["tune"], "tune", vectors, seed=SEED + 1) + labelled_examples(data.tune)
        fitted, tuned["insertions"] = fit_insertions(made, tune, arrays, folds, vectors, jobs, progress)
        arrays |= fitted
        arrays |= fit_pages(made, tune, tuned["insertions"], (data.fit, data.tune), arrays, vectors)
    else:
        arrays |= _take("insertions", base, taken)

    progress("articles: reading")
    articles = article_examples(data.fit, vectors)
    tuned["articles"] = article_examples(data.tune, vectors)
    weak = article_examples(data.weak, vectors, judged=False)
    if _both_noise(articles) and _both_noise(tuned["articles"]):
        progress(f"articles: fitting on {len(articles)} judged and {len(weak)} weakly labelled articles")
        arrays |= fit_articles([*articles, *weak], tuned["articles"], arrays, folds or [arrays] * 5)
    else:
        arrays |= _take("articles", base, taken)
    return arrays, taken, tuned


def _both(examples: Sequence[Any], label: str) -> bool:
    return {0, 1} <= {int(value) for example in examples for value in np.unique(getattr(example, label))}


def _both_noise(examples: Sequence[Any]) -> bool:
    return {0, 1} <= {int(example.noise >= POSITIVE) for example in examples}


def _take(stage: str, base: Model | None, taken: list[str]) -> Arrays:
    if base is None:
        msg = f"nothing is labelled for {stage} (both sorts of label are needed, on several sites), and there is no base model"
        raise CorpusError(msg)
    taken.append(stage)
    starts = STAGE_ARRAYS[stage]
    return {key: np.asarray(value, dtype=np.float64) for key, value in base.arrays.items() if key.startswith(starts)}


def describe(data: TrainingData) -> dict[str, Any]:
    """Counts of what was read, by source, and a hash of the ids: what the manifest says of the data."""
    rows: dict[str, Counter[str]] = {}
    licences: dict[str, str] = {}
    for part, pages in (("fit", data.fit), ("tune", data.tune), ("weak", data.weak)):
        for page in pages:
            rows.setdefault(page.source, Counter())[part] += 1
            licences.setdefault(page.source, page.licence)
    state = hashlib.sha256(
        "\n".join(sorted(page.id for page in [*data.fit, *data.tune, *data.weak])).encode("utf-8", "surrogatepass")
    )
    return {
        "sources": {source: {**dict(counts), "licence": licences[source]} for source, counts in sorted(rows.items())},
        "other": {name: {"licence": licence, "rows": count} for name, (licence, count) in sorted(data.other.items())},
        "ids_sha256": state.hexdigest(),
        "content_sha256": _digest(map(repr, [*data.fit, *data.tune, *data.weak])),
        "spliced_sha256": _digest(map(repr, [*(data.hosts or ()), *(data.tune_hosts or ()), *data.headlines])),
        "hosts": len(data.hosts or ()),
        "headlines": len(data.headlines),
    }


def _digest(rows: Iterable[str]) -> str:
    """SHA-256 of some rows, whatever their order: pages with their contents and labels, as Python writes them."""
    each = sorted(hashlib.sha256(row.encode("utf-8", "surrogatepass")).digest() for row in rows)
    return hashlib.sha256(b"".join(each)).hexdigest()
