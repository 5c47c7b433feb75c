"""Foreign sentences and the log-odds of their words → the characters to cut so that the rest still reads well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from noisefilter.arrays import Column, Flags, Index
    from noisefilter.sentences.table import SentenceTable

#: Bonuses, in log-odds of a word: for a cut that starts or ends at punctuation or at the edge of the sentence, for one
#: that takes the whole sentence, and for each word in it. Chosen on passages of two writers whom no model had learned
#: from: 2 instead of .5 a word raises the F1 of the characters from .71 to .76; the other two matter little.
AT_SIGN, WHOLE, WORD_IN = 4.0, 8.0, 2.0
#: How far the mean log-odds of a cut's words must exceed those of the words that stay; where none stay, `OWN_WORD`,
#: typical of an article's own words. Chosen on tune: it spares more untouched pages than it misses passages
#: (docs/decisions/0040, 0048).
STANDS_OUT, OWN_WORD = 3.3, -5.2
#: If a sentence is cut whole, its neighbours in the paragraph are cut too if they are foreign with at least this
#: probability and their words stand out as well: whoever inserts a paragraph inserts all of it (docs/decisions/0042).
ALONG = 0.3
#: Punctuation that ties a passage to the text before it; `CLOSES` has the punctuation that ends such a passage.
TIES = ",;:—–-([…"
#: Punctuation that joins words or numbers if no blank is beside it, and the penalty for cutting through the joined
#: words.
JOINS, NEVER = "-–,:.'’/&", -1e6
BRACKETS = "(["
CLOSES = {"(": ")", "[": "]", "—": "—", "–": "–", "-": "-", ",": ","}
QUOTES = "\"'“”‘’«»"
#: Words that cannot end a clause: where punctuation or the sentence's end follows the cut, they are cut as well.
LEADING = frozenset(
    "a an the of to in on at by for with from into onto upon via through than as like such and or but nor that which who whose "
    "whom where when while if because although though since unless whether between among across behind during without my your "
    "his her its our their this these those just much rather even so very more most less least".split()
)
#: Words that need a verb after them: if the verb is cut, so is the whole clause. `BETWEEN` may stand before the verb.
AUXILIARY = frozenset(
    "can could will would shall should may might must is are was were be been being has have had do does did".split()
)
BETWEEN = frozenset(
    "not never always also now then still even just only simply easily meanwhile instead already often soon".split()
)


def cut_ranges(
    table: SentenceTable, found: Iterable[int], probabilities: Column, words: Mapping[int, Column]
) -> list[tuple[int, int, int]]:
    """What to cut for the sentences found: the row of each, and the offsets of its cut in the table's text.

    The rows `found` are in order. `probabilities` are those of all sentences to be foreign, (sentences,); `words` has,
    by row, the log-odds of the words of each sentence that was judged word by word.
    """
    cuts, done = list[tuple[int, int, int]](), -1

    def of_one(row: int) -> tuple[int, int] | None:
        return cut_range(table, row, words[row]) if row in words else _whole(table, row)

    def goes_along(row: int, beside: int) -> bool:
        """Whether a sentence is in the paragraph of `beside`, is foreign as well, and would be cut whole itself."""
        along = table.block[row] == table.block[beside] and probabilities[row] >= min(ALONG, probabilities[beside])
        return bool(along) and of_one(row) == _whole(table, row)

    for row in found:
        if row <= done:
            continue
        bounds, first, last = of_one(row), row, row
        if bounds == _whole(table, row):
            while first - 1 > done and goes_along(first - 1, row):
                first -= 1
            while last + 1 < len(table) and goes_along(last + 1, row):
                last += 1
            bounds = int(table.start[first]), int(table.end[last])
        if bounds is not None:
            cuts.append((row, *bounds))
        done = last
    return cuts


def _whole(table: SentenceTable, row: int) -> tuple[int, int]:
    return int(table.start[row]), int(table.end[row])


def cut_range(table: SentenceTable, row: int, log_odds: Column) -> tuple[int, int] | None:
    """Offsets into the table's text of what to cut out of a sentence: the best run of words, or all of it.

    Punctuation that ties the run to the sentence is cut as well; the sentence's full stop stays. None if no words stand
    out: then the sentence is doubtful only as a whole, like honest ones whose words the article does not use elsewhere.
    `log_odds` are those of each of its words to be foreign.
    """
    first, last = int(table.start[row]), int(table.end[row])
    low, high = table.entry_edges[row : row + 2]
    if low == high:
        return first, last
    token = table.token_index[low:high]
    begins, ends = table.tokens.start[token], table.tokens.end[token]
    rewards = _rewards(table.text, begins, ends)
    left, right = _best_run(log_odds, rewards)
    if not _stands_out(log_odds, left, right):
        return None
    at_sign = rewards > 0
    if at_sign[right]:
        left = _mended([table.text[a:b].lower() for a, b in zip(begins[:left], ends[:left], strict=True)], at_sign)
    if left == 0 and right == len(begins):
        return first, last
    return _with_signs(table.text, first, last, int(begins[left]), int(ends[right - 1]), ends_host=right == len(begins))


def _rewards(text: str, begins: Index, ends: Index) -> Column:
    """Bonus or penalty for a cut that starts or ends before each word, or after the last: (words + 1,)."""
    gaps = [text[end:begin] for end, begin in zip(ends[:-1], begins[1:], strict=True)]
    inside = [
        NEVER if len(gap) < 2 and gap in JOINS else AT_SIGN if any(sign in TIES for sign in gap) else 0.0
        for gap in gaps
    ]
    return np.array([AT_SIGN, *inside, AT_SIGN])


def _stands_out(log_odds: Column, left: int, right: int) -> bool:
    """Whether the words of a run are more foreign, by `STANDS_OUT`, than those that would stay."""
    stay = np.concatenate([log_odds[:left], log_odds[right:]])
    beside = float(stay.mean()) if len(stay) else OWN_WORD
    return float(log_odds[left:right].mean()) - beside >= STANDS_OUT


def _best_run(log_odds: Column, rewards: Column) -> tuple[int, int]:
    """Bounds of the run of words with the highest sum, rewards included."""
    totals = np.concatenate([[0.0], np.cumsum(log_odds + WORD_IN)])
    opening, closing = rewards - totals, rewards + totals
    highest = np.maximum.accumulate(opening)[:-1]
    first = np.flatnonzero(np.append(True, highest[1:] > highest[:-1]))  # where an opening beats all before it
    lefts = first[np.searchsorted(first, np.arange(len(highest)), side="right") - 1]
    sums = closing[1:] + highest
    whole = float(closing[-1] + opening[0] + WHOLE)
    best = np.flatnonzero(sums == sums.max())
    right = int(best[np.argmin(lefts[best])])
    if whole > sums[right] or (whole == sums[right] and lefts[right]):
        return 0, len(log_odds)
    return int(lefts[right]), right + 1


def _mended(words: Sequence[str], at_sign: Flags) -> int:
    """How many of the words before a cut stay, so that none is left dangling."""
    left = len(words)
    while not at_sign[left] and words[left - 1] in LEADING:
        left -= 1
    verb = left
    while not at_sign[verb] and words[verb - 1] in BETWEEN:
        verb -= 1
    if not at_sign[verb] and words[verb - 1] in AUXILIARY:
        left = int(np.flatnonzero(at_sign[:verb])[-1])
    return left


def _with_signs(text: str, first: int, last: int, begin: int, stop: int, *, ends_host: bool) -> tuple[int, int]:
    """The range with its quotation marks, and with the punctuation that would be left dangling without it."""
    while begin > first and text[begin - 1] in QUOTES:
        begin -= 1
    while stop < last - 1 and text[stop] in QUOTES + "!?":
        stop += 1
    before = len(text[first:begin].rstrip())
    tie, after = text[first + before - 1 : first + before] if before else "", text[stop:last].lstrip()[:1]
    if tie and tie in TIES:
        begin = first + before - 1
        if after and after == CLOSES.get(tie) and (not ends_host or tie in BRACKETS):
            stop = text.index(after, stop) + 1
    elif not before and after and after in ",—–:":
        stop = text.index(after, stop) + 1
    return begin, stop
