"""File → pieces, and piece → rows: what a shard reads, cut by number of rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from noisefilter.batch.errors import BatchError
from noisefilter.batch.fields import Fault, Row
from noisefilter.batch.files import is_packed, is_url
from noisefilter.batch.pulse import NO_ROW, PULSE
from noisefilter.batch.readers import READERS, read_lines, read_pages
from noisefilter.batch.tables import list_groups
from noisefilter.batch.warc import read_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noisefilter.batch.tasks import Piece

Item = TypeVar("Item")

#: Most pieces of what must be decompressed or parsed from its start (a compressed or CSV file, a row group of Parquet).
#: The last one reads all of it, so each reads half of it on average. Reading gzip takes a sixtieth of the time of
#: scoring: 8 pieces cost 7% more.
MAX_PIECES = 8
#: With more pieces than this in a file, they get larger, where they may: a plan must not cost more than the run.
MANY_PIECES = 256
#: Formats whose pieces begin at an offset.
SEEKABLE = frozenset({"jsonl", "warc"})


def read_piece(piece: Piece, unread: Mapping[int, Fault] = MappingProxyType({})) -> Iterator[Row]:
    """The piece's rows.

    Args:
        piece: what to read.
        unread: rows that must not be read, by their place in the piece, with the reason: those become faults. Pages are
            files of their own. In other files, all rows after the first such one are faults, too.

    Raises:
        OSError: the file cannot be opened or read.
        BatchError: it holds fewer rows than were counted.
    """
    if piece.fault is not None:
        yield Row(piece.start, {}, fault=Fault(*piece.fault))
    elif piece.format == "pages":
        yield from read_pages(piece, unread)
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
        msg = f"{piece.name} changed while the run read it: {count} of {piece.count} rows from number {piece.start} on"
        raise BatchError(msg)
    for _ in range(count, piece.count):  # counting got past the damage, reading did not
        yield Row(row.number if row else piece.start, {}, fault=row.fault if row else None)


def watched(rows: Iterable[Item], piece: Piece, first: int = 0) -> Iterator[Item]:
    """The rows of a piece that begins at place `first`; the watcher is told of each before it is read."""
    local = not is_url(piece.path)  # a store that does not answer is no row's fault
    PULSE.beat(first if local else NO_ROW)
    for place, row in enumerate(rows, first + 1):
        yield row
        PULSE.beat(place if local else NO_ROW)


def cut_file(whole: Piece, size: int, largest: int = 0, *, stop: int | None = None) -> list[Piece]:
    """Pieces of at most `size` rows, found by reading the file once; 0 makes one piece without reading it.

    Pieces get more rows where the file must be read from its start, and up to `largest` where they would be many.

    Args:
        whole: the file.
        size: rows of a piece.
        largest: as above.
        stop: number of rows after which to stop.
    """
    if size == 0:
        return [whole]
    PULSE.beat(NO_ROW if is_url(whole.path) else 0)
    if whole.format == "parquet":
        return _cut_groups(whole, size) if stop is None else []
    starts, total, every = [], 0, size
    packed = whole.format not in SEEKABLE or (whole.format == "jsonl" and is_packed(whole.path))
    for total, start in enumerate(islice(watched(_starts(whole), whole), stop), 1):
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
        yield from ((number, offset) for number, offset, line in read_lines(whole) if line is None or line.strip())
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


def join_pieces(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The pieces; those that follow each other in a file are one, so that it is opened once."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and _follows(joined[-1], piece):
            last = joined.pop()
            piece = replace(last, count=last.count + piece.count, files=last.files + piece.files)
        joined.append(piece)
    return tuple(joined)


def _follows(last: Piece, piece: Piece) -> bool:
    """Whether a piece continues the same file; a file named twice starts again."""
    same = (last.path, last.format, last.fault) == (piece.path, piece.format, piece.fault)
    return same and (bool(piece.files) or piece.start > last.start)
