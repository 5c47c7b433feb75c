"""Sentences → whether a server sent this page instead of the one asked for: a bot wall, an error, a demand for scripts or a log-in.

Crawls are full of them. Nobody wrote them as noise, and nothing can be judged on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noisefilter.text.cues import cue_table

if TYPE_CHECKING:
    from noisefilter.arrays import Flags, Index
    from noisefilter.blocks.table import BlockTable

#: Longer texts are articles, even about bot walls; of shorter ones than the second all is read, since demands for scripts are
#: boilerplate.
MOST_WORDS, LEAST_WORDS = 250, 30
#: Sentences with a cue, or a title, that make an error page, if they are more than one in three; if all have the same cue, more
#: than every second.
LEAST_CUES, ONE_IN, ONE_IN_ALIKE = 2, 3, 2


def is_error_page(table: BlockTable, kept: Flags, sentences: Index) -> bool:
    """Whether a page is an error page, by its title and its sentences.

    Args:
        table: its blocks.
        kept: which of them are the article's: (blocks,).
        sentences: start, end and block of each: (sentences, 3).
    """
    words = table.words[kept].sum()
    if words < LEAST_WORDS:
        kept, words = kept | True, table.words.sum()
    if words > MOST_WORDS:
        return False
    page, walls = table.page, cue_table("walls")
    lines = [page.text[start:end].strip() for start, end, _ in sentences[kept[sentences[:, 2]]].tolist()]
    title = [page.title] if page.title and page.title not in lines else []  # a plain text's is one of its lines
    found = [cue for line in (*title, *lines) if (cue := walls.find(line)) >= 0]
    differ = len(set(found)) > 1
    return len(found) >= LEAST_CUES and (ONE_IN if differ else ONE_IN_ALIKE) * len(found) > len(lines)
