"""A scikit-learn classifier that the user names → the last word on an article's noise."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils.validation import has_fit_parameter

from noisefilter.estimator_file import dump_estimator, type_name
from noisefilter.scoring.articles import OWN, own_inputs
from noisefilter.scoring.networks import build_network, standardize
from noisefilter.training.corpora import CorpusError
from noisefilter.training.estimators import SEED, named
from noisefilter.training.last_layer import FOLDS, folds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noisefilter.scoring.networks import Estimator, Matrix
    from noisefilter.training.last_layer import Rows

#: Log-odds reach from -8 to 8: so scaled they are like the other columns.
LOGIT_SCALE = 2.0


@dataclass(frozen=True, slots=True)
class Own:
    """A fitted estimator as arrays, with what arrays cannot hold, what the manifest says of it, and its log losses."""

    arrays: dict[str, Matrix]
    estimator: Estimator | None
    described: dict[str, Any]
    before: float
    after: float


def make_estimator(path: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the user names the class
    """An estimator of the class at an import path, its seed fixed if it has one.

    Raises:
        CorpusError: no such class, options that it does not take, or no `predict_proba`.
    """
    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name) if module else None
    except (ImportError, AttributeError) as error:
        msg = f"--estimator {path}: {error}"
        raise CorpusError(msg) from error
    if not inspect.isclass(found):
        msg = (
            f"--estimator {path}: the import path of a class is wanted, such as sklearn.ensemble.RandomForestClassifier"
        )
        raise CorpusError(msg)
    seeded = {"random_state": SEED} if "random_state" in inspect.signature(found).parameters else {}
    try:
        estimator = found(**{**seeded, **options})
    except (TypeError, ValueError) as error:
        msg = f"--estimator {path}: it cannot be made with {dict(options)}: {error}"
        raise CorpusError(msg) from error
    if not all(hasattr(estimator, method) for method in ("fit", "predict_proba", "get_params")):
        msg = f"--estimator {path}: a scikit-learn classifier with predict_proba is wanted, and this has none"
        raise CorpusError(msg)
    return estimator


def fit_own(estimator: Any, rows: Rows, arrays: Mapping[str, Matrix]) -> Own:  # noqa: ANN401 - as above
    """The estimator fitted on what the article network reads, and on that network's log-odds.

    Raises:
        CorpusError: it cannot be fitted, or not be written.
    """
    article = build_network(arrays, "article")
    raw = rows.inputs * article.scale + article.mean
    said = article.probabilities(raw)[:, 1]
    mean, scale = np.append(article.mean, 0.0), np.append(article.scale, LOGIT_SCALE)
    inputs: Matrix = np.asarray(standardize(own_inputs(raw, said), mean, scale), dtype=np.float64)
    truth = rows.truth[:, 0].astype(np.int64)
    fold = folds_of(rows)
    out = said.copy()
    try:
        for left in range(FOLDS):
            inside = fold == left
            if inside.any() and len(np.unique(truth[~inside])) > 1:
                fitted = _fit(clone(estimator), inputs[~inside], truth[~inside], rows.weights[~inside])
                out[inside] = fitted.predict_proba(inputs[inside])[:, 1]
        fitted = _fit(estimator, inputs, truth, rows.weights)
        layers = _layers(fitted)
        if layers is None:
            dump_estimator(fitted)  # better now than after the measuring
    except (TypeError, ValueError) as error:
        msg = f"--estimator {type_name(estimator)}: {error}"
        raise CorpusError(msg) from error
    told = np.round(fitted.predict_proba(inputs)[:, 1], 6)  # so that the version tells two estimators apart
    found = named(OWN, {"mean": mean, "scale": scale, **(layers or {"said": told})})
    described = {"type": type_name(fitted), "options": _plain(estimator.get_params())}
    return Own(found, None if layers else fitted, described, _loss(said, truth), _loss(out, truth))


def _fit(estimator: Any, inputs: Matrix, truth: NDArray[np.int64], weights: Matrix) -> Any:  # noqa: ANN401 - as above
    if has_fit_parameter(estimator, "sample_weight"):
        return estimator.fit(inputs, truth, sample_weight=weights)
    return estimator.fit(inputs, truth)


def _layers(fitted: Any) -> dict[str, Matrix] | None:  # noqa: ANN401 - as above
    """Weights of a logistic regression or a perceptron, as `build_network` reads them; None for anything else."""
    if type(fitted) is LogisticRegression:
        return {"weights0": np.ascontiguousarray(fitted.coef_.T), "bias0": np.asarray(fitted.intercept_)}
    if type(fitted) is MLPClassifier and fitted.activation == "relu":
        layers: dict[str, Matrix] = {}
        for number, (weights, bias) in enumerate(zip(fitted.coefs_, fitted.intercepts_, strict=True)):
            layers[f"weights{number}"], layers[f"bias{number}"] = weights, bias
        return layers
    return None


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a manifest can hold them."""
    plain = (str, int, float, bool, type(None))
    return {name: value if isinstance(value, plain) else repr(value) for name, value in sorted(options.items())}


def _loss(probabilities: Matrix, truth: NDArray[np.int64]) -> float:
    right = np.where(truth == 1, probabilities, 1 - probabilities)
    return float(-np.log(np.maximum(right, 5e-5)).mean())
