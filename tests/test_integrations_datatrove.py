"""The datatrove step: what it writes into a document, what it drops, and that a drop has a reason."""

from __future__ import annotations

import pickle

import pytest

from noisefilter import score
from noisefilter.integrations.rows import COLUMNS
from noisefilter.policy import Policy
from tests.making import ARTICLE, HTML_ARTICLE

pytest.importorskip("datatrove")

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.writers import JsonlWriter

from noisefilter.integrations.datatrove import NoiseFilter

PAGES = {"page": HTML_ARTICLE, "story": ARTICLE, "short": "Rain fell.", "empty": ""}


def documents() -> list[Document]:
    return [Document(text, name, metadata={"url": f"https://a.example/{name}"}) for name, text in PAGES.items()]


def test_the_step_annotates_all_and_drops_nothing_unless_told_to():
    step = NoiseFilter()
    assert isinstance(step, PipelineStep)
    given = documents()
    out = list(step(iter(given)))
    assert [doc.id for doc in out] == list(PAGES)
    for doc in out:
        expected = score(PAGES[doc.id])
        assert doc.text == PAGES[doc.id]
        assert {name: doc.metadata[f"noisefilter_{name}"] for name in COLUMNS} == {
            name: getattr(expected, name) for name in COLUMNS
        }
        assert doc.metadata["url"] == f"https://a.example/{doc.id}"


def test_a_dropped_document_goes_to_the_exclusion_writer_with_its_reason(tmp_path):
    writer = JsonlWriter(str(tmp_path), compression=None)
    step = NoiseFilter(drop=["unscored"], columns=["status"], prefix="nf_", exclusion_writer=writer)
    kept = list(step(iter(documents())))
    assert [doc.id for doc in kept] == ["page", "story"]
    (path,) = tmp_path.glob("*.jsonl")
    rows = {row.pop("id"): row["metadata"] for row in map(_json, path.read_text(encoding="utf8").splitlines())}
    assert {name: row["filter_reason"] for name, row in rows.items()} == {
        "short": "unscored_too_short",
        "empty": "unscored_empty",
    }
    assert rows["short"]["nf_status"] == "too_short"
    counts = {name: stat.total for name, stat in step.stats.stats.items()}
    assert counts["total"] == 4
    assert counts["dropped"] == 2
    assert counts["dropped_unscored_empty"] == 1


def _json(line: str):
    import json  # noqa: PLC0415

    return json.loads(line)


def test_address_and_title_come_from_the_metadata_if_they_are_strings():
    given = [
        Document(ARTICLE, "one", metadata={"url": "https://a.example/", "title": "A story"}),
        Document(ARTICLE, "two", metadata={"url": 7, "title": ["A", "story"]}),
    ]
    one, two = NoiseFilter(columns=["url", "title"])(iter(given))
    assert (one.metadata["noisefilter_url"], one.metadata["noisefilter_title"]) == ("https://a.example/", "A story")
    assert (two.metadata["noisefilter_url"], two.metadata["noisefilter_title"]) == (None, score(ARTICLE).title)


def test_a_policy_decides_what_is_dropped_and_spares_what_is_not_scored():
    kept = list(NoiseFilter(drop=["drop"], policy=Policy(0, 0))(iter(documents())))
    assert [doc.id for doc in kept] == ["short", "empty"]


def test_one_document_alone_gets_the_same_answer():
    step = NoiseFilter(drop=["review"], policy=Policy(0, 1))
    answers = [step.filter(doc) for doc in documents()]
    assert answers == NoiseFilter(drop=["review"], policy=Policy(0, 1)).filter_batch(documents())
    assert answers[0] == (False, "verdict_review")
    assert answers[2] is True


def test_the_article_takes_the_texts_place_on_request():
    (page, *_) = NoiseFilter(replace_text=True, columns=["verdict"])(iter(documents()))
    assert page.text == score(HTML_ARTICLE).text
    assert "Privacy Policy" not in page.text


def test_the_step_travels_to_workers_without_the_model():
    step = NoiseFilter(drop=["unscored"])
    list(step(iter(documents())))
    packed = pickle.dumps(step)
    assert len(packed) < 10_000
    again = pickle.loads(packed)  # noqa: S301 - packed above
    assert [doc.id for doc in again(iter(documents()))] == ["page", "story"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ["spam"]}, "unknown verdict 'spam'"),
        ({"policy": "bold"}, "unknown policy 'bold'"),
        ({"columns": ["smell"]}, "no column 'smell'"),
        ({"format": "pdf"}, "format must be"),
        ({"thresholds": {"smell": 0.5}}, "smell"),
    ],
)
def test_wrong_arguments_are_refused_before_a_worker_starts(options, message):
    with pytest.raises(ValueError, match=message):
        NoiseFilter(**options)


def test_a_bare_string_of_verdicts_is_refused():
    with pytest.raises(TypeError, match="not a string"):
        NoiseFilter(drop="drop")
