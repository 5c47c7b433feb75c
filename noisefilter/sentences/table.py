"""Sentences → arrays: what the sentence features share."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from noisefilter.text.cues import cue_table
from noisefilter.text.tokens import (
    STEM_LETTERS,
    find_cues,
    hash_word,
    join_tokens,
    neighbour,
    range_entries,
    sums,
    sums_of_rows,
    unit_rows,
    word_list,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.html.walk import BlockedPage
    from noisefilter.text.sentences import SentenceRange
    from noisefilter.text.tokens import Tokens
    from noisefilter.text.vectors import VectorTable

    Column = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Sentences on each side that count as context; the whole page would have "seen" everything (docs/how-it-works.md).
WINDOW = 12
HEADING_WORDS = 14
#: Phrase tables that sentences are looked up in.
CUES = ("filler", "promotion", "furniture", "templates", "splices")


class Article(NamedTuple):
    """A page, its tokens, and those of its sentences that are measured."""

    page: BlockedPage
    tokens: Tokens
    sentences: Sequence[SentenceRange] | Index  # start, end and block of each


@dataclass(frozen=True, slots=True)
class SentenceTable:
    """Sentences of some articles, one article after the other, as arrays of equal length, with what the features share.

    `text` is the articles' texts, each followed by a line break, and all offsets are into it; `base` says where each
    begins. Blocks are numbered through, too. What is measured of a sentence never depends on another article.

    `vectors` are unit length, (sentences, dimensions). `context` is the unit mean of the `WINDOW` sentences on each
    side, the sentence itself left out. `seen` is, for each token, the distance in sentences to the nearest other
    sentence that uses its stem (a large number for none).
    """

    pages: tuple[BlockedPage, ...]
    text: str
    tokens: Tokens
    base: Index  # of each article
    block_base: Index  # of each article: the number of its first block
    edges: Index  # first sentence of each article, and the end of the last
    article: Index  # of each sentence
    start: Index
    end: Index
    block: Index
    first: Index
    last: Index
    words: Column
    vectors: Column
    lengths: Column  # of the vectors before they were made unit
    context: Column
    title_vectors: Column  # of each article
    token_index: Index  # tokens of all sentences, one after the other
    owner: Index  # sentence of each of them
    word: Index  # of each of them: the row of `known`
    known: Index  # rows of the vector table of all different words
    stems: Index  # of each of them; the same word of two articles has two
    by_stem: Index  # their order by stem, then by sentence
    distinct_stems: Column  # of each article, how many
    distinct_pairs: Column  # of words, of each article
    seen: Index
    idf: Column  # of each of them
    odd_capital: Column  # of each of them: how rarely such a word has its capital, zero where it has none
    section: Index  # template heading that the sentence stands under, -1 for none
    texts: tuple[str, ...]
    cues: Mapping[str, Index]  # of each sentence the row of each of `CUES` that it matches, -1 for none

    def __len__(self) -> int:
        return len(self.start)

    @property
    def sizes(self) -> Index:
        """Sentences of each article."""
        return np.diff(self.edges)

    @property
    def place(self) -> Index:
        """Sentences of the same article before each one."""
        return np.arange(len(self)) - self.edges[self.article]

    def count(self, name: str) -> Column:
        """Characters of a class in each sentence."""
        return self.tokens.characters.count(name, self.start, self.end).astype(np.float64)

    def share(self, flags: NDArray[np.bool_] | Column) -> Column:
        """Mean over each sentence's words of a value per token of the pages."""
        return sums(np.asarray(flags, dtype=np.float64), self.first, self.last) / np.maximum(self.words, 1)

    def mean(self, values: Column, weights: Column | None = None) -> Column:
        """Mean over each sentence's words of a value per entry of `token_index`, weighted."""
        weights = np.ones(len(values)) if weights is None else weights
        total = np.bincount(self.owner, values * weights, minlength=len(self))
        return total / np.maximum(np.bincount(self.owner, weights, minlength=len(self)), 1e-9)

    def neighbour(self, values: NDArray[Any], step: int, beyond: float = 0.0) -> NDArray[Any]:
        """Values of the sentence `step` further on; `beyond` where the article has none."""
        return neighbour(values, self.article, step, beyond)

    def bounds(self, first: Index, last: Index) -> tuple[Index, Index]:
        """The ranges of sentences, one a sentence, as far as they lie in its article."""
        return np.maximum(first, self.edges[self.article]), np.minimum(last, self.edges[self.article + 1])

    def totals(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sum over each article of a value per sentence."""
        return sums(values, self.edges[:-1], self.edges[1:])

    def means(self, values: Column) -> Column:
        """Mean over each article of a value per sentence."""
        return self.totals(values) / np.maximum(self.sizes, 1)

    def relative(self, values: Column) -> Column:
        """Standard deviations from the article's mean."""
        apart = values - self.means(values)[self.article]
        return apart / (np.sqrt(self.means(apart**2)) + 0.05)[self.article]


def sentence_table(articles: Sequence[Article], vectors: VectorTable) -> SentenceTable:
    """Arrays that the sentence features share."""
    pages = tuple(article.page for article in articles)
    text = "".join(f"{page.text}\n" for page in pages)
    base = _offsets([len(page.text) + 1 for page in pages])
    block_base = _offsets([len(page.blocks) for page in pages])
    sizes = np.array([len(article.sentences) for article in articles], dtype=np.int64)
    edges = np.append(_offsets(sizes), sizes.sum())
    article = np.repeat(np.arange(len(articles)), sizes)
    tokens = join_tokens([own.tokens for own in articles], base)
    ranges = np.concatenate([np.array(own.sentences, dtype=np.int64).reshape(-1, 3) for own in articles])
    start, end = ranges[:, 0] + base[article], ranges[:, 1] + base[article]
    first, last = tokens.ranges(start, end)
    words = last - first
    owner = np.repeat(np.arange(len(ranges)), words)
    token_index = range_entries(first, last)
    known, word = vectors.distinct(tokens.ids[token_index])
    totals = sums_of_rows(vectors.vectors(known), word, words)
    unit = unit_rows(totals)
    texts = tuple(text[a:b] for a, b in zip(start.tolist(), end.tolist(), strict=True))
    cues = {name: find_cues(name, texts, tokens, first, last) for name in CUES}
    stems = tokens.stems[token_index] + (article[owner] << 32)
    by_stem = np.argsort(stems, kind="stable")
    return SentenceTable(
        pages, text, tokens, base, block_base, edges, article, start, end, ranges[:, 2] + block_base[article], first, last,
        words.astype(np.float64), unit, np.sqrt(np.einsum("ij,ij->i", totals, totals)), _context(unit, edges, article),
        _title_vectors(pages, unit, edges, vectors), token_index, owner, word, known, stems, by_stem,
        _changes(stems[by_stem], len(articles)), count_distinct(tokens.pairs[token_index], article[owner], len(articles)),
        _seen(stems, owner, by_stem, _title_stems(pages)),
        vectors.idf[tokens.ids[token_index]].astype(np.float64) * ~tokens.stop[token_index],
        _odd_capitals(tokens, token_index, first[words > 0], vectors),
        _sections(texts, words, article, cues["templates"]), texts, cues,
    )  # fmt: skip


def count_distinct(keys: Index, article: Index, count: int) -> Column:
    """How many different keys, of 32 bits, each article has."""
    return _changes(np.sort(keys + (article << 32)), count)


def _changes(ordered: Index, count: int) -> Column:
    """How many different ones of some sorted keys, numbered by article, each article has."""
    opens = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    return np.bincount(ordered[opens] >> 32, minlength=count).astype(float)


def _offsets(sizes: Sequence[int] | Index) -> Index:
    """Where each of some things begins that stand one after the other."""
    ends = np.cumsum(np.asarray(sizes, dtype=np.int64))
    return ends - np.asarray(sizes, dtype=np.int64)


def _context(unit: Column, edges: Index, article: Index) -> Column:
    """Unit mean of the sentences around each one."""
    index = np.arange(len(unit))
    around = sums(unit, np.maximum(index - WINDOW, edges[article]), np.minimum(index + WINDOW + 1, edges[article + 1]))
    return unit_rows(around - unit)


def _title_vectors(pages: Sequence[BlockedPage], unit: Column, edges: Index, table: VectorTable) -> Column:
    """Unit vector of each title, or of the first sentence where there is none."""
    vectors = np.zeros((len(pages), table.dimensions))
    for row, page in enumerate(pages):
        words = word_list(page.title or "")
        vectors[row] = table.vectors(table.rows(words)).sum(axis=0) if words else 0.0
        if not vectors[row].any() and edges[row] < edges[row + 1]:
            vectors[row] = unit[edges[row]]
    return unit_rows(vectors)


def _title_stems(pages: Sequence[BlockedPage]) -> Index:
    """Hashes of the words of the titles, numbered by article as stems are."""
    found = [
        hash_word(word[:STEM_LETTERS]) + (row << 32)
        for row, page in enumerate(pages)
        for word in word_list(page.title or "")
    ]
    return np.array(found, dtype=np.int64)


def _seen(stems: Index, owner: Index, order: Index, title: Index) -> Index:
    """Distance in sentences to the nearest other sentence with the same stem; far if there is none."""
    far = 1_000_000
    if not len(stems):
        return np.zeros(0, dtype=np.int64)
    stem, sentence = stems[order], owner[order]
    opens = np.append(True, (stem[1:] != stem[:-1]) | (sentence[1:] != sentence[:-1]))
    stem, sentence = stem[opens], sentence[opens]
    gap = np.where(stem[1:] == stem[:-1], np.diff(sentence), far)
    nearest = np.empty(len(stems), dtype=np.int64)
    nearest[order] = np.minimum(np.append(far, gap), np.append(gap, far))[np.cumsum(opens) - 1]
    ordered = stems[order]
    titled = order[range_entries(np.searchsorted(ordered, title), np.searchsorted(ordered, title, side="right"))]
    nearest[titled] = np.minimum(nearest[titled], WINDOW)
    return nearest


def _odd_capitals(tokens: Tokens, token_index: Index, first: Index, vectors: VectorTable) -> Column:
    """1 less the share of a word's occurrences with a capital, where it has one and does not open the sentence."""
    capital = tokens.title.copy()
    capital[first] = False
    return capital[token_index] * (1.0 - vectors.capital[tokens.ids[token_index]])


def _sections(texts: Sequence[str], sizes: Index, article: Index, cues: Index) -> Index:
    """Template heading above each sentence; another short line without a full stop ends its section."""
    sections = np.full(len(texts), -1, dtype=np.int64)
    heads = [index for index in np.flatnonzero(sizes <= HEADING_WORDS).tolist() if texts[index][-1] not in '.!…:,;"”']
    for index, after in pairwise([*heads, len(texts)]):
        text = texts[index]
        found = int(cues[index])
        before = sections[index - 1] if index and article[index - 1] == article[index] else -1
        if found < 0 and not (text[-1] != "?" and before != TAKEAWAYS and text[:1].isalpha()):
            found = before
        end = min(after, int(np.searchsorted(article, article[index], side="right")))
        sections[index:end] = found
    return sections


TAKEAWAYS = next(index for index, cue in enumerate(cue_table("templates").cues) if cue.name == "takeaways")
