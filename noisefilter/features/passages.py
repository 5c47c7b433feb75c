"""Words of doubtful sentences → matrix: where in a sentence another story begins and ends.

A word is measured together with those around it. The first pass sees `token_matrix`, the second one what the first said of
the words around (`token_context`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from noisefilter.features.sentence_table import WINDOW
from noisefilter.features.tokens import pair_hashes, unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.features.sentence_table import SentenceTable
    from noisefilter.vectors import VectorTable

    Column = NDArray[np.floating[Any]]
    Index = NDArray[np.int64]

#: Words on each side that are measured together with a word, and whose first verdicts are read with its own.
REACH, VERDICT_REACH, WEIGHED_REACH = 5, 10, 3
LIMIT = WORD_LIMIT = 8.0
#: Dimensions of the word's vector that are read.
VECTOR_HEAD = 24
TOKEN_NAMES = (
    "pull", "pull_share", "title_pull", "foreign", "idf", "near", "odd_capital", "capital", "upper", "digit", "stop",
    "comma_before", "sign_before", "quote_before", "linked", "opens", "often_capital", "kin", "kin_weighted",
)  # fmt: skip
SIGNS = slice(TOKEN_NAMES.index("comma_before"), TOKEN_NAMES.index("opens") + 1)
COMMA, SIGN, QUOTE = re.compile(r"[,;]"), re.compile(r"[:—–()|…]|\s-|\.{3}"), re.compile(r"[\"“”‘«»]|(?<!\w)'|'(?!\w)")


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The words of some sentences of an article, one after the other.

    `entry` are their places in the `token_index` of the sentence table, `owner` the position of their sentence in the
    chosen rows; `base` is (words, TOKEN_NAMES), `head` (words, VECTOR_HEAD).
    """

    rows: Index
    entry: Index
    owner: Index
    base: NDArray[np.float32]
    head: NDArray[np.float32]
    hashes: Index  # (words, 3): the word, its pair with the one before, its pair with the one after

    def __len__(self) -> int:
        return len(self.entry)

    @property
    def edges(self) -> Index:
        """Where the words of each chosen sentence begin, and the end of the last: (rows + 1,)."""
        return np.searchsorted(self.owner, np.arange(len(self.rows) + 1))


def token_table(table: SentenceTable, rows: Index, vectors: VectorTable) -> TokenTable:
    """Arrays of the words of the chosen sentences."""
    edges = np.searchsorted(table.owner, np.arange(len(table) + 1))
    sizes = edges[rows + 1] - edges[rows]
    owner = np.repeat(np.arange(len(rows)), sizes)
    entry = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(edges[rows], sizes)
    token = table.token_index[entry]
    tokens = table.tokens
    vector = vectors.vectors(tokens.ids[token])
    length = np.sqrt(np.einsum("ij,ij->i", vector, vector))
    pull = np.einsum("ij,ij->i", vector, table.context[rows][owner])
    near, idf = table.seen[entry] <= WINDOW, table.idf[entry]
    opens = np.append(True, owner[1:] != owner[:-1])[: len(owner)]
    kin = _kin(table, rows, vectors)
    base = np.stack(
        [
            pull, pull / (length + 0.1), vector @ table.title_vector, idf * ~near, idf, near, table.odd_capital[entry],
            tokens.title[token] & ~opens, tokens.upper[token], tokens.digit[token], tokens.stop[token],
            *_signs(table, token), _linked(table, rows, token), opens, vectors.capital[tokens.ids[token]], kin,
            np.where(kin < 0, 0.0, (1 - kin) * idf),
        ],
        axis=1,
    ).astype(np.float32)  # fmt: skip
    words = np.where(opens, 0, tokens.pairs[token])
    after = np.append(pair_hashes(tokens.hashes)[1:], 0)[token] ^ 0x5BD1E995
    head = vector[:, :VECTOR_HEAD] / (length[:, None] + 0.1)
    return TokenTable(
        rows, entry, owner, base, head.astype(np.float32), np.stack([tokens.hashes[token], words, after], axis=1)
    )


def _kin(table: SentenceTable, rows: Index, vectors: VectorTable) -> Column:
    """Highest cosine of a word of the chosen sentences with one of another paragraph near; -1 for words without topic."""
    edges = np.searchsorted(table.owner, np.arange(len(table) + 1))
    carries = (table.idf > 0) & (table.tokens.ids[table.token_index] < vectors.number_row)
    unit = unit_rows(vectors.vectors(table.tokens.ids[table.token_index])).astype(np.float32)
    found = []
    for row in rows.tolist():
        kin = np.full(edges[row + 1] - edges[row], -1.0)
        own = np.flatnonzero(carries[edges[row] : edges[row + 1]])
        low, high = edges[max(0, row - WINDOW)], edges[min(len(table), row + WINDOW + 1)]
        around = carries[low:high] & (table.block[table.owner[low:high]] != table.block[row])
        if len(own) and around.any():
            kin[own] = (unit[edges[row] + own] @ unit[low:high][around].T).max(axis=1)
        found.append(kin)
    return np.concatenate(found) if found else np.zeros(0)


def _signs(table: SentenceTable, token: Index) -> list[Column]:
    """Whether a comma, another sign, a quotation mark stands between a word and the one before it."""
    text, starts = table.page.text, table.tokens.start
    columns = []
    for pattern in (COMMA, SIGN, QUOTE):
        places = np.fromiter((match.start() for match in pattern.finditer(text)), np.int64)
        behind = np.zeros(len(starts) + 1)
        np.add.at(behind, np.searchsorted(starts, places, side="right"), 1)
        columns.append(np.minimum(behind[token], 1))
    return columns


def _linked(table: SentenceTable, rows: Index, token: Index) -> Column:
    """Whether a word stands in a link."""
    inside = np.zeros(len(table.tokens) + 1)
    for block in np.unique(table.block[rows]).tolist():
        for link in table.page.blocks[block].links:
            first, last = np.searchsorted(table.tokens.start, [link.start, link.end])
            inside[first:last] = 1
    return inside[token]


def word_log_odds(table: TokenTable, weights: Column, bias: float) -> Column:
    """Log-odds of a linear model over each word and its pairs: (words,). `weights` is (HASH_ROWS,)."""
    return np.clip(weights[table.hashes % len(weights)].sum(axis=1) + bias, -WORD_LIMIT, WORD_LIMIT)


def token_matrix(table: TokenTable, doubts: Column, weighed: Column) -> NDArray[np.float32]:
    """What the first pass reads of each word.

    Columns: `TOKEN_NAMES` of the 2 * REACH + 1 words around, -1 beyond the sentence; the word's vector; the means of
    `TOKEN_NAMES` and of the vectors over the sentence; log-odds of the sentence and its neighbours; words to the
    sentence's start and to its end; word log-odds of the words around.

    Args:
        table: the words.
        doubts: log-odds of all sentences of the article.
        weighed: `word_log_odds`.
    """
    around = _around(table.base, table.owner, REACH, -1.0)
    sizes = np.bincount(table.owner, minlength=len(table.rows)).astype(np.float32)
    first = np.cumsum(sizes) - sizes
    position = np.arange(len(table)) - first[table.owner]
    values = np.hstack([table.base, table.head])
    totals = np.stack([np.bincount(table.owner, column, minlength=len(sizes)) for column in values.T], axis=1)
    means = totals / np.maximum(sizes, 1)[:, None]
    padded = np.pad(doubts, 1, constant_values=-LIMIT)
    near = np.stack([doubts[table.rows], padded[table.rows], padded[table.rows + 2]], axis=1)
    return np.hstack(
        [
            around, table.head, means[table.owner], near[table.owner],
            np.log1p(position)[:, None], np.log1p(sizes[table.owner] - position)[:, None],
            _around(weighed.astype(np.float32)[:, None], table.owner, WEIGHED_REACH, -3.0),
        ]
    ).astype(np.float32)  # fmt: skip


def _around(values: NDArray[np.float32], owner: Index, reach: int, beyond: float) -> NDArray[np.float32]:
    """Values of the words around each one: (words, (2 * reach + 1) * columns)."""
    count = len(values)
    blank = np.full((reach, values.shape[1]), beyond, dtype=np.float32)
    padded = np.concatenate([blank, values, blank])
    owners = np.concatenate([np.full(reach, -1), owner, np.full(reach, -1)])
    parts = []
    for step in range(2 * reach + 1):
        part = padded[step : step + count].copy()
        part[owners[step : step + count] != owner] = beyond
        parts.append(part)
    return np.hstack(parts) if count else np.zeros((0, (2 * reach + 1) * values.shape[1]), dtype=np.float32)


def token_context(table: TokenTable, logits: Column) -> NDArray[np.float32]:
    """What the second pass reads: first verdicts around, the sentence's highest and mean, signs and links at the word."""
    values = logits.astype(np.float32)[:, None]
    around = _around(values, table.owner, VERDICT_REACH, -9.0)
    sizes = np.bincount(table.owner, minlength=len(table.rows))
    mean = np.bincount(table.owner, logits, minlength=len(sizes)) / np.maximum(sizes, 1)
    top = np.full(len(sizes), -9.0)
    np.maximum.at(top, table.owner, logits)
    signs = _around(table.base[:, SIGNS], table.owner, 1, -1.0)
    return np.hstack(
        [around, mean[table.owner][:, None], top[table.owner][:, None], signs, table.base]
    ).astype(np.float32)  # fmt: skip


NEAR_SENTENCES = (-3, -2, -1, 1, 2, 3)
PASSAGE_NAMES = (
    "run_sum", "run_sum_log", "run_words", "run_share", "run_mean", "rest_mean", "highest", "mean", "first_highest",
    "first_mean", "run_opens", "run_closes", "kin", "kin_low", "run_kin", "rest_kin", "log_odds",
    *(f"log_odds_{step}" for step in NEAR_SENTENCES), *(f"mean_{step}" for step in NEAR_SENTENCES),
    "doubtful", "paragraph_log_odds", "paragraph_mean", "paragraph_others",
    "elsewhere_log_odds", "elsewhere_log_odds_2", "elsewhere_run", "elsewhere_run_2",
)  # fmt: skip
#: Log-odds of the words of a sentence that no doubt fell on.
NO_DOUBT = -7.0


def passage_columns(
    table: TokenTable, block: Index, doubts: Column, first: Column, second: Column
) -> NDArray[np.float64]:
    """What the words of each chosen sentence, and its neighbours, say of it: (rows, PASSAGE_NAMES).

    Args:
        table: the words of the chosen sentences.
        block: paragraph of each sentence of the article.
        doubts: log-odds of all sentences by the first classifier.
        first: log-odds of the words by the first pass.
        second: log-odds of the words by the second pass.
    """
    edges = table.edges
    own = np.zeros((len(table.rows), PASSAGE_NAMES.index("log_odds")))
    means = np.full(len(doubts), NO_DOUBT)
    kin, weight = table.base[:, TOKEN_NAMES.index("kin")], table.base[:, TOKEN_NAMES.index("idf")]
    for row, (low, high) in enumerate(pairwise(edges.tolist())):
        if low == high:
            continue
        left, right, total = richest_run(second[low:high])
        inside = np.zeros(high - low, dtype=bool)
        inside[left:right] = True
        own[row] = [
            *_run_columns(second[low:high], inside, total), first[low:high].max(), first[low:high].mean(),
            left == 0, right == high - low, *_kin_columns(kin[low:high], weight[low:high], inside),
        ]  # fmt: skip
        means[table.rows[row]] = second[low:high].mean()
    elsewhere = _elsewhere_columns(table.rows, block, doubts, own[:, PASSAGE_NAMES.index("run_sum_log")])
    return np.hstack([own, _around_columns(table.rows, block, doubts, means), elsewhere])


def richest_run(values: Column) -> tuple[int, int, float]:
    """Bounds and sum of the contiguous run with the highest sum, one value long at least (Kadane)."""
    totals = np.concatenate([[0.0], np.cumsum(values)])
    lowest = np.minimum.accumulate(totals[:-1])
    gains = totals[1:] - lowest
    right = int(gains.argmax())
    left = int(totals[: right + 1].argmin())
    return left, right + 1, float(gains[right])


def _run_columns(values: Column, inside: NDArray[np.bool_], total: float) -> list[float]:
    rest = values[~inside]
    return [
        total, float(np.log1p(max(total, 0.0))), float(inside.sum()), float(inside.mean()), float(values[inside].mean()),
        float(rest.mean()) if len(rest) else -9.0, float(values.max()), float(values.mean()),
    ]  # fmt: skip


def _kin_columns(kin: Column, weight: Column, inside: NDArray[np.bool_]) -> list[float]:
    """Mean nearness of the topic words to words around, by rarity: of all, of the lower half, of the run, of the rest."""
    chosen = kin >= 0
    if not chosen.any():
        return [0.5, 0.5, 0.5, 0.5]

    def mean(flags: NDArray[np.bool_]) -> float:
        total = float(weight[flags].sum())
        return float((kin[flags] * weight[flags]).sum()) / total if total > 0 else 0.5

    low = chosen & (kin <= np.median(kin[chosen]))
    return [mean(chosen), mean(low), mean(chosen & inside), mean(chosen & ~inside)]


def _around_columns(rows: Index, block: Index, doubts: Column, means: Column) -> NDArray[np.float64]:
    """Log-odds of the chosen sentences and their neighbours, those of their words, and those of their paragraph's others."""
    reach = max(NEAR_SENTENCES)
    padded, words = (np.pad(values, reach, constant_values=NO_DOUBT) for values in (doubts, means))
    _, group = np.unique(block, return_inverse=True)
    size = np.bincount(group)[group] - 1.0
    others = [
        np.where(size > 0, (np.bincount(group, values)[group] - values) / np.maximum(size, 1), values)
        for values in (doubts, means)
    ]
    return np.stack(
        [
            doubts[rows], *(padded[rows + reach + step] for step in NEAR_SENTENCES),
            *(words[rows + reach + step] for step in NEAR_SENTENCES), np.full(len(rows), len(rows) / max(1, len(doubts))),
            others[0][rows], others[1][rows], np.log1p(size[rows]),
        ],
        axis=1,
    )  # fmt: skip


def _elsewhere_columns(rows: Index, block: Index, doubts: Column, runs: Column) -> NDArray[np.float64]:
    """The two highest log-odds and runs of the article's other paragraphs: a farm seldom puts in one passage only."""
    apart = (block[rows][:, None] != block[rows][None, :]) & (np.abs(rows[:, None] - rows[None, :]) > 1)
    columns = []
    for values, floor in ((doubts[rows], NO_DOUBT), (runs, 0.0)):
        others = np.where(apart, values[None, :], floor)
        padded = np.hstack([others, np.full((len(rows), 2), floor)])
        columns += [*np.sort(padded, axis=1)[:, :-3:-1].T]
    return np.stack(columns, axis=1) if len(rows) else np.zeros((0, 4))
