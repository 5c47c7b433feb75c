"""Words of sentences → which sentences say again what another one said.

Two sentences say the same if they share most of their words, weighted by rarity. Vectors would call two sentences on
one subject alike (`said_before`); this asks for the same words, and works for any number of sentences.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.text.tokens import begins

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags, Index
    from noisefilter.sentences.table import SentenceTable

#: Fewer words, or different words that carry meaning, make no sentence that could be said again: headings, labels.
LEAST_WORDS, LEAST_STEMS = 8, 5
#: Share of a sentence's weight that an earlier one holds if it is said again.
AGAIN = 0.6
#: The same if both say one thing among others: of the later and of the earlier sentence.
ALIKE = 0.5, 0.4
#: Earlier sentences with the same stem that a sentence is compared with; bounds the cost on pages of any length.
LATEST = 40
#: Pairs that are compared at once, at most; bounds the memory.
AT_ONCE = 1_000_000


class Repeats(NamedTuple):
    """Each sentence: whether it is one, says again what was said, and says what two others say too."""

    whole: Flags
    again: Flags
    thrice: Flags


def find_repeats(table: SentenceTable) -> Repeats:
    """Which sentences repeat others of their article; those too short or without a full stop are not compared."""
    count, whole = len(table), (table.words >= LEAST_WORDS) & (table.feature("ends_sentence") > 0)
    stem, sentence, weight = _distinct(table, whole)
    total = np.bincount(sentence, weight, count)
    whole = whole & (np.bincount(sentence, minlength=count) >= LEAST_STEMS)
    kept = whole[sentence]
    later, earlier, shared = _pairs(stem[kept], sentence[kept], weight[kept], count)
    again, partners = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.int64)
    of_later, of_earlier = (shared / np.maximum(total[side], 1e-9) for side in (later, earlier))
    again[later[of_later >= AGAIN]] = True
    alike = (of_later >= ALIKE[0]) & (of_earlier >= ALIKE[1])
    for side in (later, earlier):
        partners += np.bincount(side[alike], minlength=count)
    return Repeats(whole, again, partners >= 2)


def _distinct(table: SentenceTable, whole: Flags) -> tuple[Index, Index, Column]:
    """Each different stem of each whole sentence, in the order of stems and then of sentences, with its rarity."""
    used = whole[table.owner] & (table.idf > 0)
    order = table.by_stem[used[table.by_stem]]
    order = order[begins(table.stems[order]) | begins(table.owner[order])]
    return table.stems[order], table.owner[order], table.idf[order]


def _pairs(stem: Index, sentence: Index, weight: Column, count: int) -> tuple[Index, Index, Column]:
    """Pairs of sentences that share a stem: the later one, the earlier one, and the weight of what they share."""
    parts = 1 + len(stem) * LATEST // AT_ONCE
    edges = np.linspace(0, count, parts + 1).astype(np.int64).tolist()
    found = [_pairs_within(stem, sentence, weight, count, low, high) for low, high in pairwise(edges)]
    pairs, shared = (np.concatenate(part) for part in zip(*found, strict=True))
    return pairs // max(count, 1), pairs % max(count, 1), shared


def _pairs_within(
    stem: Index, sentence: Index, weight: Column, count: int, low: int, high: int
) -> tuple[Index, Column]:
    """Pairs whose later sentence is in a range, as later one times `count` plus earlier one, and what they share."""
    keys, shared = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    inside = (sentence >= low) & (sentence < high)
    for step in range(1, min(LATEST, len(stem) - 1) + 1):
        same = stem[step:] == stem[:-step]
        if not same.any():
            break
        same = np.flatnonzero(same & inside[step:])
        keys.append(sentence[same + step] * count + sentence[same])
        shared.append(weight[same + step])
    pairs, place = np.unique(np.concatenate(keys), return_inverse=True)
    return pairs, np.bincount(place, np.concatenate(shared), len(pairs)).astype(np.float64)
