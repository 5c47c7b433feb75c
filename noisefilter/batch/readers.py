"""Piece of a file → rows: JSON lines, CSV, pages; `tables.py` reads Parquet, `warc.py` WARC.

A reader never raises for a file's content: what does not parse is a row with a fault, and so is a truncated end.
"""

from __future__ import annotations

import csv
import io
import json
from types import MappingProxyType
from typing import IO, TYPE_CHECKING

from noisefilter.batch.fields import TOO_LARGE, Fault, Row
from noisefilter.batch.files import MAX_PAGE, BrokenFileError, is_packed, open_plain
from noisefilter.batch.pulse import PULSE
from noisefilter.batch.tables import read_parquet
from noisefilter.batch.warc import read_warc
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noisefilter.batch.tasks import Piece

#: A longer line is a fault: a worker must not hold a file without line breaks in memory.
MAX_LINE = 1 << 28
#: Characters of unreadable input that a reject shows.
SHOWN = 1000


def read_lines(piece: Piece) -> Iterator[tuple[int, int, bytes | None]]:
    """Number, offset and bytes of each line; None for bytes if it is too long, or where the file breaks off."""
    number, offset, skip = piece.start or 1, piece.offset, 0
    with open_plain(piece.path) as file:
        if is_packed(piece.path):
            number, offset, skip = 1, 0, piece.start
        else:
            file.seek(offset)
        while True:
            PULSE.tick()
            try:
                line, length = _read_line(file)
            except BrokenFileError:
                yield number, offset, None
                return
            if not length:
                return
            if number >= skip:
                yield number, offset, line
            number, offset = number + 1, offset + length


def _read_line(file: IO[bytes]) -> tuple[bytes | None, int]:
    """A line and its length; None for the line if it is too long."""
    line = file.readline(MAX_LINE)
    length = len(line)
    if length < MAX_LINE or line.endswith(b"\n"):
        return line, length
    while line and not line.endswith(b"\n"):
        line = file.readline(1 << 20)
        length += len(line)
    return None, length


def _read_jsonl(piece: Piece) -> Iterator[Row]:
    for number, _, line in read_lines(piece):
        if line is None:
            yield Row(number, {}, fault=Fault("broken_file", "a line that is too long, or where the file breaks off"))
        elif line.strip():
            yield _parse_line(number, line)


def _parse_line(number: int, line: bytes) -> Row:
    try:
        fields = json.loads(line.decode("utf-8-sig"))
        if isinstance(fields, dict):
            return Row(number, fields)
        fault = Fault("not_json", "an object is wanted")
    except UnicodeDecodeError as error:
        fault = Fault("not_utf8", str(error))
    except (ValueError, RecursionError) as error:
        fault = Fault("not_json", str(error))
    return Row(number, {}, fault=fault, raw=line[: 4 * SHOWN].decode("utf8", "backslashreplace")[:SHOWN].rstrip("\n"))


def _read_csv(piece: Piece) -> Iterator[Row]:
    csv.field_size_limit(MAX_LINE)  # a page may exceed csv's default of 131,072 characters
    with io.TextIOWrapper(open_plain(piece.path), "utf-8-sig", "surrogateescape", newline="") as file:
        number = 0
        try:
            lines = _csv_lines(file)
            first = next(lines, "")
            separator = max(",;\t", key=first.count)
            names = next(csv.reader([first], delimiter=separator), [])
            for number, cells in enumerate(csv.reader(lines, delimiter=separator), 1):
                PULSE.tick()
                if cells and number >= piece.start:
                    yield _parse_cells(number, names, cells)
        except (BrokenFileError, csv.Error) as error:
            yield Row(number + 1, {}, fault=Fault("broken_file", str(error)))


def _csv_lines(file: IO[str]) -> Iterator[str]:
    """Lines of a file; csv.Error if one is too long, before all of it is read."""
    while line := file.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            msg = f"a line of more than {MAX_LINE:,} characters"
            raise csv.Error(msg)
        yield line


def _parse_cells(number: int, names: list[str], cells: list[str]) -> Row:
    raw = json.dumps(cells)[:SHOWN]
    if len(cells) != len(names):
        return Row(number, {}, fault=Fault("not_csv", f"{len(cells)} cells under {len(names)} names"), raw=raw)
    try:
        "".join(cells).encode()
    except UnicodeEncodeError as error:
        return Row(number, {}, fault=Fault("not_utf8", str(error)), raw=raw)
    return Row(number, dict(zip(names, cells, strict=True)))


def read_pages(piece: Piece, unread: Mapping[int, Fault] = MappingProxyType({})) -> Iterator[Row]:
    """Rows of a piece whose files are a page each; those `unread`, by their place, become faults."""
    for place, (path, name) in enumerate(piece.files):
        PULSE.tick()
        read = unread[place] if place in unread else _read_page(path)
        page, fault = (None, read) if isinstance(read, Fault) else (read, None)
        yield Row(place + 1, {"path": name}, page, fault, id=name)


def _read_page(path: str) -> Page | Fault:
    try:
        with open_plain(path) as file:
            content = file.read(MAX_PAGE + 1)
    except BrokenFileError as error:
        return Fault("broken_file", str(error))
    except OSError as error:
        return Fault("unreadable", error.strerror or str(error))
    return Page(content) if len(content) <= MAX_PAGE else TOO_LARGE


READERS = {
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "parquet": read_parquet,
    "warc": read_warc,
}
