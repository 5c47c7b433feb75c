"""The reader: words to rows, articles to pieces, and what is learned from a piece."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from noisefilter.model import DEFAULT, READER, models_folder, open_reader
from noisefilter.reader.pieces import AROUND, JUDGED, READ, TITLE, read_tokens
from noisefilter.reader.session import COLUMNS, Reader, ReaderError
from noisefilter.reader.wordpiece import (
    CAPITALISED,
    CAPITALS,
    LINE_BREAK,
    LONGEST_WORD,
    NUMBER,
    SMALL,
    SPECIAL,
    START,
    Vocabulary,
    case_of,
)
from noisefilter.reader.wordpiece import (
    UNKNOWN as NO_PIECE,
)
from reader_training.examples import FOREIGN, OWN, UNKNOWN, ReaderExample, TaughtPiece, taught_pieces
from tests.making import SLUICE

LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
VOCABULARY = Vocabulary(
    [*SPECIAL, "the", "harbour", "harb", *LETTERS, *(f"##{letter}" for letter in LETTERS), ".", ","]
)


def ranges_of(parts: list[str], between: str = " ") -> tuple[str, list[tuple[int, int]]]:
    """The parts as one text, and where each stands."""
    text, ranges = "", []
    for part in parts:
        text += between if text else ""
        ranges.append((len(text), len(text) + len(part)))
        text += part
    return text, ranges


def quoted(vocabulary: Vocabulary, word: str) -> list[str]:
    return [vocabulary.pieces[row] for row in vocabulary.rows(word)]


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("harbour", ["harbour"]),
        ("Harbour", ["harbour"]),
        ("harbours", ["harbour", "##s"]),
        ("harbo", ["harb", "##o"]),
        ("thé", ["the"]),
        ("THÉ", ["the"]),
        ("ß", ["[UNK]"]),
        ("the7", ["[UNK]"]),
        ("a" * LONGEST_WORD, ["a", *["##a"] * (LONGEST_WORD - 1)]),
        ("a" * (LONGEST_WORD + 1), ["[UNK]"]),
    ],
)
def test_a_word_is_the_longest_pieces_from_its_start(word, pieces):
    assert quoted(VOCABULARY, word) == pieces


@pytest.mark.parametrize(
    ("word", "case"),
    [("tide", SMALL), ("Tide", CAPITALISED), ("TIDE", CAPITALS), ("A", CAPITALISED), ("7th", NUMBER), (",", SMALL)],
)
def test_letter_case_is_read_apart_from_the_word(word, case):
    assert case_of(word) == case


def test_every_token_of_the_sentences_is_judged_once():
    text, ranges = ranges_of(list(SLUICE) * 12)
    reading = read_tokens(text, "The harbour", ranges, VOCABULARY)
    judged = [token for piece in reading.pieces() for token in range(piece.start, piece.end)]
    assert judged == list(range(len(reading.ids)))
    assert len(reading.pieces()) > 1


def test_pieces_are_cut_between_sentences_and_show_what_stands_around():
    text, ranges = ranges_of(list(SLUICE) * 12)
    reading = read_tokens(text, "The harbour", ranges, VOCABULARY)
    for piece in reading.pieces():
        assert piece.start == 0 or reading.sentence[piece.start] != reading.sentence[piece.start - 1]
        assert piece.low == max(0, piece.start - READ.before)
        assert piece.high == min(len(reading.ids), piece.end + READ.after)
        assert reading.inputs(piece).ids.shape[1] <= READ.piece


def test_a_sentence_longer_than_a_piece_is_judged_in_parts():
    text, ranges = ranges_of(["the " * 1000])
    reading = read_tokens(text, None, ranges, VOCABULARY)
    pieces = [reading.inputs(piece) for piece in reading.pieces()]
    assert len(pieces) > 3
    assert all(own.sentences.tolist() == [0] for own in pieces)
    assert all(own.ids.shape[1] <= READ.piece for own in pieces)


def test_a_piece_says_what_is_judged_and_what_stands_around_it():
    text, ranges = ranges_of(list(SLUICE) * 12)
    reading = read_tokens(text, "The harbour", ranges, VOCABULARY)
    piece = reading.pieces()[1]
    inputs = reading.inputs(piece)
    part = inputs.marks[0, reading.shown : -1] // JUDGED
    assert part.tolist() == [0] * READ.before + [1] * (piece.end - piece.start) + [0] * (piece.high - piece.end)
    assert (inputs.marks[0, reading.shown : reading.shown + READ.before] >= AROUND).all()
    assert inputs.ids[0, : reading.shown].tolist() == [START, *VOCABULARY.rows("the"), *VOCABULARY.rows("harbour"), 3]
    assert inputs.stretches.sum() == piece.end - piece.start


def test_a_line_break_between_sentences_is_read_and_a_blank_is_not():
    lines, ranges = ranges_of(["the a.", "the b."], "\n\n")
    assert read_tokens(lines, None, ranges, VOCABULARY).ids.tolist().count(LINE_BREAK) == 1
    blanks, ranges = ranges_of(["the a.", "the b."])
    assert LINE_BREAK not in read_tokens(blanks, None, ranges, VOCABULARY).ids.tolist()


def test_a_long_title_is_cut():
    reading = read_tokens("the", "the " * 500, [(0, 3)], VOCABULARY)
    assert len(reading.title_ids) == TITLE


@pytest.mark.parametrize("sentences", [[], [(0, 0)], [(0, 3), (3, 3), (4, 7)]])
def test_sentences_without_a_word_are_passed_over(sentences):
    reading = read_tokens("the the", None, sentences, VOCABULARY)
    found = {row for piece in reading.pieces() for row in reading.inputs(piece).sentences.tolist()}
    assert found == {row for row, (start, end) in enumerate(sentences) if end > start}


def taught(*, foreign=(), honest=(), unknown=(), classes=None) -> TaughtPiece:
    """What the sentences of a short article teach."""
    text, ranges = ranges_of(["the a b.", "the c d.", "the e f."])
    spans = {
        name: [(text.index(quote), text.index(quote) + len(quote)) for quote in quotes]
        for name, quotes in (("foreign", foreign), ("honest", honest))
    }
    example = ReaderExample(text, None, ranges, unknown=unknown, classes=classes, **spans)
    (piece,) = taught_pieces([example], VOCABULARY)
    return piece


def test_a_sentence_with_two_foreign_words_is_foreign():
    assert taught(foreign=["c d"]).foreign.tolist() == [OWN, FOREIGN, OWN]


def test_a_sentence_with_one_foreign_word_among_its_own_is_left_out():
    assert taught(foreign=["c"]).foreign.tolist() == [OWN, UNKNOWN, OWN]


def test_only_the_words_of_the_passage_are_foreign():
    piece = taught(foreign=["c d"])
    words = [
        VOCABULARY.pieces[row] for row, label in zip(piece.inputs.ids[0], piece.tokens, strict=True) if label == FOREIGN
    ]
    assert words == ["c", "d"]
    assert piece.holds_foreign


def test_what_looks_foreign_and_is_not_counts_more():
    piece = taught(honest=["e f"])
    assert piece.weights.tolist() == [1, 1, 2]
    assert piece.holds_honest
    assert not piece.holds_foreign


def test_what_nobody_knows_teaches_nothing():
    piece = taught(unknown=[1])
    assert piece.foreign.tolist() == [OWN, UNKNOWN, OWN]


def test_votes_are_there_for_the_sentences_that_were_judged():
    votes = np.eye(3, 5, dtype=np.float32)
    assert taught(classes=votes).classes.tolist() == votes.tolist()
    assert not taught().classes.any()


def test_a_file_that_is_no_network_is_refused():
    with pytest.raises(ReaderError, match="no reader"):
        Reader(b"nothing")


@pytest.fixture(scope="module")
def reader(model) -> Reader:
    return open_reader(model.reader)


def test_the_reader_says_the_same_of_an_article_whatever_it_read_before(reader):
    text, ranges = ranges_of(list(SLUICE))
    first = reader.read(text, "Sluice", ranges)
    reader.read("the other " * 300, None, [(0, 3000)])
    again = reader.read(text, "Sluice", ranges)
    assert np.array_equal(first.sentences, again.sentences)
    assert np.array_equal(first.words, again.words)


def test_each_sentence_and_word_gets_log_odds(reader):
    text, ranges = ranges_of([*SLUICE, "the " * 2000])
    said = reader.read(text, None, ranges)
    assert said.sentences.shape == (len(ranges), COLUMNS)
    assert np.isfinite(said.sentences).all()
    assert np.isfinite(said.words).all()
    assert [text[a:b] for a, b in zip(said.word_start, said.word_end, strict=True)][:3] == ["The", "harbour", "board"]


def test_letter_case_matters(reader):
    text, ranges = ranges_of([*SLUICE[:4], "Spurs Coach Praises Third-Quarter Run In Denver", *SLUICE[4:]])
    small = text.replace(
        "Spurs Coach Praises Third-Quarter Run In Denver", "spurs coach praises third-quarter run in denver"
    )
    assert reader.read(text, None, ranges).sentences[4, 0] != reader.read(small, None, ranges).sentences[4, 0]


def test_a_foreign_sentence_stands_out(reader):
    text, ranges = ranges_of([*SLUICE[:4], "Spurs Coach Praises Third-Quarter Run In Denver.", *SLUICE[4:]])
    assert reader.read(text, "Harbour board repairs sluice", ranges).sentences[:, 0].argmax() == 4


def test_the_vocabulary_of_the_shipped_reader_has_its_special_pieces(reader):
    assert reader.vocabulary.pieces[: len(SPECIAL)] == SPECIAL
    assert reader.vocabulary.rows("\U00010348") == (NO_PIECE,)


def test_the_reader_calls_nobody():
    code = "import os, noisefilter; noisefilter.score('Rain fell on the river. ' * 20, model='default'); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf8", timeout=120, check=True)  # noqa: S603 - ours
    assert done.stdout.strip() == "1"


def test_the_readers_log_odds_do_not_depend_on_the_processor():
    text, ranges = ranges_of(list(SLUICE))
    reader = open_reader((models_folder() / DEFAULT / READER).read_bytes())
    foreign = reader.read(text, None, ranges).sentences[:, 0]
    # without the precise mode a processor without VNNI differs by up to .2
    assert foreign == pytest.approx([-7.574, -7.961, -7.808, -7.722, -8.034, -8.722, -7.746, -7.088, -6.771], abs=0.05)
