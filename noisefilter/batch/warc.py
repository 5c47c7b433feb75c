"""WARC → rows: response records, as crawlers write them, with what was sent as their page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import extra
from noisefilter.batch.fields import Fault, Row
from noisefilter.batch.files import BROKEN, open_bytes
from noisefilter.page import decode_declared
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noisefilter.types import Format

#: Types of content that hold a page.
FORMATS: dict[str, Format] = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "text"}
#: What reading a record may raise; an OSError with a number is the machine's and no fault of the record.
FAULTS: tuple[type[Exception], ...] = (*BROKEN, OSError, ValueError)
#: A larger record cannot be a page.
MAX_RECORD = 1 << 28


def read_warc(path: str, offset: int = 0, number: int = 0, *, parse: bool = True) -> Iterator[tuple[Row, int]]:
    """Response records from an offset on, with the number of the first; each with its own offset.

    Other records (requests, metadata) are no rows. An error page or a picture is one, with a fault.

    Args:
        path: the file.
        offset: where a record begins.
        number: its number among the response records.
        parse: without, the rows are empty: for counting.
    """
    warc = extra("fastwarc.warc", "WARC")
    with open_bytes(path) as file:
        file.seek(offset)
        try:
            records = warc.ArchiveIterator(
                file, record_types=warc.WarcRecordType.response, parse_http=False, fsspec_args=False
            )
            for record in records:
                place = offset + record.stream_pos
                yield (_row(record, number) if parse else Row(number, {})), place
                number += 1
        except FAULTS as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's or the network's fault, not the file's
            yield Row(number, {}, fault=Fault("broken_file", str(error))), offset


def _row(record: Any, number: int) -> Row:  # noqa: ANN401 - a WarcRecord
    headers = record.headers
    url = headers.get("WARC-Target-URI")
    key = headers.get("WARC-Record-ID") or None
    fields = {"warc_record_id": key, "url": url, "warc_date": headers.get("WARC-Date")}
    try:
        record.parse_http(auto_decode="all")
        fault = _fault(record)
        content = b"" if fault else record.reader.read()
        packed = not fault and any(record.http_headers.get(name) for name in ("Content-Encoding", "Transfer-Encoding"))
        if not fault and not packed and len(content) < record.content_length:
            fault = Fault("broken_file", f"the file ends {record.content_length - len(content)} bytes too early")
    except FAULTS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        fault, content = Fault("not_http", str(error)), b""
    if fault is not None:
        return Row(number, fields, fault=fault)
    kind = (record.http_content_type or "").strip().lower()
    page: str | bytes = decode_declared(content, record.http_charset) if record.http_charset else content
    return Row(number, fields, Page(page, url.strip("<> ") if url else None, None, FORMATS[kind]))


def _fault(record: Any) -> Fault | None:  # noqa: ANN401 - a WarcRecord
    if not record.is_http or record.http_headers is None:
        return Fault("not_http", "no HTTP response")
    status = record.http_headers.status_code
    if status != 200:
        return Fault("http_status", f"status {status}")
    kind = (record.http_content_type or "").strip().lower()
    if kind not in FORMATS:
        return Fault("content_type", kind or "none")
    if record.content_length > MAX_RECORD:
        return Fault("too_large", f"{record.content_length} bytes")
    return None
