"""The reader's folds, the classifiers of measures → the last networks, which read both, fitted on what neither had seen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.fit import FOLDS, arrays_of, calibrate_on, fit_network, fold_of
from noisefilter.insertions.cuts import contrasts
from noisefilter.insertions.fit import HeldOut, fit_pages, labelled_examples
from noisefilter.insertions.judge import score_insertions
from noisefilter.insertions.reading import class_columns, foreign_columns, read_articles, words_of
from noisefilter.learn.thresholds import kind_thresholds, off_topic_threshold
from noisefilter.reader.session import Reader
from noisefilter.sentences.fit import fit_classes, sentence_examples
from noisefilter.sentences.judge import sentence_kinds
from noisefilter.sentences.table import SentenceTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from noisefilter.arrays import Arrays, Flags, Index, Matrix
    from noisefilter.labels import LabelledPage
    from noisefilter.text.vectors import VectorTable

#: The last networks: of the classes, and of what is foreign.
fit_last_classes = partial(fit_network, alpha=1.0)
fit_last_foreign = partial(fit_network, alpha=10.0)
#: What `fold_without` says of a page that no reader learns from.
NO_FOLD = FOLDS
#: Writers whose passages every reader learns from and none is measured on (corpus/README.md).
SEEN_BY_ALL = range(FOLDS, 18)


def fold_without(page: LabelledPage) -> int | None:
    """The fold whose reader has not seen a page: sentences are left out by site, passages by writer.

    `NO_FOLD` for a page without either, from which none learns; None for a writer from whom all do.
    """
    if page.sentences is not None:
        return fold_of(page.site)
    if page.writer is None and not page.spans:
        return NO_FOLD
    return writer_fold(page)


def writer_fold(page: LabelledPage) -> int | None:
    """The fold that leaves a page's writer out; None if nobody wrote passages into it, or one from whom all learn."""
    return None if page.writer is None or page.writer in SEEN_BY_ALL else page.writer % FOLDS


class ForeignRows(NamedTuple):
    """What the last network of the insertions reads of a page: (sentences, n); the rest as in `HeldOut`: (sentences,)."""

    inputs: Matrix
    foreign: Index
    looks_foreign: Flags
    contrasts: Matrix


class LastFit:
    """What the last networks read of pages that neither the reader nor the networks before it had seen.

    Args:
        readers: of each fold and, last, the one that ships.
        kinds: sentence classifiers of each fold of the sites and, last, of all sites.
        insertions: classifiers of insertions without each fold's writer and, last, of all writers.
        vectors: word vectors.
    """

    def __init__(
        self, readers: Sequence[bytes], kinds: Sequence[Arrays], insertions: Sequence[Arrays], vectors: VectorTable
    ) -> None:
        self.readers = [Reader(network) for network in readers]
        self.kinds = kinds
        self.insertions = insertions
        self.vectors = vectors

    def classes(self, page: LabelledPage, fold: int) -> Iterator[tuple[Matrix, Matrix]]:
        """Inputs and votes of the judged sentences of a page, if there are any, by models without its site."""
        for example in sentence_examples([page] if page.sentences else [], self.vectors):
            classes = sentence_kinds(example.table, self.kinds[fold])
            readings = read_articles(example.table, self.readers[fold])
            yield class_columns(classes, readings), example.classes

    def foreign(self, page: LabelledPage, fold: int, kinds: int) -> Iterator[ForeignRows]:
        """The sentences of a page, if its passages are known, by models without a writer."""
        for example in labelled_examples([page]):
            table = SentenceTable([example.article(self.vectors)], self.vectors)
            classes = sentence_kinds(table, self.kinds[kinds])
            measured = score_insertions(table, classes, self.insertions[fold])
            readings = read_articles(table, self.readers[fold])
            words = words_of(table, measured, readings)
            inputs = foreign_columns(measured.off_topic, readings)
            yield ForeignRows(inputs, example.foreign, example.looks_foreign, contrasts(table, words))


def fit_last(
    fit: Sequence[LabelledPage],
    tune: Sequence[LabelledPage],
    learned: LastFit,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Arrays, dict[str, float]]:
    """Arrays of the last networks, calibrated, and their thresholds.

    Args:
        fit: pages to fit on, each by models that have not seen it: judged sentences, and the pages of writers that were left out.
        tune: pages of other sites, to calibrate on.
        learned: the reader and the classifiers of measures.
        progress: is told what is being done.
    """
    progress("last networks: reading judged sentences")
    pairs = (pair for page in fit for pair in learned.classes(page, fold_of(page.site)))
    inputs, votes = map(np.concatenate, zip(*pairs, strict=True))
    network = fit_classes(inputs, votes, fit_last_classes)
    pairs = (pair for page in tune for pair in learned.classes(page, -1))
    inputs, votes = map(np.concatenate, zip(*pairs, strict=True))
    thresholds = kind_thresholds(network.probabilities(inputs), votes)
    progress("last networks: reading passages")
    written = [(page, fold) for page in fit if (fold := writer_fold(page)) is not None]
    rows = [found for page, fold in written for found in learned.foreign(page, fold, fold_of(page.site))]
    held = [found for page in tune for found in learned.foreign(page, -1, -1)]
    fitted, pages = fit_foreign(rows, held)
    return {**arrays_of("reader_classes", network), **fitted}, {**thresholds, "off_topic": off_topic_threshold(pages)}


def fit_foreign(fit: Sequence[ForeignRows], tune: Sequence[ForeignRows]) -> tuple[Arrays, list[HeldOut]]:
    """Arrays of the last network of the insertions and of the pages, calibrated on tune; and what they say there."""
    inputs, foreign = (np.concatenate(part) for part in list(zip(*fit, strict=True))[:2])
    network = fit_last_foreign(inputs, foreign)
    network = calibrate_on(network, [page.inputs for page in tune], np.concatenate([page.foreign for page in tune]))
    held = [
        HeldOut(network.probabilities(page.inputs)[:, 1], page.foreign, page.looks_foreign, page.contrasts)
        for page in tune
    ]
    pages = {key.replace("page_off_topic", "reader_page"): value for key, value in fit_pages(held).items()}
    return {**arrays_of("reader_foreign", network), **pages}, held
