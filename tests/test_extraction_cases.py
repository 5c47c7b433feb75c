"""Small pages of every kind that extraction has got wrong: what must be in the article's text, and what must not."""

from typing import Any

import pytest

from noisefilter import extract, score
from tests.making import read_cases

CASES = read_cases("extraction")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[pytest.mark.xfail(reason=case["known_failure"], strict=True)])
        if "known_failure" in case
        else case
        for case in CASES
    ],
    ids=lambda case: case["name"],
)
def test_the_article_comes_out_whole_and_alone(case: dict[str, Any]):
    text = extract(case["html"], url=case.get("url"))
    assert [part for part in case.get("keep", ()) if part not in text] == []
    assert [part for part in case.get("drop", ()) if part in text] == []
    assert [part for part in case.get("once", ()) if text.count(part) != 1] == []


@pytest.mark.parametrize("case", [case for case in CASES if case["kind"] == "languages"], ids=lambda case: case["name"])
def test_a_language_that_is_not_judged_says_so(case: dict[str, Any]):
    assert score(case["html"]).status == "language"
