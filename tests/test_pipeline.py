"""From page to score: statuses, arguments, and what the evidence of the corpus says."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

import pytest

import noisefilter
from noisefilter import Page, batches, extract, score, score_many
from noisefilter.page import MAX_BLOCKS, MAX_TEXT
from noisefilter.policy import Policy
from tests.making import ARTICLE, HTML_ARTICLE, SLUICE, article_with, read_cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noisefilter import Score, Sentence
    from noisefilter.labels import LabelledPage

GERMAN = (
    "Der Gemeinderat von Oberau hat am Dienstag beschlossen, die alte Brücke über den Mühlbach bis zum Herbst zu sperren. "
    "Ein Gutachten hatte ergeben, dass zwei der sechs Pfeiler unterspült sind und die Last schwerer Wagen nicht mehr tragen. "
    "Die Anwohner müssen bis dahin einen Umweg von vier Kilometern fahren, sagte die Bürgermeisterin."
)
SPANISH = (
    "El ayuntamiento de Vallehondo aprobó el martes el cierre del puente viejo hasta el otoño, después de que un informe "
    "señalara daños graves en dos de los seis pilares. Los vecinos tendrán que dar un rodeo de cuatro kilómetros, explicó la "
    "alcaldesa, que prometió además un autobús gratuito para los alumnos de la escuela."
)
NUMBERS = ("noise", "filler", "off_topic", "boilerplate")


def numbers(result: Score) -> list[float | None]:
    return [getattr(result, name) for name in NUMBERS]


@pytest.mark.parametrize(("text", "language"), [(GERMAN, "de"), (SPANISH, "es")], ids=["German", "Spanish"])
def test_an_article_in_a_language_that_is_not_judged_is_still_extracted(text, language):
    page = HTML_ARTICLE.replace("".join(f"<p>{line}</p>" for line in SLUICE), f"<p>{text}</p>")
    result = score(page)
    assert (result.status, result.verdict, result.language) == ("language", "unscored", language)
    assert numbers(result) == [None] * 4
    assert text in result.text
    assert "Privacy Policy" not in result.text


def test_a_language_that_is_given_is_not_guessed():
    assert score(GERMAN).language == "de"
    result = score(GERMAN, language="en")
    assert result.language == "en"
    assert result.status != "language"
    result = score(ARTICLE, language="nl")
    assert (result.status, result.language) == ("language", "nl")


@pytest.mark.parametrize("tag", ["EN", "en-US", "en_GB"])
def test_a_language_may_have_a_region_as_pages_declare_it(tag):
    result = score(HTML_ARTICLE, language=tag)
    assert (result.status, result.noise) == ("ok", score(HTML_ARTICLE, language="en").noise)


SHOP = (
    '<html><head><title>Shop</title></head><body class="product-page"><nav><a href="/">Home</a> <a href="/cart">Cart</a></nav>'
    '<div class="product-detail" itemtype="https://schema.org/Product"><h1>Rain boots, green</h1><span class="price">$49.90</span>'
    '<form class="add-to-cart"><button>Add to cart</button></form><div class="product-description"><p>These boots keep your '
    "feet dry on wet days. The sole has a deep tread, the lining is cotton, and the shaft is 32 cm high.</p><ul>"
    "<li>Material: natural rubber</li><li>Sizes: 36 to 47</li><li>Free shipping over $60</li></ul></div>"
    '<div class="reviews"><h2>Customer reviews</h2><p>5 out of 5 stars. Bought them for my son, they fit well.</p></div></div>'
    '<div class="related-products"><h2>You may also like</h2>'
    + "".join(
        f'<div class="product-card"><a href="/p{n}">Boot {n}</a><span class="price">${n}9.90</span><button>Add to cart</button></div>'
        for n in range(1, 9)
    )
    + '</div><footer><a href="/terms">Terms</a></footer></body></html>'
)


def test_a_page_has_a_type_and_a_plain_text_has_none():
    assert score(HTML_ARTICLE).page_type == "article"
    assert score(SHOP).page_type in {"product", "collection", "listing"}  # what sells
    assert score(ARTICLE).page_type is None


def test_what_is_surely_no_article_is_not_judged_and_still_extracted():
    result = score(SHOP, thresholds={"not_article": 0.5})
    assert (result.status, result.verdict) == ("not_article", "unscored")
    assert numbers(result) == [None] * 4
    assert "natural rubber" in result.text
    assert score(SHOP, thresholds={"not_article": 1.0}).status == "ok"


def test_what_is_hardly_an_article_is_looked_at_and_never_dropped():
    assert score(SHOP, thresholds={"not_article": 1.0}, policy=Policy(0, 0)).verdict == "review"
    assert score(HTML_ARTICLE, policy=Policy(0, 0)).verdict == "drop"


def test_of_a_page_that_is_too_large_nothing_is_extracted():
    menu = "".join(f"<li><a href=/{number}>Gate {number}</a></li>" for number in range(MAX_BLOCKS + 1))
    for page in (HTML_ARTICLE.replace("<nav>", f"<nav><ul>{menu}</ul>"), "x" * (MAX_TEXT + 1)):
        assert score(page).status == "too_large"
        assert extract(page) == ""


def test_english_is_judged():
    result = score(HTML_ARTICLE)
    assert (result.status, result.language) == ("ok", "en")
    assert all(isinstance(number, float) for number in numbers(result))


def test_an_article_of_a_few_words_is_too_short_and_keeps_its_text():
    result = score(SLUICE[0])
    assert (result.status, result.verdict, numbers(result)) == ("too_short", "unscored", [None] * 4)
    assert result.visible_text == SLUICE[0]


def test_a_page_that_is_nothing_but_a_menu_is_too_short():
    links = "".join(
        f'<li><a href="/{name}">{name} and more {name}</a></li>' for name in "news sport culture weather".split() * 4
    )
    assert score(f"<html><body><nav><ul>{links}</ul></nav></body></html>").status == "too_short"


def test_boilerplate_is_told_from_the_article():
    result = score(HTML_ARTICLE)
    assert all(line in result.text for line in SLUICE)
    assert not any(line in result.text for line in ("Home News Sport", "All rights reserved", "Privacy Policy"))
    assert result.boilerplate is not None
    assert 0 < result.boilerplate < 0.5


def test_url_and_title_are_copied():
    result = score(HTML_ARTICLE, url="https://quay.example/1", title="A title of my own")
    assert (result.url, result.title) == ("https://quay.example/1", "A title of my own")


def test_the_title_is_read_from_the_page():
    assert score(HTML_ARTICLE).title == "Harbour board votes to repair the sluice"


def test_an_unreadable_page_still_says_where_it_came_from():
    result = score(b"", url="https://quay.example/1", title="Gone")
    assert (result.status, result.url, result.title) == ("empty", "https://quay.example/1", "Gone")


def test_a_page_object_keeps_its_format_and_takes_no_other_url():
    page = Page(HTML_ARTICLE, url="https://own.example", title="Own title", format="text")
    assert score(page, url="https://own.example", format="html").visible_text == HTML_ARTICLE
    with pytest.raises(ValueError, match="url is given twice"):
        score(page, url="https://other.example")


def test_keyword_arguments_fill_what_a_page_object_leaves_open():
    result = score(Page(ARTICLE), url="https://other.example", title="Other title")
    assert (result.url, result.title) == ("https://other.example", "Other title")


def test_a_score_names_its_model(model):
    result = score(ARTICLE)
    assert result.model == model.label
    assert model.name in result.model
    assert score(ARTICLE, model=model).to_dict() == result.to_dict()


@pytest.mark.parametrize(
    "page", [bytearray(HTML_ARTICLE.encode()), memoryview(HTML_ARTICLE.encode())], ids=["bytearray", "view"]
)
def test_other_kinds_of_bytes_are_bytes(page):
    assert score(page).to_dict() == score(HTML_ARTICLE.encode()).to_dict()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"format": "pdf"}, ValueError),
        ({"thresholds": {"advert": 0.5}}, ValueError),
        ({"thresholds": {"filler": 1.5}}, ValueError),
        ({"thresholds": {"filler": -0.1}}, ValueError),
        ({"thresholds": {"filler": float("nan")}}, ValueError),
        ({"thresholds": {"filler": "high"}}, TypeError),
        ({"colour": "red"}, TypeError),
    ],
    ids=str,
)
def test_wrong_arguments_are_errors(arguments, error):
    with pytest.raises(error):
        score(ARTICLE, **arguments)


def test_wrong_arguments_of_many_are_errors_before_the_first_page():
    for arguments in ({"jobs": 0}, {"jobs": -2}, {"thresholds": {"advert": 0.5}}):
        with pytest.raises(ValueError, match=r"jobs|advert"):
            score_many([ARTICLE], **arguments)


@pytest.mark.parametrize("jobs", ["2", 1.5, None])
def test_a_number_of_jobs_that_is_no_integer_is_a_type_error(jobs):
    with pytest.raises(TypeError, match=f"jobs must be an integer, not {type(jobs).__name__}"):
        score_many([ARTICLE], jobs=jobs)


def test_a_page_object_with_a_format_that_is_none_is_an_error():
    with pytest.raises(ValueError, match="pdf"):
        score(Page(ARTICLE, format="pdf"))  # type: ignore[arg-type]


def test_a_page_object_without_content_is_a_type_error():
    with pytest.raises(TypeError, match="NoneType"):
        score(Page(None))  # type: ignore[arg-type]


def test_one_text_is_not_many_pages():
    with pytest.raises(TypeError):
        list(score_many(ARTICLE))


def test_many_pages_are_read_as_scores_are_taken():
    taken: list[int] = []

    def pages() -> Iterator[str]:
        for number in range(1000):
            taken.append(number)
            yield SLUICE[0]

    first = next(iter(score_many(pages())))
    assert first.status == "too_short"
    assert len(taken) < 100


def test_a_batch_is_full_by_what_its_pages_hold(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batches, "BATCH_CONTENT", 3 * len(SLUICE[0]))
    taken: list[int] = []

    def pages() -> Iterator[str]:
        for number in range(8):
            taken.append(number)
            yield SLUICE[0]

    scores = score_many(pages())
    next(scores)
    assert len(taken) == 3
    assert len(list(scores)) == 7


def test_no_pages_give_no_scores():
    assert list(score_many([])) == []


def test_scores_come_in_the_order_of_their_pages():
    pages = [Page(SLUICE[number % 6], url=f"https://quay.example/{number}") for number in range(70)]
    assert [result.url for result in score_many(pages)] == [page.url for page in pages]


def test_a_threshold_of_zero_calls_every_sentence_filler_and_one_of_one_calls_none():
    everything, nothing = (score(ARTICLE, thresholds={"filler": value}) for value in (0.0, 1.0))
    assert len([span for span in everything.spans if span.kind == "filler"]) == len(SLUICE)
    assert [span for span in nothing.spans if span.kind == "filler"] == []


def test_thresholds_of_the_model_are_the_default(model):
    assert score(HTML_ARTICLE, thresholds=model.thresholds).to_dict() == score(HTML_ARTICLE).to_dict()


def test_a_policy_decides_the_verdict_and_nothing_else():
    records = [score(ARTICLE, policy=policy).to_dict() for policy in (Policy(0, 0), Policy(0, 1), Policy(1, 1))]
    dropped, reviewed, kept = (record.pop("verdict") for record in records)
    assert (dropped, reviewed) == ("drop", "review")
    assert kept in {"keep", "trim"}
    assert records[0] == records[1] == records[2]


def test_numbers_do_not_depend_on_where_spans_are_cut():
    low, high = (score(ARTICLE, thresholds={"filler": value, "off_topic": value}) for value in (0.1, 0.9))
    assert numbers(low) == numbers(high)
    assert low.sentences == high.sentences


@pytest.mark.parametrize("case", read_cases("boilerplate"), ids=lambda case: case["name"])
def test_boilerplate_is_found_beside_the_article_around_it(case):
    body = "".join(f"<p>{line}</p>" for line in SLUICE)
    result = score(
        f"<html><body>{case.get('before', '')}<article>{body}</article>{case.get('after', '')}</body></html>"
    )
    boilerplate = _sentence(result, case["boilerplate"]).boilerplate
    assert boilerplate > max(_sentence(result, line).boilerplate for line in SLUICE[1:5])


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            marks=[pytest.mark.xfail(reason=case["known_failure"], strict=True)] if "known_failure" in case else [],
        )
        for case in read_cases("off_topic")
    ],
    ids=lambda case: case["name"],
)
def test_a_spliced_headline_is_more_off_topic_than_its_neighbours(case):
    result = score(article_with(case["sentence"]), title="Harbour board votes to repair the sluice")
    assert result.status == "ok"
    spliced = _sentence(result, case["sentence"]).off_topic
    neighbours = [_sentence(result, line).off_topic for line in SLUICE]
    assert spliced > mean(neighbours)
    assert spliced > max(neighbours[3:5])


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            marks=[pytest.mark.xfail(reason=case["known_failure"], strict=True)] if "known_failure" in case else [],
        )
        for case in read_cases("off_topic_untouched")
    ],
    ids=lambda case: case["name"],
)
def test_nothing_is_cut_as_off_topic_from_an_article_that_nobody_touched(case):
    paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in case["paragraphs"])
    result = score(f"<html><body><article><h1>{case['title']}</h1>{paragraphs}</article></body></html>")
    assert result.status == "ok"
    assert [result.quote(span) for span in result.spans if span.kind == "off_topic"] == []


@pytest.mark.parametrize("case", read_cases("filler"), ids=lambda case: case["name"])
def test_a_sentence_that_says_nothing_is_more_filler_than_facts(case):
    result = score(article_with(case["sentence"]))
    assert _sentence(result, case["sentence"]).filler > mean(_sentence(result, line).filler for line in SLUICE)


@pytest.mark.parametrize("case", read_cases("promotion"), ids=lambda case: case["name"])
def test_a_sentence_that_sells_is_more_promotion_than_facts(case):
    result = score(article_with(case["sentence"]))
    assert _sentence(result, case["sentence"]).promotion > max(_sentence(result, line).promotion for line in SLUICE)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[pytest.mark.xfail(reason=case["known_failure"])] if "known_failure" in case else [])
        for case in read_cases("clean")
    ],
    ids=lambda case: case["name"],
)
def test_an_honest_article_survives(case):
    result = score(case["text"])
    assert result.status == "ok"
    assert result.verdict != "drop"
    kept = len("".join(result.text.split())) / len("".join(case["text"].split()))
    assert kept > 0.9


def _sentence(result: Score, text: str) -> Sentence:
    """The sentence of a score that holds the start of a text."""
    start = result.visible_text.index(text)
    return next(one for one in result.sentences if one.start <= start < one.end)


def _scored(corpus, corpus_scores, prefix: str) -> list[tuple[LabelledPage, Score]]:
    pairs = zip(corpus, corpus_scores, strict=True)
    return [(page, result) for page, result in pairs if page.id.startswith(prefix) and result.status == "ok"]


def _numbers(corpus, corpus_scores, prefix: str, name: str) -> list[float]:
    return [getattr(result, name) for _, result in _scored(corpus, corpus_scores, prefix)]


def test_nearly_all_pages_of_the_corpus_are_scored(corpus_scores):
    assert sum(result.status == "ok" for result in corpus_scores) >= len(corpus_scores) - 1


def test_farms_have_more_noise_than_honest_pages(corpus, corpus_scores):
    farms = _numbers(corpus, corpus_scores, "farm", "noise")
    clean = _numbers(corpus, corpus_scores, "clean", "noise")
    assert mean(farms) > 2 * mean(clean)
    assert sorted(farms)[len(farms) // 2] > max(sorted(clean)[: len(clean) * 3 // 4])


def test_farms_have_more_filler_than_honest_pages(corpus, corpus_scores):
    farms = _numbers(corpus, corpus_scores, "farm", "filler")
    clean = _numbers(corpus, corpus_scores, "clean", "filler")
    assert mean(farms) > 2 * mean(clean)


def test_no_honest_page_of_the_corpus_is_dropped(corpus, corpus_scores):
    assert [page.id for page, result in _scored(corpus, corpus_scores, "clean") if result.verdict == "drop"] == []


def _by_label(page: LabelledPage, result: Score, kind: str) -> tuple[list[float], list[float]]:
    """Probabilities of the sentences that a reader gave the kind, and of those that no label touches."""
    labelled, free = [], []
    for sentence in result.sentences:
        touching = {span.kind for span in page.spans or () if span.start < sentence.end and sentence.start < span.end}
        if kind in touching:
            labelled.append(getattr(sentence, kind))
        elif not touching:
            free.append(getattr(sentence, kind))
    return labelled, free


def test_labelled_insertions_rank_above_the_sentences_of_their_page(corpus, corpus_scores):
    above = []
    for page, result in _scored(corpus, corpus_scores, "farm"):
        labelled, free = _by_label(page, result, "off_topic")
        above.append(mean(labelled) > mean(free))
    assert len(above) >= 10
    assert all(above)


@pytest.mark.parametrize("kind", ["filler", "promotion", "boilerplate"])
def test_labelled_sentences_rank_above_the_others(corpus, corpus_scores, kind):
    labelled: list[float] = []
    free: list[float] = []
    for page, result in [*_scored(corpus, corpus_scores, "farm"), *_scored(corpus, corpus_scores, "clean")]:
        for target, values in zip((labelled, free), _by_label(page, result, kind), strict=True):
            target.extend(values)
    assert mean(labelled) > 2 * mean(free)


def test_every_span_says_why(corpus_scores):
    reasons = {span.reason for result in corpus_scores for span in result.spans if span.kind == "boilerplate"}
    assert all(span.reason.strip() for result in corpus_scores for span in result.spans)
    assert len(reasons) > 5
    assert reasons > {"navigation"}


def test_the_front_door_is_the_module_itself():
    assert noisefilter.score is score
    assert set(noisefilter.__all__) >= {"score", "score_many", "extract", "clean_html", "load", "Page", "Score", "Span"}
    with pytest.raises(AttributeError, match="horoscope"):
        _ = noisefilter.horoscope
