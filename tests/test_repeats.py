"""Which sentences say again what another one said, and which cite somebody without a name."""

from __future__ import annotations

import numpy as np
import pytest

from noisefilter.article.columns import MADE_SIGNS, MOST_REPEATS, MOST_UNNAMED
from noisefilter.sentences.table import SentenceTable
from tests.making import SLUICE, articles_of, sentences_of, vectors

FACT = "The board of the harbour paid 310 crowns for two rusty gates in March."
RETOLD = "In March the harbour board paid 310 crowns for the two rusty gates."
OTHER = "A ferry captain counted eleven grey seals behind the lighthouse yesterday."


def signs_of(*texts: str) -> dict[str, list[float]]:
    """The signs of some articles, read together."""
    table = SentenceTable(articles_of(list(texts)), vectors())
    return {name: sign(table, np.ones(len(table), dtype=np.bool_)).tolist() for name, sign in MADE_SIGNS.items()}


def test_what_is_said_in_other_words_order_is_said_again_and_what_is_said_first_is_not():
    repeats = sentences_of(f"{FACT}\n\n{OTHER}\n\n{RETOLD}").repeats
    assert repeats.whole.tolist() == [True, True, True]
    assert repeats.again.tolist() == [False, False, True]
    assert not repeats.thrice.any()


def test_what_three_sentences_say_is_said_thrice_by_all_of_them():
    repeats = sentences_of(f"{FACT}\n\n{OTHER}\n\n{RETOLD}\n\n{FACT}").repeats
    assert repeats.thrice.tolist() == [True, False, True, True]


def test_headings_and_labels_are_not_sentences_that_repeat():
    repeats = sentences_of("The two rusty gates of the harbour board\n\n" * 3 + FACT).repeats
    assert repeats.whole.tolist() == [False, False, False, True]
    assert not repeats.again.any()


def test_the_share_of_repeats_has_a_limit():
    assert signs_of("\n\n".join([FACT] * 9)) == {
        "said_again": [MOST_REPEATS],
        "said_thrice": [MOST_REPEATS],
        "unnamed_sources": [0.0],
    }


def test_no_article_repeats_what_another_one_of_the_batch_said():
    together = signs_of(FACT, RETOLD, f"{FACT}\n\n{RETOLD}", "")
    apart = [signs_of(text) for text in (FACT, RETOLD, f"{FACT}\n\n{RETOLD}", "")]
    assert together == {name: [row[name][0] for row in apart] for name in MADE_SIGNS}
    assert together["said_again"][:2] == [0.0, 0.0]
    assert together["said_again"][2] > 0


@pytest.mark.parametrize(
    ("sentence", "counts"),
    [
        ("Analysts say that the mood in the capital has shifted.", True),
        ("According to industry insiders, a deal is within reach.", True),
        ("Analysts at the bank, among them Lise Torp Hagen, say that the mood has shifted.", False),
        ("The board says that the gates will be repaired in May.", False),
    ],
)
def test_a_source_counts_if_the_sentence_names_nobody(sentence, counts):
    assert (signs_of(f"{sentence}\n\n{OTHER}")["unnamed_sources"][0] > 0) == counts


def test_a_text_full_of_unnamed_sources_has_no_more_than_the_limit():
    assert signs_of("Analysts say that prices will change again. " * 40)["unnamed_sources"] == [MOST_UNNAMED]


def test_an_article_of_facts_has_no_signs():
    assert signs_of("\n\n".join(SLUICE)) == {name: [0.0] for name in MADE_SIGNS}
