"""The posts of a forum stay together, and what returns in each of them does not come with them."""

import numpy as np

from noisefilter.blocks.forums import tie_posts
from tests.making import SLUICE, blocks_of, walk

SIGNED = "Two strokes are enough for anybody who is not in a hurry."


def log_odds_of(html: str, given: dict[str, float]) -> dict[str, float]:
    """Log-odds of each text after the rule; `given` has those before it."""
    page = walk(html)
    table = blocks_of(page)
    logits = np.array([given[text] for text in page.texts()])
    return dict(zip(page.texts(), tie_posts(table, logits, table.words + 2.0).tolist(), strict=True))


POSTS = "".join(
    f"<div id=p{n}><div class='post post-{n}'>{line}</div><div class=sig>{SIGNED}</div></div>"
    for n, line in enumerate(SLUICE[:4])
)


def test_a_doubtful_post_stays_with_the_others():
    given = dict(zip(SLUICE[:4], (-3.0, -2.0, -2.0, 1.0), strict=True)) | {SIGNED: 1.0}
    found = log_odds_of(POSTS, given)
    assert all(found[line] < 0 for line in SLUICE[:4])
    assert found[SLUICE[0]] == -3.0
    assert found[SIGNED] == 1.0


def test_posts_that_are_doubtful_on_the_whole_are_left_alone():
    given = dict(zip(SLUICE[:4], (-3.0, 2.0, 2.0, 1.0), strict=True)) | {SIGNED: 1.0}
    assert log_odds_of(POSTS, given) == given


def test_elements_without_a_name_are_no_posts():
    given = dict(zip(SLUICE[:4], (-3.0, -2.0, -2.0, 1.0), strict=True))
    assert log_odds_of("".join(f"<div><div>{line}</div></div>" for line in SLUICE[:4]), given) == given
