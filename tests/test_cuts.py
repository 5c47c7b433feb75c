"""What is cut out of a sentence, so that the rest reads on."""

from __future__ import annotations

import numpy as np
import pytest

from noisefilter.insertions.cuts import cut_range, cut_ranges
from tests.making import SLUICE, sentences_of


def cut_of(
    sentence: str, foreign: str, *, certain: float = 4.0, rest: float | None = None, probability: float = 0.5
) -> str:
    """What is left of the sentence when the words of `foreign` look foreign, by some log-odds, and the others do not."""
    table = sentences_of(f"{sentence}\nThe town lies on the river Marl and has two bridges.")
    low, high = np.searchsorted(table.owner, [0, 1])
    token = table.token_index[low:high]
    at = sentence.index(foreign)
    inside = (table.tokens.start[token] >= at) & (table.tokens.end[token] <= at + len(foreign))
    bounds = cut_range(table, 0, np.where(inside, certain, -certain if rest is None else rest), probability)
    start, end = bounds or (0, 0)
    return sentence[:start] + sentence[end:]


@pytest.mark.parametrize(
    ("sentence", "foreign", "left"),
    [
        (
            "The board repaired the gates, much as Comets Sign Keeper Dario Velt On Loan, before the rain came.",
            "much as Comets Sign Keeper Dario Velt On Loan",
            "The board repaired the gates before the rain came.",
        ),
        (
            "The board repaired the gates in May (see Ten Ways To Style A Denim Jacket) and in June.",
            "see Ten Ways To Style A Denim Jacket",
            "The board repaired the gates in May and in June.",
        ),
        (
            "The board repaired the gates in May and again in June (see Ten Ways To Style A Denim Jacket).",
            "see Ten Ways To Style A Denim Jacket",
            "The board repaired the gates in May and again in June.",
        ),
        (
            "The board repaired the gates – online roulette included – before the autumn rain came.",
            "online roulette included",
            "The board repaired the gates before the autumn rain came.",
        ),
        (
            "The board repaired the gates of the upper sluice, unlike Pop Star Drops Third Album.",
            "unlike Pop Star Drops Third Album",
            "The board repaired the gates of the upper sluice.",
        ),
        (
            "The board repaired the gates after reading “Pop Star Drops Third Album” in the spring of that year.",
            "Pop Star Drops Third Album",
            "The board repaired the gates after reading in the spring of that year.",
        ),
    ],
    ids=["commas", "brackets", "brackets at the end", "dashes", "end", "quotation marks"],
)
def test_the_host_reads_on_with_the_signs_it_needs(sentence, foreign, left):
    assert " ".join(cut_of(sentence, foreign).split()).replace(" .", ".") == left


@pytest.mark.parametrize(
    ("sentence", "foreign", "left"),
    [
        (
            "The board repaired the gates of the upper sluice with the help of fast payday loans online.",
            "help of fast payday loans online",
            "The board repaired the gates of the upper sluice.",
        ),
        (
            "The board repaired the gates in May, and keepers who are short of cash can borrow from Brask Loans.",
            "borrow from Brask Loans",
            "The board repaired the gates in May.",
        ),
        (
            "The board repaired the gates in May; keepers who are short of cash can meanwhile borrow from Brask Loans.",
            "borrow from Brask Loans",
            "The board repaired the gates in May.",
        ),
        (
            "The board repaired the gates in May and sent a bill that Brask Loans Of Marl paid to the town.",
            "Brask Loans Of Marl",
            "The board repaired the gates in May and sent a bill that paid to the town.",
        ),
    ],
    ids=[
        "a preposition goes too",
        "a clause without its verb goes whole",
        "with a word between",
        "nothing before words that stay",
    ],
)
def test_no_word_before_a_cut_is_left_in_the_air(sentence, foreign, left):
    assert " ".join(cut_of(sentence, foreign).split()).replace(" .", ".") == left


def test_a_sentence_that_is_foreign_throughout_goes_whole():
    sentence = "Pop star Rico Banderas drops a surprise album with Delia Fonteyn on Friday."
    assert cut_of(sentence, sentence) == ""
    assert cut_of(sentence, "Rico Banderas drops a surprise album with Delia Fonteyn") == ""


def test_words_that_hardly_differ_from_those_around_them_are_left():
    sentence = "The board repaired the gates, whose paint had been an eyesore for years, before the autumn rain came."
    clause = "whose paint had been an eyesore for years"
    assert cut_of(sentence, clause, certain=-1.3, rest=-4.5) == sentence
    assert clause not in cut_of(sentence, clause, certain=-1.1, rest=-4.5)


def test_words_need_not_stand_out_as_much_in_a_sentence_that_is_surely_foreign():
    sentence = "The board repaired the gates, whose paint had been an eyesore for years, before the autumn rain came."
    clause = "whose paint had been an eyesore for years"
    left = [cut_of(sentence, clause, certain=-2.4, rest=-4.5, probability=value) for value in (0.6, 0.9, 0.98)]
    assert [clause in text for text in left] == [True, True, False]


def test_a_sentence_is_left_none_of_whose_words_looks_foreign():
    table = sentences_of(f"{SLUICE[0]}\n{SLUICE[1]}")
    count = int(table.words[0])
    assert cut_range(table, 0, np.full(count, -2.0), 0.5) is None
    assert cut_range(table, 0, np.full(count, -1.8), 0.5) == (int(table.start[0]), int(table.end[0]))


def test_a_clause_beside_a_cut_stays_that_is_far_less_foreign():
    sentence = "The levy is large, much as copper tape can keep slugs off hostas, and pays for a new tram."
    table = sentences_of(f"{sentence}\nThe town lies on the river Marl.")
    foreign, beside = sentence.index("much"), sentence.index("and pays")
    at = table.tokens.start[table.token_index[table.owner == 0]]
    for odds, left in ((-1.5, "The levy is large and pays for a new tram."), (1.0, "The levy is large.")):
        log_odds = np.select([at >= beside, at >= foreign], [odds, 4.0], -6.0)
        start, end = cut_range(table, 0, log_odds, 0.9) or (0, 0)
        assert (sentence[:start] + sentence[end:]).replace("  ", " ") == left


@pytest.mark.parametrize(
    ("sentence", "foreign"),
    [
        (
            "The board met, while signs of revolt ranged from leaflets to a get-out-the-vote drive by the town.",
            "while signs of revolt ranged from leaflets to a get",
        ),
        (
            "The board met at 7:30 in the hall of the fish market and read the letters of the county aloud.",
            "30 in the hall of the fish market",
        ),
        (
            "The board met and said that, of the county's share of some 310,000 crowns, half would be paid in May.",
            "of the county's share of some 310",
        ),
    ],
    ids=["hyphens", "a time", "a number"],
)
def test_no_cut_goes_through_what_is_one_word_to_a_reader(sentence, foreign):
    left = [word.strip(",.") for word in cut_of(sentence, foreign).split()]
    assert len(left) < len(sentence.split())
    assert set(left) <= {word.strip(",.") for word in sentence.split()}


def test_a_doubtful_sentence_without_words_goes_whole():
    table = sentences_of("The town lies on the river Marl.\n* * *\nIt has two bridges.")
    row = int(np.flatnonzero(table.words == 0)[0])
    assert cut_range(table, row, np.zeros(0), 0.5) == (int(table.start[row]), int(table.end[row]))


@pytest.mark.parametrize("certain", [4.0, 6.0, 8.0])
def test_a_cut_stays_inside_its_sentence(certain):
    sentence = "The board, as Comets Sign Keeper Dario Velt On Loan shows, repaired the gates; the rain came later."
    for start in range(0, len(sentence) - 20, 7):
        words = sentence[start : start + 20]
        assert len(cut_of(sentence, words, certain=certain)) < len(sentence)


def test_a_sentence_of_any_length_is_cut_in_good_time():
    table = sentences_of(f"{SLUICE[0]}\n{'rain and wind ' * 30_000}in Oberau.\n{SLUICE[1]}")
    count = int(table.words[1])
    log_odds = np.full(count, -4.0)
    log_odds[50_000:50_004] = 5.0
    start, end = cut_range(table, 1, log_odds, 0.5) or (0, 0)
    words = table.tokens.start[table.token_index[table.owner == 1]]
    assert (start, end > int(words[50_003])) == (int(words[50_000]), True)
    assert end <= int(words[50_004])


def ranges_of(text: str, probabilities: list[float], threshold: float = 0.7) -> list[str]:
    """What is cut of a text whose sentences are foreign with these probabilities, none of them read word by word."""
    table = sentences_of(text)
    assert len(table) == len(probabilities)
    found = [row for row, probability in enumerate(probabilities) if probability >= threshold]
    words = np.full(len(table.token_index), np.nan)
    return [table.text[start:end] for _, start, end in cut_ranges(table, found, np.array(probabilities), words)]


PARAGRAPHS = (
    "The board repaired the gates. The favourite stood sweating in the paddock. His owner wept into the programme. It rained.\n"
    "The over-sixties have a relay. The keepers raised the sluice in May."
)


@pytest.mark.parametrize(
    ("probabilities", "cut"),
    [
        ([0.01, 0.4, 0.9, 0.01, 0.4, 0.01], ["The favourite stood sweating in the paddock. His owner wept into the programme."]),
        ([0.01, 0.9, 0.8, 0.01, 0.4, 0.01], ["The favourite stood sweating in the paddock. His owner wept into the programme."]),
        ([0.01, 0.1, 0.9, 0.01, 0.4, 0.01], ["His owner wept into the programme."]),
        ([0.4, 0.1, 0.9, 0.4, 0.9, 0.01], ["His owner wept into the programme. It rained.", "The over-sixties have a relay."]),
        ([0.4, 0.4, 0.4, 0.4, 0.4, 0.4], []),
    ],
    ids=["before", "both found", "doubtful no more", "not in the next paragraph", "none found"],
)  # fmt: skip
def test_a_sentence_goes_along_with_one_of_its_paragraph_that_goes(probabilities, cut):
    assert ranges_of(PARAGRAPHS, probabilities) == cut


def test_sentences_stay_that_are_less_foreign_than_the_caller_wants_cut():
    assert ranges_of(PARAGRAPHS, [0.01, 0.1, 0.25, 0.15, 0.01, 0.01], threshold=0.2) == [
        "His owner wept into the programme."
    ]


def test_a_neighbour_stays_whose_words_hardly_stand_out():
    table = sentences_of("The favourite stood sweating in the paddock. His owner wept into the programme.")
    words = np.array([4.0, -3.0])[table.owner]
    cuts = cut_ranges(table, [0], np.array([0.9, 0.6]), words)
    assert [table.text[start:end] for _, start, end in cuts] == ["The favourite stood sweating in the paddock."]


def test_a_cut_within_a_sentence_takes_no_neighbour_along():
    table = sentences_of("The keepers, unlike Pop Star Drops Third Album, raised the gates. It rained over the marsh.")
    inside = np.array([word in "unlike Pop Star Drops Third Album" for word in table.text.split()])
    words = np.where(table.owner == 0, np.where(inside, 4.0, -4.0), np.nan)
    cuts = cut_ranges(table, [0], np.array([0.9, 0.6]), words)
    assert [table.text[start:end] for _, start, end in cuts] == [", unlike Pop Star Drops Third Album,"]
