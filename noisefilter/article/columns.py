"""Article → a row: the inputs of the article classifiers, from features and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.sentences.aggregates import FILLER_STEPS, SIGNS, article_rows
from noisefilter.text.cues import cue_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.arrays import Index, Matrix
    from noisefilter.sentences.table import SentenceTable

#: Rarity, in nats, from which a word counts as topic: met in fewer than one article of 400.
TOPIC_IDF = 6.0
#: Stand-ins for names, numbers and topic words: that there is one counts, not which.
NAME, NUMBER, TOPIC = 12, 13, 11
#: Rows that words and pairs of an article are hashed to.
WORD_ROWS = 2**16
#: Features of the article that the classifiers read besides the words; the others gained nothing on held-out
#: collections (docs/decisions/0028-noise-that-carries-over.md and 0052-manufactured-articles.md).
NOISE_MEASURES = (
    "filler",
    *(f"filler_over_{step}" for step in FILLER_STEPS),
    "template_sections",
    "mean_cue_templates",
    *(f"section_{cue.name}" for cue in cue_table("templates").cues),
    *"mean_any_digit mean_digits mean_signs mean_any_name mean_names mean_rarity mean_rarest mean_upper_case".split(),
    *SIGNS,
)
#: Log-odds that the words of an article add: of being thin, and of being manufactured.
WORDINGS = ("wording", "making")
#: Inputs of both classifiers, in order.
INPUTS = (*NOISE_MEASURES, *WORDINGS)


def article_inputs(table: SentenceTable, matrix: Matrix, probabilities: Matrix, arrays: Mapping[str, Matrix]) -> Matrix:
    """Inputs of the article classifiers: features, and log-odds of linear models over the words. (articles, INPUTS)."""
    measures = article_rows(table, matrix, probabilities, NOISE_MEASURES)
    return np.column_stack([measures, manner_log_odds(table, arrays)])


def manner_log_odds(table: SentenceTable, arrays: Mapping[str, Matrix]) -> Matrix:
    """What the words of each article add to the log-odds of each classifier: (articles, WORDINGS)."""
    article, rows, weights = manner_words(table)
    count, added = len(table.sizes), []
    for idf, of_words in zip(arrays["article_words.idf"].T, arrays["article_words.weights"].T, strict=True):
        rare = weights * idf[rows]
        length = np.sqrt(np.bincount(article, rare**2, count))
        added.append(np.bincount(article, rare * of_words[rows], count) / np.maximum(length, 1e-9))
    return np.column_stack(added)


def manner_words(table: SentenceTable) -> tuple[Index, Index, Matrix]:
    """Article, hash row and weight, 1 + log of the count, of the words and pairs that show how it is written.

    Names, numbers and rare words are replaced by stand-ins, so that topic cannot decide.
    """
    tokens, index, owner = table.tokens, table.token_index, table.owner
    inside = np.append(False, owner[1:] == owner[:-1])[: len(owner)]  # a sentence's first word has a capital anyway
    words = tokens.hashes[index].astype(np.int64)
    words[(table.idf >= TOPIC_IDF) & ~tokens.stop[index]] = TOPIC
    words[tokens.title[index] & ~tokens.stop[index] & inside] = NAME
    words[tokens.digit[index]] = NUMBER
    pairs = words[:-1] * 1_000_003 + words[1:] * 7_919
    text = table.article[owner]
    keys = np.concatenate([words * 7_919, pairs[inside[1:]]]) * 0x9E3779B1 >> 7
    rows = np.concatenate([text, text[1:][inside[1:]]]) * WORD_ROWS + keys % WORD_ROWS
    found, counts = np.unique(rows, return_counts=True)
    return found // WORD_ROWS, found % WORD_ROWS, 1 + np.log(counts)
