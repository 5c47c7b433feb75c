"""Pages → scores, in a worker: the model is loaded once a process, its word vectors memory-mapped."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from noisefilter.api import load, score_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.model import Model
    from noisefilter.types import Page, Score


def score_pages(pages: Sequence[Page], model: str | None) -> list[Score]:
    """Scores of the pages, in order, by the model in a folder; by the shipped one if None."""
    return list(score_many(pages, model=_model(model) if model else None))


@lru_cache(maxsize=1)
def _model(folder: str) -> Model:
    return load(folder)
