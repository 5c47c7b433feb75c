"""Text → token arrays: its words, looked up in a lexicon, then numpy."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from noisefilter.text.characters import WORD, Characters, read_characters
from noisefilter.text.cues import cue_table
from noisefilter.threads import late_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Column, Flags, Index, Matrix
    from noisefilter.text.vectors import VectorTable

HAS_DIGIT = re.compile("[0-9]")

#: Hash tables of words and word pairs have this many rows: 2^15 lost 0.001 AUC against 2^18 on block words.
HASH_ROWS = 1 << 15
#: Number of hash ends, by which words of cues are looked up before whole hashes are.
CUE_FILTER = 1 << 17
#: Words that agree in this many first letters count as one where a text's vocabulary is compared with itself.
STEM_LETTERS = 6

STOP_WORDS = frozenset(
    "a about after all also an and any are as at be because been before being but by can could did do does for from had "
    "has have he her him his how i if in into is it its just like may me more most my no not now of on one only or other "
    "our out over own said she should so some such than that the their them then there these they this those to too up "
    "us very was we were what when where which while who why will with would you your".split()
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a text as arrays of equal length, in order.

    `ids` are rows of the vector table (its last row for unknown words), `hashes` 32-bit, `stems`
    hash the first letters only, `pairs` hash each word with the one before it.
    """

    start: Index
    end: Index
    ids: Index
    hashes: Index
    stems: Index
    pairs: Index
    title: Flags
    upper: Flags
    digit: Flags
    stop: Flags
    characters: Characters

    def __len__(self) -> int:
        return len(self.start)

    def ranges(self, starts: Index, ends: Index) -> tuple[Index, Index]:
        """First token and end token of character ranges."""
        return self.start.searchsorted(starts), self.start.searchsorted(ends)

    def count(self, flags: Sequence[Flags], first: Index, last: Index) -> Index:
        """How many tokens of each range have each of some flags: (flags, ranges)."""
        before = np.zeros((len(flags), len(self) + 1), dtype=np.int64)
        np.cumsum(flags, axis=1, out=before[:, 1:])
        return before.take(last, axis=1) - before.take(first, axis=1)


def hash_word(word: str) -> int:
    """32-bit hash of a word, the same on every machine."""
    return crc32(word.encode("utf-8", "surrogatepass"))


def token_hash(word: str) -> int:
    """Hash that `Tokens` has of a word: numbers share one, and so do both apostrophes."""
    return hash_word("0" if HAS_DIGIT.search(word) else word.lower().replace("’", "'"))


class _Known:
    """Row of each word seen so far, by its spelling, and the word's numbers and flags, one column per row.

    A row is taken, then written, then its word is added; no one else gets a row that was taken. So no lock is needed:
    whatever interrupts this, every word that is there has its own row.
    """

    def __init__(self, room: int) -> None:
        self.rows: dict[str, int] = {}
        self.free = iter(range(room))
        self.numbers = np.zeros((3, room), dtype=np.int64)  # row of the vector table, hash, hash of the stem
        self.flags = np.zeros((4, room), dtype=np.bool_)  # capital, all capitals, digit, stop word


class Lexicon:
    """Numbers and flags of the words that a process has seen.

    Pages repeat the same words: each is analysed once per process, and numpy gathers the rest.
    """

    #: Words after which it starts anew, since a crawl's words never end and memory does. This many take some 25 MiB and
    #: a tenth of a second, and occur in 4,000 texts of 150 words; with eight times as many a worker grew by 15% over
    #: 25,000 such texts, and kept growing.
    MOST = 50_000

    def __init__(self, vectors: VectorTable) -> None:
        self.vectors = vectors
        self.known = _Known(self.MOST)

    def look_up(self, words: Sequence[str]) -> tuple[Index, Flags]:
        """Numbers and flags of each word: (3, words) and (4, words)."""
        known = self.known  # the same to the end, even if another thread starts anew
        found = [*map(known.rows.get, words)]
        if None in found:
            known = self._learn(known, {word for word, row in zip(words, found, strict=True) if row is None}, words)
            found = [*map(known.rows.__getitem__, words)]
        rows = np.array(found, dtype=np.int64)
        return known.numbers.take(rows, axis=1), known.flags.take(rows, axis=1)

    def _learn(self, known: _Known, unknown: set[str], words: Sequence[str]) -> _Known:
        """What knows all of some words, of which some are unknown so far."""
        new = list(unknown)
        rows = list(islice(known.free, len(new)))
        if len(rows) < len(new):
            new = list(set(words))
            known = _Known(max(self.MOST, len(new)))
            rows = list(islice(known.free, len(new)))
            self.known = known
        values = np.array([*map(self._measure, new)], dtype=np.int64).T
        known.numbers[:, rows], known.flags[:, rows] = values[:3], values[3:] > 0
        known.rows.update(zip(new, rows, strict=True))
        return known

    def _measure(self, word: str) -> tuple[int, ...]:
        """Numbers and flags of a word."""
        plain = word.lower().replace("’", "'")
        digit = HAS_DIGIT.search(word) is not None
        row = self.vectors.number_row if digit else self.vectors.rows_by_word.get(plain, self.vectors.unknown_row)
        upper = len(word) > 1 and word.isalpha() and word.isupper()
        stem = hash_word(plain[:STEM_LETTERS])
        return row, token_hash(word), stem, word[0].isupper(), upper, digit, plain in STOP_WORDS


@lru_cache(maxsize=4)
def lexicon(vectors: VectorTable) -> Lexicon:
    """This process's lexicon for a table of vectors."""
    return Lexicon(vectors)


def tokenize(text: str, vectors: VectorTable) -> Tokens:
    """Tokens of a text; numbers share one hash and one vector, so that no model memorises a date."""
    characters = read_characters(text)
    start, end = characters.words
    words = [text[first:last] for first, last in zip(start.tolist(), end.tolist(), strict=True)]
    (ids, hashes, stems), (title, upper, digit, stop) = lexicon(vectors).look_up(words)
    return Tokens(start, end, ids, hashes, stems, pair_hashes(hashes), title, upper, digit, stop, characters)


def join_tokens(parts: Sequence[Tokens], offsets: Index) -> Tokens:
    """Tokens of concatenated texts, each followed by one more character.

    Args:
        parts: tokens of each text; no pair reaches from one to the next.
        offsets: where each text begins.
    """
    if len(parts) == 1:
        return parts[0]
    names = [entry.name for entry in fields(Tokens) if entry.name != "characters"]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    shift = np.repeat(offsets, list(map(len, parts)))
    for name in ("start", "end"):
        joined[name] += shift
    between = np.zeros(1, dtype=np.uint16)
    classes = np.concatenate([classes for part in parts for classes in (part.characters.classes, between)])
    return Tokens(**joined, characters=Characters(classes))


def find_cues(
    names: tuple[str, ...], texts: Sequence[str], tokens: Tokens, first: Index, last: Index
) -> dict[str, Index]:
    """By table, the index of its cue that each text matches, -1 for none; `first` and `last` are the text's tokens."""
    hashes, rows, seldom = cue_words(names)
    found = {name: np.full(len(texts), -1, dtype=np.int64) for name in names}
    some = np.flatnonzero(seldom[tokens.hashes & (CUE_FILTER - 1)])
    place = np.minimum(hashes.searchsorted(tokens.hashes[some]), len(hashes) - 1)
    bits = np.zeros((len(names), len(tokens) + 1), dtype=np.int64)
    bits[:, some] = np.where(hashes[place] == tokens.hashes[some], rows[:, place], 0)
    held = np.bitwise_or.reduceat(bits, _bounds(first, last), axis=1)[:, ::2]
    held[:, first >= last] = 0
    for name, masks in zip(names, held, strict=True):
        table, chosen = cue_table(name), np.flatnonzero(masks)
        for index, mask in zip(chosen.tolist(), masks[chosen].tolist(), strict=True):
            found[name][index] = table.find(texts[index], candidates_of(mask))
    return found


@lru_cache(maxsize=4096)
def candidates_of(mask: int) -> tuple[int, ...]:
    """The candidates that a mask's bits stand for."""
    return tuple(row for row in range(mask.bit_length()) if mask >> row & 1)


@cache
def cue_words(names: tuple[str, ...]) -> tuple[Index, Index, Flags]:
    """Sorted hashes of the words of some tables' cues, (tables, words) with their candidates as bits, and hash ends.

    The candidates are those of `CueTable.find`.
    """
    rows: dict[int, list[int]] = {}
    for number, name in enumerate(names):
        for row, cue in enumerate(cue_table(name).cues):
            for other, words in enumerate((cue.words, cue.other_words)):
                for word in map(hash_word, map(_first_word, words)):
                    rows.setdefault(word, [0] * len(names))[number] |= 1 << 2 * row + other
    hashes = np.array(sorted(rows), dtype=np.int64)
    seldom = np.zeros(CUE_FILTER, dtype=np.bool_)
    seldom[hashes & (CUE_FILTER - 1)] = True
    return hashes, np.array([rows[value] for value in hashes.tolist()], dtype=np.int64).T.copy(), seldom


def _first_word(word: str) -> str:
    """The token that a text with a cue's word has at its start: of Thai and its like the first characters."""
    found = WORD.match(word)
    return found[0] if found else word


def pair_hashes(hashes: Index) -> Index:
    """Hash of each word with the one before it; the first word has none."""
    before = np.concatenate([np.zeros(min(1, len(hashes)), dtype=np.int64), hashes[:-1]])
    return (before * 0x9E3779B1 + hashes * 31) & 0xFFFFFFFF


def sums(values: Matrix, first: Index, last: Index) -> Matrix:
    """Sum of `values[first:last]` for each range, zero where it is empty.

    `reduceat` adds within the range only: a cumulative sum would carry rounding from what came before.
    """
    if values.ndim > 1 and values.shape[1] == 1:
        return sums(values[:, 0], first, last)[:, None]
    if values.ndim > 1:
        return sums_of_rows(values, range_entries(first, last), np.maximum(last - first, 0))
    padded = np.append(values, 0.0)  # an empty range may begin at the end
    totals = np.add.reduceat(padded, _bounds(first, last))[::2]
    totals[first >= last] = 0.0
    return totals


def _bounds(first: Index, last: Index) -> Index:
    """The bounds of each range, one range after the other."""
    edges = np.empty(2 * len(first), dtype=np.int64)
    edges[::2], edges[1::2] = first, last
    return edges


def sums_of_rows(values: Matrix, rows: Index, sizes: Index) -> Matrix:
    """Sums of the first `sizes[0]` of the `rows` of a matrix, of the next `sizes[1]`, and so on: (sizes, columns).

    A product with a sparse matrix of ones: it adds row to row, where `reduceat` goes down each column by itself and
    takes ten times as long.
    """
    edges = np.zeros(len(sizes) + 1, dtype=np.int32)
    np.cumsum(sizes, out=edges[1:])
    entries = np.ones(len(rows)), rows.astype(np.int32), edges
    sparse = late_import("scipy.sparse")  # 0.1 s that `import noisefilter` need not pay
    return np.asarray(sparse.csr_array(entries, shape=(len(sizes), len(values))) @ values)


def range_entries(first: Index, last: Index) -> Index:
    """All entries of ranges, one range after the other."""
    sizes = np.maximum(last - first, 0)
    ends = np.cumsum(sizes)
    return np.arange(int(sizes.sum())) - np.repeat(ends - sizes - first, sizes)


def neighbour(values: NDArray[Any], article: Index, step: int, beyond: float = 0.0) -> NDArray[Any]:
    """Values of the sentence `step` further on in the same article; `beyond` where it has none. Articles are in order."""
    moved = np.empty_like(values)
    moved[...] = beyond
    if abs(step) < len(values):
        here, there = (slice(-step), slice(step, None)) if step > 0 else (slice(-step, None), slice(step or None))
        if article[0] == article[-1]:
            moved[here] = values[there]
        else:
            same = article[here] == article[there]
            np.copyto(moved[here], values[there], where=same.reshape(-1, *[1] * (values.ndim - 1)))
    return moved


def neighbours(values: NDArray[Any], article: Index, steps: Sequence[int], beyond: float = 0.0) -> NDArray[Any]:
    """`neighbour` for several steps: (steps, sentences, ...)."""
    return np.stack([neighbour(values, article, step, beyond) for step in steps])


def begins(values: NDArray[Any]) -> Flags:
    """Whether each value differs from the one before it, as the first one does."""
    found = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def count_distinct(keys: Index, owner: Index, count: int) -> Column:
    """Number of distinct 32-bit keys that each of `count` owners has."""
    return count_changes(np.sort(keys + (owner << 32)), count)


def count_changes(ordered: Index, count: int) -> Column:
    """The same of sorted keys with the owner in their upper bits."""
    return np.bincount(ordered[begins(ordered)] >> 32, minlength=count).astype(float)


def distances(keys: Index, places: Index, order: Index) -> Index:
    """Distance from the place of each key to the nearest other one with an equal key, 1,000,000 for none.

    `order` sorts the keys, and equal ones by place.
    """
    far = 1_000_000
    key, place = keys[order], places[order]
    opens = begins(key) | begins(place)
    key, place = key[opens], place[opens]
    gap = np.where(key[1:] == key[:-1], np.diff(place), far)
    nearest = np.empty(len(keys), dtype=np.int64)
    nearest[order] = np.minimum(np.append(far, gap), np.append(gap, far))[np.cumsum(opens) - 1]
    return nearest


def unit_rows(values: Matrix) -> Matrix:
    """Each row scaled to length one; a row of zeros stays."""
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    return np.asarray(values / np.maximum(lengths, 1e-9)[:, None])


def dots(left: Matrix, right: Matrix) -> Column:
    """Dot product of each row with the same row of another matrix: the cosine, if both are unit rows."""
    return np.asarray(np.einsum("ij,ij->i", left, right))


def word_list(text: str) -> Sequence[str]:
    """Words of a text in lower case."""
    return [word.lower() for word in WORD.findall(text)]


def vector_sums(ids: Index, first: Index, last: Index, table: VectorTable) -> Matrix:
    """Sum of the word vectors of each range of words; the vector of each distinct word is computed once."""
    known, word = table.distinct(ids[range_entries(first, last)])
    return sums_of_rows(table.vectors(known), word, np.maximum(last - first, 0))
