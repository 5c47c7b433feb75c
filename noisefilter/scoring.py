"""Matrices → probabilities: scikit-learn estimators, built again from a model's arrays.

Training calls the same functions with the estimators it has just fitted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from noisefilter.features.article import ARTICLE_FEATURES, article_row
from noisefilter.features.blocks import BLOCK_FEATURES, block_context, block_matrix
from noisefilter.features.insertions import INSERTION_FEATURES, insertion_matrix
from noisefilter.features.names import name_levels, place_names
from noisefilter.features.sentences import SENTENCE_COLUMNS
from noisefilter.features.tokens import hashed_rows, shift, sums
from noisefilter.model import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.features.block_table import BlockTable
    from noisefilter.features.insertions import InsertionTable
    from noisefilter.features.sentence_table import SentenceTable
    from noisefilter.features.tokens import Tokens
    from noisefilter.model import Model

    Matrix = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Log-odds beyond this say nothing more.
LOGIT_LIMIT = 8.0
#: Standard deviations beyond this are cut off: hostile pages have features that no training page had.
INPUT_LIMIT = 6.0
#: Rarity, in nats, from which a word counts as topic: met in fewer than one article of 55.
PLAIN_IDF = 4.0
#: Dimensions of the sentence vector that the sentence classifier reads; the first ones carry most.
VECTOR_INPUTS = 48


class Estimator(Protocol):
    """What a fitted scikit-learn classifier offers."""

    def predict_proba(self, X: Matrix) -> Matrix:  # noqa: N803 - scikit-learn's name
        """Probabilities, one column a class."""
        ...


@dataclass(frozen=True, slots=True)
class Network:
    """A standardised multi-layer perceptron, or a logistic regression if it has no hidden layer."""

    mean: Matrix
    scale: Matrix
    estimator: Estimator

    def probabilities(self, matrix: Matrix) -> Matrix:
        """Class probabilities of each row: (rows, classes); a missing value counts as average."""
        if not len(matrix):
            return np.zeros((0, 2))
        return self.estimator.predict_proba(standardize(matrix, self.mean, self.scale))


def standardize(matrix: Matrix, mean: Matrix, scale: Matrix) -> Matrix:
    """Columns in standard deviations from the mean of training, missing values at the mean."""
    standard = (matrix - mean) / scale
    return np.clip(np.nan_to_num(standard, nan=0.0), -INPUT_LIMIT, INPUT_LIMIT)


def build_network(arrays: Mapping[str, Matrix], name: str) -> Network:
    """The network whose arrays are `<name>.mean`, `.scale`, `.weights<i>`, `.bias<i>`."""
    layers = sum(key.startswith(f"{name}.weights") for key in arrays)
    weights = [arrays[f"{name}.weights{layer}"] for layer in range(layers)]
    biases = [arrays[f"{name}.bias{layer}"] for layer in range(layers)]
    estimator = _build_logistic(weights[0], biases[0]) if layers == 1 else _build_perceptron(weights, biases)
    return Network(arrays[f"{name}.mean"], arrays[f"{name}.scale"], estimator)


def _build_logistic(weights: Matrix, bias: Matrix) -> Estimator:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - 0.5 s that `import noisefilter` need not pay

    estimator = LogisticRegression()
    estimator.coef_, estimator.intercept_ = weights.T, bias
    estimator.classes_ = np.arange(max(2, weights.shape[1]))
    estimator.n_features_in_ = len(weights)
    return cast("Estimator", estimator)


def _build_perceptron(weights: list[Matrix], biases: list[Matrix]) -> Estimator:
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - as above

    outputs = weights[-1].shape[1]
    estimator = MLPClassifier(tuple(len(bias) for bias in biases[:-1]))
    estimator.coefs_, estimator.intercepts_ = weights, biases
    estimator.n_layers_, estimator.n_outputs_ = len(weights) + 1, outputs
    estimator.out_activation_ = "logistic" if outputs == 1 else "softmax"
    estimator.n_features_in_ = len(weights[0])
    return cast("Estimator", estimator)


def logit(probability: Matrix) -> Matrix:
    """Log-odds, limited."""
    safe = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.asarray(np.clip(np.log(safe / (1 - safe)), -LOGIT_LIMIT, LOGIT_LIMIT))


# Linear models over hashed words: their log-odds are features of the networks.


def word_scores(tokens: Tokens, first: Index, last: Index, weights: Matrix, bias: Matrix) -> Matrix:
    """Log-odds of a linear model over words and word pairs: (ranges, outputs).

    A range of n words is a row with 1 / sqrt(n) at each of its words and pairs. `weights` is (HASH_ROWS, outputs).
    """
    rows = hashed_rows(tokens)
    totals = sums(weights[rows[:, 0]] + weights[rows[:, 1]], first, last)
    size = np.sqrt(np.maximum(last - first, 1))[:, None]
    return np.clip(totals / size + bias, -LOGIT_LIMIT, LOGIT_LIMIT)


def name_scores(table: BlockTable, weights: Matrix, bias: Matrix) -> Matrix:
    """Log-odds of a linear model over class names and ids: of the element, its parent, those above. (blocks, 1).

    `weights` is (3, NAME_ROWS). NaN for plain text.
    """
    if table.places is None or not len(table):
        return np.full((len(table), 1), np.nan)
    owner, rows = place_names(table.page)
    count = len(table.page.places)
    per_place = np.stack([np.append(np.bincount(owner, level[rows], minlength=count), 0.0) for level in weights])
    levels = name_levels(table.page)
    total = per_place[0][levels[:, 0]] + per_place[1][levels[:, 1]] + per_place[2][levels[:, 2:]].sum(axis=1)
    return np.clip(total + bias, -LOGIT_LIMIT, LOGIT_LIMIT)[:, None]


def block_inputs(table: BlockTable, words: Matrix, names: Matrix) -> Matrix:
    """What the first pass over the blocks reads."""
    return np.hstack([block_matrix(table), words, names])


def sentence_inputs(table: SentenceTable, matrix: Matrix, words: Matrix) -> Matrix:
    """What the sentence classifier reads: measures, word log-odds (own, neighbours', article's), vector."""
    count = max(1, len(table))
    mean = np.repeat(words.sum(axis=0, keepdims=True) / count, len(table), axis=0)
    around = [np.stack([shift(column, step) for column in words.T], axis=1) for step in (-1, 1)]
    return np.hstack([matrix, words, *around, mean, table.vectors[:, :VECTOR_INPUTS]])


def page_off_topic_inputs(probabilities: Matrix) -> Matrix:
    """What the page's off-topic probability is read from: the highest two log-odds and the length. (1, 3)."""
    ranked = np.sort(logit(probabilities))[::-1]
    padded = np.concatenate([ranked, [-LOGIT_LIMIT, -LOGIT_LIMIT]])
    return np.array([[padded[0], padded[1], np.log1p(len(probabilities))]])


@dataclass(frozen=True, slots=True)
class SentenceScores:
    """Probabilities of the sentences of an article, each (sentences,), given that they are not furniture."""

    filler: Matrix
    promotion: Matrix
    off_topic: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """The estimators of a model."""

    arrays: Mapping[str, Matrix]
    block_first: Network
    block_second: Network
    sentence: Network
    insertion: Network
    page_off_topic: Network
    article: Network

    def blocks(self, tables: Sequence[BlockTable]) -> list[Matrix]:
        """Probability of boilerplate of each block, one array a page."""
        inputs = [block_inputs(table, *self._block_scores(table)) for table in tables]
        first = _in_batch(self.block_first, inputs)
        second = [
            np.hstack([matrix, block_context(table, logit(probability[:, 1]))])
            for table, matrix, probability in zip(tables, inputs, first, strict=True)
        ]
        return [rounded(probability[:, 1]) for probability in _in_batch(self.block_second, second)]

    def _block_scores(self, table: BlockTable) -> tuple[Matrix, Matrix]:
        arrays = self.arrays
        words = word_scores(
            table.tokens, table.first, table.last, arrays["block_words.weights"], arrays["block_words.bias"]
        )
        return words, name_scores(table, arrays["block_names.weights"], arrays["block_names.bias"])

    def sentences(self, tables: Sequence[InsertionTable]) -> list[SentenceScores]:
        """Probabilities of the sentences, one record an article."""
        inputs = []
        for table in tables:
            plain = table.sentences
            weights, bias = self.arrays["sentence_words.weights"], self.arrays["sentence_words.bias"]
            words = word_scores(plain.tokens, plain.first, plain.last, weights, bias)
            inputs.append(sentence_inputs(plain, table.matrix, words))
        classes = _in_batch(self.sentence, inputs)
        foreign = _in_batch(self.insertion, [insertion_matrix(table) for table in tables])
        return [
            SentenceScores(rounded(by_class[:, 1]), rounded(by_class[:, 2]), rounded(off_topic[:, 1]))
            for by_class, off_topic in zip(classes, foreign, strict=True)
        ]

    def page(self, table: InsertionTable, scores: SentenceScores, furniture: Matrix) -> tuple[float, float]:
        """Probabilities that the article is noise, and that something foreign was put into it.

        `furniture` is each sentence's probability of boilerplate: what belongs to the page was not put into the article.
        """
        scores = replace(scores, off_topic=scores.off_topic * (1 - furniture))
        probabilities = np.stack([scores.filler, scores.promotion, scores.off_topic], axis=1)
        row = article_inputs(table, probabilities, self.arrays)
        noise = self.article.probabilities(row)[0, 1]
        off_topic = self.page_off_topic.probabilities(page_off_topic_inputs(scores.off_topic))[0, 1]
        return round(float(noise), 4), round(float(off_topic), 4)


def article_inputs(table: InsertionTable, probabilities: Matrix, arrays: Mapping[str, Matrix]) -> Matrix:
    """What the article classifier reads: aggregates, and the log-odds of a linear model over its plain words. (1, n)."""
    rows = plain_word_rows(table.sentences)
    total = arrays["article_words.weights"][rows].sum(axis=0) / np.sqrt(max(1, len(rows)))
    row = article_row(table.sentences, table.matrix, probabilities)
    return np.concatenate([row, np.clip(total + arrays["article_words.bias"], -LOGIT_LIMIT, LOGIT_LIMIT)])[None, :]


def plain_word_rows(table: SentenceTable) -> Index:
    """Hash rows of the words and pairs that say how an article is written, not what it is about.

    Names, numbers and words rarer than `PLAIN_IDF` are left out, so that topic cannot decide.
    """
    tokens, index = table.tokens, table.token_index
    plain = ~(tokens.title | tokens.digit)[index] & ((table.idf < PLAIN_IDF) | tokens.stop[index])
    rows = hashed_rows(tokens)[index]
    both = plain & np.append(False, plain[:-1])
    return np.concatenate([rows[plain, 0], rows[both, 1]])


def rounded(values: Matrix) -> Matrix:
    """Four decimals before any threshold, so that batch and single page agree."""
    return np.round(values, 4)


def _in_batch(network: Network, matrices: Sequence[Matrix]) -> list[Matrix]:
    """Probabilities of the rows of several matrices, computed at once."""
    if not matrices:
        return []
    sizes = [len(matrix) for matrix in matrices]
    return np.split(network.probabilities(np.concatenate(matrices)), np.cumsum(sizes)[:-1])


@lru_cache(maxsize=4)
def scorer(model: Model) -> Scorer:
    """The estimators of a model, built once a process.

    Raises:
        ModelError: the model was fitted on other features than this version measures.
    """
    if model.manifest.get("features_sha256") != features_digest():
        msg = f"model {model.label} was fitted on other features than this version of noisefilter measures: train it again"
        raise ModelError(msg)
    return build_scorer(model.arrays)


def features_digest() -> str:
    """SHA-256 of the names of all features in column order: what a model's weights refer to."""
    blocks, insertions = ([name for name, _ in table] for table in (BLOCK_FEATURES, INSERTION_FEATURES))
    names = [*blocks, *SENTENCE_COLUMNS, *insertions, *ARTICLE_FEATURES]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


NETWORKS = ("block_first", "block_second", "sentence", "insertion", "page_off_topic", "article")


def build_scorer(arrays: Mapping[str, NDArray[np.floating[Any]]]) -> Scorer:
    """The estimators that the arrays describe."""
    wide = {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}
    return Scorer(wide, **{name: build_network(wide, name) for name in NETWORKS})
