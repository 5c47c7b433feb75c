"""Piece of a file → rows, and file → pieces, cut by number of rows; `tables.py` reads Parquet, `warc.py` WARC.

A reader never raises for a file's content: what does not parse is a row with a fault, and so is a truncated end.
"""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from types import MappingProxyType
from typing import IO, TYPE_CHECKING

from noisefilter.batch.errors import BatchError
from noisefilter.batch.fields import TOO_LARGE, Fault, Row, Undecoded, distinct_columns, listed_path
from noisefilter.batch.files import MAX_PAGE, BrokenFileError, is_packed, is_url, open_plain
from noisefilter.batch.tables import list_groups, read_parquet
from noisefilter.batch.tasks import NO_ROW, PULSE
from noisefilter.batch.warc import is_whole, read_records, read_warc
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noisefilter.batch.tasks import Piece

#: Most pieces of what must be decompressed or parsed from its start (a compressed or CSV file, a row group of Parquet).
#: The last one reads all of it, so each reads half of it on average. Reading gzip takes a sixtieth of the time of
#: scoring: 8 pieces cost 7% more.
MAX_PIECES = 8
#: With more pieces than this in a file, they get larger, where they may: a plan must not cost more than the run.
MANY_PIECES = 256
#: Formats whose pieces begin at an offset, and whether a file must be decompressed from its start to get there.
SEEKABLE = {"jsonl": is_packed, "warc": is_whole}
#: A longer line is a fault: a worker must not hold a file without line breaks in memory.
MAX_LINE = 1 << 28
#: Bytes of a row that names a file; a longer one holds its page.
MAX_LISTED = 1 << 16
#: Characters of unreadable input that a reject shows.
MAX_RAW = 1000
#: A line that no file has; if a cell of CSV ends with it, the cell is not closed.
END = "\ud800"
#: How a file in UTF-16 begins, read as UTF-8 with its odd bytes.
UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")
#: How a JSON array of objects begins; its lines are no rows, and one fault says so.
ARRAY = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*(?:\{|$)")
A_LINE_EACH = "a JSON array: write JSON lines, one object a line"


def read_piece(piece: Piece, unread: Mapping[int, Fault] = MappingProxyType({})) -> Iterator[Row]:
    """The piece's rows.

    `unread` are rows that must not be read, by their place in the piece, with the reason: those become faults. Pages are
    files of their own. In other files, all rows after the first such one are faults, too.

    Raises:
        OSError: the file cannot be opened or read.
        BatchError: it holds fewer rows than were counted.
    """
    if piece.format == "pages":
        yield from _read_pages(piece, unread)
    elif not unread:
        yield from _read_all(piece)
    else:
        first, number = min(unread), piece.start - 1
        for row in islice(_read_all(piece), first):
            yield row
            number = row.number
        yield Row(number + 1, {}, fault=unread[first])
        behind = Fault("broken_file", f"it lies behind row {number + 1}, which cannot be read: {unread[first].reason}")
        yield from (Row(number + 1 + place, {}, fault=behind) for place in range(1, piece.count - first))


def _read_all(piece: Piece) -> Iterator[Row]:
    rows = READERS[piece.format](piece)
    if piece.count < 0:
        yield from rows
        return
    count, row = 0, None
    for row in islice(rows, piece.count):
        yield row
        count += 1
    if count < piece.count and (row is None or row.fault is None or row.fault.reason != "broken_file"):
        raise BatchError(
            f"{piece.name} changed while the run read it: {count} of {piece.count} rows from number {piece.start} on"
        )
    for _ in range(count, piece.count):  # counting got past the damage, reading did not
        yield Row(row.number if row else piece.start, {}, fault=row.fault if row else None)


def watched(rows: Iterable[Row], piece: Piece, first: int = 0) -> Iterator[Row]:
    """The rows of a piece that begins at place `first`; the watcher is told of each before it is read."""
    local = not is_url(piece.path)  # a store that does not answer is no row's fault
    PULSE.beat(first if local else NO_ROW)
    for place, row in enumerate(rows, first + 1):
        yield row
        PULSE.beat(place if local else NO_ROW)


def cut_file(whole: Piece, size: int, largest: int = 0) -> list[Piece]:
    """Pieces of at most `size` rows, found by reading the file once; 0 makes one piece without reading it.

    Pieces get more rows where the file must be read from its start, and up to `largest` where they would be many.
    """
    if size == 0:
        return [whole]
    if whole.format == "parquet":
        return _cut_groups(whole, size)
    starts, total, every = [], 0, size
    packed = whole.format not in SEEKABLE or SEEKABLE[whole.format](whole.path)
    for total, start in enumerate(_starts(whole), 1):
        if (total - 1) % every == 0:
            starts.append(start)
        if len(starts) > (MAX_PIECES if packed else MANY_PIECES) and (packed or every * 2 <= largest):
            starts, every = starts[::2], every * 2
    return [
        replace(whole, start=number, offset=offset, count=min(every, total - index * every))
        for index, (number, offset) in enumerate(starts)
    ]


def _starts(whole: Piece) -> Iterator[tuple[int, int]]:
    """Number and offset of each row of a file."""
    if whole.format == "jsonl":
        yield from ((number, offset) for number, offset, line in read_lines(whole) if line.strip())
    elif whole.format == "warc":
        yield from enumerate(record.offset for record in read_records(whole))
    else:
        yield from ((row.number, 0) for row in READERS[whole.format](whole))


def _cut_groups(whole: Piece, size: int) -> list[Piece]:
    """Pieces of a Parquet file, none of which spans two row groups."""
    pieces, first = [], 0
    for rows in list_groups(whole.path):
        step = max(size, -(-rows // MAX_PIECES))
        pieces += [replace(whole, start=first + place, count=min(step, rows - place)) for place in range(0, rows, step)]
        first += rows
    return pieces


def read_lines(piece: Piece) -> Iterator[tuple[int, int, bytes | str]]:
    """Number, offset and bytes of each line; why there are none if it is too long, where the file breaks off, or in an array."""
    number, offset = piece.start or 1, piece.offset
    with open_plain(piece.path) as file:
        file.seek(offset)
        while True:
            PULSE.tick()
            try:
                line, length = _read_line(file)
            except BrokenFileError as error:
                yield number, offset, f"the file breaks off: {error}"
                return
            if not length:
                return
            if offset == 0 and isinstance(line, bytes) and ARRAY.match(line):
                yield number, offset, A_LINE_EACH
                return
            yield number, offset, line
            number, offset = number + 1, offset + length


def _read_line(file: IO[bytes]) -> tuple[bytes | str, int]:
    """A line and its length; why there is none if it is too long."""
    line = file.readline(MAX_LINE)
    length = len(line)
    if length < MAX_LINE or line.endswith(b"\n"):
        return line, length
    while line and not line.endswith(b"\n"):
        line = file.readline(1 << 20)
        length += len(line)
    return f"a line of more than {MAX_LINE:,} bytes", length


def listed_paths(path: str) -> Iterator[str]:
    """What a file of JSON lines names in place of pages (`listed_path`), up to its first row that names nothing."""
    with suppress(BrokenFileError), open_plain(path) as lines:  # whoever reads its rows will say that it is damaged
        while (named := listed_path(_parse_line(0, lines.readline(MAX_LISTED)).fields)) is not None:
            yield named


def _read_jsonl(piece: Piece) -> Iterator[Row]:
    for number, _, line in read_lines(piece):
        if isinstance(line, str):
            yield Row(number, {}, fault=Fault("not_json" if line == A_LINE_EACH else "broken_file", line))
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
    return Row(
        number, {}, fault=fault, raw=line[: 4 * MAX_RAW].decode("utf8", "backslashreplace")[:MAX_RAW].rstrip("\n")
    )


def _read_csv(piece: Piece) -> Iterator[Row]:
    csv.field_size_limit(MAX_LINE)  # a page may exceed csv's default of 131,072 characters
    with io.TextIOWrapper(open_plain(piece.path), "utf-8-sig", "surrogateescape", newline="") as file:
        number = 0
        try:
            first = file.readline()
            if first.startswith(UTF_16):
                yield Row(1, {}, fault=Fault("not_utf8", "the file is in UTF-16: save it in UTF-8"))
                return
            rows = _csv_rows(chain([first], file), split_head(first)[1])
            head = next(rows, [])  # may span lines
            names = distinct_columns([_shown(name) for name in head]) if isinstance(head, list) else split_head(head)[0]
            for number, cells in enumerate(rows, 1):
                if cells and number >= piece.start:
                    yield _parse_cells(number, names, cells)
        except (BrokenFileError, csv.Error) as error:
            yield Row(number + 1, {}, fault=Fault("broken_file", str(error)))


def _csv_rows(lines: Iterator[str], separator: str) -> Iterator[list[str] | str]:
    """Cells of each row; a line alone if it opens a quotation mark that no later one closes as it should."""
    held: list[str] = []  # lines of the row that is being read
    again: list[str] = []

    def watched_lines() -> Iterator[str]:
        for line in chain(again, lines):
            PULSE.tick()
            held.append(line)
            yield line

    while True:
        try:
            for cells in csv.reader(watched_lines(), delimiter=separator, strict=True):
                yield cells
                held.clear()
        except csv.Error:
            again = held[1:][-1:]  # a row may begin in the line where the error is
            yield from (_split_line(line, separator) for line in held[: len(held) - len(again)])
            held.clear()
        else:
            return


def _split_line(line: str, separator: str) -> list[str] | str:
    """Cells of a line; the line itself if the last one is not closed."""
    cells = next(csv.reader([line, END], delimiter=separator))
    return line if cells and cells[-1].endswith(END) else cells


def _shown(cell: str) -> str:
    """A cell with signs for bytes that are no UTF-8."""
    return cell.encode("utf8", "surrogateescape").decode("utf8", "replace")


def split_head(line: str) -> tuple[list[str], str]:
    """Names of a table's columns, each its own, and what separates them."""
    separator = max(",;\t", key=line.count)
    return distinct_columns(next(csv.reader([line], delimiter=separator), [])), separator


def _parse_cells(number: int, names: list[str], cells: list[str] | str) -> Row:
    if isinstance(cells, str):
        fault = Fault("not_csv", "a quotation mark is not closed; the next line is read as a row")
        return Row(number, {}, fault=fault, raw=_shown(cells[:MAX_RAW]).rstrip("\r\n"))
    raw = json.dumps(cells)[:MAX_RAW]
    if len(cells) != len(names):
        return Row(number, {}, fault=Fault("not_csv", f"{len(cells)} cells under {len(names)} names"), raw=raw)
    fields = dict(zip(names, map(_decoded, cells), strict=True))
    return Row(number, fields, raw=raw if any(isinstance(value, Undecoded) for value in fields.values()) else None)


def _decoded(cell: str) -> str | Undecoded:
    """A cell; the bytes of one that is no UTF-8."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return Undecoded(cell.encode("utf8", "surrogateescape"))
    return cell


def _read_pages(piece: Piece, unread: Mapping[int, Fault]) -> Iterator[Row]:
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
    url = path if path.startswith(("http://", "https://")) else None
    return Page(content, url) if len(content) <= MAX_PAGE else TOO_LARGE


READERS = {
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "parquet": read_parquet,
    "warc": read_warc,
}
