"""Where a sentence begins and ends."""

from __future__ import annotations

import pytest

from noisefilter.html.walk import split_lines
from noisefilter.text.sentences import split_sentences
from tests.making import read_cases, walk


def sentences(text: str) -> list[str]:
    page = split_lines(text)
    return [page.text[sentence.start : sentence.end] for sentence in split_sentences(page)]


@pytest.mark.parametrize("case", read_cases("sentences"), ids=lambda case: case["name"])
def test_a_text_is_split_where_a_reader_pauses(case):
    assert sentences(case["text"]) == case["sentences"]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["name"], marks=pytest.mark.xfail(strict=True, reason=case["reason"]))
        for case in read_cases("known_failures")
        if "sentences" in case
    ],
)
def test_a_known_failure_is_still_one(case):
    assert sentences(case["text"]) == case["sentences"]


def test_sentences_lie_inside_their_block_in_order():
    page = walk("<h1>Rain</h1><p>It rained. It poured.</p><ul><li>One. Two.</li></ul><pre>a = 1\n\nb = 2</pre>")
    found = split_sentences(page)
    assert [page.text[one.start : one.end] for one in found] == [
        "Rain", "It rained.", "It poured.", "One.", "Two.", "a = 1", "b = 2",
    ]  # fmt: skip
    assert found == sorted(found, key=lambda one: one.start)
    for sentence in found:
        block = page.blocks[sentence.block]
        assert block.start <= sentence.start < sentence.end <= block.end


def test_a_page_without_blocks_has_no_sentences():
    assert split_sentences(split_lines(" \n\n ")) == []


def test_no_word_is_lost_between_sentences():
    text = "Dr. Ames came at 6 p.m. on Jan. 4. “Is it late?” she asked… Nobody knew! Nr. 5 is next."
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
