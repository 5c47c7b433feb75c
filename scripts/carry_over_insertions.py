"""Passages that writers put into articles: each writer's are judged by classifiers that learned from the others' alone.

Recall is at thresholds that given shares of the sentences of untouched pages pass, those of the tune sites as they are found,
and at each model's own threshold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from carry_over_judged import SPLITS
from insertion_figures import Judged, characters, judged, passage_figures

from noisefilter.api import score_many
from noisefilter.insertions.fit import fit_insertions, fit_pages, labelled_examples
from noisefilter.learn.evaluate import span_figures
from noisefilter.learn.intervals import measured
from noisefilter.learn.stages import Fitted
from noisefilter.learn.thresholds import off_topic_threshold
from noisefilter.report.figures import figure_tables, print_tables
from reader_training.last import LastFit, fit_foreign, writer_fold
from shared_corpus import own_articles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.arrays import Arrays, Matrix
    from noisefilter.labels import LabelledPage
    from noisefilter.model import Model
    from shared_corpus import Corpus


def carry_insertions(corpus: Corpus, title: str, without: Callable[[int], Model]) -> None:
    """Judge what each writer wrote by a model that learned from the others, print.

    The project's own writers teach each time and are never judged.

    Args:
        corpus: the training data.
        title: what is judged.
        without: the model that has not learned from a writer.
    """
    written = [page for split in SPLITS for page in corpus.written_insertions(split)]
    clean = list(corpus.untouched("tune"))
    found: list[Judged] = []
    cut_of_clean = []
    for writer in sorted({page.writer for page in written}):
        model = without(writer)
        pages = [page for page in written if page.writer == writer]
        texts = [*(page.page for page in pages), *(page.page for page in clean)]
        scores = list(score_many(texts, model=model))
        honest = [judged("", "", (), score) for score in scores[len(pages) :]]
        levels = np.sort(np.concatenate([page.sentences[:, 2] for page in honest]))
        cut_of_clean += [bool(page.cuts) for page in honest]
        found += [
            _ranked(judged(page.site, f"{writer} {number}", page.passages, score), levels)
            for number, (page, score) in enumerate(zip(pages, scores, strict=False))
        ]
    figures = {**passage_figures(found, []), "characters cut": measured({"all": characters(found)}, span_figures)}
    print_tables(*figure_tables({f"{title}: {kind}": by_sort for kind, by_sort in figures.items()}))
    print(f"{title}: untouched pages with a cut: {np.mean(cut_of_clean):.3f}")


def fitted_without(corpus: Corpus, model: Model) -> Callable[[int], Model]:
    """The model with its insertion classifiers fitted without a writer; all else is as it was."""
    parts = [insertion_pages(corpus, split) for split in SPLITS]
    kinds = sentence_arrays(model)

    def without(writer: int) -> Model:
        fit, tune = (labelled_examples(page for page in part if page.writer != writer) for part in parts)
        arrays, held = fit_insertions(fit, tune, kinds, [], model.vectors)
        return refitted(model, arrays | fit_pages(held), {"off_topic": off_topic_threshold(held)})

    return without


def read_without(
    corpus: Corpus, model: Model, readers: Sequence[bytes], insertions: Sequence[Arrays]
) -> Callable[[int], Model]:
    """The model with what has not learned from a writer: the reader and the insertion classifiers of his fold, and the last network."""
    learned = LastFit(readers, [sentence_arrays(model)], insertions, model.vectors)
    tuned = [*insertion_pages(corpus, "tune"), *corpus.judged_sentences("tune")]
    fitted = [(writer_fold(page), page) for page in insertion_pages(corpus, "train")]
    rows = [(fold, row) for fold, page in fitted if fold is not None for row in learned.foreign(page, fold, 0)]

    def without(writer: int) -> Model:
        fit = [row for fold, row in rows if fold != writer]
        tune = [row for page in tuned if page.writer != writer for row in learned.foreign(page, writer, 0)]
        arrays, held = fit_foreign(fit, tune)
        own = refitted(model, {**insertions[writer], **arrays}, {"off_topic": off_topic_threshold(held)})
        return replace(own, reader=readers[writer])

    return without


def insertion_pages(corpus: Corpus, split: str) -> list[LabelledPage]:
    """Pages that teach insertions: what writers put in, the project's own, which are of train, and untouched ones."""
    ours = [*(page.labelled for page in corpus.own_insertions()), *own_articles()] if split == "train" else []
    return [*(page.labelled for page in corpus.written_insertions(split)), *ours, *corpus.untouched(split)]


def sentence_arrays(model: Model) -> dict[str, Matrix]:
    """The arrays of the sentence classifier that reads measures."""
    return Fitted({name: value.astype(np.float64) for name, value in model.arrays.items()}).of("sentences")


def refitted(model: Model, arrays: Arrays, thresholds: Mapping[str, float]) -> Model:
    """The model with other arrays and thresholds of a stage."""
    compact = {name: value.astype(np.float32) for name, value in arrays.items()}
    return replace(model, arrays={**model.arrays, **compact}, thresholds={**model.thresholds, **thresholds})


def _ranked(page: Judged, levels: Matrix) -> Judged:
    """The page with the share of clean sentences below each of its sentences in the place of a probability."""
    rows = page.sentences.copy()
    rows[:, 2] = np.searchsorted(levels, rows[:, 2]) / len(levels)
    return page._replace(sentences=rows)
