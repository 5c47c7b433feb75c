"""Labelled rows → a network whose last layer has moved a little, or not at all.

The weights of the last layer are fitted with a penalty on moving from where they were. The strength of the penalty is
the one that most surely lowers the loss of held-out pages; if none surely does, the layer stays
(docs/decisions/0019-adapting.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit, log_softmax, softmax

from noisefilter.fit import FOLDS, out_of_fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Index, Matrix
    from noisefilter.labels import LabelledPage
    from noisefilter.networks import Network

#: Penalties on moving the layer, the strongest first, under which little but the offset moves.
STRENGTHS = (3.0, 0.3, 0.03, 0.003)
#: Share of the penalty that applies to the offset: labels tell first of all how much of a kind a site has.
OFFSET_SHARE = 0.01
#: A layer moves if the loss falls by more than this many standard errors (docs/decisions/0019-adapting.md).
SURE = 1.5
#: A layer is fitted when its loss falls by less than `FALL` of itself, or slopes by less than `SLOPE`.
FALL, SLOPE, MOST_STEPS = 1e-12, 1e-8, 1000


@dataclass(frozen=True, slots=True)
class Rows:
    """A network's standardised inputs for the labelled rows of some pages, and the truth.

    `truth` is (rows, outputs): 0 to 1 for one output, else each class' share of the votes; NaN stands for a class that
    the labels could not name. `page`, `site` and `weights` are those of each row. `other` are the log-odds that a row is
    true for a cause that another network predicts: (rows, 1); as a rule there is none.
    """

    inputs: Matrix
    truth: Matrix
    weights: Matrix
    page: Sequence[str]
    site: Sequence[str]
    other: Matrix | float = -np.inf

    @classmethod
    def of_pages(cls, parts: Sequence[tuple[LabelledPage, tuple[Matrix, Matrix, Matrix]]]) -> Rows:
        """The rows of labelled pages, each given with its inputs, truth and weights."""
        sizes = [len(inputs) for _, (inputs, _, _) in parts]
        inputs, truth, weights = (np.concatenate([rows[place] for _, rows in parts]) for place in range(3))
        ids = np.repeat([f"{page.site}\n{page.id}" for page, _ in parts], sizes).tolist()
        return cls(inputs, truth, weights, ids, np.repeat([page.site for page, _ in parts], sizes).tolist())


@dataclass(frozen=True, slots=True)
class Move:
    """How far a layer moved, and why: losses are means over held-out rows; `strength` is None if it stayed."""

    strength: float | None
    before: float
    after: float
    error: float
    out: Matrix  # the network's log-odds of the rows, out of fold
    network: Network  # with the moved layer

    @property
    def sure_gain(self) -> float:
        """How much the loss falls, less `SURE` standard errors."""
        return self.before - self.after - SURE * self.error


def last_layer(network: Network, inputs: Matrix) -> tuple[Matrix, Matrix]:
    """The inputs of a network's last layer, with a column of ones, and its weights with the offset below.

    `inputs` are standardised inputs of the network.
    """
    hidden = inputs
    for weights, bias in zip(network.weights[:-1], network.biases[:-1], strict=True):
        hidden = np.maximum(hidden @ weights + bias, 0.0)
    layer = np.vstack([network.weights[-1], network.biases[-1]])
    return np.hstack([hidden, np.ones((len(inputs), 1))]), layer


def last_logits(network: Network, inputs: Matrix) -> Matrix:
    """A network's log-odds for standardised inputs: (rows, outputs)."""
    hidden, layer = last_layer(network, inputs)
    return hidden @ layer


def move_layer(network: Network, rows: Rows) -> Move:
    """The network with its last layer moved as far as lowers the loss of held-out pages, if it surely does.

    Sites are left out in turn, or pages where there is one site only.
    """
    hidden, start = last_layer(network, rows.inputs)
    fold = folds_of(rows)
    logits = hidden @ start
    losses = row_losses(with_other(logits, rows.other), rows.truth)
    before = _mean(losses, rows)
    found = Move(None, before, before, 0.0, logits, network)
    for strength in STRENGTHS:
        layers = out_of_fold(fold, partial(_fit, hidden, rows, start, strength))
        out = logits.copy()  # with one page only nothing is held out: its layer stays
        for left, layer in layers.without.items():
            out[fold == left] = hidden[fold == left] @ layer
        after = row_losses(with_other(out, rows.other), rows.truth)
        weights, biases = ([*part[:-1]] for part in (network.weights, network.biases))
        moved = replace(network, weights=[*weights, layers.of_all[:-1]], biases=[*biases, layers.of_all[-1]])
        tried = Move(strength, before, _mean(after, rows), _error(losses - after, rows), out, moved)
        if tried.sure_gain > found.sure_gain:
            found = tried
    return found


def _fit(inputs: Matrix, rows: Rows, start: Matrix, strength: float, chosen: Index, _: int | None) -> Matrix:
    """The layer, offsets in its last row, with the lowest penalised loss on the chosen rows."""
    hidden, truth = inputs[chosen], rows.truth[chosen]
    other = np.broadcast_to(rows.other, (len(inputs), 1))[chosen]
    weights = rows.weights[chosen] / rows.weights[chosen].sum()
    held = np.full(start.shape, strength)
    held[-1] *= OFFSET_SHARE

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        moved = flat.reshape(start.shape)
        logits = hidden @ (start + moved)
        either = with_other(logits, other)
        of_rows = _slopes(either, truth) * expit(logits - log_expit(other))
        slopes = hidden.T @ (weights[:, None] * of_rows) + 2 * held * moved
        return float(weights @ row_losses(either, truth) + (held * moved**2).sum()), slopes.ravel()

    found = minimize(
        loss,
        np.zeros(start.size),
        jac=True,
        method="L-BFGS-B",
        options={"ftol": FALL, "gtol": SLOPE, "maxiter": MOST_STEPS},
    )
    return start + found.x.reshape(start.shape)


def _slopes(logits: Matrix, truth: Matrix) -> Matrix:
    """Derivatives of `row_losses` by the log-odds."""
    if truth.shape[1] == 1:
        return probabilities(logits) - truth
    known = ~np.isnan(truth)
    named = np.where(known, truth, 0.0)
    return named.sum(axis=1)[:, None] * softmax(np.where(known, logits, -np.inf), axis=1) - named


def with_other(logits: Matrix, other: Matrix | float) -> Matrix:
    """Log-odds that rows are true for the network's cause or for the other one: either is enough."""
    return np.logaddexp(logits - log_expit(-other), other)


def row_losses(logits: Matrix, truth: Matrix) -> Matrix:
    """Log loss of each row: (rows,). Of several classes, only those that the labels could name count."""
    if truth.shape[1] == 1:
        return -(truth * log_expit(logits) + (1 - truth) * log_expit(-logits))[:, 0]
    known = ~np.isnan(truth)
    return -(np.where(known, truth, 0.0) * log_softmax(np.where(known, logits, -np.inf), axis=1).clip(-1e3)).sum(axis=1)


def probabilities(logits: Matrix) -> Matrix:
    """Probability of each output: a sigmoid for one, a softmax for several."""
    return np.asarray(np.exp(log_expit(logits)) if logits.shape[1] == 1 else softmax(logits, axis=1))


def folds_of(rows: Rows) -> Index:
    """Fold of each row: sites, or pages where there is one site only, dealt out in the order of their hashes."""
    groups = rows.site if len(set(rows.site)) > 1 else rows.page
    order = sorted(set(groups), key=lambda group: (crc32(group.encode("utf-8", "surrogatepass")), group))
    places = {group: place % FOLDS for place, group in enumerate(order)}
    return np.array([places[group] for group in groups])


def _mean(losses: Matrix, rows: Rows) -> float:
    return float(rows.weights @ losses / rows.weights.sum())


def _error(gains: Matrix, rows: Rows) -> float:
    """Standard error of the mean gain, clustered by page or, if that gives more, by site where there are several."""
    groups = [rows.page] if len(set(rows.site)) == 1 else [rows.page, rows.site]
    return max(_error_by(np.array(names), rows.weights * gains, rows.weights) for names in groups)


def _error_by(names: NDArray[np.str_], gains: Matrix, weights: Matrix) -> float:
    """Standard error of a weighted mean, clustered by the groups of rows with the same name."""
    _, group = np.unique(names, return_inverse=True)
    sums, shares = np.bincount(group, gains), np.bincount(group, weights)
    apart = sums - sums.sum() / shares.sum() * shares
    return float(np.sqrt((apart**2).sum() * len(sums) / max(1, len(sums) - 1)) / shares.sum())
