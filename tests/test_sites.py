"""What returns from page to page of a site."""

from __future__ import annotations

import json
from typing import Any

import pytest

from noisefilter import Page, SiteProfile, extract, score, score_many
from noisefilter.html.walk import split_blocks
from noisefilter.page import read_page
from tests.making import SLUICE

BOX = "We mend nets, sails and ropes in the shed behind the pier, and have done so since the year of the flood."


def story(number: int, box: str = BOX) -> str:
    own = [f"{sentence} This was item {number * 10 + place} on the list." for place, sentence in enumerate(SLUICE)]
    return (
        f"<html><body><article><h1>Report from the pier, part {'abcdefg'[number]}</h1>"
        f"{''.join(f'<p>{text}</p>' for text in own[number : number + 6])}<p>{box}</p></article></body></html>"
    )


def blocked(html: str):
    return split_blocks(read_page(Page(html, format="html")))


def test_a_block_that_returns_is_counted_on_the_other_pages_only():
    profile = SiteProfile.from_pages([story(0), story(1), story(2)])
    page = blocked(story(0))
    returns = profile.returns(page)
    assert returns is not None
    assert returns[page.texts().index(BOX)].tolist() == [2, 1.0]
    assert returns[0].tolist() == [0, 0.0]


@pytest.mark.parametrize("page", ["<p>abc</p>", b"<p>abc</p>", Page("<p>abc</p>")])
def test_a_single_page_is_no_site(page):
    with pytest.raises(TypeError, match="several pages"):
        SiteProfile.from_pages(page)


def test_what_is_no_page_is_refused_and_a_buffer_is_read():
    numbers: list[Any] = [story(0), 5]
    with pytest.raises(TypeError, match="must be bytes or str, not int"):
        SiteProfile.from_pages(numbers)
    whole = SiteProfile.from_pages([story(0)])
    buffers: list[Any] = [bytearray(story(0).encode())]
    assert SiteProfile.from_pages(buffers).to_dict() == whole.to_dict()


def test_a_page_that_the_profile_does_not_hold_is_judged_by_all_of_its_pages():
    returns = SiteProfile.from_pages([story(0), story(1)]).returns(blocked(story(2)))
    assert returns is not None
    assert returns[-1].tolist() == [2, 1.0]


def test_numbers_that_change_do_not_make_another_block():
    profile = SiteProfile.from_pages([story(0, "12 comments on this page"), story(1, "3 comments on this page")])
    returns = profile.returns(blocked(story(2, "407 comments on this page")))
    assert returns is not None
    assert returns[-1].tolist() == [2, 1.0]


def test_the_same_page_twice_is_no_witness_for_itself():
    assert SiteProfile.from_pages([story(0), story(0)]).returns(blocked(story(0))) is None


@pytest.mark.parametrize("pages", [[], [b"%PDF-1.7 ..."], [""]], ids=["none", "not a page", "empty"])
def test_a_profile_of_nothing_knows_nothing(pages):
    assert SiteProfile.from_pages(pages).returns(blocked(story(0))) is None
    assert extract(story(0), site=SiteProfile.from_pages(pages)) == extract(story(0))


def test_a_profile_survives_being_written_down():
    profile = SiteProfile.from_pages([story(0), story(1)])
    again = SiteProfile.from_dict(json.loads(json.dumps(profile.to_dict())))
    page = blocked(story(0))
    mine, own = again.returns(page), profile.returns(page)
    assert mine is not None
    assert own is not None
    assert mine.tolist() == own.tolist()
    assert again.to_dict() == profile.to_dict()


@pytest.mark.parametrize("record", [{}, [], {"blocks": [], "pages": []}, {"blocks": {"x": 1}, "pages": []}])
def test_what_is_no_profile_is_refused(record):
    with pytest.raises(ValueError, match="no profile of a site"):
        SiteProfile.from_dict(record)


def test_a_block_that_returns_is_more_likely_boilerplate_and_nothing_else_changes_much():
    profile = SiteProfile.from_pages([story(number) for number in range(4)])

    def boilerplate(site: SiteProfile | None) -> float:
        result = score(story(0), site=site)
        place = result.visible_text.index(BOX)
        return next(sentence.boilerplate for sentence in result.sentences if sentence.start == place)

    assert boilerplate(profile) > boilerplate(None)
    assert SLUICE[1] in score(story(0), site=profile).text


def test_a_batch_learns_nothing_from_its_own_pages():
    pages = [story(number) for number in range(4)]
    assert [result.to_dict() for result in score_many(pages)] == [score(page).to_dict() for page in pages]
