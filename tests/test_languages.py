"""Pages in any language: how words and sentences are counted, and what is measured without knowing the words."""

from __future__ import annotations

import numpy as np
import pytest

from noisefilter import extract, score
from noisefilter.blocks.columns import OF_LANGUAGE, TEXT_FEATURES, block_matrix
from noisefilter.blocks.judge import page_inputs, word_scores_of
from noisefilter.blocks.page_types import build_types
from noisefilter.blocks.table import block_table
from noisefilter.html.walk import split_lines
from noisefilter.model import load_model, scorer
from noisefilter.text.sentences import split_sentences
from noisefilter.text.tokens import tokenize, word_list
from tests.making import HTML_ARTICLE, SLUICE, blocks_of, vectors, walk

GREEK = "Το συμβούλιο του λιμανιού αποφάσισε την Τρίτη να επισκευάσει τον παλιό φράχτη πριν από τον χειμώνα, είπε η μηχανικός."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop", ["don't", "stop"]),
        ("港口委员会", ["港", "口", "委", "员", "会"]),
        ("船が3隻", ["船", "が", "3", "隻"]),
        ("GPU上で", ["gpu", "上", "で"]),
        ("항구 위원회", ["항구", "위원회"]),
        ("لجنة الميناء", ["لجنة", "الميناء"]),
    ],
)
def test_words_are_what_their_script_makes_of_them(text, words):
    assert word_list(text) == words


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("议会决定关闭。检查发现了腐烂！", 2),
        ("“我们等。”她说。", 2),
        ("क्या हुआ। सब ठीक।", 2),
        ("Rain fell. The dam held.", 2),
    ],
)
def test_sentences_end_as_their_script_ends_them(text, count):
    assert len(split_sentences(split_lines(text))) == count


def test_marks_of_all_scripts_count():
    page = split_lines("议会，决定：关闭。")
    table = blocks_of(page)
    assert [table.signs[name].tolist() for name in ("stop", "comma", "colon")] == [[1.0], [1.0], [1.0]]


def test_words_of_another_language_are_unknown_and_not_zero():
    lines = f"{GREEK}\n\nΜενού\n\n{GREEK}"
    own, other = (blocks_of(split_lines(text)) for text in ("\n\n".join(SLUICE), lines))
    assert own.known.all()
    assert not other.known.any()
    names = TEXT_FEATURES.names
    matrix = block_matrix(other)
    assert not matrix[:, [names.index(name) for name in OF_LANGUAGE if name in names]].any()
    assert (matrix[:, names.index("known_words")] == 0).all()
    assert (block_matrix(own)[:, names.index("known_words")] == 1).all()
    arrays = load_model("fast").wide
    assert not word_scores_of(other, arrays).any()
    assert np.isfinite(page_inputs([other], arrays, build_types(arrays))[0].measures).all()


def test_a_language_that_is_given_is_not_looked_for():
    page = split_lines(GREEK)
    assert block_table(page, tokenize(page.text, vectors()), vectors(), "en").known.all()


def test_trafilatura_is_asked_about_a_page_in_another_language():
    pages = [
        walk("<article>" + "".join(f"<p>{line}</p>" for line in text) + "</article>") for text in (SLUICE, [GREEK] * 4)
    ]
    judged = scorer(load_model("fast")).blocks.judge([blocks_of(page) for page in pages])
    assert [own.is_doubtful for own in judged] == [False, True]


def test_an_article_in_another_language_is_extracted_and_not_judged():
    page = (
        "<nav><a href=/>Μενού</a></nav><article>"
        + "".join(f"<p>{year}: {GREEK}</p>" for year in range(3))
        + "</article><footer>© 2025</footer>"
    )
    found = score(page)
    assert (found.status, found.verdict, found.noise) == ("language", "unscored", None)
    assert GREEK in extract(page)


def test_the_headline_stays_for_who_wants_it():
    headline = "Harbour board votes to repair the sluice"
    assert headline not in extract(HTML_ARTICLE)
    assert extract(HTML_ARTICLE, headline=True).startswith(headline)


def test_a_headline_of_one_word_stays_too_and_not_the_paragraph_that_begins_with_it():
    page = HTML_ARTICLE.replace("<h1>Harbour board votes to repair the sluice</h1>", "<h1>Sluice</h1>", 1)
    page = page.replace("<p>", "<p>The sluice is a gate of oak and iron at the harbour of Brandmoor. ", 1)
    assert "<h1>Sluice</h1>" in page
    assert extract(page, headline=True).startswith("Sluice\n")
