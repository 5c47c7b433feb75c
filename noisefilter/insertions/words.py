"""Words of doubtful sentences → matrix: the features that tell where in a sentence another story begins and ends.

A word of another story is far in meaning from the words around it. Its inputs include those of its neighbours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.columns import side_by_side
from noisefilter.networks import LOGIT_LIMIT
from noisefilter.sentences.table import WINDOW
from noisefilter.text.tokens import begins, dots, neighbour, neighbours, range_entries, sums_of_rows, unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.arrays import Column, Flags, Index, Inputs, Matrix
    from noisefilter.sentences.table import SentenceTable

#: Words on each side whose features are inputs for a word, and those whose log-odds are.
REACH, WEIGHED_REACH = 5, 3
#: Cosines that are held in memory at a time: a sentence may have a hundred thousand words.
MOST_COSINES = 4_000_000
#: Vector rows that are gathered at a time, so that they stay in the processor's cache.
AT_ONCE = 256
#: Leading dimensions of the word's vector that are inputs.
WORD_HEAD = 24
#: Punctuation between words: a hyphen only after a blank, dots only if three, an apostrophe only at a word's edge.
PUNCTUATION = re.compile(r"[,;:—–()|…\"“”‘«»'.\-](?:(?<![.\-'])|(?<=\s-)|(?<=\.{3})|(?<=')(?:(?<!\w')|(?!\w)))")
COMMA_SIGNS, QUOTE_SIGNS = ",;", "\"“”‘«»'"


class BaseColumns(NamedTuple):
    """Features of a word by itself: names and order of the columns of `TokenTable.base`."""

    pull: Inputs  # its vector's dot product with that of the sentences around
    pull_share: Inputs  # about the cosine
    title_pull: Inputs
    foreign: Inputs  # rarity if no sentence nearby uses it
    idf: Inputs
    near: Flags  # whether a sentence nearby uses it
    odd_capital: Inputs
    capital: Flags
    upper: Flags
    digit: Flags
    stop: Flags
    comma_before: Inputs
    sign_before: Inputs
    quote_before: Inputs
    opens: Flags  # first of its sentence
    often_capital: Inputs  # how often the word has a capital in other texts
    kin: Inputs
    kin_weighted: Inputs  # rarity times 1 minus `kin`


class PlaceColumns(NamedTuple):
    """Features of a word by where it stands: log-odds of sentences, and words to the ends of its own."""

    sentence_log_odds: Inputs
    sentence_log_odds_before: Inputs
    sentence_log_odds_next: Inputs
    from_start: Inputs
    from_end: Inputs


_HEAD = tuple(f"vector_{number}" for number in range(WORD_HEAD))
#: Names of the columns of `token_matrix`.
TOKEN_COLUMNS = (
    *(f"{name}_{step:+}" for step in range(-REACH, REACH + 1) for name in BaseColumns._fields),
    *_HEAD,
    *(f"mean_{name}" for name in (*BaseColumns._fields, *_HEAD)),
    *PlaceColumns._fields,
    *(f"word_log_odds_{step:+}" for step in range(-WEIGHED_REACH, WEIGHED_REACH + 1)),
)


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The words of some sentences, in order.

    `entry` is each word's position in the `token_index` of the sentence table, `owner` the position of its sentence in
    `rows`; `base` is (words, BaseColumns), `head` (words, WORD_HEAD).
    """

    rows: Index
    entry: Index
    owner: Index
    base: NDArray[np.float32]
    head: NDArray[np.float32]
    hashes: Index  # (words, 3): the word, its pair with the one before, its pair with the one after
    article: Index  # of every sentence, chosen or not
    block: Index  # of every sentence, chosen or not

    def __len__(self) -> int:
        return len(self.entry)

    def spread(self, values: Inputs, table: SentenceTable) -> NDArray[np.float64]:
        """Values of these words as values of all words of the table, NaN for the others."""
        of_all = np.full(len(table.token_index), np.nan)
        of_all[self.entry] = values
        return of_all

    @property
    def edges(self) -> Index:
        """Where the words of each chosen sentence begin, and the end of the last: (rows + 1,)."""
        return np.searchsorted(self.owner, np.arange(len(self.rows) + 1))


def token_table(table: SentenceTable, rows: Index) -> TokenTable:
    """Arrays of the words of the chosen sentences."""
    first, last = table.entry_edges[rows], table.entry_edges[rows + 1]
    owner, entry = np.repeat(np.arange(len(rows)), last - first), range_entries(first, last)
    token, word = table.token_index[entry], table.word[entry]
    tokens, known = table.tokens, table.known_vectors
    lengths = np.sqrt(np.einsum("ij,ij->i", known, known))
    pull = _dots(known, word, table.context, rows[owner])
    idf, opens, kin = table.idf[entry], begins(owner), _find_kin(table, rows)
    base = side_by_side(
        BaseColumns(
            pull=pull,
            pull_share=pull / (lengths[word] + 0.1),
            title_pull=_dots(known, word, table.title_vectors, table.article[rows][owner]),
            foreign=table.foreign[entry],
            idf=idf,
            near=table.near[entry],
            odd_capital=table.odd_capital[entry],
            capital=tokens.title[token] & ~opens,
            upper=tokens.upper[token],
            digit=tokens.digit[token],
            stop=tokens.stop[token],
            **_signs(table, rows, token),
            opens=opens,
            often_capital=table.word_vectors.capital[tokens.ids[token]],
            kin=kin,
            kin_weighted=np.where(kin < 0, 0.0, (1 - kin) * idf),
        )
    ).astype(np.float32)
    before = np.where(opens, 0, tokens.pairs[token])
    closes = np.append(opens[1:], True)[: len(owner)]
    after = np.where(closes, 0, np.append(tokens.pairs[1:], 0)[token]) ^ 0x5BD1E995
    heads = (known[:, :WORD_HEAD] / (lengths[:, None] + 0.1)).astype(np.float32)
    hashes = np.column_stack([tokens.hashes[token], before, after])
    return TokenTable(rows, entry, owner, base, heads[word], hashes, table.article, table.block)


def _dots(left: Matrix, at: Index, right: Matrix, of: Index) -> Column:
    """Dot product of row `at[i]` of one matrix with row `of[i]` of another, some rows at a time."""
    products = np.empty(len(at))
    for low in range(0, len(at), AT_ONCE):
        part = slice(low, low + AT_ONCE)
        products[part] = dots(left[at[part]], right[of[part]])
    return products


def _signs(table: SentenceTable, rows: Index, token: Index) -> dict[str, Inputs]:
    """Whether a comma, other punctuation, a quotation mark stands between a word and the one before it."""
    tokens = table.tokens
    before = np.append(0, tokens.end)[table.first[rows]]  # end of the word before the sentence
    begins = np.maximum(before, table.base[table.article[rows]]).tolist()
    ends = np.append(tokens.start, 0)[table.last[rows] - 1]  # where the last word begins
    places: dict[str, list[int]] = {"comma_before": [], "sign_before": [], "quote_before": []}
    for first, last in zip(begins, ends.tolist(), strict=True):
        for match in PUNCTUATION.finditer(table.text, first, last):
            place, sign = match.start(), match[0]
            if sign != "-" or place > first:  # the blank before it may belong to another article
                kind = "comma" if sign in COMMA_SIGNS else "quote" if sign in QUOTE_SIGNS else "sign"
                places[f"{kind}_before"].append(place)
    columns: dict[str, Inputs] = {}
    for name, found in places.items():
        column = np.zeros(len(tokens) + 1)
        column[np.searchsorted(tokens.start, np.array(found, dtype=np.int64), side="right")] = 1
        columns[name] = column[token]
    return columns


def _find_kin(table: SentenceTable, rows: Index) -> Inputs:
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


def word_log_odds(table: TokenTable, weights: Inputs, bias: float) -> Inputs:
    """Log-odds of a linear model over each word and its pairs: (words,). `weights` is (HASH_ROWS,)."""
    return np.clip(weights[table.hashes % len(weights)].sum(axis=1) + bias, -LOGIT_LIMIT, LOGIT_LIMIT)


def token_matrix(table: TokenTable, doubts: Inputs, weighed: Inputs) -> NDArray[np.float32]:
    """Inputs of the passage network for each word: (words, TOKEN_COLUMNS).

    `doubts` are log-odds of all sentences, `weighed` those of the words by `word_log_odds`.
    """
    sizes = np.diff(table.edges)
    position = np.arange(len(table)) - table.edges[table.owner]
    values = np.hstack([table.base, table.head])
    means = sums_of_rows(values.astype(np.float64), np.arange(len(table)), sizes) / np.maximum(sizes, 1)[:, None]
    before, after = (neighbour(doubts, table.article, step, -LOGIT_LIMIT) for step in (-1, 1))
    place = PlaceColumns(
        sentence_log_odds=doubts[table.rows][table.owner],
        sentence_log_odds_before=before[table.rows][table.owner],
        sentence_log_odds_next=after[table.rows][table.owner],
        from_start=np.log1p(position),
        from_end=np.log1p(sizes[table.owner] - position),
    )
    parts = [
        _around(table.base, table.owner, REACH, -1.0),
        table.head,
        means[table.owner],
        side_by_side(place),
        _around(weighed[:, None], table.owner, WEIGHED_REACH, -3.0),
    ]
    return np.concatenate(parts, axis=1, dtype=np.float32, casting="same_kind")


def _around(values: Inputs, owner: Index, reach: int, beyond: float) -> Inputs:
    """Values of the words within reach of each, of the farthest before it first; `beyond` outside the sentence."""
    near = neighbours(values, owner, range(-reach, reach + 1), beyond)
    return near.swapaxes(0, 1).reshape(len(values), near.shape[0] * near.shape[2])
