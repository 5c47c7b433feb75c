"""Spans, cuts and the record that scores turn into."""

from __future__ import annotations

import hashlib
import json
from dataclasses import FrozenInstanceError
from itertools import pairwise
from typing import get_args

import pytest

from noisefilter.kinds import KINDS, REMOVED_KINDS, WORST_FIRST, Kind
from noisefilter.types import Reason, Score, Sentence, Span, cut, kept_ranges
from tests.making import read_cases


def span(start: int, end: int, kind: Kind = "boilerplate") -> Span:
    return Span(start, end, kind, 0.9, "for the test")


def hand_made_score() -> Score:
    text = "Menu\n\nRain fell. Buy boots now! Nobody knows why.\n\nFooter"
    spans = (span(0, 4), span(17, 31, "promotion"), span(32, 49, "filler"), span(51, 57))
    return Score(
        visible_text=text, spans=spans, sentences=(Sentence(0, 4, 0.9, 0.0, 0.0, 0.0),), noise=0.25, filler=0.5,
        off_topic=0.0, boilerplate=0.2, verdict="trim", status="ok", title="Rain", language="en",
        url="https://rain.example/1", model="hand-1", text_version=1, reasons=(Reason("half of its words say nothing", 0.4),),
    )  # fmt: skip


@pytest.mark.parametrize("case", read_cases("cut"), ids=lambda case: case["name"])
def test_a_cut_leaves_what_a_reader_expects(case):
    spans = []
    for passage in case["cut"]:
        start = case["text"].index(passage)
        spans.append(span(start, start + len(passage)))
    assert cut(case["text"], spans) == case["left"]


def test_the_order_of_the_spans_does_not_change_the_cut():
    text = "One.\nTwo.\nThree.\nFour."
    spans = [span(5, 9), span(0, 4), span(17, 22)]
    assert cut(text, spans) == cut(text, sorted(spans)) == "Three."


def test_cutting_nothing_changes_nothing():
    assert cut("  Rain fell.\n\n", []) == "  Rain fell.\n\n"
    assert kept_ranges("", []) == []


def test_kept_ranges_are_sorted_disjoint_and_hold_no_cut_sign():
    text = "Home\nRain fell, as cats dance, on Friday.\nShare\n"
    spans = [span(0, 4), span(15, 29), span(42, 47)]
    ranges = kept_ranges(text, spans)
    assert ranges == sorted(ranges)
    assert all(before[1] < after[0] for before, after in pairwise(ranges))
    assert not any(start < one.end and one.start < end for start, end in ranges for one in spans)


def test_the_table_of_kinds_has_a_row_a_name_and_what_tells_them_apart_differs():
    assert set(get_args(Kind)) == set(KINDS)
    assert [KINDS[name].rank for name in WORST_FIRST] == list(range(len(KINDS)))
    for feature in ("letter", "style", "brackets", "colour", "on_dark", "underline", "sign"):
        assert len({getattr(kind, feature) for kind in KINDS.values()}) == len(KINDS)


def test_text_leaves_out_what_is_removed_and_keeps_filler():
    score = hand_made_score()
    assert "Nobody knows why." in score.text
    assert not any(passage in score.text for passage in ("Menu", "Buy boots", "Footer"))


def test_clean_cuts_only_the_named_kinds():
    score = hand_made_score()
    assert score.clean(set()) == score.visible_text
    assert "Buy boots" in score.clean({"boilerplate"})
    assert "Menu" not in score.clean({"boilerplate"})
    assert "Nobody" not in score.clean(KINDS)


def test_text_is_what_clean_gives_by_default():
    score = hand_made_score()
    assert score.text == score.clean() == score.clean(REMOVED_KINDS)


def test_an_unknown_kind_is_named_in_the_error():
    with pytest.raises(ValueError, match="advert"):
        hand_made_score().clean({"advert"})


def test_a_bare_string_is_no_collection_of_kinds():
    with pytest.raises(TypeError, match="collection"):
        hand_made_score().clean("filler")


def test_a_record_survives_json():
    record = hand_made_score().to_dict()
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_a_record_carries_text_and_evidence():
    score = hand_made_score()
    record = score.to_dict()
    assert record["text"] == score.text
    assert record["visible_text"] == score.visible_text
    assert record["spans"][1] == {
        "start": 17, "end": 31, "kind": "promotion", "score": 0.9, "reason": "for the test",
    }  # fmt: skip
    assert record["sentences"][0]["boilerplate"] == 0.9
    assert record["reasons"] == [{"text": "half of its words say nothing", "share": 0.4}]
    assert (record["verdict"], record["status"], record["noise"]) == ("trim", "ok", 0.25)


def test_a_record_with_digests_carries_no_text():
    score = hand_made_score()
    record = score.to_dict(text="sha256")
    assert "Rain fell" not in json.dumps(record)
    assert record["text_sha256"] == hashlib.sha256(score.text.encode()).hexdigest()
    assert record["visible_text_sha256"] == hashlib.sha256(score.visible_text.encode()).hexdigest()


def test_a_record_knows_no_third_form_of_text():
    with pytest.raises(ValueError, match="md5"):
        hand_made_score().to_dict(text="md5")  # type: ignore[arg-type]


def test_a_score_cannot_be_edited():
    with pytest.raises(FrozenInstanceError):
        hand_made_score().noise = 0.0  # type: ignore[misc]
