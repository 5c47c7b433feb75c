"""A corpus that is wrong says where, and one whose text has moved is anchored again."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from noisefilter.blocks.fit import label_blocks
from noisefilter.html.read import read_blocks
from noisefilter.html.walk import split_blocks
from noisefilter.labels import SECOND, CorpusError
from noisefilter.learn import corpora
from noisefilter.learn.corpora import read_corpora
from noisefilter.page import read_page
from tests.making import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "Rain fell on Oberau. Buy boots now. It stopped on Sunday."
PAGE = {"id": "rain", "text": TEXT, "url": "https://rain.example", "title": "Rain", "site": "rain.example"}
SPAN = {"start": 21, "end": 35, "kind": "promotion", "quote": "Buy boots now."}
LABEL = {"id": "rain", "noise": 1, "spans": [SPAN]}


def written(folder: Path, pages: list[Any], labels: list[Any]) -> Path:
    """A corpus folder; rows that are str are written as they are."""
    for name, rows in (("pages", pages), ("labels", labels)):
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf8")
    return folder


def test_a_corpus_is_read(tmp_path):
    (page,) = read_corpora([written(tmp_path, [PAGE], [LABEL])])
    assert (page.id, page.site, page.noise) == ("rain", "rain.example", 1.0)
    assert (page.page.content, page.page.format, page.page.title) == (TEXT, "text", "Rain")
    assert page.spans is not None
    assert TEXT[page.spans[0].start : page.spans[0].end] == "Buy boots now."


def test_what_is_missing_is_unknown_not_negative(tmp_path):
    (page,) = read_corpora([written(tmp_path, [PAGE], [{"id": "rain"}])])
    assert (page.noise, page.spans, page.sentences, page.main_text) == (None, None, None, None)
    (page,) = read_corpora([written(tmp_path, [PAGE], [{"id": "rain", "spans": []}])])
    assert page.spans == ()


def test_votes_are_averaged_and_each_is_for_noise_or_against_it(tmp_path):
    (page,) = read_corpora([written(tmp_path, [PAGE], [{"id": "rain", "noise": [1, 2, 3]}])])
    assert (page.noise, page.votes) == (2.0, (1, 2, 3))
    assert page.noise_share == page.noise_target == pytest.approx(2 / 3)


def test_one_vote_is_a_verdict_and_no_vote_is_none(tmp_path):
    labels = [{"id": "rain", "noise": 2}, {"id": "sun", "noise": None}]
    rain, sun = read_corpora([written(tmp_path, [PAGE, PAGE | {"id": "sun"}], labels)])
    assert (rain.noise_share, rain.noise_target) == (1.0, 1.0)
    assert (sun.noise_share, sun.noise_target) == (None, None)


def test_what_another_reader_would_say_is_some_more_votes_to_learn_from_and_none_to_measure_by(tmp_path):
    (page,) = read_corpora([written(tmp_path, [PAGE], [{"id": "rain", "noise": [3, 1]}])])
    guessed = replace(page, second=0.2)
    assert guessed.noise_share == 0.5
    assert guessed.noise_target == pytest.approx((2 * 0.5 + SECOND * 0.2) / (2 + SECOND))


def test_pages_without_a_label_are_left_out_and_blank_lines_passed_over(tmp_path):
    pages = read_corpora([written(tmp_path, [PAGE, "", PAGE | {"id": "sun"}], ["", LABEL])])
    assert [page.id for page in pages] == ["rain"]


def test_a_page_may_stand_in_a_file_of_its_own(tmp_path):
    (tmp_path / "rain.html").write_text(f"<p>{TEXT}</p>", encoding="utf8")
    (page,) = read_corpora([written(tmp_path, [{"id": "rain", "path": "rain.html"}], [LABEL])])
    assert page.page.format == "html"
    assert page.site == "rain"


NO_TEXTS: tuple[Any, ...] = (7, ["x"], {}, True)
FAULTS: dict[str, tuple[list[Any], list[Any], str]] = {
    "a page line that is not JSON": ([PAGE, "{'id': 'x'}"], [LABEL], "pages.jsonl:2"),
    "a label line that is not JSON": ([PAGE], [LABEL, "", '{"id": '], "labels.jsonl:3"),
    "a line that is no object": ([PAGE], [LABEL, "[]"], "labels.jsonl:2"),
    "a row without an id": ([{"text": TEXT}], [LABEL], "pages.jsonl:1"),
    "an id that is no string": ([PAGE | {"id": 7}], [LABEL], "pages.jsonl:1"),
    "a page without content": ([{"id": "rain"}], [LABEL], "pages.jsonl:1"),
    "a page whose file is missing": ([{"id": "rain", "path": "gone.html"}], [LABEL], "pages.jsonl:1"),
    **{
        f"a page whose {name} is {value!r}": ([PAGE | {name: value}], [LABEL], f"pages.jsonl:1: {name}")
        for name in ("text", "html", "url", "title", "site", "source", "licence", "path")
        for value in NO_TEXTS
    },
    **{
        f"a page at {path!r}": ([{"id": "rain", "path": path}], [LABEL], "pages.jsonl:1")
        for path in ("../../etc/passwd", "/etc/passwd", "..", ".", "", "a\0b", "x" * 5000, "inside/../../outside.txt")
    },
    "a page nested too deep": (['{"id": "rain", "text": ' + "[" * 100_000], [LABEL], "pages.jsonl:1"),
    "a label nested too deep": ([PAGE], [LABEL, '{"a":' * 100_000], "labels.jsonl:2"),
    "noise that is NaN": ([PAGE], ['{"id": "rain", "noise": NaN}'], "labels.jsonl:1"),
    "noise beyond all numbers": ([PAGE], ['{"id": "rain", "noise": 1e999}'], "labels.jsonl:1"),
    "an offset of too many digits": (
        [PAGE],
        ['{"id": "rain", "spans": [{"kind": "filler", "start": 0, "end": ' + "9" * 5000 + "}]}"],
        "labels.jsonl:1",
    ),
    "a quotation of nothing": ([PAGE], [LABEL | {"spans": [SPAN | {"quote": ""}]}], "labels.jsonl:1"),
    "a quotation that is no text": ([PAGE], [LABEL | {"spans": [SPAN | {"quote": 7}]}], "labels.jsonl:1"),
    "spans that are no list": ([PAGE], [LABEL | {"spans": {"start": 0}}], "labels.jsonl:1"),
    "a sentence with a list of letters": (
        [PAGE],
        [LABEL | {"sentences": [{"start": 0, "end": 5, "label": ["I"]}]}],
        "labels.jsonl:1",
    ),
    "two labels for a page": ([PAGE], [LABEL, LABEL], "labels.jsonl:2"),
    "two pages of one id": ([PAGE, PAGE], [LABEL], "pages.jsonl:2"),
    "a label without a page": ([PAGE], [LABEL, {"id": "sun", "noise": 0}], "labels.jsonl:2"),
    "an unknown kind": ([PAGE], [LABEL | {"spans": [SPAN | {"kind": "advert"}]}], "labels.jsonl:1"),
    "a span that is reversed": ([PAGE], [LABEL | {"spans": [SPAN | {"start": 40}]}], "labels.jsonl:1"),
    "a span without an end": ([PAGE], [LABEL | {"spans": [{"start": 3, "kind": "filler"}]}], "labels.jsonl:1"),
    "a span beyond the text": (
        [PAGE],
        [LABEL | {"spans": [{"start": 3, "end": 999, "kind": "filler"}]}],
        "labels.jsonl:1",
    ),
    "a span that is no object": (
        [PAGE],
        [LABEL | {"spans": [[0, 5, "filler"]]}],
        "labels.jsonl:1: span [0, 5, 'filler'] is no object",
    ),
    "a quotation alone that stands there twice": (
        [PAGE],
        [LABEL | {"spans": [{"kind": "filler", "quote": "o"}]}],
        "labels.jsonl:1: the text of 'rain' holds 'o'",
    ),
    "a quotation that is not there": ([PAGE], [LABEL | {"spans": [SPAN | {"quote": "Buy hats."}]}], "labels.jsonl:1"),
    "noise above the scale": ([PAGE], [LABEL | {"noise": 4}], "labels.jsonl:1"),
    "noise below the scale": ([PAGE], [LABEL | {"noise": -1}], "labels.jsonl:1"),
    "a vote above the scale": ([PAGE], [LABEL | {"noise": [1, 9]}], "labels.jsonl:1"),
    "noise in words": ([PAGE], [LABEL | {"noise": "high"}], "labels.jsonl:1"),
    "no votes at all": ([PAGE], [LABEL | {"noise": []}], "labels.jsonl:1"),
    "an unknown page type": ([PAGE], [LABEL | {"page_type": "poem"}], "labels.jsonl:1"),
    "an unknown letter": ([PAGE], [LABEL | {"sentences": [{"start": 0, "end": 5, "label": "X"}]}], "labels.jsonl:1"),
    "noise that is true": ([PAGE], [LABEL | {"noise": True}], "labels.jsonl:1"),
    "spans of a kind that overlap": (
        [PAGE],
        [LABEL | {"spans": [SPAN, {"start": 25, "end": 40, "kind": "promotion"}]}],
        "labels.jsonl:1",
    ),
    "a span given twice": ([PAGE], [LABEL | {"spans": [SPAN, SPAN]}], "labels.jsonl:1"),
    "spans whose quotations stand in one place": (
        [PAGE],
        [LABEL | {"spans": [SPAN, SPAN | {"start": 40, "end": 54}]}],
        "labels.jsonl:1",
    ),
    "a span that begins before the text": ([PAGE], [LABEL | {"spans": [SPAN | {"start": -1}]}], "labels.jsonl:1"),
    "a span with offsets in words": ([PAGE], [LABEL | {"spans": [SPAN | {"start": "21"}]}], "labels.jsonl:1"),
    "a span between characters": ([PAGE], [LABEL | {"spans": [SPAN | {"start": 20.5}]}], "labels.jsonl:1"),
    "a main text that is a number": ([PAGE], [LABEL | {"main_text": 7}], "labels.jsonl:1"),
    "a sentence beyond the text": (
        [PAGE],
        [LABEL | {"sentences": [{"start": 0, "end": 999, "label": "I"}]}],
        "labels.jsonl:1",
    ),
    "a sentence that is reversed": (
        [PAGE],
        [LABEL | {"sentences": [{"start": 9, "end": 5, "label": "I"}]}],
        "labels.jsonl:1",
    ),
    "sentences that overlap": (
        [PAGE],
        [LABEL | {"sentences": [{"start": 0, "end": 20, "label": "I"}, {"start": 10, "end": 30, "label": "F"}]}],
        "labels.jsonl:1",
    ),
    "a sentence without a letter": ([PAGE], [LABEL | {"sentences": [{"start": 0, "end": 5}]}], "labels.jsonl:1"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_file_and_line(tmp_path, fault):
    pages, labels, place = FAULTS[fault]
    with pytest.raises(CorpusError, match=re.escape(str(tmp_path / place))):
        read_corpora([written(tmp_path, pages, labels)])


@pytest.mark.parametrize("name", ["pages.jsonl", "labels.jsonl"])
def test_a_file_that_is_missing_is_named(tmp_path, name):
    (written(tmp_path, [PAGE], [LABEL]) / name).unlink()
    with pytest.raises(CorpusError, match=name):
        read_corpora([tmp_path])


def test_a_corpus_without_a_labelled_page_is_named(tmp_path):
    with pytest.raises(CorpusError, match="no labelled page"):
        read_corpora([written(tmp_path, [PAGE], [])])


def test_a_quotation_anchors_a_span_whose_offsets_have_moved(tmp_path):
    moved = PAGE | {"text": f"A new first line.\n\n{TEXT}"}
    (page,) = read_corpora([written(tmp_path, [moved], [LABEL])])
    assert page.spans is not None
    assert moved["text"][page.spans[0].start : page.spans[0].end] == "Buy boots now."


def test_a_quotation_alone_places_a_span(tmp_path):
    (page,) = read_corpora(
        [written(tmp_path, [PAGE], [LABEL | {"spans": [{"kind": "promotion", "quote": SPAN["quote"]}]}])]
    )
    assert page.spans is not None
    assert [(span.start, span.end) for span in page.spans] == [(SPAN["start"], SPAN["end"])]


def test_spans_of_different_kinds_may_overlap_and_those_of_one_kind_may_touch(tmp_path):
    spans = [SPAN, {"start": 35, "end": 57, "kind": "promotion"}, {"start": 0, "end": 57, "kind": "filler"}]
    (page,) = read_corpora([written(tmp_path, [PAGE], [LABEL | {"spans": spans}])])
    assert page.spans is not None
    assert len(page.spans) == 3


@pytest.mark.parametrize(
    ("row", "site"),
    [
        ({"site": "rain.example"}, "rain.example"),
        ({"site": "rain.example", "url": "https://sun.example/a"}, "rain.example"),
        ({"url": "https://www.sun.example:8080/a"}, "www.sun.example"),
        ({"url": "sun"}, "rain"),
        ({}, "rain"),
    ],
)
def test_the_site_is_given_or_the_host_of_the_address_or_the_page_itself(tmp_path, row, site):
    (page,) = read_corpora([written(tmp_path, [{"id": "rain", "text": TEXT, **row}], [LABEL])])
    assert page.site == site


def test_the_nearest_of_several_quotations_is_taken(tmp_path):
    moved = PAGE | {"text": f"Buy boots now. Buy boots now. {TEXT} Buy boots now."}
    near = LABEL | {"spans": [SPAN | {"start": 49, "end": 63}]}
    (page,) = read_corpora([written(tmp_path, [moved], [near])])
    assert page.spans is not None
    assert page.spans[0].start == moved["text"].index(TEXT) + TEXT.index("Buy")


def test_the_projects_own_corpus_reads(corpus):
    assert len(corpus) >= 20
    assert len({page.id for page in corpus}) == len(corpus)
    assert {page.id.split("-")[0] for page in corpus} == {"farm", "clean"}
    for page in corpus:
        text = split_blocks(read_page(page.page)).text
        assert page.spans
        assert all(text[span.start : span.end] == span.quote for span in page.spans), page.id


def test_the_offsets_of_the_projects_own_corpus_need_no_anchoring(corpus):
    rows = [json.loads(line) for line in (CORPUS / "labels.jsonl").read_text(encoding="utf8").splitlines()]
    given = {row["id"]: [(span["start"], span["end"]) for span in row["spans"]] for row in rows}
    for page in corpus:
        assert sorted(given[page.id]) == [(span.start, span.end) for span in page.spans]


def test_a_page_is_an_article_unless_its_label_says_otherwise(tmp_path):
    pages = [PAGE, PAGE | {"id": "b"}]
    labels = [LABEL, LABEL | {"id": "b", "page_type": "forum"}]
    assert [page.page_type for page in read_corpora([written(tmp_path, pages, labels)])] == ["article", "forum"]


def test_bytes_that_are_no_utf8_are_named_by_their_line(tmp_path):
    folder = written(tmp_path, [PAGE], [LABEL])
    (folder / "labels.jsonl").write_bytes(b'\n{"id": "rain", "main_text": "\xff"}\n')
    with pytest.raises(CorpusError, match=r"labels\.jsonl:2: not JSON"):
        read_corpora([folder])


def test_a_line_that_is_longer_than_any_page_is_named_and_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(corpora, "MAX_LINE", 1000)
    folder = written(tmp_path, [PAGE, PAGE | {"id": "long", "text": "x" * 5000}], [LABEL])
    with pytest.raises(CorpusError, match=r"pages\.jsonl:2: more than 1,000 bytes"):
        read_corpora([folder])


@pytest.mark.parametrize("target", ["secret.txt", "/etc/passwd", "corpus/loop.txt", "corpus/inner"])
def test_a_link_out_of_the_corpus_or_to_no_file_is_named_and_not_read(tmp_path, target):
    folder = tmp_path / "corpus"
    (folder / "inner").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text(TEXT, encoding="utf8")
    (folder / "loop.txt").symlink_to(tmp_path / target)
    with pytest.raises(CorpusError, match=r"pages\.jsonl:1"):
        read_corpora([written(folder, [{"id": "rain", "path": "loop.txt"}], [LABEL])])


def test_a_link_inside_the_corpus_and_a_corpus_behind_a_link_are_read(tmp_path):
    folder = tmp_path / "corpus"
    (folder / "pages").mkdir(parents=True)
    (folder / "pages" / "rain.txt").write_text(TEXT, encoding="utf8")
    (folder / "same.txt").symlink_to(folder / "pages" / "rain.txt")
    (tmp_path / "link").symlink_to(folder)
    written(folder, [{"id": "rain", "path": "pages/../same.txt"}], [LABEL])
    (page,) = read_corpora([tmp_path / "link"])
    assert page.page.content == TEXT.encode()


@pytest.mark.parametrize(
    ("name", "count"), [("sites", 300), ("sites_unseen", 60), ("sites_hard", 80), ("sites_hard_unseen", 40)]
)
def test_the_projects_pages_of_many_sites_are_those_that_their_gold_text_was_written_for(name, count):
    pages = read_corpora([CORPUS / name])
    assert len({page.site for page in pages}) == len(pages) == count
    for page in pages[::7]:
        blocked = read_blocks(page.page).blocked
        assert blocked is not None
        labels = label_blocks(blocked, page)
        assert labels is not None
        assert 0 < labels.sum() < len(labels)


@pytest.mark.parametrize(("name", "count"), [("pointers", 104), ("pointers_unseen", 78)])
def test_the_pages_that_lead_elsewhere_hold_what_their_labels_quote(name, count):
    pages = read_corpora([CORPUS / name])
    assert len({page.site for page in pages}) == len(pages) == count
    for page in pages:
        text = read_blocks(page.page).text
        assert [text[span.start : span.end] for span in page.spans or ()] == [span.quote for span in page.spans or ()]
