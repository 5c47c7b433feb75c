"""Every page that once failed holds now, and the fuzz itself finds what it is there for; `make fuzz` runs it at length."""

from __future__ import annotations

import itertools
import json

import pytest

import noisefilter
from noisefilter import Page
from tests.fuzz import checks
from tests.fuzz.__main__ import main, shrink
from tests.fuzz.checks import check_pages
from tests.fuzz.pages import make_page
from tests.making import HTML_ARTICLE, TESTS

CASES = sorted((TESTS / "fuzz" / "cases").iterdir())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_page_that_once_failed_holds(path):
    assert path.stat().st_size <= 1024
    assert check_pages([Page(path.read_bytes())]) == []


def test_a_number_is_the_same_page_again_and_another_number_another():
    made = [make_page(3, number) for number in range(50)]
    assert made == [make_page(3, number) for number in range(50)]
    assert len({page.content for page in made}) > 45
    assert {type(page.content) for page in made} == {bytes, str}


def fail(*_: object) -> str:
    msg = "a bug"
    raise KeyError(msg)


FINE = (Page("Rain fell."), Page(HTML_ARTICLE), Page(b"Rain"))


def test_pages_that_hold_have_no_failures():
    assert check_pages(FINE) == []


@pytest.mark.parametrize(
    ("name", "fault", "calls", "error"),
    [
        ("score", fail, {"score"}, "KeyError in test_fuzz.py:fail"),
        ("extract", lambda _: "other", {"extract"}, "AssertionError in checks.py:check_pages"),
        ("clean_html", lambda _: "<script>go()</script>", {"clean_html"}, "AssertionError in checks.py:check_cleaned"),
        ("clean_html", lambda _: "<p onclick=go()>Rain", {"clean_html"}, "AssertionError in checks.py:check_cleaned"),
        ("score_many", lambda pages: map(noisefilter.score, pages[::-1]), {"score_many"}, "AssertionError in checks.py:check_pages"),
        ("score_many", fail, {"score_many"}, "KeyError in test_fuzz.py:fail"),
    ],
)  # fmt: skip
def test_a_fault_is_found(monkeypatch, name, fault, calls, error):
    monkeypatch.setattr(checks, name, fault)
    failures = check_pages(FINE)
    assert {failure.call for failure in failures} == calls
    assert {failure.error for failure in failures} == {error}


def test_a_line_in_the_log_and_a_slow_page_are_found(monkeypatch):
    monkeypatch.setattr("noisefilter.pipeline.tokenize", fail)
    assert "logged by noisefilter" in {failure.error for failure in check_pages(FINE[1:2])}
    monkeypatch.setattr("time.process_time", itertools.count(step=6).__next__)
    assert "slow" in {failure.error for failure in check_pages(FINE[:1])}


def test_a_page_shrinks_to_what_makes_it_fail(monkeypatch):
    monkeypatch.setattr(checks, "extract", lambda page: fail() if "quay" in str(page.content) else "")
    page = Page(HTML_ARTICLE)
    failure = next(failure for failure in check_pages([page]) if "KeyError" in failure.error)
    assert shrink(page, failure).content == "quay"


def test_a_run_goes_on_where_the_last_one_stopped(monkeypatch, capsys, tmp_path):
    seen = []
    right = noisefilter.extract

    def extract(page):
        seen.append(page)
        return fail() if page == make_page(5, 3) else right(page)

    monkeypatch.setattr(checks, "extract", extract)
    monkeypatch.setattr(checks, "clean_html", lambda _: "")
    options = ["--seed", "5", "--log", str(tmp_path / "log")]
    assert main([*options, "--pages", "5"]) == 1
    assert main([*options, "--pages", "8"]) == 1
    assert seen == [make_page(5, number) for number in range(8)]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "seed 5, page 3: extract: KeyError in test_fuzz.py:fail"
    assert [line for line in lines if "passed" in line] == ["4 passed, 1 failed", "7 passed, 1 failed"]
    assert [json.loads(line)["done"] for line in (tmp_path / "log").read_text(encoding="utf8").splitlines()] == [5, 8]
