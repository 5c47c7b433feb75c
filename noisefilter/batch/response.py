"""HTTP response of a WARC record → head and body, decompressed by what its bytes are, whatever its headers say.

This code sees bytes only, never the file: whatever a response holds, the next record is found by the record's length.
What is truncated is kept as far as it could be read, as in browsers and warcio, and marked.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from noisefilter.batch.errors import extra
from noisefilter.batch.fields import TOO_LARGE, Fault
from noisefilter.batch.files import GZIP, MAX_PAGE, PACKED_STEP, ZSTD
from noisefilter.page import is_binary

if TYPE_CHECKING:
    from collections.abc import Callable

#: The blank line after the head, however it is written.
END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
#: A line break inside of a header.
FOLD = re.compile(r"\r?\n[ \t]+")
STATUS = re.compile(r"HTTP/\d[\d.]*\s+(\d{3})\b")
CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([^\s"';,]+)""", re.IGNORECASE)
#: A chunk's size: 16 digits are more than any file needs.
CHUNK = re.compile(rb"[ \t]*([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]{0,4096})?\r?\n")
#: Names that stand for no encoding.
NO_CODING = frozenset(("", "none", "identity"))
#: Most nested encodings; curl accepts as many.
MAX_CODINGS = 5


class ResponseError(ValueError):
    """A response that holds no page, for the reason of its fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class Head(NamedTuple):
    """What the head declares: the type without parameters, "" if there is none, and encodings, the outermost last."""

    status: int
    content_type: str
    charset: str | None
    codings: tuple[str, ...]


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
    lines = FOLD.sub(" ", response[: end.start() if end else 0].decode("latin-1")).splitlines()
    status = STATUS.match(lines[0]) if lines else None
    if end is None or status is None:
        raise ResponseError(Fault("not_http", f"no HTTP response: it begins {response[:80].decode('latin-1')!a}"))
    headers: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()].append(value.strip())
    kind, _, parameters = (headers["content-type"] or [""])[0].partition(";")
    charset = CHARSET.search(parameters)
    declared = ",".join((*headers["content-encoding"], *headers["transfer-encoding"])).lower().split(",")
    codings = tuple(name for name in map(str.strip, declared) if name not in NO_CODING)
    return Head(int(status[1]), kind.strip().lower(), charset[1] if charset else None, codings), response[end.end() :]


def decode_body(head: Head, body: bytes) -> Body:
    """The body without its encodings.

    An encoding is removed if the bytes have it, the outermost first. A header that is left over is taken as wrong if
    what remains is text.

    Raises:
        ResponseError: what remains is neither text nor in a known encoding, or is too large for a page.
    """
    pending = list(head.codings[-MAX_CODINGS:])
    cut = ""
    while (taken := _take_off(pending, body)) is not None:
        name, body, fault = taken
        pending.remove(name)
        cut = cut or fault
    if len(body) > MAX_PAGE:
        raise ResponseError(TOO_LARGE)
    if pending and is_binary(body[:65_536]):
        named = ascii(" and ".join(pending))[1:-1][:100]
        raise ResponseError(Fault("encoding", f"the body is not {named}, or nothing of it can be read"))
    if cut and not body:
        raise ResponseError(Fault("encoding", f"nothing can be read: {cut}"))
    return Body(body, cut)


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


def _unpack(
    start: Callable[[], Any], body: bytes, mark: bytes | None = None, careful: int | None = None
) -> Body | None:
    """Decompress members in turn, as far as possible; None if nothing can be. What follows them is padding.

    A step that fails gives nothing, so everything is done again, byte by byte from `careful`, where that step begins.
    """
    unpacked, rest = bytearray(), body
    while mark is None or rest.startswith(mark):
        stream, place = start(), 0
        while not stream.eof and place < len(rest):
            begun = len(body) - len(rest) + place
            step = PACKED_STEP if careful is None or begun < careful else 1
            try:
                unpacked += stream.decompress(rest[place : place + step])
            except _faults() as error:
                if careful is None:
                    return _unpack(start, body, mark, begun)
                return (
                    Body(bytes(unpacked), f"damaged at byte {place} of what is packed: {error}") if unpacked else None
                )
            place += step
            if len(unpacked) > MAX_PAGE:
                raise ResponseError(TOO_LARGE)
        if not stream.eof:
            return Body(bytes(unpacked), "what is packed ends too early") if unpacked else None
        rest = stream.unused_data + rest[place:]
        if mark is None:
            break
    return Body(bytes(unpacked))


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
