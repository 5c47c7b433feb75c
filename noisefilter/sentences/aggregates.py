"""Sentences and their probabilities → features of each article, one row per article."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.sentences.columns import SENTENCE_COLUMNS
from noisefilter.sentences.sections import HEADING_WORDS
from noisefilter.sentences.table import count_distinct
from noisefilter.text.cues import cue_table
from noisefilter.text.tokens import sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.arrays import Column
    from noisefilter.sentences.table import SentenceTable

#: Sentence features whose mean over the article, weighted by words, is a feature of the article.
MEANS = tuple(
    (
        "any_digit digits any_name names quotes ends_question ends_colon rarity rarest stop_words title_likeness "
        "context_likeness said_before new_words next_words word_length log_words says_you says_we says_who_said "
        "cue_filler cue_promotion cue_templates signs upper_case"
    ).split()
)
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


def article_rows(table: SentenceTable, matrix: NDArray[np.float64], probabilities: Column) -> NDArray[np.float64]:
    """Features of each article: (articles, ARTICLE_FEATURES).

    Args:
        table: the sentences.
        matrix: their features, columns as in `SENTENCE_COLUMNS`.
        probabilities: (sentences, 2): filler, promotion.
    """
    words, article = table.words, table.article
    total = np.maximum(table.totals(words), 1.0)
    weight = words / total[article]
    columns = {name: index for index, name in enumerate(SENTENCE_COLUMNS)}
    short = words <= HEADING_WORDS
    heading = short & (matrix[:, columns["ends_sentence"]] == 0)
    filler, promotion = probabilities.T
    from_end = table.sizes[article] - 1 - table.place
    spread = np.log1p(words) - table.means(np.log1p(words))[article]
    shares = {  # of each sentence; summed together, since a single column would round differently
        "heading_words": heading * weight,
        **{f"mean_{name}": matrix[:, columns[name]] * weight for name in MEANS},
        **{
            f"section_{cue.name}": weight * (table.section == row)
            for row, cue in enumerate(cue_table("templates").cues)
        },
        "filler": filler * weight,
        "promotion": promotion * weight,
        **{f"filler_over_{step}": weight * (filler > step) for step in FILLER_STEPS},
        "promotion_over_0.5": weight * (promotion > 0.5),
    }
    pairs = np.bincount(article[table.owner], minlength=len(total))
    measures = {
        **dict(zip(shares, table.totals(np.stack([*shares.values()], axis=1)).T, strict=True)),
        "log_words": np.log1p(total),
        "log_sentences": np.log1p(table.sizes),
        "headings": table.means(heading.astype(float)),
        "list_items": table.means(short.astype(float)),
        "words_of_paragraph": np.log1p(_words_of_paragraph(table)),
        "filler_at_start": _mean_of(table, filler, table.place < 5),
        "filler_at_end": _mean_of(table, filler, from_end < 5),
        "vocabulary": table.distinct_stems / np.sqrt(2 * total),
        "repeated_pairs": 1 - table.distinct_pairs / np.maximum(pairs, 1),
        "sentence_spread": np.sqrt(table.means(spread**2)),
        "template_sections": count_distinct(table.section[table.section >= 0], article[table.section >= 0], len(total)),
    }
    return np.stack([measures[name] for name in ARTICLE_FEATURES], axis=1)


def _words_of_paragraph(table: SentenceTable) -> Column:
    """Mean number of words in a paragraph of each article; paragraphs without words do not count."""
    opens = (
        np.flatnonzero(np.append(True, table.block[1:] != table.block[:-1])) if len(table) else np.zeros(0, np.int64)
    )
    words = sums(table.words, opens, np.append(opens[1:], len(table))) if len(opens) else np.zeros(0)
    kept, count = words > 0, len(table.sizes)
    article = table.article[opens][kept]
    return np.bincount(article, words[kept], count) / np.maximum(np.bincount(article, minlength=count), 1)


def _mean_of(table: SentenceTable, values: Column, chosen: NDArray[np.bool_]) -> Column:
    return table.totals(values * chosen) / np.maximum(table.totals(chosen.astype(float)), 1)
