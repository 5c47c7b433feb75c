"""Block table → the type of the page: by signs, which are rows of a hash table, and by the features of its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.blocks.columns import TEXT_FEATURES
from noisefilter.blocks.markup import MARKUP_FEATURES
from noisefilter.networks import LOGIT_LIMIT, build_network
from noisefilter.text.tokens import hash_word, token_hash, word_list

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noisefilter.arrays import Column, Index, Matrix
    from noisefilter.blocks.table import BlockTable
    from noisefilter.networks import Network

#: Rows of the table of signs: with half as many .006 fewer types were right, with twice as many no more.
SIGN_ROWS = 1 << 14


class Signs(NamedTuple):
    """What a page has of one kind of signs: a hash of each, and how much it counts beside the others."""

    hashes: Index
    counts: Column


class SignKind(NamedTuple):
    """How signs of a kind are read from a page, and how much all of them count beside those of other kinds."""

    read: Callable[[BlockTable], Signs]
    weight: float


def words_on_page(table: BlockTable) -> Signs:
    """Its words, in a language that is known; "reply", "add to cart", "get a quote" are on every page of a type."""
    if not table.known.all():
        return _once([])
    counts = np.bincount(table.tokens.hashes & (SIGN_ROWS - 1), minlength=SIGN_ROWS)
    rows = np.flatnonzero(counts)
    return Signs(rows, np.log1p(counts[rows]))


def words_of_title(table: BlockTable) -> Signs:
    """Words of its title, in a language that is known: "How to", "Best", "Services"."""
    return _once([token_hash(word) for word in word_list(table.page.title or "")] if table.known.all() else [])


def names_of_elements(table: BlockTable) -> Signs:
    """Words in class names, ids and roles, and tags: what its author calls its parts."""
    rows = np.flatnonzero(np.bincount(table.names[1]))
    return Signs(rows, np.ones(len(rows)))


def declarations(table: BlockTable) -> Signs:
    """What its head declares: types, metadata, the path of its address (`html/declared.py`)."""
    return _once([hash_word(sign) for sign in table.page.declared])


def _once(hashes: list[int]) -> Signs:
    known = np.array(sorted(set(hashes)), dtype=np.int64)
    return Signs(known, np.ones(len(known)))


#: Kinds of signs by name; a page's signs of a kind make a vector whose squares add up to the kind's weight.
SIGNS: Mapping[str, SignKind] = {
    "words": SignKind(words_on_page, 2.0),
    "title": SignKind(words_of_title, 1.0),
    "names": SignKind(names_of_elements, 1.0),
    "declared": SignKind(declarations, 1.0),
}
#: What a page has of each column of its blocks, by the beginnings of the columns' names.
OF_BLOCKS: Mapping[str, Callable[[Matrix, Column], Column]] = {
    "mean": lambda features, _: features.mean(axis=0),
    "mean_by_words": lambda features, words: (words / max(1.0, float(words.sum()))) @ features,
    "spread": lambda features, _: features.std(axis=0),
}
#: Names of what `of_blocks` gives for the features, row by row.
TYPE_MEASURES = tuple(
    f"{beginning}_{name}" for beginning in OF_BLOCKS for name in (*TEXT_FEATURES.names, *MARKUP_FEATURES.names)
)


@dataclass(frozen=True, slots=True)
class TypeClassifier:
    """A softmax regression over the signs of a page, (SIGN_ROWS, page types), and over `TYPE_MEASURES`."""

    signs: Matrix
    measures: Network

    def log_probabilities(self, table: BlockTable, measures: Matrix) -> Matrix:
        """Of each of `PAGE_TYPES`, clipped; `measures` are what `of_blocks` gives for the features of its blocks."""
        rows, values = page_signs(table)
        by_measures = self.measures.probabilities(measures.reshape(1, -1))[0]
        logs = np.log(np.maximum(by_measures, np.finfo(np.float64).tiny)) + values @ self.signs[rows]
        return np.asarray(np.maximum(logs - np.logaddexp.reduce(logs), -LOGIT_LIMIT))


def build_types(arrays: Mapping[str, Matrix]) -> TypeClassifier:
    """The classifier that the arrays describe."""
    return TypeClassifier(arrays["block_signs.weights"], build_network(arrays, "block_page_type"))


def page_signs(table: BlockTable) -> tuple[Index, Column]:
    """Rows in the table of signs, and the value of each: (signs,), (signs,)."""
    rows, values = [], []
    for name, kind in SIGNS.items():
        hashes, counts = kind.read(table)
        rows.append((hashes ^ hash_word(name)) & (SIGN_ROWS - 1))
        values.append(counts * np.sqrt(kind.weight / max(1e-9, float(counts @ counts))))
    return np.concatenate(rows), np.concatenate(values)


def of_blocks(columns: Matrix, words: Column) -> Matrix:
    """Means of columns of a page's blocks, by block and by word, and their spread: (OF_BLOCKS, columns)."""
    if not len(columns):
        return np.zeros((len(OF_BLOCKS), columns.shape[1]))
    return np.stack([measure(columns, words) for measure in OF_BLOCKS.values()])
