"""Words → vectors: the static embedding table."""

from __future__ import annotations

import json
import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
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
        picked = self.matrix[rows].astype(np.float64)
        picked *= self.scale[rows, None]
        return picked

    def distinct(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The different ones of some rows, ascending, and the place of each row among them."""
        place = np.zeros(len(self.matrix), dtype=np.int64)
        place[rows] = 1
        known = np.flatnonzero(place)
        place[known] = np.arange(len(known))
        return known, place[rows]


def load_vectors(path: Path) -> VectorTable:
    """The table in a safetensors file, memory-mapped: processes on one machine share its pages.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not path.is_file():
        msg = f"no vector table at {path}"
        raise FileNotFoundError(msg)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    size = int.from_bytes(mapped[:8], "little")
    header = json.loads(mapped[8 : 8 + size])

    def tensor(name: str) -> NDArray[Any]:
        entry = header[name]
        first, last = (8 + size + offset for offset in entry["data_offsets"])
        array = np.frombuffer(mapped, TYPES[entry["dtype"]], (last - first) // TYPES[entry["dtype"]].itemsize, first)
        return array.reshape(entry["shape"])

    words = tensor("words").tobytes().decode().split("\n")
    return VectorTable(
        {word: row for row, word in enumerate(words)},
        tensor("matrix"),
        tensor("scale"),
        tensor("idf"),
        tensor("capital"),
    )


#: Types of the safetensors format (https://huggingface.co/docs/safetensors) that a table has; its own reader copies.
TYPES: dict[str, np.dtype[Any]] = {"U8": np.dtype("u1"), "I8": np.dtype("i1"), "F32": np.dtype("<f4")}
