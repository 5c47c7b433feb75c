"""Judged articles → the article classifier, on sentence probabilities from models that had not seen their site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from noisefilter.blocks import split_blocks
from noisefilter.features.insertions import insertion_table
from noisefilter.features.sentence_table import Article, sentence_table
from noisefilter.features.tokens import HASH_ROWS, tokenize
from noisefilter.page import read_page
from noisefilter.scoring.articles import article_inputs, plain_word_rows, sentence_classes
from noisefilter.scoring.networks import build_network, logit
from noisefilter.sentences import split_sentences
from noisefilter.training.blocks import label_blocks
from noisefilter.training.estimators import (
    FOLDS,
    calibrate,
    fit_calibration,
    fit_linear,
    fit_network,
    fold_of,
    named,
)
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from noisefilter.features.insertions import InsertionTable
    from noisefilter.training.corpora import LabelledPage
    from noisefilter.vectors import VectorTable

    Matrix = NDArray[np.float64]

#: `noise` from which an article is noise (corpus/README.md).
POSITIVE = 2
ALPHA = 200.0
WORD_ALPHA = 1e-4
MIN_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class ArticleExample:
    """An article with its judged noise, 0-3; `weight` counts in fitting."""

    id: str
    table: InsertionTable
    noise: float
    weight: float
    site: str
    source: str
    judged: bool


def article_examples(
    pages: Iterable[LabelledPage], vectors: VectorTable, *, judged: bool = True
) -> list[ArticleExample]:
    """Examples of the pages that have a noise label; HTML is read through its gold text or boilerplate spans."""
    examples = []
    for page in pages:
        if page.noise is None:
            continue
        text, title = article_text(page)
        blocked = split_blocks(read_page(Page(text, title=title, format="text")))
        sentences = split_sentences(blocked)
        if len(sentences) < MIN_SENTENCES:
            continue
        table = sentence_table([Article(blocked, tokenize(blocked.text, vectors), sentences)], vectors)
        examples.append(
            ArticleExample(
                page.id, insertion_table(table, vectors), page.noise, page.weight, page.site, page.source, judged
            )
        )
    return examples


def article_text(page: LabelledPage) -> tuple[str, str | None]:
    """Text of the article without furniture, and its title."""
    if page.main_text is not None:
        return page.main_text, page.page.title
    read = read_page(page.page)
    blocked = split_blocks(read)
    if page.spans is None:
        return blocked.text, blocked.title
    furniture = label_blocks(blocked, page)
    texts = blocked.texts()
    kept = [
        text
        for text, out in zip(texts, furniture if furniture is not None else [0] * len(texts), strict=True)
        if not out
    ]
    return "\n\n".join(kept), blocked.title


def article_probabilities(table: InsertionTable, sentence: dict[str, Matrix]) -> Matrix:
    """Filler and promotion probability of each sentence: (sentences, 2)."""
    return sentence_classes(table, sentence)[:, 1:3]


def fit_articles(
    examples: Sequence[ArticleExample],
    tune: Sequence[ArticleExample],
    models: dict[str, Matrix],
    folds: Sequence[dict[str, Matrix]],
) -> dict[str, Matrix]:
    """Arrays of the article classifier, calibrated on `tune` and, out of fold by site, on the judged articles of `examples`.

    Args:
        examples: articles to fit on.
        tune: judged articles of other sites.
        models: arrays of the sentence classifier.
        folds: arrays of sentence classifiers that have not seen the sites of their fold.
    """
    positive = np.array([int(example.noise >= POSITIVE) for example in examples], dtype=np.int64)
    weights = np.array([example.weight for example in examples])
    rows = sp.vstack([_word_matrix(example) for example in examples]).tocsr()
    fold = np.array([fold_of(example.site) for example in examples])
    inner = [_fit_words(rows[fold != left], positive[fold != left], weights[fold != left]) for left in range(FOLDS)]
    probabilities = [
        article_probabilities(example.table, folds[number]) for example, number in zip(examples, fold, strict=True)
    ]
    inputs = np.concatenate(
        [
            article_inputs(example.table, values, inner[number])
            for example, values, number in zip(examples, probabilities, fold, strict=True)
        ]
    )
    words = _fit_words(rows, positive, weights)
    held = np.concatenate(
        [article_inputs(example.table, article_probabilities(example.table, models), words) for example in tune]
    )
    fitted = fit_network(inputs, positive, weights, alpha=ALPHA)
    judged = np.array([example.judged for example in examples])
    out = _out_of_fold(inputs, positive, weights, fold)[judged]
    logits = np.concatenate([out, logit(build_network(named("article", fitted), "article").probabilities(held)[:, 1])])
    truth = np.concatenate([positive[judged], [int(example.noise >= POSITIVE) for example in tune]])
    slope, offset = fit_calibration(logits, truth)
    return {**words, **named("article", calibrate(fitted, slope, offset))}


def _out_of_fold(inputs: Matrix, positive: NDArray[np.int64], weights: Matrix, fold: NDArray[np.int64]) -> Matrix:
    """Log-odds of each article by a classifier that has not seen its site."""
    out = np.zeros(len(inputs))
    for left in range(FOLDS):
        inside = fold == left
        if inside.any() and len(np.unique(positive[~inside])) > 1:
            fitted = fit_network(inputs[~inside], positive[~inside], weights[~inside], alpha=ALPHA)
            out[inside] = logit(build_network(named("fold", fitted), "fold").probabilities(inputs[inside])[:, 1])
    return out


def _word_matrix(example: ArticleExample) -> sp.csr_matrix:
    _, rows = plain_word_rows(example.table.sentences)
    values = np.full(len(rows), 1 / np.sqrt(max(1, len(rows))))
    return sp.csr_matrix((values, (np.zeros(len(rows), dtype=int), rows)), shape=(1, HASH_ROWS))


def _fit_words(rows: sp.csr_matrix, positive: NDArray[np.int64], weights: Matrix) -> dict[str, Matrix]:
    fitted, bias = fit_linear(rows, positive[:, None], weights, alpha=WORD_ALPHA)
    return {"article_words.weights": fitted, "article_words.bias": bias}


def predict_articles(examples: Sequence[ArticleExample], models: dict[str, Matrix]) -> Matrix:
    """Probability of noise of each example: (examples,)."""
    inputs = [
        article_inputs(example.table, article_probabilities(example.table, models), models) for example in examples
    ]
    return build_network(models, "article").probabilities(np.concatenate(inputs))[:, 1]
