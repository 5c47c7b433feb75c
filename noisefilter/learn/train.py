"""Labelled pages → `Model`: every stage in turn, thresholds, manifest."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits

from noisefilter.fit import SEED
from noisefilter.html.walk import TEXT_VERSION
from noisefilter.labels import CorpusError
from noisefilter.learn.stages import STAGES, Fitted, Training
from noisefilter.learn.thresholds import DEFAULTS
from noisefilter.model import FORMAT, VECTORS, Model, digest, features_digest, models_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from noisefilter.labels import LabelledPage
    from noisefilter.text.vectors import VectorTable

#: One page in this many is held out when the caller names no split.
TUNE_SHARE = 4


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Pages to fit on and pages of other sites to calibrate on.

    The article classifier learns from `articles`, or from `fit` if there are none; it is calibrated out of fold, and
    needs no held-out pages for that. It also learns from `retold`, articles written for training, but is not calibrated
    on them. Insertions are learned from all pages that are labelled for them, and from `inserted`: texts whose spans are
    insertions only; untouched texts have no spans. `other` names what else the weights learn from: licence and rows by
    source.
    """

    fit: Sequence[LabelledPage]
    tune: Sequence[LabelledPage]
    articles: Sequence[LabelledPage] | None = None
    inserted: Sequence[LabelledPage] = ()
    tune_inserted: Sequence[LabelledPage] = ()
    retold: Sequence[LabelledPage] = ()
    other: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def with_inserted(self) -> tuple[list[LabelledPage], list[LabelledPage]]:
        """Pages to learn insertions from, and those of other sites to calibrate on."""
        return [*self.fit, *self.inserted], [*self.tune, *self.tune_inserted]


def split_by_site(pages: Sequence[LabelledPage]) -> TrainingData:
    """Training data with one page in four kept for calibration, in whole sites.

    Raises:
        CorpusError: all pages are of one site, so that nothing could be held out.
    """
    sizes = Counter(page.site for page in pages)
    if len(sizes) < 2:
        raise CorpusError("pages of at least two sites are needed: a model is calibrated on sites that it has not seen")
    tuned: set[str] = set()
    for site in sorted(sizes, key=_by_hash):
        if sum(sizes[other] for other in tuned) * TUNE_SHARE >= len(pages):
            break
        if sum(sizes[other] for other in (*tuned, site)) * 3 <= len(pages):  # a large site is needed to learn from
            tuned.add(site)
    return _split(pages, lambda page: page.site in (tuned or {min(sizes, key=lambda site: (sizes[site], site))}))


def split_pages(pages: Sequence[LabelledPage]) -> TrainingData:
    """Training data with one page in four held out: whole sites, or pages of each noise label if there is one site.

    Raises:
        CorpusError: there is one page only.
    """
    if len({page.site for page in pages}) > 1:
        return split_by_site(pages)
    if len(pages) < 2:
        raise CorpusError("one labelled page is too few: some are adapted to, and some are held out")
    order = sorted(pages, key=lambda page: (-1.0 if page.noise is None else page.noise, _by_hash(page.id)))
    held = {page.id for page in order[TUNE_SHARE // 2 - 1 :: TUNE_SHARE]}
    return _split(pages, lambda page: page.id in held)


def _by_hash(name: str) -> tuple[int, str]:
    """A sort key: the order looks random and is always the same."""
    return crc32(name.encode("utf-8", "surrogatepass")), name


def _split(pages: Sequence[LabelledPage], is_held: Callable[[LabelledPage], bool]) -> TrainingData:
    return TrainingData([page for page in pages if not is_held(page)], [page for page in pages if is_held(page)])


def train(
    data: TrainingData,
    vectors: VectorTable,
    *,
    name: str,
    jobs: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Model:
    """A model without a reader, fitted on labelled pages alone; `adapt` starts from another model instead.

    The same data gives the same arrays on the same machine. `vectors` are the shipped table.

    Raises:
        CorpusError: a stage has no labels (of both classes, in both parts).
    """
    training, fitted = Training(data, vectors, jobs, progress), Fitted()
    with threadpool_limits(1):
        for fit in STAGES.values():
            fitted |= fit(training, fitted)
    return model_of(fitted, training, name)


def model_of(
    fitted: Fitted, training: Training, name: str, vectors_file: Path | None = None, reader: bytes | None = None
) -> Model:
    """The model of what was fitted; `vectors_file` is where the vectors were read, if not from the shipped table."""
    thresholds = {**DEFAULTS, **fitted.thresholds}
    arrays = {key: value.astype(np.float32) for key, value in sorted(fitted.arrays.items())}
    vectors = training.vectors, digest(vectors_file or models_folder() / VECTORS)
    more = {"from_base": [], "policies": fitted.policies}
    return make_model(name, arrays, thresholds, training.data, vectors, more, reader)


def make_model(
    name: str,
    arrays: Mapping[str, NDArray[np.floating[Any]]],
    thresholds: Mapping[str, float],
    data: TrainingData,
    vectors: tuple[VectorTable, str],
    more: Mapping[str, Any],
    reader: bytes | None = None,
) -> Model:
    """The model of some arrays, with its manifest; `vectors` are a table and its hash, `more` joins the manifest."""
    limits = {key: round(float(value), 4) for key, value in sorted(thresholds.items())}
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "text_version": TEXT_VERSION,
        "name": name,
        "version": _fingerprint(arrays, reader),
        "vectors_sha256": vectors[1],
        "thresholds": limits,
        "features_sha256": features_digest(),
        "seed": SEED,
        "data": describe(data),
        "libraries": {
            package: version(package) for package in ("noisefilter", "numpy", "scikit-learn", "trafilatura", "nupunkt")
        },
        "python": platform.python_version(),
        **more,
    }
    return Model(name, manifest["version"], limits, arrays, manifest, vectors[0], reader)


def _fingerprint(arrays: Mapping[str, NDArray[Any]], reader: bytes | None) -> str:
    """Eight digits of a hash of what was learned: the version that a score carries."""
    state = hashlib.sha256(reader or b"")
    for key, value in sorted(arrays.items()):
        state.update(key.encode())
        state.update(np.ascontiguousarray(value).tobytes())
    return state.hexdigest()[:8]


def describe(data: TrainingData) -> dict[str, Any]:
    """The data for the manifest: counts by source, and hashes of the ids and of the contents."""
    rows: dict[str, Counter[str]] = {}
    licences: dict[str, str] = {}
    articles = (*(data.articles or ()), *data.retold)
    fit, tune = data.with_inserted
    for part, pages in (("fit", fit), ("tune", tune), ("noise", articles)):
        for page in pages:
            rows.setdefault(page.source, Counter())[part] += 1
            licences.setdefault(page.source, page.licence)
    pages = [*data.fit, *data.tune, *articles]
    return {
        "sources": {source: {**dict(counts), "licence": licences[source]} for source, counts in sorted(rows.items())},
        "other": {name: {"licence": licence, "rows": count} for name, (licence, count) in sorted(data.other.items())},
        "ids_sha256": hashlib.sha256(
            "\n".join(sorted(page.id for page in pages)).encode("utf-8", "surrogatepass")
        ).hexdigest(),
        "content_sha256": _digest(map(repr, pages)),
        "inserted_sha256": _digest(map(repr, [*data.inserted, *data.tune_inserted])),
    }


def _digest(rows: Iterable[str]) -> str:
    """SHA-256 of some rows in any order: the `repr` of pages, with contents and labels."""
    each = sorted(hashlib.sha256(row.encode("utf-8", "surrogatepass")).digest() for row in rows)
    return hashlib.sha256(b"".join(each)).hexdigest()
