"""Words of doubtful sentences → matrix: where in a sentence another story begins and ends.

A word's inputs include the words around it (`token_matrix`); a sentence's are made of the predictions for its words
(`passage_columns`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.insertions.kin import find_kin
from noisefilter.sentences.table import WINDOW
from noisefilter.text.tokens import neighbour, range_entries, sums_of_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.arrays import Index, Inputs
    from noisefilter.sentences.table import SentenceTable

#: Words on each side whose features are inputs for a word, and those whose log-odds are.
REACH, WEIGHED_REACH = 5, 3
LIMIT = WORD_LIMIT = 8.0
#: Vector rows that are gathered at a time, so that they stay in the processor's cache.
AT_ONCE = 256
#: Leading dimensions of the word's vector that are inputs.
VECTOR_HEAD = 24
TOKEN_NAMES = tuple(
    (
        "pull pull_share title_pull foreign idf near odd_capital capital upper digit stop comma_before sign_before "
        "quote_before opens often_capital kin kin_weighted"
    ).split()
)
_HEAD = tuple(f"vector_{number}" for number in range(VECTOR_HEAD))
#: Names of the columns of `token_matrix`.
TOKEN_COLUMNS = (
    *(f"{name}_{step:+}" for step in range(-REACH, REACH + 1) for name in TOKEN_NAMES),
    *_HEAD,
    *(f"mean_{name}" for name in (*TOKEN_NAMES, *_HEAD)),
    "sentence_log_odds",
    "sentence_log_odds_before",
    "sentence_log_odds_next",
    "from_start",
    "from_end",
    *(f"word_log_odds_{step:+}" for step in range(-WEIGHED_REACH, WEIGHED_REACH + 1)),
)
#: Punctuation between words: a hyphen only after a blank, dots only if three, an apostrophe only at a word's edge.
BETWEEN = re.compile(r"[,;:—–()|…\"“”‘«»'.\-](?:(?<![.\-'])|(?<=\s-)|(?<=\.{3})|(?<=')(?:(?<!\w')|(?!\w)))")
COMMAS, QUOTES = ",;", "\"“”‘«»'"


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The words of some sentences, in order.

    `entry` is each word's position in the `token_index` of the sentence table, `owner` the position of its sentence in
    `rows`; `base` is (words, TOKEN_NAMES), `head` (words, VECTOR_HEAD).
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

    @property
    def edges(self) -> Index:
        """Where the words of each chosen sentence begin, and the end of the last: (rows + 1,)."""
        return np.searchsorted(self.owner, np.arange(len(self.rows) + 1))


def token_table(table: SentenceTable, rows: Index) -> TokenTable:
    """Arrays of the words of the chosen sentences."""
    edges = table.entry_edges
    sizes = edges[rows + 1] - edges[rows]
    owner = np.repeat(np.arange(len(rows)), sizes)
    entry = range_entries(edges[rows], edges[rows + 1])
    token, word = table.token_index[entry], table.word[entry]
    tokens = table.tokens
    known = table.known_vectors
    lengths = np.sqrt(np.einsum("ij,ij->i", known, known))
    pull = _dots(known, word, table.context, rows[owner])
    near, idf = table.seen[entry] <= WINDOW, table.idf[entry]
    opens = np.append(True, owner[1:] != owner[:-1])[: len(owner)]
    title_pull = _dots(known, word, table.title_vectors, table.article[rows][owner])
    kin = find_kin(table, rows, known, table.word_vectors.number_row)
    base = np.stack(
        [
            pull,
            pull / (lengths[word] + 0.1),
            title_pull,
            idf * ~near,
            idf,
            near,
            table.odd_capital[entry],
            tokens.title[token] & ~opens,
            tokens.upper[token],
            tokens.digit[token],
            tokens.stop[token],
            *_signs(table, rows, token),
            opens,
            table.word_vectors.capital[tokens.ids[token]],
            kin,
            np.where(kin < 0, 0.0, (1 - kin) * idf),
        ],
        axis=1,
    ).astype(np.float32)
    words = np.where(opens, 0, tokens.pairs[token])
    closes = np.append(owner[1:] != owner[:-1], True)[: len(owner)]
    after = np.where(closes, 0, np.append(tokens.pairs[1:], 0)[token]) ^ 0x5BD1E995
    heads = (known[:, :VECTOR_HEAD] / (lengths[:, None] + 0.1)).astype(np.float32)
    return TokenTable(
        rows,
        entry,
        owner,
        base,
        heads[word],
        np.stack([tokens.hashes[token], words, after], axis=1),
        table.article,
        table.block,
    )


def _dots(left: Inputs, at: Index, right: Inputs, of: Index) -> NDArray[np.float64]:
    """Dot product of row `at[i]` of one matrix with row `of[i]` of another, some rows at a time."""
    products = np.empty(len(at))
    for low in range(0, len(at), AT_ONCE):
        part = slice(low, low + AT_ONCE)
        products[part] = np.einsum("ij,ij->i", left[at[part]], right[of[part]])
    return products


def _signs(table: SentenceTable, rows: Index, token: Index) -> list[Inputs]:
    """Columns: whether a comma, other punctuation, a quotation mark stands between a word and the one before it."""
    tokens = table.tokens
    before = np.append(0, tokens.end)[table.first[rows]]  # end of the word before the sentence
    begins = np.maximum(before, table.base[table.article[rows]]).tolist()
    ends = np.append(tokens.start, 0)[table.last[rows] - 1]  # where the last word begins
    columns = np.zeros((len(tokens) + 1, 3))
    places, kinds = [], []
    for first, last in zip(begins, ends.tolist(), strict=True):
        for match in BETWEEN.finditer(table.text, first, last):
            place, sign = match.start(), match[0]
            if sign != "-" or place > first:  # the blank before it may belong to another article
                places.append(place)
                kinds.append(0 if sign in COMMAS else 2 if sign in QUOTES else 1)
    columns[
        np.searchsorted(tokens.start, np.array(places, dtype=np.int64), side="right"), np.array(kinds, dtype=np.int64)
    ] = 1
    return list(columns[token].T)


def word_log_odds(table: TokenTable, weights: Inputs, bias: float) -> Inputs:
    """Log-odds of a linear model over each word and its pairs: (words,). `weights` is (HASH_ROWS,)."""
    return np.clip(weights[table.hashes % len(weights)].sum(axis=1) + bias, -WORD_LIMIT, WORD_LIMIT)


def token_matrix(table: TokenTable, doubts: Inputs, weighed: Inputs) -> NDArray[np.float32]:
    """Inputs of the passage network for each word.

    Columns: `TOKEN_NAMES` of the 2 * REACH + 1 words around, -1 beyond the sentence; the word's vector; the means of
    `TOKEN_NAMES` and of the vectors over the sentence; log-odds of the sentence and its neighbours; words to the
    sentence's start and to its end; word log-odds of the words around.

    Args:
        table: the words.
        doubts: log-odds of all sentences.
        weighed: `word_log_odds`.
    """
    sizes = np.bincount(table.owner, minlength=len(table.rows))
    first = np.cumsum(sizes) - sizes
    position = np.arange(len(table)) - first[table.owner]
    values = np.hstack([table.base, table.head])
    means = sums_of_rows(values.astype(np.float64), np.arange(len(table)), sizes) / np.maximum(sizes, 1)[:, None]
    beside = [neighbour(doubts, table.article, step, -LIMIT)[table.rows] for step in (-1, 1)]
    near = np.stack([doubts[table.rows], *beside], axis=1)
    return _side_by_side(
        table.owner,
        (table.base, REACH, -1.0),
        table.head,
        means[table.owner],
        near[table.owner],
        np.log1p(position)[:, None],
        np.log1p(sizes[table.owner] - position)[:, None],
        (weighed[:, None], WEIGHED_REACH, -3.0),
    )


def _side_by_side(owner: Index, *parts: Inputs | tuple[Inputs, int, float]) -> NDArray[np.float32]:
    """Columns side by side; a part (values, reach, beyond) adds words within reach, `beyond` outside the sentence."""
    spread = [part if isinstance(part, tuple) else (part, 0, 0.0) for part in parts]
    matrix = np.empty((len(owner), sum((2 * reach + 1) * part.shape[1] for part, reach, _ in spread)), dtype=np.float32)
    left = 0
    for part, reach, beyond in spread if len(owner) else ():
        columns, width = part.shape[1], (2 * reach + 1) * part.shape[1]
        if reach:
            place = (
                np.arange(len(owner)) + reach * owner
            )  # padding between sentences, so that each window is contiguous
            spaced = np.full((int(place[-1]) + 1 + 2 * reach, columns), beyond, dtype=np.float32)
            spaced[place + reach] = part
            matrix[:, left : left + width] = np.lib.stride_tricks.sliding_window_view(spaced.ravel(), width)[::columns][
                place
            ]
        else:
            matrix[:, left : left + width] = part
        left += width
    return matrix


NEAR_SENTENCES = (-3, -2, -1, 1, 2, 3)
PASSAGE_NAMES = (
    *(
        "run_sum run_sum_log run_words run_share run_mean rest_mean highest mean run_opens run_closes kin kin_low "
        "run_kin rest_kin log_odds"
    ).split(),
    *(f"log_odds_{step}" for step in NEAR_SENTENCES),
    *(f"mean_{step}" for step in NEAR_SENTENCES),
    "doubtful",
    "paragraph_log_odds",
    "paragraph_mean",
    "paragraph_others",
)
#: Widths that sentences are padded to, up to `MAX_TEXT`; numpy adds four values and fewer in another order than more.
WIDTHS = 4 ** np.arange(1, 11)
#: Mean word log-odds that a sentence counts with if it is not doubtful.
NO_DOUBT = -7.0


def passage_columns(table: TokenTable, doubts: Inputs, log_odds: Inputs) -> NDArray[np.float64]:
    """Features of each chosen sentence from the log-odds of its words and its neighbours: (rows, PASSAGE_NAMES).

    Args:
        table: the words of the chosen sentences.
        doubts: log-odds of all sentences by the first classifier.
        log_odds: log-odds of the words.
    """
    edges = table.edges
    columns = np.zeros((len(table.rows), PASSAGE_NAMES.index("log_odds")))
    values = (log_odds, table.base[:, TOKEN_NAMES.index("kin")], table.base[:, TOKEN_NAMES.index("idf")])
    sizes = np.diff(edges)
    steps = np.searchsorted(WIDTHS, sizes)
    for step in np.unique(steps[sizes > 0]).tolist():  # sentences of similar length together
        rows = np.flatnonzero((steps == step) & (sizes > 0))
        index = edges[rows][:, None] + np.arange(WIDTHS[step])
        there = index < edges[rows + 1][:, None]
        index = np.where(there, index, 0)
        columns[rows] = _row_columns(there, *(np.where(there, column[index], 0.0) for column in values))
    means = np.full(len(doubts), NO_DOUBT)
    means[table.rows] = np.where(sizes > 0, columns[:, PASSAGE_NAMES.index("mean")], NO_DOUBT)
    return np.hstack([columns, _around_columns(table, doubts, means)])


def richest_runs(values: Inputs, there: NDArray[np.bool_]) -> tuple[Index, Index, Inputs]:
    """Bounds and sum of each row's contiguous run with the highest sum, at least one value long (Kadane).

    `values` is (rows, width), zero where nothing is `there`.
    """
    totals = np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))
    gains = np.where(there, totals[:, 1:] - np.minimum.accumulate(totals[:, :-1], axis=1), -np.inf)
    right = gains.argmax(axis=1)
    before = np.arange(totals.shape[1]) <= right[:, None]
    left = np.where(before, totals, np.inf).argmin(axis=1)
    return left, right + 1, np.take_along_axis(gains, right[:, None], axis=1)[:, 0]


def _row_columns(there: NDArray[np.bool_], log_odds: Inputs, kin: Inputs, weight: Inputs) -> Inputs:
    """The first of PASSAGE_NAMES, up to `rest_kin`: of the words of a sentence, its richest run and the rest of it."""
    left, right, total = richest_runs(log_odds, there)
    place = np.arange(there.shape[1])
    inside = (place >= left[:, None]) & (place < right[:, None])
    count, within = there.sum(axis=1), right - left
    whole, run = log_odds.sum(axis=1), (log_odds * inside).sum(axis=1)
    rest = np.where(count > within, (whole - run) / np.maximum(count - within, 1), -9.0)
    top = np.where(there, log_odds, -np.inf).max(axis=1)
    return np.stack(
        [
            total,
            np.log1p(np.maximum(total, 0)),
            within,
            within / count,
            run / within,
            rest,
            top,
            whole / count,
            left == 0,
            right == count,
            *_kin_columns(there & (kin >= 0), kin, weight, inside),
        ],
        axis=1,
    )


def _kin_columns(chosen: NDArray[np.bool_], kin: Inputs, weight: Inputs, inside: NDArray[np.bool_]) -> list[Inputs]:
    """Mean `kin` of the topic words, weighted by rarity: of all, of the lower half, of the run, of the rest."""
    count = chosen.sum(axis=1)
    ranked = np.sort(np.where(chosen, kin, np.inf), axis=1)
    middle = [np.take_along_axis(ranked, np.maximum(at, 0)[:, None], axis=1) for at in ((count - 1) // 2, count // 2)]
    median = np.where(count[:, None] > 0, (middle[0] + middle[1]) / 2, 0.0)
    columns = []
    for flags in (chosen, chosen & (kin <= median), chosen & inside, chosen & ~inside):
        total = np.where(flags, weight, 0.0).sum(axis=1)
        near = np.where(flags, weight * kin, 0.0).sum(axis=1)
        columns.append(np.where(total > 0, near / np.maximum(total, 1e-9), 0.5))
    return columns


def _around_columns(table: TokenTable, doubts: Inputs, means: Inputs) -> NDArray[np.float64]:
    """The columns from `log_odds` on: log-odds and word means of the neighbours and of the paragraph's others."""
    rows = table.rows
    near = [
        neighbour(values, table.article, step, NO_DOUBT)[rows] for values in (doubts, means) for step in NEAR_SENTENCES
    ]
    _, group = np.unique(table.block, return_inverse=True)
    size = np.bincount(group)[group] - 1.0 if len(group) else np.zeros(0)
    others = [
        np.where(size > 0, (np.bincount(group, values)[group] - values) / np.maximum(size, 1), values)
        for values in (doubts, means)
    ]
    article = table.article[rows]
    share = np.bincount(article) / np.maximum(np.bincount(table.article)[: article.max(initial=-1) + 1], 1)
    return np.stack(
        [doubts[rows], *near, share[article], others[0][rows], others[1][rows], np.log1p(size[rows])], axis=1
    )
