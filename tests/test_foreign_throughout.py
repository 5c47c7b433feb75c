"""Articles full of invented names and new facts, which look foreign throughout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import noisefilter
from noisefilter.insertions.judge import USUAL, against_article
from noisefilter.learn.corpora import read_corpora

if TYPE_CHECKING:
    from noisefilter.labels import LabelledSpan
    from noisefilter.types import Span

UNSEEN = Path(__file__).parents[1] / "corpus" / "unseen"


def log_odds(*values: float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.array(values)))


def test_an_article_that_looks_as_articles_do_keeps_its_probabilities():
    probabilities = log_odds(*[USUAL - 1] * 20, 3.0)
    assert (against_article(probabilities, np.array([0, 21])) == probabilities).all()


def test_a_sentence_counts_by_how_much_it_stands_out_of_its_article():
    alone, among = (against_article(log_odds(*[level] * 30, 2.0), np.array([0, 31])) for level in (USUAL, USUAL + 3))
    assert alone[-1] == pytest.approx(log_odds(2.0)[0])
    assert among[-1] < 0.4
    assert (among[:-1] < log_odds(USUAL + 3)).all()


def test_few_sentences_say_little_of_their_article():
    short, long = (against_article(log_odds(*[USUAL + 3] * count, 2.0), np.array([0, count + 1])) for count in (1, 30))
    assert short[-1] > long[-1]


def test_an_article_does_not_count_against_another():
    usual, foreign = log_odds(*[USUAL] * 9, 2.0), log_odds(*[USUAL + 4] * 10)
    both = against_article(np.concatenate([foreign, usual]), np.array([0, 10, 20]))
    assert (both[10:] == against_article(usual, np.array([0, 10]))).all()


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
