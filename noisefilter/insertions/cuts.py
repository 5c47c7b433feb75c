"""Foreign sentences and the log-odds of their words → the characters to cut so that the rest still reads well."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.networks import logit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from noisefilter.arrays import Column, Flags, Index
    from noisefilter.sentences.table import SentenceTable

#: Bonuses, in log-odds of a word: for a cut that starts or ends at punctuation or at the edge of the sentence, for one
#: that takes the whole sentence, and for each word in it. Chosen on passages of two writers whom no model had learned
#: from: 2 instead of .5 a word raises the F1 of the characters from .71 to .76; the other two matter little.
AT_SIGN, WHOLE, WORD_IN = 4.0, 8.0, 2.0
#: How far the mean log-odds of a cut's words must exceed those of the words that stay; where none stay, `OWN_WORD`,
#: typical of an article's own words. The surer the sentence is foreign, the less it takes: `SURE` times the sentence's
#: log-odds less. Chosen on tune: it spares more untouched pages than it misses passages (docs/decisions/0040, 0048, 0055).
STANDS_OUT, SURE, OWN_WORD = 3.25, 0.5, -5.2
#: A clause at either end of a cut stays if its mean log-odds are lower by this much than those of the most foreign clause,
#: which has at least so many words: facts stand beside what was put in (docs/decisions/0055).
LESS, LEAST_CLAUSE = 4.0, 3
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
#: Words that need a verb after them: if the verb is cut, so is the whole clause. `ADVERBS` may stand before the verb.
AUXILIARY = frozenset(
    "can could will would shall should may might must is are was were be been being has have had do does did".split()
)
ADVERBS = frozenset(
    "not never always also now then still even just only simply easily meanwhile instead already often soon".split()
)


def cut_ranges(
    table: SentenceTable, found: Iterable[int], probabilities: Column, words: Column
) -> list[tuple[int, int, int]]:
    """What to cut for the sentences found: the row of each, and the offsets of its cut in the table's text.

    The rows `found` are in order. `probabilities` are those of all sentences to be foreign: (sentences,). `words` are
    the log-odds of their words, NaN in a sentence that was not judged word by word: (entries of `token_index`,).
    """
    cuts, done = list[tuple[int, int, int]](), -1

    def of_one(row: int) -> tuple[int, int] | None:
        log_odds = words[table.entry_edges[row] : table.entry_edges[row + 1]]
        judged = not np.isnan(log_odds).any()
        return cut_range(table, row, log_odds, probabilities[row]) if judged else _whole(table, row)

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


def cut_range(table: SentenceTable, row: int, log_odds: Column, probability: float) -> tuple[int, int] | None:
    """Offsets into the table's text of what to cut out of a sentence: the best run of words, or all of it.

    Punctuation that ties the run to the sentence is cut as well; the sentence's full stop stays. None if no words stand
    out: then the sentence is doubtful only as a whole, like honest ones whose words the article does not use elsewhere.
    `log_odds` are those of each of its words to be foreign, `probability` is that of the sentence.
    """
    first, last = int(table.start[row]), int(table.end[row])
    begins, ends = _words(table, row)
    if not len(begins):
        return first, last
    rewards = _rewards(table.text, begins, ends)
    left, right = _best_run(log_odds, rewards)
    if not stands_out(_contrast(log_odds, left, right), probability):
        return None
    left, right = _core(log_odds, rewards, left, right)
    at_sign = rewards > 0
    if at_sign[right]:
        left = _mended([table.text[a:b].lower() for a, b in zip(begins[:left], ends[:left], strict=True)], at_sign)
    if left == 0 and right == len(begins):
        return first, last
    return _with_signs(table.text, first, last, int(begins[left]), int(ends[right - 1]), ends_host=right == len(begins))


def contrasts(table: SentenceTable, words: Column) -> Column:
    """How far the words that would be cut out of each sentence stand out, in mean log-odds: (sentences,).

    Infinite for a sentence without words or not judged word by word; `words` are as for `cut_ranges`.
    """
    found = np.full(len(table), np.inf)
    for row, log_odds in enumerate(np.split(words, table.entry_edges[1:-1])):
        if len(log_odds) and not np.isnan(log_odds).any():
            found[row] = _contrast(log_odds, *_best_run(log_odds, _rewards(table.text, *_words(table, row))))
    return found


def stands_out(contrast: Column | float, probability: Column | float) -> Flags:
    """Whether words stand out enough to be cut, by their `contrast` and the probability of their sentence."""
    return np.asarray(contrast + SURE * logit(np.asarray(probability)) >= STANDS_OUT)


def _words(table: SentenceTable, row: int) -> tuple[Index, Index]:
    """Starts and ends of the words of a sentence."""
    words = table.tokens_of(row)
    return table.tokens.start[words], table.tokens.end[words]


def _rewards(text: str, begins: Index, ends: Index) -> Column:
    """Bonus or penalty for a cut that starts or ends before each word, or after the last: (words + 1,)."""
    gaps = [text[end:begin] for end, begin in zip(ends[:-1], begins[1:], strict=True)]
    inside = [
        NEVER if len(gap) < 2 and gap in JOINS else AT_SIGN if any(sign in TIES for sign in gap) else 0.0
        for gap in gaps
    ]
    return np.array([AT_SIGN, *inside, AT_SIGN])


def _contrast(log_odds: Column, left: int, right: int) -> float:
    """How much more foreign the words of a run are than those that would stay."""
    stay = np.concatenate([log_odds[:left], log_odds[right:]])
    beside = float(stay.mean()) if len(stay) else OWN_WORD
    return float(log_odds[left:right].mean()) - beside


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


def _core(log_odds: Column, rewards: Column, left: int, right: int) -> tuple[int, int]:
    """Bounds of a run of words without the clauses at its ends that are far less foreign than its most foreign one."""
    signs = np.flatnonzero(rewards[left + 1 : right] > 0) + left + 1
    clauses = list(itertools.pairwise((left, *signs.tolist(), right)))
    means = [float(log_odds[first:last].mean()) for first, last in clauses]
    most = max(
        (mean for mean, (first, last) in zip(means, clauses, strict=True) if last - first >= LEAST_CLAUSE), default=0
    )
    alike = [clause for clause, mean in zip(clauses, means, strict=True) if mean > most - LESS]
    return (alike[0][0], alike[-1][1]) if alike else (left, right)


def _mended(words: Sequence[str], at_sign: Flags) -> int:
    """How many of the words before a cut stay, so that none is left dangling."""
    left = len(words)
    while not at_sign[left] and words[left - 1] in LEADING:
        left -= 1
    verb = left
    while not at_sign[verb] and words[verb - 1] in ADVERBS:
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
