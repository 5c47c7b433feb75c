"""Sentences → arrays: what the sentence features share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.cues import cue_table
from noisefilter.features.tokens import hash_word, sums, unit_rows, word_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from noisefilter.blocks import BlockedPage
    from noisefilter.features.tokens import Tokens
    from noisefilter.sentences import SentenceRange
    from noisefilter.vectors import VectorTable

    Column = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Sentences on each side that count as context; the whole page would have "seen" everything (docs/how-it-works.md).
WINDOW = 12
HEADING_WORDS = 14
#: Tokens whose vectors are held at a time: 16,384 x 128 float64 take 16 MB.
CHUNK = 16_384


@dataclass(frozen=True, slots=True)
class SentenceTable:
    """Sentences of one article as arrays of equal length, with what the features share.

    `vectors` are unit length, (sentences, dimensions). `context` is the unit mean of the `WINDOW` sentences on each
    side, the sentence itself left out. `seen` is, for each token, the distance in sentences to the nearest other
    sentence that uses its stem (a large number for none).
    """

    page: BlockedPage
    tokens: Tokens
    start: Index
    end: Index
    block: Index
    first: Index
    last: Index
    words: Column
    vectors: Column
    lengths: Column  # of the vectors before they were made unit
    context: Column
    title_vector: Column
    token_index: Index  # tokens of all sentences, one after the other
    owner: Index  # sentence of each of them
    seen: Index
    idf: Column  # of each of them
    odd_capital: Column  # of each of them: how rarely such a word has its capital, zero where it has none
    section: Index  # template heading that the sentence stands under, -1 for none
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start)

    def count(self, name: str) -> Column:
        """Characters of a class in each sentence."""
        return self.tokens.characters.count(name, self.start, self.end).astype(np.float64)

    def share(self, flags: NDArray[np.bool_] | Column) -> Column:
        """Mean over each sentence's words of a value per token of the page."""
        return sums(np.asarray(flags, dtype=np.float64), self.first, self.last) / np.maximum(self.words, 1)

    def mean(self, values: Column, weights: Column | None = None) -> Column:
        """Mean over each sentence's words of a value per entry of `token_index`, weighted."""
        weights = np.ones(len(values)) if weights is None else weights
        total = np.bincount(self.owner, values * weights, minlength=len(self))
        return total / np.maximum(np.bincount(self.owner, weights, minlength=len(self)), 1e-9)


def sentence_table(
    page: BlockedPage, tokens: Tokens, sentences: Sequence[SentenceRange], vectors: VectorTable
) -> SentenceTable:
    """Arrays that the sentence features share."""
    count = len(sentences)
    start = np.fromiter((sentence.start for sentence in sentences), np.int64, count)
    end = np.fromiter((sentence.end for sentence in sentences), np.int64, count)
    block = np.fromiter((sentence.block for sentence in sentences), np.int64, count)
    first, last = tokens.ranges(start, end)
    sizes = last - first
    owner = np.repeat(np.arange(count), sizes)
    token_index = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(first, sizes)
    totals = _vector_sums(tokens.ids, first, last, vectors)
    unit = unit_rows(totals)
    title = [hash_word(word) for word in word_list(page.title or "")]
    texts = tuple(page.text[a:b] for a, b in zip(start.tolist(), end.tolist(), strict=True))
    return SentenceTable(
        page, tokens, start, end, block, first, last, sizes.astype(np.float64), unit,
        np.sqrt(np.einsum("ij,ij->i", totals, totals)), _context(unit),
        _title_vector(page.title, unit, vectors), token_index, owner,
        _seen(tokens.stems[token_index], owner, title and np.array(title, dtype=np.int64)),
        vectors.idf[tokens.ids[token_index]].astype(np.float64) * ~tokens.stop[token_index],
        _odd_capitals(tokens, token_index, first[sizes > 0], vectors),
        _sections(texts, sizes), texts,
    )  # fmt: skip


def _vector_sums(ids: Index, first: Index, last: Index, table: VectorTable) -> Column:
    """Sum of the word vectors of each sentence, some `CHUNK` tokens at a time."""
    totals = np.zeros((len(first), table.dimensions))
    low = 0
    while low < len(first):
        high = max(low + 1, int(np.searchsorted(last, first[low] + CHUNK)))
        base = int(first[low])
        values = table.vectors(ids[base : int(last[high - 1])])
        totals[low:high] = sums(values, first[low:high] - base, last[low:high] - base)
        low = high
    return totals


def _context(unit: Column) -> Column:
    """Unit mean of the sentences around each one."""
    count = len(unit)
    running = np.zeros((count + 1, unit.shape[1]))
    np.cumsum(unit, axis=0, out=running[1:])
    index = np.arange(count)
    around = running[np.minimum(index + WINDOW + 1, count)] - running[np.maximum(index - WINDOW, 0)]
    return unit_rows(around - unit)


def _title_vector(title: str | None, unit: Column, table: VectorTable) -> Column:
    """Unit vector of the title, or of the first sentence where there is none."""
    words = word_list(title or "")
    if words:
        total = table.vectors(table.rows(words)).sum(axis=0, keepdims=True)
        if np.any(total):
            return unit_rows(total)[0]
    return unit[0] if len(unit) else np.zeros(unit.shape[1])


def _seen(stems: Index, owner: Index, title: Index | list[int]) -> Index:
    """Distance in sentences to the nearest other sentence with the same stem; far if there is none."""
    far = 1_000_000
    if not len(stems):
        return np.zeros(0, dtype=np.int64)
    pairs, inverse = np.unique(stems * (int(owner[-1]) + 1) + owner, return_inverse=True)
    stem, sentence = np.divmod(pairs, int(owner[-1]) + 1)
    gap = np.where(stem[1:] == stem[:-1], sentence[1:] - sentence[:-1], far)
    nearest = np.minimum(np.append(far, gap), np.append(gap, far))[inverse]
    if len(title):
        nearest = np.where(np.isin(stems, title), np.minimum(nearest, WINDOW), nearest)
    return nearest


def _odd_capitals(tokens: Tokens, token_index: Index, first: Index, vectors: VectorTable) -> Column:
    """1 less the share of a word's occurrences with a capital, where it has one and does not open the sentence."""
    capital = tokens.title.copy()
    capital[first] = False
    return capital[token_index] * (1.0 - vectors.capital[tokens.ids[token_index]])


def _sections(texts: Sequence[str], sizes: Index) -> Index:
    """Template heading above each sentence; another short line without a full stop ends its section."""
    table = cue_table("templates")
    sections = np.full(len(texts), -1, dtype=np.int64)
    current = -1
    for index, (text, size) in enumerate(zip(texts, sizes.tolist(), strict=True)):
        if size <= HEADING_WORDS and text[-1] not in '.!…:,;"”':
            found = table.find(text)
            if found >= 0:
                current = found
            elif text[-1] != "?" and current != TAKEAWAYS and text[:1].isalpha():
                current = -1
        sections[index] = current
    return sections


TAKEAWAYS = next(index for index, cue in enumerate(cue_table("templates").cues) if cue.name == "takeaways")
