"""No shape of page grows faster than its size, and none takes more time and memory than promised, however large."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from noisefilter import score
from noisefilter.insertions import judge
from noisefilter.insertions.judge import doubtful_rows
from noisefilter.sentences.table import SentenceTable
from tests.growing_pages import BOUNDS, SHAPES, TEXTS
from tests.making import ARTICLE, TESTS, articles_of, vectors

#: What a page may take at most. Seconds are of the processor: others may be at work.
MOST_SECONDS = 5
MOST_MIB = 350
#: Four times the page may take so many times as much; linear is four, and the rest is for the noise of a busy machine.
MOST_GROWTH = 8


@pytest.fixture(scope="module")
def report():
    command = [sys.executable, "-m", "tests.growing_pages"]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, check=True, timeout=1800)  # noqa: S603
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES | TEXTS)
def test_four_times_the_page_takes_about_four_times_as_much(report, name):
    sizes = report["growth"][name]
    seconds_4, mib_4, status = sizes[-1]
    assert status != "died"
    seconds, mib, _ = next(own for own in sizes if own[2] == status)  # what is not judged is no measure for what is
    assert seconds_4 < MOST_GROWTH * seconds + 0.3
    assert mib_4 < MOST_GROWTH * mib + 30


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDS)
def test_the_largest_page_of_a_shape_is_answered_within_the_promise(report, name):
    seconds, mib, status = report["bounds"][name]
    assert status not in {"died", "unreadable", "too_large"}
    assert seconds < MOST_SECONDS
    assert mib < MOST_MIB


def test_of_the_doubtful_words_of_an_article_only_so_many_are_read(monkeypatch):
    table = SentenceTable(articles_of([ARTICLE, ARTICLE]), vectors())
    doubts = np.ones(len(table))
    words = (table.last - table.first).tolist()
    assert doubtful_rows(table, doubts, 0.5).tolist() == list(range(len(table)))
    monkeypatch.setattr(judge, "MOST_WORDS", sum(words[:3]))
    half = len(table) // 2
    assert doubtful_rows(table, doubts, 0.5).tolist() == [0, 1, 2, half, half + 1, half + 2]
    doubts[1] = 0
    assert doubtful_rows(table, doubts, 0.5).tolist()[:2] == [0, 2]


@pytest.mark.parametrize(
    "page",
    ["<p>Rain." * 15_001, "<p>" + "It rained on us. " * 15_001, "It rained on us. " * 15_001, "Rain\n" * 15_001, "<hr>" * 400_001],
    ids=["blocks", "sentences", "sentences of a text", "lines", "tags"],
)  # fmt: skip
def test_one_piece_more_than_a_page_may_have_is_too_large(page):
    assert score(page).status == "too_large"
