"""Training tells the truth: whose labels they are, what figures are worth, and when the default model is the better one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from noisefilter.labels import LabelledPage, LabelledSpan
from noisefilter.learn import session
from noisefilter.learn.card import TEXTS, write_card
from noisefilter.learn.corpora import read_corpora
from noisefilter.learn.evaluate import evaluate, span_figures
from noisefilter.learn.intervals import Observed, surely_worse
from noisefilter.learn.provenance import describe_labels, figure_notes, label_note, taught_note
from noisefilter.learn.session import Loss, Trained
from noisefilter.learn.train import TrainingData, split_pages
from noisefilter.model import MANIFEST, save_model
from noisefilter.report.figures import ACCEPTED, LABELLED
from noisefilter.types import Page
from tests.batches import write_jsonl
from tests.calling import call as run
from tests.making import ARTICLE, HTML_ARTICLE, SLUICE, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from noisefilter.model import Model

SPAN = {"start": 0, "end": 11, "kind": "promotion"}
MARKED = [[0, 11, "promotion"]]


def write_corpus(folder: Path, pages: Sequence[Mapping[str, Any]], labels: Sequence[Mapping[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("pages", pages), ("labels", labels)):
        write_jsonl(folder / f"{name}.jsonl", rows)
    return folder


def labelled(name: str, *, by: str = "anna", text: str = ARTICLE, **more: object) -> LabelledPage:
    return LabelledPage(name, Page(text, format="text"), name, "quay", by=by, **more)  # type: ignore[arg-type]


def test_a_corpus_says_who_labelled_and_which_spans_were_only_accepted(tmp_path):
    pages = [{"id": name, "text": ARTICLE, "marked": MARKED} for name in "abcd"]
    labels: list[dict[str, Any]] = [
        {"id": "a", "spans": [SPAN], "by": "report"},
        {"id": "b", "spans": [{**SPAN, "end": 12}], "by": "report"},
        {"id": "c", "spans": None, "noise": 2},
        {"id": "d", "spans": []},
    ]
    found = read_corpora([write_corpus(tmp_path, pages, labels)])
    assert [page.accepted for page in found] == [True, False, False, False]
    assert [page.by for page in found] == ["report", "report", "", ""]


def test_who_labelled_changes_no_hash_of_the_data():
    assert repr(labelled("a", by="anna")) == repr(labelled("a", by="ben", accepted=True))


def test_the_manifest_counts_labels_by_whoever_gave_them():
    spans = (LabelledSpan(0, 11, "promotion"),)
    data = TrainingData(
        [labelled("a", noise=2.0, spans=spans), labelled("b", noise=0.0, spans=spans, accepted=True)],
        [labelled("c", by="", noise=0.0)],
    )
    labels = describe_labels(data)["labels"]
    accepted = "spans just as a model marked them"
    assert labels["anna"] | {"sentences": 0} == {
        "pages": 2,
        "noise": 2,
        "spans": 2,
        accepted: 1,
        "sentences": 0,
        "gold text": 0,
    }
    assert label_note(labels) == (
        f"labels: 2 pages by anna (2 noise, 2 spans, 1 {accepted}); 1 page, labeller not named (1 noise)"
    )


def test_the_card_of_ones_own_model_says_whose_labels_they_are_and_not_how_the_shipped_ones_came_to_be(model: Model):
    own = replace(model, manifest={**model.manifest, **describe_labels(TrainingData([labelled("a", noise=2.0)], []))})
    card = write_card(own, {})
    assert "| labelled by | pages | noise | spans |" in card
    assert "| anna | 1 | 1 | 0 |" in card
    assert TEXTS["own_bad_at"] in card
    assert "Labels were given by a language model" not in card
    shipped = write_card(model, {})
    assert TEXTS["shipped_bad_at"] in shipped
    assert "labelled by" not in shipped


def test_training_that_adapts_nothing_says_so_and_which_labels_are_missing(tmp_path):
    pages = [{"id": str(number), "text": f"{ARTICLE} Gate {number} was last."} for number in range(8)]
    corpus = write_corpus(tmp_path / "corpus", pages, [{"id": row["id"], "noise": 3} for row in pages])
    result = run("train", str(corpus), "-o", str(tmp_path / "mine"))
    assert result.exit_code == 0
    assert "NOTHING WAS ADAPTED, for the reasons above: this model judges as default-" in result.stderr
    assert (
        "insertions stays: no page that is judged has the labels that it learns from (off_topic spans)" in result.stderr
    )
    assert result.stderr.endswith("/mine, which judges as the default model does, for nothing was adapted\n")


def test_where_no_character_is_labelled_there_is_no_recall():
    assert span_figures(np.array([[0.0, 40.0, 0.0]])) == {LABELLED: 0, "precision": 0.0}
    assert "precision" not in span_figures(np.array([[0.0, 0.0, 5.0]]))


def test_figures_of_accepted_spans_and_of_kinds_without_a_label_are_marked(model: Model):
    start = ARTICLE.index(SLUICE[1])
    spans = (LabelledSpan(start, start + len(SLUICE[1]), "filler"),)
    figures = evaluate(model, [labelled("a", spans=spans, accepted=True), labelled("b", spans=spans)])
    assert figures["filler spans"]["all"][ACCEPTED] == 1
    accepted, unnamed = figure_notes(figures)
    assert accepted.startswith("1 of the pages have spans just as a model had marked them")
    assert unnamed.startswith("no character is labelled boilerplate, promotion, off_topic:")
    assert f"- {accepted}" in write_card(model, figures)
    assert figure_notes({"noise": {"all": {"log loss": 0.5}}}) == ()


def test_a_model_measured_on_pages_that_it_was_made_with_warns(model: Model):
    data = TrainingData([replace(labelled("a"), page=Page(HTML_ARTICLE))], [labelled("b", text="Rain fell.")])
    made = describe_labels(data)
    same = labelled("other", text=visible(HTML_ARTICLE))  # the page again, as its text
    (note,) = taught_note(made, [same, labelled("b", text="Rain fell."), labelled("c")])
    assert note.startswith("WARNING: 1 of 3 pages taught this model, and 1 were held out")
    assert taught_note(made, [labelled("c")]) == ()
    assert taught_note(model.manifest, [same]) == ()


def test_evaluate_and_policies_warn_of_pages_that_taught_the_model(model: Model, tmp_path):
    pages = [{"id": str(number), "text": f"{ARTICLE} Gate {number} was last."} for number in range(20)]
    corpus = write_corpus(
        tmp_path / "corpus", pages, [{"id": row["id"], "noise": 3 * (int(row["id"]) % 2)} for row in pages]
    )
    made = describe_labels(TrainingData(read_corpora([corpus]), []))
    save_model(replace(model, manifest={**model.manifest, **made}), tmp_path / "mine", "# Card\n")
    result = run("evaluate", str(tmp_path / "mine"), str(corpus), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["noise"]["all"]["articles"] == 20
    assert "WARNING: 20 of 20 pages taught this model" in result.stderr
    result = run(
        "policies", "--model", str(tmp_path / "mine"), "--on", str(corpus), "-o", str(tmp_path / "policy.json")
    )
    assert "WARNING: 20 of 20 pages taught this model" in result.stderr


def observed(values: Sequence[float]) -> list[Observed]:
    return [Observed(f"{place}.example", str(place), np.array([[value]])) for place, value in enumerate(values)]


def mean(rows: np.ndarray) -> dict[str, float]:
    return {"log loss": float(rows.mean())}


@pytest.mark.parametrize(
    ("after", "sure"), [([0.6, 0.7, 0.8, 0.6, 0.7, 0.9], True), ([0.4, 0.3, 2.0, 0.4, 0.4, 0.4], False)]
)
def test_worse_is_what_chance_does_not_explain(after, sure):
    before = observed([0.5, 0.4, 0.5, 0.5, 0.5, 0.5])
    assert np.mean([one.values for one in before]) < np.mean(after)
    assert surely_worse(before, observed(after), mean, "log loss", 1) == sure
    assert not surely_worse(observed(after), before, mean, "log loss", 1)
    assert not surely_worse(before[:1], observed(after)[:1], mean, "log loss", 1)


@pytest.mark.parametrize("option", [(), ("--force",)])
def test_a_model_that_is_worse_is_written_by_force_only(model: Model, tmp_path, monkeypatch, option):
    figures = {"noise": {"all": {"log loss": 0.4}}}
    lost = Loss("noise", "log loss", 0.4, 0.7, sure=True)
    monkeypatch.setattr(
        session, "adapt_to", lambda *_, **__: Trained(model, "# Card\n", figures, figures, (str(lost),), [lost], [])
    )
    corpus = write_corpus(tmp_path / "corpus", [{"id": "a", "text": ARTICLE}], [{"id": "a", "noise": 0}])
    result = run("train", str(corpus), "-o", str(tmp_path / "model"), *option)
    assert "WORSE on the held-out pages: noise, log loss 0.400 → 0.700" in result.stderr
    assert result.exit_code == (0 if option else 3)
    assert (tmp_path / "model" / MANIFEST).exists() == bool(option)
    assert ("with --force" in result.stderr) != bool(option)


def test_labels_that_are_wrong_elsewhere_make_a_model_that_is_worse(monkeypatch):
    random = np.random.default_rng(0)
    pages = []
    for number in range(40):
        lines = [str(SLUICE[place]) for place in random.permutation(len(SLUICE))]
        text = f"{' '.join(lines[:5])}\n\n{' '.join(lines[5:])}".replace("310", str(300 + number))
        pages.append(LabelledPage(str(number), Page(text, format="text"), f"{number % 8}.example", "quay", noise=0.0))
    held = {page.id for page in split_pages(pages).tune}
    told = [replace(page, noise=0.0 if page.id in held or int(page.id) > 31 else 3.0) for page in pages]
    monkeypatch.setattr(session, "worse_stages", lambda *_: set())  # else the default model's stage is restored
    done = session.adapt_to(told, "mine", 1, lambda _: None)
    assert done.is_worse
    assert any(re.match(r"WORSE on the held-out pages: noise, log loss 0\.\d+ → \d", note) for note in done.notes)
    assert "WORSE" in done.card


@pytest.mark.parametrize(
    ("lost", "gained", "is_worse"),
    [("", "", False), ("s", "", True), ("s", "s", False), ("ss", "s", True), ("c", "", False)],
)
def test_a_model_is_worse_if_it_loses_for_sure_by_more_figures_than_it_gains_by(model, lost, gained, is_worse):
    losses, gains = ([Loss("noise", "log loss", 0.4, 0.7, sure == "s") for sure in own] for own in (lost, gained))
    assert Trained(model, "", {}, {}, (), losses, gains).is_worse == is_worse
