"""What `scripts/carry_over.py` learns from and judges, and how it counts."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from carry_over_judged import BY_SITE, NOISE_LEGS, SENTENCE_LEGS, noise_figures, readers_agree

from noisefilter.fit import FOLDS
from noisefilter.labels import LabelledPage
from noisefilter.types import Page
from reader_training.last import SEEN_BY_ALL, fold_without
from shared_corpus import OWN_PASSAGES, own_articles, own_retold, put_in

ROWS = [
    LabelledPage(f"{number}", Page("Rain."), f"{number}.{source}.example", source)
    for source in ("wcxb", "blogs", "footballdaily")
    for number in range(40)
]


@pytest.mark.parametrize("leg", [*NOISE_LEGS, *SENTENCE_LEGS], ids=lambda leg: leg.name)
def test_what_a_leg_judges_teaches_it_nothing(leg):
    learned, judged = ({row for row in ROWS if choose(row)} for choose in (leg.learns, leg.judges))
    assert learned
    assert judged
    assert not {row.site for row in learned} & {row.site for row in judged}


def test_every_article_is_judged_once_by_other_sites():
    legs = [leg for leg in NOISE_LEGS if leg.name == BY_SITE]
    assert all(sum(leg.judges(row) for leg in legs) == 1 for row in ROWS)


@pytest.mark.parametrize(
    ("votes", "second", "agreed"),
    [((2, 3), None, True), ((2, 1), None, False), ((2,), 0.9, True), ((2,), 0.4, False), ((2,), None, False)],
)
def test_readers_agree_where_two_were_asked_and_are_of_one_mind(votes, second, agreed):
    page = LabelledPage("rain", Page("Rain."), "rain.example", "own", noise=2.0, votes=votes, second=second)
    assert readers_agree(page) == agreed


def test_the_majority_of_the_readers_is_what_an_auc_is_against():
    share = np.array([0.0, 1 / 3, 2 / 3, 1.0])
    said = np.array([0.1, 0.2, 0.8, 0.9])
    figures = noise_figures(np.column_stack([share, share * 3, np.ones(4), said, said[::-1], np.zeros(4)]))
    assert (figures["AUC"], figures["baseline: AUC"], figures["AUC over the baseline"]) == (1.0, 0.0, 1.0)
    assert figures["calibration error"] == pytest.approx(np.abs(said - share).mean())


def test_passages_stand_where_they_were_put_in():
    passages = [
        {"at": 21, "text": "\n\nMore: Ferries Sold", "kind": "off_topic", "sort": "labelled_line"},
        {"at": 9, "text": ", as cats dance,", "kind": "honest", "sort": "comparison"},
    ]
    made = put_in("Rain fell on Friday.\n\nIt stopped.", "Rain", "quay.example", {"writer": 5, "passages": passages})
    text = str(made.page.content)
    assert text == "Rain fell, as cats dance, on Friday.\n\n\nMore: Ferries Sold\nIt stopped."
    assert [text[own.start : own.end] for own in made.passages] == [", as cats dance,", "More: Ferries Sold"]
    assert [own.foreign for own in made.passages] == [False, True]
    assert [span.kind for span in made.labelled.spans or ()] == ["honest", "off_topic"]


def test_the_projects_own_passages_are_in_order_and_of_known_kinds():
    rows = [json.loads(line) for line in OWN_PASSAGES.read_text(encoding="utf8").splitlines()]
    assert len({row["host"] for row in rows}) == len(rows)
    for row in rows:
        places = [own["at"] for own in row["passages"]]
        assert places == sorted(places)
        assert {own["kind"] for own in row["passages"]} <= {"off_topic", "honest"}
        assert all(own["text"].strip() for own in row["passages"])


def test_the_projects_own_articles_hold_what_is_foreign_and_what_is_not():
    pages = list(own_articles())
    writers = {page.writer for page in pages}
    assert not writers & set(SEEN_BY_ALL)
    assert {fold_without(page) for page in pages} == set(range(FOLDS))
    of_kind = [{span.kind for span in page.spans or ()} for page in pages]
    assert sum("off_topic" in kinds for kinds in of_kind) * 2 == len(pages)
    assert sum("honest" in kinds for kinds in of_kind) > len(pages) / 2


def test_the_projects_retold_articles_keep_an_item_together():
    pages = list(own_retold())
    assert {page.noise for page in pages} == {0, 1, 2, 3}
    told = Counter(page.site for page in pages)
    assert min(told.values()) > 1
    assert len(told) > 100
