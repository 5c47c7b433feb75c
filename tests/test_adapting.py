"""Adapting: last layers move where labels bear it out, and nothing else does."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.special import expit

from noisefilter import score, score_many
from noisefilter.labels import CorpusError, LabelledPage, LabelledSpan
from noisefilter.learn.adapt import MIN_PAGES, PUT_BACK, Outcome, adapt
from noisefilter.learn.adapt_rows import READER_STAGES, STAGES, stage_rows
from noisefilter.learn.corpora import read_corpora
from noisefilter.learn.last_layer import Rows, last_logits, move_layer, row_losses, with_other
from noisefilter.learn.session import adapt_to, losses, worse_stages
from noisefilter.learn.train import TrainingData, split_pages
from noisefilter.model import load_model, save_model
from noisefilter.networks import ROWS_AT_ONCE, Network, build_network
from noisefilter.page import MAX_TEXT
from noisefilter.reader.session import Reader
from noisefilter.report.figures import comparison_markdown
from noisefilter.types import Page
from tests.making import SLUICE, TESTS

if TYPE_CHECKING:
    from noisefilter.model import Model

PLACES = ("Oberau", "Marlow", "Tarn", "Vila", "Halden", "Ostmark", "Pell", "Gannet", "Rye", "Brant")


def quiet(_: str) -> None:
    """Progress that nobody watches."""


def pages_of_one_site(noise: list[int], site: str = "quay.example") -> list[LabelledPage]:
    """Plain articles that differ in places, order and numbers, with these judgements."""
    random = np.random.default_rng(0)
    pages = []
    for index, value in enumerate(noise):
        lines = [str(SLUICE[place]).replace("harbour", PLACES[index % 10]) for place in random.permutation(len(SLUICE))]
        text = "\n\n".join(" ".join(lines[start : start + 3]) for start in (0, 3, 6)).replace("310", str(300 + index))
        page = Page(text, title=f"Sluice {index}", format="text")
        pages.append(LabelledPage(f"page-{index}", page, site, "quay", noise=float(value)))
    return pages


@pytest.fixture(scope="module")
def adapted(corpus: list[LabelledPage], model: Model):
    """The default model adapted to the project's own pages."""
    return adapt(split_pages(corpus), model, name="mine")


def rows_of(logits: np.ndarray, truth: np.ndarray) -> Rows:
    """Rows that a logistic regression with one weight of 1 gives these log-odds."""
    names = [f"page-{index}" for index in range(len(logits))]
    return Rows(logits[:, None], truth[:, None], np.ones(len(truth)), names, ["one"] * len(truth))


ONE = Network(np.zeros(1), np.ones(1), [np.ones((1, 1))], [np.zeros(1)])


def test_fifty_labels_that_agree_with_the_model_move_nothing():
    logits = np.random.default_rng(1).normal(scale=2.0, size=50)
    truth = (np.random.default_rng(2).random(50) < 1 / (1 + np.exp(-logits))).astype(float)
    move = move_layer(ONE, rows_of(logits, truth))
    assert move.strength is None
    assert move.network is ONE
    assert move.after == move.before


def test_fifty_labels_that_all_say_otherwise_move_the_layer():
    logits = np.random.default_rng(1).normal(scale=2.0, size=50)
    move = move_layer(ONE, rows_of(logits, (logits < 0).astype(float)))
    assert move.strength is not None
    assert move.after < move.before
    assert move.network.weights[0][0, 0] < 0


def test_a_site_with_more_noise_than_others_moves_the_offset_first():
    logits = np.random.default_rng(1).normal(size=60)
    truth = (np.random.default_rng(2).random(60) < 1 / (1 + np.exp(-logits - 3))).astype(float)
    move = move_layer(ONE, rows_of(logits, truth))
    assert move.network.biases[0][0] > 1
    assert abs(move.network.weights[0][0, 0] - 1) < 1


def test_what_most_pages_of_one_large_site_say_is_not_taken_for_what_all_sites_say():
    logits = np.full(60, -1.0)
    truth = np.array([1.0] * 40 + [0.0] * 20)
    sites = ["large"] * 40 + [f"small-{index % 4}" for index in range(20)]
    rows = replace(rows_of(logits, truth), site=sites)
    assert move_layer(ONE, rows).strength is None
    assert move_layer(ONE, replace(rows, site=["one"] * 60)).strength is not None


def test_what_the_labels_could_not_name_is_left_alone():
    random = np.random.default_rng(3)
    inputs = random.normal(size=(80, 2))
    network = Network(np.zeros(2), np.ones(2), [0.1 * random.normal(size=(2, 3))], [np.zeros(3)])
    truth = np.eye(3)[(inputs[:, 0] > 0).astype(int)]
    truth[:, 2] = np.nan
    rows = Rows(inputs, truth, np.ones(80), [str(index) for index in range(80)], ["one"] * 80)
    move = move_layer(network, rows)
    assert move.strength is not None
    assert move.network.weights[0][:, 2].tolist() == network.weights[0][:, 2].tolist()
    assert move.network.biases[0][2] == 0


def test_what_another_cause_explains_does_not_raise_a_network():
    rows = rows_of(np.full(60, -3.0), np.tile([1.0, 0.0], 30))
    alone = move_layer(ONE, rows)
    beside = move_layer(ONE, replace(rows, other=np.tile([[5.0], [-5.0]], (30, 1))))
    assert beside.network.biases[0][0] < 0 < alone.network.biases[0][0]


def test_either_of_two_causes_is_enough():
    thin, made = np.array([[-2.0], [3.0]]), np.array([[1.0], [-40.0]])
    assert expit(with_other(thin, made)) == pytest.approx(1 - (1 - expit(thin)) * (1 - expit(made)))
    assert with_other(thin, -np.inf).tolist() == thin.tolist()


def test_the_loss_of_a_row_is_that_of_what_was_true():
    assert row_losses(np.array([[0.0]]), np.array([[1.0]])) == pytest.approx([np.log(2)])
    assert row_losses(np.zeros((1, 4)), np.array([[0.5, 0.5, 0, np.nan]])) == pytest.approx([np.log(3)])


def test_pages_whose_labels_agree_change_no_byte(model: Model):
    pages = pages_of_one_site([0] * 60)
    said = [found.noise or 0.0 for found in score_many([page.page for page in pages], model=model)]
    random = np.random.default_rng(0)
    agreeing = [replace(page, noise=3.0 * (random.random() < own)) for page, own in zip(pages, said, strict=True)]
    found, outcomes = adapt(TrainingData(agreeing, []), model, name="mine")
    assert not any(outcome.moved for outcome in outcomes)
    assert {name: value.tobytes() for name, value in found.arrays.items()} == {
        name: np.asarray(value).tobytes() for name, value in model.arrays.items()
    }


def test_pages_whose_labels_say_otherwise_move_the_article_and_nothing_else(model: Model):
    pages = pages_of_one_site([3] * 50 + [0] * 10)
    data = split_pages(pages)
    found, outcomes = adapt(data, model, name="mine")
    assert [outcome.stage for outcome in outcomes if outcome.moved] == ["articles"]
    changed = {name for name, value in model.arrays.items() if found.arrays[name].tobytes() != value.tobytes()}
    assert changed == {"article.weights0", "article.bias0"}
    before, after = (
        float(np.mean([score(page.page, model=own).noise or 0.0 for page in data.tune])) for own in (model, found)
    )
    assert after > before + 0.2


def test_a_user_to_whom_farm_pages_are_fine_and_thin_ones_are_not_gets_a_model_that_agrees(model: Model):
    noisy = [page for page in read_corpora([TESTS.parent / "corpus" / "unseen"]) if (page.noise or 0) >= 2]
    pages = [replace(page, noise=3.0 if page.noise == 2 else 0.0, votes=()) for page in noisy]
    data = split_pages(pages)
    found, outcomes = adapt(data, model, name="mine", stays=STAGES.keys() - {"articles"})
    assert {outcome.network for outcome in outcomes if outcome.moved} == {"article", "article_made"}
    fine = np.array([page.noise == 0 for page in data.tune])
    before, after = (
        np.array([page.noise for page in score_many([page.page for page in data.tune], model=used)])
        for used in (model, found)
    )
    assert before[fine].mean() > 0.6
    assert after[fine].mean() < 0.3
    assert after[~fine].mean() > 0.7


@pytest.mark.parametrize(("name", "stages"), [("default", READER_STAGES), ("fast", STAGES)])
def test_a_stage_without_labels_stays_and_says_so(name, stages):
    base = load_model(name)
    found, outcomes = adapt(TrainingData(pages_of_one_site([3] * 50 + [0] * 10), []), base, name="mine")
    reasons = {outcome.network: outcome.reason for outcome in outcomes}
    assert found.reader is base.reader
    assert set(reasons) == {network for networks in stages.values() for network in networks}
    silent = {network: reason for network, reason in reasons.items() if network not in stages["articles"]}
    assert all(
        reason.startswith("stays: no page that is judged has the labels that it learns from (")
        for reason in silent.values()
    )
    assert "off_topic spans" in silent["insertion_last" if name == "fast" else "reader_foreign"]


def test_labels_of_one_sort_move_nothing(model: Model):
    _, outcomes = adapt(TrainingData(pages_of_one_site([3] * 40), []), model, name="mine")
    assert outcomes[-1].reason == "stays: its labels differ too rarely: 0 are of the rarer sort, 5 are needed (noise)"


def test_a_handful_of_pages_moves_nothing(model: Model):
    _, outcomes = adapt(TrainingData(pages_of_one_site([3, 0] * 6), []), model, name="mine")
    assert outcomes[-1].reason == f"stays: 12 pages with labels for it, {MIN_PAGES} are needed"


def test_the_projects_own_pages_are_judged_better_after_adapting_to_the_others(corpus, adapted, model):
    found, outcomes = adapted
    assert {"blocks", "articles"} <= {outcome.stage for outcome in outcomes if outcome.moved}
    held = split_pages(corpus).tune
    before, after = (
        np.mean([abs((own.noise or 0) - ((page.noise or 0) >= 2)) for page, own in zip(held, scores, strict=True)])
        for scores in (list(score_many([page.page for page in held], model=used)) for used in (model, found))
    )
    assert after < before


def test_the_same_pages_give_the_same_arrays(corpus, adapted, model):
    again, outcomes = adapt(split_pages(corpus), model, name="mine")
    assert {name: value.tobytes() for name, value in again.arrays.items()} == {
        name: value.tobytes() for name, value in adapted[0].arrays.items()
    }
    assert again.label == adapted[0].label
    assert outcomes == adapted[1]


def test_an_adapted_model_keeps_the_format_and_loads(adapted, model, tmp_path):
    found, _ = adapted
    save_model(found, tmp_path, "# Card\n")
    again = load_model(tmp_path)
    assert {name: value.shape for name, value in again.arrays.items()} == {
        name: value.shape for name, value in model.arrays.items()
    }
    assert {value.dtype for value in again.arrays.values()} == {value.dtype for value in model.arrays.values()}
    assert set(again.thresholds) == set(model.thresholds)
    assert again.label != model.label
    assert again.manifest["base"]["model"] == model.label


def test_thresholds_stay_where_labels_are_few(model: Model):
    found, _ = adapt(TrainingData(pages_of_one_site([3] * 50 + [0] * 10), []), model, name="mine")
    assert dict(found.thresholds) == dict(model.thresholds)


def test_rows_are_what_the_networks_are_asked_when_a_page_is_scored(corpus, model):
    rows = stage_rows("articles", corpus[:6], model)
    thin, made = (last_logits(build_network(model.wide, name), rows[name].inputs) for name in STAGES["articles"])
    predicted = expit(with_other(thin, made))[:, 0]
    scores = list(score_many([page.page for page in corpus[:6]], model=model))
    assert predicted.tolist() == pytest.approx([score.noise for score in scores], abs=2e-4)


def test_a_page_that_scoring_refuses_teaches_nothing(model):
    sentence = "Der Vorstand hat am Dienstag beschlossen, die alte Schleuse vor dem Winter zu reparieren."
    pages = [
        LabelledPage(name, Page(text, format="text"), "quay.example", "quay", noise=3.0)
        for name, text in (("German", f"{sentence} " * 9), ("short", SLUICE[0]), ("large", "x" * (MAX_TEXT + 1)))
    ]
    assert {score(page.page, model=model).status for page in pages} == {"language", "too_short", "too_large"}
    assert stage_rows("articles", pages, model) == {}


def test_one_site_is_split_by_page_with_both_sorts_on_both_sides():
    data = split_pages(pages_of_one_site([3, 0, 0, 0] * 10))
    assert len(data.tune) == 10
    for part in (data.fit, data.tune):
        assert {page.noise for page in part} == {0.0, 3.0}


def test_several_sites_are_split_by_site_and_a_large_one_is_learned_from():
    sites = {"large.example": 30, "b.example": 5, "c.example": 5, "d.example": 5}
    pages = [page for site, count in sites.items() for page in pages_of_one_site([0] * count, site)]
    data = split_pages(pages)
    fit, held = ({page.site for page in part} for part in (data.fit, data.tune))
    assert "large.example" in fit
    assert held
    assert not fit & held


def test_one_page_is_too_few():
    with pytest.raises(CorpusError, match="too few"):
        split_pages(pages_of_one_site([3]))


def test_training_on_one_site_works_and_says_what_its_figures_are_worth(model: Model):
    done = adapt_to(pages_of_one_site([3] * 40 + [0] * 8), "mine", 1, quiet)
    assert any("all pages are of one site" in note for note in done.notes)
    assert done.before is not None
    assert done.after["noise"]["all"]["log loss"] < done.before["noise"]["all"]["log loss"]
    assert model.label in done.card
    assert comparison_markdown(done.before, done.after) in done.card


def test_what_got_worse_on_the_held_out_pages_is_told():
    before = {"noise": {"all": {"log loss": 0.4, "auc": 0.9}}, "boilerplate spans": {"all": {"f1": 0.9}}}
    after = {"noise": {"all": {"log loss": 0.7, "auc": 0.9}}, "boilerplate spans": {"all": {"f1": 0.95}}}
    (lost,) = losses(before, after)
    assert str(lost).startswith("WORSE on the held-out pages: noise, log loss 0.400 → 0.700")
    (lost,) = losses(after, before, lambda kind, _: kind == "noise")
    assert str(lost).startswith("perhaps worse on the held-out pages: boilerplate spans, f1 0.950 → 0.900; ")
    assert losses(before, before) == []


def test_a_stage_that_adapting_made_worse_on_the_held_out_pages_is_put_back():
    moved, stayed = (Outcome("articles", "article", "", strength=strength) for strength in (0.3, None))
    before, after = (
        {"noise": {"all": {"log loss": loss}}, "filler": {"all": {"log loss": loss}}} for loss in (0.4, 0.7)
    )
    assert worse_stages(before, after, [moved]) == {"articles"}
    assert worse_stages(after, before, [moved]) == set()
    assert worse_stages(before, after, [stayed]) == set()


def test_what_is_put_back_is_the_default_byte_by_byte_and_says_why(model: Model):
    data = TrainingData(pages_of_one_site([3] * 40 + [0] * 8), [])
    moved, _ = adapt(data, model, name="mine")
    same, outcomes = adapt(data, model, name="mine", stays={"articles"})
    assert any((moved.arrays[key] != value).any() for key, value in model.arrays.items())
    assert all((same.arrays[key] == value).all() for key, value in model.arrays.items())
    assert [outcome.reason for outcome in outcomes if outcome.stage == "articles"] == [PUT_BACK, PUT_BACK]


def test_a_page_of_more_blocks_than_are_read_at_once_is_learned_from_whole(model: Model):
    lines = "".join(f"<p>{line} Gate {number} of the old quay.</p>" for number in range(130) for line in SLUICE)
    page = LabelledPage(
        "long",
        Page(f"<html><body><article>{lines}</article></body></html>"),
        "quay",
        "quay",
        spans=(LabelledSpan(0, 20, "boilerplate"),),
    )
    rows = stage_rows("blocks", [page], model)
    assert max(len(found.inputs) for found in rows.values()) > ROWS_AT_ONCE
    assert all(len(found.inputs) == len(found.truth) for found in rows.values())


def judged_pages(letter: str) -> list[LabelledPage]:
    """Pages whose sentences all got one letter of their readers, but those about the board."""
    pages = []
    for page in pages_of_one_site([0] * 40):
        text = str(page.page.content)
        ranges = [(text.index(line), text.index(line) + len(line)) for line in re.findall(r"[^.\n]+\.", text)]
        letters = tuple((start, end, "I" if "board" in text[start:end] else letter) for start, end in ranges)
        pages.append(replace(page, noise=None, sentences=letters))
    return pages


@pytest.mark.parametrize(("name", "network"), [("default", "reader_classes"), ("fast", "sentence_second")])
def test_the_network_with_the_last_word_on_classes_moves(name, network):
    _, outcomes = adapt(TrainingData(judged_pages("F"), []), load_model(name), name="mine")
    assert [outcome.network for outcome in outcomes if outcome.moved] == [network]


def test_the_reader_moves_only_when_it_is_asked_for(model: Model):
    pytest.importorskip("onnx")
    data = TrainingData(judged_pages("P"), [])
    stays, outcomes = adapt(data, model, name="mine")
    assert stays.reader == model.reader
    assert "reader" not in {outcome.stage for outcome in outcomes}
    moved, outcomes = adapt(data, model, name="mine", heads=True)
    assert [outcome.network for outcome in outcomes if outcome.stage == "reader"] == [
        "reader_head_foreign",
        "reader_head_classes",
    ]
    again, told = adapt(data, model, name="mine", heads=True, stays={"reader"})
    assert again.reader == model.reader
    assert [own.reason for own in told if own.stage == "reader"] == [PUT_BACK, PUT_BACK]
    assert (moved.reader != model.reader) == any(own.moved for own in outcomes if own.stage == "reader")
    assert moved.arrays.keys() == model.arrays.keys()


def test_a_reader_with_its_own_last_layer_says_the_same(model: Model):
    heads = pytest.importorskip("noisefilter.reader.heads")
    text = " ".join(SLUICE)
    ranges = [(text.index(line), text.index(line) + len(line)) for line in SLUICE]
    weights, bias = heads.head_of(model.reader)
    same = Reader(heads.with_head(model.reader, weights, bias)).read(text, None, ranges).sentences
    assert np.allclose(same, Reader(model.reader or b"").read(text, None, ranges).sentences, atol=0.1)
    hidden = Reader(heads.with_hidden(model.reader)).hidden(text, None, ranges)
    assert np.allclose(hidden @ weights + bias, same, atol=1e-4)
    moved = Reader(heads.with_head(model.reader, weights * 0, bias + 7)).read(text, None, ranges).sentences
    assert np.allclose(moved, bias + 7, atol=1e-5)


def test_progress_names_the_stages(corpus):
    told: list[str] = []
    adapt_to(corpus[:8], "mine", 1, told.append)
    assert [line.split(":")[0] for line in told[:-1]] == list(STAGES)
