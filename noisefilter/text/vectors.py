"""Words → vectors: the static embedding table."""

from __future__ import annotations

import json
import math
import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import safe_open

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
        picked = self.matrix.take(rows, axis=0).astype(np.float64)
        picked *= self.scale[rows].astype(np.float64)[:, None]  # numpy converts slowly while it multiplies
        return picked

    def distinct(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The distinct rows, ascending, and the index of each row among them."""
        there = np.zeros(len(self.matrix), dtype=np.bool_)
        there[rows] = True
        known = np.flatnonzero(there)
        place = np.empty(len(self.matrix), dtype=np.int64)
        place[known] = np.arange(len(known))
        return known, place[rows]


def load_vectors(path: Path) -> VectorTable:
    """The table in a safetensors file, memory-mapped: processes on one machine share its pages.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: an array that is missing, or of another type or shape; a word that is no UTF-8; a weight that is not
            finite.
        SafetensorError: a file that is not in the safetensors format.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no vector table at {path}")
    shapes = _check_header(read_header(path))
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    size = int.from_bytes(mapped[:8], "little")
    header = json.loads(mapped[8 : 8 + size])

    def tensor(name: str) -> NDArray[Any]:
        first = 8 + size + header[name]["data_offsets"][0]
        return np.frombuffer(mapped, TYPES[ARRAYS[name]], math.prod(shapes[name]), first).reshape(shapes[name])

    try:
        words = tensor("words").tobytes().decode().split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"words is no UTF-8: {error}") from error
    table = VectorTable({word: row for row, word in enumerate(words)}, *(tensor(name) for name in MEASURES))
    if len(words) + 2 != len(table.matrix):
        raise ValueError(
            f"words has {len(words)} words, and matrix {len(table.matrix)} rows, two more than there should be words"
        )
    for name in ("scale", "idf", "capital"):
        if not np.isfinite(getattr(table, name)).all():
            raise ValueError(f"{name} holds values that are no finite numbers")
    return table


def read_header(path: Path) -> dict[str, tuple[str, list[int]]]:
    """Type and shape of each array in a safetensors file; its header is checked against the file.

    Raises:
        OSError: there is no such file.
        SafetensorError: a header that does not fit.
    """
    with safe_open(path, "numpy") as file:
        parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        return {name: (part.get_dtype(), part.get_shape()) for name, part in parts.items()}


def _check_header(header: Mapping[str, tuple[str, list[int]]]) -> dict[str, list[int]]:
    """Shapes of a table's arrays."""
    rows = header["matrix"][1][:1] if "matrix" in header else []
    for name in sorted(header.keys() | ARRAYS.keys(), key=lambda name: (name != "matrix", name)):
        kind, shape = header.get(name, ("missing", []))
        fits = len(shape) == 2 if name == "matrix" else len(shape) == 1 and (name == "words" or shape == rows)
        if kind != ARRAYS.get(name) or not fits:
            raise ValueError(
                f"{name} is {kind} {shape}, and should be {ARRAYS.get(name, 'missing')}, one row a word and two more"
            )
    return {name: shape for name, (_, shape) in header.items()}


#: The arrays of a table with their types; all but the letters of its words have one row per word.
ARRAYS = {"words": "U8", "matrix": "I8", "scale": "F32", "idf": "F32", "capital": "F32"}
MEASURES = tuple(ARRAYS)[1:]
#: Types of the safetensors format (https://huggingface.co/docs/safetensors) that a table has; its own reader would
#: copy.
TYPES: dict[str, np.dtype[Any]] = {"U8": np.dtype("u1"), "I8": np.dtype("i1"), "F32": np.dtype("<f4")}
