"""A handful of features on blocks and sentences made by hand: their order, not their decimals."""

from __future__ import annotations

import numpy as np
import pytest

from noisefilter.article.columns import read_measures
from noisefilter.blocks.columns import TEXT_FEATURES, block_matrix, vote_matrix
from noisefilter.blocks.context import MARKUP_CONTEXT, TEXT_CONTEXT, block_context
from noisefilter.blocks.markup import MARKUP_FEATURES, VOTE_FEATURES, unseen
from noisefilter.blocks.markup import link_share as block_link_share
from noisefilter.blocks.vote import Vote
from noisefilter.html.tags import Places
from noisefilter.html.walk import BlockedPage, split_lines
from noisefilter.insertions.columns import BURST, INSERTION_COLUMNS, find_bursts, insertion_matrix
from noisefilter.insertions.passages import passage_columns
from noisefilter.insertions.words import token_matrix, token_table
from noisefilter.model import INPUTS
from noisefilter.sentences.aggregates import ARTICLE_FEATURES, article_rows
from noisefilter.sentences.columns import (
    SENTENCE_COLUMNS,
    any_digit,
    context_likeness,
    new_words,
    said_before,
    title_likeness,
)
from noisefilter.sentences.table import Article, SentenceTable
from noisefilter.text.sentences import split_sentences
from noisefilter.text.tokens import Lexicon, neighbour, pair_hashes, sums, tokenize
from noisefilter.types import Block, Link
from tests.making import ARTICLE, HTML_ARTICLE, SLUICE, blocks_of, sentences_of, vectors, walk

REPEAT = "The harbour board voted on Tuesday to repair the old sluice before the winter."
FOREIGN = "Actress Delia Fonteyn wore sequins at her wedding in Las Vegas with singer Rico Banderas."
HOST = (
    "The county pays one third of the repair, while singer Rico Banderas marries actress Delia Fonteyn, the board said."
)

BLOCK_FEATURES = (*TEXT_FEATURES, *MARKUP_FEATURES)


def column(table, name: str):
    return block_matrix(table)[:, [name for name, _ in BLOCK_FEATURES].index(name)]


def row_of(page, name: str):
    """Values of a feature by the text of the block."""
    return dict(zip(page.texts(), column(blocks_of(page), name), strict=True))


def test_matrices_have_a_row_a_thing_and_a_column_a_feature():
    blocks = blocks_of(walk(HTML_ARTICLE))
    sentences = sentences_of(ARTICLE)
    assert block_matrix(blocks).shape == (len(blocks.page.blocks), len(BLOCK_FEATURES))
    assert block_context(blocks, np.zeros(len(blocks))).shape == (len(blocks), len(TEXT_CONTEXT + MARKUP_CONTEXT))
    plain = blocks_of(split_lines(ARTICLE))
    assert block_matrix(plain).shape == (len(plain), len(TEXT_FEATURES))
    assert block_context(plain, np.zeros(len(plain))).shape == (len(plain), len(TEXT_CONTEXT))
    vote = Vote((0.5,) * len(blocks), 1.0)
    assert vote_matrix(blocks, vote).shape == (len(blocks), len(VOTE_FEATURES))
    rows = len(sentences)
    assert rows > 3
    assert sentences.matrix.shape == (rows, len(SENTENCE_COLUMNS))
    assert insertion_matrix(sentences).shape == (rows, len(INSERTION_COLUMNS))
    probabilities = np.zeros((rows, 2))
    assert article_rows(sentences, probabilities).shape == (1, len(ARTICLE_FEATURES))


def test_each_network_of_the_shipped_models_reads_the_columns_that_the_digest_names(model, fast):
    for shipped in (model, fast):
        widths = {
            name.removesuffix(".mean"): len(mean) for name, mean in shipped.arrays.items() if name.endswith(".mean")
        }
        assert widths == {network: len(INPUTS[network]) for network in widths}
        assert {network for network in INPUTS if network not in widths} <= {
            "reader_classes",
            "reader_foreign",
            "reader_page",
        }


def test_names_of_columns_are_unique():
    for names in INPUTS.values():
        assert len(set(names)) == len(names)


def test_what_only_html_has_cannot_be_measured_of_plain_text():
    with pytest.raises(ValueError, match="no markup"):
        unseen(blocks_of(split_lines(ARTICLE)))


@pytest.mark.parametrize("page", [split_lines(ARTICLE), walk(HTML_ARTICLE)], ids=["text", "html"])
def test_no_feature_of_a_block_is_ever_missing(page):
    assert np.isfinite(block_matrix(blocks_of(page))).all()


def test_boilerplate_hangs_off_the_main_container_and_says_something_else():
    page = walk(HTML_ARTICLE)
    menu, story, footer = "Home News Sport", SLUICE[1], "© 2025 The Quay. All rights reserved."
    rise, side, likeness = (row_of(page, name) for name in ("above_main", "before_main", "topic_likeness"))
    assert rise[menu] == rise[footer] > rise[story] == 0
    assert side[menu] > side[story] == 0 > side[footer]
    assert likeness[story] > max(likeness[menu], likeness[footer])


def test_a_copy_echoes_what_stood_before():
    page = walk(f"<p>{SLUICE[0]}</p><p>{SLUICE[1]}</p><div>{SLUICE[0]} More</div>")
    first, second, copy = column(blocks_of(page), "echo")
    assert copy > 0.8 > max(first, second)


def test_blocks_of_the_same_make_are_told_what_the_others_are():
    items = "".join(f'<li class="card"><a href="/{place}">Story {place}</a></li>' for place in range(4))
    page = walk(f'<ul>{items}<li class="card">No link here</li></ul><p>{SLUICE[0]}</p>')
    links = row_of(page, "alike_links")
    assert links["No link here"] > 0.5 > links[SLUICE[0]]


def test_what_was_said_of_the_heading_is_known_below_it():
    page = walk("<h2>Most read</h2><p>One</p><p>Two</p><h2>Weather</h2><p>Rain</p>")
    logits = np.array([5.0, 0.0, 0.0, -5.0, 0.0])
    heading = block_context(blocks_of(page), logits)[:, TEXT_CONTEXT.names.index("log_odds_of_heading")]
    assert heading.tolist() == [5.0, 5.0, 5.0, -5.0, -5.0]


def test_a_menu_is_more_link_than_a_paragraph():
    page = walk('<ul><li><a href="/a">News</a></li></ul><p>Rain fell on <a href="/b">Oberau</a> and on the hills.</p>')
    menu, paragraph = block_link_share(blocks_of(page))
    assert menu == 1.0 > paragraph > 0.0


def test_what_a_style_hides_is_unseen():
    page = walk('<div style="display:none"><p>Cookies</p></div><p>Rain</p>')
    hidden, shown = unseen(blocks_of(page))
    assert hidden > shown


def test_a_sentence_that_says_it_again_was_said_before():
    table = sentences_of("\n".join([*SLUICE, REPEAT]))
    values = said_before(table)
    assert values[0] == 0.0
    assert values.argmax() == len(SLUICE)


def test_a_foreign_sentence_has_new_words():
    at = 3
    table = sentences_of("\n".join([*SLUICE[:at], FOREIGN, *SLUICE[at:]]))
    assert new_words(table).argmax() == at
    assert context_likeness(table).argmin() == at


def test_a_sentence_about_the_title_is_like_it():
    table = sentences_of("\n".join([*SLUICE, FOREIGN]), "Harbour board votes to repair the old sluice")
    values = title_likeness(table)
    assert values.argmax() == 0
    assert values[0] > values[len(SLUICE)]


def test_a_number_is_seen():
    table = sentences_of(f"{SLUICE[2]}\n{SLUICE[1]}")
    assert any_digit(table).tolist() == [1.0, 0.0]


def test_the_burst_finds_the_spliced_run():
    at = 3
    table = sentences_of("\n".join([*SLUICE[:at], HOST, *SLUICE[at:]]))
    strength, start = find_bursts(table, table.foreign)
    assert strength.argmax() == at
    first = int(start[at])
    run = table.token_index[first : first + BURST]
    words = [table.text[a:b] for a, b in zip(table.tokens.start[run], table.tokens.end[run], strict=True)]
    assert {"Rico", "Banderas", "Delia"} <= set(words)


def test_a_headline_in_a_sentence_is_a_run_of_capitals():
    line = "The quay was dry, just as Delia Fonteyn Reveals Wedding Dress Secrets, and stayed so until March."
    table = sentences_of(f"{SLUICE[0]}\n{line}\n{SLUICE[1]}")
    assert insertion_matrix(table)[:, INSERTION_COLUMNS.index("run_words")].argmax() == 1


def test_a_page_is_measured_alike_with_its_links_and_without():
    text = "The board repairs the old sluice. The board met on Tuesday, see Celebrity Wedding Dress Secrets."
    links = Link(22, 32, "/sluice"), Link(text.index("Celebrity"), len(text) - 1, "https://stars.example/wedding")
    linked, bare = (
        BlockedPage(
            text,
            (Block(0, len(text), "p", 0, own),),
            Places([-1], ["p"], [""], [False], [0], [1]),
            "The old sluice",
        )
        for own in (links, ())
    )
    assert insertion_matrix(sentences_of(linked)).tobytes() == insertion_matrix(sentences_of(bare)).tobytes()
    words = [token_table(sentences_of(page), np.arange(2)).base for page in (linked, bare)]
    assert words[0].tobytes() == words[1].tobytes()


def test_sums_are_zero_for_an_empty_range():
    values = np.array([1.0, 2.0, 4.0])
    first, last = np.array([0, 1, 3, 0]), np.array([2, 1, 3, 3])
    assert sums(values, first, last).tolist() == [3.0, 0.0, 0.0, 7.0]


def test_a_neighbour_stands_in_the_same_article():
    values, article = np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1])
    assert neighbour(values, article, 1).tolist() == [2.0, 0.0, 0.0]
    assert neighbour(values, article, -1, -9.0).tolist() == [-9.0, 1.0, -9.0]
    assert neighbour(values, article, 3, -9.0).tolist() == [-9.0] * 3
    assert neighbour(np.array([[1.0, 4.0], [2.0, 5.0]]), article[:2], 1).tolist() == [[2.0, 5.0], [0.0, 0.0]]


def test_tokens_are_slices_of_the_text():
    text = "The Board's 3 gates, UNESCO says – «Öl»_fin’s."
    tokens = tokenize(text, vectors())
    words = [text[a:b] for a, b in zip(tokens.start, tokens.end, strict=True)]
    assert words == ["The", "Board's", "3", "gates", "UNESCO", "says", "Öl", "fin’s"]
    assert tokens.title.tolist() == [True, True, False, False, True, False, True, False]
    assert tokens.upper.tolist() == [False, False, False, False, True, False, False, False]
    assert tokens.digit.tolist() == [False, False, True, False, False, False, False, False]
    assert tokens.stop[0]


def test_all_numbers_are_the_same_word():
    tokens = tokenize("1911 and 2025", vectors())
    assert tokens.hashes[0] == tokens.hashes[2] != tokens.hashes[1]
    assert tokens.ids[0] == tokens.ids[2] == vectors().number_row


def test_pairs_know_their_order():
    one, two = np.array([5, 9], dtype=np.int64), np.array([9, 5], dtype=np.int64)
    assert pair_hashes(one)[1] != pair_hashes(two)[1]


@pytest.mark.parametrize("text", ["…", "Rain", "Rain fell. " * 2])
def test_the_smallest_texts_have_finite_sentence_features(text):
    table = sentences_of(text)
    assert np.isfinite(table.matrix).all()


def test_no_sentences_give_an_empty_matrix():
    assert sentences_of("").matrix.shape == (0, len(SENTENCE_COLUMNS))


def test_what_is_measured_of_an_article_does_not_depend_on_the_others_of_its_batch():
    pages = [
        walk(HTML_ARTICLE), split_lines(ARTICLE), split_lines("Rain fell."), split_lines("\n".join([*SLUICE, REPEAT, HOST])),
        split_lines("\n".join(f"“{line}”" for line in SLUICE), "Board repairs sluice"),
    ]  # fmt: skip
    articles = [Article(page, tokenize(page.text, vectors()), split_sentences(page)) for page in pages]
    together = SentenceTable(articles, vectors())
    alone = [SentenceTable([article], vectors()) for article in articles]

    def measured(table: SentenceTable) -> tuple[np.ndarray, ...]:
        words = token_table(table, np.arange(len(table)))
        doubts = np.round(np.sin(table.words), 3)
        first = np.round(np.cos(words.base[:, 0] * 50), 3)
        return (
            insertion_matrix(table), token_matrix(words, doubts, first), words.hashes,
            passage_columns(words, doubts, first), article_rows(table, table.matrix[:, :2]),
            read_measures(table, table.matrix[:, :2]),
        )  # fmt: skip

    for whole, *parts in zip(measured(together), *(measured(table) for table in alone), strict=True):
        assert whole.tobytes() == np.concatenate(parts).tobytes()


def test_words_met_before_are_read_the_same_again(monkeypatch):
    monkeypatch.setattr(Lexicon, "MOST", 5)  # it starts anew between texts
    words = Lexicon(vectors())
    first = "Boats longer than nine metres cannot enter the harbour".split()
    fresh = [column.copy() for column in words.look_up(first)]
    words.look_up(["UNESCO", "1911", *first])
    for again, once in zip(words.look_up(first), fresh, strict=True):
        assert again.tolist() == once.tolist()
    for number in range(50):
        words.look_up([f"page{number}"])
    assert len(words.known.rows) <= 5
