"""A page that the code fails on costs nothing but its own score; what is no page's fault goes to the caller."""

from __future__ import annotations

import logging
import re

import pytest
from lxml.etree import LxmlError

from noisefilter import ModelError, Page, SiteProfile, clean_html, extract, pipeline, score, score_many
from noisefilter.batch import shard
from noisefilter.blocks.vote import ask_trafilatura
from noisefilter.html.read import read_blocks
from tests.making import ARTICLE, HTML_ARTICLE, walk

POISON = "This page is poison for a stage."
PAGES = [
    ARTICLE,
    HTML_ARTICLE,
    f"{ARTICLE}\n\n{POISON}",
    HTML_ARTICLE.replace("<footer>", f"<p>{POISON}</p><footer>"),
    ARTICLE,
]
POISONED = (2, 3)
STAGES = ("read_blocks", "tokenize", "split_sentences")


class TimeLimitError(Exception):
    """As task queues raise it from a signal handler, in the middle of whatever runs."""


def poison(monkeypatch, stage: str, error: BaseException) -> None:
    """Let a stage of the pipeline raise over pages that hold the poison."""
    right = getattr(pipeline, stage)

    def fails(subject, *others):
        text = subject if isinstance(subject, str) else getattr(subject, "text", None) or subject.content
        if POISON in text:
            raise error
        return right(subject, *others)

    monkeypatch.setattr(pipeline, stage, fails)


@pytest.mark.parametrize("stage", STAGES)
def test_a_page_that_the_code_fails_on_costs_only_its_own_score(monkeypatch, caplog, stage):
    right = [result.to_dict() for result in score_many(PAGES)]
    poison(monkeypatch, stage, KeyError("a bug"))
    results = list(score_many([Page(page, url=f"https://quay.example/{row}") for row, page in enumerate(PAGES)]))
    for row, result in enumerate(results):
        if row in POISONED:
            assert (result.status, result.verdict, result.noise, result.text) == ("unreadable", "unscored", None, "")
            assert score(PAGES[row]).status == "unreadable"
        else:
            assert {**result.to_dict(), "url": None} == right[row]
    told = [
        record for record in caplog.records if record.name == "noisefilter" and "quay.example" in record.getMessage()
    ]
    assert ["/2'" in told[0].getMessage(), "/3'" in told[1].getMessage(), len(told)] == [True, True, 2]
    assert all(record.levelno == logging.ERROR and record.exc_info for record in told)


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError(), AssertionError(), AttributeError(), IndexError(), RecursionError(), RuntimeError(), TypeError(),
        UnicodeError(), ValueError(), LxmlError("?"), re.error("?"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_whatever_a_page_brings_out_of_the_code_is_answered(monkeypatch, caplog, error):
    poison(monkeypatch, "tokenize", error)
    assert [score(PAGES[row]).status for row in POISONED] == ["unreadable", "unreadable"]
    assert [extract(PAGES[row]) for row in POISONED] == ["", ""]
    assert clean_html(PAGES[3]) == ""
    assert len(caplog.records) == 5


def test_a_value_error_of_the_code_is_no_page_without_elements(monkeypatch):
    assert read_blocks(Page("<!-- -->", format="html")).status == "unreadable"
    monkeypatch.setattr("noisefilter.html.read.split_blocks", lambda _: int("7" * 5000))
    with pytest.raises(ValueError, match="digits"):
        read_blocks(Page(HTML_ARTICLE))


@pytest.mark.parametrize(
    "error",
    [MemoryError(), KeyboardInterrupt(), SystemExit(), GeneratorExit(), TimeoutError(), OSError(), ImportError(), TimeLimitError(), ModelError()],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_what_is_no_fault_of_a_page_goes_to_the_caller(monkeypatch, error):
    poison(monkeypatch, "tokenize", error)
    for call in (score, extract, clean_html, lambda page: list(score_many([page]))):
        with pytest.raises(type(error)):
            call(PAGES[3])


def test_trafilatura_without_memory_has_not_just_no_opinion(monkeypatch):
    page = Page(HTML_ARTICLE, format="html")
    assert ask_trafilatura(page, walk(HTML_ARTICLE)) is not None
    for error, answered in ((ValueError(), True), (MemoryError(), False)):
        monkeypatch.setattr("trafilatura.bare_extraction", lambda *_, fault=error, **__: (_ for _ in ()).throw(fault))
        if answered:
            assert ask_trafilatura(page, walk(HTML_ARTICLE)) is None
        else:
            with pytest.raises(MemoryError):
                ask_trafilatura(page, walk(HTML_ARTICLE))


def test_the_batch_hears_of_the_fault_and_sets_the_page_aside(monkeypatch):
    poison(monkeypatch, "tokenize", KeyError("a bug"))
    with pytest.raises(KeyError, match="a bug"):
        shard.score_pages([Page(PAGES[2])], None)


def test_the_batch_scores_as_score_many_does():
    assert shard.score_pages([Page(page) for page in PAGES], None) == list(score_many(PAGES))


def test_a_page_that_cannot_be_read_is_left_out_of_a_profile(monkeypatch):
    monkeypatch.setattr("noisefilter.blocks.sites.read_blocks", lambda page: {}[page])
    assert SiteProfile.from_pages(PAGES).pages == frozenset()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"url": 5}, "url"),
        ({"title": b"Rain"}, "title"),
        ({"model": 7}, "model"),
        ({"site": {}}, "site"),
        ({"language": 7}, "language"),
        ({"thresholds": 0.5}, "float"),
        ({"thresholds": {"filler": "high"}}, "str"),
    ],
)
def test_a_wrong_argument_is_not_told_of_the_page(arguments, named):
    with pytest.raises(TypeError, match=named):
        score(HTML_ARTICLE, **arguments)
    own = {name: value for name, value in arguments.items() if name in {"url", "title"}}
    rest = {name: value for name, value in arguments.items() if name not in own}
    with pytest.raises(TypeError, match=named):
        list(score_many([Page(HTML_ARTICLE, **own)], **rest))


def test_url_and_title_can_be_written_whatever_they_hold():
    record = score(HTML_ARTICLE, url="https://quay.example/\ud800", title="Rain \x00\udfff").to_dict()
    assert (record["url"], record["title"]) == ("https://quay.example/\ufffd", "Rain \ufffd\ufffd")
