"""Pages → scores, in a worker: the model is loaded once per process, its word vectors memory-mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noisefilter import pipeline
from noisefilter.model import model_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.policy import Policy
    from noisefilter.types import Page, Score


def score_pages(pages: Sequence[Page], model: str | None, policy: Policy | str | None = None) -> list[Score]:
    """Scores of the pages, in order, by the model in a folder; by the shipped one if None.

    Errors for which `score_many` gives a status are raised here: the shard puts that page among its rejects.
    """
    return pipeline.score_pages(pages, model_at(model), {}, policy=policy)
