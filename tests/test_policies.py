"""Policies: what cuts decide, how they are chosen, measured, written and asked for."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from choose_policies import with_policies
from hypothesis import given
from hypothesis import strategies as st

from noisefilter import Policy, load, score
from noisefilter.decide import drop_reason, verdict
from noisefilter.labels import CorpusError
from noisefilter.learn.intervals import Observed
from noisefilter.learn.policies import (
    CAUTIOUS_DROPS,
    FEWEST,
    STRICT_KEEPS,
    choose_policies,
    choose_with_intervals,
    gap_notes,
    policies_by,
    policy_figures,
    vague_notes,
)
from noisefilter.model import policy_at, save_model
from noisefilter.policy import BALANCED, CAUTIOUS, POLICIES, STRICT, check_policy, find_policy
from noisefilter.report.figures import HIGH, LOW
from noisefilter.types import VERDICTS, Span
from tests.calling import call
from tests.making import ARTICLE, TESTS, read_cases

CORPUS = TESTS.parent / "corpus"
OWN = {name: Policy(0.2, 0.5, name) for name in POLICIES}


def articles(count: int, seed: int = 0, sharp: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Noise and shares of readers of made-up articles, a third of them noise, hard to tell apart in the middle."""
    rng = np.random.default_rng(seed)
    truth = rng.random(count) < 1 / 3
    said = 1 / (1 + np.exp(-rng.normal(np.where(truth, sharp / 2, -sharp / 2), 1.0)))
    return np.round(said, 4), truth.astype(np.float64)


@pytest.mark.parametrize("case", read_cases("verdict"), ids=lambda case: case["name"])
def test_cuts_decide_the_verdict(case):
    spans = [Span(0, 4, kind, 0.9, "made up") for kind in case["kinds"]]
    policy = Policy(case.get("review_at", 0.5), case.get("drop_at", 0.8))
    assert verdict(case["noise"], case.get("article"), spans, policy) == case["verdict"]


def test_one_rule_says_why_a_page_goes():
    kept, unscored = score(ARTICLE, policy=Policy(1, 1)), score("Too little to say.")
    assert drop_reason(kept, ["drop", "unscored"]) is None
    assert drop_reason(kept, VERDICTS) == f"verdict_{kept.verdict}"
    assert drop_reason(unscored, ["unscored"]) == "unscored_too_short"


@pytest.mark.parametrize(
    ("cuts", "error", "said"),
    [
        ((0.8, 0.5), ValueError, "review_at must not lie above drop_at"),
        ((-0.1, 0.5), ValueError, "review_at must lie between 0 and 1"),
        ((0.1, 1.5), ValueError, "drop_at must lie between 0 and 1"),
        ((float("nan"), 0.5), ValueError, "review_at must lie between 0 and 1"),
        (("low", 0.5), TypeError, "review_at must be a number, not str"),
        ((0.1, True), TypeError, "drop_at must be a number, not bool"),
        ((0.1, 0.5, 7), TypeError, "name must be a string"),
    ],
)
def test_cuts_that_make_no_sense_are_refused(cuts, error, said):
    with pytest.raises(error, match=said):
        Policy(*cuts)


def test_a_cut_that_is_not_given_gives_way():
    policy = Policy(0.4, 0.7, BALANCED)
    assert policy.with_cuts() is policy
    assert policy.with_cuts(drop_at=0.8) == Policy(0.4, 0.8)
    assert policy.with_cuts(drop_at=0.3) == Policy(0.3, 0.3)
    assert policy.with_cuts(review_at=0.9) == Policy(0.9, 0.9)
    with pytest.raises(ValueError, match="above"):
        policy.with_cuts(0.9, 0.8)


def test_a_written_policy_is_read_again(tmp_path):
    path = tmp_path / "policy.json"
    Policy(0.25, 0.75, "mine").save(path, measured={"F1": 0.7})
    assert Policy.load(path) == Policy(0.25, 0.75, "mine")
    assert json.loads(path.read_text(encoding="utf8"))["measured"] == {"F1": 0.7}


@pytest.mark.parametrize(
    "content", ["", "[]", "7", "{}", '{"review_at": 0.5}', '{"review_at": 0.9, "drop_at": 0.1}', '{"review_at": "a", "drop_at": 1}',
     "[" * 100_000],
)  # fmt: skip
def test_a_file_that_holds_no_policy_is_named(tmp_path, content):
    path = tmp_path / "policy.json"
    path.write_text(content, encoding="utf8")
    with pytest.raises(ValueError, match=r"policy\.json holds no policy"):
        Policy.load(path)


def test_a_policy_is_asked_for_by_name_path_or_itself(tmp_path):
    path, own = tmp_path / "policy.json", Policy(0.1, 0.9)
    own.save(path)
    assert find_policy(None, OWN).name == BALANCED
    assert find_policy("strict", OWN).name == STRICT
    assert find_policy(own, OWN) is own
    assert find_policy(path, OWN) == find_policy(str(path), OWN) == own
    with pytest.raises(ValueError, match="unknown policy 'bold': choose from cautious, balanced, strict"):
        check_policy("bold")
    with pytest.raises(TypeError, match="policy must be"):
        check_policy(0.5)


@pytest.mark.parametrize("policy", ["bold", 0.5, {"review_at": 0.5, "drop_at": 0.9}])
def test_a_call_with_an_unknown_policy_is_refused(policy):
    with pytest.raises((TypeError, ValueError), match="policy"):
        score("Rain fell.", policy=policy)


def test_each_policy_begins_where_the_more_cautious_one_ends(model):
    for policies in (model.policies, choose_policies(*articles(400))):
        strict, balanced, cautious = (policies[name] for name in (STRICT, BALANCED, CAUTIOUS))
        assert strict.drop_at == balanced.review_at
        assert balanced.drop_at == cautious.review_at


def test_policies_keep_their_promises_where_they_were_chosen():
    noise, share = articles(1000, sharp=3.0)
    policies, rows = choose_policies(noise, share), np.column_stack([noise, share])
    assert policy_figures(rows, policies[CAUTIOUS])["drop: precision"] >= CAUTIOUS_DROPS
    assert policy_figures(rows, policies[STRICT])["keep or trim: precision"] >= STRICT_KEEPS
    best = policy_figures(rows, policies[BALANCED])["F1"]
    assert all(policy_figures(rows, Policy(cut, 1))["F1"] <= best + 1e-9 for cut in np.linspace(0, 1, 101).tolist())


def test_policies_hold_on_articles_that_chose_nothing():
    policies = choose_policies(*articles(2000, seed=1))
    figures = policy_figures(np.column_stack(articles(2000, seed=2)), policies[CAUTIOUS])
    assert figures["drop: precision"] > CAUTIOUS_DROPS - 0.03


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 1 / 3, 0.5, 1.0])), max_size=40))
def test_any_labels_give_policies_that_make_sense(rows):
    values = np.array(rows, dtype=np.float64).reshape(-1, 2)
    policies = choose_policies(*values.T)
    cuts = [
        policies[STRICT].review_at,
        policies[BALANCED].review_at,
        policies[BALANCED].drop_at,
        policies[CAUTIOUS].drop_at,
    ]
    assert all(low <= high for low, high in pairwise(cuts))


def test_a_promise_that_no_cut_keeps_drops_and_keeps_nothing():
    noise, share = np.linspace(0.05, 0.95, 60), np.tile([0.0, 1.0], 30)
    policies = choose_policies(noise, share)
    assert policies[CAUTIOUS].drop_at == 1
    assert policies[STRICT].review_at == 0


def test_a_few_lucky_pages_choose_no_cut():
    noise = np.linspace(0.01, 0.99, 50)
    share = (np.arange(50) >= 50 - (FEWEST - 1)).astype(np.float64)
    share[::2] = 1.0  # below, half is noise
    assert choose_policies(noise, share)[CAUTIOUS].drop_at == 1


def test_figures_count_drop_or_review_against_keep_or_trim():
    rows = np.array([[0.1, 0.0], [0.2, 1.0], [0.6, 1.0], [0.7, 0.0], [0.9, 1.0]])
    found = policy_figures(rows, Policy(0.5, 0.8))
    assert found["drop: precision"] == 1.0
    assert found["drop: recall"] == pytest.approx(1 / 3)
    assert found["drop or review: precision"] == found["drop or review: recall"] == found["F1"] == pytest.approx(2 / 3)
    assert found["keep or trim: precision"] == 0.5
    assert found["balanced accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_a_manifest_holds_cuts_and_what_was_measured():
    found = policies_by(*articles(100))
    assert list(found) == list(POLICIES)
    assert all({"review_at", "drop_at", "measured"} == own.keys() for own in found.values())


def observations(count: int, seed: int = 0) -> list[Observed]:
    return [
        Observed(f"site{place % 20}", f"page{place}", np.array([row]))
        for place, row in enumerate(np.column_stack(articles(count, seed, 2.0)))
    ]


def test_some_fifty_labels_choose_a_policy_with_intervals():
    policy, figures = choose_with_intervals(observations(50), BALANCED)
    assert policy == choose_policies(*articles(50, sharp=2.0))[BALANCED]
    for name in ("review_at", "drop_at", "F1", "balanced accuracy"):
        assert figures[f"{name}{LOW}"] <= figures[name] <= figures[f"{name}{HIGH}"]
    assert (
        figures["F1"] < policy_figures(np.column_stack(articles(50, sharp=2.0)), policy)["F1"] + 1e-9
    )  # what chose is not what is measured


def test_labels_that_hardly_decide_a_cut_are_warned_of():
    vague = {
        "articles": 50,
        f"drop_at{LOW}": 0.07,
        f"drop_at{HIGH}": 1.0,
        f"review_at{LOW}": 0.2,
        f"review_at{HIGH}": 0.4,
    }
    (note,) = vague_notes(vague)
    assert note.startswith("WARNING: these labels hardly decide drop_at: it may lie anywhere from 0.07 to 1.00")
    assert vague_notes(choose_with_intervals(observations(500), BALANCED)[1]) == []


def test_a_cut_in_a_gap_between_the_pages_is_warned_of():
    apart = [
        Observed(f"{row}.example", str(row), np.array([[row / 100 if row < 20 else 1 - row / 1000, row >= 20]]))
        for row in range(40)
    ]
    policy, _ = choose_with_intervals(apart, BALANCED)
    assert gap_notes(apart, policy) == [
        f"WARNING: no page lies between 0.19 and 0.96: any {name} between them fits these labels as well"
        for name in ("review_at", "drop_at")
    ]
    assert gap_notes(observations(500), Policy(0.4, 0.6)) == []


def test_few_labels_are_warned_of():
    (note,) = vague_notes({"articles": 49})
    assert note == "WARNING: 49 judged pages are few to choose cuts by: label some 50"
    assert vague_notes({"articles": 50}) == []


def test_more_labels_give_narrower_intervals():
    few, many = (choose_with_intervals(observations(count), BALANCED)[1] for count in (50, 500))
    assert many[f"F1{HIGH}"] - many[f"F1{LOW}"] < few[f"F1{HIGH}"] - few[f"F1{LOW}"]


def test_too_few_labels_are_refused():
    with pytest.raises(CorpusError, match="8 judged pages"):
        choose_with_intervals(observations(8), BALANCED)
    with pytest.raises(CorpusError, match="0 judged pages"):
        choose_with_intervals([], BALANCED)


def run(*arguments: str, code: int = 0) -> str:
    result = call(*arguments)
    assert result.exit_code == code, result.output
    return result.output


def test_the_command_prints_the_policies_with_their_figures():
    printed = run("policies", "--model", "fast")
    assert all(name in printed for name in (*POLICIES, "fast-", "balanced accuracy", "drop: precision"))


@pytest.mark.parametrize("arguments", [("-o", "policy.json"), ("--policy", "strict")])
def test_what_a_choice_needs_is_refused_where_nothing_is_chosen(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    assert "name labelled pages with --on" in " ".join(run("policies", *arguments, code=2).split())
    assert not list(tmp_path.iterdir())


def test_labels_of_ones_own_write_a_policy_that_every_command_takes(tmp_path):
    path = tmp_path / "policy.json"
    printed = run("policies", "--on", str(CORPUS), "--model", "fast", "-o", str(path))
    assert "chosen on 24 judged pages, 12 of them noise" in printed
    assert Policy.load(path).name == "balanced, own labels"
    page = str(CORPUS / "pages" / "farm-05-save-500-a-month.html")
    run("score", page, "--model", "fast", "--policy", str(path))
    run(
        "clean",
        page,
        "--model",
        "fast",
        "--policy",
        str(path),
        "-o",
        str(tmp_path / "out"),
        "--jobs",
        "1",
        "--format",
        "jsonl",
    )


def test_a_policy_of_another_model_is_warned_of(tmp_path, caplog):
    (tmp_path / "page.txt").write_text(ARTICLE, encoding="utf8")
    command = "score", str(tmp_path / "page.txt"), "--model", "fast", "--policy", str(tmp_path / "policy.json")
    for more in ({}, {"model": load("fast").label}, {"model": [7]}, {"model": "other-1"}):
        caplog.clear()
        Policy(0.5, 0.8).save(tmp_path / "policy.json", **more)
        assert policy_at("fast", tmp_path / "policy.json") == Policy(0.5, 0.8)
        warned = f"policy.json were chosen for the model {more.get('model')}, not for {load('fast').label}"
        assert (warned in caplog.text) == (more.get("model") in ([7], "other-1"))
    assert "were chosen for the model other-1" in run(*command)


def test_a_file_that_holds_no_policy_is_never_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, choose = tmp_path / "policy.json", ("policies", "--on", str(CORPUS), "--model", "fast")
    path.write_text('{"Statement": []}', encoding="utf8")
    assert "policy.json is there already and holds no policy" in run(*choose, code=2)
    assert path.read_text(encoding="utf8") == '{"Statement": []}'
    assert "policy.json is there already and holds no policy" in run(*choose, "-o", "policy.json", code=2)
    assert path.read_text(encoding="utf8") == '{"Statement": []}'
    Policy(0, 0).save(path)
    run(*choose)
    assert Policy.load(path).name == "balanced, own labels"


@pytest.mark.parametrize(
    ("arguments", "verdict"),
    [(("--drop-at", "0"), "drop"), (("--review-at", "0", "--drop-at", "1"), "review"), (("--policy", "cautious", "--drop-at", "0"), "drop")],
)  # fmt: skip
def test_cuts_of_ones_own_decide_on_the_command_line(tmp_path, arguments, verdict):
    (tmp_path / "page.txt").write_text(ARTICLE, encoding="utf8")
    record = json.loads(run("score", str(tmp_path / "page.txt"), "--json", "--model", "fast", *arguments))
    assert record["verdict"] == verdict


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("score", ".", "--policy", "bold"), "unknown policy 'bold'"),
        (("score", ".", "--review-at", "0.9", "--drop-at", "0.1"), "review_at must not lie above drop_at"),
        (("clean", ".", "-o", "out", "--policy", "bold"), "unknown policy 'bold'"),
        (("policies", "--on", str(CORPUS), "--policy", "bold"), "cannot be chosen again"),
        (("policies", "--on", "nowhere"), "nowhere"),
        (("policies", "--model", "nowhere"), "nowhere"),
    ],
)  # fmt: skip
def test_wrong_calls_are_told(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.txt").write_text(ARTICLE, encoding="utf8")
    assert said in " ".join(run(*arguments, code=2).split())


def test_other_policies_are_written_into_a_model_that_stays_the_same(tmp_path, fast):
    policies = policies_by(*articles(100))
    save_model(with_policies(fast, policies), tmp_path, "# Card\n")
    again = load(tmp_path)
    assert again.policies == choose_policies(*articles(100))
    assert (again.label, dict(again.thresholds)) == (fast.label, dict(fast.thresholds))
    record = score(ARTICLE, model=again, policy=Policy(0, 0)).to_dict()
    assert record == score(ARTICLE, model=fast, policy=Policy(0, 0)).to_dict()
