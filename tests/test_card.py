"""The card and its picture: what a reader finds in them, and that the same figures give the same bytes."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from noisefilter.kinds import KINDS
from noisefilter.labels import LabelledPage
from noisefilter.learn.card import TEXTS, hard_examples, write_card, write_picture
from noisefilter.learn.evaluate import reliability
from noisefilter.learn.picture import PICTURE, draw_calibration
from noisefilter.learn.train import TrainingData, describe
from noisefilter.model import as_model
from noisefilter.report.figures import CALIBRATION, HIGH, LOW, Figures, figure_columns, figure_row
from noisefilter.types import Page

SVG = "{http://www.w3.org/2000/svg}"
ROWS = np.array([[0.05, 0.0]] * 40 + [[0.55, 1.0], [0.55, 0.0], [0.95, 1.0]])
FIGURES: Figures = {
    "noise": {"all": {"articles": 43, "auc": 0.9412, f"auc{LOW}": 0.901, f"auc{HIGH}": 0.968}, "a.example": {"articles": 3}},
    "thresholds": {"filler": {"value": 0.5, "rows": 43, "precision": 0.75, f"precision{LOW}": 0.5, f"precision{HIGH}": 1.0}},
    f"{CALIBRATION}noise": reliability(ROWS),
    f"{CALIBRATION}fil<ler": reliability(ROWS),
}  # fmt: skip


@pytest.fixture(scope="module")
def card() -> str:
    return write_card(as_model(), FIGURES)


def test_an_interval_stands_beside_its_figure_and_a_dash_for_what_was_not_measured():
    columns = figure_columns(FIGURES["noise"])
    assert columns == ["articles", "auc"]
    assert figure_row(FIGURES["noise"]["all"], columns) == ["43", "0.941 (0.90-0.97)"]
    assert figure_row(FIGURES["noise"]["a.example"], columns) == ["3", "–"]


def test_the_card_has_figures_thresholds_sizes_and_hashes(card):
    model = as_model()
    assert "| all | 43 | 0.941 (0.90-0.97) |" in card
    assert f"| filler | {model.thresholds['filler']:.3f} | 43 | 0.750 (0.50-1.00) |" in card
    assert (
        f"| balanced | {model.policies['balanced'].review_at:.3f} | {model.policies['balanced'].drop_at:.3f} |" in card
    )
    assert model.manifest["vectors_sha256"] in card
    assert model.manifest["data"]["ids_sha256"] in card
    assert card.count("### ") == 1  # of the figures only those that are no bins and no thresholds have a table


def test_every_array_counts_in_the_size_of_one_stage(card):
    numbers = {
        stage: int(count.replace(",", ""))
        for stage, count in re.findall(r"\| ([^|]+) \| \d+ \| ([\d,]+) \| [\d,]+ \|", card)
    }
    total = numbers.pop("all stages")
    assert total == sum(array.size for array in as_model().arrays.values())
    assert total == sum(count for stage, count in numbers.items() if not stage.startswith("word vectors"))


def test_the_card_shows_the_picture_just_when_there_is_one(card, tmp_path):
    assert f"]({PICTURE})" in card
    write_picture(FIGURES, tmp_path)
    assert (tmp_path / PICTURE).read_text(encoding="utf8") == draw_calibration(FIGURES)
    write_picture({}, tmp_path)
    assert not (tmp_path / PICTURE).exists()
    assert PICTURE not in write_card(as_model(), {})


def test_the_same_figures_give_the_same_card_and_picture(card):
    assert write_card(as_model(), FIGURES) == card
    assert draw_calibration(FIGURES) == draw_calibration(FIGURES)


def test_writing_the_card_changes_no_figures():
    before = {kind: dict(rows) for kind, rows in FIGURES.items()}
    write_card(as_model(), FIGURES)
    assert before == FIGURES


def test_the_hash_of_the_data_changes_with_a_text_or_a_label_and_not_with_their_order():
    one, two = (LabelledPage(name, Page(f"Rain fell on {name}."), name, "made", noise=1.0) for name in ("a", "b"))

    def digest(*pages: LabelledPage) -> tuple[str, str]:
        data = describe(TrainingData(pages, []))
        return data["ids_sha256"], data["content_sha256"]

    assert digest(one, two) == digest(two, one)
    for other in (replace(one, noise=2.0), replace(one, page=Page("Snow fell on a."))):
        ids, content = digest(other, two)
        assert ids == digest(one, two)[0]
        assert content != digest(one, two)[1]


def test_the_picture_is_svg_with_a_point_and_a_count_a_bin():
    tree = ET.fromstring(draw_calibration(FIGURES))  # noqa: S314 - our own
    points = list(tree.iter(f"{SVG}circle"))
    assert len(points) == 6
    texts = [element.text for element in tree.iter(f"{SVG}text")]
    assert texts.count("40") == texts.count("2") == texts.count("1") == 2
    assert "fil<ler" in texts


def test_a_point_stands_where_it_came_true_and_is_hollow_for_few_rows():
    tree = ET.fromstring(draw_calibration({f"{CALIBRATION}noise": reliability(ROWS)}))  # noqa: S314 - our own
    many, few, one = tree.iter(f"{SVG}circle")
    assert float(many.get("cy", "")) > float(few.get("cy", "")) > float(one.get("cy", ""))
    assert float(many.get("cx", "")) < float(few.get("cx", "")) < float(one.get("cx", ""))
    assert few.get("fill") == one.get("fill") != many.get("fill")


def test_examples_say_what_a_reader_would_mark_and_what_the_model_does(card):
    shown = hard_examples(as_model())
    assert all(part in card for part in shown)
    lines = shown[0].splitlines()
    for example in TEXTS["example"]:
        (line,) = (line for line in lines if example["passage"] in line)
        said, found = re.findall(r"\| (\d\.\d\d) \| (yes|no)(?: \(wrong\))? \|$", line)[0]
        assert 0 <= float(said) <= 1
        assert ("(wrong)" in line) == ((found == "yes") != example["wanted"])


def test_examples_are_sentences_of_their_own_that_the_story_does_not_hold():
    passages = {example["passage"] for example in TEXTS["example"]}
    assert len(passages) == len(TEXTS["example"])
    assert not any(passage in " ".join(TEXTS["story"]) for passage in passages)
    assert {example["kind"] for example in TEXTS["example"]} <= set(KINDS)
    assert len(TEXTS["text"]) == 2
