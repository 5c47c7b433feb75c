"""What holds for every page, whatever it is: the invariants of the design as properties."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noisefilter import Page, clean_html, extract, score, score_many
from noisefilter.kinds import KINDS, REMOVED_KINDS, TRIMMED_KINDS
from noisefilter.policy import Policy
from tests.fuzz.checks import check_evidence
from tests.making import ARTICLE, HTML_ARTICLE, SLUICE, removed

LINES = (
    *SLUICE,
    "Home", "Share this article", "© 2025 The Quay. All rights reserved.", "Subscribe to our newsletter",
    "Also read: Delia Fonteyn Reveals Wedding Dress Secrets", "In conclusion, sluices matter more than ever in our world.",
    "Buy now and save 40% on all rubber boots at bootshop.example while stocks last!",
    "Experts agree that only time will tell what the future holds for everyone.",
    "The gates were forged in 1911, just as Rico Banderas Drops Surprise Album, by the firm of Brandt.",
    "What is a sluice?", "Key Takeaways", "1. Maud Perrin", "\U0001f327\U0001f327", "\ufeff", "a\x00b", "c\ud800d", "---",
)  # fmt: skip
TAGS = tuple("p div li h1 h2 td a b span pre nav footer aside script br table tr".split())
EXAMPLES = settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
FEW = settings(EXAMPLES, max_examples=8)

plain_texts = st.lists(st.sampled_from(LINES), min_size=1, max_size=16).flatmap(
    lambda lines: st.sampled_from(["\n", "\n\n", " ", "\r\n", "\u2028"]).map(lambda gap: gap.join(lines))
)
arbitrary_texts = st.text(st.characters(exclude_categories=()), max_size=400)
start_tags = st.sampled_from(TAGS).map(
    lambda tag: f'<{tag} class="{"promo box" if len(tag) == 3 else "body"}" href="/x">'
)
end_tags = st.sampled_from(TAGS).map(lambda tag: f"</{tag}>")
soup = st.lists(
    st.one_of(
        st.sampled_from(LINES), start_tags, end_tags, st.sampled_from(["<", ">", "&", "<!--", "-->", "&#0;", '="'])
    ),
    max_size=40,
).map("".join)
whole_pages = st.lists(
    st.tuples(st.sampled_from(["p", "li", "h2", "div", "footer"]), st.sampled_from(LINES)), min_size=4, max_size=16
).map(lambda rows: "<html><body>" + "".join(f"<{tag}>{line}</{tag}>" for tag, line in rows) + "</body></html>")
pages = st.one_of(plain_texts, whole_pages, soup)


@EXAMPLES
@given(pages)
def test_text_and_evidence_agree_on_every_page(page):
    check_evidence(score(page))


def test_text_and_evidence_agree_on_the_corpus(corpus_scores):
    for result in corpus_scores:
        check_evidence(result)


@EXAMPLES
@given(st.one_of(plain_texts, arbitrary_texts))
def test_the_text_of_a_plain_page_is_the_page(page):
    expected = "".join("\ufffd" if sign == "\x00" or 0xD800 <= ord(sign) <= 0xDFFF else sign for sign in page)
    assert score(page, format="text").visible_text == expected


@EXAMPLES
@given(arbitrary_texts)
def test_no_text_is_an_error(page):
    check_evidence(score(page))


@EXAMPLES
@given(st.binary(max_size=600))
def test_no_bytes_are_an_error(page):
    check_evidence(score(page))


@EXAMPLES
@given(soup)
def test_no_soup_is_an_error(page):
    check_evidence(score(page, format="html"))
    assert isinstance(clean_html(page), str)


@EXAMPLES
@given(soup, st.sampled_from(["utf-16", "utf-16-le", "cp1252", "utf-8", "shift_jis", "utf-7", "utf-32-be"]))
def test_no_encoding_is_an_error(page, charset):
    check_evidence(score(page.encode(charset, "replace")))


limits = st.floats(0, 1)


@EXAMPLES
@given(pages, st.sampled_from(list(KINDS)), limits, limits)
def test_raising_a_threshold_never_removes_more(page, name, one, two):
    low, high = sorted((one, two))
    more, less = score(page, thresholds={name: low}), score(page, thresholds={name: high})
    for kinds in (REMOVED_KINDS, KINDS):
        assert removed(less, kinds) <= removed(more, kinds)


@pytest.mark.parametrize("kind", KINDS)
def test_raising_a_threshold_on_the_corpus_never_removes_more(corpus, kind):
    pages = [labelled.page for labelled in corpus[::6]]
    steps = [list(score_many(pages, thresholds={kind: value})) for value in (0.02, 0.4, 0.85, 1.0)]
    for lower, higher in pairwise(steps):
        for more, less in zip(lower, higher, strict=True):
            assert removed(less, KINDS) <= removed(more, KINDS)
    assert any(removed(steps[0][i], {kind}) > removed(steps[-1][i], {kind}) for i in range(len(pages)))


@FEW
@given(st.lists(pages, min_size=2, max_size=6))
def test_a_page_gives_the_same_record_in_any_company(company):
    alone = [score(page).to_dict() for page in company]
    assert [result.to_dict() for result in score_many(company)] == alone
    assert [result.to_dict() for result in score_many(company[::-1])] == alone[::-1]


def test_a_page_of_the_corpus_gives_the_same_record_in_any_company(corpus, corpus_scores):
    for labelled, together in list(zip(corpus, corpus_scores, strict=True))[::3]:
        assert score(labelled.page).to_dict() == together.to_dict()


def test_two_processes_give_the_same_records_as_one(corpus, corpus_scores):
    pages = [*(labelled.page for labelled in corpus[:4]), *(Page(line) for line in LINES * 3)]
    alone = [result.to_dict() for result in score_many(pages)]
    assert len(pages) > 64  # more than two batches, so that both processes have work
    assert [result.to_dict() for result in score_many(pages, jobs=2)] == alone
    assert alone[:4] == [result.to_dict() for result in corpus_scores[:4]]


@EXAMPLES
@given(pages)
def test_extract_takes_out_boilerplate_and_nothing_else(page):
    assert extract(page) == score(page).clean({"boilerplate"})


def test_extract_takes_out_boilerplate_and_nothing_else_on_the_corpus(corpus, corpus_scores):
    for labelled, result in zip(corpus, corpus_scores, strict=True):
        assert extract(labelled.page) == result.clean({"boilerplate"})


@EXAMPLES
@given(pages)
def test_filler_stays_in_the_text(page):
    result = score(page, thresholds={"filler": 0.0})
    assert result.text == score(page, thresholds={"filler": 1.0}).text
    if result.status == "ok":
        assert any(span.kind == "filler" for span in result.spans)


@EXAMPLES
@given(pages)
def test_a_page_is_kept_just_when_nothing_would_be_taken_out(page):
    result = score(page, policy=Policy(1, 1))
    if result.verdict in {"keep", "trim"}:
        assert (result.verdict == "keep") == (not any(span.kind in TRIMMED_KINDS for span in result.spans))


@EXAMPLES
@given(pages, limits, limits)
def test_raising_the_cuts_never_makes_a_verdict_worse(page, one, two):
    low, high = sorted((one, two))
    order = ["keep", "trim", "review", "drop", "unscored"]
    places = [order.index(score(page, policy=Policy(cut, cut)).verdict) for cut in (low, high)]
    assert places[0] >= places[1]


def test_some_made_page_is_scored_so_that_the_properties_mean_something():
    assert score(ARTICLE).status == "ok"
    assert score(HTML_ARTICLE).status == "ok"
