"""Records → file: JSON lines, CSV, dolma's attributes; `parquet.py` writes Parquet. Closing makes it outlast a loss of power."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from math import isfinite
from typing import IO, TYPE_CHECKING, Any, Protocol, cast
from unicodedata import category, normalize

from noisefilter.batch.errors import extra

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from noisefilter.batch.options import OutputFormat

#: The field of a record that holds what noisefilter says; one of the input's that is called so is replaced.
OWN = "noisefilter"
SUFFIX: dict[OutputFormat, str] = {
    "jsonl.zst": ".jsonl.zst", "jsonl.gz": ".jsonl.gz", "jsonl": ".jsonl", "parquet": ".parquet", "csv": ".csv",
    "dolma": ".jsonl.gz",
}  # fmt: skip
#: A spreadsheet runs a cell that begins with one of these, also behind blanks and what is not seen, or as a wide letter; some
#: take what follows a tab or a carriage return for a cell of its own.
RUNS = frozenset("=+-@")
BREAKS = ("\t", "\r")


class Writer(Protocol):
    """Takes records one by one; `close` returns when they are on the disk."""

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record."""

    def close(self) -> None:
        """Finish the file."""


def open_writer(path: Path, form: OutputFormat, types: Mapping[str, Any]) -> Writer:
    """A writer of a new file.

    Args:
        path: the file.
        form: its format.
        types: Arrow types of the input's columns, where they are known.

    Raises:
        RefusedError: an extra is missing.
    """
    if form == "parquet":
        from noisefilter.batch.parquet import ParquetWriter  # noqa: PLC0415 - it needs an extra

        return ParquetWriter(path, types)
    if form == "csv":
        return CsvWriter(path)
    return LineWriter(path, form)


class LineWriter:
    """JSON lines, packed or not; for dolma each line is a document's attributes."""

    def __init__(self, path: Path, form: OutputFormat) -> None:
        self._dolma = form == "dolma"
        self._file = path.open("wb")
        self._lines: IO[bytes] = self._file
        if form == "jsonl.zst":
            zstandard = extra("zstandard", "the output format jsonl.zst")
            self._lines = zstandard.ZstdCompressor(level=3).stream_writer(self._file, closefd=False)
        elif form in {"jsonl.gz", "dolma"}:
            # no name and no date: the same records give the same bytes
            self._lines = cast("IO[bytes]", gzip.GzipFile("", "wb", 6, self._file, mtime=0))

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record as a line."""
        line = attributes(record[OWN]) if self._dolma else record
        self._lines.write(to_json(line).encode("ascii") + b"\n")

    def close(self) -> None:
        """Finish the file."""
        if self._lines is not self._file:
            self._lines.close()
        close_safely(self._file)


class CsvWriter:
    """Cells that no spreadsheet runs; the names are those of the first record, what others have besides stands in one cell."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._text = io.TextIOWrapper(self._file, "utf-8", "replace", newline="", write_through=True)
        self._cells = csv.writer(self._text)
        self._names: list[str] = []

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record as a row."""
        fields = {name: value for name, value in record.items() if name != OWN}
        own = {f"{OWN}_{name}": value for name, value in record[OWN].items()}
        if not self._names:
            self._names = list(fields)
            self._cells.writerow(map(defuse, (*self._names, *own, f"{OWN}_more")))
        more = {name: value for name, value in fields.items() if name not in self._names}
        row = [fields.get(name) for name in self._names] + list(own.values()) + [more or None]
        self._cells.writerow(defuse(_cell(value)) for value in row)

    def close(self) -> None:
        """Finish the file."""
        self._text.flush()
        self._text.detach()
        close_safely(self._file)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    return value if isinstance(value, str) else to_json(value)


def defuse(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run.

    >>> defuse("=1+1"), defuse(" ＝1+1"), defuse("1+1")
    ("'=1+1", "' ＝1+1", '1+1')
    """
    first = next((sign for sign in cell if not (sign.isspace() or category(sign) in {"Cc", "Cf"})), "")
    runs = cell.startswith(BREAKS) or normalize("NFKC", first) in RUNS
    return f"'{cell}" if runs else cell


def to_json(value: object) -> str:
    """A value as JSON, in ASCII, so that lone surrogates of the input come through; null for what is no number (NaN, infinity)."""
    try:
        return json.dumps(value, default=as_json, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), default=as_json, allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {_finite(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def attributes(own: Mapping[str, Any]) -> dict[str, Any]:
    """What noisefilter says as dolma keeps it: values over ranges of the document's text.

    Ranges count `visible_text`, which is the document's own text if that is plain.
    """
    length = own["length"]
    values: dict[str, list[list[float]]] = {
        f"{OWN}__{name}": [] if own[name] is None else [[0, length, own[name]]]
        for name in ("noise", "filler", "off_topic", "boilerplate")
    }
    values[f"{OWN}__{own['verdict']}"] = [[0, length, 1.0]]
    for span in own["spans"]:
        values.setdefault(f"{OWN}__span_{span['kind']}", []).append([span["start"], span["end"], span["score"]])
    return {"id": own["id"], "attributes": values}


def as_json(value: object) -> object:
    """What JSON has no type for, as text: bytes of UTF-8 as they read, others in base64."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            import base64  # noqa: PLC0415 - hardly ever

            return base64.b64encode(value).decode("ascii")
    return str(value)


def close_safely(file: IO[bytes]) -> None:
    """Close a file when it is on the disk."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
