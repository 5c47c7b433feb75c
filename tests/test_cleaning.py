"""The cleaned page keeps the article's markup and loses what the spans cover."""

from __future__ import annotations

import lxml.html
import pytest

from noisefilter import Page, clean_html, score
from noisefilter.cleaning import clean_page
from noisefilter.types import KINDS, REMOVED_KINDS, Span
from tests.making import HTML_ARTICLE, SLUICE, squeeze, visible, walk

ARTICLE = (
    '<article id="story"><h1>Harbour board votes to repair the sluice</h1>'
    f'<p class="lead">{SLUICE[0]} The <a href="https://board.example/minutes?a=1&amp;b=2" title="Minutes">minutes</a> say '
    f"<em>why</em>.</p><p>{SLUICE[1]}<br>{SLUICE[2]}</p><ul><li>{SLUICE[3]}</li><li><b>{SLUICE[4]}</b></li></ul>"
    '<p><img src="/sluice.jpg" alt="The sluice" width="640"></p>'
    f"<blockquote>{SLUICE[5]}</blockquote></article>"
)


def page_with(inside: str) -> str:
    return f"<!doctype html><html><head><title>Sluice</title></head><body>{ARTICLE}{inside}</body></html>"


def tree_of(page: str, **options):
    return lxml.html.document_fromstring(clean_html(page, **options))


def test_kept_text_keeps_its_elements_and_links():
    tree = tree_of(page_with(""), kinds=set())
    assert [link.get("href") for link in tree.iter("a")] == ["https://board.example/minutes?a=1&b=2"]
    assert [element.tag for element in tree.find(".//article").iterdescendants()] == [
        "h1", "p", "a", "em", "p", "br", "ul", "li", "li", "b", "p", "img", "blockquote",
    ]  # fmt: skip
    assert tree.find(".//article").get("id") == "story"
    assert tree.find(".//p").get("class") == "lead"
    assert tree.find(".//img").get("alt") == "The sluice"


def test_boilerplate_goes_and_the_article_stays():
    cleaned = clean_html(HTML_ARTICLE)
    assert all(line in cleaned for line in SLUICE)
    assert not any(line in cleaned for line in ("All rights reserved", "Privacy Policy", 'href="/sport"'))


@pytest.mark.parametrize(
    ("inside", "gone"),
    [
        ("<script>steal()</script>", "steal"),
        ("<p>Rain<script src='/track.js'></script></p>", "track.js"),
        ('<p onclick="steal()">Rain fell.</p>', "steal"),
        ("<p onmouseover=steal()>Rain fell.</p>", "steal"),
        ('<p><a href="javascript:steal()">Rain</a></p>', "javascript:"),
        ('<p><a href=" JaVa\tScript:steal()">Rain</a></p>', "steal"),
        ("<style>p { background: url(steal.png) }</style>", "steal"),
        ('<iframe src="https://steal.example"></iframe>', "steal"),
        ('<object data="steal.swf"></object>', "steal"),
        ('<svg onload="steal()"><text>Rain</text></svg>', "steal"),
        ('<link rel="stylesheet" href="/steal.css">', "steal"),
        ('<img src="https://steal.example/pixel.gif" width="1" height="1">', "steal"),
        ('<img src="https://steal.example/pixel.gif" style="display:none">', "steal"),
        ('<img src="https://steal.example/pixel.gif" style="width:1px; height:1px">', "steal"),
        ('<p><a href="/rain" ping="https://steal.example/count">Rain</a></p>', "steal"),
        ('<img src="/rain.png" onerror="steal()">', "steal"),
        ('<form action="javascript:steal()"><button formaction="javascript:steal()">Go</button></form>', "steal"),
        ("<!-- steal -->", "steal"),
        ("<noscript><img src=/steal.gif></noscript>", "steal"),
        ('<base href="https://steal.example/">', "steal"),
        ('<meta http-equiv="refresh" content="0;url=https://steal.example">', "steal"),
    ],
)
def test_what_runs_or_tracks_goes(inside, gone):
    for kinds in (frozenset[str](), REMOVED_KINDS):
        cleaned = clean_html(page_with(inside), kinds=kinds)
        assert gone.lower() not in cleaned.lower()
        assert SLUICE[1] in cleaned


def test_the_title_and_the_charset_stay():
    tree = tree_of(page_with(""))
    assert tree.findtext(".//title") == "Harbour board votes to repair the sluice"
    assert tree.find(".//meta").get("charset") == "utf-8"


def test_a_title_cannot_smuggle_markup():
    cleaned = clean_html(page_with(""), title="</title><script>steal()</script>")
    assert "<script>" not in cleaned


@pytest.mark.parametrize(
    "kinds", [REMOVED_KINDS, {"boilerplate"}, set(), set(KINDS)], ids=lambda kinds: "+".join(sorted(kinds))
)
def test_the_text_of_the_cleaned_page_is_the_text_of_the_score(corpus, corpus_scores, kinds):
    wrong = []
    for labelled, result in zip(corpus, corpus_scores, strict=True):
        cleaned = clean_page(labelled.page, result, kinds)
        if squeeze(visible(cleaned)) != squeeze(result.clean(kinds)):
            wrong.append(labelled.id)
    assert wrong == []


def test_cleaning_in_one_call_is_scoring_and_cutting(corpus, corpus_scores):
    for labelled, result in zip(corpus[::8], corpus_scores[::8], strict=True):
        assert clean_html(labelled.page) == clean_page(labelled.page, result, REMOVED_KINDS)


def cut_by_hand(page: str, *passages: str) -> str:
    """The page without some passages, as if a model had found them."""
    result = score(page, format="html")
    text = result.visible_text
    spans = tuple(
        Span(text.index(passage), text.index(passage) + len(passage), "off_topic", 1.0, "by hand")
        for passage in passages
    )
    cut_score = type(result)(
        **{name: getattr(result, name) for name in result.__slots__ if name != "spans"}, spans=spans
    )
    cleaned = clean_page(Page(page, format="html"), cut_score, {"off_topic"})
    assert squeeze(visible(cleaned)) == squeeze(cut_score.clean({"off_topic"}))
    return cleaned


def test_a_clause_goes_and_its_sentence_stays():
    page = "<p>The <b>dam</b>, as <a href='/cats'>Cats Dance</a>, <i>held</i> on Friday.</p>"
    assert "<p>The <b>dam</b> <i>held</i> on Friday.</p>" in cut_by_hand(page, ", as Cats Dance,")


def test_an_element_that_loses_all_its_text_goes():
    cleaned = cut_by_hand("<ul><li>Rain</li><li><a href='/boots'>Buy <b>boots</b></a></li></ul>", "Buy boots")
    assert "<ul><li>Rain</li></ul>" in cleaned


def test_blanks_and_breaks_in_the_source_do_not_shift_the_cut():
    page = "<p>\n   Rain\n\t fell   <b>  on </b>\n Friday, as\n   cats&nbsp;&nbsp; dance,   and\nSunday. </p>"
    assert visible(cut_by_hand(page, ", as cats dance,")) == "Rain fell on Friday and Sunday."


def test_code_keeps_its_blanks():
    cleaned = cut_by_hand("<pre>\nif rain:\n    stay()\n    buy(boots)\n</pre>", "    buy(boots)")
    assert "if rain:\n    stay()" in cleaned


def test_signs_beyond_the_first_plane_do_not_shift_the_cut():
    assert visible(cut_by_hand("<p>🌧🌧 Rain, as cats dance, fell. 🌞</p>", ", as cats dance,")) == "🌧🌧 Rain fell. 🌞"


def test_text_after_a_dropped_element_stays():
    assert visible(cut_by_hand("<div>Rain <p>Buy boots</p> fell</div>", "Buy boots")) == "Rain fell"


@pytest.mark.parametrize("page", [b"%PDF-1.7", "", b"", "<!-- -->"])
def test_what_cannot_be_read_cleans_to_nothing(page):
    assert clean_html(page) == ""


def test_a_plain_text_that_is_passed_as_a_page_of_text_is_not_lost():
    text = "\n\n".join(SLUICE)
    assert squeeze(visible(clean_html(Page(text, format="text"), kinds=set()))) == squeeze(text)


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="advert"):
        clean_html(HTML_ARTICLE, kinds={"advert"})


def test_a_bare_string_is_no_collection_of_kinds():
    with pytest.raises(TypeError, match="collection"):
        clean_html(HTML_ARTICLE, kinds="filler")


def test_a_cleaned_page_can_be_cleaned_again():
    once = clean_html(HTML_ARTICLE, kinds=set())
    assert clean_html(once, kinds=set()) == once
    assert walk(once).texts() == walk(HTML_ARTICLE).texts()


def test_pictures_go_with_the_furniture_that_they_stood_in_and_stay_with_the_article():
    menu = '<nav><a href="/"><img src="/logo.png" alt=""></a> <a href="/news">News</a> <a href="/sport">Sport</a></nav>'
    figure = '<figure><img src="/sluice.jpg" alt="The sluice"></figure>'
    story = "".join(f"<p>{sentence}</p>" for sentence in SLUICE)
    cleaned = clean_html(f"<html><body>{menu}<article>{figure}{story}</article></body></html>")
    assert "/sluice.jpg" in cleaned
    assert "/logo.png" not in cleaned


def test_a_line_after_an_element_in_pre_is_cut_to_the_letter():
    cut_by_hand(f"<p>{SLUICE[0]}</p><pre><b>one</b>\n{SLUICE[1]}\n\n{SLUICE[2]}</pre>", SLUICE[1])
