"""Matrices → fitted networks and linear models, in the form that `networks.py` computes them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from zlib import crc32

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier

from noisefilter.networks import Network, logit, standardize
from noisefilter.text.tokens import HASH_ROWS, range_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Arrays, Index, Inputs, Matrix
    from noisefilter.text.tokens import Tokens

Fitted = TypeVar("Fitted")
Of = TypeVar("Of")

SEED = 0
#: Log-odds of a class without examples.
NEVER = -6.0
FOLDS = 5
#: Rows standardised at a time.
ROWS = 50_000
#: Tolerance of `fit_softmax`: at 1e-3 weights of rare signs are far from their end, and fewer pages are right.
PRECISE = 1e-5


def fold_of(site: str, folds: int = FOLDS) -> int:
    """Fold of a site: the same in every stage, so that stacked predictions stay out of fold."""
    return crc32(site.encode()) % folds


@dataclass(frozen=True, slots=True)
class OutOfFold(Generic[Fitted]):
    """A model fitted on all rows, and for each group one fitted without it."""

    of_all: Fitted
    without: Mapping[int, Fitted]

    def for_group(self, group: int) -> Fitted:
        """The model fitted without a group; that of all rows if no row is in the group, or every row is."""
        return self.without.get(group, self.of_all)


def out_of_fold(
    groups: Sequence[int] | Index, fit: Callable[[Index, int | None], Fitted], jobs: int = 1
) -> OutOfFold[Fitted]:
    """Models for stacking: the next stage learns from predictions of models fitted without the row's group.

    `fit` is given some rows, and the group that they leave out: None for the model of all rows. `jobs` are threads.

    >>> models = out_of_fold([0, 1, 1], lambda rows, _: rows.tolist())
    >>> models.for_group(1), models.of_all
    ([0], [0, 1, 2])
    """
    of_row = np.asarray(groups)
    names = [int(name) for name in np.unique(of_row) if (of_row != name).any()]
    rows = [np.flatnonzero(of_row != name) for name in names]
    run = Parallel(n_jobs=jobs, backend="threading", pre_dispatch=jobs)  # the data of one fit may take a gigabyte
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # threads share the filters: `fit_network`'s are not enough
        *without, of_all = run(
            delayed(fit)(*args) for args in [*zip(rows, names, strict=True), (np.arange(len(of_row)), None)]
        )
    return OutOfFold(of_all, dict(zip(names, without, strict=True)))


def fit_first(
    folds: Sequence[int],
    items: Sequence[Of],
    inputs: Sequence[Inputs],
    context: Callable[[Of, Matrix], Matrix],
    fit: Callable[[Index, int | None], Network],
) -> tuple[OutOfFold[Network], list[Matrix]]:
    """First networks of a `Cascade`, and the inputs of its second one, with context predicted out of fold.

    `inputs` are the first network's, for each of the items; `context` is as in the cascade, `fit` as for `out_of_fold`.
    """
    models = out_of_fold(folds, fit)
    rows = zip(folds, items, inputs, strict=True)
    return models, [
        np.hstack([matrix, context(item, models.for_group(fold).probabilities(matrix))]) for fold, item, matrix in rows
    ]


def fit_network(
    matrix: Inputs,
    classes: Index,
    weights: Matrix | None = None,
    *,
    hidden: int = 0,
    alpha: float = 1e-3,
    falling: Sequence[tuple[float, int]] = ((1e-3, 12),),
    batch: int = 512,
    members: int = 1,
) -> Network:
    """A perceptron, or a logistic regression if nothing is `hidden` (alpha is then 1 / C).

    Args:
        matrix: (rows, features), NaN where missing; float32 stays float32, which halves the memory of large ones.
        classes: (rows,), class numbers from 0.
        weights: (rows,), weight of each row.
        hidden: units of the hidden layer.
        alpha: weight decay.
        falling: learning rates, and for how many passes over the data each is used.
        batch: rows per step.
        members: perceptrons whose log-odds are averaged; their hidden layers are concatenated.
    """
    inputs, mean, scale = _standard(matrix)
    weights = np.ones(len(inputs)) if weights is None else weights
    if not hidden:
        logistic = LogisticRegression(C=1 / alpha, max_iter=2000).fit(inputs, classes, sample_weight=weights)
        return Network(mean, scale, [np.ascontiguousarray(logistic.coef_.T)], [logistic.intercept_])
    size = min(batch, len(inputs))
    fitted = [MLPClassifier((hidden,), alpha=alpha, batch_size=size, random_state=SEED + k) for k in range(members)]
    for perceptron in fitted:
        _fit_perceptron(perceptron, inputs, classes, weights, falling)
    first, last = zip(*(perceptron.coefs_ for perceptron in fitted), strict=True)
    of_first, of_last = zip(*(perceptron.intercepts_ for perceptron in fitted), strict=True)
    layers, biases = [np.hstack(first), np.vstack(last) / members], [np.concatenate(of_first), np.mean(of_last, axis=0)]
    return Network(mean, scale, layers, biases)


def fit_softmax(
    matrix: Inputs, signs: sp.csr_matrix, classes: Index, weights: Matrix, *, alpha: float, classes_in_all: int
) -> tuple[Network, Matrix]:
    """A softmax regression over standardised columns and over sparse signs: a network, and weights (signs, classes).

    The log-odds of both add up. All columns together count as much as signs whose squares add up to 1. `signs` is
    (rows, signs); `classes_in_all` are the columns of the output, since some classes may be missing from the data. The other
    arguments are as for `fit_network`.
    """
    inputs, mean, scale = _standard(matrix)
    width = inputs.shape[1]
    both = sp.hstack([sp.csr_matrix(inputs / np.sqrt(width)), signs]).tocsr()
    logistic = LogisticRegression(C=1 / alpha, tol=PRECISE, max_iter=5000).fit(both, classes, sample_weight=weights)
    layer, bias = _with_all_classes(logistic.coef_.T, logistic.intercept_, logistic.classes_, classes_in_all)
    network = Network(mean, scale, [layer[:width] / np.sqrt(width)], [bias])
    return network, np.ascontiguousarray(layer[width:])


def _standard(matrix: Inputs) -> tuple[Inputs, Matrix, Matrix]:
    """The standardised columns, their means and standard deviations; in chunks of rows, to save memory."""
    inputs = matrix.copy()
    inputs[:, np.isnan(matrix).all(axis=0)] = 0.0  # never seen in training: no information
    parts = [slice(low, low + ROWS) for low in range(0, len(inputs), ROWS)]
    # StandardScaler.partial_fit would give NaN for a column that is missing in all rows of one part
    count = sum((~np.isnan(inputs[part])).sum(axis=0) for part in parts)
    mean = sum(np.nansum(inputs[part], axis=0, dtype=np.float64) for part in parts) / count
    squares = sum(np.nansum((inputs[part] - mean) ** 2, axis=0) for part in parts)
    scale = np.sqrt(squares / count)
    scale = np.where(scale > 1e-9, scale, 1.0)
    for part in parts:
        inputs[part] = standardize(inputs[part], mean.astype(matrix.dtype), scale.astype(matrix.dtype))
    return inputs, mean, scale


def _fit_perceptron(
    perceptron: MLPClassifier, inputs: Inputs, classes: Index, weights: Matrix, rates: Sequence[tuple[float, int]]
) -> None:
    """Fit the perceptron at each rate for its number of epochs."""
    most = 1 + sum(epochs for _, epochs in rates)
    perceptron.set_params(tol=0, n_iter_no_change=most, warm_start=len(rates) > 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed
        for rate, epochs in rates:
            perceptron.set_params(learning_rate_init=rate, max_iter=epochs).fit(inputs, classes, sample_weight=weights)


def _with_all_classes(layer: Matrix, bias: Matrix, classes: Index, count: int) -> tuple[Matrix, Matrix]:
    """A softmax layer with a column for each class, including those that no row had."""
    if len(classes) == 2:  # scikit-learn has one column for two classes
        layer, bias = np.hstack([-layer, layer]) / 2, np.concatenate([-bias, bias]) / 2
    whole, offsets = np.zeros((len(layer), count)), np.full(count, 10 * NEVER)
    whole[:, classes], offsets[classes] = layer, bias
    return whole, offsets


def arrays_of(name: str, network: Network) -> Arrays:
    """The arrays of a network, as `build_network` reads them."""
    layers = enumerate(zip(network.weights, network.biases, strict=True))
    arrays = {f"{name}.mean": network.mean, f"{name}.scale": network.scale}
    for layer, (weights, bias) in layers:
        arrays |= {f"{name}.weights{layer}": weights, f"{name}.bias{layer}": bias}
    return arrays


def fit_linear(
    matrix: sp.csr_matrix, targets: NDArray[Any], weights: Matrix | None = None, *, alpha: float = 1e-6, epochs: int = 8
) -> tuple[Matrix, Matrix]:
    """Weights (columns, outputs) and bias (outputs) of a linear model; `targets` is (rows, outputs) of 0 and 1."""
    coefficients, biases = [], []
    for output in range(targets.shape[1]):
        if len(np.unique(targets[:, output])) == 1:  # a single class: nothing to learn
            coefficients.append(np.zeros(matrix.shape[1]))
            biases.append(NEVER if not targets[0, output] else -NEVER)
            continue
        model = SGDClassifier(loss="log_loss", alpha=alpha, max_iter=epochs, tol=None, average=True, random_state=SEED)
        model.fit(matrix, targets[:, output], sample_weight=weights)
        coefficients.append(model.coef_[0])
        biases.append(model.intercept_[0])
    return np.stack(coefficients, axis=1), np.array(biases)


def word_rows(tokens: Tokens, first: Index, last: Index) -> sp.csr_matrix:
    """The matrix that `networks.word_scores` implicitly multiplies by a weight table: (ranges, HASH_ROWS)."""
    sizes = last - first
    rows = np.repeat(np.arange(len(first)), sizes)
    index = range_entries(first, last)
    values = 1 / np.sqrt(np.maximum(sizes, 1))[rows]
    columns = np.concatenate([tokens.hashes[index], tokens.pairs[index]]) % HASH_ROWS
    return sp.csr_matrix((np.tile(values, 2), (np.tile(rows, 2), columns)), shape=(len(first), HASH_ROWS))


def fit_calibration(logits: Matrix, classes: Index, weights: Matrix | None = None) -> tuple[float, float]:
    """Slope and offset that turn log-odds into calibrated ones (Platt 1999)."""
    model = LogisticRegression(C=1e3).fit(logits[:, None], classes, sample_weight=weights)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def calibrate_on(network: Network, held: Sequence[Inputs], classes: Index) -> Network:
    """The network of two classes, calibrated on held-out rows: their inputs by page, and the class of each."""
    predicted = np.concatenate([network.probabilities(matrix)[:, 1] for matrix in held])
    return calibrate(network, *fit_calibration(logit(predicted), classes))


def calibrate(network: Network, slope: float, offset: float) -> Network:
    """The network with its last layer scaled, so that calibration costs nothing at inference."""
    (*weights, last), (*biases, bias) = network.weights, network.biases
    return replace(network, weights=[*weights, last * slope], biases=[*biases, bias * slope + offset])
