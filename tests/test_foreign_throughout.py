"""Articles full of invented names and new facts, which look foreign throughout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import noisefilter
from noisefilter.insertions.judge import USUAL, against_article

INVENTED = Path(__file__).parents[1] / "corpus" / "invented"


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


@pytest.mark.parametrize(("model", "most"), [("default", 26), ("fast", 15)])
def test_few_articles_without_an_insertion_lose_something(model, most):
    """Of 60; 36 and 19 did when a sentence was judged by itself."""
    rows = [json.loads(line) for line in (INVENTED / "labels.jsonl").read_text(encoding="utf8").splitlines()]
    pages = [
        noisefilter.Page((INVENTED / "pages" / f"{row['id']}.txt").read_text(encoding="utf8"), format="text")
        for row in rows
        if not row["spans"]
    ]
    scores = noisefilter.score_many(pages, model=model)
    assert len(pages) == 60
    assert sum(any(span.kind == "off_topic" for span in score.spans) for score in scores) <= most
