"""Markdown, as reader APIs give pages: lines of links alone go, and so does the data above the text."""

from __future__ import annotations

import pytest

from noisefilter import extract
from noisefilter.model import FAST
from tests.builds import STORIES

STORY = STORIES["quay"]
TEXT = "\n\n".join([f"# {STORY['title']}", *STORY["paragraphs"]])


@pytest.mark.parametrize(
    "line",
    [
        "[Skip to content](#main)",
        "[![Brennock Herald](https://a.example/logo.svg)](https://a.example/)",
        "- [News](/news)\n- [Sport](/sport)\n- [Jobs](/jobs)",
        "[News](/news) | [Sport](/sport) | [Jobs](/jobs)",
        "* [Harbour board votes to repair the sluice](/a)\n* [Baker wins back his recipe](/b)",
        "![A crane on a quay](https://a.example/crane.jpg)",
    ],
)
def test_a_line_of_links_alone_goes(line):
    for page in (f"{line}\n\n{TEXT}", f"{TEXT}\n\n{line}"):
        found = extract(page, model=FAST)
        assert not any(part in found for part in line.split("\n"))
        assert all(paragraph in found for paragraph in STORY["paragraphs"])


@pytest.mark.parametrize(
    "line",
    [
        "The [harbour board](https://b.example/) of Brennock met on [Monday](/m) and on Tuesday.",
        "It rained [1](#fn1), and the wind blew from the north [2](#fn2) all day.",
        "- [ ] paint the legs of the crane before the winter comes",
    ],
)
def test_a_sentence_with_links_stays(line):
    assert line in extract(f"{TEXT}\n\n{line}\n\n{STORY['short'][0]}", model=FAST)


def test_the_data_above_the_text_goes():
    data = '---\ntitle: "The crane comes down"\ndate: 2025-04-03\ntags:\n  - harbour\n---'
    found = extract(f"{data}\n\n{TEXT}", model=FAST)
    assert not any(line in found for line in ("The crane comes down", "2025-04-03", "- harbour"))
    assert all(paragraph in found for paragraph in STORY["paragraphs"])


def test_a_text_between_rules_is_no_data():
    text = f"---\n\n{STORY['paragraphs'][0]}\n\n---\n\n{TEXT}"
    assert extract(text, model=FAST).count(STORY["paragraphs"][0]) == 2
