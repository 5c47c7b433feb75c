"""WARC → rows: response records, as crawlers write them, with the response body as their page; and texts of WET files.

A record is read whole, by its own length, and only then parsed (`response.py`): its content cannot change where the
next one begins. If each record is compressed by itself, as crawlers do it, offsets count in the file; if the file is
compressed as a whole, they count in its decompressed content.
"""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from noisefilter.batch.errors import extra
from noisefilter.batch.fields import Fault, Row
from noisefilter.batch.files import (
    BZIP2,
    GZIP,
    MAX_PAGE,
    PACKED,
    PACKED_STEP,
    XZ,
    ZSTD,
    BrokenFileError,
    damage,
    open_bytes,
    open_plain,
)
from noisefilter.batch.response import ResponseError, decode_body, parse_head
from noisefilter.batch.tasks import PULSE
from noisefilter.page import decode_declared
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noisefilter.batch.tasks import Piece
    from noisefilter.types import Format

#: Content types of pages.
TEXT = "text/plain"
CONTENT_TYPES: dict[str, Format] = {"text/html": "html", "application/xhtml+xml": "html", TEXT: "text"}
#: Types of records that are rows; a WET file has conversions, the texts of pages.
ROWS = RESPONSE, CONVERSION = "response", "conversion"
#: What reading a record may raise.
FAULTS = (EOFError, OSError, ValueError)
#: A larger record cannot be a page: the largest page, and room for the head.
MAX_RECORD = MAX_PAGE + (1 << 20)
#: How a record begins in a plain file; and in a compressed one, where each is its own member, with the file's suffix.
PLAIN_BEGINNING = b"WARC/1."
PACKED_BEGINNINGS = {GZIP + b"\x08": ".gz", ZSTD: ".zst"}
#: How a file begins whose compression knows no members that are read from their offset.
WHOLE_BEGINNINGS = (*BZIP2, XZ)
#: A frame of zstd that is to be skipped, and its length: before the first record fastwarc does not know it.
SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18(.{4})", re.DOTALL)
#: Bytes that are read at a time.
STEP = 1 << 20
#: Records that tell whether a file is compressed as a whole; the first one may stand alone.
SAMPLED = 8


class Record(NamedTuple):
    """A record as it was read: where it begins, its WARC headers, its content; or why it cannot be read.

    `is_text` says that the content is no response, but the text made of one.
    """

    offset: int
    fields: dict[str, str | None]
    content: bytes = b""
    fault: Fault | None = None
    is_text: bool = False


def read_warc(piece: Piece) -> Iterator[Row]:
    """Rows of a piece. Only responses and conversions are any; an error page or an image is a row with a fault."""
    return (_row(record, number) for number, record in enumerate(read_records(piece), piece.start))


def read_records(piece: Piece) -> Iterator[Record]:
    """Records that are rows from a piece's offset on; after a damaged one, reading continues at the next beginning found."""
    lost = False  # between a damaged record, reported in one row, and the next readable one
    whole = is_whole(piece.path, piece.offset)
    with (open_plain if whole else open_bytes)(piece.path) as file:
        start: int | None = _after_skippable(file, piece.offset)
        while start is not None:
            place, last = start, None
            file.seek(start)
            try:
                for record in _parse(file):
                    place = record.stream_pos  # in the file, wherever reading began
                    PULSE.tick()
                    last = _read(record, place) if whole else _in_its_member(file, _read(record, place))
                    lost = last.fault is not None and last.fault.reason == "broken_file"
                    if _kind(record) in ROWS:
                        yield last
                    if lost:
                        break
                else:  # it ends at an empty member, too, and in a head that swallows what follows
                    lost |= last is not None
                    start, lost = None if whole else _measure(file, place)[0], False
                    continue
            except FAULTS as error:
                fault = Fault("broken_file", damage(error))
                if not lost:  # no record begins at the next byte, so reading from there gives this row again
                    yield Record(place + 1, {}, fault=fault)
                lost = True
            start = _find_beginning(file, place + 1, whole=whole)


def is_whole(path: str, offset: int = 0) -> bool:
    """Whether a file is compressed as a whole: a record begins where no member does. `offset` is of a piece in it."""
    with open_bytes(path) as file:
        if file.read(10).startswith(WHOLE_BEGINNINGS):
            return True
        if not _is_member(file, 0) or (offset and _is_member(file, offset)):
            return False
        file.seek(0)
        places: list[int] = []
        with suppress(*FAULTS):  # whoever reads its records will say that it is damaged
            places.extend(record.stream_pos for record in islice(_parse(file), SAMPLED))
        return len({*places}) < len(places) or not all(_is_member(file, place) for place in places)


def _is_member(file: IO[bytes], place: int) -> bool:
    """Whether a member of a compressed file begins at an offset."""
    file.seek(place)
    head = file.read(8)
    return head.startswith((*PACKED_BEGINNINGS,)) or SKIPPABLE.match(head) is not None


def _parse(file: IO[bytes]) -> Any:  # noqa: ANN401 - an iterator of WarcRecords
    return extra("fastwarc.warc", "WARC").ArchiveIterator(file, parse_http=False, fsspec_args=False)


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
    if is_text := _kind(record) == CONVERSION:
        kind = record.headers.get("Content-Type", TEXT).partition(";")[0].strip().lower()
        fault = None if kind == TEXT else Fault("content_type", kind)
    else:
        fault = None if record.is_http else Fault("not_http", "no HTTP response")
    return Record(place, fields, b"".join(parts), fault, is_text)


def _kind(record: Any) -> str:  # noqa: ANN401 - a WarcRecord
    return str(record.headers.get("WARC-Type", "")).strip().lower()


def _in_its_member(file: IO[bytes], record: Record) -> Record:
    """The record; a fault if its length reaches beyond its member of a compressed file, into the next record."""
    if b"\r\nWARC/1." not in record.content:
        return record
    place = file.tell()
    held = _measure(file, record.offset)[1]
    file.seek(place)
    if not held or len(record.content) < held:
        return record
    return record._replace(content=b"", fault=Fault("broken_file", "its length reaches into the next record"))


def _measure(file: IO[bytes], start: int) -> tuple[int | None, int]:
    """Offset after the compressed member that begins at an offset, and how many bytes it holds; None in a plain file.

    Raises:
        BrokenFileError: it cannot be decompressed.
    """
    file.seek(start)
    head = file.read(4)
    begin = next((PACKED[suffix] for mark, suffix in PACKED_BEGINNINGS.items() if head.startswith(mark)), None)
    if begin is None:
        return None, 0
    frame, packed, held = begin(), head, 0
    while packed and not frame.eof:
        try:
            held += len(frame.decompress(packed))
        except Exception as error:  # each library has its own
            raise BrokenFileError(str(error)) from error
        packed = file.read(PACKED_STEP) if not frame.eof else b""
    if not frame.eof:
        raise BrokenFileError("the file ends inside of a record")
    return file.tell() - len(frame.unused_data), held


def _after_skippable(file: IO[bytes], start: int) -> int:
    """Offset of the first frame from an offset on that is not to be skipped."""
    file.seek(start)
    while found := SKIPPABLE.match(file.read(8)):
        start += 8 + int.from_bytes(found[1], "little")
        file.seek(start)
    return start


def _find_beginning(file: IO[bytes], start: int, *, whole: bool) -> int | None:
    """Offset of the next record from an offset on, by its first bytes; None if there is none."""
    known: Sequence[bytes] = [PLAIN_BEGINNING]
    if not whole:
        file.seek(0)
        head, marks = file.read(len(PLAIN_BEGINNING)), (PLAIN_BEGINNING, *PACKED_BEGINNINGS)
        known = [mark for mark in marks if head.startswith(mark)] or marks  # the first bytes may be damaged
    file.seek(start)
    held = b""
    with suppress(BrokenFileError):  # a file that is compressed as a whole has nothing behind its damage
        while part := file.read(STEP):
            held += part
            found = [at for at in map(held.find, known) if at >= 0]
            if found:
                return start + min(found)
            start += max(0, len(held) - len(PLAIN_BEGINNING) + 1)
            held = held[-len(PLAIN_BEGINNING) + 1 :]
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
    url = record.fields["url"]
    url = url.strip("<> ") if url else None
    if record.is_text:
        return Page(record.content, url, None, "text"), ""
    head, sent = parse_head(record.content)
    if head.status != 200:
        raise ResponseError(Fault("http_status", f"status {head.status}"))
    if head.content_type not in CONTENT_TYPES:
        raise ResponseError(Fault("content_type", head.content_type or "none"))
    body = decode_body(head, sent)
    content = decode_declared(body.content, head.charset) if head.charset else body.content
    return Page(content, url, None, CONTENT_TYPES[head.content_type]), body.cut
