"""Stages of a training: each is kept, and fitted again when what it was fitted on has changed, or when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from noisefilter.labels import LabelledPage
from noisefilter.learn import stages
from noisefilter.learn.stages import STAGES, Fitted, Training, fit_stages, refit_stage
from noisefilter.learn.train import TrainingData
from noisefilter.types import Page
from tests.making import ARTICLE, vectors

if TYPE_CHECKING:
    from pathlib import Path

    from noisefilter.text.vectors import VectorTable


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stages that note that they were fitted, and give an array that says how many came before."""
    asked: list[str] = []

    def stage(name: str):
        def fit(_: Training, done: Fitted) -> Fitted:
            asked.append(name)
            begin = stages.ARRAYS_OF[name][0]
            return Fitted({f"{begin}.seen": np.array([float(len(done.arrays))])}, {name: 0.5})

        return fit

    monkeypatch.setattr(stages, "STAGES", {name: stage(name) for name in STAGES})
    return asked


def training(noise: float = 1.0, table: VectorTable | None = None, kept: Path | None = None) -> Training:
    page = LabelledPage("rain", Page(ARTICLE, format="text"), "rain.example", "own", noise=noise)
    return Training(TrainingData([page], []), table or vectors(), kept=kept)


def test_a_run_goes_on_where_it_was_broken_off(fitted, tmp_path):
    first = fit_stages(training(kept=tmp_path))
    assert fitted == list(STAGES)
    (tmp_path / "insertions.joblib").unlink()
    again = fit_stages(training(kept=tmp_path))
    assert fitted[len(STAGES) :] == ["insertions", "articles"]  # what was fitted on another one is not the same
    assert again.arrays.keys() == first.arrays.keys()
    assert again.thresholds == dict.fromkeys(STAGES, 0.5)


def test_nothing_is_kept_where_no_folder_is_named(fitted):
    fit_stages(training())
    fit_stages(training())
    assert fitted == [*STAGES, *STAGES]


def test_other_labels_are_fitted_on_anew(fitted, tmp_path):
    fit_stages(training(1.0, kept=tmp_path))
    fit_stages(training(2.0, kept=tmp_path))
    assert fitted == [*STAGES, *STAGES]


def test_a_stage_that_is_asked_for_is_fitted_with_those_after_it_on_what_is_kept(fitted, tmp_path):
    fit_stages(training(1.0, kept=tmp_path))
    fit_stages(training(2.0, kept=tmp_path), first="insertions")
    assert fitted[len(STAGES) :] == ["insertions", "articles"]


def test_stages_that_are_not_kept_come_from_the_model_that_is_there(fitted, tmp_path):
    arrays = {f"{begin}.old": np.array([7.0]) for begins in stages.ARRAYS_OF.values() for begin in begins}
    found = fit_stages(training(kept=tmp_path), first="articles", base=Fitted(arrays, {"filler": 0.9}))
    assert fitted == ["sentences", "articles"]  # no model holds the sentence classifiers of the folds
    assert found.arrays["block.old"] == found.arrays["passage.old"] == 7.0
    assert "article.old" not in found.arrays
    assert found.thresholds == {"filler": 0.9, "sentences": 0.5, "articles": 0.5}


def test_a_stage_fitted_alone_leaves_the_rest_of_the_model_as_it_was(fitted):
    arrays = {f"{begin}.old": np.array([7.0]) for begins in stages.ARRAYS_OF.values() for begin in begins}
    base = Fitted(arrays, {"filler": 0.9, "sentences": 0.4}, readers=(b"reader",), last={"filler": 0.8})
    found = refit_stage(training(), "articles", base)
    assert fitted == ["sentences", "articles"]  # for the folds alone
    assert found.arrays.keys() == (arrays.keys() - {"article.old"}) | {"article.seen"}
    assert found.thresholds == {"filler": 0.9, "sentences": 0.4, "articles": 0.5}
    assert (found.reader, found.last) == (b"reader", {"filler": 0.8})


def test_a_stage_fitted_alone_reads_the_folds_that_are_kept_for_the_same_data(fitted, tmp_path):
    fit_stages(training(1.0, kept=tmp_path))
    refit_stage(training(1.0, kept=tmp_path), "articles", Fitted())
    assert fitted[len(STAGES) :] == ["articles"]
    refit_stage(training(2.0, kept=tmp_path), "articles", Fitted())
    assert fitted[len(STAGES) + 1 :] == ["sentences", "articles"]


def test_a_stage_that_others_read_is_not_fitted_alone(fitted):
    with pytest.raises(ValueError, match="other stages read 'sentences'"):
        refit_stage(training(), "sentences", Fitted())
    assert not fitted
