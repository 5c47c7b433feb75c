"""The last networks: which reader may read a page in training, and what is learned of what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from noisefilter import score
from noisefilter.fit import FOLDS, fold_of
from noisefilter.insertions.reading import (
    CLASS_NAMES,
    FOREIGN_NAMES,
    class_columns,
    foreign_columns,
    read_articles,
    urgency_of,
)
from noisefilter.labels import LabelledPage, LabelledSpan
from noisefilter.model import open_reader
from noisefilter.reader import session
from noisefilter.reader.session import COLUMNS, Reader, ReaderScores
from noisefilter.types import Page
from reader_training import last
from reader_training.last import NO_FOLD, SEEN_BY_ALL, LastFit, fit_foreign, fold_without
from tests.making import ARTICLE, SLUICE, article_with, sentences_of, vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

FOREIGN = "Actress Delia Fonteyn wore sequins at her wedding in Las Vegas with singer Rico Banderas."
HONEST = "It is like a bakery that sells no bread before noon, said Perrin."


class FakeReader(Reader):
    """Says what a network says, of which nothing is there but a name: that the strange sentence is foreign, as far as it knows."""

    def __init__(self, network: bytes) -> None:
        self.name = network
        self.read_texts: list[str] = []

    def read(
        self, text: str, _title: str | None, sentences: Sequence[tuple[int, int]], _urgency: np.ndarray | None = None
    ) -> ReaderScores:
        self.read_texts.append(text)
        said = np.full((len(sentences), COLUMNS), -4.0, np.float32)
        for row, (start, end) in enumerate(sentences):
            if text[start:end] == FOREIGN:
                said[row, 0] = 4.0
        words = [(start, end, row) for row, (start, end) in enumerate(sentences)]
        places = np.array(words, np.int64).reshape(-1, 3)
        return ReaderScores(said, said[:, 0].copy(), places[:, 0], places[:, 1])


@pytest.fixture
def learned(monkeypatch, fast) -> LastFit:
    """Fake readers of six folds, and the sentence classifier of the shipped model in the place of each fold's."""
    monkeypatch.setattr(last, "Reader", FakeReader)
    arrays = {name: np.asarray(value, np.float64) for name, value in fast.arrays.items()}
    readers = [str(fold).encode() for fold in range(FOLDS + 1)]
    return LastFit(readers, [arrays] * (FOLDS + 1), [arrays] * (FOLDS + 1), vectors())


def page(text: str, writer: int | None = None, **kinds: str) -> LabelledPage:
    """A text with passages of some kinds."""
    spans = tuple(LabelledSpan(text.index(own), text.index(own) + len(own), kind) for kind, own in kinds.items())
    return LabelledPage(
        "one", Page(text, title="Sluice", format="text"), "quay.example", "own", spans=spans, writer=writer
    )


def test_a_writer_s_page_is_read_by_the_reader_that_has_not_seen_him():
    assert [fold_without(page(ARTICLE, writer, off_topic=SLUICE[2])) for writer in range(FOLDS)] == list(range(FOLDS))


def test_passages_of_the_project_s_own_writers_were_seen_by_all_readers():
    assert fold_without(page(ARTICLE, FOLDS, off_topic=SLUICE[2])) is None
    assert fold_without(page(ARTICLE, FOLDS + 12, honest=SLUICE[2])) is None


def test_articles_of_the_project_s_own_writers_are_left_out_with_a_fold():
    first = SEEN_BY_ALL.stop
    assert [fold_without(page(ARTICLE, writer)) for writer in (first, first + 1, first + 2)] == [3, 4, 0]
    assert fold_without(page(ARTICLE, first + 2, off_topic=SLUICE[2])) == 0


def test_judged_sentences_are_read_by_the_reader_that_has_not_seen_their_site():
    judged = LabelledPage("one", Page(ARTICLE), "quay.example", "own", sentences=((0, len(SLUICE[0]), "I"),))
    assert fold_without(judged) == fold_of("quay.example")


def test_untouched_pages_are_read_by_the_reader_of_all_pages(learned):
    untouched = page(ARTICLE)
    assert fold_without(untouched) == NO_FOLD
    assert learned.readers[NO_FOLD] is learned.readers[-1]


def test_the_reader_is_heard(learned):
    pages = [page(article_with(FOREIGN), writer, off_topic=FOREIGN) for writer in range(FOLDS)]
    found = [row for writer, written in enumerate(pages) for row in learned.foreign(written, writer, 0)]
    found += [*learned.foreign(page(article_with(HONEST), 0, honest=HONEST), 0, 0)] * 3
    assert len(found) == FOLDS + 3
    arrays, held = fit_foreign(found, found)
    assert {name.split(".")[0] for name in arrays} == {"reader_foreign", "reader_page"}
    strangest = [own.probabilities.argmax() for own in held[:FOLDS]]
    assert strangest == [own.foreign.argmax() for own in held[:FOLDS]]
    assert min(own.probabilities.max() for own in held[:FOLDS]) > max(own.probabilities.max() for own in held[FOLDS:])


def test_what_the_reader_says_of_a_sentence_stands_in_its_row():
    table = sentences_of(article_with(FOREIGN), "Sluice")
    readings = read_articles(table, FakeReader(b""))
    strange = table.texts.index(FOREIGN)
    measured = np.full(len(table), 0.5)
    columns = foreign_columns(measured, readings)
    assert columns.shape == (len(table), len(FOREIGN_NAMES))
    assert columns[:, FOREIGN_NAMES.index("read_foreign")].argmax() == strange
    classes = class_columns(np.full((len(table), 4), 0.25), readings)
    assert classes.shape == (len(table), len(CLASS_NAMES))


def test_each_word_of_the_table_gets_what_the_reader_says_of_it():
    table = sentences_of(article_with(FOREIGN), "Sluice")
    readings = read_articles(table, FakeReader(b""))
    strange = table.texts.index(FOREIGN)
    assert set(readings.words[table.owner == strange].tolist()) == {4.0}
    assert set(readings.words[table.owner != strange].tolist()) == {-4.0}


def test_class_log_probabilities_sum_to_one():
    readings = read_articles(sentences_of(ARTICLE), FakeReader(b""))
    assert np.allclose(np.exp(readings.sentences[:, 1:]).sum(axis=1), 1, atol=0.01)


def test_what_the_reader_has_not_read_is_judged_by_measures_alone(monkeypatch, model, fast):
    text = article_with(FOREIGN)
    monkeypatch.setattr(session, "MOST_PIECES", 0)
    unread, measured = score(text, model=model), score(text, model=fast)
    assert [own.off_topic for own in unread.sentences] == [own.off_topic for own in measured.sentences]
    assert [own.filler for own in unread.sentences] == [own.filler for own in measured.sentences]
    monkeypatch.undo()
    assert [own.off_topic for own in score(text, model=model).sentences] != [
        own.off_topic for own in measured.sentences
    ]


def test_of_a_long_article_the_most_urgent_parts_are_read(monkeypatch, model):
    monkeypatch.setattr(session, "MOST_PIECES", 2)
    table = sentences_of(" ".join([*SLUICE] * 12))
    urgency = np.zeros((len(table), 2))
    urgency[40, 1] = 1.0
    urgency[60:68, 0] = 0.5
    known = read_articles(table, open_reader(model.reader), urgency).known
    assert known[40]
    assert known[60:68].any()
    assert not known[:20].any()
    assert known.sum() < 40
    assert read_articles(table, open_reader(model.reader)).known.all()


def test_what_may_be_foreign_is_more_urgent_than_an_unsure_class():
    classes = np.array([[0.4, 0.3, 0.2, 0.1], [0.97, 0.01, 0.01, 0.01]])
    urgency = urgency_of(classes, np.array([0.0, 0.5])).sum(axis=1)
    assert urgency[1] > urgency[0]
