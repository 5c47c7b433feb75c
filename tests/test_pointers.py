"""Lines that lead elsewhere go, with the headlines below a label; what an article says in such words stays."""

import pytest

import noisefilter
from noisefilter.blocks.pointers import find_pointers
from noisefilter.blocks.table import text_table
from noisefilter.html.walk import split_lines
from noisefilter.text.tokens import tokenize
from tests.making import SLUICE, blocks_of, vectors, walk

HEADLINES = ("Ferry fares to rise again", "ny rail tunnel", "Five walks for wet days")
ARTICLE = "".join(f"<p>{line}</p>" for line in SLUICE)


def in_html(html: str) -> list[str]:
    """Texts of the blocks that point elsewhere, between two copies of an article."""
    page = walk(f"<main>{ARTICLE}{html}{ARTICLE}</main>")
    found = find_pointers(blocks_of(page))
    return [text for text, is_found in zip(page.texts(), found, strict=True) if is_found]


def in_text(*texts: str) -> list[str]:
    """The same of plain texts that share a table."""
    pages = [split_lines("\n\n".join((*SLUICE, text, *SLUICE)), None) for text in texts]
    table = text_table(pages, [tokenize(page.text, vectors()) for page in pages], vectors())
    every = [text for page in pages for text in page.texts()]
    return [text for text, is_found in zip(every, find_pointers(table), strict=True) if is_found]


@pytest.mark.parametrize(
    "label",
    [
        "Read also", "📰 Read Also:", "Related Articles", "TRENDING NOW", "From the archive", "People also search for",
        "Lesen Sie auch:", "À NE PAS MANQUER", "Te puede interesar", "Scelti per te", "VEJA TAMBÉM:", "Читайте также:",
        "Διαβάστε επίσης", "📌 ÇOK OKUNANLAR", "猜你喜欢", "あわせて読みたい",
    ],
)  # fmt: skip
def test_a_label_goes_with_the_list_below_it(label):
    items = "".join(f"<li>{line}</li>" for line in HEADLINES)
    assert in_html(f"<p>{label}</p><ul>{items}</ul>") == [label, *HEADLINES]
    bullets = [f"- {line}" for line in HEADLINES]
    assert in_text("\n".join((label, *bullets))) == [label, *bullets]


def test_lines_without_bullets_go_but_for_a_short_one_that_may_be_a_heading():
    assert in_text("\n\n".join(("Read also", HEADLINES[0] + " in spring", "What comes next"))) == [
        "Read also",
        HEADLINES[0] + " in spring",
    ]
    lines = "".join(f"<p>{line}</p>" for line in HEADLINES)
    assert in_html(f"<p>Read also</p>{lines}<h3>What comes next</h3>") == ["Read also", *HEADLINES[:2]]


@pytest.mark.parametrize(
    "line",
    [
        "Related: Ferry Fares to Rise Again", "READ | Ferry fares to rise again", "WATCH: The bridge comes down",
        "Also on Tidewater: Why the Beds Closed", "Don't miss ⭐ 17 Pets of the Year", "SEE ALSO — Five Ways to Dry Hay",
        "Read more: For more sports news, check out our pages on the league, the cup and the derby",
        "👉 À lire aussi : La marée monte", "Te puede interesar | Los sueldos", "【関連記事】港の朝", "Leia também → O abono",
        "➡ Transfer Rumours LIVE: Who Is In", "Follow us on WhatsApp for more", "Jetzt den Kanal abonnieren",
        "Подпишитесь на наш канал", "We may earn a small commission when you buy", "На правах рекламы",
    ],
)  # fmt: skip
def test_a_line_that_leads_elsewhere_goes(line):
    assert in_html(f"<p>{line}</p>") == [line]
    assert in_text(line) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "Related: the two sisters had not spoken for years.", "Related to this: Hay was dear",
        "Watch: that was all he would say.", "Read more slowly",
        "“Read more: What the Vicar Found”", "Further reading: the noticeboard", "Read the ruling before you sign",
        "What to bring", "Recommended: two coats of oil", "WATCH:", "We were praised by the Care Quality Commission",
        "Cost: 40 euros", "Video of the crash was shown", "See also page 4 of the report",
    ],
)  # fmt: skip
def test_an_authors_words_stay(line):
    assert in_html(f"<p>{line}</p>") == []
    assert in_text(line) == []


@pytest.mark.parametrize(
    "label",
    [
        "What to bring:",
        "Further reading",
        "See also",
        "Also on the bill",
        "Don't miss",
        "Recommended order:",
        "Related games",
        "- Most viewed pages",
    ],
)
def test_an_authors_list_stays(label):
    items = "".join(f"<li>{line}</li>" for line in HEADLINES)
    assert in_html(f"<p>{label}</p><ul>{items}</ul>") == []


def test_sentences_below_a_label_stay():
    assert in_html("<p>Read also</p><p>The ferry was late again.</p>") == []


def test_arrows_in_a_row_are_a_list():
    assert in_html("<p>➡ Close the valve</p><p>➡ Drain the pipe</p>") == []


def test_a_list_ends_with_its_text():
    page = "Related articles"
    first, second = "- Ferry fares to rise again", "- Crane for the yard arrives"
    pages = [split_lines(f"{SLUICE[0]}\n\n{page}\n{first}", None), split_lines(f"{second}\n\n{SLUICE[1]}", None)]
    table = text_table(pages, [tokenize(page.text, vectors()) for page in pages], vectors())
    assert find_pointers(table).tolist() == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("inside", "left"),
    [
        (" (RELATED: Harbour Tolls Rise Again)", ""),
        (" [Read also: Harbour Tolls Rise Again]", ""),
        (" +++ Harbour tolls rise again, see page two +++", ""),
        ("Mayor tells board to wait Harbour tolls rise again MORE", ""),
        (" (read: it was late)", " (read: it was late)"),
        (" (read: AWS)", " (read: AWS)"),
        (" (see the map on page 4)", " (see the map on page 4)"),
    ],
)
def test_a_headline_in_brackets_goes(inside, left):
    text = "\n\n".join((*SLUICE, f"The mayor{inside} resigned on Friday after nine years in office."))
    score = noisefilter.score(text)
    assert f"The mayor{left} resigned on Friday" in score.clean({"boilerplate"})
    assert ("link to another story" in {span.reason for span in score.spans}) == (not left)


def test_a_sentence_that_leads_elsewhere_goes_from_its_paragraph():
    paragraph = "The crane came in May. Don't miss: Harbour Tolls Rise Again. It lifts nine tonnes."
    assert "The crane came in May. It lifts nine tonnes." in noisefilter.extract("\n\n".join((*SLUICE, paragraph)))


def test_nothing_else_is_said_of_what_a_pointer_covers():
    text = "\n\n".join(
        (*SLUICE, "The mayor (RELATED: Spurs Beat Thunder by Nine After a Late Run) resigned on Friday.")
    )
    spans = noisefilter.score(text).spans
    pointer = next(span for span in spans if span.reason == "link to another story")
    assert [span for span in spans if pointer.start <= span.start < pointer.end] == [pointer]
