"""Words of doubtful sentences → matrix: where in a sentence another story begins and ends.

A word's inputs include the words around it (`token_matrix`); a sentence's are made of the predictions for its words
(`passage_columns`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.columns import side_by_side
from noisefilter.insertions.kin import find_kin
from noisefilter.networks import LOGIT_LIMIT
from noisefilter.sentences.table import WINDOW
from noisefilter.text.tokens import begins, neighbour, neighbours, range_entries, sums_of_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.arrays import Flags, Index, Inputs
    from noisefilter.sentences.table import SentenceTable

#: Words on each side whose features are inputs for a word, and those whose log-odds are.
REACH, WEIGHED_REACH = 5, 3
#: Vector rows that are gathered at a time, so that they stay in the processor's cache.
AT_ONCE = 256
#: Leading dimensions of the word's vector that are inputs.
VECTOR_HEAD = 24
#: Punctuation between words: a hyphen only after a blank, dots only if three, an apostrophe only at a word's edge.
BETWEEN = re.compile(r"[,;:—–()|…\"“”‘«»'.\-](?:(?<![.\-'])|(?<=\s-)|(?<=\.{3})|(?<=')(?:(?<!\w')|(?!\w)))")
COMMAS, QUOTES = ",;", "\"“”‘«»'"


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


_HEAD = tuple(f"vector_{number}" for number in range(VECTOR_HEAD))
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
    `rows`; `base` is (words, BaseColumns), `head` (words, VECTOR_HEAD).
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
    opens = begins(owner)
    title_pull = _dots(known, word, table.title_vectors, table.article[rows][owner])
    kin = find_kin(table, rows)
    base = side_by_side(
        BaseColumns(
            pull=pull,
            pull_share=pull / (lengths[word] + 0.1),
            title_pull=title_pull,
            foreign=idf * ~near,
            idf=idf,
            near=near,
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
    heads = (known[:, :VECTOR_HEAD] / (lengths[:, None] + 0.1)).astype(np.float32)
    hashes = np.column_stack([tokens.hashes[token], before, after])
    return TokenTable(rows, entry, owner, base, heads[word], hashes, table.article, table.block)


def _dots(left: Inputs, at: Index, right: Inputs, of: Index) -> NDArray[np.float64]:
    """Dot product of row `at[i]` of one matrix with row `of[i]` of another, some rows at a time."""
    products = np.empty(len(at))
    for low in range(0, len(at), AT_ONCE):
        part = slice(low, low + AT_ONCE)
        products[part] = np.einsum("ij,ij->i", left[at[part]], right[of[part]])
    return products


def _signs(table: SentenceTable, rows: Index, token: Index) -> dict[str, Inputs]:
    """Whether a comma, other punctuation, a quotation mark stands between a word and the one before it."""
    tokens = table.tokens
    before = np.append(0, tokens.end)[table.first[rows]]  # end of the word before the sentence
    begins = np.maximum(before, table.base[table.article[rows]]).tolist()
    ends = np.append(tokens.start, 0)[table.last[rows] - 1]  # where the last word begins
    places: dict[str, list[int]] = {"comma_before": [], "sign_before": [], "quote_before": []}
    for first, last in zip(begins, ends.tolist(), strict=True):
        for match in BETWEEN.finditer(table.text, first, last):
            place, sign = match.start(), match[0]
            if sign != "-" or place > first:  # the blank before it may belong to another article
                kind = "comma" if sign in COMMAS else "quote" if sign in QUOTES else "sign"
                places[f"{kind}_before"].append(place)
    columns: dict[str, Inputs] = {}
    for name, found in places.items():
        column = np.zeros(len(tokens) + 1)
        column[np.searchsorted(tokens.start, np.array(found, dtype=np.int64), side="right")] = 1
        columns[name] = column[token]
    return columns


def word_log_odds(table: TokenTable, weights: Inputs, bias: float) -> Inputs:
    """Log-odds of a linear model over each word and its pairs: (words,). `weights` is (HASH_ROWS,)."""
    return np.clip(weights[table.hashes % len(weights)].sum(axis=1) + bias, -LOGIT_LIMIT, LOGIT_LIMIT)


def token_matrix(table: TokenTable, doubts: Inputs, weighed: Inputs) -> NDArray[np.float32]:
    """Inputs of the passage network for each word: (words, TOKEN_COLUMNS).

    `doubts` are log-odds of all sentences, `weighed` those of the words by `word_log_odds`.
    """
    sizes = np.bincount(table.owner, minlength=len(table.rows))
    first = np.cumsum(sizes) - sizes
    position = np.arange(len(table)) - first[table.owner]
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
    return _windows(
        table.owner,
        (table.base, REACH, -1.0),
        table.head,
        means[table.owner],
        side_by_side(place),
        (weighed[:, None], WEIGHED_REACH, -3.0),
    )


def _windows(owner: Index, *parts: Inputs | tuple[Inputs, int, float]) -> NDArray[np.float32]:
    """Columns side by side; a part (values, reach, beyond) adds words within reach, `beyond` outside the sentence."""
    spread = [part if isinstance(part, tuple) else (part, 0, 0.0) for part in parts]
    matrix = np.empty((len(owner), sum((2 * reach + 1) * part.shape[1] for part, reach, _ in spread)), dtype=np.float32)
    left = 0
    for part, reach, beyond in spread if len(owner) else ():
        columns, width = part.shape[1], (2 * reach + 1) * part.shape[1]
        if reach:
            place = np.arange(len(owner)) + reach * owner  # padding between sentences
            spaced = np.full((int(place[-1]) + 1 + 2 * reach, columns), beyond, dtype=np.float32)
            spaced[place + reach] = part
            around = place[:, None] + np.arange(2 * reach + 1)
            matrix[:, left : left + width] = spaced.take(around, axis=0).reshape(len(owner), width)
        else:
            matrix[:, left : left + width] = part
        left += width
    return matrix


class RunColumns(NamedTuple):
    """Features of a sentence from the log-odds of its words, of which the richest run are the likeliest foreign."""

    run_sum: Inputs
    run_sum_log: Inputs
    run_words: Index
    run_share: Inputs
    run_mean: Inputs
    rest_mean: Inputs
    highest: Inputs
    mean: Inputs
    run_opens: Flags
    run_closes: Flags
    kin: Inputs
    kin_low: Inputs  # of the words with less kin than most
    run_kin: Inputs
    rest_kin: Inputs


class ParagraphColumns(NamedTuple):
    """Features of a sentence from its article and the other sentences of its paragraph."""

    doubtful: Inputs  # share of the article's sentences that are
    paragraph_log_odds: Inputs
    paragraph_mean: Inputs
    paragraph_others: Inputs  # how many


#: Columns with values of the neighbours: which values, and how many sentences further on.
STEPS = (-3, -2, -1, 1, 2, 3)
NEAR = tuple(f"{of}_{step}" for of in ("log_odds", "mean") for step in STEPS)
#: Names of the columns of `passage_columns`.
PASSAGE_NAMES = (*RunColumns._fields, "log_odds", *NEAR, *ParagraphColumns._fields)
#: Widths that sentences are padded to, up to `MAX_TEXT`; numpy adds four values and fewer in another order than more.
WIDTHS = 4 ** np.arange(1, 11)
#: Mean word log-odds that a sentence counts with if it is not doubtful.
NO_DOUBT = -7.0


def passage_columns(table: TokenTable, doubts: Inputs, log_odds: Inputs) -> NDArray[np.float64]:
    """Features of each chosen sentence from the log-odds of its words and its neighbours: (rows, PASSAGE_NAMES).

    `doubts` are log-odds of all sentences by the first classifier, `log_odds` those of the words.
    """
    edges = table.edges
    columns = np.zeros((len(table.rows), len(RunColumns._fields)))
    base = BaseColumns(*table.base.T)
    values = (log_odds, base.kin, base.idf)
    sizes = np.diff(edges)
    steps = np.searchsorted(WIDTHS, sizes)
    for step in np.unique(steps[sizes > 0]).tolist():  # sentences of similar length together
        rows = np.flatnonzero((steps == step) & (sizes > 0))
        index = edges[rows][:, None] + np.arange(WIDTHS[step])
        there = index < edges[rows + 1][:, None]
        index = np.where(there, index, 0)
        run = _run_columns(there, *(np.where(there, column[index], 0.0) for column in values))
        columns[rows] = side_by_side(run)
    means = np.full(len(doubts), NO_DOUBT)
    means[table.rows] = np.where(sizes > 0, RunColumns(*columns.T).mean, NO_DOUBT)
    return np.hstack([columns, _around_columns(table, doubts, means)])


def richest_runs(values: Inputs, there: Flags) -> tuple[Index, Index, Inputs]:
    """Bounds and sum of each row's contiguous run with the highest sum, at least one value long (Kadane).

    `values` is (rows, width), zero where nothing is `there`.
    """
    totals = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=totals[:, 1:])
    gains = np.where(there, totals[:, 1:] - np.minimum.accumulate(totals[:, :-1], axis=1), -np.inf)
    right = gains.argmax(axis=1)
    before = np.arange(totals.shape[1]) <= right[:, None]
    left = np.where(before, totals, np.inf).argmin(axis=1)
    return left, right + 1, gains[np.arange(len(gains)), right]


def _run_columns(there: Flags, log_odds: Inputs, kin: Inputs, weight: Inputs) -> RunColumns:
    """Of the words of each sentence: its richest run and the rest of it."""
    left, right, total = richest_runs(log_odds, there)
    place = np.arange(there.shape[1])
    inside = (place >= left[:, None]) & (place < right[:, None])
    count, within = there.sum(axis=1), right - left
    whole, run = log_odds.sum(axis=1), (log_odds * inside).sum(axis=1)
    return RunColumns(
        run_sum=total,
        run_sum_log=np.log1p(np.maximum(total, 0)),
        run_words=within,
        run_share=within / count,
        run_mean=run / within,
        rest_mean=np.where(count > within, (whole - run) / np.maximum(count - within, 1), -9.0),
        highest=np.where(there, log_odds, -np.inf).max(axis=1),
        mean=whole / count,
        run_opens=left == 0,
        run_closes=right == count,
        **_kin_columns(there & (kin >= 0), kin, weight, inside),
    )


def _kin_columns(chosen: Flags, kin: Inputs, weight: Inputs, inside: Flags) -> dict[str, Inputs]:
    """Mean `kin` of the topic words, weighted by rarity: of all, of the lower half, of the run, of the rest."""
    count = chosen.sum(axis=1)
    ranked = np.sort(np.where(chosen, kin, np.inf), axis=1)
    rows = np.arange(len(ranked))
    below, above = ranked[rows, np.maximum(count - 1, 0) // 2], ranked[rows, count // 2]
    median = np.where(count > 0, (below + above) / 2, 0.0)
    low, run, rest = chosen & (kin <= median[:, None]), chosen & inside, chosen & ~inside
    columns = {}
    for name, flags in {"kin": chosen, "kin_low": low, "run_kin": run, "rest_kin": rest}.items():
        total = np.where(flags, weight, 0.0).sum(axis=1)
        near = np.where(flags, weight * kin, 0.0).sum(axis=1)
        columns[name] = np.where(total > 0, near / np.maximum(total, 1e-9), 0.5)
    return columns


def _around_columns(table: TokenTable, doubts: Inputs, means: Inputs) -> NDArray[np.float64]:
    """The columns from `log_odds` on: log-odds and word means of the neighbours and of the paragraph's others."""
    rows = table.rows
    values = {"log_odds": doubts, "mean": means}
    near = [column for of in values for column in neighbours(values[of], table.article, STEPS, NO_DOUBT)[:, rows]]
    group = np.cumsum(begins(table.block)) - 1
    size = np.bincount(group)[group] - 1.0
    others = {
        of: np.where(size > 0, (np.bincount(group, column)[group] - column) / np.maximum(size, 1), column)[rows]
        for of, column in values.items()
    }
    article = table.article[rows]
    share = np.bincount(article) / np.maximum(np.bincount(table.article)[: article.max(initial=-1) + 1], 1)
    paragraph = ParagraphColumns(
        doubtful=share[article],
        paragraph_log_odds=others["log_odds"],
        paragraph_mean=others["mean"],
        paragraph_others=np.log1p(size[rows]),
    )
    return side_by_side([doubts[rows], *near, *paragraph])
