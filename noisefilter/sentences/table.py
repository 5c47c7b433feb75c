"""Sentences → arrays: what the sentence features share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from noisefilter.sentences.columns import SENTENCE_COLUMNS, WORD_GROUPS, sentence_matrix
from noisefilter.sentences.repeats import Repeats, find_repeats
from noisefilter.sentences.sections import sections_read, sections_shown
from noisefilter.text.tokens import (
    STEM_LETTERS,
    distances,
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
from noisefilter.threads import cached_property

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Column, Flags, Index, Matrix
    from noisefilter.html.walk import BlockedPage
    from noisefilter.text.sentences import SentenceRange
    from noisefilter.text.tokens import Tokens
    from noisefilter.text.vectors import VectorTable

#: Sentences on each side that count as context; the whole page would have "seen" everything (docs/how-it-works.md).
WINDOW = 12
#: Phrase tables that sentences are looked up in; the last two only name, no classifier reads them.
CUES = ("filler", "promotion", "boilerplate", "templates", "splices", "sources", "empty", "sales")
_HASHES = {name: [*map(hash_word, words.split())] for name, words in WORD_GROUPS.items()}


class Article(NamedTuple):
    """A page, its tokens, and those of its sentences that are measured."""

    page: BlockedPage
    tokens: Tokens
    sentences: Sequence[SentenceRange] | Index  # start, end and block of each


@dataclass(frozen=True, eq=False)
class SentenceTable:
    """Sentences of some articles, one article after the other, with the arrays that the features share.

    All offsets are into the articles' texts, each followed by a line break. Blocks are numbered across articles, too. A
    sentence's values never depend on another article. Each array is computed on first use.
    """

    articles: Sequence[Article]
    word_vectors: VectorTable

    def __len__(self) -> int:
        return int(self.edges[-1])

    # of each article

    @cached_property
    def pages(self) -> tuple[BlockedPage, ...]:
        """The articles' pages."""
        return tuple(article.page for article in self.articles)

    @cached_property
    def text(self) -> str:
        """The articles' texts, each followed by a line break."""
        return "".join(f"{page.text}\n" for page in self.pages)

    @cached_property
    def base(self) -> Index:
        """Where the text of each article begins."""
        return _offsets([len(page.text) + 1 for page in self.pages])

    @cached_property
    def block_base(self) -> Index:
        """The number of each article's first block."""
        return _offsets([len(page.blocks) for page in self.pages])

    @cached_property
    def sizes(self) -> Index:
        """Sentences of each article."""
        return np.array([len(article.sentences) for article in self.articles], dtype=np.int64)

    @cached_property
    def edges(self) -> Index:
        """First sentence of each article, and the end of the last: (articles + 1,)."""
        return np.append(0, np.cumsum(self.sizes))

    @cached_property
    def title_vectors(self) -> Matrix:
        """Unit vector of each title, or of the first sentence where there is none: (articles, dimensions)."""
        vectors = np.zeros((len(self.pages), self.word_vectors.dimensions))
        for row, page in enumerate(self.pages):
            words = word_list(page.title or "")
            vectors[row] = self.word_vectors.vectors(self.word_vectors.rows(words)).sum(axis=0) if words else 0.0
            if not vectors[row].any() and self.sizes[row]:
                vectors[row] = self.vectors[self.edges[row]]
        return unit_rows(vectors)

    # of each sentence

    @cached_property
    def article(self) -> Index:
        """The number of its article."""
        return np.repeat(np.arange(len(self.articles)), self.sizes)

    @property
    def place(self) -> Index:
        """Sentences of the same article before it."""
        return np.arange(len(self)) - self.edges[self.article]

    @cached_property
    def _ranges(self) -> Index:
        """Start, end and block in the sentence's own page."""
        return np.concatenate([np.array(article.sentences, dtype=np.int64).reshape(-1, 3) for article in self.articles])

    @cached_property
    def start(self) -> Index:
        """Offset of its first character."""
        return self._ranges[:, 0] + self.base[self.article]

    @cached_property
    def end(self) -> Index:
        """Offset after its last character."""
        return self._ranges[:, 1] + self.base[self.article]

    @cached_property
    def block(self) -> Index:
        """The number of its block."""
        return self._ranges[:, 2] + self.block_base[self.article]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Its text."""
        return tuple(self.text[a:b] for a, b in zip(self.start.tolist(), self.end.tolist(), strict=True))

    @cached_property
    def first(self) -> Index:
        """Its first token."""
        return self.tokens.start.searchsorted(self.start)

    @cached_property
    def last(self) -> Index:
        """The token after its last one."""
        return self.tokens.start.searchsorted(self.end)

    def tokens_of(self, row: int) -> slice:
        """The tokens of one sentence."""
        return slice(int(self.first[row]), int(self.last[row]))

    @cached_property
    def words(self) -> Column:
        """How many words it has."""
        return (self.last - self.first).astype(np.float64)

    @cached_property
    def _units(self) -> tuple[Matrix, Column]:
        totals = sums_of_rows(self.known_vectors, self.word, self.last - self.first)
        return unit_rows(totals), np.sqrt(np.einsum("ij,ij->i", totals, totals))

    @property
    def vectors(self) -> Matrix:
        """Its unit vector: (sentences, dimensions)."""
        return self._units[0]

    @property
    def lengths(self) -> Column:
        """Length of its vector before normalisation."""
        return self._units[1]

    @cached_property
    def window(self) -> Matrix:
        """Sum of its vector and those of the `WINDOW` sentences on each side: (sentences, dimensions)."""
        index = np.arange(len(self))
        return sums(self.vectors, *self.bounds(index - WINDOW, index + WINDOW + 1))

    @cached_property
    def context(self) -> Matrix:
        """Unit mean of the `WINDOW` sentences on each side, itself left out: (sentences, dimensions)."""
        return unit_rows(self.window - self.vectors)

    @cached_property
    def matrix(self) -> Matrix:
        """Its features: (sentences, SENTENCE_COLUMNS)."""
        return sentence_matrix(self)

    def feature(self, name: str) -> Column:
        """The column of `matrix` with a name."""
        return self.matrix[:, SENTENCE_COLUMNS.index(name)]

    @cached_property
    def cues(self) -> Mapping[str, Index]:
        """The row of each of `CUES` that it matches, -1 for none."""
        return find_cues(CUES, self.texts, self.tokens, self.first, self.last)

    @cached_property
    def shares(self) -> Mapping[str, Column]:
        """Share of its words that have a digit, are names, capitals or stop words, or belong to one of `WORD_GROUPS`."""
        tokens = self.tokens
        flags = {
            "digit": tokens.digit,
            "name": self.inner_capital & ~tokens.stop,
            "upper": tokens.upper,
            "stop": tokens.stop,
            **{name: np.isin(tokens.hashes, hashes) for name, hashes in _HASHES.items()},
        }
        counts = tokens.count([*flags.values()], self.first, self.last)
        return dict(zip(flags, counts / np.maximum(self.words, 1), strict=True))

    @cached_property
    def section(self) -> Index:
        """Template heading that it stands under, -1 for none."""
        return sections_read(self)

    @cached_property
    def shown_section(self) -> Index:
        """Template heading that a reader sees above it, -1 for none: see `sections_shown`."""
        return sections_shown(self, np.ones(len(self), dtype=np.bool_))

    @cached_property
    def repeats(self) -> Repeats:
        """Whether it says again what others say, if it is a whole sentence."""
        return find_repeats(self)

    # of each token of the pages, or of each that stands in a sentence

    @cached_property
    def tokens(self) -> Tokens:
        """Words of the articles' texts."""
        return join_tokens([article.tokens for article in self.articles], self.base)

    @cached_property
    def inner_capital(self) -> Flags:
        """Whether each word of the texts has a capital and is not the first of a sentence."""
        capital = self.tokens.title.copy()
        capital[self.first[self.words > 0]] = False
        return capital

    @cached_property
    def token_index(self) -> Index:
        """Tokens of all sentences, one after the other: the entries."""
        return range_entries(self.first, self.last)

    @cached_property
    def owner(self) -> Index:
        """Sentence of each entry."""
        return np.repeat(np.arange(len(self)), self.last - self.first)

    @cached_property
    def entry_edges(self) -> Index:
        """First entry of each sentence, and the end of the last: (sentences + 1,)."""
        return np.append(0, np.cumsum(self.last - self.first))

    @cached_property
    def _distinct_words(self) -> tuple[Index, Index]:
        return self.word_vectors.distinct(self.tokens.ids[self.token_index])

    @property
    def known(self) -> Index:
        """Rows of the vector table, one for each distinct word."""
        return self._distinct_words[0]

    @cached_property
    def known_vectors(self) -> Matrix:
        """Vectors of these words: (known, dimensions)."""
        return self.word_vectors.vectors(self.known)

    @property
    def word(self) -> Index:
        """Of each entry: the row of `known`."""
        return self._distinct_words[1]

    @cached_property
    def stems(self) -> Index:
        """Stem of each entry; the same word of two articles has two."""
        return self.tokens.stems[self.token_index] + (self.article[self.owner] << 32)

    @cached_property
    def by_stem(self) -> Index:
        """The entries in the order of their stems, then of the sentences."""
        return np.argsort(self.stems, kind="stable")

    @cached_property
    def seen(self) -> Index:
        """Of each entry: distance in sentences to the nearest other one that uses its stem; words of titles are near all."""
        nearest = distances(self.stems, self.owner, self.by_stem)
        ordered, title = self.stems[self.by_stem], _title_stems(self.pages)
        titled = self.by_stem[range_entries(ordered.searchsorted(title), ordered.searchsorted(title, side="right"))]
        nearest[titled] = np.minimum(nearest[titled], WINDOW)
        return nearest

    @cached_property
    def idf(self) -> Column:
        """Rarity of each entry, zero for stop words."""
        rarity = self.word_vectors.idf[self.tokens.ids[self.token_index]].astype(np.float64)
        return rarity * ~self.tokens.stop[self.token_index]

    @cached_property
    def near(self) -> Flags:
        """Whether a sentence within `WINDOW`, or the title, uses the stem of each entry."""
        return np.asarray(self.seen <= WINDOW)

    @cached_property
    def foreign(self) -> Column:
        """Rarity of each entry that is not `near`, zero for the others."""
        return self.idf * ~self.near

    @cached_property
    def odd_capital(self) -> Column:
        """How unusual each entry's capital is: 1 minus the word's share of them; 0 if none, or first in a sentence."""
        return self.inner_capital[self.token_index] * (
            1.0 - self.word_vectors.capital[self.tokens.ids[self.token_index]]
        )

    # sums and comparisons of values

    @cached_property
    def signs(self) -> Mapping[str, Column]:
        """Characters of each class in each sentence."""
        return self.tokens.characters.count(self.start, self.end)

    def mean(self, values: Column, weights: Column | None = None) -> Column:
        """Mean over each sentence's words of a value per entry of `token_index`, weighted."""
        weights = np.ones(len(values)) if weights is None else weights
        total = np.bincount(self.owner, values * weights, minlength=len(self))
        return total / np.maximum(np.bincount(self.owner, weights, minlength=len(self)), 1e-9)

    def highest(self, values: Column) -> Column:
        """Highest value per entry of `token_index` of each sentence, at least zero."""
        top = np.zeros(len(self))
        np.maximum.at(top, self.owner, values)
        return top

    def neighbour(self, values: NDArray[Any], step: int, beyond: float = 0.0) -> NDArray[Any]:
        """Values of the sentence `step` further on; `beyond` where the article has none."""
        return neighbour(values, self.article, step, beyond)

    def bounds(self, first: Index, last: Index) -> tuple[Index, Index]:
        """The ranges of sentences, one for each sentence, clipped to its article."""
        return np.maximum(first, self.edges[self.article]), np.minimum(last, self.edges[self.article + 1])

    def totals(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sum over each article of a value, or a row of values, per sentence: (articles, ...)."""
        return sums(values, self.edges[:-1], self.edges[1:])

    def means(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Mean over each article of the same: (articles, ...)."""
        return np.asarray((self.totals(values).T / np.maximum(self.sizes, 1)).T)

    def relative(self, values: Column) -> Column:
        """Standard deviations of each sentence's value from the article's mean: (sentences,)."""
        apart = values - self.means(values)[self.article]
        return np.asarray(apart / (np.sqrt(self.means(apart**2)) + 0.05)[self.article])


def _offsets(sizes: Sequence[int] | Index) -> Index:
    """Start of each of the consecutive ranges with these sizes."""
    ends = np.cumsum(np.asarray(sizes, dtype=np.int64))
    return ends - np.asarray(sizes, dtype=np.int64)


def _title_stems(pages: Sequence[BlockedPage]) -> Index:
    """Stem hashes of the words in the titles, with the article in the upper bits as in `stems`."""
    words = ((row, word) for row, page in enumerate(pages) for word in word_list(page.title or ""))
    return np.array([hash_word(word[:STEM_LETTERS]) + (row << 32) for row, word in words], dtype=np.int64)
