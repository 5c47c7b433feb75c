"""Pages that mean harm, or are broken: a status or a score within seconds and a gigabyte, never an error."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time

import pytest

from noisefilter import clean_html, extract, score
from tests.hostile_pages import HEAVY, SENTENCE
from tests.making import HTML_ARTICLE, TESTS

MOST_SECONDS = 10
MOST_MIB = 1024


@pytest.fixture(scope="module")
def report():
    """What a process of its own says of the heavy pages. Seconds are of the processor: others may be at work."""
    command = [sys.executable, "-m", "tests.hostile_pages"]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, check=True, timeout=300)  # noqa: S603
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_page_is_answered_in_time(report, name):
    assert report[name]["seconds"] < MOST_SECONDS


@pytest.mark.slow
def test_heavy_pages_do_not_fill_the_memory(report):
    peaks = {name: row["peak_mib"] for name, row in report.items()}
    assert max(peaks.values()) < MOST_MIB, peaks


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "300 nested boxes",
        "100,000 attributes",
        "100,000 open brackets",
        "utf-16 without a mark",
        "a text of 800 kB",
    ],
)
def test_a_heavy_page_with_an_article_is_scored(report, name):
    assert report[name]["status"] == "ok"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a line of 20 MB", "a text of 9 MB in bytes", "a paragraph of 9 MB"])
def test_a_page_that_is_too_large_says_so(report, name):
    assert report[name]["status"] == "too_large"


@pytest.mark.slow
def test_a_page_that_nests_too_deep_does_not_claim_to_be_empty(report):
    assert report["100,000 nested boxes"]["status"] != "empty"


@pytest.mark.parametrize(
    ("page", "status"),
    [
        (b"", "empty"),
        ("", "empty"),
        (" \n\t\u2003", "empty"),
        (b"\n \r\n", "empty"),
        ("<html><body><script>go()</script></body></html>", "empty"),
        ("<html></html>", "empty"),
        (b"%PDF-1.4\n1 0 obj << /Type /Catalog >>", "not_html_or_text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not_html_or_text"),
        (gzip.compress(HTML_ARTICLE.encode()), "not_html_or_text"),
        ("\x00" * 50, "too_short"),
        ("\ud800\udfff", "too_short"),
        ("<p>Rain fell.</p>", "too_short"),
        ("?!", "too_short"),
    ],
)
def test_a_page_that_is_no_article_says_why(page, status):
    start = time.perf_counter()
    result = score(page)
    assert time.perf_counter() - start < MOST_SECONDS
    assert (result.status, result.verdict, result.noise) == (status, "unscored", None)


@pytest.mark.parametrize("page", [b"", "", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n", "<!-- -->", "<html></html>"])
def test_what_cannot_be_read_extracts_to_nothing(page):
    assert extract(page).strip() in {"", "<!-- -->"}
    assert "<script" not in clean_html(page)


@pytest.mark.parametrize("page", [None, 5, ["<p>Rain</p>"], {"html": "<p>Rain</p>"}])
def test_what_is_no_page_is_a_type_error(page):
    for call in (score, extract, clean_html):
        with pytest.raises(TypeError, match="page must be"):
            call(page)


def test_nuls_and_lone_surrogates_in_an_article_do_not_hide_it():
    page = HTML_ARTICLE.replace("sluice", "slu\x00ice").replace("quay", "qu\ud83cay")
    result = score(page)
    assert result.status == "ok"
    assert "slu\ufffdice" in result.text
    result.to_dict()["visible_text"].encode()


def test_a_page_that_nests_deep_can_be_cleaned():
    cleaned = clean_html("<div>" * 300 + f"<p>{SENTENCE * 9}</p>")
    assert SENTENCE.strip() in cleaned
