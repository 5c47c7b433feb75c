"""Words of doubtful sentences → how near each is in meaning to the words around; those of another story are far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.sentences.table import WINDOW
from noisefilter.text.tokens import range_entries, unit_rows

if TYPE_CHECKING:
    from noisefilter.arrays import Index, Inputs
    from noisefilter.sentences.table import SentenceTable

#: Cosines that are held in memory at a time: a sentence may have a hundred thousand words.
MOST_COSINES = 4_000_000


def find_kin(table: SentenceTable, rows: Index) -> Inputs:
    """Each chosen word's highest cosine with a word of another paragraph nearby; -1 for words without topic."""
    edges = table.entry_edges
    unit = unit_rows(table.known_vectors).astype(np.float32)
    carries = (table.idf > 0) & (table.known < table.word_vectors.number_row)[table.word]
    index = np.arange(len(table))
    first, last = (bound[rows] for bound in table.bounds(index - WINDOW, index + WINDOW + 1))
    place = np.zeros(len(unit), dtype=np.int64)
    found = []
    for part in _neighbourhoods(rows, table.article[rows]):
        chosen, low, high = rows[part], int(first[part.start]), int(last[part.stop - 1])
        entries = range_entries(edges[chosen], edges[chosen + 1])
        kin = np.full(len(entries), -1.0)
        found.append(kin)
        around = edges[low] + np.flatnonzero(carries[edges[low] : edges[high]])
        words = np.flatnonzero(np.bincount(table.word[around]))
        place[words] = np.arange(len(words))
        says = np.zeros((high - low, len(words)), dtype=np.float32)  # which sentence has which word
        says[table.owner[around] - low, place[table.word[around]]] = 1
        sentence = np.arange(low, high)
        apart = (table.block[low:high] != table.block[chosen][:, None]) & (abs(sentence - chosen[:, None]) <= WINDOW)
        near = apart.astype(np.float32) @ says > 0  # which words are near which chosen sentence
        row = np.searchsorted(chosen, table.owner[entries])
        inside = np.flatnonzero(carries[entries] & near.any(axis=1)[row])
        step = max(1, MOST_COSINES // max(1, len(words)))
        for some in (inside[at : at + step] for at in range(0, len(inside), step)):
            likeness = np.where(near[row[some]], unit[table.word[entries[some]]] @ unit[words].T, -2.0).max(axis=1)
            kin[some] = np.round(likeness, 4)  # the same in any batch
    return np.concatenate(found) if found else np.zeros(0)


def _neighbourhoods(rows: Index, article: Index) -> list[slice]:
    """Slices of the chosen sentences, each with those of an article that share most of their surroundings."""
    parts, first = [], 0
    for index in range(1, len(rows) + 1):
        if index == len(rows) or article[index] != article[first] or rows[index] - rows[first] > 2 * WINDOW:
            parts.append(slice(first, index))
            first = index
    return parts
