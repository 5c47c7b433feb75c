"""Matrices → arrays: fitting, in the form that `scoring.build_network` and its word scores read."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from noisefilter.features.tokens import HASH_ROWS
from noisefilter.scoring import standardize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from noisefilter.features.tokens import Tokens

    Matrix = NDArray[np.float64]
    Index = NDArray[np.int64]
    Arrays = dict[str, NDArray[np.float64]]

SEED = 0
#: Log-odds of a kind that no label names.
NEVER = -6.0
FOLDS = 5


def fold_of(site: str, folds: int = FOLDS) -> int:
    """Fold of a site: the same in every stage, so that stacked predictions stay out of fold."""
    return crc32(site.encode()) % folds


def fit_network(
    matrix: Matrix, classes: Index, weights: Matrix | None = None, *, hidden: Sequence[int] = (), alpha: float = 1e-3,
    epochs: int = 12, seed: int = SEED,
) -> Arrays:  # fmt: skip
    """Arrays of a standardised perceptron, or of a logistic regression if `hidden` is empty (alpha is then 1 / C)."""
    matrix = np.where(np.isnan(matrix).all(axis=0), 0.0, matrix)  # never seen in training: says nothing
    scaler = StandardScaler().fit(matrix)
    scale = np.where(scaler.scale_ > 1e-9, scaler.scale_, 1.0)
    mean = scaler.mean_
    inputs = standardize(matrix, mean, scale)
    arrays = {"mean": mean, "scale": scale}
    weights = np.ones(len(inputs)) if weights is None else weights
    if not hidden:
        logistic = LogisticRegression(C=1 / alpha, max_iter=2000).fit(inputs, classes, sample_weight=weights)
        return {**arrays, "weights0": np.ascontiguousarray(logistic.coef_.T), "bias0": logistic.intercept_}
    perceptron = MLPClassifier(
        tuple(hidden), alpha=alpha, max_iter=epochs, batch_size=min(512, len(inputs)), random_state=seed, tol=0,
        n_iter_no_change=epochs + 1,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is ours to choose
        perceptron.fit(inputs, classes, sample_weight=weights)
    for layer, (layer_weights, bias) in enumerate(zip(perceptron.coefs_, perceptron.intercepts_, strict=True)):
        arrays[f"weights{layer}"], arrays[f"bias{layer}"] = layer_weights, bias
    return arrays


def named(name: str, arrays: Arrays) -> Arrays:
    """Arrays with the estimator's name before each key."""
    return {f"{name}.{key}": value for key, value in arrays.items()}


def fit_linear(
    matrix: sp.csr_matrix, targets: NDArray[Any], weights: Matrix | None = None, *, alpha: float = 1e-6
) -> tuple[Matrix, Matrix]:
    """Weights (columns, outputs) and bias (outputs) of a linear model; `targets` is (rows, outputs) of 0 and 1."""
    coefficients, biases = [], []
    for output in range(targets.shape[1]):
        if len(np.unique(targets[:, output])) == 1:  # a kind that no label names is not learned
            coefficients.append(np.zeros(matrix.shape[1]))
            biases.append(NEVER if not targets[0, output] else -NEVER)
            continue
        model = SGDClassifier(loss="log_loss", alpha=alpha, max_iter=8, tol=None, average=True, random_state=SEED)
        model.fit(matrix, targets[:, output], sample_weight=weights)
        coefficients.append(model.coef_[0])
        biases.append(model.intercept_[0])
    return np.stack(coefficients, axis=1), np.array(biases)


def word_rows(tokens: Tokens, first: Index, last: Index) -> sp.csr_matrix:
    """The matrix whose product with a weight table `scoring.word_scores` computes: (ranges, HASH_ROWS)."""
    sizes = last - first
    rows = np.repeat(np.arange(len(first)), sizes)
    index = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(first, sizes)
    values = 1 / np.sqrt(np.maximum(sizes, 1))[rows]
    return sp.csr_matrix(
        (
            np.concatenate([values, values]),
            (
                np.concatenate([rows, rows]),
                np.concatenate([tokens.hashes[index] % HASH_ROWS, tokens.pairs[index] % HASH_ROWS]),
            ),
        ),
        shape=(len(first), HASH_ROWS),
    )


def fit_calibration(logits: Matrix, classes: Index, weights: Matrix | None = None) -> tuple[float, float]:
    """Slope and offset that turn log-odds into calibrated ones (Platt 1999)."""
    model = LogisticRegression(C=1e3).fit(logits[:, None], classes, sample_weight=weights)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def calibrate(arrays: Arrays, slope: float, offset: float) -> Arrays:
    """The network with its last layer scaled, so that calibration costs nothing at inference."""
    last = sum(key.startswith("weights") for key in arrays) - 1
    return {
        **arrays,
        f"weights{last}": arrays[f"weights{last}"] * slope,
        f"bias{last}": arrays[f"bias{last}"] * slope + offset,
    }
