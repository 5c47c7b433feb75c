"""Records of a WARC: each is read by its own length and unpacked by what its bytes are; warcio's reading beside it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noisefilter.batch import Limits, Options, run
from noisefilter.batch.files import MAX_PAGE
from noisefilter.batch.readers import read_piece
from noisefilter.batch.response import ResponseError, decode_body, parse_head
from noisefilter.batch.sources import list_sources
from noisefilter.batch.storage import LocalFolder
from noisefilter.types import Page
from tests.batches import QUICK, QUIET, http, read_rows, records, warc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


brotli, warcio = pytest.importorskip("brotli"), pytest.importorskip("warcio")
zstandard = pytest.importorskip("zstandard")
pytest.importorskip("fastwarc")

PAGE = "".join(f"<p>Pier {number} was measured on {number} May.</p>" for number in range(200)).encode()


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def chunked(content: bytes, size: int = 300) -> bytes:
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


PACK: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "chunked": ("Transfer-Encoding: chunked", chunked),
    "gzip": ("Content-Encoding: gzip", gzip.compress),
    "x-gzip": ("Content-Encoding: x-gzip", gzip.compress),
    "zlib": ("Content-Encoding: deflate", zlib.compress),
    "deflate": ("Content-Encoding: deflate", raw_deflate),
    "br": ("Content-Encoding: br", brotli.compress),
    "zstd": ("Content-Encoding: zstd", zstandard.compress),
}


def decoded(response: bytes) -> tuple[bytes, str]:
    body = decode_body(*parse_head(response))
    return body.content, body.cut


def reason_of(response: bytes) -> str | None:
    try:
        decode_body(*parse_head(response))
    except ResponseError as error:
        return error.fault.reason
    return None


def by_warcio(content: bytes, *, parse: bool = True) -> Iterator[Any]:
    from warcio.archiveiterator import ArchiveIterator  # noqa: PLC0415 - as above

    found = ArchiveIterator(BytesIO(content), no_record_parse=not parse)
    return (record for record in found if record.rec_type == "response")


def warcio_body(response: bytes) -> bytes:
    record = next(by_warcio(warc(0, response)))
    return record.content_stream().read()


@pytest.mark.parametrize("outer", PACK)
@pytest.mark.parametrize("inner", PACK)
def test_encodings_are_taken_off_in_any_order(inner, outer):
    packed = PACK[outer][1](PACK[inner][1](PAGE)) if inner != outer else PACK[outer][1](PAGE)
    headers = {PACK[inner][0]} if inner == outer else [PACK[inner][0], PACK[outer][0]]
    assert decoded(http(packed, *headers)) == (PAGE, "")


@pytest.mark.parametrize("name", ["chunked", "gzip", "zlib", "deflate"])  # its brotli wants an older library
def test_what_warcio_unpacks_is_unpacked_the_same(name):
    header, pack = PACK[name]
    responses = [http(pack(PAGE), header), http(pack(PAGE)[:-700], header)]
    if name != "chunked":
        responses.append(http(chunked(pack(PAGE)), header, "Transfer-Encoding: chunked"))
    for response in responses:
        body = decoded(response)[0]
        assert body
        assert body == warcio_body(response)


@pytest.mark.parametrize("header", [*(header for header, _ in PACK.values()), "Content-Encoding: none, utf-8"])
def test_a_header_over_a_body_that_is_plain_is_a_lie(header):
    assert decoded(http(PAGE, header)) == (PAGE, "")


@pytest.mark.parametrize("header", ["Content-Encoding: br", "Content-Encoding: deflate", "Content-Encoding: UTF-8"])
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_wrong_header_is_taken_for_what_the_bytes_are(header, pack):
    assert decoded(http(pack(PAGE), header)) == (PAGE, "")


@pytest.mark.parametrize("after", [bytes(20), b"\r\n\r\n", b"<!-- more -->"])
@pytest.mark.parametrize("name", PACK)
def test_what_follows_a_packed_body_is_padding(name, after):
    header, pack = PACK[name]
    assert decoded(http(pack(PAGE) + after, header)) == (PAGE, "")


def test_members_of_a_packed_body_are_one():
    packed = gzip.compress(PAGE[:1000]) + gzip.compress(PAGE[1000:])
    assert decoded(http(packed, "Content-Encoding: gzip")) == (PAGE, "")


@pytest.mark.parametrize("name", PACK)
def test_a_body_that_breaks_off_is_kept_as_far_as_it_goes_and_says_so(name):
    header, pack = PACK[name]
    content = "".join(f"<p>{number**9}</p>" for number in range(20_000)).encode()  # no encoding makes it one block
    packed = pack(content)
    body, cut = decoded(http(packed[: len(packed) * 3 // 4], header))
    assert content.startswith(body)
    assert len(content) / 3 < len(body) < len(content)
    assert cut


@pytest.mark.parametrize("name", ["gzip", "zlib", "zstd"])
def test_a_damaged_body_is_kept_up_to_the_damage(name):
    header, pack = PACK[name]
    content = "".join(f"<p>{number**9}</p>" for number in range(20_000)).encode()
    packed = bytearray(pack(content))
    place = len(packed) * 3 // 4
    packed[place : place + 1000] = b"\xff" * 1000
    body, cut = decoded(http(bytes(packed), header))
    assert content.startswith(body[: len(content) // 2])
    assert "damaged" in cut


def test_a_chunk_without_a_size_ends_the_body():
    broken = chunked(PAGE).replace(b"12c\r\n", b"zz\r\n").replace(b"zz\r\n", b"12c\r\n", 3)
    body, cut = decoded(http(broken, "Transfer-Encoding: chunked"))
    assert body == PAGE[:900]
    assert "byte 921" in cut


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (PAGE, "not_http"),
        (b"", "not_http"),
        (http(PAGE).replace(b"HTTP/1.1 200 OK", b"\x00\xfe PTTH"), "not_http"),
        (http(b"").rstrip(), "not_http"),
        (http(bytes(range(256)) * 9, "Content-Encoding: secret"), "encoding"),
        (http(bytes(range(256)) * 9, "Content-Encoding: br"), "encoding"),
        (http(bytes(range(256)) * 9, "Content-Encoding: gzip"), "encoding"),
        (http(b"100\r\n", "Transfer-Encoding: chunked"), "encoding"),
        (http(gzip.compress(bytes(MAX_PAGE + 1)), "Content-Encoding: gzip"), "too_large"),
        (http(brotli.compress(bytes(MAX_PAGE + 1), quality=5), "Content-Encoding: br"), "too_large"),
        (http(zstandard.compress(bytes(MAX_PAGE + 1)), "Content-Encoding: zstd"), "too_large"),
    ],
    ids="page nothing noise head secret br gzip chunked gzip-bomb br-bomb zstd-bomb".split(),
)
def test_what_holds_no_page_has_a_reason(response, reason):
    assert reason_of(response) == reason


def test_a_bomb_inside_a_bomb_is_too_large():
    bomb = gzip.compress(gzip.compress(bytes(10**9), 1), 1)
    assert reason_of(http(bomb, "Content-Encoding: gzip, gzip")) == "too_large"


def test_encodings_without_end_are_not_all_taken_off():
    body = PAGE
    for _ in range(9):
        body = gzip.compress(body, mtime=0)
    left = PAGE
    for _ in range(4):
        left = gzip.compress(left, mtime=0)
    assert decoded(http(body, "Content-Encoding: " + ", ".join(["br"] * 1000))) == (left, "")


@given(st.binary(max_size=600), st.lists(st.sampled_from(sorted({header for header, _ in PACK.values()})), max_size=3))
def test_any_bytes_are_a_body_or_a_reason(body, headers):
    reason = reason_of(http(body, *headers))
    assert reason in {None, "encoding", "too_large"}
    assert headers or decoded(http(body)) == (body, "")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_response_or_none(content):
    assert reason_of(content) in {None, "not_http", "encoding"}


def test_heads_are_read_as_they_are_written():
    head, body = parse_head(
        b"HTTP/1.0 200\nContent-Type: text/HTML;\n charset='utf-8'\nX-Nul: a\x00b\nno colon\nContent-Encoding: BR , gzip\n\nx"
    )
    assert (head.status, head.content_type, head.charset, body) == (200, "text/html", "utf-8", b"x")
    assert head.codings == ("br", "gzip")


class Way(NamedTuple):
    """A way in which a response is broken, and what becomes of it: a reason, or how much of the page is kept."""

    response: bytes
    reason: str | None = None
    kept: str = "whole"


@cache
def ways() -> tuple[Way, ...]:
    both, many = ("Transfer-Encoding: chunked", "Content-Encoding: gzip"), b"".join(b"%d " % n**9 for n in range(3000))
    return (
        Way(http(chunked(gzip.compress(b"<p>" + many))[:-4000], *both), kept="cut"),
        Way(http(chunked(PAGE)[:-500] + b"zz\r\n" + PAGE, "Transfer-Encoding: chunked"), kept="cut"),
        Way(http(PAGE, "Transfer-Encoding: chunked")),
        Way(http(PAGE, "Content-Encoding: gzip")),
        Way(PAGE, "not_http"),
        Way(http(PAGE, "Content-Length: 5")),
        Way(http(PAGE, "Content-Length: 5000000")),
        Way(http(b""), kept="empty"),
        Way(http(PAGE).replace(b"HTTP/1.1 200 OK", b"\xff\xfe garbage"), "not_http"),
        Way(http(PAGE, "X-Header: a\x00b\x00")),
        Way(http(gzip.compress(bytes(MAX_PAGE + 1)), "Content-Encoding: gzip"), "too_large"),
        Way(http(bytes(range(256)) * 9, "Content-Encoding: secret"), "encoding"),
        Way(http(PAGE, kind="text/html; charset=no-such-thing")),
    )  # fmt: skip


@pytest.mark.parametrize("shard_pages", [None, 0])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_of_2000_records_only_those_that_hold_no_page_are_rejected_each_by_its_id(tmp_path, suffix, shard_pages):
    broken = {number: ways()[number // 50 % len(ways())] for number in range(0, 2000, 50)}
    parts = [warc(number, broken[number].response if number in broken else http(PAGE)) for number in range(2000)]
    parts = [gzip.compress(part, 1) for part in parts] if suffix else parts
    path = tmp_path / f"a.warc{suffix}"
    path.write_bytes(b"".join(parts))
    chosen = Options(format="jsonl", scorer=QUICK, shard_pages=shard_pages)
    summary = run([str(path)], tmp_path / "out", chosen, Limits(jobs=1), console=QUIET)
    assert summary["read"] == sum(1 for _ in by_warcio(path.read_bytes(), parse=False)) == 2000
    rejected = {record["id"]: record["reason"] for record in records(tmp_path / "out", "rejects")}
    assert rejected == {f"<urn:uuid:{number}>": way.reason for number, way in broken.items() if way.reason}
    kept = {record["noisefilter"]["id"]: record for record in records(tmp_path / "out", "kept")}
    assert sorted([*kept, *rejected]) == sorted(f"<urn:uuid:{number}>" for number in range(2000))
    assert {key for key, record in kept.items() if "cut" in record} == {
        f"<urn:uuid:{number}>" for number, way in broken.items() if way.kept == "cut"
    }


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstandard.compress)])
def test_an_empty_member_ends_no_file(tmp_path, suffix, pack):
    parts = [pack(b""), *(pack(warc(n, http(b"%d" % n))) for n in range(2)), pack(b""), pack(warc(2, http(b"2")))]
    path = tmp_path / f"a.warc{suffix}"
    path.write_bytes(b"".join(parts))
    assert [row.fields.get("url") for row in read_rows(path, "warc", 0)] == [
        f"https://site.example/{n}" for n in range(3)
    ]


@pytest.mark.parametrize("size", [0, 1, 2, 100])
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_damaged_record_costs_no_other_one(tmp_path, suffix, size):
    damaged = warc(2, http(PAGE)).replace(b"WARC/1.0", b"\x00ARC\x00\x00\x00")
    parts = [warc(n, http(b"%d" % n)) if n != 2 else damaged for n in range(5)]
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[suffix]
    parts = [pack(warc(9, b"GET / HTTP/1.1\r\n\r\n", "request")), *map(pack, parts)]
    if suffix:
        parts[3] = parts[3][:40] + b"\xff" * 40 + parts[3][80:]
    path = tmp_path / f"a.warc{suffix}"
    path.write_bytes(b"".join(parts))
    rows = read_rows(path, "warc", size)
    assert [row.fields.get("url") for row in rows] == [
        *(f"https://site.example/{n}" for n in (0, 1)), None, *(f"https://site.example/{n}" for n in (3, 4)),
    ]  # fmt: skip
    assert [row.fault.reason if row.fault else None for row in rows] == [None, None, "broken_file", None, None]
    assert [row.number for row in rows] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("size", [0, 1, 2, 100])
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, bz2.compress, lzma.compress])
def test_a_file_that_is_compressed_as_a_whole_is_read_as_a_plain_one(tmp_path, pack, size):
    parts = [
        warc(9, b"GET / HTTP/1.1\r\n\r\n", "request"),
        *(warc(n, http(b"%d" % n + PAGE * n)) for n in range(12)),
    ]
    parts[6] = parts[6].replace(b"WARC/1.0", b"\x00ARC\x00\x00\x00")
    suffix = {gzip.compress: ".gz", zstandard.compress: ".zst", bz2.compress: ".bz2", lzma.compress: ".xz"}[pack]
    plain, path = tmp_path / "a.warc", tmp_path / f"a.warc{suffix}"
    plain.write_bytes(b"".join(parts))
    for members in ([plain.read_bytes()], [parts[0], b"".join(parts[1:])], [b"".join(parts[:8]), b"".join(parts[8:])]):
        path.write_bytes(b"".join(map(pack, members)))
        assert read_rows(path, "warc", size) == read_rows(plain, "warc", size)
    path.write_bytes(path.read_bytes()[:-100])
    *found, last = read_rows(path, "warc", size)
    assert found == read_rows(plain, "warc", size)[: len(found)]
    assert last.fault
    assert last.fault.reason == "broken_file"


@pytest.mark.parametrize("number", [0, 2, 4])
@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", lambda part: gzip.compress(part, mtime=0)), (".zst", zstandard.compress)]
)
def test_a_bit_that_flips_in_the_head_of_a_member_costs_no_other_record_and_leaves_a_row(
    tmp_path, suffix, pack, number
):
    parts = [pack(warc(n, http(b"%d" % n))) for n in range(5)]
    path = tmp_path / f"a.warc{suffix}"
    for bit in range(8 * 12):
        damaged = bytearray(parts[number])
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(b"".join((*parts[:number], damaged, *parts[number + 1 :])))
        found = [row.fields.get("url") or "" for row in read_rows(path, "warc")]
        assert len(found) >= 5
        assert {f"https://site.example/{n}" for n in range(5) if n != number} <= {*found}
        assert found == [row.fields.get("url") or "" for row in read_rows(path, "warc", 1)]


def test_a_frame_to_be_skipped_is_no_record(tmp_path):
    skipped = b"\x5d\x2a\x4d\x18\x04\x00\x00\x00\x28\xb5\x2f\xfd"  # as the format has it for a dictionary
    path = tmp_path / "a.warc.zst"
    path.write_bytes(b"".join(skipped + zstandard.compress(warc(n, http(b"x"))) for n in range(2)))
    assert [row.fault for row in read_rows(path, "warc")] == [None, None]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_length_that_ends_with_the_next_record_swallows_none(tmp_path, pack):
    length = len(http(PAGE)) + 4 + len(warc(1, http(PAGE))) - 4
    parts = [warc(0, http(PAGE), length=length), *(warc(number, http(PAGE)) for number in (1, 2))]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(map(pack, parts)))
    rows = read_rows(path, "warc")
    assert [row.fields["warc_record_id"] for row in rows] == [f"<urn:uuid:{number}>" for number in range(3)]
    assert [row.fault.reason if row.fault else None for row in rows] == ["broken_file", None, None]


@pytest.mark.parametrize("name", ["a.warc.wet.gz", "a.wet.gz", "a.wet", "-"])
def test_the_texts_of_a_wet_file_are_pages_in_plain_text(tmp_path, name):
    texts = [warc(n, b"Rain <b>fell</b> in %d.\n" % n, "conversion") for n in range(3)]
    texts = [text.replace(b"application/http; msgtype=conversion", b"text/plain") for text in texts]
    picture = warc(3, b"x", "conversion").replace(b"application/http; msgtype=conversion", b"image/png")
    content = b"".join((warc(9, b"software: x\r\n", "warcinfo"), *texts, picture))
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    given = name if name == "-" else str(tmp_path / name)
    (tmp_path / "out").mkdir()
    (source,), _ = list_sources([given], "auto", LocalFolder(tmp_path / "out"), BytesIO(content))
    *rows, last = read_piece(source.piece)
    assert [row.page for row in rows] == [
        Page(b"Rain <b>fell</b> in %d.\n" % n, f"https://site.example/{n}", None, "text") for n in range(3)
    ]
    assert last.fault == ("content_type", "image/png")


def test_a_page_about_records_is_a_page(tmp_path):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(gzip.compress(warc(n, http(warc(n, http(PAGE))))) for n in range(2)))
    assert [row.fault for row in read_rows(path, "warc")] == [None, None]


@pytest.mark.parametrize("length", [10**12, 10_000])
def test_a_record_whose_length_is_wrong_does_not_swallow_the_next_ones(tmp_path, length):
    parts = [warc(number, http(PAGE[:500]), length=length if number == 1 else None) for number in range(4)]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(map(gzip.compress, parts)))
    rows = read_rows(path, "warc")
    assert [row.fields["warc_record_id"] for row in rows] == [f"<urn:uuid:{number}>" for number in range(4)]
    assert [row.fault.reason if row.fault else None for row in rows] == [None, "broken_file", None, None]


def test_a_record_that_is_too_large_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("noisefilter.batch.warc.MAX_RECORD", 1000)
    path = tmp_path / "a.warc"
    path.write_bytes(warc(0, http(b"x")) + warc(1, http(PAGE)) + warc(2, http(b"x")))
    assert [row.fault.reason if row.fault else None for row in read_rows(path, "warc")] == [None, "too_large", None]
