"""The cleaned page keeps the article's markup and loses what the spans cover."""

from __future__ import annotations

import re
import time

import lxml.html
import pytest

from noisefilter import Page, clean_html, score
from noisefilter.html.cleaning.page import clean_page
from noisefilter.kinds import KINDS, REMOVED_KINDS
from noisefilter.types import Span
from tests.inventory import Inventory
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
    assert tree.find(".//a").get("title") == "Minutes"
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


def test_pictures_go_with_the_boilerplate_that_they_stood_in_and_stay_with_the_article():
    menu = '<nav><a href="/"><img src="/logo.png" alt=""></a> <a href="/news">News</a> <a href="/sport">Sport</a></nav>'
    figure = '<figure><img src="/sluice.jpg" alt="The sluice"></figure>'
    story = "".join(f"<p>{sentence}</p>" for sentence in SLUICE)
    cleaned = clean_html(f"<html><body>{menu}<article>{figure}{story}</article></body></html>")
    assert "/sluice.jpg" in cleaned
    assert "/logo.png" not in cleaned


def body_of(inside: str) -> str:
    """What becomes of markup between two paragraphs of an article."""
    cleaned = clean_html(f"<article><p>{' '.join(SLUICE)}</p>{inside}<p>{SLUICE[0]}</p></article>", kinds=())
    found = re.search(rf"{re.escape(SLUICE[-1])}</p>(.*)<p>{re.escape(SLUICE[0])}</p></article>", cleaned, re.DOTALL)
    assert found is not None, cleaned
    return found[1].strip()


@pytest.mark.parametrize(
    "address",
    [
        "https://ok.example/?q=about:me", "https://ok.example/wiki/Metadata:Core", "/books/javascript:-the-good-parts", "//ok.example/a",
        "HTTPS://ok.example/", "mailto:perrin@quay.example", "tel:+4511223344", "ftp://ok.example/plan.txt", "?javascript:a", "#note",
        "plans/data:1.html", "https://ok.example/a%20b?c=d&amp;e={f}",
    ],
)  # fmt: skip
def test_addresses_stay(address):
    assert body_of(f'<p><a href="{address}">Plan</a></p>') == f'<p><a href="{address}">Plan</a></p>'


@pytest.mark.parametrize(
    "address",
    [
        "javascript:a()",
        " java&#10;script:a()",
        "&#1;JAVASCRIPT:a()",
        "vbscript:a",
        "data:text/html,a",
        "file:///etc/passwd",
        "blob:a",
        "x:y",
    ],
)
@pytest.mark.parametrize("markup", ['<a href="{}">Plan</a>', '<q cite="{}">Plan</q>'])
def test_other_addresses_go_and_their_words_stay(markup, address):
    cleaned = body_of(f"<p>{markup.format(address)}</p>")
    assert Inventory(cleaned).texts == ["Plan"]
    assert all(not attributes for _, attributes in Inventory(cleaned).found)


def test_markup_that_a_reader_needs_stays():
    markup = (
        '<h2 lang="da" dir="ltr" title="Prices">Prices</h2><figure><picture><source srcset="/q.webp 1x, /q2.webp 2x" type="image/webp">'
        '<img src="/q.png" alt="Quay" width="640" height="480"></picture><figcaption>Quay</figcaption></figure>'
        '<table><caption>Dues</caption><thead><tr><th scope="col" colspan="2">Boat</th></tr></thead><tbody><tr><td rowspan="2">Sloop'
        '</td><td>9</td></tr></tbody></table><pre><code class="language-python">if a &lt; b:\n    stay()</code></pre>'
        '<ol start="3" reversed=""><li value="3">Three</li></ol><dl><dt>Quay</dt><dd>Wall</dd></dl><blockquote cite="/minutes"><p>Yes'
        '</p></blockquote><p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby> <time datetime="2025-08-04">4 August</time> '
        'H<sub>2</sub>O <del datetime="2025">nine</del><wbr><ins>ten</ins> <bdo dir="rtl">abc</bdo></p><hr>'
        '<details open=""><summary>More</summary><p>Less</p></details>'
    )  # fmt: skip
    assert body_of(markup) == markup


@pytest.mark.parametrize(
    "attribute",
    [
        "id=top", "name=getElementById", "class='btn ng-init:a()'", "style='position:fixed;inset:0'", "data-bind='text: a()'", "ng-app",
        "ng-init=a()", "x-data", "x-on:click=a()", "@click=a()", ":href=a", "hx-get=/a", "v-html=a", "_='on click a()'", "is=x-a",
        "slot=a", "part=a", "itemprop=a", "contenteditable", "tabindex=1", "accesskey=s", "popover", "background=//t.example/a",
        "attributionsrc=//t.example/a", "ping=//t.example/a", "onclick=a()", "ONCLICK=a()", "aria-label=a", "draggable=true", "hidden=until-found",
    ],
)  # fmt: skip
def test_attributes_that_style_name_or_run_go(attribute):
    assert body_of(f"<h2 {attribute}>Prices</h2>") == "<h2>Prices</h2>"
    assert body_of(f"<p><a href=/a {attribute}>Prices</a></p>") == '<p><a href="/a">Prices</a></p>'


def test_a_link_to_a_new_window_cannot_reach_this_one():
    assert 'target="_blank" rel="noopener"' in body_of("<p><a href=/a target=_blank>Plan</a></p>")
    assert 'rel="nofollow noopener"' in body_of("<p><a href=/a target=_blank rel=nofollow>Plan</a></p>")
    assert "target" not in body_of("<p><a href=/a target=_top>Plan</a></p>")


@pytest.mark.parametrize(
    "markup",
    [
        "<img src={} width=1 height=1>", "<img src={} width='0 '>", "<img src={} height=2.0>", "<img src={} width=01px>",
        "<img src={} width=0%>", "<img src={} width=1 height=600>", "<img src={} style='max-width:1px'>", "<img src={} style='HEIGHT : .5PX'>",
        "<img src={} style='width:calc(1px)'>", "<img src={} style='wid/**/th:/**/0'>", "<img src={} style='width:0!important'>",
        "<img src={} style='opacity:0'>", "<img src={} style='opacity:.01;position:absolute'>", "<img src={} hidden>",
        "<img src={} style='visibility: hidden'>", "<img src={} style='display :none'>", "<img src={} style='position:absolute;left:-9999px'>",
        "<img src={} style='margin:0 0 0 -600em'>", "<img src={} style='transform:scale(0)'>", "<img src={} style='clip:rect(0 0 0 0)'>",
        "<img src={} style='clip-path:inset(50%)'>", "<img srcset='{} 1x' width=1>", "<img data-src={} width=1>", "<image src={} width=1>",
        "<picture><source srcset={}><img width=1 height=1></picture>", "<img src={} class='fb-pixel'>", "<img src={} id=tracker alt=''>",
        "<p style='background:url({})'>{}</p>", "<table background={}><tr><td background={}>a</td></tr></table>", "<hr style='content:url({})'>",
        "<div style='display:none'><img src={}></div>", "<div style='width:0;height:0'><a href=/a><img src={}></a></div>",
        "<div hidden><img src={}></div>", "<p><a href=/a attributionsrc={}>a</a></p>", "<img src=/a.png attributionsrc={}>",
        "<noscript><img src={}></noscript>", "<input type=image src={}>", "<video poster={}></video>", "<bgsound src={}>",
        "<link rel=preload href={}>", "<body background={}>", "<img src=/a.png lowsrc={} longdesc={}>",
        "<img src='data:image/svg+xml,<image href={}>'>",
        "<img src={} style='inline-size:1px'>", "<img src={} style='width:1e-3in'>", "<img src={} style='width:min(1px,9px)'>",
        "<img src={} style='width:1Q;height:.5mm'>", "<img src={} style='zoom:.01'>", "<img src={} style='scale:0'>",
        "<img src={} style='transform:scale(0.001)'>", "<img src={} style='filter:opacity(0)'>", "<img src={} name=pixel>",
        "<img src={} class=trackingPixel>", "<img src={} id=trackingpixel>", "<img src={} class=stats_1x1>", "<img src={} class=web-bug>",
        "<picture><source srcset={} width=1 height=1><img src=/a.png></picture>",
    ],
)  # fmt: skip
def test_pictures_that_count_readers_go(markup):
    address = "//t.example/count"
    assert "t.example" not in body_of(markup.replace("{}", address)).replace(f">{address}<", "")


@pytest.mark.parametrize(
    "attributes",
    [
        "src=/a.png", "src=/a.png alt=Quay width=3 height=3", "src=/a.png width=100%", "src=/a.png style='width:100%;height:auto'",
        "src=/a.png width=1 style='width:100%'", "src=/a.png style='width:0;min-width:100%;height:0;min-height:100%'", "src=/a.png aria-hidden=true",
        "src=/a.png style='opacity:0;transition:opacity 1s'", "src=/a.png style='position:absolute;left:-20px'",
        "src=/a.png class=pixel alt='Pixel art'",
        "src=/a.png class='pixelated pixel9'", "src=/a.png style='transform:scale(.5);filter:opacity(.5)'", "src=/a.png style='scale:1;zoom:1'",
        "src=/a.png style='width:min(40em,100%)'", "src=/a.png style='width:1em;zoom:.01;animation:grow 1s'",
        "src=/a.png class=pixel width=640", "src=/a.png width=0 height=0 data-nimg=1", "data-src=/a.png src='data:image/svg+xml,<svg/>'",
        "src='data:image/png;base64,iVBORw0KGgo='", "src='//ok.example/data:1.png'", "srcset='/a.png 1x, /b.png 2x'",
        "data-srcset='/a.png 640w'", "src=/a.png style='background:url(/b.png);max-width:100%'",
    ],
)  # fmt: skip
def test_pictures_for_readers_stay(attributes):
    ((tag, found),) = Inventory(body_of(f"<img {attributes}>")).found
    assert tag == "img"
    assert (found.get("src") or found.get("srcset") or "").startswith(("/", "data:image/png;"))


@pytest.mark.slow
def test_pictures_in_pictures_are_looked_at_once():
    start = time.process_time()
    clean_html(page_with(("<picture>" * 700 + "<img src=/a.png></picture>" * 700) * 5))
    assert time.process_time() - start < 5


def test_a_picture_in_a_box_that_keeps_its_ratio_stays():
    assert "/a.png" in body_of("<div style='position:relative;height:0;padding-bottom:56%'><img src=/a.png></div>")


REST = "<p>Repairs begin in May and take nine weeks, the engineer said on Tuesday.</p>"


@pytest.mark.parametrize(
    "before",
    [
        "<frameset>", "<image src=x>", "<image src=x width=1>", "<xmp>", "<noembed>", "<plaintext>", "<listing>", "<layer>", "<param name=x>",
        "<noframes>", "<picture>", "<wbr>", "<marquee>", "<blink>", "<x-card>", "<form>", "<fieldset>",
        "<table>", "<table><tr>", "<table><form><tr>", "<caption>", "<td>", "<col>", "<title>", "<nobr>", "<slot>", "<frame>", "<basefont>",
    ],
)  # fmt: skip
def test_nothing_is_lost_behind_an_element(before):
    page = f"<article><p>{' '.join(SLUICE)}</p>{before}{REST * 4}"
    result = score(page, format="html")
    assert squeeze(visible(clean_html(page, kinds=()))) == squeeze(result.visible_text)
    assert result.visible_text.count("Repairs") == 4


@pytest.mark.parametrize(
    "number", [*range(1, 32), 0x7F, 0x85, 0x9B, 0xFDD0, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF], ids=hex
)
def test_a_control_character_never_makes_it_raise(number):
    for sign in (chr(number), f"&#{number};"):
        page = (
            f"<title>Quay {sign} wall</title><meta property=og:title content='Quay {sign} wall'><article lang='{sign}'>"
            f"<p>{' '.join(SLUICE[:4])}</p><p title='{sign}' {sign}=1 on{sign}x=1>Rain{sign}fell, as cats{sign}dance, on <b>{sign}</b>"
            f"<a href='http://a.example/{sign}javascript:a'>us{sign}</a>{sign}</p><table>{sign}a<tr><td>b</table></article>"
        )  # fmt: skip
        cut_by_hand(page, score(page, format="html").visible_text.partition("fell")[2].partition("dance")[0])
        assert squeeze(visible(clean_html(page, kinds=()))) == squeeze(score(page, format="html").visible_text)


def test_a_title_of_the_callers_may_hold_what_cannot_be_written():
    clean_html(page_with(""), title="Quay \x00\x02\ud800 wall").encode()


def test_words_between_the_rows_of_a_table_stay_in_their_place():
    cleaned = body_of(
        "<table>Dues <b>now</b><tr><td>Sloop</td>and<p>pram</p></tr><form><tr><td>9</td></tr></form></table>"
    )
    assert [text.strip() for text in Inventory(cleaned).texts if text.strip()] == [
        "Dues",
        "now",
        "Sloop",
        "and",
        "pram",
        "9",
    ]
    assert not [tag for tag, _ in Inventory(cleaned).found if tag not in {"table", "tbody", "tr", "td", "b", "p"}]


def test_a_cell_that_loses_its_text_keeps_the_others_in_their_column():
    assert "<tr><td></td><td>9</td></tr>" in cut_by_hand(
        "<table><tr><td>Buy boots</td><td>9</td></tr></table>", "Buy boots"
    )


def test_a_class_of_the_page_does_not_reach_the_embedding_page():
    assert body_of("<pre class='modal language-c++ lang-py x'>a</pre>") == '<pre class="language-c++ lang-py">a</pre>'


@pytest.mark.parametrize(
    ("inside", "gone"),
    [
        ("<p hidden>Desk copy</p>", "Desk copy"),
        ("<style>.q{display:none}</style><p class=q>Desk copy <img src=/q.png></p>", "q.png"),
        ("<pre><div>one</div><div>  two</div></pre>", "</div>"),
        ("<tide-box><template shadowrootmode=open><p>Sun</p><slot></slot></template>Wind</tide-box>", "slot"),
        ("<source src=/a.webp>Sun<p>Wind</p>", "<source"),
    ],
    ids=["hidden by itself", "hidden by a rule", "lines of code", "a shadow root", "an open source element"],
)
def test_the_cleaned_page_says_what_the_page_shows(inside, gone):
    page = f"<article><p>{' '.join(SLUICE)}</p>{inside}<p>{SLUICE[0]}</p></article>"
    cleaned = clean_html(page, kinds=())
    assert visible(cleaned) == visible(page)
    assert gone not in cleaned


def test_a_line_after_an_element_in_pre_is_cut_to_the_letter():
    cut_by_hand(f"<p>{SLUICE[0]}</p><pre><b>one</b>\n{SLUICE[1]}\n\n{SLUICE[2]}</pre>", SLUICE[1])
