"""Fitting: which rows a model for stacking has seen, and what labels say of sentences."""

from __future__ import annotations

from noisefilter.fit import out_of_fold
from noisefilter.labels import LabelledPage, LabelledSpan
from noisefilter.sentences.fit import labelled_sentences
from noisefilter.types import Page
from tests.making import ARTICLE, SLUICE

GROUPS = [3, 1, 1, 4]


def test_each_group_has_a_model_that_has_not_seen_it():
    models = out_of_fold(GROUPS, lambda rows, left: (left, rows.tolist()))
    assert [models.for_group(group) for group in (1, 3, 4)] == [(1, [0, 3]), (3, [1, 2, 3]), (4, [0, 1, 2])]
    assert models.of_all == (None, [0, 1, 2, 3])


def test_a_group_that_leaves_nothing_out_or_nothing_over_has_the_model_of_all():
    assert out_of_fold(GROUPS, lambda rows, _: len(rows)).for_group(2) == 4
    assert out_of_fold([1, 1], lambda rows, _: len(rows)).for_group(1) == 2


def test_threads_change_nothing():
    assert out_of_fold(GROUPS, lambda rows, _: rows.sum(), jobs=2) == out_of_fold(GROUPS, lambda rows, _: rows.sum())


def test_an_honest_passage_is_of_no_kind():
    spans = (LabelledSpan(0, len(SLUICE[0]), "honest"), LabelledSpan(0, 9, "promotion"))
    page = LabelledPage("honest", Page(ARTICLE, format="text"), "quay", "quay", spans=spans)
    _, sentences, letters = labelled_sentences(page)
    assert letters == ["I"] * len(sentences)
