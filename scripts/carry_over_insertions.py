"""Passages that writers put into articles: each writer's are judged by classifiers that learned from the others' alone.

Recall is told at thresholds that given shares of the sentences of untouched pages pass, those of the tune sites as they are found,
and at each model's own threshold. The baseline reads no context but a mean: how unlike the words around it a sentence is, and how
many of its words have a capital.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from insertion_figures import Judged, characters, judged, passage_figures
from sklearn.linear_model import LogisticRegression

from noisefilter.api import score_many
from noisefilter.insertions.fit import fit_insertions, fit_pages, labelled_examples
from noisefilter.learn.evaluate import span_figures
from noisefilter.learn.intervals import with_intervals
from noisefilter.learn.last import LastFit, fit_foreign, writer_fold
from noisefilter.learn.stages import ARRAYS_OF
from noisefilter.learn.thresholds import off_topic_threshold
from noisefilter.sentences.table import SentenceTable
from shared_corpus import own_articles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from noisefilter.arrays import Arrays, Matrix
    from noisefilter.insertions.fit import InsertionExample
    from noisefilter.labels import LabelledPage
    from noisefilter.model import Model
    from noisefilter.text.vectors import VectorTable
    from shared_corpus import Corpus, WrittenInsertions


def carry_insertions(corpus: Corpus, splits: Sequence[str], title: str, without: Callable[[int], Model]) -> None:
    """Judge what each writer wrote in some splits by a model that learned from the others, print.

    The project's own writers teach each time and are never judged.

    Args:
        corpus: the training data.
        splits: whose passages are judged.
        title: what is judged.
        without: the model that has not learned from a writer.
    """
    written = {split: list(corpus.written_insertions(split)) for split in {"train", *splits}}
    clean = list(corpus.untouched("tune"))
    found: list[Judged] = []
    baseline: list[Judged] = []
    cut_of_clean = []
    for writer in sorted({page.writer for page in written["train"]}):
        model = without(writer)
        pages = [page for split in splits for page in written[split] if page.writer == writer]
        texts = [*(page.page for page in pages), *(page.page for page in clean)]
        scores = list(score_many(texts, model=model))
        honest = [judged("", "", (), score) for score in scores[len(pages) :]]
        levels = np.sort(np.concatenate([page.sentences[:, 2] for page in honest]))
        cut_of_clean += [bool(page.cuts) for page in honest]
        found += [
            _ranked(judged(page.site, f"{writer} {number}", page.passages, score), levels)
            for number, (page, score) in enumerate(zip(pages, scores, strict=False))
        ]
        baseline += _baseline([page for page in written["train"] if page.writer != writer], pages, clean, model.vectors)
    for name, said in ((title, found), (f"baseline of {title}", baseline)):
        for kind, by_sort in passage_figures(said, []).items():
            for sort, figures in by_sort.items():
                _print(f"{name}: {kind.removeprefix('insertions: ')}, {sort}", figures)
    _print(f"{title}: characters cut", with_intervals(characters(found), span_figures))
    print(f"{title}: untouched pages with a cut: {np.mean(cut_of_clean):.3f}")


def fitted_without(corpus: Corpus, model: Model) -> Callable[[int], Model]:
    """The model with its insertion classifiers fitted without a writer; all else is as it was."""
    untouched = {split: list(corpus.untouched(split)) for split in ("train", "tune")}
    written = {split: list(corpus.written_insertions(split)) for split in untouched}
    taught = {"train": [*(page.labelled for page in corpus.own_insertions()), *own_articles()], "tune": []}
    kinds = sentence_arrays(model)

    def without(writer: int) -> Model:
        parts = [
            labelled_examples(
                [
                    *(page.labelled for page in written[split] if page.writer != writer),
                    *taught[split],
                    *untouched[split],
                ]
            )
            for split in ("train", "tune")
        ]
        arrays, held = fit_insertions(parts[0], parts[1], kinds, [], model.vectors)
        return _with(model, arrays | fit_pages(held), off_topic_threshold(held))

    return without


def read_without(
    corpus: Corpus, model: Model, readers: Sequence[bytes], insertions: Sequence[Arrays]
) -> Callable[[int], Model]:
    """The model with what has not learned from a writer: the reader and the insertion classifiers of his fold, and the last network."""
    learned = LastFit(readers, [sentence_arrays(model)], insertions, model.vectors)
    written = {split: [page.labelled for page in corpus.written_insertions(split)] for split in ("train", "tune")}
    tuned = [*written["tune"], *corpus.untouched("tune"), *corpus.judged_sentences("tune")]
    ours = [*(page.labelled for page in corpus.own_insertions()), *own_articles()]
    fitted = [(writer_fold(page), page) for page in (*written["train"], *ours)]
    rows = [(fold, row) for fold, page in fitted if fold is not None for row in learned.foreign(page, fold, 0)]

    def without(writer: int) -> Model:
        fit = [row for fold, row in rows if fold != writer]
        tune = [row for page in tuned if page.writer != writer for row in learned.foreign(page, writer, 0)]
        arrays, held = fit_foreign(fit, tune)
        own = _with(model, {**insertions[writer], **arrays}, off_topic_threshold(held))
        return replace(own, reader=readers[writer])

    return without


def sentence_arrays(model: Model) -> dict[str, Matrix]:
    """The arrays of the sentence classifier that reads measures."""
    return {
        name: value.astype(np.float64)
        for name, value in model.arrays.items()
        if name.startswith(ARRAYS_OF["sentences"])
    }


def _with(model: Model, arrays: dict[str, Matrix], off_topic: float) -> Model:
    compact = {name: value.astype(np.float32) for name, value in arrays.items()}
    return replace(model, arrays={**model.arrays, **compact}, thresholds={**model.thresholds, "off_topic": off_topic})


def _print(title: str, figures: dict[str, float]) -> None:
    print(f"{title}: " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items()), flush=True)


def _ranked(page: Judged, levels: Matrix) -> Judged:
    """The page with the share of clean sentences below each of its sentences in the place of a probability."""
    rows = page.sentences.copy()
    rows[:, 2] = np.searchsorted(levels, rows[:, 2]) / len(levels)
    return page._replace(sentences=rows)


def _baseline(
    others: Sequence[WrittenInsertions],
    pages: Sequence[WrittenInsertions],
    clean: Sequence[LabelledPage],
    vectors: VectorTable,
) -> Iterator[Judged]:
    """A writer's pages by what those of the others teach."""
    learned, judged_pages, honest = (
        [(example, _features(example, vectors)) for example in labelled_examples(part)]
        for part in ([page.labelled for page in others], [page.labelled for page in pages], clean)
    )
    model = LogisticRegression(C=10.0).fit(
        np.concatenate([features for _, features in learned]),
        np.concatenate([example.foreign for example, _ in learned]),
    )
    levels = np.sort(np.concatenate([model.decision_function(features) for _, features in honest]))
    for number, (page, (example, features)) in enumerate(zip(pages, judged_pages, strict=True)):
        bounds = [(sentence.start, sentence.end) for sentence in example.sentences]
        rows = np.column_stack([bounds, model.decision_function(features)])
        yield _ranked(Judged(page.site, f"{page.writer} {number}", page.passages, rows, ()), levels)


def _features(example: InsertionExample, vectors: VectorTable) -> Matrix:
    """Likeness to the context, share of words with a capital and log of the words of each sentence."""
    table = SentenceTable([example.article(vectors)], vectors)
    likeness = (table.vectors * table.context).sum(axis=1)
    capitals = np.bincount(table.owner, table.tokens.title[table.token_index], len(table)) / np.maximum(table.words, 1)
    return np.column_stack([likeness, capitals, np.log1p(table.words)])
