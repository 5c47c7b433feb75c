"""Plain texts of articles with what a site puts below them: the last line stays, the rest goes."""

from __future__ import annotations

import pytest

from noisefilter import extract
from noisefilter.model import FAST
from tests.builds import STORIES

TAILS = (
    "Sign up for the morning letter\nThe stories of the coast in your inbox every day.\nEmail address\nSubscribe",
    "© 2025 Brennock Herald. All rights reserved.\nPrivacy Terms Contact us",
    "Comments (2)\ngull44 2 hours ago\nTypical of this board, if you ask me.\nReply",
    "Related stories\nBaker wins back his recipe in court\nBus 14 gets a stop at the hospital\nSkaters lose final",
)
LAST = (
    "The board meets again on 4 March.",
    "Rovers visit Holm on Saturday at 3pm.",
    "An inquest will be opened in May.",
)


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("last", LAST)
@pytest.mark.parametrize("story", ["quay", "mill", "owl"])
def test_the_last_line_of_an_article_is_no_part_of_what_follows_it(story, last, tail):
    lines = [STORIES[story]["title"], *STORIES[story]["paragraphs"], last]
    found = extract("\n\n".join([*lines, tail]), model=FAST)
    assert found.rstrip().endswith(last)
