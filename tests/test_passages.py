"""Words of doubtful sentences: their arrays, and the run that is found among them."""

from __future__ import annotations

import numpy as np
import pytest

from noisefilter.insertions.cohesion import CohesionColumns, cohesion_matrix
from noisefilter.insertions.passages import PASSAGE_NAMES, passage_columns, richest_runs
from noisefilter.insertions.words import REACH, BaseColumns, token_matrix, token_table
from noisefilter.sentences.table import WINDOW
from noisefilter.text.tokens import unit_rows
from tests.making import SLUICE, sentences_of, vectors

STARS = (
    "Singer Rico Banderas marries actress Delia Fonteyn in a chapel of Las Vegas.",
    "Fonteyn wore a dress with sequins while Banderas sang for the guests of the wedding.",
)
AT = 4


def mixed_text() -> str:
    return "\n".join([*SLUICE[:AT], " ".join(STARS), *SLUICE[AT:]])


def words_of(rows: list[int]):
    return token_table(sentences_of(mixed_text()), np.array(rows, dtype=np.int64))


def test_the_words_of_chosen_sentences_stand_one_after_the_other():
    table = sentences_of(mixed_text())
    words = words_of([0, AT])
    quoted = [
        table.text[a:b]
        for a, b in zip(
            table.tokens.start[table.token_index[words.entry]],
            table.tokens.end[table.token_index[words.entry]],
            strict=True,
        )
    ]
    assert " ".join(quoted).startswith("The harbour board met on Tuesday")
    assert quoted[int(words.edges[1])] == "Singer"
    assert words.base.shape == (len(words), len(BaseColumns._fields))
    assert np.isfinite(words.base).all()


def test_words_of_another_story_have_no_kin_around():
    words = words_of([1, AT])
    kin = BaseColumns(*words.base.T).kin
    own, other = (kin[(words.owner == row) & (kin >= 0)].mean() for row in (0, 1))
    assert own > other + 0.1


def test_kin_is_the_highest_cosine_with_a_word_of_another_paragraph_near():
    table = sentences_of("\n".join([mixed_text(), *SLUICE, mixed_text(), *STARS]))
    rows = np.arange(0, len(table), 2)
    words = token_table(table, rows)
    unit = unit_rows(vectors().vectors(table.tokens.ids[table.token_index]))
    carries = (table.idf > 0) & (table.tokens.ids[table.token_index] < vectors().number_row)
    for place in range(0, len(words), 7):
        entry, row = words.entry[place], rows[words.owner[place]]
        near = carries & (abs(table.owner - row) <= WINDOW) & (table.block[table.owner] != table.block[row])
        likest = (unit[near] @ unit[entry]).max() if carries[entry] and near.any() else -1.0
        assert BaseColumns(*words.base[place]).kin == pytest.approx(likest, abs=1e-4)


def test_signs_are_seen_before_the_word_that_follows_them():
    text = "“Well,” the board said: boats - even well-kept ones… wait 'outside' the board's quay. . . (so it's said) — for now"
    table = sentences_of(text)
    words = token_table(table, np.arange(len(table)))
    starts, ends = (part[table.token_index[words.entry]] for part in (table.tokens.start, table.tokens.end))
    said = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    seen = {
        kind: [
            word for word, flag in zip(said, getattr(BaseColumns(*words.base.T), f"{kind}_before"), strict=True) if flag
        ]
        for kind in ("comma", "sign", "quote")
    }
    assert seen == {
        "comma": ["the"], "sign": ["boats", "even", "wait", "so", "for"], "quote": ["Well", "the", "outside", "the"],
    }  # fmt: skip


def test_words_around_are_those_of_the_same_sentence():
    words = words_of([1, 2, AT])
    weighed = np.arange(len(words), dtype=np.float64)
    matrix = token_matrix(words, np.zeros(len(sentences_of(mixed_text()))), weighed)
    count = len(BaseColumns._fields)
    around = matrix[:, : (2 * REACH + 1) * count].reshape(len(words), 2 * REACH + 1, count)
    for place in range(len(words)):
        for step in range(-REACH, REACH + 1):
            there = place + step
            inside = 0 <= there < len(words) and words.owner[there] == words.owner[place]
            expected = words.base[there] if inside else np.full(count, -1.0)
            assert around[place, step + REACH].tolist() == expected.tolist(), (place, step)


def test_the_matrices_of_no_words_are_empty():
    words = words_of([])
    count = len(sentences_of(mixed_text()))
    assert token_matrix(words, np.zeros(count), np.zeros(0)).shape == (0, token_matrix(
        words_of([0]), np.zeros(count), np.zeros(len(words_of([0])))).shape[1])  # fmt: skip
    assert passage_columns(words, np.zeros(count), np.zeros(0)).shape == (
        0, len(PASSAGE_NAMES),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "run"),
    [
        ([-1, 2, 3, -1, 2, -9], (1, 5, 6.0)), ([-3, -1, -2], (1, 2, -1.0)), ([4.0], (0, 1, 4.0)), ([1, 1, 1], (0, 3, 3.0)),
    ],
)  # fmt: skip
def test_the_richest_run(values, run):
    width = 8
    row = np.pad(np.array(values, dtype=float), (0, width - len(values)))[None, :]
    left, right, total = richest_runs(row, np.arange(width)[None, :] < len(values))
    assert (left[0], right[0], total[0]) == run


def test_the_run_of_a_sentence_is_told_from_its_rest():
    words = words_of([AT])
    count = len(sentences_of(mixed_text()))
    said = np.full(len(words), -4.0)
    said[2:6] = 3.0
    columns = passage_columns(words, np.zeros(count), said)[0]
    values = dict(zip(PASSAGE_NAMES, columns.tolist(), strict=True))
    assert values["run_sum"] == 12.0
    assert values["run_words"] == 4.0
    assert (values["run_mean"], values["rest_mean"]) == (3.0, -4.0)
    assert not values["run_opens"]
    assert not values["run_closes"]


def test_a_foreign_paragraph_hangs_together_less_with_the_rest():
    matrix = cohesion_matrix(sentences_of(mixed_text(), "Board repairs sluice"))
    columns = CohesionColumns(*matrix.T)
    assert np.isfinite(matrix).all()
    foreign = [AT, AT + 1]
    own = [row for row in range(len(matrix)) if row not in foreign]
    for column in (columns.paragraph_likeness, columns.likest_few_relative):
        assert column[foreign].max() < np.median(column[own])
    assert columns.new_names[AT] > 0


@pytest.mark.parametrize("text", ["Rain fell.", "Rain fell. Then it stopped.", "…", " ".join(SLUICE[:3])])
def test_the_smallest_articles_have_finite_cohesion(text):
    assert np.isfinite(cohesion_matrix(sentences_of(text))).all()
