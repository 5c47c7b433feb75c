"""Judged articles → the article classifier: one linear model over an article's wording and features.

It learns from shares of readers instead of verdicts; features use sentence probabilities out of fold. A reader's
estimate of another one's vote helps to rank articles, so it is part of the target. Only the votes tell how many
articles are noisy, so it is calibrated on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from noisefilter.article.columns import WORD_ROWS, article_inputs, article_measures, manner_words
from noisefilter.blocks.fit import label_blocks
from noisefilter.fit import fold_of, named, out_of_fold
from noisefilter.html.read import read_blocks
from noisefilter.networks import build_network, logit, standardize
from noisefilter.sentences.columns import sentence_matrix
from noisefilter.sentences.judge import sentence_kinds
from noisefilter.sentences.table import Article, SentenceTable
from noisefilter.text.sentences import split_sentences
from noisefilter.text.tokens import tokenize
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from noisefilter.arrays import Index, Matrix
    from noisefilter.fit import OutOfFold
    from noisefilter.labels import LabelledPage
    from noisefilter.text.vectors import VectorTable

#: Inverse penalty of the linear model (docs/decisions/0028-noise-that-carries-over.md).
C = 30.0
#: Scale of a standardised feature beside an article's words, which are a row of unit length: with the same penalty, the
#: few strong features would dominate (as above).
MEASURE = 0.02
#: Articles that a word must occur in to be used.
MIN_ARTICLES = 2
MIN_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class ArticleExample:
    """A judged article, its sentences and their features."""

    page: LabelledPage
    table: SentenceTable
    matrix: Matrix

    @property
    def site(self) -> str:
        """Site of the page."""
        return self.page.site

    @property
    def source(self) -> str:
        """Source of the page."""
        return self.page.source


def article_examples(pages: Iterable[LabelledPage], vectors: VectorTable) -> list[ArticleExample]:
    """Examples of the pages that have a noise label; HTML is read through its gold text or boilerplate spans."""
    examples = []
    for page in pages:
        if page.noise is None:
            continue
        text, title = article_text(page)
        blocked = read_blocks(Page(text, title=title, format="text")).blocked
        sentences = split_sentences(blocked) if blocked is not None else []
        if blocked is not None and len(sentences) >= MIN_SENTENCES:
            table = SentenceTable([Article(blocked, tokenize(blocked.text, vectors), sentences)], vectors)
            examples.append(ArticleExample(page, table, sentence_matrix(table)))
    return examples


def article_text(page: LabelledPage) -> tuple[str, str | None]:
    """Text of the article without boilerplate, and its title."""
    if page.main_text is not None:
        return page.main_text, page.page.title
    blocked = read_blocks(page.page).blocked
    if blocked is None:
        return "", None
    if page.spans is None:
        return blocked.text, blocked.title
    boilerplate = label_blocks(blocked, page)
    texts = blocked.texts()
    kept = [
        text
        for text, out in zip(texts, boilerplate if boilerplate is not None else [0] * len(texts), strict=True)
        if not out
    ]
    return "\n\n".join(kept), blocked.title


def fit_articles(
    examples: Sequence[ArticleExample], folds: Sequence[dict[str, Matrix]], invented: Sequence[ArticleExample] = ()
) -> tuple[dict[str, Matrix], Matrix]:
    """Arrays of the article classifier, and the probability of each example, out of fold.

    It is calibrated on these predictions, and needs no other articles for that.

    Args:
        examples: articles to fit on.
        folds: arrays of sentence classifiers that have not seen the sites of their fold.
        invented: more articles to fit on. They are not calibrated on: how many of them are noise says nothing of the web.
    """
    fold = np.array([fold_of(example.site) for example in (*examples, *invented)])
    read = _read([*examples, *invented], [folds[number] for number in fold])
    models = out_of_fold(fold, lambda chosen, _: _fit(read, chosen))
    arrays = models.of_all
    found = slice(len(examples))
    held = _log_odds_out_of_fold(read, fold, models)[found]
    share = np.array([example.page.noise_share for example in examples], dtype=np.float64)
    slope, offset = _fit_soft(sp.csr_matrix(held[:, None]), share, read.weights[found], c=1e3)
    last = {
        "article.weights0": arrays["article.weights0"] * slope[0],
        "article.bias0": arrays["article.bias0"] * slope[0] + offset,
    }
    return {**arrays, **last}, 1 / (1 + np.exp(-(held * slope[0] + offset)))


@dataclass(frozen=True, slots=True)
class _Read:
    """Inputs and targets of some articles: words (articles, WORD_ROWS), features, targets, weights."""

    words: sp.csr_matrix
    measures: Matrix
    target: Matrix
    weights: Matrix


def _read(examples: Sequence[ArticleExample], kinds: Sequence[Mapping[str, Matrix]]) -> _Read:
    """Words and features of the articles; `kinds` are the arrays of the sentence classifier to use for each."""
    words, measures = [], []
    for example, arrays in zip(examples, kinds, strict=True):
        _, rows, values = manner_words(example.table)
        words.append(sp.csr_matrix((values, (np.zeros_like(rows), rows)), shape=(1, WORD_ROWS)))
        probabilities = sentence_kinds(example.table, example.matrix, arrays)[:, 1:3]
        measures.append(article_measures(example.table, example.matrix, probabilities))
    return _Read(
        sp.vstack(words).tocsr(),
        np.concatenate(measures),
        np.array([example.page.noise_target for example in examples]),
        np.array([example.page.weight for example in examples]),
    )


def _fit(read: _Read, chosen: Index) -> dict[str, Matrix]:
    """The linear model of the chosen articles; its sum over the words is the last input of the network `article`."""
    words, measures = read.words[chosen], read.measures[chosen]
    count = np.asarray((words > 0).sum(axis=0)).ravel()
    idf = np.where(count >= MIN_ARTICLES, np.log((1 + len(chosen)) / (1 + count)) + 1, 0.0)
    rows = _weighted(words, idf)
    mean, scale = measures.mean(axis=0), np.maximum(measures.std(axis=0), 1e-6)
    inputs = sp.hstack([rows, sp.csr_matrix(standardize(measures, mean, scale) * MEASURE)]).tocsr()
    weights, bias = _fit_soft(inputs, read.target[chosen], read.weights[chosen], c=C)
    of_words, of_measures = weights[:WORD_ROWS], weights[WORD_ROWS:]
    by_words = rows @ of_words
    usual, spread = float(by_words.mean()), max(float(by_words.std()), 1e-6)
    network = {
        "mean": np.append(mean, usual),
        "scale": np.append(scale, spread),
        "weights0": np.append(of_measures * MEASURE, spread)[:, None],
        "bias0": np.array([bias + usual]),
    }
    return {"article_words.weights": of_words[:, None], "article_words.idf": idf, **named("article", network)}


def _weighted(words: sp.csr_matrix, idf: Matrix) -> sp.csr_matrix:
    """Rows of unit length, each word times its rarity."""
    rows = sp.csr_matrix(words @ sp.diags(idf))
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags(1 / np.maximum(length, 1e-9)) @ rows)


def _fit_soft(inputs: sp.csr_matrix, target: Matrix, weights: Matrix, *, c: float) -> tuple[Matrix, float]:
    """Weights and bias of a logistic regression on shares of readers: each row counts as both classes, by its share.

    With rows of one class only all are zero: even odds.
    """
    parts = weights * target, weights * (1 - target)
    kept = [np.flatnonzero(part > 0) for part in parts]
    if not all(map(len, kept)):
        return np.zeros(inputs.shape[1]), 0.0
    truth = np.repeat([1, 0], [len(rows) for rows in kept])
    both = sp.vstack([inputs[rows] for rows in kept]).tocsr()
    counts = np.concatenate([part[rows] for part, rows in zip(parts, kept, strict=True)])
    model = LogisticRegression(C=c, max_iter=3000).fit(both, truth, sample_weight=counts)
    return model.coef_[0], float(model.intercept_[0])


def _log_odds_out_of_fold(read: _Read, fold: Index, models: OutOfFold[dict[str, Matrix]]) -> Matrix:
    """Log-odds of each article by a model that has not seen its site."""
    out = np.zeros(len(fold))
    for left, arrays in models.without.items():
        inside = np.flatnonzero(fold == left)
        by_words = _weighted(read.words[inside], arrays["article_words.idf"]) @ arrays["article_words.weights"]
        inputs = np.column_stack([read.measures[inside], by_words])
        out[inside] = logit(build_network(arrays, "article").probabilities(inputs)[:, 1])
    return out


def predict_articles(examples: Sequence[ArticleExample], models: Mapping[str, Matrix]) -> Matrix:
    """Probability of noise of each example: (examples,)."""
    inputs = [
        article_inputs(
            example.table, example.matrix, sentence_kinds(example.table, example.matrix, models)[:, 1:3], models
        )
        for example in examples
    ]
    return build_network(models, "article").probabilities(np.concatenate(inputs))[:, 1]
