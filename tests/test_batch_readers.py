"""What the batch reads: every format, and what is wrong with a file."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import sys
import zlib
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from noisefilter.batch import Fields, RefusedError
from noisefilter.batch.fields import Entry, Row, to_entry
from noisefilter.batch.files import find_files, is_packed
from noisefilter.batch.plan import LARGEST, SMALLEST, make_shards
from noisefilter.batch.readers import MAX_PIECES, cut_file, read_piece
from noisefilter.batch.sources import list_sources
from noisefilter.batch.storage import LocalFolder
from noisefilter.batch.tasks import Piece
from noisefilter.page import read_page
from tests.batches import http, read_rows, reason_of, rows_of, warc, write_jsonl
from tests.making import ARTICLE

if TYPE_CHECKING:
    from pathlib import Path

    from noisefilter.types import Page

fsspec, zstandard = pytest.importorskip("fsspec"), pytest.importorskip("zstandard")
pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
pytest.importorskip("fastwarc")

BOM = "\ufeff"
PACKERS = {
    ".gz": partial(gzip.compress, mtime=0),
    ".zst": zstandard.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}
#: How content begins, and the format that this tells.
BEGINNINGS = ((b'{"text": "x"}\n', "jsonl"), (b"id,text\na,x\n", "csv"), (b"<p>x</p>", "pages"))


def page_of(holder: Row | Entry) -> Page:
    assert holder.page is not None
    return holder.page


def pack(content: bytes, suffix: str) -> bytes:
    return PACKERS[suffix](content) if suffix else content


def write_csv(path: Path, rows: list[dict[str, str]], separator: str = ",") -> None:
    with path.open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("size", [0, 1, 7, 100])
@pytest.mark.parametrize(
    ("form", "suffix"),
    [(form, suffix) for form in ("jsonl", "csv") for suffix in ("", *PACKERS)]
    + [("parquet", ""), ("warc", ""), ("warc", ".gz"), ("warc", ".zst")],
)
def test_pieces_of_any_size_hold_every_row_once_and_in_order(tmp_path, form, suffix, size):
    rows = rows_of(40)
    path = tmp_path / f"pages.{form}{suffix}"
    if form == "jsonl":
        path.write_bytes(pack("\n".join(map(json.dumps, rows)).encode(), suffix))
    elif form == "csv":
        write_csv(tmp_path / "plain.csv", [{**row, "text": row["text"] + '\n"quoted"'} for row in rows])
        path.write_bytes(pack((tmp_path / "plain.csv").read_bytes(), suffix))
    elif form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=6)
    else:
        path.write_bytes(b"".join(pack(warc(number, http(b"x")), suffix) for number in range(40)))
    found = read_rows(path, form, size)
    assert [row.fault for row in found] == [None] * 40
    if form == "warc":
        assert [row.fields["url"] for row in found] == [f"https://site.example/{number}" for number in range(40)]
    else:
        assert [row.fields["id"] for row in found] == [row["id"] for row in rows]
    assert [row.number for row in found] == list(range(found[0].number, found[0].number + 40))


def test_a_packed_file_is_cut_into_few_pieces_since_each_begins_at_its_start(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a"}\n' * 1000))
    pieces = cut_file(Piece(str(tmp_path / "a.jsonl.gz"), "a", "jsonl"), 2)
    assert MAX_PIECES / 2 <= len(pieces) <= MAX_PIECES
    assert sum(piece.count for piece in pieces) == 1000


def test_lines_that_are_no_page_are_faults_with_their_reason(tmp_path):
    lines = [
        b'{"id": "a", "text": "x"}',
        b"",
        b"{broken",
        b"[1]",
        b'{"text": "\xff"}',
        b'{"n": ' + b"[" * 100_000,
        b'{"id": "b", "text": ""}',
    ]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    rows = read_rows(tmp_path / "a.jsonl", "jsonl", 2)
    assert [row.number for row in rows] == [1, 3, 4, 5, 6, 7]
    assert [reason_of(row) for row in rows] == [
        None, "not_json", "not_json", "not_utf8", "not_json", None,
    ]  # fmt: skip
    assert rows[1].raw == "{broken"


def test_a_line_without_an_end_is_a_fault_and_the_next_one_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("noisefilter.batch.readers.MAX_LINE", 100)
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "' + b"x" * 1000 + b'"}\n{"text": "y"}\n')
    rows = read_rows(tmp_path / "a.jsonl", "jsonl", 1)
    assert [row.fault is None for row in rows] == [False, True]


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_file_that_breaks_off_gives_what_it_holds_and_a_fault(tmp_path, suffix):
    content = b"".join(
        b'{"id": "%d", "text": "%s"}\n' % (number, f"{number**9}".encode() * 50) for number in range(2000)
    )
    whole = pack(content, suffix)
    (tmp_path / f"a.jsonl{suffix}").write_bytes(whole[: len(whole) // 2])
    rows = read_rows(tmp_path / f"a.jsonl{suffix}", "jsonl", 100)
    assert [row.fault.reason for row in rows if row.fault] == ["broken_file"]
    assert rows[-1].fault
    assert [row.fields["id"] for row in rows[:-1]] == [str(number) for number in range(len(rows) - 1)]


@pytest.mark.parametrize("suffix", PACKERS)
def test_members_of_a_packed_file_are_read_one_after_another(tmp_path, suffix):
    (tmp_path / f"a.jsonl{suffix}").write_bytes(pack(b'{"text": "a"}\n', suffix) + pack(b'{"text": "b"}\n', suffix))
    assert [row.fields["text"] for row in read_rows(tmp_path / f"a.jsonl{suffix}", "jsonl")] == ["a", "b"]


def test_csv_with_other_separators_long_cells_and_wrong_rows(tmp_path):
    write_csv(tmp_path / "a.csv", [{"id": "1", "text": "x" * 200_000}, {"id": "2", "text": "a, b"}], ";")
    with (tmp_path / "a.csv").open("ab") as file:
        file.write(b"\xff;z\r\n4\r\n5;y\r\n")
    rows = read_rows(tmp_path / "a.csv", "csv", 2)
    entries = [to_entry(row, 0, "a.csv", Fields()) for row in rows]
    assert [reason_of(entry) or entry.id for entry in entries] == ["1", "2", "not_utf8", "not_csv", "5"]
    assert len(rows[0].fields["text"]) == 200_000


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("end", ["", "\n", '\n"3","rain\n\nfell"', '\n3,"rain"\n'])
def test_a_quotation_mark_that_is_not_closed_costs_its_own_row(tmp_path, end, size):
    path = tmp_path / "a.csv"
    rows = [f"{number},rain fell" for number in range(3)]
    path.write_text("\n".join(["id,text", '8,"rain\n\nfell"', *rows, '9,"It ran, late', *rows]) + end, encoding="utf8")
    found = read_rows(path, "csv", size)
    more = ["3"] if end.strip() else []
    assert [row.fields.get("id") for row in found] == ["8", "0", "1", "2", None, "0", "1", "2", *more]
    assert [reason_of(row) for row in found if row.fault] == ["not_csv"]
    assert found[4].raw == '9,"It ran, late'


def test_a_quotation_mark_inside_of_a_cell_costs_nothing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,"Rain" fell\n2,3" of "rain"\n3,"It ""fell"""\n', encoding="utf8")
    assert [row.fields["text"] for row in read_rows(path, "csv")] == ["Rain fell", '3" of "rain"', 'It "fell"']


def test_the_last_line_of_csv_that_breaks_off_is_a_fault(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,rain\n2,"Rain fe', encoding="utf8")
    assert [reason_of(row) for row in read_rows(path, "csv")] == [None, "not_csv"]


def test_the_names_of_columns_may_span_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,"the\npage",text\n1,2,rain\n3,4,fell\n', encoding="utf8")
    assert [row.fields["text"] for row in read_rows(path, "csv")] == ["rain", "fell"]
    path.write_text('id,"text\n1,rain\n', encoding="utf8")
    assert [row.fields["id"] for row in read_rows(path, "csv")] == ["1"]


def test_a_page_in_csv_that_is_no_utf8_is_decoded_as_bytes_are_and_another_cell_costs_its_row(tmp_path):
    page = f"{ARTICLE.replace(chr(10), ' ')} It cost £5 and £60, a café wrote."
    (tmp_path / "a.csv").write_bytes(f'id,agent,text\n1,a,"{page}"\n2,£,Boots\n3,c,Socks\n'.encode("latin-1"))
    entries = [to_entry(row, 0, "a.csv", Fields()) for row in read_rows(tmp_path / "a.csv", "csv", 2)]
    assert [reason_of(entry) for entry in entries] == [None, "not_utf8", None]
    assert read_page(page_of(entries[0])).content == page
    assert "row 2, column 'agent': no UTF-8" in str(entries[1].fault)
    assert entries[1].row.raw == json.dumps(["2", "\udca3", "Boots"])


def test_a_first_line_that_is_no_utf8_names_its_columns_all_the_same(tmp_path):
    (tmp_path / "a.csv").write_bytes("text,price in £\nBoots,5\n".encode("latin-1"))
    (row,) = read_rows(tmp_path / "a.csv", "csv")
    assert row.fields == {"text": "Boots", "price in \ufffd": "5"}


def test_what_is_no_parquet_or_no_warc_is_one_fault(tmp_path):
    for form in ("parquet", "warc"):
        (tmp_path / form).write_bytes(b"nonsense\n" * 100)
        (row,) = read_rows(tmp_path / form, form, 10)
        assert reason_of(row) == "broken_file"


def test_a_damaged_parquet_column_loses_no_row_from_the_count(tmp_path):
    pq.write_table(
        pa.Table.from_pylist(rows_of(300)),
        tmp_path / "a.parquet",
        row_group_size=100,
        compression="zstd",
        use_dictionary=False,
    )
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    start = pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(1).column(1).data_page_offset
    content[start : start + 60] = b"\xff" * 60
    (tmp_path / "a.parquet").write_bytes(content)
    rows = read_rows(tmp_path / "a.parquet", "parquet", 100)
    assert len(rows) == 300
    assert {reason_of(row) for row in rows[100:200]} == {"broken_file"}
    assert not any(row.fault for row in rows[:100] + rows[200:])


def test_a_warc_gives_its_responses_and_says_what_is_no_page(tmp_path):
    parts = [
        warc(9, b"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n", "request"),
        warc(0, http("<p>café “x”</p>".encode("cp1252"), kind="text/html; charset=iso-8859-1")),
        warc(1, http(b"x", status="404 Not Found")), warc(2, http(b"x", kind="image/png")), warc(3, http(b"plain", kind="text/plain")),
        warc(4, http(gzip.compress(b"<p>packed</p>"), "Content-Encoding: gzip", kind="text/html")),
        warc(5, http("<p>é</p>".encode(), kind="text/html; charset=no-such")), warc(6, http(b"\xff")),
        warc(7, http((BOM + "<p>é</p>").encode(), kind="text/html; charset=iso-8859-1")),
    ]  # fmt: skip
    (tmp_path / "a.warc.gz").write_bytes(b"".join(map(gzip.compress, parts)))
    rows = read_rows(tmp_path / "a.warc.gz", "warc", 2)
    assert [reason_of(row) or page_of(row).content for row in rows] == [
        "<p>café “x”</p>", "http_status", "content_type", b"plain", b"<p>packed</p>", "<p>é</p>".encode(), b"\xff",
        (BOM + "<p>é</p>").encode(),
    ]  # fmt: skip
    assert page_of(rows[0]).url == "https://site.example/0"
    assert [row.page.format for row in rows if row.page] == ["html", "text", "html", "html", "html", "html"]
    assert to_entry(rows[0], 0, "a", Fields()).id == "<urn:uuid:0>"


def test_a_warc_that_breaks_off_says_so(tmp_path):
    content = b"".join(warc(number, http(b"x" * 500)) for number in range(5))
    (tmp_path / "a.warc").write_bytes(content[:-200])
    rows = read_rows(tmp_path / "a.warc", "warc", 2)
    assert [row.fault is None for row in rows] == [True] * 4 + [False]


@pytest.mark.parametrize(
    ("fields", "names", "content", "form"),
    [
        ({"text": "t"}, Fields(), "t", "text"),
        ({"html": "<p>h", "text": "t"}, Fields(), "<p>h", "html"),
        ({"html": "h", "text": "t"}, Fields(), "h", "auto"),
        ({"html": None, "text": "t"}, Fields(), "t", "text"),
        ({"html": "", "text": "t"}, Fields(), "t", "text"),
        ({"html": float("nan"), "text": "t"}, Fields(), "t", "text"),
        ({"content": "c"}, Fields(), "c", "auto"),
        ({"raw_html": b"<p>b"}, Fields(), b"<p>b", "html"),
        ({"text": "t", "summary": "s"}, Fields(text="summary"), "s", "text"),
        ({"page": {"source": "<p>h"}}, Fields(html="page.source"), "<p>h", "html"),
        ({"text": ""}, Fields(), "", "text"),
    ],
)  # fmt: skip
def test_the_page_is_found_among_the_fields(fields, names, content, form):
    entry = to_entry(Row(1, fields), 0, "a", names)
    assert (page_of(entry).content, page_of(entry).format) == (content, form)


@pytest.mark.parametrize(
    ("fields", "names", "detail"),
    [
        ({"id": "a"}, Fields(), "no field that holds a page"),
        ({"text": None}, Fields(), "nothing"),
        ({"text": 7}, Fields(), "int"),
        ({"text": "t"}, Fields(text="body"), "'body'"),
        ({"text": "t"}, Fields(html="a", text="b"), "'a' or 'b'"),
    ],
)
def test_a_row_without_a_page_says_what_is_missing(fields, names, detail):
    entry = to_entry(Row(1, fields), 0, "a", names)
    assert entry.page is None
    assert reason_of(entry) == "no_page"
    assert entry.fault
    assert detail in entry.fault.detail


def test_ids_urls_and_titles_are_guessed_or_named():
    fields = {
        "text": "t",
        "uuid": 7,
        "link": "https://a.example",
        "headline": "H",
        "metadata": {"url": "https://b.example"},
    }
    entry = to_entry(Row(3, fields), 0, "a.jsonl", Fields())
    assert (entry.id, page_of(entry).url, page_of(entry).title) == ("7", "https://a.example", "H")
    named = to_entry(Row(3, fields), 0, "a.jsonl", Fields(id="none", url="metadata.url"))
    assert (named.id, page_of(named).url) == ("a.jsonl#3", "https://b.example")


def test_numbers_that_are_too_long_for_a_float_stay_what_they_are(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [{"id": 123456789012345678901, "text": "x"}])
    (row,) = read_rows(tmp_path / "a.jsonl", "jsonl")
    assert to_entry(row, 0, "a", Fields()).id == "123456789012345678901"


def test_a_folder_gives_what_can_be_read_and_counts_and_names_the_rest(tmp_path, caplog):
    caplog.set_level("DEBUG", "noisefilter")
    (tmp_path / "deep").mkdir()
    for name in ("b.html", "deep/a.txt", "c.png", "d.jsonl", "e.gz"):
        (tmp_path / name).write_bytes(b'{"text": "x"}')
    (tmp_path / "f.html.gz").write_bytes(gzip.compress(b"<p>packed</p>"))
    sources, passed_over = list_sources([str(tmp_path)], "auto", LocalFolder(tmp_path / "out"), None)
    assert sorted(source.name[len(str(tmp_path)) + 1 :] for source in sources) == [
        "b.html",
        "d.jsonl",
        "deep/a.txt",
        "f.html.gz",
    ]
    assert passed_over == 2
    assert sorted(caplog.messages) == [f"passed over: {tmp_path}/{name}" for name in ("c.png", "e.gz")]
    rows = [row for shard in make_shards(sources, 0) for piece in shard.pieces for row in read_piece(piece)]
    assert [page_of(row).content for row in rows if row.page][-1] == b"<p>packed</p>"


@pytest.mark.parametrize("name", ["story.php?id=3.html", "A.HTML.GZ", "a?b.html.zst"])
def test_a_file_of_a_folder_is_read_whatever_its_name_is_beside_its_suffix(tmp_path, name):
    packed = next((suffix for suffix in PACKERS if name.lower().endswith(suffix)), "")
    (tmp_path / name).write_bytes(pack(b"<p>Rain fell.</p>", packed))
    sources, _ = list_sources([str(tmp_path)], "auto", LocalFolder(tmp_path / "out"), None)
    rows = [row for shard in make_shards(sources, 0) for piece in shard.pieces for row in read_piece(piece)]
    assert [page_of(row).content for row in rows] == [b"<p>Rain fell.</p>"]


def test_the_suffix_of_a_url_stands_before_its_query():
    assert is_packed("https://crawl.example/a.jsonl.GZ?signature=1.b")


def test_the_output_inside_an_input_is_no_input(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", rows_of(1))
    (tmp_path / "out").mkdir()
    write_jsonl(tmp_path / "out" / "b.jsonl", rows_of(1))
    sources, _ = list_sources([str(tmp_path)], "auto", LocalFolder(tmp_path / "out"), None)
    assert [source.name for source in sources] == [str(tmp_path / "a.jsonl")]


def test_small_files_share_a_shard_and_large_ones_are_cut(tmp_path):
    for number, count in enumerate((3, 4, 25, 2)):
        write_jsonl(tmp_path / f"{number}.jsonl", rows_of(count))
    sources, _ = list_sources([str(tmp_path)], "auto", LocalFolder(tmp_path / "out"), None)
    assert [shard.count for shard in make_shards(sources, 10)] == [7, 10, 10, 7]
    assert [len(shard.pieces) for shard in make_shards(sources, 0)] == [1, 1, 1, 1]


def test_a_run_that_names_no_size_gets_shards_that_grow_smaller_toward_its_end(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", rows_of(5000))
    sources, _ = list_sources([str(tmp_path)], "auto", LocalFolder(tmp_path / "out"), None)
    shards = make_shards(sources, None)
    counts = [shard.count or 0 for shard in shards]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[-2], sum(counts)) == (LARGEST, 32, 5000)
    assert len(counts) < 80
    assert [len(shard.pieces) for shard in shards] == [1] * len(shards)
    found = [row for shard in shards for piece in shard.pieces for row in read_piece(piece)]
    assert [row.fields["id"] for row in found] == [f"p{number}" for number in range(5000)]


def test_a_small_run_that_names_no_size_has_work_for_several_workers(tmp_path):
    for number in range(40):
        (tmp_path / f"{number:02}.html").write_text("<p>x</p>", encoding="utf8")
    sources, _ = list_sources([str(tmp_path)], "auto", LocalFolder(tmp_path / "out"), None)
    assert [shard.count for shard in make_shards(sources, None)] == [SMALLEST, SMALLEST, 8]


def test_a_file_that_several_inputs_name_is_read_once_under_its_first_name(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "noisefilter")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    for name in ("a", "b"):
        write_jsonl(tmp_path / "in" / f"{name}.jsonl", rows_of(3))
    (tmp_path / "in" / "c.html").write_text("<p>x</p>", encoding="utf8")
    inputs = ["in/b.jsonl", "in", "in/b.jsonl", f"{tmp_path}/in/../in", "in/*", "./in/", "link"]
    sources, _ = list_sources(inputs, "auto", LocalFolder(tmp_path / "out"), None)
    assert [source.name for source in sources] == ["in/b.jsonl", "in/a.jsonl", "in/c.html"]
    assert "14 files named again by another input" in caplog.text
    rows = [row for shard in make_shards(sources, None) for piece in shard.pieces for row in read_piece(piece)]
    assert len(rows) == 7


def test_a_url_that_several_inputs_name_is_read_once(tmp_path):
    system = fsspec.filesystem("memory")
    system.pipe("/twice/a.jsonl", b'{"text": "x"}\n')
    try:
        inputs = ["memory://twice", "memory://twice/a.jsonl", "memory:///twice/*.jsonl"]
        sources, _ = list_sources(inputs, "auto", LocalFolder(tmp_path), None)
        assert [source.name for source in sources] == ["memory:///twice/a.jsonl"]
    finally:
        system.rm("/twice", recursive=True)


def test_a_row_group_of_parquet_is_cut_into_few_pieces_since_each_begins_at_its_start(tmp_path):
    pq.write_table(pa.Table.from_pylist(rows_of(1000)), tmp_path / "a.parquet", row_group_size=500)
    name = str(tmp_path / "a.parquet")
    pieces = cut_file(Piece(name, name, "parquet"), 2)
    assert MAX_PIECES <= len(pieces) <= 2 * MAX_PIECES
    assert [row.fields["id"] for piece in pieces for row in read_piece(piece)] == [
        f"p{number}" for number in range(1000)
    ]


@pytest.mark.parametrize("name", ["nowhere.jsonl", "nowhere/*.jsonl", "memory://nowhere/a.jsonl", "nonsense://a"])
def test_an_input_that_is_not_there_is_refused_by_its_name(tmp_path, name):
    with pytest.raises(RefusedError, match="no"):
        list_sources([name], "auto", LocalFolder(tmp_path), None)


def test_urls_are_read_through_fsspec(tmp_path):
    system = fsspec.filesystem("memory")
    system.pipe("/crawl/a.jsonl.gz", gzip.compress(b'{"id": "a", "text": "x"}\n' * 3))
    system.pipe("/crawl/b.warc", warc(0, http(b"x")) + warc(1, http(b"y")))
    system.pipe("/crawl/page.html", b"<p>x</p>")
    table = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows_of(5)), table)
    system.pipe("/crawl/c.parquet", table.getvalue())
    try:
        sources, _ = list_sources(["memory://crawl"], "auto", LocalFolder(tmp_path), None)
        shards = make_shards(sources, 2)
        rows = [row for shard in shards for piece in shard.pieces for row in read_piece(piece)]
        assert len(rows) == 3 + 2 + 1 + 5
        assert not any(row.fault for row in rows)
        assert find_files("memory://crawl/*.warc")[0][0].name == "memory:///crawl/b.warc"
    finally:
        system.rm("/crawl", recursive=True)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        *BEGINNINGS,
        *((packer(b'{"text": "x"}\n'), "jsonl") for packer in PACKERS.values()),
        (b'\xef\xbb\xbf"url";"html"\r\na;<p>x</p>\r\n', "csv"),
        (b"noisefilter_verdict\tnoisefilter_text\nkeep\tx\n", "csv"),
        (b"content, text, body\rand the like", "pages"),
        (b"text\nof one column\n", "pages"),
        *((packer(b"<p>x</p>"), "pages") for packer in PACKERS.values()),
        (warc(0, http(b"x")), "warc"),
        *((PACKERS[suffix](warc(0, http(b"x"))), "warc") for suffix in (".gz", ".zst")),
    ],
)
def test_standard_input_is_known_by_how_it_begins(tmp_path, content, form):
    (source,), _ = list_sources(["-"], "auto", LocalFolder(tmp_path), BytesIO(content))
    assert source.format == form
    (shard,) = make_shards([source], 10)
    (row,) = [row for piece in shard.pieces for row in read_piece(piece)]
    assert row.fault is None


@pytest.mark.parametrize("form", ["auto", "jsonl"])
@pytest.mark.parametrize("name", ["part-00000", "pages.json", "pages.jsonl"])
@pytest.mark.parametrize("packer", [*PACKERS.values(), partial(bz2.compress, compresslevel=1)])
@pytest.mark.parametrize("size", [0, 2])
def test_a_compressed_file_is_known_by_how_it_begins(tmp_path, name, form, packer, size):
    (tmp_path / name).write_bytes(packer(b'{"text": "x"}\n' * 20))
    (source,), _ = list_sources([str(tmp_path / name)], form, LocalFolder(tmp_path / "out"), None)
    assert source.format == "jsonl"
    rows = read_rows(tmp_path / name, source.format, size)
    assert [row.fields for row in rows] == [{"text": "x"}] * 20


def test_a_text_that_begins_like_a_name_of_compression_is_a_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"BZh9 is what bzip2 writes first.")
    (source,), _ = list_sources([str(tmp_path / "a.txt")], "auto", LocalFolder(tmp_path / "out"), None)
    assert [page_of(row).content for row in read_piece(source.piece)] == [(tmp_path / "a.txt").read_bytes()]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("size", [0, 2])
def test_a_compressed_warc_without_a_suffix_is_read(tmp_path, pack, size):
    records = [warc(number, http(b"x")) for number in range(5)]
    for members in (records, [b"".join(records)]):
        (tmp_path / "crawl").write_bytes(b"".join(map(pack, members)))
        (source,), _ = list_sources([str(tmp_path / "crawl")], "auto", LocalFolder(tmp_path / "out"), None)
        assert source.format == "warc"
        assert [row.fault for row in read_rows(tmp_path / "crawl", "warc", size)] == [None] * 5


@pytest.mark.parametrize("name", ["noext", "pages.json", "pages.gz"])
@pytest.mark.parametrize(("content", "form"), [*BEGINNINGS, (b"Rain, and wind.\n", "pages")])
def test_a_file_whose_name_tells_nothing_is_known_by_how_it_begins(tmp_path, name, content, form):
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (source,), _ = list_sources([str(tmp_path / name)], "auto", LocalFolder(tmp_path / "out"), None)
    assert source.format == form
    (row,) = read_piece(source.piece)
    assert row.fault is None


def test_columns_of_one_name_in_csv_are_both_kept(tmp_path):
    (tmp_path / "a.csv").write_text("id,text,text\na,first,second\n", encoding="utf8")
    (row,) = read_rows(tmp_path / "a.csv", "csv", 2)
    assert row.fields == {"id": "a", "text": "first", "text#2": "second"}


def test_what_is_not_packed_as_its_name_says_is_said(tmp_path):
    write_jsonl(tmp_path / "a.jsonl.gz", rows_of(2))
    (row,) = read_rows(tmp_path / "a.jsonl.gz", "jsonl", 2)
    assert row.fault
    assert "incorrect header check" in row.fault.detail


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_is_no_page(tmp_path, indent):
    (tmp_path / "pages.json").write_text(json.dumps(rows_of(3), indent=indent), encoding="utf8")
    (source,), _ = list_sources([str(tmp_path / "pages.json")], "auto", LocalFolder(tmp_path / "out"), None)
    for rows in (read_piece(source.piece), read_rows(tmp_path / "pages.json", "jsonl", 2)):
        (row,) = rows  # one fault, however many lines
        assert row.fault == ("not_json", "a JSON array: write JSON lines, one object a line")


def test_standard_input_that_is_closed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(RefusedError, match="standard input is closed"):
        list_sources(["-"], "auto", LocalFolder(tmp_path), None)


def test_compressed_standard_input_that_breaks_off_is_read_as_far_as_it_goes(tmp_path):
    content = zlib.compressobj(0, wbits=31).compress(b'{"text": "x"}\n' * 6000)
    (source,), _ = list_sources(["-"], "auto", LocalFolder(tmp_path), BytesIO(content))
    rows = list(read_piece(source.piece))
    assert source.format == "jsonl"
    assert len(rows) > 2000
    assert [reason_of(row) for row in rows[-2:]] == [None, "broken_file"]


def test_a_page_that_cannot_be_read_is_a_fault_of_its_own(tmp_path):
    (tmp_path / "a.html").write_text("<p>x</p>", encoding="utf8")
    (tmp_path / "b.html.gz").write_bytes(gzip.compress(b"<p>packed</p>")[:-9])
    sources, _ = list_sources([str(tmp_path)], "auto", LocalFolder(tmp_path / "out"), None)
    (tmp_path / "a.html").unlink()
    rows = [row for shard in make_shards(sources, 0) for piece in shard.pieces for row in read_piece(piece)]
    assert [reason_of(row) for row in rows] == ["unreadable", "broken_file"]
    assert [row.id for row in rows] == [str(tmp_path / "a.html"), str(tmp_path / "b.html.gz")]
