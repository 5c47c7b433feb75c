"""Training data → the stages of a model, each fitted on what those before it gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from noisefilter.article.fit import article_examples, fit_articles
from noisefilter.blocks.fit import block_examples, fit_blocks
from noisefilter.insertions.fit import fit_insertions, fit_pages, labelled_examples
from noisefilter.labels import CorpusError
from noisefilter.learn.layouts import varied
from noisefilter.learn.policies import policies_by
from noisefilter.learn.thresholds import block_thresholds, off_topic_threshold, sentence_thresholds
from noisefilter.report.printing import counted
from noisefilter.sentences.fit import fit_sentences, sentence_examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from noisefilter.arrays import Arrays
    from noisefilter.learn.train import TrainingData
    from noisefilter.text.vectors import VectorTable

#: First parts of the names of a stage's arrays. The last stage is that of a reader, which `scripts/` train.
ARRAYS_OF = {
    "blocks": ("block",),
    "sentences": ("sentence",),
    "insertions": ("insertion", "passage", "page"),
    "articles": ("article",),
    "last": ("reader_",),
}


@dataclass(frozen=True, slots=True)
class Fitted:
    """What some stages gave.

    `folds` are sentence classifiers that have not seen the sites of their fold. `policies` are as a manifest holds them.
    """

    arrays: Arrays = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    folds: Sequence[Arrays] = ()
    policies: Mapping[str, Any] = field(default_factory=dict)

    def __or__(self, other: Fitted) -> Fitted:
        """These and what another stage gave."""
        return Fitted(
            self.arrays | other.arrays,
            {**self.thresholds, **other.thresholds},
            other.folds or self.folds,
            other.policies or self.policies,
        )

    def of(self, stage: str) -> Arrays:
        """The arrays that a stage gave."""
        return {name: value for name, value in self.arrays.items() if name.startswith(ARRAYS_OF[stage])}


@dataclass(frozen=True, slots=True)
class Training:
    """What every stage reads."""

    data: TrainingData
    vectors: VectorTable
    jobs: int = 1
    progress: Callable[[str], None] = lambda _: None


def _fit_blocks(training: Training, _: Fitted) -> Fitted:
    """Which blocks are boilerplate, and the type of a page."""
    data = training.data
    training.progress("blocks: reading")
    parts = ([*data.fit, *varied(data.fit)], data.tune)
    fit, tune = (block_examples(part, training.vectors, training.jobs) for part in parts)
    _demand("blocks", _both(*([value for page in part for value in page.boilerplate] for part in (fit, tune))))
    training.progress(f"blocks: fitting on {counted(len(fit), 'page')}")
    arrays = fit_blocks(fit, tune)
    return Fitted(arrays, block_thresholds(tune, arrays))


def _fit_sentences(training: Training, _: Fitted) -> Fitted:
    """Which sentences say nothing, sell, or belong to the page."""
    data = training.data
    training.progress("sentences: reading")
    fit, tune = (sentence_examples(part, training.vectors) for part in (data.fit, data.tune))
    _demand("sentences", any(len(example.table) for example in fit) and bool(tune))
    training.progress(f"sentences: fitting on {counted(len(fit), 'article')}")
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
    training.progress(f"articles: fitting on {counted(len(examples), 'judged article')}")
    arrays, held = fit_articles(examples, done.folds, invented)
    return Fitted(arrays, policies=policies_by(held, share))


#: The stages in the order in which they build on one another.
STAGES: Mapping[str, Callable[[Training, Fitted], Fitted]] = {
    "blocks": _fit_blocks,
    "sentences": _fit_sentences,
    "insertions": _fit_insertions,
    "articles": _fit_articles,
}


def _both(*parts: Iterable[float]) -> bool:
    """Whether each part has labels of both sorts, 0 and 1."""
    return all({0, 1} <= set(part) for part in parts)


def _demand(stage: str, enough: bool) -> None:  # noqa: FBT001 - reads as a sentence
    if not enough:
        raise CorpusError(
            f"nothing is labelled for {stage} (both sorts of label are needed, on several sites): adapt the default model instead"
        )
