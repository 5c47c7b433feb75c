"""Posts stay together: those of a live blog, without index and notice above; those of a forum, without what returns in each."""

import numpy as np
import pytest

from noisefilter.blocks.posts import find_posts, tie_posts, with_posts
from tests.making import SLUICE, blocks_of, walk

NOTICE = "This page refreshes itself"
POSTS = "".join(f"<article id=p{n}><h3>13.4{n}</h3><p>{line}</p></article>" for n, line in enumerate(SLUICE[:3]))


def judged(html: str, doubtful: float = -1.0) -> dict[str, float]:
    """Log-odds by text, where the first post and the notice were doubtful and all else likely."""
    page = walk(f"<main>{html}</main>")
    table = blocks_of(page)
    logits = np.array([0.5 if text == SLUICE[0] else doubtful if text == NOTICE else -3.0 for text in page.texts()])
    return dict(zip(page.texts(), with_posts(table, logits, np.ones(len(table))).tolist(), strict=True))


def test_posts_stay_together_and_the_notice_above_goes():
    found = judged(f"<p>{NOTICE}</p>{POSTS}")
    assert found[NOTICE] == 4
    assert found[SLUICE[0]] < 0
    assert found[SLUICE[1]] == -3


def test_a_likely_line_beside_the_posts_stays_and_a_doubtful_one_goes():
    assert judged(f"<p>{NOTICE}</p>{POSTS}", doubtful=-2.5)[NOTICE] == -2.5
    assert judged(f"{POSTS}<p>{NOTICE}</p>", doubtful=-2.5)[NOTICE] == -2.5
    assert judged(f"{POSTS}<p>{NOTICE}</p>")[NOTICE] == 4


def test_a_post_without_a_time_and_of_other_names_is_left_to_the_networks():
    posts = "".join(f"<article class=k{n % 2}><h3>13.4{n}</h3><p>{line}</p></article>" for n, line in enumerate(SLUICE))
    found = judged(f"{posts}<article><h3>Earlier</h3><p>{NOTICE}</p></article>")
    assert found[SLUICE[0]] < 0
    assert found[NOTICE] == -1


@pytest.mark.parametrize(
    ("item", "stays"),
    [("The weir at Lowick holds, and the water falls.", True), ("The weir at Lowick", False)],
    ids=["key points", "an index"],
)
def test_sentences_in_a_list_above_the_posts_stay_and_headings_go(item, stays):
    page = walk(f"<main><h2>In short</h2><ul><li>{item}</li></ul>{POSTS}</main>")
    logits = np.array([0.5 if text == item else -3.0 for text in page.texts()])
    found = with_posts(blocks_of(page), logits, np.ones(len(logits)))
    assert (found[page.texts().index(item)] < 0) == stays


def test_comments_and_dialogs_that_go_for_sure_are_not_brought_back_by_posts():
    said = "Every year it is the same."
    comments = "".join(f"<div class=c><b>Anna 14:0{n}</b><p>{said}</p></div>" for n in range(4))
    page = walk(f"<main><ul><li>We keep what you look at.</li></ul>{POSTS}{comments}</main>")
    gone = [text.startswith(("We keep", "Anna", said)) for text in page.texts()]
    found = with_posts(blocks_of(page), np.where(gone, 4.0, -3.0), np.ones(len(gone)))
    assert (found[gone] == 4).all()
    assert (found[np.invert(gone)] < 0).all()


ADVERT = "Windows for the whole house within three days, at no interest."


def test_posts_are_kept_so_surely_that_no_later_rule_takes_them_for_an_island():
    doubtful = dict.fromkeys(SLUICE[:3], -0.5)
    page = walk(f"<main>{POSTS}</main>")
    logits = np.array([doubtful.get(text, -3.0) for text in page.texts()])
    found = with_posts(blocks_of(page), logits, np.ones(len(logits)))
    assert found.max() <= -2


@pytest.mark.parametrize(
    ("names", "left"),
    [("post e{}", 4), ("post", -1)],
    ids=["of another make", "of the posts' make"],
)
def test_what_is_put_between_posts_goes_unless_it_is_of_their_make(names, left):
    post = "<div class='{}'><div>13.4{}</div><p>{}</p></div>"
    posts = [post.format(names.format(n), n, line) for n, line in enumerate(SLUICE[:5])]
    advert = f"<div class=post><div>Partner</div><p>{NOTICE}</p><p>{ADVERT}</p></div>"
    found = judged("".join([*posts[:2], advert, *posts[2:]]))
    assert found[NOTICE] == left
    assert found[SLUICE[1]] < 0
    assert found[SLUICE[4]] < 0


def test_a_post_of_another_make_with_a_time_stays_and_so_does_what_stands_after_the_last():
    post = "<div class='{}'><div>13.4{}</div><p>{}</p></div>"
    posts = "".join(post.format("p" if n != 1 else "p late", n, line) for n, line in enumerate(SLUICE[:5]))
    found = judged(f"{posts}<div class=end><b>End</b><p>{NOTICE}</p></div>", doubtful=-2.6)
    assert found[SLUICE[1]] < 0
    assert found[NOTICE] == -2.6


@pytest.mark.parametrize(
    "html",
    [
        POSTS.split("</article>")[0] + "</article>",
        POSTS.replace("13.4", "Part "),
        "".join(f"<li><b>13.4{n}</b><p><a href=/{n}>{line}</a></p></li>" for n, line in enumerate(SLUICE[:3])),
    ],
    ids=["one alone", "without times", "a ticker"],
)
def test_what_is_no_live_blog(html):
    assert not find_posts(blocks_of(walk(f"<main>{html}</main>"))).posts.any()
    assert judged(f"<p>{NOTICE}</p>{html}")[NOTICE] == -1


def test_posts_beside_an_article_change_nothing():
    article = "".join(f"<p>{line} {number}</p>" for line in SLUICE for number in range(3))
    assert judged(f"<p>{NOTICE}</p>{article}<aside>{POSTS}</aside>")[NOTICE] == -1


SIGNED = "Two strokes are enough for anybody who is not in a hurry."


def log_odds_of(html: str, given: dict[str, float]) -> dict[str, float]:
    """Log-odds of each text after the rule; `given` has those before it."""
    page = walk(html)
    table = blocks_of(page)
    logits = np.array([given[text] for text in page.texts()])
    return dict(zip(page.texts(), tie_posts(table, logits, table.words + 2.0).tolist(), strict=True))


THREAD = "".join(
    f"<div id=p{n}><div class='post post-{n}'>{line}</div><div class=sig>{SIGNED}</div></div>"
    for n, line in enumerate(SLUICE[:4])
)


def test_a_doubtful_post_stays_with_the_others():
    given = dict(zip(SLUICE[:4], (-3.0, -2.0, -2.0, 1.0), strict=True)) | {SIGNED: 1.0}
    found = log_odds_of(THREAD, given)
    assert all(found[line] < 0 for line in SLUICE[:4])
    assert found[SLUICE[0]] == -3.0
    assert found[SIGNED] == 1.0


def test_posts_that_are_doubtful_on_the_whole_are_left_alone():
    given = dict(zip(SLUICE[:4], (-3.0, 2.0, 2.0, 1.0), strict=True)) | {SIGNED: 1.0}
    assert log_odds_of(THREAD, given) == given


def test_elements_without_a_name_are_no_posts():
    given = dict(zip(SLUICE[:4], (-3.0, -2.0, -2.0, 1.0), strict=True))
    assert log_odds_of("".join(f"<div><div>{line}</div></div>" for line in SLUICE[:4]), given) == given
