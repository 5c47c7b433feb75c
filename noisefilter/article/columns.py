"""Article → a row: the inputs of the article classifiers, from features and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.columns import side_by_side
from noisefilter.sentences.aggregates import FILLER_STEPS, template_sections, word_shares
from noisefilter.text.cues import cue_table
from noisefilter.text.tokens import begins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.arrays import Column, Flags, Index, Matrix
    from noisefilter.sentences.table import SentenceTable

#: Rarity, in nats, from which a word counts as topic: met in fewer than one article of 400.
TOPIC_IDF = 6.0
#: Stand-ins for names, numbers and topic words: that there is one counts, not which.
NAME, NUMBER, TOPIC = 12, 13, 11
#: Rows that words and pairs of an article are hashed to.
WORD_ROWS = 2**16
#: Repeats, and sources in 1,000 words, beyond which more say nothing more: lists of terms repeat everything.
MOST_REPEATS, MOST_UNNAMED = 0.2, 5.0
#: Words of a short article count as so many, so that one source is not a habit.
FEW_WORDS = 300


def _repeated(table: SentenceTable, flags: Flags, kept: Flags) -> Column:
    """Share of each article's words in whole sentences that are flagged, at most `MOST_REPEATS`; of the kept ones."""
    words = table.words * table.repeats.whole * kept
    return np.minimum(table.totals(words * flags) / np.maximum(table.totals(words), 1), MOST_REPEATS)


def said_again(table: SentenceTable, kept: Flags) -> Column:
    """The share that says again what others said before."""
    return _repeated(table, table.repeats.again, kept)


def said_thrice(table: SentenceTable, kept: Flags) -> Column:
    """The share that says what two others say."""
    return _repeated(table, table.repeats.thrice, kept)


def unnamed_sources(table: SentenceTable, kept: Flags) -> Column:
    """Sentences in 1,000 words that cite somebody without a name, at most `MOST_UNNAMED`; of the kept ones."""
    rate = 1000 * table.totals(_unnamed(table) & kept) / np.maximum(table.totals(table.words * kept), FEW_WORDS)
    return np.minimum(rate, MOST_UNNAMED)


def _unnamed(table: SentenceTable) -> Flags:
    """Whether each sentence cites somebody and names nobody: no two words with a capital stand side by side."""
    capital, owner = table.inner_capital[table.token_index], table.owner
    together = capital[1:] & capital[:-1] & (owner[1:] == owner[:-1])
    named = np.bincount(owner[1:][together], minlength=len(table)) > 0
    return np.asarray((table.cues["sources"] >= 0) & ~named)


#: Signs that an article is manufactured: functions of a table and of the sentences that count.
MADE_SIGNS = {sign.__name__: sign for sign in (said_again, said_thrice, unnamed_sources)}
#: Features of the article that the classifiers read besides the words; the others gained nothing on held-out
#: collections (docs/decisions/0028-noise-that-carries-over.md and 0052-manufactured-articles.md).
NOISE_MEASURES = (
    "filler",
    *(f"filler_over_{step}" for step in FILLER_STEPS),
    "template_sections",
    "mean_cue_templates",
    *(f"section_{cue.name}" for cue in cue_table("templates").cues),
    *"mean_any_digit mean_digits mean_signs mean_any_name mean_names mean_rarity mean_rarest mean_upper_case".split(),
    *MADE_SIGNS,
)
#: Log-odds that the words of an article add: of being thin, and of being manufactured.
WORDINGS = ("wording", "making")
#: Inputs of both classifiers, in order.
NOISE_COLUMNS = (*NOISE_MEASURES, *WORDINGS)


def article_inputs(table: SentenceTable, probabilities: Matrix, arrays: Mapping[str, Matrix]) -> Matrix:
    """Inputs of the article classifiers: features, and log-odds of linear models over the words. (articles, NOISE_COLUMNS)."""
    return np.column_stack([read_measures(table, probabilities), manner_log_odds(table, arrays)])


def read_measures(table: SentenceTable, probabilities: Matrix) -> Matrix:
    """The features of all sentences, in the sections that classifiers read: (articles, NOISE_MEASURES)."""
    return noise_measures(table, probabilities, table.section, np.ones(len(table), dtype=np.bool_))


def noise_measures(table: SentenceTable, probabilities: Matrix, section: Index, kept: Flags) -> Matrix:
    """Features of the kept sentences of each article: (articles, NOISE_MEASURES).

    `probabilities` are (sentences, 2): filler, promotion; `section` is the template heading that each sentence stands
    under, -1 for none.
    """
    columns = {
        **word_shares(table, probabilities, section, table.words * kept),
        "template_sections": template_sections(table, section),
        **{name: sign(table, kept) for name, sign in MADE_SIGNS.items()},
    }
    return side_by_side([columns[name] for name in NOISE_MEASURES])


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
    inside = ~begins(owner)  # a sentence's first word has a capital anyway
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
