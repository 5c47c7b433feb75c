"""Training data → the stages of a model, each fitted on what those before it gave, and kept where a folder is named.

What a stage gave is read again as long as code and data are the same; `first` names a stage from which on all is fitted anew,
whatever has changed, on what is kept of those before it. A stage that no other one reads can be fitted alone, for a model that
is there (`refit_stage`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from noisefilter.article.fit import article_examples, fit_articles
from noisefilter.blocks.fit import block_examples, fit_blocks
from noisefilter.fit import FOLDS
from noisefilter.insertions.fit import fit_insertions, fit_pages, labelled_examples
from noisefilter.labels import CorpusError
from noisefilter.learn.last import LastFit, fit_last, writer_fold
from noisefilter.learn.layouts import varied
from noisefilter.learn.policies import policies_by
from noisefilter.learn.thresholds import block_thresholds, off_topic_threshold, sentence_thresholds
from noisefilter.sentences.fit import fit_sentences, sentence_examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from noisefilter.arrays import Arrays
    from noisefilter.learn.train import TrainingData
    from noisefilter.text.vectors import VectorTable

    Stage = Callable[["Training", "Fitted"], "Fitted"]

CODE = Path(__file__).parent.parent
#: First parts of the names of a stage's arrays.
ARRAYS_OF = {
    "blocks": ("block",),
    "sentences": ("sentence",),
    "insertions": ("insertion", "passage", "page"),
    "articles": ("article",),
    "writers": (),
    "reader": (),
    "last": ("reader_",),
}
#: Stages that no other stage reads, so that each can be fitted alone.
ALONE = ("blocks", "articles")
#: Stages whose results for each fold no model holds.
FOLDED = ("sentences", "writers", "reader")


@dataclass(frozen=True, slots=True)
class Fitted:
    """What some stages gave.

    `folds` are sentence classifiers that have not seen the sites of their fold, `writers` classifiers of insertions that have not
    seen its writer, `readers` readers that have seen neither, and the one that ships. `last` are the thresholds of a model with a
    reader, where they are other ones. `policies` are as a manifest holds them.
    """

    arrays: Arrays = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    folds: Sequence[Arrays] = ()
    writers: Sequence[Arrays] = ()
    readers: Sequence[bytes] = ()
    last: Mapping[str, float] = field(default_factory=dict)
    policies: Mapping[str, Any] = field(default_factory=dict)

    def __or__(self, other: Fitted) -> Fitted:
        """These and what another stage gave."""
        return Fitted(
            self.arrays | other.arrays,
            {**self.thresholds, **other.thresholds},
            other.folds or self.folds,
            other.writers or self.writers,
            other.readers or self.readers,
            other.last or self.last,
            other.policies or self.policies,
        )

    def of(self, stage: str) -> Arrays:
        """The arrays that a stage gave."""
        return {name: value for name, value in self.arrays.items() if name.startswith(ARRAYS_OF[stage])}

    @property
    def reader(self) -> bytes | None:
        """The reader that a model ships."""
        return self.readers[-1] if self.readers else None

    def with_reader(self) -> Fitted:
        """What a model with the reader holds."""
        return replace(self, thresholds={**self.thresholds, **self.last})

    def without(self, stage: str) -> Fitted:
        """All but the arrays that a stage gave."""
        gave = self.of(stage)
        return replace(self, arrays={name: value for name, value in self.arrays.items() if name not in gave})


@dataclass(frozen=True, slots=True)
class Training:
    """What every stage reads; with `kept`, a folder, the result of each is kept there, and read again."""

    data: TrainingData
    vectors: VectorTable
    jobs: int = 1
    progress: Callable[[str], None] = lambda _: None
    device: str = "cpu"
    kept: Path | None = None

    def kept_stage(self, name: str) -> dict[str, Any] | None:
        """The `fitted` of a stage that is kept, and the `key` of the code and data that gave it."""
        path = self.kept / f"{name}.joblib" if self.kept else None
        return joblib.load(path) if path and path.is_file() else None


def fit_stages(
    training: Training,
    first: str | None = None,
    base: Fitted | None = None,
    stages: Mapping[str, Stage] | None = None,
) -> Fitted:
    """What all stages give.

    Args:
        training: what they read.
        first: the stage from which on all is fitted anew.
        base: what a model holds; its stages before `first` are taken where none are kept.
        stages: by name, in the order in which they build on one another; those of a model without a reader if None.

    Raises:
        CorpusError: a stage has no labels (of both sorts, in both parts).
    """
    stages = STAGES if stages is None else stages
    done, names = Fitted(), list(stages)
    older = names[: names.index(first)] if first else []
    if base is not None:
        arrays = {key: value for stage in older for key, value in base.of(stage).items()}
        done = Fitted(arrays, base.thresholds, policies=base.policies)
    key = _key(training)
    fresh = False
    for name in names:
        found = training.kept_stage(name)
        if found and (name in older or (not first and not fresh and found["key"] == key)):
            done |= found["fitted"]
        elif name not in older or base is None or name in FOLDED:
            result, fresh = stages[name](training, done), True
            if training.kept:
                training.kept.mkdir(parents=True, exist_ok=True)
                joblib.dump({"key": key, "fitted": result}, training.kept / f"{name}.joblib")
            done |= result
    return done


def refit_stage(training: Training, name: str, base: Fitted) -> Fitted:
    """What a model holds, with one stage fitted anew.

    `articles` reads sentence classifiers of folds, which no model holds: they are fitted for it, unless they are kept.

    Args:
        training: what the stage reads; nothing is written to its folder.
        name: one of `ALONE`.
        base: what the model holds.

    Raises:
        CorpusError: the stage has no labels (of both sorts).
        ValueError: another stage reads this one.
    """
    if name not in ALONE:
        raise ValueError(f"other stages read {name!r}: fit them as well, or choose from {', '.join(ALONE)}")
    folds: Sequence[Arrays] = ()
    if name == "articles":
        found = training.kept_stage("sentences")
        same = found and found["key"] == _key(training)
        folds = found["fitted"].folds if found and same else STAGES["sentences"](training, Fitted()).folds
    return base.without(name) | STAGES[name](training, replace(base, folds=folds))


def _key(training: Training) -> str:
    """A hash of code and data: what a kept stage must share."""
    state = hashlib.sha256(training.vectors.matrix.tobytes())
    for path in sorted(CODE.rglob("*.py")) + sorted(CODE.rglob("*.toml")):
        state.update(path.read_bytes())
    data = training.data
    state.update(str(training.device != "cpu").encode())  # with another device the reader has a teacher
    for part in (data.fit, data.tune, data.articles or (), data.retold, data.inserted, data.tune_inserted, data.texts):
        for row in part:
            state.update(repr(row).encode("utf-8", "surrogatepass"))
    return state.hexdigest()


def _fit_blocks(training: Training, _: Fitted) -> Fitted:
    """Which blocks are boilerplate, and the type of a page."""
    data = training.data
    training.progress("blocks: reading")
    parts = ([*data.fit, *varied(data.fit)], data.tune)
    fit, tune = (block_examples(part, training.vectors, training.jobs) for part in parts)
    _demand("blocks", _both(*([value for page in part for value in page.boilerplate] for part in (fit, tune))))
    training.progress(f"blocks: fitting on {len(fit)} pages")
    arrays = fit_blocks(fit, tune)
    return Fitted(arrays, block_thresholds(tune, arrays))


def _fit_sentences(training: Training, _: Fitted) -> Fitted:
    """Which sentences say nothing, sell, or belong to the page."""
    data = training.data
    training.progress("sentences: reading")
    fit, tune = (sentence_examples(part, training.vectors) for part in (data.fit, data.tune))
    _demand("sentences", any(len(example.table) for example in fit) and bool(tune))
    training.progress(f"sentences: fitting on {len(fit)} articles")
    arrays, folds = fit_sentences(fit)
    return Fitted(arrays, sentence_thresholds(tune, arrays), folds)


def _fit_insertions(training: Training, done: Fitted) -> Fitted:
    """Which sentences were put in, and whether anything was."""
    data, vectors = training.data, training.vectors
    training.progress("insertions: reading")
    fit, tune = (labelled_examples(part) for part in data.with_inserted)
    touched = [bool(page.foreign.any()) for page in tune]
    _demand("insertions", _both((value for page in fit for value in page.foreign), touched))
    kinds = done.of("sentences")
    arrays, held = fit_insertions(fit, tune, kinds, done.folds, vectors, training.jobs, training.progress)
    return Fitted({**arrays, **fit_pages(held)}, {"off_topic": off_topic_threshold(held)})


def _fit_articles(training: Training, done: Fitted) -> Fitted:
    """How noisy an article is; policies are chosen on sites left out in turn."""
    data = training.data
    training.progress("articles: reading")
    found, retold = data.fit if data.articles is None else data.articles, data.retold
    examples, invented = (article_examples(pages, training.vectors) for pages in (found, retold))
    share = np.array([example.page.noise_share for example in examples], dtype=np.float64)
    _demand("articles", _both(share >= 0.5))
    training.progress(f"articles: fitting on {len(examples)} judged articles")
    arrays, held = fit_articles(examples, done.folds, invented)
    return Fitted(arrays, policies=policies_by(held, share))


def _fit_reader(training: Training, _: Fitted) -> Fitted:
    """The reader, and one of each fold."""
    from noisefilter.learn.reader import ReaderFit  # noqa: PLC0415 - torch, which only this stage needs

    data = training.data
    fit = ReaderFit(data.texts, training.kept or Path(), training.device, training.progress)
    return Fitted(readers=fit.all_folds(data.with_inserted[0], teacher=training.device != "cpu"))


def _fit_writers(training: Training, done: Fitted) -> Fitted:
    """Classifiers of insertions without each fold's writers in turn: what the last networks hear of a page must not come from its writer."""
    data = training.data
    kinds = done.of("sentences")
    found = []
    for writer in range(FOLDS):
        training.progress(f"insertions, without the writers of fold {writer}")
        fit, tune = (
            labelled_examples(page for page in part if writer_fold(page) != writer) for part in data.with_inserted
        )
        found.append(fit_insertions(fit, tune, kinds, done.folds, training.vectors, training.jobs)[0])
    return Fitted(writers=found)


def _fit_last(training: Training, done: Fitted) -> Fitted:
    """The networks that read the reader beside the measures."""
    data = training.data
    learned = LastFit(
        done.readers, [*done.folds, done.of("sentences")], [*done.writers, done.of("insertions")], training.vectors
    )
    arrays, thresholds = fit_last(*data.with_inserted, learned, training.progress)
    return Fitted(arrays, last=thresholds)


#: The stages in the order in which they build on one another.
STAGES: Mapping[str, Stage] = {
    "blocks": _fit_blocks,
    "sentences": _fit_sentences,
    "insertions": _fit_insertions,
    "articles": _fit_articles,
}
#: What a model with a reader has on top.
READER_STAGES: Mapping[str, Stage] = {"writers": _fit_writers, "reader": _fit_reader, "last": _fit_last}


def _both(*parts: Iterable[float]) -> bool:
    """Whether each part has labels of both sorts, 0 and 1."""
    return all({0, 1} <= set(part) for part in parts)


def _demand(stage: str, enough: bool) -> None:  # noqa: FBT001 - reads as a sentence
    if not enough:
        raise CorpusError(
            f"nothing is labelled for {stage} (both sorts of label are needed, on several sites): adapt the default model instead"
        )
