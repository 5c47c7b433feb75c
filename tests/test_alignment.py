"""Which blocks a reference text holds."""

from __future__ import annotations

from noisefilter.text.alignment import align

RAIN = "Rain fell over the whole county from Friday noon to Sunday night."
DAM = "The dam at Oberau held, although the water stood a hand below its crown."
FAIR = "The autumn fair in the town was put off by a week, the mayor told reporters."


def test_blocks_that_the_reference_holds_count_whole():
    shares, covered = align([RAIN, "Subscribe to our newsletter", DAM], f"{RAIN}\n{DAM}")
    assert shares == [1.0, 0.0, 1.0]
    assert covered == 1.0


def test_blanks_do_not_matter():
    shares, _ = align([RAIN], RAIN.replace(" ", "\n\n"))
    assert shares == [1.0]


def test_an_empty_reference_holds_nothing_and_is_covered():
    assert align([RAIN, ""], " \n") == ([0.0, 0.0], 1.0)


def test_no_blocks_cover_nothing():
    assert align([], RAIN) == ([], 0.0)


def test_what_the_blocks_miss_lowers_the_cover():
    _, whole = align([RAIN, DAM], f"{RAIN} {DAM}")
    _, half = align([RAIN], f"{RAIN} {DAM}")
    assert half < whole == 1.0


def test_a_short_block_is_found_between_its_neighbours():
    shares, _ = align([RAIN, "The dam", DAM], f"{RAIN}\nThe dam\n{DAM}")
    assert shares == [1.0, 1.0, 1.0]


def test_a_table_of_contents_is_not_taken_for_the_headings_it_lists():
    blocks = ["Rain", "Dam", "Fair", RAIN, "Dam", DAM, "Fair", FAIR]
    shares, _ = align(blocks, f"{RAIN}\nDam\n{DAM}\nFair\n{FAIR}")
    assert shares == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_a_long_block_out_of_order_breaks_the_fewest_others():
    shares, _ = align([FAIR, RAIN, DAM], f"{RAIN}\n{DAM}\n{FAIR}")
    assert shares[1:] == [1.0, 1.0]


def test_a_changed_block_counts_in_part():
    changed = DAM.replace("a hand below its crown", "two feet over the road")
    shares, _ = align([RAIN, changed, FAIR], f"{RAIN}\n{DAM}\n{FAIR}")
    assert shares[0] == shares[2] == 1.0
    assert 0.0 < shares[1] < 1.0


def test_quotation_marks_and_letter_case_do_not_matter():
    shares, covered = align(["“Rain,” he said, “fell.”", DAM], f'"RAIN," he said, "fell."\n{DAM}')
    assert shares == [1.0, 1.0]
    assert covered == 1.0


def test_passages_that_the_reference_moved_are_found_all_the_same():
    shares, covered = align([FAIR, RAIN, DAM], f"{RAIN}\n{DAM}\n{FAIR}")
    assert shares == [1.0, 1.0, 1.0]
    assert covered == 1.0


def test_a_line_of_the_reference_is_found_wherever_it_stands_but_a_single_word_is_not():
    shares, _ = align(["Oak table", "Tables", RAIN, DAM], f"{RAIN}\n{DAM}\nTables\nOak table")
    assert shares == [1.0, 0.0, 1.0, 1.0]


def test_a_line_that_the_reference_has_once_is_found_once():
    shares, _ = align(["Oak table", RAIN, "Oak table"], f"{RAIN}\nOak table")
    assert sorted(shares) == [0.0, 1.0, 1.0]


def test_a_text_without_words_is_as_the_one_before():
    shares, _ = align(["Menu", "•", RAIN, "* * *", DAM], f"{RAIN}\n{DAM}")
    assert shares == [0.0, 0.0, 1.0, 1.0, 1.0]


def test_a_passage_that_is_repeated_is_told_by_its_neighbours():
    refrain = "The water rose and the water fell and nobody came to look."
    shares, _ = align([refrain, RAIN, refrain, DAM], f"{RAIN}\n{refrain}\n{DAM}")
    assert shares == [0.0, 1.0, 1.0, 1.0]
