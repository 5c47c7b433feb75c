"""Articles that nothing learned from, full of invented names and new facts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import noisefilter
from noisefilter.learn.corpora import read_corpora

if TYPE_CHECKING:
    from noisefilter.labels import LabelledSpan
    from noisefilter.types import Span

UNSEEN = Path(__file__).parents[1] / "corpus" / "unseen"


@pytest.mark.parametrize(("model", "least", "most"), [("default", 24, 2), ("fast", 18, 2)])
def test_what_was_put_into_articles_that_nothing_learned_from_is_found_and_little_else(model, least, most):
    """60 insertions in 30 articles, and 30 articles without; models that knew no invented articles cut 7 and 4 of the latter."""
    pages = [page for page in read_corpora([UNSEEN]) if page.spans is not None]
    found, wrong = 0, 0
    for labelled, score in zip(pages, noisefilter.score_many([page.page for page in pages], model=model), strict=True):
        cuts = [span for span in score.spans if span.kind == "off_topic"]
        found += sum(any(_covers(cut, span) for cut in cuts) for span in labelled.spans or ())
        wrong += not labelled.spans and bool(cuts)
    assert len(pages) == 60
    assert found >= least
    assert wrong <= most


def _covers(cut: Span, span: LabelledSpan) -> bool:
    """Whether a cut takes at least half of a passage."""
    return 2 * (min(cut.end, span.end) - max(cut.start, span.start)) >= span.end - span.start
