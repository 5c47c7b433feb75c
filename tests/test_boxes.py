"""Elements that are never the article: consent dialogs, and threads of comments."""

import time

import pytest

from noisefilter.blocks.boxes import find_dialogs, find_threads
from tests.making import SLUICE, blocks_of, walk

ASKS = "We and our 40 partners use cookies. With your consent we process personal data."


def found_in(html: str, *, english: bool) -> list[str]:
    """Texts of the blocks that are of a dialog."""
    page = walk(html)
    found = find_dialogs(page, blocks_of(page).words, english=english)
    return [text for text, is_found in zip(page.texts(), found, strict=True) if is_found]


def dialog_texts(html: str) -> list[str]:
    """The same of an English page."""
    return found_in(html, english=True)


@pytest.mark.parametrize(
    "button", ["<button>Accept all cookies</button>", "<a href=#>Manage options</a>", "<button>I agree</button>"]
)
def test_a_dialog_is_all_that_its_element_holds(button):
    found = dialog_texts(f"<div><h2>Hello</h2><p>{ASKS}</p>{button}</div><main><p>{SLUICE[0]}</p></main>")
    assert found[:2] == ["Hello", ASKS]
    assert SLUICE[0] not in found


PAY = "<p>Lesen Sie weiter und sehen Sie dabei Reklame, oder zahlen Sie im Monat zwei Euro.</p>"
CHOICE = f"<div class=layer><div>{PAY}<button>Weiter</button><button>Zahlen</button></div></div>"
STORY = f"<div><h1>The sluice</h1><p>{SLUICE[0]}</p><p>{SLUICE[1]}</p></div>"


def test_what_stands_beside_the_headline_and_ends_in_several_buttons_is_a_dialog_whatever_it_says():
    for html in (CHOICE + STORY, STORY + CHOICE, f"<div id=root><div>{CHOICE}{STORY}</div></div>"):
        assert found_in(html, english=False) == [PAY[3:-4], "Weiter", "Zahlen"]


LINKS = f"<div class=layer>{PAY}<p><a href=#>Weiter</a> <a href=/abo>Zahlen</a></p></div>"


def test_above_the_headline_links_below_a_text_are_controls_as_well():
    assert found_in(LINKS + STORY, english=False) == [PAY[3:-4], "Weiter Zahlen"]
    assert found_in(STORY + LINKS, english=False) == []
    assert found_in(LINKS.replace(PAY, "<p>Der Bote</p>") + STORY, english=False) == []


@pytest.mark.parametrize(
    "html",
    [
        f"<div>{STORY}</div>{CHOICE}".replace("h1>", "h2>"),
        STORY.replace("</div>", f"{CHOICE}</div>"),
        f"<div><h1>The sluice</h1></div><div><p>{SLUICE[0]}</p><button>Like</button><button>Save</button></div>",
        f"<div><h1>The sluice</h1><p>{SLUICE[0]}</p></div><div><p>{SLUICE[1]}</p><p>{SLUICE[2]}</p><button>Like</button><button>Save</button></div>",
        CHOICE.replace("<button>Zahlen</button>", "") + STORY,
        STORY + CHOICE.replace("</button></div>", f"</button><p>{SLUICE[2]}</p></div>"),
        CHOICE.replace(PAY, PAY * 30) + STORY,
        STORY + CHOICE * 2,
    ],
    ids=[
        "no headline",
        "in its element",
        "the text itself",
        "the rest of the text",
        "one button",
        "a text below",
        "long",
        "two alike",
    ],
)
def test_buttons_alone_make_no_dialog(html):
    assert found_in(html, english=False) == []


@pytest.mark.parametrize(
    ("asks", "button"),
    [
        ("Mit Ihrer Einwilligung speichern unsere Partner Cookies auf Ihrem Gerät.", "Alle akzeptieren"),
        ("Avec votre consentement, nos partenaires utilisent des cookies et des données personnelles.", "Tout refuser"),
        ("Nasi partnerzy przetwarzają dane osobowe, a zgodę możesz wycofać w każdej chwili.", "Zgadzam się"),
        ("Мы и партнёры используем файлы cookie с вашего согласия и обрабатываем персональные данные.", "Принять"),
        ("当社とパートナーは端末に情報を保存します。同意はいつでも撤回できます。", "同意する"),
        ("نستخدم وشركاؤنا ملفات تعريف الارتباط لتخزين المعلومات على جهازك بعد موافقتك.", "قبول الكل"),
    ],
)
def test_a_dialog_in_another_language_is_one_where_its_button_answers(asks, button):
    html = "<div><p>{}</p><button>{}</button></div><main><p>{}</p></main>"
    assert found_in(html.format(asks, button, SLUICE[0]), english=False) == [asks, button]
    assert found_in(html.format(asks, "Mehr – more", SLUICE[0]), english=False) == []
    assert found_in(html.format(asks, button, SLUICE[0]), english=True) == []


@pytest.mark.parametrize(
    "html",
    [
        f"<article><p>{ASKS}</p><p>{SLUICE[0]}</p></article>",  # no button
        f"<article><h2>Cookies</h2><p>{ASKS}</p><p>{ASKS} So the court ruled.</p></article>",  # a heading is none
        f"<div><button>Accept all cookies</button><p>{SLUICE[0]}</p><p>{SLUICE[1]}</p></div>",  # beside an article
        f"<div><button>Subscribe</button><p>{SLUICE[0]}</p></div>",
    ],
)
def test_an_article_that_speaks_of_cookies_is_none(html):
    assert dialog_texts(html) == []


@pytest.mark.parametrize(
    "box",
    [
        "<dialog open>{}</dialog>", "<div role=dialog>{}</div>", "<section class='cookie-banner t1'>{}</section>",
        "<div id=onetrust-consent-sdk><div>{}</div></div>",
    ],
)  # fmt: skip
def test_a_dialog_is_known_by_its_tag_role_or_name_whatever_it_says(box):
    says = "Vi vil gjerne huske hva du leser, og hvor ofte."
    assert dialog_texts(f"{box.format(f'<p>{says}</p>')}<main><p>{SLUICE[0]}</p></main>") == [says]


@pytest.mark.parametrize(
    "box",
    [
        "<div class='has-cookie-banner'><main>{}</main></div>", "<div class='post tag-cookies category-consent'>{}</div>",
        "<div class=cookery>{}</div>", "<div id=consent-page><h1>Consent</h1>{}</div>",
    ],
)  # fmt: skip
def test_the_frame_of_an_article_is_none_by_its_name(box):
    assert dialog_texts(box.format(f"<p>{SLUICE[0]}</p>")) == []


def test_buttons_need_not_speak_of_consent():
    says = ("Cookies and similar technologies serve several purposes.", "You may withdraw your permission at any time.")
    html = "".join(f"<p>{line} There is more of this behind the buttons.</p>" for line in says)
    found = dialog_texts(f"<main><p>{SLUICE[0]}</p></main><div>{html}<button>Refuse</button></div>")
    assert len(found) == 3


def test_letters_whose_small_form_is_longer_move_nothing():
    found = dialog_texts(
        f"<p>{'İ' * 90}</p><div><p>{ASKS}</p><button>Accept all cookies</button></div><p>{SLUICE[0]}</p>"
    )
    assert found == [ASKS, "Accept all cookies"]


@pytest.mark.parametrize(
    "names", ["class=comments", "id=comments", "class='post-comments-area comments-area'", "class=responses"]
)
def test_a_thread_is_known_by_its_name(names):
    page = walk(
        f"<article>{''.join(f'<p>{line}</p>' for line in SLUICE)}</article><div {names}><p>Nice!</p><p>Same here.</p></div>"
    )
    found = find_threads(blocks_of(page))
    assert [text for text, own in zip(page.texts(), found, strict=True) if own] == ["Nice!", "Same here."]


def test_a_page_that_is_a_thread_has_none():
    page = walk(f"<h1>Sluice</h1><div class=comments>{''.join(f'<p>{line}</p>' for line in SLUICE)}</div>")
    assert not find_threads(blocks_of(page)).any()


@pytest.mark.parametrize(
    "open_tag",
    ["<div class=comments><button>Accept all cookies</button>", f"<div><button>I agree</button><p>{ASKS}</p>"],
)
def test_deep_boxes_cost_no_more_than_wide_ones(open_tag):
    def seconds(html: str) -> float:
        page = walk(html)
        table = blocks_of(page)
        started = time.process_time()
        find_dialogs(page, table.words)
        find_threads(table)
        return time.process_time() - started

    count = 900
    deep = min(seconds(open_tag * count + "</div>" * count) for _ in range(3))
    wide = min(seconds((open_tag + "</div>") * count) for _ in range(3))
    assert deep < 5 * wide + 0.05


def test_a_large_dialog_beside_the_article_need_not_speak_of_consent_throughout():
    says = "<p>A maker of boots may wish to be seen in the evening only, by people near one of its shops.</p>" * 5
    button = "<button>I accept</button><button>Details</button>"
    page = "<div><div>{}{}{}</div></div><main><p>" + SLUICE[0] + "</p></main>"
    assert len(dialog_texts(page.format(f"<p>{ASKS}</p>" * 3, says * 1, button))) == 10
    assert len(dialog_texts(page.format(f"<p>{ASKS}</p>" * 3, says * 30, button))) < 10


def test_a_heading_is_no_thread_whatever_its_name():
    page = walk(f"<main><p>{SLUICE[0]}</p><h2 class=comments>Comments of the keeper</h2><p>{SLUICE[1]}</p></main>")
    assert not find_threads(blocks_of(page)).any()
