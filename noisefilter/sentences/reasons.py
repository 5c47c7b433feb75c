"""Sentences → why each is filler or promotion, in words: `Span.reason`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.sentences.columns import LOOK_BACK
from noisefilter.sentences.sections import HEADING_WORDS, is_heading
from noisefilter.text.characters import quoted
from noisefilter.text.cues import cue_table, fold_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from noisefilter.kinds import Kind
    from noisefilter.sentences.table import SentenceTable
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
#: Share of a word's occurrences that have a capital, from which it is a name.
NAME_CAPITALS = 0.6


def find_cue(name: str, table: SentenceTable, row: int) -> Cue | None:
    """The cue of a table that a sentence matches."""
    found = int(table.cues[name][row])
    return cue_table(name).cues[found] if found >= 0 else None


def name_filler(table: SentenceTable, row: int) -> str:
    """Why a sentence says nothing: the section it stands in, and what it does."""
    heading = find_cue("templates", table, row)
    if heading and is_heading(table.texts[row]):
        reason = heading.reason
        return reason if "any article" in reason else f"{reason}: the heading could stand over any article"
    section = int(table.shown_section[row])
    does = _what_filler_does(table, row)
    return f"{cue_table('templates').cues[section].reason}: {does}" if section >= 0 else does


def _what_filler_does(table: SentenceTable, row: int) -> str:
    """A stock phrase, a restatement, or else what the sentence lacks."""
    phrase = find_cue("filler", table, row)
    if phrase:
        return phrase.reason
    if table.words[row] >= COMPARED_WORDS:
        if table.feature("title_likeness")[row] >= SAID_BEFORE:
            return "says what the title said"
        earlier = _said_at(table, row) if table.feature("said_before")[row] >= SAID_BEFORE else row
        if earlier < row and table.words[earlier] >= COMPARED_WORDS:
            return f"says again: {quoted(_first_words(table.texts[earlier]))}"
    lacks = _what_it_lacks(table, row)
    sign = find_cue("empty", table, row)
    if sign:
        return sign.reason + (f", with {lacks}" if lacks.startswith("no name") else "")
    if table.feature("ends_question")[row]:
        return "asks and tells nothing"
    if table.words[row] <= HEADING_WORDS and not table.feature("ends_sentence")[row]:
        return "heading or label that tells no fact"
    return lacks or "worded like sentences that say nothing"


def _said_at(table: SentenceTable, row: int) -> int:
    """The earlier sentence that is most like this one; of equal ones the first."""
    low = max(int(table.edges[table.article[row]]), row - LOOK_BACK)
    likeness = np.round(table.vectors[low:row] @ table.vectors[row], 6)  # the same in any batch
    return low + int(np.argmax(likeness))


def _first_words(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= QUOTED else flat[: flat.rfind(" ", 0, QUOTED + 1)] + " …"


def _what_it_lacks(table: SentenceTable, row: int) -> str:
    """Which of name, number and source a sentence does without; "" if that says little."""
    if table.feature("any_digit")[row] or NUMBER_WORD.search(fold_case(table.texts[row])):
        return ""
    source = table.feature("says_who_said")[row] or table.feature("quotes")[row]
    found = {"name": _holds_name(table, row), "number": False, "source": source}
    missing = [word for word, there in found.items() if not there]
    return f"no {', '.join(missing[:-1])} or {missing[-1]}" if len(missing) > 1 else ""


def _holds_name(table: SentenceTable, row: int) -> bool:
    """Whether a capitalised word mostly has its capital: at a sentence's start and in headings every word has one."""
    tokens, words = table.tokens, table.tokens_of(row)
    capital = (tokens.title[words] | tokens.upper[words]) & ~tokens.stop[words]
    return bool((capital & (table.word_vectors.capital[tokens.ids[words]] >= NAME_CAPITALS)).any())


def name_promotion(table: SentenceTable, row: int) -> str:
    """What a sentence does to sell."""
    found = find_cue("promotion", table, row) or find_cue("sales", table, row)
    return found.reason if found else "reads like an advertisement"


#: Functions that give the reasons of the kinds that take a whole sentence.
NAMES: dict[Kind, Callable[[SentenceTable, int], str]] = {"promotion": name_promotion, "filler": name_filler}
