"""HTTP response of a WARC record → head and body, decompressed by what its bytes are, whatever its headers say.

This code sees bytes only, never the file: whatever a response holds, the next record is found by the record's length.
What is truncated is kept as far as it could be read, as in browsers and warcio, and marked.
"""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from noisefilter.batch.errors import extra
from noisefilter.batch.files import MAX_PAGE
from noisefilter.page import is_binary

if TYPE_CHECKING:
    from collections.abc import Callable

#: The blank line after the head, however it is written.
END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
STATUS = re.compile(r"HTTP/\d[\d.]*\s+(\d{3})\b")
CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([^\s"';,]+)""", re.IGNORECASE)
#: A chunk's size: 16 digits are more than any file needs.
CHUNK = re.compile(rb"[ \t]*([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]{0,4096})?\r?\n")
#: Names that stand for no encoding.
PLAIN = frozenset(("", "none", "identity"))
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
#: Most nested encodings; curl accepts as many.
MAX_CODINGS = 5
#: Bytes that are decompressed at a time: few, since zstd may make 64 MB of them.
STEP = 2048


class ResponseError(ValueError):
    """A response that holds no page; `reason` is the word to count by."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Head:
    """Status, and headers in order, with lower-case names."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Comma-separated values of the headers with this name, in lower case."""
        found = (value for key, value in self.headers if key == name)
        return [part.strip().lower() for value in found for part in value.split(",")]

    @property
    def content_type(self) -> str:
        """Type of the content without parameters; "" if there is none."""
        return self._content_type.partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """Character set that the server declares."""
        found = CHARSET.search(self._content_type.partition(";")[2])
        return found[1] if found else None

    @property
    def _content_type(self) -> str:
        return next((value for key, value in self.headers if key == "content-type"), "")


class Body(NamedTuple):
    """The content; `cut` says where it is truncated, "" if it is whole."""

    content: bytes
    cut: str = ""


def parse_head(response: bytes) -> tuple[Head, bytes]:
    """Head, and body as it was sent.

    Raises:
        ResponseError: this is no HTTP response.
    """
    end = END_OF_HEAD.search(response)
    lines = response[: end.start() if end else 0].decode("latin-1").splitlines()
    status = STATUS.match(lines[0]) if lines else None
    if end is None or status is None:
        reason, shown = "not_http", ascii(response[:80].decode("latin-1"))
        raise ResponseError(reason, f"no HTTP response: it begins {shown}")
    headers: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in {" ", "\t"} and headers:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
            continue
        name, _, value = line.partition(":")
        headers.append((name.strip().lower(), value.strip()))
    return Head(int(status[1]), tuple(headers)), response[end.end() :]


def decode_body(head: Head, body: bytes) -> Body:
    """The body without its encodings.

    An encoding is removed if the bytes have it, the outermost first. A header that is left over is taken as wrong if
    what remains is text.

    Raises:
        ResponseError: what remains is neither text nor in a known encoding, or is too large for a page.
    """
    declared = (*head.values("content-encoding"), *head.values("transfer-encoding"))
    pending = [name for name in declared if name not in PLAIN][-MAX_CODINGS:]
    cut = ""
    while (taken := _take_off(pending, body)) is not None:
        name, body, fault = taken
        pending.remove(name)
        cut = cut or fault
    if len(body) > MAX_PAGE:
        raise _too_large()
    if pending and is_binary(body[:65_536]):
        reason = "encoding"
        raise ResponseError(
            reason, f"the body is not {ascii(' and '.join(pending))[1:-1][:100]}, or nothing of it can be read"
        )
    if cut and not body:
        reason = "encoding"
        raise ResponseError(reason, f"nothing can be read: {cut}")
    return Body(body, cut)


def _too_large() -> ResponseError:
    return ResponseError("too_large", f"more than {MAX_PAGE:,} bytes")


def _take_off(pending: list[str], body: bytes) -> tuple[str, bytes, str] | None:
    """The body's outermost encoding, the body without it, and where that is truncated."""
    for name in reversed(pending):
        found = _dechunk(body) if name == "chunked" else _uncompress(name, body)
        if found is not None:
            return name, *found
    return None


def _dechunk(body: bytes) -> Body | None:
    """Join chunks; None if the first does not look like one, as when a crawler has already joined them."""
    parts: list[bytes] = []
    place = 0
    while found := CHUNK.match(body, place):
        start, size = found.end(), int(found[1], 16)
        if size == 0:
            return Body(b"".join(parts))
        place = start + size
        if place < len(body) and body[place] not in b"\r\n" and not parts:
            return None
        parts.append(body[start:place])
        place += 2 if body.startswith(b"\r\n", place) else body.startswith(b"\n", place)
    if not parts:
        return None
    return Body(b"".join(parts), f"chunks end at byte {min(place, len(body))} without a last one")


def _uncompress(name: str, body: bytes) -> Body | None:
    """The body decompressed by its signature, else by its header; None if it is not compressed."""
    if body.startswith(GZIP):
        return _unpack(lambda: zlib.decompressobj(31), body, GZIP)
    if body.startswith(ZSTD):
        return _unpack(extra("zstandard", "WARC with zstd").ZstdDecompressor().decompressobj, body, ZSTD)
    found = None
    if name in {"deflate", "gzip", "x-gzip"} and body[:1] == b"x" and int.from_bytes(body[:2]) % 31 == 0:
        found = _unpack(zlib.decompressobj, body)
    if found is None and name == "deflate":
        found = _unpack(lambda: zlib.decompressobj(-15), body)
    elif name == "br":
        found = _unpack(_Brotli, body)
    # these have no signature: a text may begin like one of them, but hardly end like one
    return found if found and (not found.cut or is_binary(body[:65_536])) else None


def _unpack(start: Callable[[], Any], body: bytes, mark: bytes | None = None) -> Body | None:
    """Decompress members in turn, as far as possible; None if nothing can be. What follows them is padding."""
    unpacked = bytearray()
    while mark is None or body.startswith(mark):
        stream, place, cut = start(), 0, ""
        member = bytearray()
        while not cut and not stream.eof:
            try:
                member += stream.decompress(body[place : place + STEP])
            except _faults() as error:
                stream, member, place = _replay(start, body, place)
                cut = "" if stream.eof else f"damaged at byte {place} of what is packed: {error}"
                break
            cut = "" if place < len(body) or stream.eof else "what is packed ends too early"
            place = min(place + STEP, len(body))
            if len(unpacked) + len(member) > MAX_PAGE:
                raise _too_large()
        unpacked += member
        if cut or mark is None:
            return Body(bytes(unpacked), cut) if unpacked or not cut else None
        body = stream.unused_data + body[place:]
    return Body(bytes(unpacked))


def _replay(start: Callable[[], Any], body: bytes, place: int) -> tuple[Any, bytearray, int]:
    """Decompress what is possible of a member damaged within a step from `place` on, byte by byte.

    A step that fails gives nothing.
    """
    stream = start()
    unpacked = bytearray(stream.decompress(body[:place]))
    end = min(place + STEP, len(body))
    with suppress(*_faults()):
        while place < end and not stream.eof:
            unpacked += stream.decompress(body[place : place + 1])
            place += 1
    return stream, unpacked, place


class _Brotli:
    """Brotli with zlib's interface; a step may expand to gigabytes, so it is asked for little at a time."""

    def __init__(self) -> None:
        self._stream = extra("brotli", "WARC with brotli").Decompressor()
        self.eof, self.unused_data = False, b""

    def decompress(self, step: bytes) -> bytes:
        unpacked = bytearray(self._stream.process(step, output_buffer_limit=MAX_PAGE))
        while len(unpacked) <= MAX_PAGE and not self._stream.can_accept_more_data():
            unpacked += self._stream.process(b"", output_buffer_limit=MAX_PAGE)
        self.eof = self._stream.is_finished()
        return bytes(unpacked)


@cache
def _faults() -> tuple[type[Exception], ...]:
    """What decompressors raise for damaged bytes."""
    return zlib.error, extra("zstandard", "WARC").ZstdError, extra("brotli", "WARC").error
