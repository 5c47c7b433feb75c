"""Elements of one make: cards of other stories, articles below articles, posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from noisefilter.blocks.siblings import find_cards, find_other_articles, tie_siblings
from tests.making import SLUICE, blocks_of, walk

if TYPE_CHECKING:
    from noisefilter.arrays import Flags
    from noisefilter.blocks.table import BlockTable

STORIES = ("Ferry fares to rise again", "Crane for the yard arrives", "Five walks for wet days")
TEASER = "The council heard of it last night and will vote in March."
ARTICLE = "".join(f"<p>{line}</p>" for line in SLUICE) * 3


def cards_like(card: str) -> str:
    """An element with a card of each story."""
    cards = "".join(card.format(n=number, title=title, text=TEASER) for number, title in enumerate(STORIES))
    return f"<main>{ARTICLE}<div>{cards}</div></main>"


def card_texts(html: str) -> set[str]:
    """Texts of the blocks that are of a card."""
    page = walk(html)
    return {text for text, found in zip(page.texts(), cards_of(blocks_of(page)), strict=True) if found}


def cards_of(table: BlockTable, *, sure: bool = True) -> Flags:
    """The cards of a page on which the first network would keep the paragraphs, and the cards only if it is not `sure`."""
    return find_cards(table, np.where(table.prose | (not sure), -1.0, 1.0), sure=sure)


@pytest.mark.parametrize(
    "card",
    [
        "<article><h3><a href=/{n}>{title}</a></h3><p>{text}</p></article>",
        "<li><a href=/{n}>{title}</a><div>{text}</div></li>",
        "<a href=/{n}><h4>{title}</h4><p>{text}</p></a>",
        "<div class=c><div>3 May</div><a href=/{n}>{title}</a><p>{text}</p></div>",
    ],
)
def test_siblings_with_a_linked_headline_are_cards(card):
    found = card_texts(cards_like(card))
    assert {*STORIES, TEASER} <= found
    assert not found & set(SLUICE)


@pytest.mark.parametrize(
    "html",
    [
        "".join(f"<div><h3><a href=#{n}>{title}</a></h3><p>{TEASER}</p></div>" for n, title in enumerate(STORIES)),
        "".join(f"<div><h3>{title}</h3><p>{TEASER}</p></div>" for title in STORIES),
        "".join(f"<div><h3><a href=/{n}>{title}</a></h3>{ARTICLE}</div>" for n, title in enumerate(STORIES)),
        f"<div><h3><a href=/1>{STORIES[0]}</a></h3><p>{TEASER}</p></div>",
        "".join(f"<p><a href=/{n}>{title}</a></p>" for n, title in enumerate(STORIES)),
        "".join(
            f"<div><h3>{title}</h3><p>{TEASER}</p><a href=/{n}>More</a></div>" for n, title in enumerate(STORIES[:2])
        ),
        "".join(f"<div><b>{title}</b><p>{TEASER}</p><button>{title}</button></div>" for title in STORIES),
    ],
    ids=[
        "an index",
        "sections",
        "long sections",
        "one alone",
        "a list of links",
        "two sections with a link",
        "with buttons of their own",
    ],
)
def test_sections_and_lists_are_no_cards(html):
    assert card_texts(f"<main>{ARTICLE}<div>{html}</div></main>") == set()


@pytest.mark.parametrize(
    "card",
    [
        "<div><h3>{title}</h3><p>{text} <a href=/{n}>Read more</a></p></div>",
        "<div><div>{title}</div><p>{text}</p><a href=#{n}>Reply</a></div>",
        "<div><div>{title}</div><p>{text}</p><button>Reply</button></div>",
    ],
)
def test_siblings_with_a_link_each_or_the_same_control_go_on_sure_pages(card):
    found = card_texts(cards_like(card))
    assert set(STORIES) <= found
    assert not found & set(SLUICE)
    table = blocks_of(walk(cards_like(card)))
    assert not cards_of(table, sure=False).any()


def test_cards_between_paragraphs_stay_on_less_sure_pages():
    cards = "".join(f"<li><h3><a href=/{n}>{title}</a></h3><p>{TEASER}</p></li>" for n, title in enumerate(STORIES))
    text = f"<p>{' '.join(SLUICE)}</p>"
    for html, stay in ((f"{text}<ul>{cards}</ul>{text}", True), (f"{text}<ul>{cards}</ul>", False)):
        table = blocks_of(walk(f"<main>{html}</main>"))
        assert cards_of(table).any()
        assert bool(cards_of(table, sure=False).any()) is not stay


MENU = "".join(f"<a href=/{n}>Part {n}</a> " for n in range(9))
INTRO = f"<p>{' '.join(SLUICE[:4])}</p>"


def items(href: str, between: str = "") -> str:
    """Cards with a link each."""
    return between.join(
        f"<div><h3><a href={href}/{n}>{title}</a></h3><p>{TEASER}</p></div>" for n, title in enumerate(STORIES)
    )


@pytest.mark.parametrize(
    ("html", "stay"),
    [
        (f"{INTRO}<div>{items('//shop.example')}</div>{INTRO}", True),
        (f"{INTRO}<div>{items('', INTRO)}</div>{INTRO}", True),
        (f"{INTRO}<div>{items('')}</div>{INTRO}", False),
        (f"{INTRO * 9}<div>{items('//shop.example')}</div>{INTRO * 9}", False),
        (f"{INTRO}<div>{items('//shop.example')}</div>", False),
    ],
    ids=["to other sites", "with paragraphs between them", "of this site", "a small box in a long text", "at the end"],
)
def test_cards_that_an_article_lists_stay(html, stay):
    table = blocks_of(walk(f"<nav>{MENU}</nav><main>{html}</main>"))
    found = find_cards(table, np.full(len(table), -1.0), sure=True)
    texts = [text for text, card in zip(table.page.texts(), found, strict=True) if not card]
    assert (STORIES[0] in texts) is stay


def test_some_cards_in_one_block_are_found():
    links = "".join(f"<a href=/{n}><span>{title} {TEASER}</span></a>" for n, title in enumerate(STORIES))
    assert len(card_texts(f"<main>{ARTICLE}<div>{links}</div></main>")) == 1


def others(html: str, title: str) -> set[str]:
    """Texts of the blocks that are of another article."""
    page = walk(html, title)
    return {text for text, found in zip(page.texts(), find_other_articles(blocks_of(page)), strict=True) if found}


@pytest.mark.parametrize(("tag", "named"), [("article", 1), ("div", 0)])
def test_the_article_that_the_title_names_is_the_one(tag, named):
    html = "".join(f"<{tag}><h1>{title}</h1>{ARTICLE.replace('The', title)}</{tag}>" for title in STORIES)
    found = others(f"<main>{html}</main>", STORIES[named])
    assert set(STORIES) - found == {STORIES[named]}


def test_sections_with_first_level_headings_are_one_article():
    html = "".join(f"<section><h1>{title}</h1>{ARTICLE}</section>" for title in STORIES)
    assert others(f"<main>{html}</main>", STORIES[2]) == set()


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ("".join(f"<article><h3>13.4{n}</h3>{ARTICLE}</article>" for n in range(4)), "Live: the vote on the sluice"),
        (f"<article><h1>{STORIES[0]}</h1></article><article>{ARTICLE}</article>", STORIES[0]),
        ("".join(f"<article><h2>{STORIES[0]}</h2>{ARTICLE}</article>" for _ in range(2)), STORIES[0]),
        (
            "".join(f"<article><h2>{title}</h2>{ARTICLE}</article>" for title in ("Harbour news", "Sport")),
            "Harbour news",
        ),
    ],
    ids=["none is named", "a headline in an article of its own", "both are named", "a section is named"],
)
def test_where_the_title_does_not_choose_all_stay(html, title):
    assert others(f"<main>{html}</main>", title) == set()


PANELS = "".join(f"<li><button>Part {n}</button><p>{line}</p></li>" for n, line in enumerate(SLUICE[:3]))
FACTS = "".join(f"<li>Part {n}: {line.split(' ')[0]}</li>" for n, line in enumerate(SLUICE[:3]))


def after_tying(items: str) -> list[float]:
    """Log-odds after the rule of a paragraph and a list whose third block was doubtful."""
    table = blocks_of(walk(f"<main><p>{SLUICE[3]}</p><ul>{items}</ul></main>"))
    logits = np.where(np.arange(len(table)) == 2, 4.0, -2.0)
    return tie_siblings(table, logits, np.ones(len(table))).tolist()


@pytest.mark.parametrize(
    "items",
    [PANELS, PANELS.replace("button>", "b>").replace("</b>", "?</b>"), FACTS],
    ids=["buttons", "questions", "facts"],
)
def test_panels_and_facts_have_one_fate(items):
    paragraph, *tied = after_tying(items)
    assert paragraph == -2
    assert len(set(tied)) == 1
    assert -2 < tied[0] < 4


@pytest.mark.parametrize(
    "items",
    [PANELS.replace("button>", "b>"), PANELS.replace("</p>", " Rain fell." * 60 + "</p>"), FACTS.replace(":", "")],
    ids=["posts", "long panels", "lines without a label"],
)
def test_other_elements_of_one_make_are_judged_apart(items):
    assert after_tying(items)[2] == 4
