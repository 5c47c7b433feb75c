"""A model's arrays → networks, and what all stages do with them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, takewhile
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from noisefilter.text.tokens import HASH_ROWS, sums
from noisefilter.threads import late_import

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.arrays import Index, Inputs, Matrix
    from noisefilter.text.tokens import Tokens

Of = TypeVar("Of")

#: Log-odds are clipped here: beyond, they add no information.
LOGIT_LIMIT = 8.0
#: Inputs are clipped at so many standard deviations: hostile pages have features that no training page had.
INPUT_LIMIT = 6.0
#: Rows in a forward pass: they stay in the processor's cache from layer to layer.
ROWS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Network:
    """A fitted perceptron of standardised columns, with ReLU units; a logistic regression if it has one layer.

    It gives the same numbers as scikit-learn's `MLPClassifier` and `LogisticRegression`, but skips their checks (0.1 ms
    a call, more than the layers take on the rows of a page) and the import of scikit-learn (a second).
    """

    mean: Matrix
    scale: Matrix
    weights: Sequence[Matrix]
    biases: Sequence[Matrix]

    def probabilities(self, matrix: Inputs) -> Matrix:
        """Class probabilities of each row: (rows, classes); a missing value counts as average."""
        if not len(matrix):
            return np.zeros((0, 2))
        parts = (matrix[low : low + ROWS_AT_ONCE] for low in range(0, len(matrix), ROWS_AT_ONCE))
        return np.concatenate([self._of_standard(self.standard(part)) for part in parts])

    def standard(self, matrix: Inputs) -> Matrix:
        """The columns, standardised as in training."""
        return np.asarray(standardize(matrix, self.mean, self.scale), dtype=np.float64)

    def _of_standard(self, inputs: Matrix) -> Matrix:
        values: Matrix = inputs @ self.weights[0]
        values += self.biases[0]
        for weights, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            np.maximum(values, 0, out=values)
            values = values @ weights
            values += bias
        if values.shape[1] == 1:
            second = late_import("scipy.special").expit(values[:, 0])  # importing it takes 0.1 s
            return np.stack([1 - second, second], axis=1)
        values = np.exp(values - values.max(axis=1)[:, None])
        return np.asarray(values / values.sum(axis=1)[:, None])

    def moves(self, matrix: Inputs) -> Matrix | None:
        """How much each input of each row moves the log-odds from those of average inputs: (rows, inputs).

        None unless there is a single layer with one output: others have no such sum.
        """
        if len(self.weights) != 1 or self.weights[0].shape[1] != 1:
            return None
        return self.standard(matrix) * self.weights[0][:, 0]


def standardize(matrix: Inputs, mean: Inputs, scale: Inputs) -> Inputs:
    """Columns in standard deviations from their mean in training, missing values at the mean."""
    standard: Inputs = np.subtract(matrix, mean)
    standard /= scale
    standard.clip(-INPUT_LIMIT, INPUT_LIMIT, out=standard)
    missing = np.isnan(matrix)
    if missing.any():
        np.copyto(standard, 0.0, where=missing)
    return standard


def build_network(arrays: Mapping[str, Matrix], name: str) -> Network:
    """The network whose arrays are `<name>.mean`, `.scale`, `.weights<i>`, `.bias<i>`."""
    layers = list(takewhile(lambda layer: f"{name}.weights{layer}" in arrays, count()))
    weights = [arrays[f"{name}.weights{layer}"] for layer in layers]
    biases = [arrays[f"{name}.bias{layer}"] for layer in layers]
    return Network(arrays[f"{name}.mean"], arrays[f"{name}.scale"], weights, biases)


def logit(probability: Matrix) -> Matrix:
    """Log-odds, clipped."""
    safe = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.asarray(np.clip(np.log(safe / (1 - safe)), -LOGIT_LIMIT, LOGIT_LIMIT))


def word_scores(tokens: Tokens, first: Index, last: Index, weights: Matrix, bias: Matrix) -> Matrix:
    """Log-odds of a linear model over words and word pairs: (ranges, outputs).

    A range of n words is a row with 1 / sqrt(n) at each of its words and pairs. `weights` is (HASH_ROWS, outputs).
    """
    words, pairs = (weights.take(hashes & (HASH_ROWS - 1), axis=0) for hashes in (tokens.hashes, tokens.pairs))
    totals = sums(words + pairs, first, last)
    size = np.sqrt(np.maximum(last - first, 1))[:, None]
    return np.clip(totals / size + bias, -LOGIT_LIMIT, LOGIT_LIMIT)


def rounded(values: Matrix) -> Matrix:
    """Round to four decimals before any threshold, so that batch and single page agree."""
    return np.round(values, 4)


@dataclass(frozen=True, slots=True)
class Cascade(Generic[Of]):
    """Rows judged in two passes: the second network reads the first one's inputs and its predictions around each row.

    `context` makes columns of these predictions, from an item and the first network's probabilities for its rows.
    """

    first: Network
    context: Callable[[Of, Matrix], Matrix]
    second: Network

    def probabilities(self, item: Of, inputs: Inputs) -> Matrix:
        """Class probabilities of the rows of an item; `inputs` are the first network's."""
        return self.second.probabilities(self.second_inputs(item, inputs))

    def second_inputs(self, item: Of, inputs: Inputs) -> Matrix:
        """The second network's inputs, given the first one's."""
        return np.hstack([inputs, self.context(item, self.first.probabilities(inputs))])


def build_cascade(arrays: Mapping[str, Matrix], name: str, context: Callable[[Of, Matrix], Matrix]) -> Cascade[Of]:
    """The cascade whose arrays are those of the networks `<name>_first` and `<name>_second`."""
    return Cascade(build_network(arrays, f"{name}_first"), context, build_network(arrays, f"{name}_second"))
