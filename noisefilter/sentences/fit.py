"""Labelled sentences → the sentence classifier: informative, filler, promotion, boilerplate."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from noisefilter.fit import FOLDS, arrays_of, fit_first, fit_linear, fit_network, fold_of, out_of_fold, word_rows
from noisefilter.html.read import read_blocks
from noisefilter.kinds import KINDS
from noisefilter.sentences.context import kind_context
from noisefilter.sentences.judge import sentence_inputs, sentence_words
from noisefilter.sentences.table import Article, SentenceTable
from noisefilter.text.sentences import SentenceRange, split_sentences
from noisefilter.text.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from noisefilter.arrays import Arrays, Index, Matrix
    from noisefilter.html.walk import BlockedPage
    from noisefilter.labels import LabelledPage
    from noisefilter.networks import Network
    from noisefilter.text.vectors import VectorTable

#: Column of the output for each letter; this classifier learns nothing from off-topic sentences.
CLASS_OF = {"I": 0, "F": 1, "P": 2, "B": 3}
KIND_LETTER: dict[str, str] = {name: kind.letter for name, kind in KINDS.items()} | {"honest": "I"}
fit_perceptrons = partial(fit_network, hidden=32, alpha=3.0, falling=((1e-3, 20),), members=4)
WORD_ALPHA = 1e-4


@dataclass(frozen=True, slots=True)
class SentenceExample:
    """An article with labelled sentences: `classes` (sentences, 4) holds each class' share of the votes."""

    table: SentenceTable
    classes: Matrix
    site: str
    source: str


def sentence_examples(pages: Iterable[LabelledPage], vectors: VectorTable) -> list[SentenceExample]:
    """Examples of the pages that have sentence labels, or spans."""
    examples = []
    for page in pages:
        blocked, sentences, letters = labelled_sentences(page)
        if blocked is not None and sentences:
            table = SentenceTable([Article(blocked, tokenize(blocked.text, vectors), sentences)], vectors)
            examples.append(SentenceExample(table, shares_of(letters), page.site, page.source))
    return examples


def shares_of(letters: Sequence[str]) -> Matrix:
    """Share of the votes for each class, of each sentence: (sentences, 4)."""
    shares = np.zeros((len(letters), len(CLASS_OF)))
    for row, votes in enumerate(letters):
        for vote in votes:
            if vote in CLASS_OF:
                shares[row, CLASS_OF[vote]] += 1 / len(votes)
    return shares


def labelled_sentences(page: LabelledPage) -> tuple[BlockedPage | None, list[SentenceRange], list[str]]:
    """A page with its labelled sentences and the letters that readers gave each; none without sentence labels or spans.

    Spans leave boilerplate to the block classifier.
    """
    labelled = page.sentences is not None or page.spans is not None
    blocked = read_blocks(page.page).blocked if labelled else None
    if blocked is None:
        return None, [], []
    if page.sentences is not None:
        return blocked, *judged_sentences(blocked, page)
    pairs = [(sentence, _letter(sentence, page)) for sentence in split_sentences(blocked)]
    pairs = [(sentence, letter) for sentence, letter in pairs if letter != "B"]
    return blocked, [sentence for sentence, _ in pairs], [letter for _, letter in pairs]


def judged_sentences(blocked: BlockedPage, page: LabelledPage) -> tuple[list[SentenceRange], list[str]]:
    """The sentences that readers judged, but for blank ones, and the letters that they gave each."""
    starts = [block.start for block in blocked.blocks]
    ranges, letters = [], []
    for start, end, votes in page.sentences or ():
        if blocked.text[start:end].strip():
            ranges.append(SentenceRange(start, end, max(0, bisect_right(starts, start) - 1)))
            letters.append(votes)
    return ranges, letters


def _letter(sentence: SentenceRange, page: LabelledPage) -> str:
    """Letter of the kind that covers most of a sentence, I if none covers half of it."""
    covered: dict[str, int] = {}
    for span in page.spans or ():
        overlap = min(sentence.end, span.end) - max(sentence.start, span.start)
        if overlap > 0:
            covered[span.kind] = covered.get(span.kind, 0) + overlap
    kind = max(covered, key=lambda name: covered[name], default=None)
    return KIND_LETTER[kind] if kind and covered[kind] > (sentence.end - sentence.start) / 2 else "I"


def fit_sentences(examples: Sequence[SentenceExample]) -> tuple[Arrays, list[Arrays]]:
    """Arrays of the sentence classifier, and for each fold those of a classifier that has not seen the fold's sites.

    Each pass learns from predictions of the one before, out of fold.
    """
    rows = [word_rows(example.table.tokens, example.table.first, example.table.last) for example in examples]
    folds = [fold_of(example.site) for example in examples]
    words = out_of_fold(folds, lambda chosen, _: _fit_words(examples, rows, chosen))
    inputs = [
        sentence_inputs(example.table, sentence_words(example.table, words.for_group(fold)))
        for example, fold in zip(examples, folds, strict=True)
    ]
    tables = [example.table for example in examples]
    first, context = fit_first(folds, tables, inputs, kind_context, lambda chosen, _: _fit(examples, inputs, chosen))
    second = out_of_fold(folds, lambda chosen, _: _fit(examples, context, chosen))
    of_folds = [_arrays(words.for_group(left), first.for_group(left), second.for_group(left)) for left in range(FOLDS)]
    return _arrays(words.of_all, first.of_all, second.of_all), of_folds


def _arrays(words: Arrays, first: Network, second: Network) -> Arrays:
    return {**words, **arrays_of("sentence_first", first), **arrays_of("sentence_second", second)}


def _fit_words(examples: Sequence[SentenceExample], rows: Sequence[sp.csr_matrix], chosen: Index) -> Arrays:
    """Linear models over words: filler, promotion, boilerplate against the rest."""
    targets = np.concatenate([examples[index].classes for index in chosen])
    judged = (targets.sum(axis=1) > 0).astype(float)
    matrix = sp.vstack([rows[index] for index in chosen]).tocsr()
    weights, bias = fit_linear(matrix, (targets[:, 1:] >= 0.5).astype(float), judged, alpha=WORD_ALPHA)
    return {"sentence_words.weights": weights, "sentence_words.bias": bias}


def _fit(examples: Sequence[SentenceExample], inputs: Sequence[Matrix], chosen: Index) -> Network:
    matrix = np.concatenate([inputs[index] for index in chosen])
    return fit_classes(matrix, np.concatenate([examples[index].classes for index in chosen]), fit_perceptrons)


def fit_classes(matrix: Matrix, classes: Matrix, fit: Callable[[Matrix, Index, Matrix], Network]) -> Network:
    """A network that learns shares of votes: each sentence is a row for each class voted for, weighted by its share."""
    row, column = np.nonzero(classes)
    anchors = np.arange(classes.shape[1])  # every class has a column, whatever the labels hold
    return fit(
        np.concatenate([matrix[row], np.repeat(matrix.mean(axis=0, keepdims=True), len(anchors), axis=0)]),
        np.concatenate([column, anchors]),
        np.concatenate([classes[row, column], np.full(len(anchors), 1e-3)]),
    )
