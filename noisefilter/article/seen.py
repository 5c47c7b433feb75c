"""Article → the features behind its noise as a reader can count them: in the kept sentences only.

The classifier also reads sentences that may be boilerplate, and sections that end too late (`sentences/sections.py`).
Its inputs stay as in training, but a reason must be true of the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from noisefilter.article.columns import NOISE_MEASURES
from noisefilter.columns import side_by_side
from noisefilter.sentences.aggregates import FILLER_STEPS, SIGNS
from noisefilter.sentences.columns import SENTENCE_COLUMNS
from noisefilter.sentences.sections import sections_shown
from noisefilter.text.cues import cue_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.arrays import Flags, Matrix
    from noisefilter.sentences.table import SentenceTable


def seen_measures(table: SentenceTable, matrix: Matrix, filler: Matrix, kept: Flags) -> Matrix:
    """The features of the kept sentences: (articles, NOISE_MEASURES).

    Args:
        table: the articles.
        matrix: features of their sentences, columns as in `SENTENCE_COLUMNS`.
        filler: probability of each sentence, as the score gives it: (sentences,).
        kept: the sentences that are not boilerplate: (sentences,).
    """
    article, count = table.article[kept], len(table.sizes)
    words, says_nothing, section = table.words[kept], filler[kept], sections_shown(table, kept)
    weight = words / np.maximum(np.bincount(article, words, count), 1.0)[article]

    def share(values: NDArray[Any]) -> Matrix:
        return np.bincount(article, values * weight, count).astype(np.float64)

    cues = cue_table("templates").cues
    in_section = {f"section_{cue.name}": section == number for number, cue in enumerate(cues)}
    holds = [np.bincount(article, inside, count) > 0 for inside in in_section.values()]
    found = {
        "filler": share(says_nothing),
        **{f"filler_over_{step}": share(says_nothing > step) for step in FILLER_STEPS},
        "template_sections": np.sum(holds, axis=0),
        **{name: share(inside) for name, inside in in_section.items()},
        **{
            f"mean_{name}": share(matrix[kept, row])
            for row, name in enumerate(SENTENCE_COLUMNS)
            if f"mean_{name}" in NOISE_MEASURES
        },
        **{name: sign(table, kept) for name, sign in SIGNS.items()},
    }
    return side_by_side([found[name] for name in NOISE_MEASURES])
