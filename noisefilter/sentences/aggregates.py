"""Sentences and their probabilities → a row an article: what is measured of it."""

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

#: Sentence measures whose mean over the article, by words, says something of its worth.
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
    shares = [
        heading * weight,
        *(matrix[:, columns[name]] * weight for name in MEANS),
        *(weight * (table.section == index) for index in range(len(cue_table("templates").cues))),
        filler * weight,
        promotion * weight,
        *(weight * (filler > step) for step in FILLER_STEPS),
        weight * (promotion > 0.5),
    ]
    summed = table.totals(np.stack(shares, axis=1))
    middle = 1 + len(MEANS) + len(cue_table("templates").cues)
    pairs = np.bincount(article[table.owner], minlength=len(total))
    return np.column_stack(
        [
            np.log1p(total),
            np.log1p(table.sizes),
            table.means(heading.astype(float)),
            summed[:, 0],
            table.means(short.astype(float)),
            np.log1p(_words_of_paragraph(table)),
            summed[:, 1:middle],
            summed[:, middle : middle + 2],
            *(_mean_of(table, filler, near < 5) for near in (table.place, from_end)),
            summed[:, middle + 2 :],
            table.distinct_stems / np.sqrt(2 * total),
            1 - table.distinct_pairs / np.maximum(pairs, 1),
            np.sqrt(table.means(spread**2)),
            count_distinct(table.section[table.section >= 0], article[table.section >= 0], len(total)),
        ]
    )


def _words_of_paragraph(table: SentenceTable) -> Column:
    """Mean words of the paragraphs of each article that have any."""
    opens = (
        np.flatnonzero(np.append(True, table.block[1:] != table.block[:-1])) if len(table) else np.zeros(0, np.int64)
    )
    words = sums(table.words, opens, np.append(opens[1:], len(table))) if len(opens) else np.zeros(0)
    kept, count = words > 0, len(table.sizes)
    article = table.article[opens][kept]
    return np.bincount(article, words[kept], count) / np.maximum(np.bincount(article, minlength=count), 1)


def _mean_of(table: SentenceTable, values: Column, chosen: NDArray[np.bool_]) -> Column:
    return table.totals(values * chosen) / np.maximum(table.totals(chosen.astype(float)), 1)
