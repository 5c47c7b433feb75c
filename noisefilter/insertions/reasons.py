"""What is cut out of a sentence → why, in words: `Span.reason`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.sentences.table import SentenceTable

HEADLINE_WORDS = 4
#: Words with capitals or digits in a row; up to two short words may stand between them.
HEADLINE = re.compile(r"(?:[A-Z0-9$“\"][\w’'$%.“”\"-]*,? (?:[a-z]{1,5} ){0,2}){3,}[A-Z0-9$“\"][\w’'”\"-]*")
#: With a capital at the start of a sentence, these are no part of the headline that follows.
CONJUNCTIONS = frozenset("While When If As Like Unlike Whereas Though Although Because Since Just Much Even".split())


def name_insertion(table: SentenceTable, row: int, start: int, end: int) -> str:
    """What the passage is that is cut from a sentence and maybe its neighbours, and whether the sentence reads on.

    A link; a headline, by its capitals; else another subject.
    """
    article = table.article[row]
    page, base = table.pages[article], int(table.base[article])
    passage = table.text[start:end]
    whole = start <= table.start[row] and end >= table.end[row]
    several = start < table.start[row] or end > table.end[row]
    how = "whole sentences" if several else "whole sentence" if whole else "the sentence reads on"
    links: Sequence[str] = [
        link.href
        for link in page.blocks[table.block[row] - table.block_base[article]].links
        if link.start + base < end and link.end + base > start
    ]
    if links:
        return f"link to {links[0][:80]} shares nothing with the article ({how})"
    run = HEADLINE.search(passage)
    words = run[0].split() if run else []
    if len(words) > HEADLINE_WORDS and words[0] in CONJUNCTIONS and start == table.start[row]:
        words = words[1:]
    if len(words) >= HEADLINE_WORDS:
        return f"headline of another story: {' '.join(words)[:80]} ({how})"
    if whole:
        return f"another subject than the sentences around it ({how})"
    return f"another subject than its sentence: {' '.join(passage.split())[:80]} ({how})"
