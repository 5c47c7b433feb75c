"""Pages laid out anew: the text is the same, and the truth is right."""

from __future__ import annotations

import random

import lxml.html
import pytest

from noisefilter.blocks.fit import label_blocks
from noisefilter.html.parse import parse_html
from noisefilter.html.walk import split_blocks
from noisefilter.labels import LabelledPage
from noisefilter.learn import layouts
from noisefilter.learn.layouts import LAYOUTS, STORIES, TEXTS, Sheet, varied
from noisefilter.page import read_page
from noisefilter.types import Page
from tests.making import HTML_ARTICLE, SLUICE

OTHERS = [
    (f"Ferry {number} sold to a diver", f"The diver paid {number} crowns for it on a wet Monday in May.")
    for number in range(STORIES)
]
GOLD = "\n".join(SLUICE)


def page(number: int) -> LabelledPage:
    """The article as a labelled page."""
    content = Page(HTML_ARTICLE, title="Board repairs sluice")
    return LabelledPage(f"quay-{number}", content, f"quay{number}.example", "own", main_text=GOLD)


def laid_out(layout: layouts.Layout, seed: int) -> dict[str, int]:
    """Whether each block of the article in a layout is boilerplate, by its text."""
    sheet = Sheet(parse_html(HTML_ARTICLE), GOLD, OTHERS)
    gold = layout(sheet, random.Random(seed))
    html = lxml.html.tostring(sheet.tree, encoding="unicode")
    made = LabelledPage("one", Page(html, title="Board repairs sluice"), "quay.example", "own", main_text=gold)
    blocked = split_blocks(read_page(made.page))
    labels = label_blocks(blocked, made)
    assert labels is not None
    return dict(zip(blocked.texts(), labels.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("layout", sorted(set(LAYOUTS), key=str), ids=lambda layout: layout.__name__)
def test_the_article_stays_the_article(layout, seed):
    found = laid_out(layout, seed)
    kept = [line for line in SLUICE if line in found]
    assert len(kept) == len(SLUICE) or layout is layouts.ask_consent
    assert all(found[line] == 0 for line in kept)
    assert found["© 2025 The Quay. All rights reserved."] == 1


@pytest.mark.parametrize("seed", range(6))
def test_what_is_put_in_is_labelled_as_what_it_is(seed):
    consent = laid_out(layouts.ask_consent, seed)
    assert {consent[button] for button in TEXTS["buttons"] if button in consent} == {1}
    cards = laid_out(layouts.add_cards, seed)
    assert all(label for text, label in cards.items() if text.startswith(("Ferry", "The diver")))
    comments = laid_out(layouts.add_comments, seed)
    assert all(label for text, label in comments.items() if text in {"Reply", *TEXTS["remarks"]})
    facts = laid_out(layouts.add_facts, seed)
    assert not any(label for text, label in facts.items() if text in TEXTS["labels"])
    questions = laid_out(layouts.add_questions, seed)
    assert not any(label for text, label in questions.items() if text.endswith("?"))


def test_articles_are_laid_out_anew_once_there_are_stories():
    pages = [page(number) for number in range(4 * STORIES)]
    made = list(varied(pages))
    assert len(made) == 3 * STORIES
    assert {own.site for own in made} <= {own.site for own in pages}
    assert [own.page.content for own in varied(pages)] == [own.page.content for own in made]
