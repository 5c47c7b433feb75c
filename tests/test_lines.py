"""Lines of a plain text, wrapped or not, and its title."""

from __future__ import annotations

import textwrap

import pytest

from noisefilter import score
from noisefilter.html.lines import find_lines, guess_title
from noisefilter.model import FAST
from tests.builds import STORIES

PARAGRAPHS = STORIES["quay"]["paragraphs"]
#: Lines that nobody wrapped.
POEM = "The crane stood still\nall winter long\nand in the spring\nit came undone\nfor want of paint\nand want of will"
MENU = "News\nSport\nJobs and apprenticeships\nWeather\nProperty\nCourts and crime\nObituaries"
CHINESE = (
    "港务局星期一决定拆除东码头的蒸汽起重机。\n检查发现四条腿中有两条出现了裂缝，环也有。\n工程费用十八万六千欧元，需要九天时间。\n"
    * 3
)
LIST = "\n".join(f"{number}. Buy {number * 3} metres of rope and a hook for the crane" for number in range(1, 9))


def lines_of(text: str) -> list[str]:
    return [text[start:end] for start, end in find_lines(text)]


@pytest.mark.parametrize("width", [60, 72, 80])
@pytest.mark.parametrize("feed", ["\n", "\r\n"])
def test_a_paragraph_that_was_wrapped_is_one_line(width, feed):
    head = ["Brennock quay crane to come down", "By Lena Corbet"]
    text = (feed * 2).join([*head, *(feed.join(textwrap.wrap(text, width)) for text in PARAGRAPHS)])
    assert [" ".join(line.split()) for line in lines_of(text)] == [*head, *PARAGRAPHS]


@pytest.mark.parametrize("text", [POEM, MENU, CHINESE, LIST, "\n".join(PARAGRAPHS), ""])
def test_lines_that_were_not_wrapped_stay_apart(text):
    assert lines_of(text) == [line.strip() for line in text.split("\n") if line.strip()]


def test_a_sentence_goes_on_in_the_next_line_of_a_wrapped_text():
    text = "\n\n".join(textwrap.fill(text, 72) for text in PARAGRAPHS)
    found = score(text, model=FAST)
    assert found.visible_text == text
    said = [" ".join(text[sentence.start : sentence.end].split()) for sentence in found.sentences]
    assert said[:2] == [PARAGRAPHS[0], PARAGRAPHS[1]]


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        (["---", 'title: "The crane comes down"', "author: L. Corbet", "---", "# Another", "It rained."], "The crane comes down"),
        (["[Home](/)", "# The crane comes down", "## Why", "It rained."], "The crane comes down"),
        (["Skip to content", "News and views", "Crane on the quay goes", "The crane on the quay was old."], "Crane on the quay goes"),
        (['"It was a good crane."', "The crane comes down", "It rained."], "The crane comes down"),
        (["Crane on the quay goes", f"The crane was old: {'112 men ' * 7}loaded it.", "Who pays for the old crane?"], "Crane on the quay goes"),
        (["Menu and search", "Crane on the quay goes", "Who has to pay for it?", f"The crane {'on the quay ' * 12}goes."], "Crane on the quay goes"),
        (["トップ", "岸壁のクレーン、百十二年の役目を終える", "岸壁のクレーンが四月、解体された。"], "岸壁のクレーン、百十二年の役目を終える"),
        (["It rained."], None),
    ],
)  # fmt: skip
def test_the_title_is_markdowns_or_the_line_that_the_sentences_share_most_with(lines, title):
    assert guess_title(lines) == title
