"""WARC → rows: response records, as crawlers write them, with the response body as their page.

A record is read whole, by its own length, and only then parsed (`response.py`): its content cannot change where the
next one begins.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, NamedTuple

from noisefilter.batch.errors import extra
from noisefilter.batch.fields import Fault, Row
from noisefilter.batch.files import BROKEN, MAX_PAGE, open_bytes
from noisefilter.batch.pulse import no_beat
from noisefilter.batch.response import Head, ResponseError, decode_body, parse_head
from noisefilter.page import decode_declared
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from noisefilter.types import Format

#: Content types of pages.
FORMATS: dict[str, Format] = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "text"}
#: What reading a record may raise; an OSError with errno is the machine's and no fault of the record.
FAULTS: tuple[type[Exception], ...] = (*BROKEN, OSError, ValueError)
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


def read_warc(
    path: str, offset: int = 0, number: int = 0, *, parse: bool = True, tick: Callable[[], None] = no_beat
) -> Iterator[tuple[Row, int]]:
    """Response records from an offset on, each with its own offset.

    Other records (requests, metadata) are no rows. An error page or an image is a row with a fault.

    Args:
        path: the file.
        offset: where a record begins.
        number: its number among the response records.
        parse: if false, the rows are empty: for counting.
        tick: called for each record, including those that are no rows.
    """
    with open_bytes(path) as file:
        for record in _records(file, offset, tick):
            yield (_row(record, number) if parse else Row(number, {})), record.offset
            number += 1


def _records(file: IO[bytes], offset: int, tick: Callable[[], None]) -> Iterator[Record]:
    """Response records from an offset on; after a damaged one, reading continues at the next beginning found."""
    start: int | None = offset
    lost = False  # between a damaged record, reported in one row, and the next readable one
    while start is not None:
        place, broken = start, False
        file.seek(start)
        records = extra("fastwarc.warc", "WARC").ArchiveIterator(file, parse_http=False, fsspec_args=False)
        try:
            for record in records:
                place = record.stream_pos  # in the file, wherever reading began
                tick()
                found = _read(record, place)
                lost = broken = found.fault is not None and found.fault.reason == "broken_file"
                if record.headers.get("WARC-Type", "").strip().lower() == "response":
                    yield found
                if broken:
                    break
        except FAULTS as error:
            if not lost:
                yield Record(
                    place + 1, {}, fault=_broken(error)
                )  # no record begins here, so reading from here gives this row again
            lost = broken = True
        start = _find_beginning(file, place + 1) if broken else None


def _broken(error: Exception) -> Fault:
    """What is wrong with the file, if it is the file and not the disk or the network."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    return Fault("broken_file", str(error))


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
        return Record(place, fields, fault=_broken(error))
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
        head, sent = parse_head(record.content)
        fault = _no_page(head)
        if fault is not None:
            return Row(number, record.fields, fault=fault)
        body = decode_body(head, sent)
    except ResponseError as error:
        return Row(number, record.fields, fault=Fault(error.reason, str(error)))
    content = decode_declared(body.content, head.charset) if head.charset else body.content
    url = record.fields["url"]
    page = Page(content, url.strip("<> ") if url else None, None, FORMATS[head.content_type])
    return Row(number, {**record.fields, "cut": body.cut} if body.cut else record.fields, page)


def _no_page(head: Head) -> Fault | None:
    if head.status != 200:
        return Fault("http_status", f"status {head.status}")
    if head.content_type not in FORMATS:
        return Fault("content_type", head.content_type or "none")
    return None
