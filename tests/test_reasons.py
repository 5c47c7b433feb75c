"""What boilerplate is called, by its words, its markup, the heading above and its place; what filler and promotion do."""

from __future__ import annotations

import numpy as np
import pytest

from noisefilter.blocks.reasons import name_boilerplate
from noisefilter.html.walk import split_lines
from noisefilter.insertions.reasons import name_insertion
from noisefilter.sentences.reasons import name_filler, name_promotion
from tests.making import ARTICLE, SLUICE, article_with, blocks_of, sentences_of, walk

STORY = f"<article><p>{' '.join(SLUICE[:3])}</p><p>{' '.join(SLUICE[3:6])}</p></article>"


def names(page) -> dict[str, str]:
    """Reasons by text, if everything but the article were boilerplate."""
    table = blocks_of(page)
    boilerplate = np.array([not any(sentence in text for sentence in SLUICE) for text in page.texts()])
    return dict(zip(page.texts(), name_boilerplate(table, boilerplate), strict=True))


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ('<div class="c-breadcrumbs">Home / Town</div>', "breadcrumb"),
        ('<div class="post-author-bio"><p>Keeps bees.</p></div>', "author box"),
        ('<section id="disqus_thread"><p>Nice one, neighbour.</p></section>', "comments"),
        ('<div class="mc-newsletter"><p>Once a week.</p></div>', "newsletter box"),
        ('<div class="js-share-buttons"><span>Pass on</span></div>', "share or follow line"),
        ('<figure><img src="a.jpg"><figcaption>The quay</figcaption></figure>', "caption"),
        ('<div class="c-ad ad">Boots for all</div>', "advertising label"),
        ('<div class="shadow loaded">Boots for all</div>', "not part of the article"),
        ('<nav class="pagination"><a href="/2">Older</a></nav>', "previous and next"),
        ("<footer><p>Printed at Brandt's</p></footer>", "footer"),
        ('<aside class="rail"><p>Weather in the bay</p></aside>', "sidebar"),
        ('<div class="most-read"><a href="/a">Ferry tickets up</a></div>', "list of other stories"),
        ("<div><p>Ida Brandt is a reporter for the county desk.</p></div>", "author box"),
        ("<div><p>Make a donation today and keep the lights on.</p></div>", "donation box"),
        ("<div><p>Get 20% off your first pair of boots</p></div>", "promotion box"),
    ],
)
def test_a_block_is_named_by_its_markup_or_its_words(html, reason):
    found = names(walk(f"<body>{STORY}{html}</body>"))
    assert list(found.values())[-1] == reason


def test_what_stands_below_a_heading_is_named_by_it_until_the_box_ends():
    box = '<div><h3>Most read</h3><ul><li><a href="/a">Ferry tickets up by a tenth</a></li></ul></div>'
    found = names(walk(f"<body>{STORY}{box}<div><p>Printed on Mondays</p></div></body>"))
    assert found["Ferry tickets up by a tenth"] == "list of other stories"
    assert found["Printed on Mondays"] == "not part of the article"


def test_a_heading_says_more_than_the_element_that_says_where():
    found = names(walk(f"<body>{STORY}<aside><h3>About the author</h3><p>Keeps bees in Oberau.</p></aside></body>"))
    assert found["Keeps bees in Oberau."] == "author box"


def test_long_links_are_other_stories_and_short_ones_navigation():
    links = "".join(f'<a href="/{n}"><div>{text}</div></a>' for n, text in enumerate(("Town", "Courts", "Farms")))
    stories = "".join(f'<div class="x"><a href="/s{n}">Ferry tickets go up by {n} crowns</a></div>' for n in range(3))
    menu = "".join(f'<div class="y"><a href="/m{n}">Town {n}</a></div>' for n in range(3))
    found = names(walk(f"<body>{menu}{STORY}{stories}{links}</body>"))
    assert found["Town 1"] == "navigation"
    assert found["Ferry tickets go up by 1 crowns"] == "list of other stories"


def test_the_headline_is_named():
    page = walk(
        f"<head><title>Board votes to repair sluice</title></head><body><p>Board votes to repair sluice</p>{STORY}</body>"
    )
    assert names(page)["Board votes to repair sluice"] == "headline"


def test_plain_text_is_named_by_words_and_headings():
    page = split_lines(
        "\n".join(["Home | News", *SLUICE[:3], "Most read", "Ferry tickets up by a tenth", "© 2025 The Quay"])
    )
    found = names(page)
    assert found["Ferry tickets up by a tenth"] == "list of other stories"
    assert found["© 2025 The Quay"] == "legal line"


def test_boxes_inside_boxes_are_named_however_deep():
    page = walk("<body>" + STORY + '<div class="x">' * 1500 + "<p>Fine weather</p>" + "</div>" * 1500 + "</body>")
    assert names(page)["Fine weather"] == "not part of the article"


def filler_reason(sentence: str, title: str = "Harbour board votes to repair the sluice") -> str:
    """Why a sentence after the story would be filler."""
    table = sentences_of(split_lines(f"{ARTICLE}\n\n{sentence}\n", title))
    return name_filler(table, table.texts.index(sentence))


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("In today's fast-paced world, everything changes.", "opens with a commonplace"),
        ("The harbour board votes to repair the sluice.", "says what the title said"),
        ("Work on the gates will begin on 4 August and take eleven weeks.", "says again: “Work on the gates begins"),
        ("It was a long and tiring evening.", "no name, number or source"),
        ("Denmark has seen long and tiring evenings of that sort.", "no number or source"),
        ("“It was a long and tiring evening.”", "no name or number"),
        ("Consider the weather before you leave.", "gives advice that fits any case"),
        ("Every harbour is different.", "holds for anybody and anything"),
        ("The decision underscores the broader significance of water.", "says what things mean, not what happened"),
        ("But is it enough in the end?", "asks and tells nothing"),
        ("What comes now", "heading or label that tells no fact"),
        ("Final Thoughts", "Final Thoughts section: the heading could stand over any article"),
        ("In conclusion, kettles are amazing.", "stock closing phrase"),
        ("Experts agree that kettles are amazing.", "names no source"),
        ("Why It Matters", "heading that could stand over any article"),
    ],
)  # fmt: skip
def test_a_filler_sentence_is_told_what_it_does_or_lacks(sentence, reason):
    assert filler_reason(sentence).startswith(reason)


def test_a_quotation_inside_a_quotation_has_single_marks():
    said = "“The ferry leaves Kestrel island without its captain,” the keeper says.\n\n"
    table = sentences_of(split_lines(f"{ARTICLE}\n\n{said * 2}", "Kettles"))
    assert name_filler(table, len(table) - 1).startswith(
        "says again: “‘The ferry leaves Kestrel island without its captain,’ the"
    )


def test_a_number_in_words_is_a_number_and_a_capital_at_the_start_no_name():
    assert (
        filler_reason("Long evenings of that sort came five times a week.") == "worded like sentences that say nothing"
    )
    assert filler_reason("Evenings of that sort are long.") == "no name, number or source"


def test_what_is_said_under_a_template_heading_names_the_section_first():
    text = f"{article_with('The quay is old.')}\n\nKey Takeaways\n\nThe gates are old, and that is a problem.\n"
    table = sentences_of(text)
    assert name_filler(table, len(table) - 1).startswith("Key Takeaways section: ")


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Sign up for a free trial today!", "call to action"),
        ("Call Brandt Roofing today.", "asks the reader to get in touch or use its service"),
        ("Save up to 40 crowns on kettles.", "sells with a price or a discount"),
        ("Boots, boots and boots.", "reads like an advertisement"),
    ],
)
def test_a_promotion_sentence_is_told_what_it_does_to_sell(sentence, reason):
    table = sentences_of(article_with(sentence))
    assert name_promotion(table, table.texts.index(sentence)) == reason


def test_the_headline_of_another_story_begins_after_the_conjunction():
    sentence = "While Five Lakes That Stay Warm Until October drew crowds, the harbour board met."
    table = sentences_of(split_lines(f"{sentence}\nThe town lies on the river Marl."))
    reason = name_insertion(table, 0, 0, sentence.index(" drew"))
    assert reason.startswith("headline of another story: Five Lakes That Stay Warm Until October")
