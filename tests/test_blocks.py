"""Pages become visible text and blocks; golden files freeze how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from noisefilter.html.walk import TEXT_VERSION, BlockedPage, split_blocks, split_lines
from noisefilter.page import read_page
from noisefilter.types import Page
from tests.making import HTML_ARTICLE, SLUICE, TESTS, read_cases, walk

if TYPE_CHECKING:
    from pathlib import Path

GOLDEN = sorted((TESTS / "golden").glob("*.html"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_visible_text_of_version_3_is_frozen(path: Path):
    assert TEXT_VERSION == 3, "a new version of the text needs golden files of its own"
    page = split_blocks(read_page(Page(path.read_bytes(), format="html")))
    assert page.text == path.with_suffix(".txt").read_text(encoding="utf8")


def test_there_are_golden_files():
    assert len(GOLDEN) >= 5
    assert {path.stem for path in GOLDEN} == {path.stem for path in (TESTS / "golden").glob("*.txt")}


@pytest.mark.parametrize("case", read_cases("walk"), ids=lambda case: case["name"])
def test_html_is_read_as_a_reader_sees_it(case):
    assert walk(case["html"]).text == case["text"]


def linked(page: BlockedPage) -> list[tuple[str, str]]:
    return [(page.text[link.start : link.end], link.href) for block in page.blocks for link in block.links]


def test_a_link_keeps_its_offsets_and_target():
    page = walk('<p>Rain fell <a href="/dam">on the  <b>dam</b></a>, and <a href="/fair">the fair</a> was off.</p>')
    assert page.text == "Rain fell on the dam, and the fair was off."
    assert linked(page) == [("on the dam", "/dam"), ("the fair", "/fair")]


def test_blanks_at_the_edge_of_a_link_stay_outside():
    page = walk('<p>Rain<a href="/dam"> on the dam </a>fell.</p>')
    assert page.text == "Rain on the dam fell."
    assert linked(page) == [("on the dam", "/dam")]


def test_a_link_around_blocks_is_a_link_in_each():
    page = walk('<a href="/dam"><h3>The dam</h3><p>It held.</p></a><p>Rain.</p>')
    assert linked(page) == [("The dam", "/dam"), ("It held.", "/dam")]


def test_a_link_broken_by_a_line_is_a_link_on_both():
    page = walk('<p><a href="/dam">The dam<br>held</a> well</p>')
    assert linked(page) == [("The dam", "/dam"), ("held", "/dam")]


def test_a_link_around_a_picture_is_no_link():
    assert linked(walk('<p>Rain <a href="/x"><img src="x.png"></a>fell.</p>')) == []


def test_an_anchor_without_a_target_has_an_empty_one():
    assert linked(walk('<p><a name="top">Top</a> of the page</p>')) == [("Top", "")]


def test_links_lie_inside_their_block():
    page = walk(HTML_ARTICLE)
    assert sum(len(block.links) for block in page.blocks) == 4
    for block in page.blocks:
        assert all(block.start <= link.start < link.end <= block.end for link in block.links)


def test_block_offsets_are_slices_in_order():
    page = walk(HTML_ARTICLE)
    assert page.texts()[:4] == ["Home News Sport", "Harbour board votes to repair the sluice", *SLUICE[:2]]
    assert all(text == text.strip() and text for text in page.texts())
    assert all(one.end < two.start for one, two in zip(page.blocks, page.blocks[1:], strict=False))


def test_what_stands_between_blocks_is_blank():
    page = walk(HTML_ARTICLE)
    rest, position = "", 0
    for block in page.blocks:
        rest += page.text[position : block.start]
        position = block.end
    assert not (rest + page.text[position:]).strip()


def test_a_block_knows_its_tag_and_the_elements_around():
    page = walk('<main class="Story Body"><blockquote id="q1" hidden>Rain</blockquote></main>')
    block, places = page.blocks[0], page.places
    assert (block.tag, places.tags[block.place]) == ("blockquote", "blockquote")
    assert places.names[block.place] == "q1 aria-hidden"
    assert places.names[places.parents[block.place]] == "story body"
    assert page.is_html


def test_a_style_that_hides_is_marked_and_the_text_stays():
    page = walk('<div style="color:red; DISPLAY : none">Rain</div><div style="color:red">Sun</div>')
    assert [page.places.hidden[block.place] for block in page.blocks] == [True, False]


def test_bold_letters_are_counted():
    plain, half, whole = walk("<p>Rain fell</p><p><b>Rain</b> fell</p><p><strong>Rain fell</strong></p>").blocks
    assert plain.bold == 0 < half.bold < whole.bold == whole.end - whole.start


def test_plain_text_stays_as_it_is():
    text = "  Rain fell.\r\n\r\n\tIt stopped.  \u2028Sun\n"
    page = split_lines(text)
    assert page.text == text
    assert page.texts() == ["Rain fell.", "It stopped.", "Sun"]
    assert not page.is_html


def test_blocks_of_plain_text_have_no_element():
    assert {(block.tag, block.place, block.links) for block in split_lines("Rain\nSun").blocks} == {("", -1, ())}


@pytest.mark.parametrize("text", ["", " \n\t\n"])
def test_blank_text_has_no_blocks(text):
    assert split_lines(text).blocks == ()


def test_a_page_without_an_element_cannot_be_read():
    with pytest.raises(ValueError, match="no element"):
        split_blocks(Page("<!-- nothing -->", format="html"))


HEAD = '<head><title>Rain falls on Oberau - The Quay</title><meta property="og:title" content=" Rain\n falls "></head>'


@pytest.mark.parametrize(
    ("page", "title"),
    [
        (f"<html>{HEAD}<body><h1>Heavy rain</h1></body></html>", "Rain falls"),
        ("<html><head><title>Rain | The Quay</title></head><body><h1>Heavy rain</h1></body></html>", "Heavy rain"),
        ("<html><head><title>Rain falls | The Quay</title></head><body><p>Rain</p></body></html>", "Rain falls"),
        ("<html><head><title>Rain-soaked Oberau</title></head><body><p>Rain</p></body></html>", "Rain-soaked Oberau"),
        ('<html><head><meta property="og:title" content=" "></head><body><h1>Rain</h1></body></html>', "Rain"),
        ("<html><head><title> </title></head><body><p>Rain</p></body></html>", None),
        ("<p>Rain</p>", None),
        ("<body><svg><title>Menu icon</title></svg><p>Rain</p></body>", None),
    ],
    ids=["og:title", "heading", "title without site", "title", "blank og:title", "blank title", "none", "an icon's"],
)
def test_the_title_is_the_best_that_the_page_has(page, title):
    assert walk(page).title == title


def test_a_title_that_is_given_wins():
    assert walk("<title>Rain</title><h1>Heavy rain</h1>", "Given").title == "Given"


def test_text_below_the_deepest_nesting_is_not_lost_without_a_word():
    for depth in (300, 2_000, 3_000, 100_000):
        page = "<p>Before.</p>" + "<div>" * depth + "Inside." + "</div>" * depth + "<p>After.</p>"
        assert split_blocks(Page(page, format="html")).text.split() == ["Before.", "Inside.", "After."]
