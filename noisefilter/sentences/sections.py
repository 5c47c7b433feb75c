"""Sentences → the template section that each stands in: as the classifiers read it, and as a reader sees it.

The classifiers take all that follows "Key points" for takeaways, since in plain text an item looks like a heading; they
were fitted on that, so it stays. Reasons use the sections that a reader sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.text.cues import cue_table

if TYPE_CHECKING:
    from noisefilter.arrays import Flags, Index
    from noisefilter.sentences.table import SentenceTable

#: Lines with more words are not headings.
HEADING_WORDS = 14
TAKEAWAYS = next(index for index, cue in enumerate(cue_table("templates").cues) if cue.name == "takeaways")


def sections_read(table: SentenceTable) -> Index:
    """Template heading above each sentence, -1 for none; another short line without a full stop ends its section."""
    texts, article, cues = table.texts, table.article, table.cues["templates"]
    heads = [index for index in np.flatnonzero(table.words <= HEADING_WORDS).tolist() if _is_unended(texts[index])]
    articles, found = article[heads].tolist(), list[int]()
    last, before = -1, -1
    for index, of, cue in zip(heads, articles, cues[heads].tolist(), strict=True):
        before = before if of == last else -1
        text = texts[index]
        ends = text[-1] != "?" and before != TAKEAWAYS and text[:1].isalpha()
        last, before = of, cue if cue >= 0 or ends else before
        found.append(before)
    # the last head at or before each sentence; -1, the entry appended below, where there is none
    above = np.searchsorted(heads, np.arange(len(texts)), side="right") - 1
    same = np.array([*articles, -1])[above] == article
    return np.where(same, np.array([*found, -1])[above], -1)


def sections_shown(table: SentenceTable, kept: Flags) -> Index:
    """Template heading above each kept sentence, -1 for none; the next heading ends its section, list items do not."""
    rows = np.flatnonzero(kept)
    cues = table.cues["templates"][rows]
    sections = np.full(len(rows), -1, dtype=np.int64)
    article, short = table.article[rows], table.words[rows] <= HEADING_WORDS
    tags = {one: table.pages[one].block_tags for one in set(article[cues >= 0].tolist())}
    section, last = -1, -1
    templated = np.zeros(len(table.pages), dtype=np.bool_)
    templated[list(tags)] = True
    for place in np.flatnonzero(templated[article]).tolist():
        row, of = int(rows[place]), int(article[place])
        if of != last:
            section, last = -1, of
        text = table.texts[row]
        is_item = section == TAKEAWAYS and tags[of][table.block[row] - table.block_base[of]] == "li"
        if short[place] and cues[place] >= 0 and is_heading(text):
            section = int(cues[place])
        elif short[place] and _is_unended(text) and text[-1] != "?" and text[:1].isalpha() and not is_item:
            section = -1
        sections[place] = section
    return sections


def is_heading(text: str) -> bool:
    """Whether a template's line is a heading, and no sentence such as "In conclusion, kettles are amazing."."""
    return _is_unended(text) or text[-1] == ":"


def _is_unended(text: str) -> bool:
    """Whether a line ends without the punctuation of a sentence, like a heading."""
    return text[-1] not in '.!…:,;"”'
