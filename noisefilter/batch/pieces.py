"""File → pieces, and piece → rows: what a shard reads, cut by number of rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from noisefilter.batch.errors import BatchError
from noisefilter.batch.fields import Fault, Row
from noisefilter.batch.files import is_packed, is_url
from noisefilter.batch.pulse import NO_ROW, no_beat
from noisefilter.batch.readers import READERS, read_lines
from noisefilter.batch.tables import list_groups
from noisefilter.batch.tasks import Piece
from noisefilter.batch.warc import read_warc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

#: Most pieces of what must be decompressed or parsed from its start (a compressed or CSV file, a row group of Parquet).
#: The last one reads all of it, so each reads half of it on average. Reading gzip takes a sixtieth of the time of
#: scoring: 8 pieces cost 7% more.
MAX_PIECES = 8
#: With more pieces than this in a file, they get larger, where they may: a plan must not cost more than the run.
MANY_PIECES = 256
#: Formats whose pieces begin at an offset.
SEEKABLE = frozenset({"jsonl", "warc"})


def read_piece(
    piece: Piece, tick: Callable[[], None] = no_beat, unread: Mapping[int, Fault] | None = None
) -> Iterator[Row]:
    """The piece's rows.

    Args:
        piece: what to read.
        tick: called for everything that is read, even if it is no row of the piece.
        unread: rows that must not be read, by their place in the piece, with the reason.

    Raises:
        OSError: the file cannot be opened or read.
        BatchError: it holds fewer rows than were counted.
    """
    if piece.fault is not None:
        yield Row(piece.start, {}, fault=Fault(*piece.fault))
    elif unread:
        yield from _read_around(piece, tick, unread)
    else:
        yield from _read_all(piece, tick)


def _read_all(piece: Piece, tick: Callable[[], None]) -> Iterator[Row]:
    rows = READERS[piece.format](piece, tick)
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


def _read_around(piece: Piece, tick: Callable[[], None], unread: Mapping[int, Fault]) -> Iterator[Row]:
    """Rows, of which some must not be read: those become faults.

    Pages are files of their own. In other files, all rows after the first such one are faults, too.
    """
    if piece.files:
        for place, (_, name) in enumerate(piece.files):
            if place in unread:
                yield Row(place + 1, {"path": name}, fault=unread[place], id=name)
            else:
                for row in _read_all(replace(piece, files=piece.files[place : place + 1], count=1), tick):
                    yield row._replace(number=place + 1)
        return
    first, number = min(unread), piece.start - 1
    for row in islice(_read_all(piece, tick), first):
        yield row
        number = row.number
    yield Row(number + 1, {}, fault=unread[first])
    behind = Fault("broken_file", f"it lies behind row {number + 1}, which cannot be read: {unread[first].reason}")
    yield from (Row(number + 1 + place, {}, fault=behind) for place in range(1, piece.count - first))


def cut_file(
    path: str,
    name: str,
    form: str,
    size: int,
    largest: int = 0,
    *,
    beat: Callable[[int], None] = no_beat,
    stop: int | None = None,
) -> list[Piece]:
    """Pieces of at most `size` rows, found by reading the file once; 0 makes one piece without reading it.

    Pieces get more rows where the file must be read from its start, and up to `largest` where they would be many.

    Args:
        path: the file.
        name: how ids name it.
        form: its format.
        size: rows of a piece.
        largest: as above.
        beat: called before each row with the number of rows counted so far.
        stop: number of rows after which to stop.
    """
    whole = Piece(path, name, form)
    if size == 0:
        return [whole]
    starts, total, every, local = [], 0, size, not is_url(path)

    def tick() -> None:
        beat(total if local else NO_ROW)

    tick()
    if form == "parquet":
        return _cut_groups(whole, size) if stop is None else []
    packed = form not in SEEKABLE or (form == "jsonl" and is_packed(path))
    for number, offset in islice(_places(whole, tick), stop):
        if total % every == 0:
            starts.append((number, offset))
        total += 1
        tick()
        if len(starts) > (MAX_PIECES if packed else MANY_PIECES) and (packed or every * 2 <= largest):
            starts, every = starts[::2], every * 2
    return [
        replace(whole, start=number, offset=offset, count=min(every, total - index * every))
        for index, (number, offset) in enumerate(starts)
    ]


def _cut_groups(whole: Piece, size: int) -> list[Piece]:
    """Pieces of a Parquet file, none of which spans two row groups."""
    pieces, first = [], 0
    for rows in list_groups(whole.path):
        step = max(size, -(-rows // MAX_PIECES))
        pieces += [replace(whole, start=first + place, count=min(step, rows - place)) for place in range(0, rows, step)]
        first += rows
    return pieces


def join_pieces(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Merge pieces that follow each other in a file, so that it is opened once."""
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
    """Whether a piece continues the same file; a file named twice starts again."""
    same = (last.path, last.format, last.fault) == (piece.path, piece.format, piece.fault)
    return same and (bool(piece.files) or piece.start > last.start)


def _places(whole: Piece, tick: Callable[[], None]) -> Iterator[tuple[int, int]]:
    """Number and offset of each row of a file."""
    if whole.format == "jsonl":
        for number, offset, line in read_lines(whole, tick):
            if line is None or line.strip():
                yield number, offset
    elif whole.format == "warc":
        for row, offset in read_warc(whole.path, parse=False, tick=tick):
            yield row.number, offset
    else:
        for row in READERS[whole.format](whole, tick):
            yield row.number, 0
