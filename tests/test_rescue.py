"""Articles that a page holds out of sight, and pages whose hidden texts stay hidden."""

from __future__ import annotations

import json
import time

import lxml.html
import pytest

from noisefilter import clean_html
from noisefilter.html.rescue import LONGEST_SCRIPT, framework_bodies
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


@pytest.mark.parametrize("sign", ["&#1;", "&#xfffe;"])
def test_a_character_that_a_tree_cannot_hold_costs_no_article(sign):
    record = {"@type": "NewsArticle", "articleBody": STORY.replace("</p>", f"{sign}</p>")}
    assert [line.rstrip("\ufffd") for line in texts(page(json_ld(record)))[-len(SLUICE) :]] == list(SLUICE)


LEXICAL = {"root": {"children": [{"type": "paragraph", "children": [{"text": line}]} for line in SLUICE]}}
EDITOR = [
    {"type": "image", "data": {"text": "Quay"}},
    *({"type": "paragraph", "data": {"text": line}} for line in SLUICE),
]


def data(record: object, wrapper: str = '<script id="__NEXT_DATA__" type="application/json">{}</script>') -> str:
    return wrapper.replace("{}", json.dumps(record).replace("</", "<\\/"))


@pytest.mark.parametrize(
    "hidden",
    [
        data({"props": {"pageProps": {"post": {"title": "Sluice", "html": STORY}}}}),
        data({"props": {"story": {"body": [{"type": "paragraph", "text": line} for line in SLUICE]}}}),
        data({"props": {"story": {"body": [{"type": "publication", "text": line} for line in SLUICE]}}}),
        data({"story": {"blocks": EDITOR}}),
        data({"page": {"articleBody": LEXICAL["root"]["children"]}}),
        data({"page": {"paragraphs": list(SLUICE), "related": {"body": "Other news. " * 9}}}),
        data({"post": {"text": "\n".join(SLUICE)}}, "<script>window.__NUXT__={};</script>"),
        data({"post": {"content_html": STORY}}, "<script>window.__INITIAL_STATE__ = {};(function(){go()})()</script>"),
        data({"Post:1": {"__typename": "Post", "bodyText": "\n".join(SLUICE)}}, "<script>window.__APOLLO_STATE__={}</script>"),
        data({"post": {"body": STORY}}, "<script> window.__PRELOADED_STATE__ = {}</script>"),
    ],
    ids=["Next, HTML", "a list of blocks", "publications", "blocks of an editor", "a tree of an editor", "paragraphs", "Nuxt", "a state",
         "Apollo", "a preloaded state"],
)  # fmt: skip
def test_an_article_that_stands_only_in_the_data_of_a_framework_is_read(hidden):
    assert texts(page(hidden))[-len(SLUICE) :] == list(SLUICE)


@pytest.mark.parametrize("name", ["body", '"bodyHtml"', "'content'"])
def test_an_article_in_an_object_of_a_script_is_read(name):
    script = f"<script>window.__NUXT__=(function(a,b){{return {{data:[{{post:{{title:a,{name}:{json.dumps(STORY)},n:b}}}}]}}}}('Rain',1))</script>"
    assert texts(page(script))[-len(SLUICE) :] == list(SLUICE)


def test_an_article_is_read_of_which_the_page_shows_nothing_but_other_stories():
    story = " ".join(f"{line} It rained." for line in SLUICE)
    shown = (
        f"<p>{' '.join(SLUICE[::-1])[:400].replace(' ', ' by ')}</p>"
        "<ul>" + "<li>Notices of the harbour</li>" * 40 + "</ul>"
    )
    assert texts(page(shown + json_ld({"articleBody": story})))[-1] == story
    later = story[60:]  # the page shows it from its second sentence on
    assert story not in texts(page(f"<p>{later}</p>" + shown + json_ld({"articleBody": story})))


def test_a_text_that_is_named_again_and_again_makes_no_page_larger_than_its_script_may_be():
    record = [{"body": 1}, [2] * 100_000, STORY]
    hidden = f'<script id="__NUXT_DATA__" type="application/json">{json.dumps(record)}</script>'
    (body,) = framework_bodies(lxml.html.document_fromstring(hidden).iter("script"), 200)
    assert sum(map(len, body)) < 2 * LONGEST_SCRIPT


def test_references_in_the_data_of_nuxt_are_resolved():
    lines = [f"<p>{line}</p>" for line in SLUICE]
    record = [["Reactive", 1], {"story": 2}, {"titre": 3, "corps": 4}, "Sluice", [*range(5, 5 + len(lines))], *lines]
    hidden = f'<script id="__NUXT_DATA__" type="application/json">{json.dumps(record)}</script>'
    assert texts(page(hidden))[-len(SLUICE) :] == list(SLUICE)


def test_a_short_body_is_read_only_where_the_page_shows_no_prose():
    body = " ".join(SLUICE[:5])
    assert texts(page(json_ld({"articleBody": body})))[-1] == body
    prose = f"<p>{' '.join(SLUICE[3:])}</p>"
    assert body not in texts(page(prose + json_ld({"articleBody": body})))


def test_an_article_in_dense_characters_needs_half_as_many_of_them():
    lines = [
        f"港の板は{number}年ごとに取り替えられ、費用は町と漁協が半分ずつ負担すると決まっている。" for number in range(6)
    ]
    assert texts(page(json_ld({"articleBody": "\n".join(lines)})))[-6:] == lines
    assert texts(page(json_ld({"articleBody": "\n".join(lines[:2])}))) == texts(page(""))


@pytest.mark.parametrize(
    "around",
    ["\n//<![CDATA[\n{}\n//]]>\n", "<![CDATA[{}]]>", "/*<![CDATA[*/{}/*]]>*/", "<!--\n{}\n-->", "\n<!-- {} //-->\n"],
)
def test_json_ld_may_stand_in_a_comment_or_a_section(around):
    script = f'<script type="application/ld+json">{around.replace("{}", json.dumps({"articleBody": STORY}))}</script>'
    assert texts(page(script))[-len(SLUICE) :] == list(SLUICE)


def test_an_article_shorter_than_the_menus_is_read_if_the_page_shows_no_other_prose():
    menu = (
        "<nav>" + "".join(f"<a href=/{number}>Harbour notices of year {number}</a> " for number in range(60)) + "</nav>"
    )
    assert texts(page(menu + json_ld({"articleBody": STORY})))[-len(SLUICE) :] == list(SLUICE)


@pytest.mark.parametrize(
    "hidden",
    [json_ld({"articleBody": STORY}), data({"post": {"html": STORY}})],
    ids=["JSON-LD", "Next"],
)
def test_an_article_that_the_page_shows_in_lists_is_not_read_twice(hidden):
    shown = page("<ul>" + "".join(f"<li><a href=/x>{sentence}</a></li>" for sentence in SLUICE) + "</ul>")
    assert texts(shown.replace("</body>", f"{hidden}</body>")) == texts(shown)


@pytest.mark.parametrize(
    "hidden",
    [
        data({"posts": [{"title": line, "slug": "a"} for line in SLUICE]}),
        data({"theme": {"text": "rgb(0 0 0) " * 90}}),
        data(["[" * 9000]),
        data({"post": {"image": STORY}}),
        "<script>window.__INITIAL_STATE__ = (function(a){return {body: a}})('Rain')" + " " * 500 + "</script>",
    ],
    ids=["cards", "no prose", "brackets", "another name", "a script"],
)
def test_data_without_an_article_is_left_alone(hidden):
    assert texts(page(hidden)) == texts(page(""))


def test_a_number_too_long_to_read_does_not_hide_the_states_beside_it():
    states = (
        f"window.keys = {json.dumps({'key': 7}).replace('7', '7' * 5000)}; window.post = {json.dumps({'html': STORY})}"
    )
    hidden = states.replace("</", "<\\/")
    assert texts(page(f"<script>{hidden}</script>"))[-len(SLUICE) :] == list(SLUICE)


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


@pytest.mark.parametrize("script", [f"<!--{' ' * 60_000}x", "=[[" * 60_000, "<!--" + "\n" * 60_000 + "=1"])
def test_a_script_of_any_length_is_read_in_good_time(script):
    start = time.process_time()
    texts(page(f"<script>{script}</script><script type='application/ld+json'>{script}\"articleBody\"</script>"))
    assert time.process_time() - start < 2
