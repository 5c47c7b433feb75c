"""Records → JSON lines, compressed or not; or dolma's attributes, one document per line."""

from __future__ import annotations

import gzip
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from noisefilter.batch.errors import extra
from noisefilter.batch.tasks import DOLMA_PREFIX, OWN
from noisefilter.batch.writers import to_json
from noisefilter.types import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class LineWriter:
    """One line per record; `pack` compresses what is written to the file."""

    def __init__(self, path: Path, *_names: object, pack: Callable[[IO[bytes]], IO[bytes]] = lambda file: file) -> None:
        self._file = path.open("wb")
        self._lines = pack(self._file)

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record as a line."""
        self._lines.write(to_json(record).encode("ascii") + b"\n")

    def close(self) -> None:
        """Finish the file."""
        self._lines.close()
        self._file.close()


def gzipped(file: IO[bytes]) -> IO[bytes]:
    """Compresses with gzip, without name and date, so that the same records give the same bytes."""
    return cast("IO[bytes]", gzip.GzipFile("", "wb", 6, file, mtime=0))


def zstandard(file: IO[bytes]) -> IO[bytes]:
    """Compresses with zstd."""
    packer: IO[bytes] = extra("zstandard", "zstd").ZstdCompressor(level=3).stream_writer(file)
    return packer


zstd_lines, gzip_lines = (partial(LineWriter, pack=pack) for pack in (zstandard, gzipped))


class DolmaWriter(LineWriter):
    """One document's id and attributes per line, compressed with gzip."""

    def __init__(self, path: Path, *_names: object) -> None:
        super().__init__(path, pack=gzipped)

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a document's attributes."""
        super().write(attributes(record[OWN]))


def attributes(record: Mapping[str, Any]) -> dict[str, Any]:
    """noisefilter's record as values over ranges of the document's text.

    Ranges count `visible_text`, which is the document's own text if that is plain.
    """
    length = len(record["visible_text"])
    values: dict[str, list[list[float]]] = {
        f"{DOLMA_PREFIX}{name}": [] if record[name] is None else [[0, length, record[name]]] for name in NUMBERS
    }
    values[f"{DOLMA_PREFIX}{record['verdict']}"] = [[0, length, 1.0]]
    for span in record["spans"]:
        values.setdefault(f"{DOLMA_PREFIX}span_{span['kind']}", []).append([span["start"], span["end"], span["score"]])
    return {"id": record["id"], "attributes": values}
