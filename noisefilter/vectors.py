"""Words → vectors: the static embedding table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from safetensors import safe_open

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class VectorTable:
    """An 8-bit table of word vectors, made by `scripts/make_vectors.py`.

    `matrix` is (words + 2, dimensions) int8: the last two rows stand for numbers and for unknown words and are
    zero. Row i times `scale[i]` is the word's vector, its weight in a sentence mean included. `idf` is the
    rarity of each row's word, in nats; `capital` the share of its occurrences inside sentences that have a capital.
    """

    rows_by_word: Mapping[str, int]
    matrix: NDArray[np.int8]
    scale: NDArray[np.float32]
    idf: NDArray[np.float32]
    capital: NDArray[np.float32]

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self.matrix.shape[1])

    @property
    def unknown_row(self) -> int:
        """Row of every word that the table does not hold."""
        return len(self.matrix) - 1

    @property
    def number_row(self) -> int:
        """Row of every token with a digit."""
        return len(self.matrix) - 2

    def rows(self, words: Iterable[str]) -> NDArray[np.int64]:
        """Row of each lower-case word."""
        get, unknown = self.rows_by_word.get, self.unknown_row
        return np.fromiter((get(word, unknown) for word in words), np.int64)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Vectors of rows: (n, dimensions) float64."""
        return self.matrix[rows].astype(np.float64) * self.scale[rows, None]


def load_vectors(path: Path) -> VectorTable:
    """The table in a safetensors file, memory-mapped.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not path.is_file():
        msg = f"no vector table at {path}"
        raise FileNotFoundError(msg)
    with safe_open(path, framework="numpy") as file:
        words = file.get_tensor("words").tobytes().decode().split("\n")
        return VectorTable(
            {word: row for row, word in enumerate(words)},
            file.get_tensor("matrix"),
            file.get_tensor("scale"),
            file.get_tensor("idf"),
            file.get_tensor("capital"),
        )
