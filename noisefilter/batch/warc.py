"""WARC → rows: response records, as crawlers write them, with the response body as their page.

A record is read whole, by its own length, and only then parsed (`response.py`): its content cannot change where the
next one begins.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, NamedTuple

from noisefilter.batch.errors import extra
from noisefilter.batch.fields import Fault, Row
from noisefilter.batch.files import MAX_PAGE, damage, open_bytes
from noisefilter.batch.response import ResponseError, decode_body, parse_head
from noisefilter.batch.tasks import PULSE
from noisefilter.page import decode_declared
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noisefilter.batch.tasks import Piece
    from noisefilter.types import Format

#: Content types of pages.
FORMATS: dict[str, Format] = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "text"}
#: What reading a record may raise.
FAULTS = (EOFError, OSError, ValueError)
#: A larger record cannot be a page: the largest page, and room for the head.
MAX_RECORD = MAX_PAGE + (1 << 20)
#: How a record begins, by the first bytes of a compressed file, where each is its own member; and in a plain file.
BEGINNINGS = {b"\x1f\x8b": b"\x1f\x8b\x08", b"\x28\xb5": b"\x28\xb5\x2f\xfd"}
PLAIN_BEGINNING = b"WARC/1."
#: Bytes that are read at a time.
STEP = 1 << 20


class Record(NamedTuple):
    """A response record as it was read: where it begins, its WARC headers, its content; or why it cannot be read."""

    offset: int
    fields: dict[str, str | None]
    content: bytes = b""
    fault: Fault | None = None


def read_warc(piece: Piece) -> Iterator[Row]:
    """Rows of a piece. Other records than responses are none; an error page or an image is a row with a fault."""
    return (_row(record, number) for number, record in enumerate(read_records(piece), piece.start))


def read_records(piece: Piece) -> Iterator[Record]:
    """Response records from a piece's offset on; after a damaged one, reading continues at the next beginning found."""
    start: int | None = piece.offset
    lost = False  # between a damaged record, reported in one row, and the next readable one
    with open_bytes(piece.path) as file:
        while start is not None:
            place, broken = start, False
            file.seek(start)
            try:
                for record in extra("fastwarc.warc", "WARC").ArchiveIterator(file, parse_http=False, fsspec_args=False):
                    place = record.stream_pos  # in the file, wherever reading began
                    PULSE.tick()
                    found = _read(record, place)
                    lost = broken = found.fault is not None and found.fault.reason == "broken_file"
                    if record.headers.get("WARC-Type", "").strip().lower() == "response":
                        yield found
                    if broken:
                        break
            except FAULTS as error:
                fault = Fault("broken_file", damage(error))
                if not lost:  # no record begins at the next byte, so reading from there gives this row again
                    yield Record(place + 1, {}, fault=fault)
                lost = broken = True
            start = _find_beginning(file, place + 1) if broken else None


def _read(record: Any, place: int) -> Record:  # noqa: ANN401 - a WarcRecord
    """The record with all its content, unless that is too much for a page."""
    names = {"warc_record_id": "WARC-Record-ID", "url": "WARC-Target-URI", "warc_date": "WARC-Date"}
    fields = {name: record.headers.get(header) for name, header in names.items()}
    parts: list[bytes] = []
    left, fits = record.content_length, record.content_length <= MAX_RECORD
    try:
        while left > 0 and (part := record.reader.read(min(left, STEP))):
            left -= len(part)
            parts += [part] if fits else []
    except FAULTS as error:
        return Record(place, fields, fault=Fault("broken_file", damage(error)))
    if left > 0:
        return Record(place, fields, fault=Fault("broken_file", f"the file ends {left} bytes too early"))
    if not fits:
        return Record(place, fields, fault=Fault("too_large", f"{record.content_length:,} bytes"))
    return Record(place, fields, b"".join(parts), None if record.is_http else Fault("not_http", "no HTTP response"))


def _find_beginning(file: IO[bytes], start: int) -> int | None:
    """Offset of the next record from an offset on, by its first bytes; None if there is none."""
    file.seek(0)
    mark = BEGINNINGS.get(file.read(2), PLAIN_BEGINNING)
    file.seek(start)
    held = b""
    while part := file.read(STEP):
        held += part
        found = held.find(mark)
        if found >= 0:
            return start + found
        start += max(0, len(held) - len(mark) + 1)
        held = held[-len(mark) + 1 :]
    return None


def _row(record: Record, number: int) -> Row:
    if record.fault is not None:
        return Row(number, record.fields, fault=record.fault)
    try:
        page, cut = _page(record)
    except ResponseError as error:
        return Row(number, record.fields, fault=error.fault)
    return Row(number, {**record.fields, "cut": cut} if cut else record.fields, page)


def _page(record: Record) -> tuple[Page, str]:
    """The page that a record holds, and where it is truncated.

    Raises:
        ResponseError: it holds none.
    """
    head, sent = parse_head(record.content)
    if head.status != 200:
        raise ResponseError(Fault("http_status", f"status {head.status}"))
    if head.content_type not in FORMATS:
        raise ResponseError(Fault("content_type", head.content_type or "none"))
    body = decode_body(head, sent)
    content = decode_declared(body.content, head.charset) if head.charset else body.content
    url = record.fields["url"]
    return Page(content, url.strip("<> ") if url else None, None, FORMATS[head.content_type]), body.cut
