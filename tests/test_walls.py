"""What servers send instead of a page, and short articles about the same things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from noisefilter import score
from tests.making import read_cases

if TYPE_CHECKING:
    from collections.abc import Mapping

CASES = read_cases("error_pages")


def page_of(case: Mapping[str, Any], more: str = "") -> str:
    """A case's page, with more in its body."""
    return f"<!DOCTYPE html><html lang=en><head><title>{case['title']}</title></head><body>{case['body']}{more}</body></html>"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_error_page_is_told_from_a_short_article(case: Mapping[str, Any]):
    result = score(page_of(case))
    assert result.status == case["status"]
    assert (result.noise is None) == (case["status"] != "ok")
    assert result.text


def test_plain_text_may_be_an_error_page():
    text = "Just a moment...\n\nChecking your browser before you go on.\n\nEnable JavaScript and cookies to continue.\n"
    assert score(text).status == "error_page"


def test_the_title_of_a_plain_text_counts_once():
    text = "The page is down for maintenance\n\nThe harbour board will say on Monday when the tide tables are back.\n\nBoats use the old ones."
    assert score(text).status == "too_short"


def test_a_long_page_is_never_one():
    gates = (f"Gate {gate} of the lock was built in {1800 + gate}, and weighs {gate + 4} tons." for gate in range(20))
    assert score(page_of(CASES[2], f"<p>{' '.join(gates)}</p>")).status == "ok"
