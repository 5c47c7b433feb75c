"""An estimator of the user's own: named by its import path, written as arrays or by skops, never read unasked."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from noisefilter import ModelError, load, score
from noisefilter.model import ARRAYS, ESTIMATOR, MANIFEST, save_model
from noisefilter.training.adapt import adapt
from noisefilter.training.corpora import CorpusError
from noisefilter.training.fit import TrainingData
from noisefilter.training.own_estimator import make_estimator
from tests.making import ARTICLE

FOREST = "sklearn.ensemble.RandomForestClassifier"
FOREST_TYPES = ["sklearn.ensemble._forest.RandomForestClassifier", "sklearn.tree._tree.Tree"]


@pytest.fixture(scope="module")
def judged(corpus) -> TrainingData:
    """The project's own pages, of which only the noise is labelled."""
    return TrainingData([replace(page, spans=None) for page in corpus], [])


@pytest.fixture(scope="module")
def trained(judged, model, tmp_path_factory):
    """Trains with an estimator: the model, and a folder with it."""

    def call(path: str, **options: object):
        made = make_estimator(path, options)
        found, _ = adapt(judged, model, name="own", estimator=made)
        folder = tmp_path_factory.mktemp("own")
        save_model(found, folder, "# Card\n")
        return found, folder

    return call


@pytest.fixture(scope="module")
def forest(trained):
    return trained(FOREST, n_estimators=20)


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("sklearn.linear_model.LogisticRegression", {"C": 0.1}),
        ("sklearn.neural_network.MLPClassifier", {"hidden_layer_sizes": (4, 3), "max_iter": 2000}),
    ],
)
def test_what_arrays_can_hold_is_written_as_arrays_and_needs_no_trust(trained, path, options):
    found, folder = trained(path, **options)
    assert not (folder / ESTIMATOR).exists()
    assert score(ARTICLE, model=load(folder)).to_dict() == score(ARTICLE, model=found).to_dict()
    assert score(ARTICLE, model=found).noise != score(ARTICLE).noise


def test_what_arrays_cannot_hold_is_loaded_with_every_type_named(forest):
    found, folder = forest
    again = load(folder, trusted=FOREST_TYPES)
    assert score(ARTICLE, model=again).to_dict() == score(ARTICLE, model=found).to_dict()
    assert score(ARTICLE, model=again).noise != score(ARTICLE).noise
    assert json.loads((folder / MANIFEST).read_text(encoding="utf8"))["estimator"]["type"] == FOREST_TYPES[0]


def test_what_an_estimator_of_ones_own_says_is_not_explained_by_the_network_it_overrules(forest):
    assert score(ARTICLE).reasons
    assert score(ARTICLE, model=forest[0]).reasons == ()


@pytest.mark.parametrize("trusted", [[], FOREST_TYPES[:1], FOREST_TYPES[1:], ["builtins.object"]])
def test_a_type_that_is_not_named_is_refused_and_told(forest, trusted):
    with pytest.raises(ModelError, match=ESTIMATOR) as caught:
        load(forest[1], trusted=trusted)
    assert all((name in str(caught.value)) is (name not in trusted) for name in FOREST_TYPES)


def test_an_estimator_that_was_exchanged_is_refused(forest, tmp_path):
    folder = Path(shutil.copytree(forest[1], tmp_path / "copy"))
    (folder / ESTIMATOR).write_bytes((folder / ESTIMATOR).read_bytes() + b"x")
    with pytest.raises(ModelError, match=MANIFEST):
        load(folder, trusted=FOREST_TYPES)


def test_an_estimator_of_another_type_than_named_is_refused(forest, tmp_path):
    folder = Path(shutil.copytree(forest[1], tmp_path / "copy"))
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf8"))
    manifest["estimator"]["type"] = "sklearn.linear_model._logistic.LogisticRegression"
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf8")
    with pytest.raises(ModelError, match="that was named"):
        load(folder, trusted=[*FOREST_TYPES, manifest["estimator"]["type"]])


def test_without_skops_the_extra_is_named(forest, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(ModelError, match=r"noisefilter\[skops\]"):
        load(forest[1], trusted=FOREST_TYPES)


def test_the_same_pages_give_the_same_arrays_and_version(forest, trained):
    again, folder = trained(FOREST, n_estimators=20)
    assert (folder / ARRAYS).read_bytes() == (forest[1] / ARRAYS).read_bytes()
    assert again.label == forest[0].label
    other, _ = trained(FOREST, n_estimators=3)
    assert other.label != again.label


def test_a_model_that_replaces_one_with_an_estimator_leaves_no_estimator(forest, model, tmp_path):
    folder = Path(shutil.copytree(forest[1], tmp_path / "copy"))
    save_model(model, folder, "# Card\n")
    assert load(folder).label == model.label
    assert not (folder / ESTIMATOR).exists()


def test_the_other_stages_are_adapted_all_the_same_and_the_articles_network_stays(corpus, model):
    made = make_estimator("sklearn.linear_model.LogisticRegression", {})
    found, outcomes = adapt(TrainingData(corpus, []), model, name="own", estimator=made)
    assert {"blocks", "sentences"} <= {outcome.stage for outcome in outcomes if outcome.moved}
    assert found.arrays["article.weights0"].tobytes() == model.arrays["article.weights0"].tobytes()
    assert found.arrays["article_own.weights0"].shape[0] == model.arrays["article.weights0"].shape[0] + 1


@pytest.mark.parametrize(
    ("path", "options", "said"),
    [
        ("sklearn.ensemble.NoSuchForest", {}, "NoSuchForest"),
        ("no_such_package.Thing", {}, "no_such_package"),
        ("RandomForestClassifier", {}, "import path"),
        ("json.dumps", {}, "import path"),
        ("sklearn.svm.LinearSVC", {}, "predict_proba"),
        ("collections.Counter", {}, "predict_proba"),
        (FOREST, {"trees": 3}, "trees"),
    ],
)
def test_what_is_no_classifier_with_probabilities_is_refused(path, options, said):
    with pytest.raises(CorpusError, match=said):
        make_estimator(path, options)


def test_options_that_the_estimator_itself_refuses_are_told(trained):
    with pytest.raises(CorpusError, match="n_estimators"):
        trained(FOREST, n_estimators=-3)


def test_too_few_judged_pages_are_refused(judged, model):
    with pytest.raises(CorpusError, match="too few pages"):
        adapt(TrainingData(judged.fit[:5], []), model, name="own", estimator=make_estimator(FOREST, {}))
