"""Stages of a training: each is kept, and fitted again when what it was fitted on has changed, or when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from train_default import read_base

from noisefilter.labels import LabelledPage
from noisefilter.learn.stages import ARRAYS_OF, STAGES, Fitted, Training
from noisefilter.learn.train import TrainingData
from noisefilter.model import models_folder
from noisefilter.types import Page
from reader_training import stages
from reader_training.stages import Learned, Run, fit_both, fit_stages, refit_stage
from tests.making import ARTICLE, vectors

if TYPE_CHECKING:
    from pathlib import Path


#: The arrays of a model that is there.
OLD = {f"{begin}.old": np.array([7.0]) for begins in ARRAYS_OF.values() for begin in begins if begin != "reader_"}


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The library's stages: each notes that it was fitted, and gives an array that says how many came before."""
    asked: list[str] = []

    def stage(name: str):
        def fit(_: Training, done: Fitted) -> Fitted:
            asked.append(name)
            return Fitted({f"{ARRAYS_OF[name][0]}.seen": np.array([float(len(done.arrays))])}, {name: 0.5})

        return fit

    monkeypatch.setattr(stages, "STAGES", {name: stage(name) for name in STAGES})
    monkeypatch.setattr(stages, "EVERY", {name: stages.EVERY[name] for name in STAGES})
    return asked


@pytest.fixture
def run(tmp_path: Path):
    """Makes a run whose page has a label."""

    def run_with(noise: float = 1.0) -> Run:
        page = LabelledPage("rain", Page(ARTICLE, format="text"), "rain.example", "own", noise=noise)
        return Run(Training(TrainingData([page], []), vectors()), [], tmp_path)

    return run_with


def test_a_run_goes_on_where_it_was_broken_off(fitted, run, tmp_path):
    first = fit_stages(run()).measures
    assert fitted == list(STAGES)
    (tmp_path / "insertions.joblib").unlink()
    again = fit_stages(run()).measures
    assert fitted[len(STAGES) :] == ["insertions", "articles"]  # what was fitted on another one is not the same
    assert again.arrays.keys() == first.arrays.keys()
    assert again.thresholds == dict.fromkeys(STAGES, 0.5)


def test_other_labels_are_fitted_on_anew(fitted, run):
    fit_stages(run(1.0))
    fit_stages(run(2.0))
    assert fitted == [*STAGES, *STAGES]


def test_a_stage_that_is_asked_for_is_fitted_with_those_after_it_on_what_is_kept(fitted, run):
    fit_stages(run(1.0))
    fit_stages(run(2.0), first="insertions")
    assert fitted[len(STAGES) :] == ["insertions", "articles"]


def test_stages_that_are_not_kept_come_from_the_model_that_is_there(fitted, run):
    base = Learned(Fitted(OLD, {"filler": 0.9}))
    found = fit_stages(run(), first="articles", base=base).measures
    assert fitted == ["sentences", "articles"]  # no model holds the sentence classifiers of the folds
    assert found.arrays["block.old"] == found.arrays["passage.old"] == 7.0
    assert "article.old" not in found.arrays
    assert found.thresholds == {"filler": 0.9, "sentences": 0.5, "articles": 0.5}


def test_a_stage_fitted_alone_leaves_the_rest_of_the_model_as_it_was(fitted, run):
    last = Fitted({"reader_page.old": np.array([7.0])}, {"filler": 0.8})
    base = Learned(Fitted(OLD, {"filler": 0.9, "sentences": 0.4}), readers=(b"reader",), last=last)
    found = refit_stage(run(), "articles", base)
    assert fitted == ["sentences", "articles"]  # for the folds alone
    assert found.measures.arrays.keys() == (OLD.keys() - {"article.old"}) | {"article.seen"}
    assert found.measures.thresholds == {"filler": 0.9, "sentences": 0.4, "articles": 0.5}
    assert (found.readers, found.last) == ((b"reader",), last)


def test_a_stage_fitted_alone_reads_the_folds_that_are_kept_for_the_same_data(fitted, run):
    fit_stages(run(1.0))
    refit_stage(run(1.0), "articles", Learned())
    assert fitted[len(STAGES) :] == ["articles"]
    refit_stage(run(2.0), "articles", Learned())
    assert fitted[len(STAGES) + 1 :] == ["sentences", "articles"]


def test_a_stage_that_others_read_is_not_fitted_alone(fitted, run):
    with pytest.raises(ValueError, match="other stages read 'sentences'"):
        refit_stage(run(), "sentences", Learned())
    assert not fitted


def test_only_the_first_of_both_models_has_the_reader_and_what_reads_it(fitted, run):
    last = Fitted({"reader_page.old": np.array([7.0])}, {"filler": 0.8})
    base = Learned(Fitted(OLD, {"filler": 0.9}), readers=(b"of a fold", b"reader"), last=last)
    read, measured = fit_both(run(), ("one", "two"), base=base, only="blocks")
    assert fitted == ["blocks"]
    assert (read.reader, measured.reader) == (b"reader", None)
    assert read.arrays.keys() - measured.arrays.keys() == {"reader_page.old"}
    assert (read.thresholds["filler"], measured.thresholds["filler"]) == (0.8, 0.9)


def test_the_shipped_models_come_back_whole_with_a_stage_that_gives_what_it_gave(monkeypatch, run, model, fast):
    base = read_base(models_folder())
    monkeypatch.setattr(stages, "STAGES", {"blocks": lambda *_: Fitted(base.measures.of("blocks"))})
    for made, shipped in zip(
        fit_both(run(), ("default", "fast"), base=base, only="blocks"), (model, fast), strict=True
    ):
        assert (made.label, made.reader, made.thresholds) == (shipped.label, shipped.reader, shipped.thresholds)
        assert made.manifest["policies"] == shipped.manifest["policies"]
