"""Sentences and their probabilities → one row: what is measured of an article."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.cues import cue_table
from noisefilter.features.sentence_table import HEADING_WORDS
from noisefilter.features.sentences import SENTENCE_COLUMNS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.features.sentence_table import SentenceTable

    Column = NDArray[np.float64]

#: Sentence measures whose mean over the article, by words, says something of its worth.
MEANS = (
    "any_digit", "digits", "any_name", "names", "quotes", "ends_question", "ends_colon", "rarity", "rarest", "stop_words",
    "title_likeness", "context_likeness", "said_before", "new_words", "next_words", "word_length", "log_words", "says_you",
    "says_we", "says_who_said", "cue_filler", "cue_promotion", "cue_templates", "signs", "upper_case",
)  # fmt: skip
FILLER_STEPS = (0.3, 0.5, 0.7)

ARTICLE_FEATURES = (
    "log_words", "log_sentences", "headings", "heading_words", "list_items", "words_of_paragraph",
    *(f"mean_{name}" for name in MEANS),
    *(f"section_{cue.name}" for cue in cue_table("templates").cues),
    "filler", "promotion", "filler_at_start", "filler_at_end", *(f"filler_over_{step}" for step in FILLER_STEPS),
    "promotion_over_0.5", "off_topic_highest", "off_topic_second", "vocabulary", "repeated_pairs", "sentence_spread",
    "template_sections",
)  # fmt: skip


def article_row(table: SentenceTable, matrix: NDArray[np.float64], probabilities: Column) -> Column:
    """Features of one article.

    Args:
        table: its sentences.
        matrix: their features, columns as in `SENTENCE_COLUMNS`.
        probabilities: (sentences, 3): filler, promotion, off_topic.
    """
    words = table.words
    total = max(1.0, float(words.sum()))
    weight = words / total
    columns = {name: index for index, name in enumerate(SENTENCE_COLUMNS)}
    heading = (words <= HEADING_WORDS) & (matrix[:, columns["ends_sentence"]] == 0)
    filler, promotion, off_topic = probabilities.T
    ranked = np.sort(np.concatenate([off_topic, [0.0, 0.0]]))[::-1]
    pairs = table.tokens.pairs[table.token_index]
    stems = table.tokens.stems[table.token_index]
    blocks = np.bincount(table.block - table.block.min(), words)
    return np.array([
        np.log1p(total), np.log1p(len(table)), heading.mean(), weight[heading].sum(),
        (words <= HEADING_WORDS).mean(), np.log1p(blocks[blocks > 0].mean()),
        *(float((matrix[:, columns[name]] * weight).sum()) for name in MEANS),
        *(float(weight[table.section == index].sum()) for index in range(len(cue_table("templates").cues))),
        (filler * weight).sum(), (promotion * weight).sum(), filler[:5].mean(), filler[-5:].mean(),
        *((weight[filler > step]).sum() for step in FILLER_STEPS), (weight[promotion > 0.5]).sum(),
        ranked[0], ranked[1], len(np.unique(stems)) / np.sqrt(2 * total), 1 - len(np.unique(pairs)) / max(1, len(pairs)),
        np.log1p(words).std(), len(np.unique(table.section[table.section >= 0])),
    ])  # fmt: skip
