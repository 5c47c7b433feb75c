"""Articles that a page holds out of sight, and pages whose hidden texts stay hidden."""

from __future__ import annotations

import json

import pytest

from noisefilter import clean_html
from tests.making import SLUICE, texts

SHELL = '<nav><a href="/">Home</a> <a href="/news">News</a></nav><div id="app">Loading …</div>'
STORY = "".join(f"<p>{sentence}</p>" for sentence in SLUICE)


def json_ld(record: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(record)}</script>'


def page(body: str) -> str:
    return f"<html><head><title>Sluice</title></head><body>{SHELL}{body}</body></html>"


def test_an_article_that_stands_only_in_noscript_is_read():
    assert texts(page(f"<noscript>{STORY}</noscript>"))[-len(SLUICE) :] == list(SLUICE)


@pytest.mark.parametrize(
    "record",
    [
        {"@type": "NewsArticle", "articleBody": "\n\n".join(SLUICE)},
        {"@graph": [{"@type": "WebSite"}, {"@type": "Article", "articleBody": "\n".join(SLUICE)}]},
        [{"@type": "DiscussionForumPosting", "text": "\n".join(SLUICE)}],
        {"@type": "NewsArticle", "articleBody": STORY},
    ],
    ids=["an article", "in a graph", "a posting", "as HTML"],
)
def test_an_article_that_stands_only_in_json_ld_is_read(record):
    assert texts(page(json_ld(record)))[-len(SLUICE) :] == list(SLUICE)


def test_line_breaks_inside_json_strings_are_forgiven():
    script = json_ld({"articleBody": "|".join(SLUICE)}).replace("|", "\n")
    assert texts(page(script))[-1] == SLUICE[-1]


@pytest.mark.parametrize(
    "hidden",
    [
        f"<noscript>{STORY}</noscript>",
        json_ld({"articleBody": " ".join(SLUICE)}),
    ],
    ids=["noscript", "JSON-LD"],
)
def test_a_page_that_shows_its_article_is_left_as_it_is(hidden):
    shown = page(f"<main>{STORY}<p>And one more line.</p></main>")
    assert texts(shown.replace("</main>", f"</main>{hidden}")) == texts(shown)


@pytest.mark.parametrize(
    "hidden",
    [
        "<noscript>Please turn on JavaScript to read on.</noscript>",
        json_ld({"articleBody": SLUICE[0]}),
        '<script type="application/ld+json">{"articleBody": "broken</script>',
        f'<script type="application/ld+json">{"[" * 5000}</script>',
        f"<script>{json.dumps({'articleBody': ' '.join(SLUICE)})}</script>",
    ],
    ids=["a notice", "a teaser", "broken JSON", "deep JSON", "another script"],
)
def test_a_shell_without_an_article_stays_a_shell(hidden):
    assert texts(page(hidden)) == texts(page(""))


def test_the_rescued_article_is_in_the_cleaned_page_too():
    for hidden in (f"<noscript>{STORY}</noscript>", json_ld({"articleBody": "\n".join(SLUICE)})):
        cleaned = clean_html(page(hidden), kinds=set())
        assert all(sentence in cleaned for sentence in SLUICE)


@pytest.mark.parametrize("sign", ["\x00", "\x01", "\x0b", "\x1b", "\ud800", "\ufffe", "\uffff"], ids=ascii)
def test_a_rescued_article_may_hold_signs_that_a_tree_does_not(sign):
    for body in (
        "\n".join((*SLUICE, f"Rain{sign}fell.")),
        "".join(f"<p>{line}</p>" for line in (*SLUICE, f"Rain{sign}fell.")),
    ):
        hidden = json_ld({"articleBody": body})
        assert texts(page(hidden))[-1] == "Rain\ufffdfell."
        assert "Rain\ufffdfell." in clean_html(page(hidden), kinds=set())
