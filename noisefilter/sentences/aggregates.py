"""Sentences and their probabilities → features of each article, one row per article."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.columns import side_by_side
from noisefilter.sentences.columns import SENTENCE_COLUMNS
from noisefilter.sentences.sections import HEADING_WORDS
from noisefilter.text.cues import cue_table
from noisefilter.text.tokens import begins, count_changes, count_distinct, sums

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags, Index, Matrix
    from noisefilter.sentences.table import SentenceTable

#: Sentence features whose mean over the article, weighted by words, is a feature of the article.
MEANS = tuple(
    (
        "any_digit digits any_name names quotes ends_question ends_colon rarity rarest stop_words title_likeness "
        "context_likeness said_before new_words next_words word_length log_words says_you says_we says_who_said "
        "cue_filler cue_promotion cue_templates signs upper_case"
    ).split()
)
_MEANS = [SENTENCE_COLUMNS.index(name) for name in MEANS]
FILLER_STEPS = (0.3, 0.5, 0.7)

ARTICLE_FEATURES = (
    "log_words",
    "log_sentences",
    "headings",
    "heading_words",
    "list_items",
    "words_of_paragraph",
    *(f"mean_{name}" for name in MEANS),
    *(f"section_{cue.name}" for cue in cue_table("templates").cues),
    "filler",
    "promotion",
    "filler_at_start",
    "filler_at_end",
    *(f"filler_over_{step}" for step in FILLER_STEPS),
    "promotion_over_0.5",
    "vocabulary",
    "repeated_pairs",
    "sentence_spread",
    "template_sections",
)


def article_rows(table: SentenceTable, probabilities: Matrix) -> Matrix:
    """Features of each article: (articles, ARTICLE_FEATURES). `probabilities` are (sentences, 2): filler, promotion."""
    total, filler = np.maximum(table.totals(table.words), 1.0), probabilities[:, 0]
    columns = {
        "log_words": np.log1p(total),
        "log_sentences": np.log1p(table.sizes),
        "headings": table.means(_are_headings(table).astype(float)),
        "list_items": table.means((table.words <= HEADING_WORDS).astype(float)),
        "words_of_paragraph": np.log1p(_words_of_paragraph(table)),
        "filler_at_start": _mean_of(table, filler, table.place < 5),
        "filler_at_end": _mean_of(table, filler, table.sizes[table.article] - 1 - table.place < 5),
        "vocabulary": count_changes(table.stems[table.by_stem], len(total)) / np.sqrt(2 * total),
        "repeated_pairs": _repeated_pairs(table),
        "sentence_spread": _sentence_spread(table),
        "template_sections": template_sections(table, table.section),
        **word_shares(table, probabilities, table.section, table.words),
    }
    return side_by_side([columns[name] for name in ARTICLE_FEATURES])


def word_shares(table: SentenceTable, probabilities: Matrix, section: Index, words: Column) -> dict[str, Column]:
    """By name, the features that are shares of each article's words: (articles,).

    `section` is the template heading that each sentence stands under, -1 for none, and `words` how many of its words
    count: (sentences,). `probabilities` are as for `article_rows`.
    """
    filler, cues = probabilities[:, :1], cue_table("templates").cues
    columns = {  # by their names
        ("heading_words",): _are_headings(table),
        tuple(f"mean_{name}" for name in MEANS): table.matrix[:, _MEANS],
        tuple(f"section_{cue.name}" for cue in cues): section[:, None] == np.arange(len(cues)),
        ("filler", "promotion"): probabilities,
        tuple(f"filler_over_{step}" for step in FILLER_STEPS): filler > FILLER_STEPS,
        ("promotion_over_0.5",): probabilities[:, 1] > 0.5,
    }
    weights = words / np.maximum(table.totals(words), 1.0)[table.article]
    # summed together, since a single column would round differently
    totals = table.totals(np.column_stack([*columns.values()]) * weights[:, None])
    return dict(zip(chain(*columns), totals.T, strict=True))


def _are_headings(table: SentenceTable) -> Flags:
    return (table.words <= HEADING_WORDS) & (table.feature("ends_sentence") == 0)


def template_sections(table: SentenceTable, section: Index) -> Column:
    """How many different template headings the sentences of each article stand under."""
    inside = section >= 0
    return count_distinct(section[inside], table.article[inside], len(table.sizes))


def _repeated_pairs(table: SentenceTable) -> Column:
    article, count = table.article[table.owner], len(table.sizes)
    distinct = count_distinct(table.tokens.pairs[table.token_index], article, count)
    return 1 - distinct / np.maximum(np.bincount(article, minlength=count), 1)


def _sentence_spread(table: SentenceTable) -> Column:
    length = np.log1p(table.words)
    return np.sqrt(table.means((length - table.means(length)[table.article]) ** 2))


def _words_of_paragraph(table: SentenceTable) -> Column:
    """Mean number of words in a paragraph of each article; paragraphs without words do not count."""
    opens = np.flatnonzero(begins(table.block))
    words = sums(table.words, opens, np.append(opens[1:], len(table))) if len(opens) else np.zeros(0)
    kept, count = words > 0, len(table.sizes)
    article = table.article[opens][kept]
    return np.bincount(article, words[kept], count) / np.maximum(np.bincount(article, minlength=count), 1)


def _mean_of(table: SentenceTable, values: Column, chosen: Flags) -> Column:
    return table.totals(values * chosen) / np.maximum(table.totals(chosen.astype(float)), 1)
