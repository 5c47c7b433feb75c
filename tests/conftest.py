"""What the tests share: the default model, and the project's own corpus with its scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from noisefilter import score_many
from noisefilter.learn.corpora import read_corpora
from noisefilter.model import FAST, as_model, load_model, models_folder
from tests.calling import call
from tests.making import CORPUS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from noisefilter import Score
    from noisefilter.labels import LabelledPage
    from noisefilter.model import Model


@pytest.fixture(scope="session")
def model() -> Model:
    return as_model()


@pytest.fixture(scope="session")
def fast() -> Model:
    """The shipped model without a reader."""
    return load_model(FAST)


@pytest.fixture(scope="session")
def model_path() -> Path:
    return models_folder() / "default"


@pytest.fixture(scope="session")
def corpus() -> list[LabelledPage]:
    return read_corpora([CORPUS])


@pytest.fixture(scope="session")
def corpus_scores(corpus: list[LabelledPage], model: Model) -> list[Score]:
    return list(score_many((labelled.page for labelled in corpus), model=model))


@pytest.fixture
def run() -> Callable[..., Result]:
    """Calls the command line."""
    return call
