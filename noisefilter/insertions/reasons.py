"""Sentences → why each is filler, promotion or an insertion, in words: `Span.reason`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.sentences.columns import LOOK_BACK, SENTENCE_COLUMNS
from noisefilter.sentences.sections import HEADING_WORDS
from noisefilter.text.cues import cue_table, fold_case
from noisefilter.text.tokens import candidates_of, cue_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from noisefilter.insertions.table import InsertionTable
    from noisefilter.kinds import Kind
    from noisefilter.text.cues import Cue

#: Cosine from which a reader would call it a restatement. Chosen by eye on our own pages.
SAID_BEFORE = 0.75
#: A shorter sentence has too few words to compare.
COMPARED_WORDS = 3
#: Characters of an earlier sentence that are quoted: enough to find it.
QUOTED = 60
NUMBER_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundreds?|thousands?|millions?|"
    r"half|twice|dozens?|decades?)\b"
)
HEADLINE_WORDS = 4
#: Words with capitals or digits in a row; up to two short words may stand between them.
HEADLINE = re.compile(r"(?:[A-Z0-9$“\"][\w’'$%.“”\"-]*,? (?:[a-z]{1,5} ){0,2}){3,}[A-Z0-9$“\"][\w’'”\"-]*")


def find_cue(name: str, table: InsertionTable, row: int) -> Cue | None:
    """The cue of a table that a sentence matches; only rows whose words it holds are tried."""
    sentences = table.sentences
    if name in sentences.cues:
        known = int(sentences.cues[name][row])
        return cue_table(name).cues[known] if known >= 0 else None
    bits, mask = _cue_bits(name), 0
    words = sentences.tokens.hashes[int(sentences.first[row]) : int(sentences.last[row])]
    for word in bits.keys() & words.tolist():
        mask |= bits[word]
    found = cue_table(name).find(sentences.texts[row], candidates_of(mask)) if mask else -1
    return cue_table(name).cues[found] if found >= 0 else None


@cache
def _cue_bits(name: str) -> dict[int, int]:
    hashes, (bits,), _ = cue_words((name,))
    return dict(zip(hashes.tolist(), bits.tolist(), strict=True))


def name_filler(table: InsertionTable, row: int) -> str:
    """Why a sentence says nothing: the section it stands in, and what it does."""
    sentences = table.sentences
    heading = find_cue("templates", table, row)
    if heading:
        reason = heading.reason
        return reason if "any article" in reason else f"{reason}: the heading could stand over any article"
    section = int(sentences.shown_section[row])
    does = _what_filler_does(table, row)
    return f"{cue_table('templates').cues[section].reason}: {does}" if section >= 0 else does


def _what_filler_does(table: InsertionTable, row: int) -> str:
    """A stock phrase, a restatement, or else what the sentence lacks."""
    sentences = table.sentences
    phrase = find_cue("filler", table, row)
    if phrase:
        return phrase.reason
    if sentences.words[row] >= COMPARED_WORDS:
        if _column(table, "title_likeness", row) >= SAID_BEFORE:
            return "says what the title said"
        earlier = _said_at(table, row) if _column(table, "said_before", row) >= SAID_BEFORE else row
        if earlier < row and sentences.words[earlier] >= COMPARED_WORDS:
            return f"says again: “{_first_words(sentences.texts[earlier])}”"
    lacks = _what_it_lacks(table, row)
    sign = find_cue("empty", table, row)
    if sign:
        return sign.reason + (f", with {lacks}" if lacks.startswith("no name") else "")
    if _column(table, "ends_question", row):
        return "asks and tells nothing"
    if sentences.words[row] <= HEADING_WORDS and not _column(table, "ends_sentence", row):
        return "heading or label that tells no fact"
    return lacks or "worded like sentences that say nothing"


def _said_at(table: InsertionTable, row: int) -> int:
    """The earlier sentence that is most like this one; of equal ones the first."""
    sentences = table.sentences
    low = max(int(sentences.edges[sentences.article[row]]), row - LOOK_BACK)
    likeness = np.round(sentences.vectors[low:row] @ sentences.vectors[row], 6)  # the same in any batch
    return low + int(np.argmax(likeness))


def _first_words(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= QUOTED else flat[: flat.rfind(" ", 0, QUOTED + 1)] + " …"


def _what_it_lacks(table: InsertionTable, row: int) -> str:
    """Which of name, number and source a sentence does without; "" if that says little."""
    if _column(table, "any_digit", row) or NUMBER_WORD.search(fold_case(table.sentences.texts[row])):
        return ""
    source = _column(table, "says_who_said", row) or _column(table, "quotes", row)
    found = {"name": table.holds_name[row], "number": False, "source": source}
    missing = [word for word, there in found.items() if not there]
    return f"no {', '.join(missing[:-1])} or {missing[-1]}" if len(missing) > 1 else ""


def name_promotion(table: InsertionTable, row: int) -> str:
    """What a sentence does to sell."""
    found = find_cue("promotion", table, row) or find_cue("sales", table, row)
    return found.reason if found else "reads like an advertisement"


def name_insertion(table: InsertionTable, row: int, start: int, end: int) -> str:
    """What the passage is that is cut from a sentence and maybe its neighbours, and whether the sentence reads on.

    A link; a headline, by its capitals; else another subject.
    """
    sentences = table.sentences
    article = sentences.article[row]
    page, base = sentences.pages[article], int(sentences.base[article])
    passage = sentences.text[start:end]
    whole = start <= sentences.start[row] and end >= sentences.end[row]
    several = start < sentences.start[row] or end > sentences.end[row]
    how = "whole sentences" if several else "whole sentence" if whole else "the sentence reads on"
    links: Sequence[str] = [
        link.href
        for link in page.blocks[sentences.block[row] - sentences.block_base[article]].links
        if link.start + base < end and link.end + base > start
    ]
    if links:
        return f"link to {links[0][:80]} shares nothing with the article ({how})"
    run = HEADLINE.search(passage)
    if run and len(run[0].split()) >= HEADLINE_WORDS:
        return f"headline of another story: {run[0][:80]} ({how})"
    if whole:
        return f"another subject than the sentences around it ({how})"
    return f"another subject than its sentence: {' '.join(passage.split())[:80]} ({how})"


#: Functions that give the reasons of the kinds that take a whole sentence.
NAMES: dict[Kind, Callable[[InsertionTable, int], str]] = {"promotion": name_promotion, "filler": name_filler}


def _column(table: InsertionTable, name: str, row: int) -> float:
    return float(table.matrix[row, SENTENCE_COLUMNS.index(name)])
