"""Small pages of every kind that extraction has got wrong: what must be in the article's text, and what must not."""

from typing import Any

import pytest

from noisefilter import extract, score
from tests.making import read_cases

#: Written one by one beside the rules, and by writers who had not seen the rules; their pages were looked at.
CASES = [*read_cases("extraction"), *read_cases("extraction_blind")]
#: By a writer whose pages nobody looked at, so that no rule was made for them.
UNSEEN = read_cases("extraction_unseen")


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
    assert faults(case) == []


def test_nine_in_ten_pages_that_no_rule_was_made_for_come_out_right():
    right = sum(not faults(case) for case in UNSEEN)
    assert right >= 0.9 * len(UNSEEN) - 1  # 35 of 39 do


def faults(case: dict[str, Any]) -> list[str]:
    """Strings that are missing from the article's text, that should not be in it, or that do not occur once."""
    text = extract(case["html"], url=case.get("url"))
    missing = [part for part in case.get("keep", ()) if part not in text]
    foreign = [part for part in case.get("drop", ()) if part in text]
    return missing + foreign + [part for part in case.get("once", ()) if text.count(part) != 1]


@pytest.mark.parametrize("case", [case for case in CASES if case["kind"] == "languages"], ids=lambda case: case["name"])
def test_a_language_that_is_not_judged_says_so(case: dict[str, Any]):
    assert score(case["html"]).status == "language"
