"""Judged articles → the article classifiers: linear models over an article's wording and features.

One learns from readers of found articles which ones are thin. It learns from shares of readers instead of verdicts;
features use sentence probabilities out of fold. A reader's estimate of another one's vote helps to rank articles, so it
is part of the target. Only the votes tell how many articles are noisy, so noise is calibrated on them.

The other learns from invented articles which ones are manufactured, as farms and thin sites would tell an item: told
apart from honest ones of the same writers and from found articles that readers keep. Readers of found pages have met
few such articles, and writers write alike, so these two must not teach one model
(docs/decisions/0052-manufactured-articles.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from noisefilter.article.columns import WORD_ROWS, WORDINGS, manner_words, read_measures
from noisefilter.article.judge import either
from noisefilter.blocks.fit import label_blocks
from noisefilter.fit import NEVER, arrays_of, calibrate, fold_of, out_of_fold
from noisefilter.html.read import read_blocks
from noisefilter.networks import Network, standardize
from noisefilter.sentences.judge import sentence_kinds
from noisefilter.sentences.table import Article, SentenceTable
from noisefilter.text.sentences import split_sentences
from noisefilter.text.tokens import tokenize
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from noisefilter.arrays import Arrays, Index, Matrix
    from noisefilter.fit import OutOfFold
    from noisefilter.labels import LabelledPage
    from noisefilter.text.vectors import VectorTable

#: Inverse penalty of the linear model (docs/decisions/0028-noise-that-carries-over.md).
C = 30.0
#: Scale of a standardised feature beside an article's words, which are a row of unit length: with the same penalty, the
#: few strong features would dominate (as above). Signs of manufacture carry over to other writers better than their
#: words do (docs/decisions/0052-manufactured-articles.md).
MEASURE, MADE_MEASURE = 0.02, 0.05
#: Target up to which an article is not noise, and mean vote from which an invented one is a farm's.
HONEST, FARM = 0.5, 2.5
#: What a thin invented article counts beside a farm's: with as much, WCXB → blogs loses .005 more, without, 21 of 32 thin
#: ones of a writer left out are no longer dropped (as above).
THIN_WEIGHT = 0.3
#: Articles that a word must occur in to be used.
MIN_ARTICLES = 2
MIN_SENTENCES = 3
#: Calibration looks no further.
MOST_SLOPE, MOST_OFFSET = 20.0, 50.0


@dataclass(frozen=True, slots=True)
class ArticleExample:
    """A judged article and its sentences."""

    page: LabelledPage
    table: SentenceTable

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
            examples.append(ArticleExample(page, table))
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
    kept = texts if boilerplate is None else [text for text, out in zip(texts, boilerplate, strict=True) if not out]
    return "\n\n".join(kept), blocked.title


def fit_articles(
    examples: Sequence[ArticleExample], folds: Sequence[Arrays], invented: Sequence[ArticleExample] = ()
) -> tuple[Arrays, Matrix]:
    """Arrays of the article classifiers, and the probability of noise of each example, out of fold.

    Noise is calibrated on these predictions, and needs no other articles for that. `folds` are arrays of sentence
    classifiers that have not seen the sites of their fold. Invented articles teach what is manufactured; without them
    nothing is. They are not calibrated on: how many of them are noise says nothing of the web.
    """
    fold = np.array([fold_of(example.site) for example in (*examples, *invented)])
    read = _read([*examples, *invented], [folds[number] for number in fold])
    count = len(examples)
    thin = out_of_fold(fold[:count], lambda chosen, _: _fit(read, chosen, read.target[chosen], MEASURE))
    made = out_of_fold(fold, lambda chosen, _: _fit_made(read, chosen, count))
    of_thin, of_made = (_log_odds_out_of_fold(read, fold[:count], models) for models in (thin, made))
    share = np.array([example.page.noise_share for example in examples], dtype=np.float64)
    slope, offset = _calibrate(of_thin, of_made, share)
    words, of_all = _put_together(thin.of_all, made.of_all)
    arrays = arrays_of("article", calibrate(of_all[0], slope, offset)) | arrays_of("article_made", of_all[1])
    return words | arrays, either(expit(of_thin * slope + offset), expit(of_made))


@dataclass(frozen=True, slots=True)
class _Read:
    """Inputs and labels of some articles: words (articles, WORD_ROWS), features, targets, mean votes."""

    words: sp.csr_matrix
    measures: Matrix
    target: Matrix
    grade: Matrix


@dataclass(frozen=True, slots=True)
class _Linear:
    """A linear model over words, weighted by rarity, and features as they are."""

    idf: Matrix
    mean: Matrix
    scale: Matrix
    of_words: Matrix
    of_measures: Matrix
    bias: float
    usual: tuple[float, float]  # mean and spread of what the words of an article add

    def log_odds(self, words: sp.csr_matrix, measures: Matrix) -> Matrix:
        """Log-odds of articles."""
        standard = standardize(measures, self.mean, self.scale)
        return np.asarray(_weighted(words, self.idf) @ self.of_words + standard @ self.of_measures + self.bias)


def _read(examples: Sequence[ArticleExample], kinds: Sequence[Mapping[str, Matrix]]) -> _Read:
    """Words and features of the articles; `kinds` are the arrays of the sentence classifier to use for each."""
    words, measures = [], []
    for example, arrays in zip(examples, kinds, strict=True):
        _, rows, values = manner_words(example.table)
        words.append(sp.csr_matrix((values, (np.zeros_like(rows), rows)), shape=(1, WORD_ROWS)))
        probabilities = sentence_kinds(example.table, arrays)[:, 1:3]
        measures.append(read_measures(example.table, probabilities))
    return _Read(
        sp.vstack(words).tocsr(),
        np.concatenate(measures),
        np.array([example.page.noise_target for example in examples]),
        np.array([example.page.noise for example in examples]),
    )


def _fit_made(read: _Read, chosen: Index, found: int) -> _Linear:
    """Which articles are manufactured: invented ones that are noise, beside all that are not; none without both.

    The invented ones come after those `found`.
    """
    noisy = chosen[(chosen >= found) & (read.target[chosen] >= HONEST)]
    others = chosen[read.target[chosen] < HONEST]
    if not (len(noisy) and len(others)):
        return _fit(read, chosen, np.zeros(len(chosen)), MADE_MEASURE)
    weights = np.where(read.grade[noisy] < FARM, THIN_WEIGHT, 1.0)
    target = np.repeat([1.0, 0.0], [len(noisy), len(others)])
    return _fit(read, np.concatenate([noisy, others]), target, MADE_MEASURE, np.append(weights, np.ones(len(others))))


def _fit(read: _Read, chosen: Index, target: Matrix, measure: float, weights: Matrix | None = None) -> _Linear:
    """A linear model of the chosen articles; `measure` is the scale of a feature beside the words, `weights` are 1 if None."""
    words, measures = read.words[chosen], read.measures[chosen]
    count = np.asarray((words > 0).sum(axis=0)).ravel()
    idf = np.where(count >= MIN_ARTICLES, np.log((1 + len(chosen)) / (1 + count)) + 1, 0.0)
    rows = _weighted(words, idf)
    mean, scale = measures.mean(axis=0), np.maximum(measures.std(axis=0), 1e-6)
    inputs = sp.hstack([rows, sp.csr_matrix(standardize(measures, mean, scale) * measure)]).tocsr()
    learned, bias = _fit_soft(inputs, target, np.ones(len(chosen)) if weights is None else weights, c=C)
    by_words = rows @ learned[:WORD_ROWS]
    usual = float(by_words.mean()), max(float(by_words.std()), 1e-6)
    return _Linear(idf, mean, scale, learned[:WORD_ROWS], learned[WORD_ROWS:] * measure, bias, usual)


def _put_together(thin: _Linear, made: _Linear) -> tuple[Arrays, list[Network]]:
    """Weights of the words, and two networks over the same inputs, each of which leaves out what the other's words add."""
    models = (thin, made)
    mean, scale = (np.array([model.usual[place] for model in models]) for place in (0, 1))
    networks = []
    for place, model in enumerate(models):
        weights = np.append(model.of_measures, scale * (np.arange(len(WORDINGS)) == place))[:, None]
        bias = np.array([model.bias + mean[place]])
        networks.append(Network(np.append(model.mean, mean), np.append(model.scale, scale), [weights], [bias]))
    words = {
        "article_words.weights": np.column_stack([model.of_words for model in models]),
        "article_words.idf": np.column_stack([model.idf for model in models]),
    }
    return words, networks


def _weighted(words: sp.csr_matrix, idf: Matrix) -> sp.csr_matrix:
    """Rows of unit length, each word times its rarity."""
    rows = sp.csr_matrix(words @ sp.diags(idf))
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags(1 / np.maximum(length, 1e-9)) @ rows)


def _fit_soft(inputs: sp.csr_matrix, target: Matrix, weights: Matrix, *, c: float) -> tuple[Matrix, float]:
    """Weights and bias of a logistic regression on shares of readers: each row counts as both classes, by its share.

    With rows of one class only the weights are zero, and the other class is next to never expected.
    """
    parts = weights * target, weights * (1 - target)
    kept = [np.flatnonzero(part > 0) for part in parts]
    if not all(map(len, kept)):
        return np.zeros(inputs.shape[1]), NEVER if len(kept[1]) else -NEVER
    truth = np.repeat([1, 0], [len(rows) for rows in kept])
    both = sp.vstack([inputs[rows] for rows in kept]).tocsr()
    counts = np.concatenate([part[rows] for part, rows in zip(parts, kept, strict=True)])
    model = LogisticRegression(C=c, max_iter=3000).fit(both, truth, sample_weight=counts)
    return model.coef_[0], float(model.intercept_[0])


def _log_odds_out_of_fold(read: _Read, fold: Index, models: OutOfFold[_Linear]) -> Matrix:
    """Log-odds of the articles with these folds, the first ones, by models that have not seen their sites."""
    out = np.zeros(len(fold))
    for left in np.unique(fold).tolist():
        inside = np.flatnonzero(fold == left)
        out[inside] = models.for_group(left).log_odds(read.words[inside], read.measures[inside])
    return out


def _calibrate(thin: Matrix, made: Matrix, share: Matrix) -> tuple[float, float]:
    """Slope and offset of the log-odds of being thin: noise is as frequent as readers say, and as like their shares as can be."""
    likely = expit(made)

    def noise(slope: float, offset: float) -> Matrix:
        return either(expit(thin * slope + offset), likely)

    def offset_of(slope: float) -> float:
        def excess(offset: float) -> float:
            return float(noise(slope, offset).mean() - share.mean())

        low, high = -MOST_OFFSET, MOST_OFFSET
        return low if excess(low) >= 0 else high if excess(high) <= 0 else float(brentq(excess, low, high))

    def loss(slope: float) -> float:
        predicted = np.clip(noise(slope, offset_of(slope)), 1e-9, 1 - 1e-9)
        return float(-(share * np.log(predicted) + (1 - share) * np.log(1 - predicted)).mean())

    slope = float(minimize_scalar(loss, bounds=(0, MOST_SLOPE), method="bounded").x)
    return slope, offset_of(slope)
