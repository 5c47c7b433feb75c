"""Insertions that readers marked: what is learned from a page, and what the page's number and the threshold promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from noisefilter.insertions.fit import HeldOut, fit_insertions, fit_pages, labelled_examples
from noisefilter.insertions.judge import PAGE_PRIOR, page_off_topic_inputs
from noisefilter.labels import CorpusError, LabelledPage, LabelledSpan
from noisefilter.learn.thresholds import (
    CUT_WRONGLY,
    LEAST_FOREIGN,
    off_topic_threshold,
)
from noisefilter.learn.train import TrainingData, train
from noisefilter.networks import build_network
from noisefilter.types import Page
from tests.making import ARTICLE, SLUICE, article_with, vectors

FOREIGN = "Actress Delia Fonteyn wore sequins at her wedding in Las Vegas with singer Rico Banderas."


def page_with(text: str, *passages: tuple[str, str], **labels) -> LabelledPage:
    """A text some passages of which were marked, each as a kind."""
    spans = tuple(LabelledSpan(text.index(own), text.index(own) + len(own), kind) for own, kind in passages)
    return LabelledPage("one", Page(text, format="text"), "quay.example", "own", spans=spans, **labels)


def said(text: str, *passages: tuple[str, str]) -> dict[str, int]:
    """Of each sentence that teaches, whether it counts as foreign."""
    (example,) = labelled_examples([page_with(text, *passages)])
    quoted = [example.page.text[own.start : own.end] for own in example.sentences]
    return dict(zip(quoted, example.foreign.tolist(), strict=True))


def held(highest: float, *, foreign: bool = False) -> HeldOut:
    """A page of ten sentences, the third of which is the strangest."""
    probabilities, truth = np.full(10, 0.01), np.zeros(10, dtype=np.int64)
    probabilities[2], truth[2] = highest, int(foreign)
    return HeldOut(probabilities, truth, np.zeros(len(truth), np.bool_), np.full(len(truth), np.inf))


def test_the_sentences_of_a_marked_passage_are_foreign_and_no_others():
    found = said(article_with(FOREIGN), (FOREIGN, "off_topic"))
    assert [text for text, foreign in found.items() if foreign] == [FOREIGN]
    assert len(found) == len(SLUICE) + 1


def test_a_sentence_that_holds_some_of_a_passage_is_foreign():
    found = said(article_with(f"The board, says {FOREIGN}"), ("Las Vegas", "off_topic"))
    assert [text for text, foreign in found.items() if foreign] == [f"The board, says {FOREIGN}"]


def test_boilerplate_teaches_nothing_about_insertions():
    found = said(article_with(FOREIGN), (FOREIGN, "boilerplate"))
    assert FOREIGN not in found
    assert not any(found.values())


def test_an_article_that_nobody_touched_teaches_that_all_of_it_belongs():
    assert not any(said(ARTICLE).values())
    (example,) = labelled_examples([page_with(ARTICLE)])
    assert len(example.foreign) == len(SLUICE)


def test_an_unlabelled_page_teaches_nothing():
    assert labelled_examples([LabelledPage("one", Page(ARTICLE, format="text"), "quay.example", "own")]) == []


def test_half_of_the_votes_make_a_judged_sentence_foreign():
    votes = ("I", "O", "OI", "II", "B")
    ends = np.cumsum([len(own) + 1 for own in SLUICE[: len(votes)]]) - 1
    starts = [0, *(ends[:-1] + 1)]
    labels = tuple((int(a), int(b), vote) for a, b, vote in zip(starts, ends, votes, strict=True))
    page = LabelledPage("one", Page(" ".join(SLUICE[: len(votes)]), format="text"), "q", "own", sentences=labels)
    assert labelled_examples([page])[0].foreign.tolist() == [0, 1, 1, 0]


def test_a_pages_number_goes_by_its_strangest_sentence():
    pages = [held(value, foreign=value > 0.5) for value in np.linspace(0.02, 0.98, 40)]
    network = build_network(fit_pages(pages), "page_off_topic")
    low, high = (network.probabilities(page_off_topic_inputs(held(value).probabilities))[0, 1] for value in (0.1, 0.95))
    assert low < 0.2
    assert high > 0.5


@pytest.mark.parametrize("touched", [5, 20, 80])
def test_the_prior_of_a_pages_number_is_as_stated_however_many_pages_taught_it(touched):
    pages = [held(0.5, foreign=number < touched) for number in range(100)]
    network = build_network(fit_pages(pages), "page_off_topic")
    assert network.probabilities(page_off_topic_inputs(pages[0].probabilities))[0, 1] == pytest.approx(
        PAGE_PRIOR, abs=0.01
    )


def test_at_most_three_of_a_hundred_untouched_pages_get_a_cut():
    untouched = [held(value) for value in np.linspace(0.3, 0.97, 200)]
    chosen = [off_topic_threshold([*untouched, *more]) for more in ([], [held(0.99, foreign=True)] * 50)]
    assert sum(page.probabilities.max() >= chosen[0] for page in untouched) <= 6  # of 200
    assert chosen[0] == chosen[1]  # pages with insertions have no say
    assert chosen[0] > 0.9


def test_without_a_marked_insertion_there_is_nothing_to_learn_from(corpus):
    pages = [page for page in corpus if not any(span.kind == "off_topic" for span in page.spans or ())]
    with pytest.raises(CorpusError, match="insertions"):
        train(TrainingData(pages[::2], pages[1::2]), vectors(), name="none")


def test_a_tune_page_without_a_doubtful_sentence_is_held_out_as_well(fast):
    examples = labelled_examples([page_with(article_with(FOREIGN), (FOREIGN, "off_topic"))] * 6)
    plain = labelled_examples([page_with(f"{text} {text}") for text in SLUICE] * 3)
    kinds = {name: np.asarray(value, np.float64) for name, value in fast.arrays.items()}
    _, found = fit_insertions(examples, [*examples[:2], *plain], kinds, [], vectors())
    assert [len(page.probabilities) for page in found] == [
        len(example.sentences) for example in [*examples[:2], *plain]
    ]
    assert len(plain) > 20  # of their sentences one in eight is doubtful


def test_the_threshold_is_that_of_sentences_in_which_a_cut_may_be_made():
    untouched = [held(0.9)] * 20
    spared = [replace(page, contrasts=np.where(np.arange(10) == 2, 0.0, np.inf)) for page in untouched]
    assert off_topic_threshold(untouched) == pytest.approx(0.9, abs=0.001)
    assert off_topic_threshold(spared) == LEAST_FOREIGN
    assert off_topic_threshold([*untouched, held(0.95, foreign=True)]) == pytest.approx(0.9, abs=0.001)


def test_no_more_sentences_that_look_foreign_and_belong_pass_than_may():
    values = np.linspace(0.55, 0.95, 100)
    looks_foreign = np.arange(10) == 2
    pages = [replace(held(value), looks_foreign=looks_foreign) for value in values]
    threshold = off_topic_threshold([*pages, *[held(0.1)] * 4000])  # so many that untouched pages allow all of these
    assert (values >= threshold).sum() == int(CUT_WRONGLY * 100) == 2


def test_no_more_untouched_pages_pass_than_may():
    highest = np.linspace(0.35, 0.95, 200)
    threshold = off_topic_threshold([held(value) for value in highest])
    assert (highest >= threshold).sum() == CUT_WRONGLY * 200 == 5
