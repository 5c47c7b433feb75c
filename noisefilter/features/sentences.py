"""Sentences → matrix: what is measured of a sentence in its article.

`SENTENCE_COLUMNS` is the column order. Only form, words and place: the same for HTML and plain text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.cues import cue_table
from noisefilter.features.tokens import find_cues, hash_word, sums, word_list

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from noisefilter.blocks import BlockedPage
    from noisefilter.features.tokens import Tokens
    from noisefilter.sentences import SentenceRange
    from noisefilter.vectors import VectorTable

    Column = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Sentences on each side that count as context; the whole page would have "seen" everything (docs/how-it-works.md).
WINDOW = 12
#: Sentences before this one that are searched for a repeat; bounds the cost on pages of any length.
LOOK_BACK = 400
LEAD = 3
HEADING_WORDS = 14
#: Tokens whose vectors are held at a time: 16,384 x 128 float64 take 16 MB.
CHUNK = 16_384
YOU = tuple(hash_word(word) for word in ("you", "your", "you're", "you'll", "yourself", "you've"))
WE = tuple(hash_word(word) for word in ("we", "our", "us", "we're", "we'll", "we've", "ours"))
SAYS = tuple(
    hash_word(word)
    for word in ("said", "says", "told", "according", "wrote", "reported", "announced", "added", "explained", "stated")
)


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
    unit = _unit(totals)
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


def _unit(values: Column) -> Column:
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    return values / np.maximum(lengths, 1e-9)[:, None]


def _context(unit: Column) -> Column:
    """Unit mean of the sentences around each one."""
    count = len(unit)
    running = np.zeros((count + 1, unit.shape[1]))
    np.cumsum(unit, axis=0, out=running[1:])
    index = np.arange(count)
    around = running[np.minimum(index + WINDOW + 1, count)] - running[np.maximum(index - WINDOW, 0)]
    return _unit(around - unit)


def _title_vector(title: str | None, unit: Column, table: VectorTable) -> Column:
    """Unit vector of the title, or of the first sentence where there is none."""
    words = word_list(title or "")
    if words:
        total = table.vectors(table.rows(words)).sum(axis=0, keepdims=True)
        if np.any(total):
            return _unit(total)[0]
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


# Form and words.


def log_words(table: SentenceTable) -> Column:
    """Length; filler is short or middling, facts are long."""
    return np.log1p(table.words)


def word_length(table: SentenceTable) -> Column:
    """Characters a word."""
    return np.minimum((table.end - table.start) / np.maximum(table.words, 1), 25)


def ends_sentence(table: SentenceTable) -> Column:
    """Ends with a full stop: a sentence, not a heading or label."""
    return (table.tokens.characters.count("stop", np.maximum(table.end - 2, table.start), table.end) > 0).astype(float)


def ends_question(table: SentenceTable) -> Column:
    """A question; many are rhetorical."""
    return (table.tokens.characters.count("question", table.end - 1, table.end) > 0).astype(float)


def ends_colon(table: SentenceTable) -> Column:
    """A lead-in to a list."""
    return (table.tokens.characters.count("colon", table.end - 1, table.end) > 0).astype(float)


def commas(table: SentenceTable) -> Column:
    """Commas a word."""
    return np.minimum(table.count("comma") / np.maximum(table.words, 1), 1)


def quotes(table: SentenceTable) -> Column:
    """Quotation marks: somebody is quoted."""
    return np.minimum(table.count("quote"), 4)


def brackets(table: SentenceTable) -> Column:
    """Opening brackets."""
    return np.minimum(table.count("open"), 3)


def signs(table: SentenceTable) -> Column:
    """Currency, percent and copyright signs."""
    return np.minimum(table.count("sign"), 3)


def separators(table: SentenceTable) -> Column:
    """Bars and bullets: furniture."""
    return np.minimum(table.count("separator"), 3)


def digits(table: SentenceTable) -> Column:
    """Share of words with a digit: facts have numbers."""
    return table.share(table.tokens.digit)


def any_digit(table: SentenceTable) -> Column:
    """Whether there is a number at all."""
    return (digits(table) > 0).astype(float)


def names(table: SentenceTable) -> Column:
    """Capitalised words after the first, a word: names."""
    inner = table.tokens.title.copy()
    inner[table.first[table.words > 0]] = False
    return table.share(inner & ~table.tokens.stop)


def any_name(table: SentenceTable) -> Column:
    """Whether there is a name after the first word."""
    return (names(table) > 0).astype(float)


def upper_case(table: SentenceTable) -> Column:
    """Share of words in capitals."""
    return table.share(table.tokens.upper)


def stop_words(table: SentenceTable) -> Column:
    """Share of grammatical words."""
    return table.share(table.tokens.stop)


def rarity(table: SentenceTable) -> Column:
    """Mean rarity of the words that carry meaning: generic sentences use common words."""
    return table.mean(table.idf, (table.idf > 0).astype(float))


def rarest(table: SentenceTable) -> Column:
    """Rarity of the rarest word."""
    top = np.zeros(len(table))
    np.maximum.at(top, table.owner, table.idf)
    return top


def _words_of(hashes: tuple[int, ...]) -> Callable[[SentenceTable], Column]:
    def column(table: SentenceTable) -> Column:
        return table.share(np.isin(table.tokens.hashes, hashes))

    return column


def _cue(name: str) -> Callable[[SentenceTable], Column]:
    def column(table: SentenceTable) -> Column:
        return (find_cues(name, table.texts, table.tokens, table.first, table.last) >= 0).astype(float)

    return column


# Cohesion and repetition.


def title_likeness(table: SentenceTable) -> Column:
    """Cosine with the title: restating it, or far from it."""
    return table.vectors @ table.title_vector


def context_likeness(table: SentenceTable) -> Column:
    """Cosine with the sentences around."""
    return np.einsum("ij,ij->i", table.vectors, table.context)


def lead_likeness(table: SentenceTable) -> Column:
    """Cosine with the first sentences."""
    lead = table.vectors[:LEAD].sum(axis=0)
    return table.vectors @ (lead / max(1e-9, float(np.sqrt(lead @ lead))))


def said_before(table: SentenceTable) -> Column:
    """Highest cosine with an earlier sentence: restatement."""
    best = np.zeros(len(table))
    step = 200
    for low in range(0, len(table), step):
        base = max(0, low - LOOK_BACK)
        likeness = table.vectors[low : low + step] @ table.vectors[base : low + step].T
        rows, columns = np.indices(likeness.shape)
        likeness[columns + base >= rows + low] = 0
        best[low : low + step] = likeness.max(axis=1)
    return best


def new_words(table: SentenceTable) -> Column:
    """Share of the rare words that no sentence nearby uses, by rarity."""
    return table.mean((table.seen > WINDOW).astype(float), table.idf)


def next_words(table: SentenceTable) -> Column:
    """Share of the rare words that a neighbouring sentence uses, by rarity."""
    return table.mean((table.seen <= 1).astype(float), table.idf)


# Place.


def place(table: SentenceTable) -> Column:
    """Sentences before this one, as a share."""
    return np.arange(len(table)) / max(1, len(table))


def from_start(table: SentenceTable) -> Column:
    """Sentences before."""
    return np.log1p(np.arange(len(table), dtype=float))


def from_end(table: SentenceTable) -> Column:
    """Sentences after: conclusions stand at the end."""
    return np.log1p(np.arange(len(table), dtype=float)[::-1])


def block_sentences(table: SentenceTable) -> Column:
    """Sentences in the same block."""
    _, inverse, counts = np.unique(table.block, return_inverse=True, return_counts=True)
    return np.log1p(counts[inverse]) if len(table) else np.zeros(0)


def opens_block(table: SentenceTable) -> Column:
    """First of its block."""
    return np.append(1.0, np.diff(table.block) > 0)[: len(table)].astype(float)


def closes_block(table: SentenceTable) -> Column:
    """Last of its block."""
    return np.append(np.diff(table.block) > 0, 1.0)[-len(table) :].astype(float) if len(table) else np.zeros(0)


def article_sentences(table: SentenceTable) -> Column:
    """Sentences of the article."""
    return np.full(len(table), np.log1p(len(table)))


def _section(index: int) -> Callable[[SentenceTable], Column]:
    def column(table: SentenceTable) -> Column:
        return (table.section == index).astype(float)

    return column


def shift(values: Column, step: int) -> Column:
    """Values of the sentence `step` further on; zero beyond the article."""
    moved = np.zeros_like(values)
    if step > 0:
        moved[:-step] = values[step:]
    else:
        moved[-step:] = values[:step]
    return moved


NEIGHBOURS = (-1, 1)
#: Features of which the neighbours' values, and the article's mean, are features too.
OF_NEIGHBOURS = ("log_words", "ends_sentence", "digits", "names")
OF_ARTICLE = ("digits", "names", "quotes", "said_before", "rarity", "log_words")

SENTENCE_FEATURES: tuple[tuple[str, Callable[[SentenceTable], Column]], ...] = (
    *((feature.__name__, feature) for feature in (
        log_words, word_length, ends_sentence, ends_question, ends_colon, commas, quotes, brackets, signs, separators,
        digits, any_digit, names, any_name, upper_case, stop_words, rarity, rarest, title_likeness, context_likeness,
        lead_likeness, said_before, new_words, next_words, place, from_start, from_end, block_sentences, opens_block,
        closes_block, article_sentences,
    )),
    ("says_you", _words_of(YOU)), ("says_we", _words_of(WE)), ("says_who_said", _words_of(SAYS)),
    *((f"cue_{name}", _cue(name)) for name in ("filler", "promotion", "furniture", "templates")),
    *((f"section_{cue.name}", _section(index)) for index, cue in enumerate(cue_table("templates").cues)),
)  # fmt: skip
SENTENCE_COLUMNS: tuple[str, ...] = (
    *(name for name, _ in SENTENCE_FEATURES),
    *(f"{name}_{'next' if step > 0 else 'before'}" for name in OF_NEIGHBOURS for step in NEIGHBOURS),
    *(f"{name}_of_article" for name in OF_ARTICLE),
)


def sentence_matrix(table: SentenceTable) -> NDArray[np.float64]:
    """Features of the sentences of one article, columns as in `SENTENCE_COLUMNS`: (sentences, columns)."""
    if not len(table):
        return np.zeros((0, len(SENTENCE_COLUMNS)))
    own = {name: feature(table) for name, feature in SENTENCE_FEATURES}
    around = [shift(own[name], step) for name in OF_NEIGHBOURS for step in NEIGHBOURS]
    means = [np.full(len(table), own[name].mean()) for name in OF_ARTICLE]
    return np.stack([*own.values(), *around, *means], axis=1)
