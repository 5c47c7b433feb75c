"""Piece of a file → rows, and file → pieces: JSON lines, CSV, Parquet, pages; `warc.py` reads WARC.

A reader never raises for what a file holds: what does not parse is a row with a fault. What is broken off is one, too.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from noisefilter.batch.errors import BatchError, extra
from noisefilter.batch.fields import Fault, Row
from noisefilter.batch.files import BROKEN, is_packed, open_bytes, open_plain
from noisefilter.batch.warc import read_warc
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: A longer line is a fault: a worker must not hold a file that has no line breaks.
MAX_LINE = 1 << 28
#: Of what cannot be read, a reject shows so many characters.
SHOWN = 1000
#: Pieces of what must be unpacked or parsed from its start (a packed or CSV file, a row group of Parquet): the last one reads all of
#: it, so on average half of it is read for each. gzip is read in a sixtieth of the time that scoring takes: 8 pieces cost 7% more.
MAX_PIECES = 8
#: Pieces of any file from which on they get larger, where they may: a plan must not weigh more than the run.
MANY_PIECES = 256
BROKEN_CSV: tuple[type[Exception], ...] = (*BROKEN, csv.Error)
#: Formats whose pieces begin at an offset.
SEEKABLE = frozenset({"jsonl", "warc"})


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a file: `count` of them from number `start` on, which stands at `offset`; all that follow if `count` is -1.

    `files` are the paths and names of pages, each a file; then path and name are the input's.
    """

    path: str
    name: str
    format: str
    start: int = 0
    offset: int = 0
    count: int = -1
    files: tuple[tuple[str, str], ...] = ()


def read_piece(piece: Piece) -> Iterator[Row]:
    """The piece's rows.

    Raises:
        OSError: the file cannot be opened or read.
        BatchError: it holds fewer rows than were counted.
    """
    rows = READERS[piece.format](piece)
    if piece.count < 0:
        yield from rows
        return
    count, row = 0, None
    for row in islice(rows, piece.count):
        yield row
        count += 1
    if count < piece.count and (row is None or row.fault is None or row.fault.reason != "broken_file"):
        msg = f"{piece.name} changed while the run read it: {count} of {piece.count} rows from number {piece.start} on"
        raise BatchError(msg)
    for _ in range(count, piece.count):  # counting got over the broken place, reading did not
        yield Row(row.number if row else piece.start, {}, fault=row.fault if row else None)


def cut_file(path: str, name: str, form: str, size: int, largest: int = 0) -> list[Piece]:
    """Pieces of at most `size` rows, found by reading the file once; 0 makes one piece without reading it.

    More rows go into a piece where entering the file costs too much, and up to `largest` where there would be many pieces.
    """
    whole = Piece(path, name, form)
    if size == 0:
        return [whole]
    if form == "parquet":
        return _cut_groups(whole, size)
    starts, total, every = [], 0, size
    packed = form not in SEEKABLE or (form == "jsonl" and is_packed(path))
    for number, offset in _places(whole):
        if total % every == 0:
            starts.append((number, offset))
        total += 1
        if len(starts) > (MAX_PIECES if packed else MANY_PIECES) and (packed or every * 2 <= largest):
            starts, every = starts[::2], every * 2
    return [
        replace(whole, start=number, offset=offset, count=min(every, total - index * every))
        for index, (number, offset) in enumerate(starts)
    ]


def _cut_groups(whole: Piece, size: int) -> list[Piece]:
    """Pieces of a Parquet file, none of which enters two row groups."""
    pieces, first = [], 0
    for rows in _row_groups(whole.path):
        step = max(size, -(-rows // MAX_PIECES))
        pieces += [replace(whole, start=first + place, count=min(step, rows - place)) for place in range(0, rows, step)]
        first += rows
    return pieces


def join_pieces(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Pieces that follow each other in a file as one, so that it is entered once."""
    last: Piece | None = None
    for piece in pieces:
        if last is None or not _follows(last, piece):
            if last is not None:
                yield last
            last = piece
        else:
            last = replace(last, count=last.count + piece.count, files=last.files + piece.files)
    if last is not None:
        yield last


def _follows(last: Piece, piece: Piece) -> bool:
    """Whether a piece is the next of the same file; one named twice begins again."""
    same = (last.path, last.format) == (piece.path, piece.format)
    return same and (bool(piece.files) or piece.start > last.start)


def _places(whole: Piece) -> Iterator[tuple[int, int]]:
    """Number and offset of each row of a file."""
    if whole.format == "jsonl":
        for number, offset, line in _lines(whole):
            if line is None or line.strip():
                yield number, offset
    elif whole.format == "warc":
        for row, offset in read_warc(whole.path, parse=False):
            yield row.number, offset
    else:
        for row in READERS[whole.format](whole):
            yield row.number, 0


def _lines(piece: Piece) -> Iterator[tuple[int, int, bytes | None]]:
    """Number, offset and bytes of each line; no bytes where it is too long, or where the file breaks off."""
    number, offset, skip = piece.start or 1, piece.offset, 0
    with open_plain(piece.path) as file:
        if is_packed(piece.path):
            number, offset, skip = 1, 0, piece.start
        else:
            file.seek(offset)
        while True:
            try:
                line, length = _read_line(file)
            except BROKEN:
                yield number, offset, None
                return
            if not length:
                return
            if number >= skip:
                yield number, offset, line
            number, offset = number + 1, offset + length


def _read_line(file: IO[bytes]) -> tuple[bytes | None, int]:
    """A line and its length; no bytes if it is too long."""
    line = file.readline(MAX_LINE)
    length = len(line)
    if length < MAX_LINE or line.endswith(b"\n"):
        return line, length
    while line and not line.endswith(b"\n"):
        line = file.readline(MAX_LINE)
        length += len(line)
    return None, length


def _read_jsonl(piece: Piece) -> Iterator[Row]:
    for number, _, line in _lines(piece):
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
    csv.field_size_limit(MAX_LINE)  # a page is longer than the 131,072 characters that csv allows
    with io.TextIOWrapper(open_plain(piece.path), "utf-8-sig", "surrogateescape", newline="") as file:
        number = 0
        try:
            first = file.readline()
            separator = max(",;\t", key=first.count)
            names = next(csv.reader([first], delimiter=separator), [])
            for number, cells in enumerate(csv.reader(file, delimiter=separator), 1):
                if cells and number >= piece.start:
                    yield _parse_cells(number, names, cells)
        except BROKEN_CSV as error:
            yield Row(number + 1, {}, fault=Fault("broken_file", str(error)))


def _parse_cells(number: int, names: list[str], cells: list[str]) -> Row:
    raw = json.dumps(cells)[:SHOWN]
    if len(cells) != len(names):
        return Row(number, {}, fault=Fault("not_csv", f"{len(cells)} cells under {len(names)} names"), raw=raw)
    try:
        "".join(cells).encode()
    except UnicodeEncodeError as error:
        return Row(number, {}, fault=Fault("not_utf8", str(error)), raw=raw)
    return Row(number, dict(zip(names, cells, strict=True)))


def _row_groups(path: str) -> list[int]:
    """Rows of each row group of a Parquet file; one row, which is a fault, if it is none."""
    parquet, arrow = extra("pyarrow.parquet", "Parquet"), extra("pyarrow", "Parquet")
    with open_bytes(path) as file:
        try:
            facts = parquet.ParquetFile(file).metadata
        except arrow.ArrowException:
            return [1]
        return [int(facts.row_group(number).num_rows) for number in range(facts.num_row_groups)]


def _read_parquet(piece: Piece) -> Iterator[Row]:
    parquet, arrow = extra("pyarrow.parquet", "Parquet"), extra("pyarrow", "Parquet")
    with open_bytes(piece.path) as file:
        try:
            table = parquet.ParquetFile(file)
        except arrow.ArrowException as error:
            yield Row(0, {}, fault=Fault("broken_file", str(error)))
            return
        last = table.metadata.num_rows if piece.count < 0 else piece.start + piece.count
        number = piece.start - 1
        try:
            for number, fields in _parquet_fields(table, piece.start, last):
                yield Row(number, fields)
        except (arrow.ArrowException, OSError) as error:  # a damaged column chunk is an OSError without a number
            if isinstance(error, OSError) and error.errno is not None:
                raise
            fault = Fault("broken_file", str(error))
            yield from (Row(missing, {}, fault=fault) for missing in range(number + 1, last))


def _parquet_fields(table: Any, start: int, last: int) -> Iterator[tuple[int, dict[str, Any]]]:  # noqa: ANN401 - pyarrow
    """Number and fields of the rows from `start` up to `last`; other row groups are not read."""
    first = 0
    for group in range(table.metadata.num_row_groups):
        rows = table.metadata.row_group(group).num_rows
        if first < last and first + rows > start:
            number = first
            for batch in table.iter_batches(batch_size=64, row_groups=[group]):
                low, high = max(0, start - number), max(0, min(len(batch), last - number))
                if low < high:
                    yield from enumerate(batch.slice(low, high - low).to_pylist(), number + low)
                number += len(batch)
        first += rows


def _read_pages(piece: Piece) -> Iterator[Row]:
    for number, (path, name) in enumerate(piece.files, 1):
        fields = {"path": name}
        try:
            with open_plain(path) as file:
                yield Row(number, fields, Page(file.read()), id=name)
        except BROKEN as error:
            yield Row(number, fields, fault=Fault("broken_file", str(error)), id=name)
        except OSError as error:
            yield Row(number, fields, fault=Fault("unreadable", error.strerror or str(error)), id=name)


def _read_warc(piece: Piece) -> Iterator[Row]:
    for row, _ in read_warc(piece.path, piece.offset, piece.start):
        yield row


def parquet_types(pieces: tuple[Piece, ...]) -> dict[str, Any]:
    """Arrow type of each column of the pieces' Parquet files; none if a piece is of another format."""
    if not pieces or any(piece.format != "parquet" for piece in pieces):
        return {}
    parquet, arrow = extra("pyarrow.parquet", "Parquet"), extra("pyarrow", "Parquet")
    types: dict[str, Any] = {}
    for path in dict.fromkeys(piece.path for piece in pieces):
        with open_bytes(path) as file:
            try:
                schema = parquet.read_schema(file)
            except arrow.ArrowException:
                continue
        for column in schema:
            if types.setdefault(column.name, column.type) != column.type:
                return {}
    return types


READERS = {
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "parquet": _read_parquet,
    "warc": _read_warc,
    "pages": _read_pages,
}
