"""Pages go to a labelling tool and come back as a corpus, whatever characters they hold."""

from __future__ import annotations

import json
from itertools import starmap
from typing import TYPE_CHECKING, Any

import pytest

from noisefilter import score
from noisefilter.batch.inputs import Inputs
from noisefilter.labelling.annotations import agree, utf16_units
from noisefilter.labelling.candidates import Listed, choose_pages, doubt, list_given
from noisefilter.labelling.folder import TOOLS, import_labels, write_export
from noisefilter.labels import LabelledSpan
from noisefilter.learn.corpora import read_corpora
from noisefilter.page import read_page
from noisefilter.types import Page, Score, Sentence
from tests.annotating import (
    annotation,
    choice,
    doccano_export,
    doccano_rows,
    region,
    studio_export,
    studio_tasks,
    utf16,
    utf16_range,
)  # fmt: skip
from tests.batches import write_jsonl
from tests.making import ARTICLE, CORPUS, HTML_ARTICLE

if TYPE_CHECKING:
    from pathlib import Path

    from noisefilter.model import Model

FAMILY = "👩\u200d👩\u200d👧"
PROMOTION = f"Sign up {FAMILY} for our newsletter today and never miss a deal again!"
#: Characters outside of the basic plane, combining ones, a NUL, and line breaks of Windows and of old Macs.
BOARD = ARTICLE.replace("board", "boa\u0301rd 😀")
TRICKY = f"🛶 Board repairs sluice\r\n\r\n{BOARD}\r\n\r\n{PROMOTION}\r\x00\u2028𝕬 cafe\u0301.\r\n"
TRICKY_HTML = HTML_ARTICLE.replace("Home", "😀 Home").replace("The repair", "🛠️\u2028 The e\u0301 repair")
PAGES = {
    "tricky.txt": TRICKY.encode(),
    "tricky.html": TRICKY_HTML.encode(),
    "latin.html": HTML_ARTICLE.replace("Perrin", "Pérrin").replace("<head>", '<head><meta charset="latin-1">').encode("latin-1"),
}  # fmt: skip


@pytest.fixture(params=TOOLS)
def tool(request) -> str:
    return request.param


def exported(folder: Path, model: Model, tool: str, pages: dict[str, bytes] | None = None) -> Path:
    listed = [Listed(name, read_page(Page(content))) for name, content in (pages or PAGES).items()]
    write_export(folder, choose_pages(listed, model).candidates, tool)
    return folder


def untouched(folder: Path, tool: str) -> Path:
    """An export of annotators who changed nothing."""
    if tool == "doccano":
        return doccano_export(folder / "back.jsonl", doccano_rows(folder))
    tasks = studio_tasks(folder)
    for task in tasks:
        task["annotations"] = [annotation(*task["predictions"][0]["result"])]
    return studio_export(folder / "back.json", tasks)


def labels(folder: Path) -> dict[str, dict[str, Any]]:
    lines = (folder / "labels.jsonl").read_text(encoding="utf8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


def spans(label: dict[str, Any]) -> list[tuple[int, int, str]]:
    return [(span["start"], span["end"], span["kind"]) for span in label["spans"]]


def test_spans_that_nobody_edits_come_back_as_the_model_gave_them(tmp_path, model, tool):
    done = import_labels(exported(tmp_path / "out", model, tool), [untouched(tmp_path / "out", tool)], tool)
    assert (done.pages, done.labelled, done.unchanged, done.with_noise) == (3, 3, 3, 0)
    found = labels(tmp_path / "out")
    wide = 0
    for name, content in PAGES.items():
        scored = score(content)
        assert spans(found[name]) == [(span.start, span.end, span.kind) for span in scored.spans]
        assert [span["quote"] for span in found[name]["spans"]] == [
            scored.visible_text[span.start : span.end] for span in scored.spans
        ]
        wide += sum(any(char > "\uffff" for char in scored.visible_text[: span.start]) for span in scored.spans)
    assert wide >= 3  # spans behind an emoji: those that a wrong unit would move
    for page in read_corpora([tmp_path / "out"]):
        assert [(span.start, span.end, span.kind) for span in page.spans or ()] == spans(found[page.id])


def test_doccano_is_given_utf16_offsets_and_label_studio_code_points(tmp_path, model):
    (line, *_) = [
        row for row in doccano_rows(exported(tmp_path / "d", model, "doccano")) if row["page_id"] == "tricky.txt"
    ]
    (task, *_) = [
        task for task in studio_tasks(exported(tmp_path / "s", model, "label-studio"))
        if task["data"]["page_id"] == "tricky.txt"
    ]  # fmt: skip
    text = line["text"]
    assert text == TRICKY.replace("\x00", "\ufffd") == task["data"]["text"]
    values = [result["value"] for result in task["predictions"][0]["result"]]
    assert len(values) == len(line["label"]) >= 1
    for value, (start, end, _) in zip(values, line["label"], strict=True):
        assert text[value["start"] : value["end"]] == value["text"] == utf16(text, start, end)
    assert start > value["start"]


def test_what_annotators_mark_stands_where_they_marked_it(tmp_path, model, tool):
    folder = exported(tmp_path / "out", model, tool)
    text = score(PAGES["tricky.txt"]).visible_text
    passages = {
        PROMOTION: "promotion",
        "cafe\u0301": "filler",
        text[:12]: "off_topic",
        "Torp told the boa\u0301rd 😀.\r\n\r\n": "filler",
    }
    if tool == "doccano":
        (row,) = [row for row in doccano_rows(folder) if row["page_id"] == "tricky.txt"]
        row["label"] = [[*utf16_range(text, passage), kind] for passage, kind in passages.items()]
        row["label"].append([*utf16_range(text, "sluice"), "noise 2"])
        back = doccano_export(tmp_path / "back.jsonl", [row])
    else:
        (task,) = [task for task in studio_tasks(folder) if task["data"]["page_id"] == "tricky.txt"]
        task["annotations"] = [annotation(*(region(text, *item) for item in passages.items()), choice("2"))]
        back = studio_export(tmp_path / "back.json", [task])
    done = import_labels(folder, [back], tool)
    assert (done.pages, done.labelled, done.with_noise, done.unchanged) == (3, 1, 1, 0)
    (page,) = read_corpora([folder])
    assert page.noise == 2.0
    assert {span.quote: span.kind for span in page.spans or ()} == passages
    assert all(text[span.start : span.end] == span.quote for span in page.spans or ())


@pytest.mark.parametrize("text", ["", "abc", "😀", "a😀b", "😀😀", "e\u0301😀\r\n𝕬"])
def test_every_code_point_has_its_utf16_offset(text):
    assert list(utf16_units(text)) == [len(text[:point].encode("utf-16-le")) // 2 for point in range(len(text) + 1)]


def made_score(noise: float, *filler: float) -> Score:
    sentences = tuple(Sentence(0, 1, 0.0, 0.0, 0.0, value) for value in filler)
    return Score(visible_text="x", sentences=sentences, noise=noise, status="ok", model="made", text_version=2)


LIMITS = {"boilerplate": 0.5, "promotion": 0.5, "off_topic": 0.6, "filler": 0.4}


def test_doubt_is_near_the_middle_for_noise_and_near_its_threshold_for_a_sentence():
    assert doubt(made_score(0.0, 0.0, 1.0), LIMITS) == 0.0
    assert doubt(made_score(0.5, 0.4, 0.4), LIMITS) == 1.0
    assert doubt(made_score(0.5, 0.0), LIMITS) == 0.5
    order = [doubt(made_score(*values), LIMITS) for values in ((0.45, 0.38), (0.45, 0.9), (0.1, 0.9), (0.01, 0.99))]
    assert order == sorted(order, reverse=True)
    assert len(set(order)) == 4


def listed_in(*inputs: Path) -> list[Listed]:
    return list(starmap(list_given, Inputs([str(name) for name in inputs]).pages()))


def test_the_doubtful_come_first_in_both_tools(tmp_path, model, tool):
    folder = tmp_path / "out"
    choice = choose_pages(listed_in(CORPUS), model)
    write_export(folder, choice.candidates, tool)
    known = {
        row["id"]: row for row in map(json.loads, (folder / "pages.jsonl").read_text(encoding="utf8").splitlines())
    }
    ids = (
        [row["page_id"] for row in doccano_rows(folder)]
        if tool == "doccano"
        else [task["data"]["page_id"] for task in studio_tasks(folder)]
    )
    assert len(ids) == len(known) == 24
    doubts = [known[name]["doubt"] for name in ids]
    assert doubts == sorted(doubts, reverse=True)
    assert doubts[0] > 2 * doubts[-1]
    if tool == "label-studio":  # "uncertainty sampling" hands out low scores first
        scores = [task["predictions"][0]["score"] for task in studio_tasks(folder)]
        assert scores == sorted(scores)


def test_a_limit_takes_the_most_doubtful(model):
    every = choose_pages(listed_in(CORPUS), model)
    some = choose_pages(listed_in(CORPUS), model, limit=5)
    assert some.candidates == every.candidates[:5]
    assert (some.passed_over, every.passed_over) == (19, 0)


def test_a_page_without_a_score_is_named_with_its_status(model):
    contents: dict[str, bytes | str] = {
        "a": ARTICLE,
        "b": "",
        "c": "Too short.",
        "d": b"%PDF-1.7",
        "e": b"x" * 40_000_001,
    }
    found = choose_pages([Listed(name, read_page(Page(content))) for name, content in contents.items()], model)
    assert [candidate.listed.id for candidate in found.candidates] == ["a"]
    assert found.unscored == [("b", "empty"), ("c", "too_short"), ("d", "not_html_or_text"), ("e", "too_large")]


def test_the_site_is_the_host_where_nothing_better_is_known(tmp_path):
    rows = [
        {"id": "a", "text": ARTICLE, "url": "https://news.example:8000/a?b"},
        {
            "id": "b",
            "text": ARTICLE,
            "url": "https://news.example/b",
            "site": "the quay",
            "licence": "CC0-1.0",
            "source": "crawl",
        },
        {"id": "c", "text": ARTICLE, "url": "http://[broken", "title": "A\x00B"},
    ]
    write_jsonl(tmp_path / "pages.jsonl", rows)
    listed = listed_in(tmp_path)
    assert [own.site for own in listed] == ["news.example", "the quay", None]
    assert (listed[1].licence, listed[1].source) == ("CC0-1.0", "crawl")
    assert listed[2].page.title == "A\ufffdB"


TEXT = "abcdefghi, klmnopqrs"


def marks(*kinds_and_ranges: tuple[str, int, int]) -> list[LabelledSpan]:
    return [LabelledSpan(start, end, kind, TEXT[start:end]) for kind, start, end in kinds_and_ranges]


@pytest.mark.parametrize(
    ("votes", "agreed"),
    [
        ([[("filler", 0, 9)], [("filler", 0, 9)]], [("filler", 0, 9)]),
        ([[("filler", 0, 9)], []], []),
        ([[("filler", 0, 9)], [("promotion", 0, 9)]], []),
        ([[("filler", 0, 9)], [("filler", 2, 12)], []], [("filler", 2, 9)]),
        ([[("filler", 0, 9)], [("filler", 0, 20)], [("filler", 11, 20)]], [("filler", 0, 9), ("filler", 11, 20)]),
        ([[("filler", 0, 11)], [("filler", 9, 20)]], []),
        ([[("filler", 0, 5), ("promotion", 3, 9)], [("promotion", 3, 9), ("filler", 0, 5)]], [("filler", 0, 5), ("promotion", 3, 9)]),
    ],
)  # fmt: skip
def test_a_span_is_what_more_than_half_of_the_annotators_marked(votes, agreed):
    assert agree([marks(*vote) for vote in votes], TEXT) == marks(*agreed)
