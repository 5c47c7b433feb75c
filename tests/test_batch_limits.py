"""What must not take a run down: bombs, rows that kill whoever reads them, cells that their column's type does not allow."""

from __future__ import annotations

import gzip
import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from noisefilter.batch import BatchError, Fields, Limits, run
from noisefilter.batch.cutter import Cutter
from noisefilter.batch.engine import DEATHS_OUTSIDE, Waiting
from noisefilter.batch.fields import Fault, to_entry
from noisefilter.batch.files import MAX_PAGE, Source, open_plain
from noisefilter.batch.plan import make_shards
from noisefilter.batch.readers import cut_file, read_piece
from noisefilter.batch.sources import list_sources
from noisefilter.batch.storage import LocalFolder
from noisefilter.batch.tasks import Died, Piece, Range, Shard, Task
from noisefilter.batch.worker import Setting, Worker, read_files
from tests.batches import QUIET, all_ids, options, read_rows, reason_of, records, rows_of, write_jsonl

if TYPE_CHECKING:
    from collections.abc import Sequence


zstandard = pytest.importorskip("zstandard")
pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")


def zst_bomb(megabytes: int) -> bytes:
    """Kilobytes that unpack to megabytes."""
    packer = zstandard.ZstdCompressor(level=19, write_content_size=False).compressobj()
    return b"".join(packer.compress(b"a" * (1 << 20)) for _ in range(megabytes)) + packer.flush()


def rejected(output: Path) -> dict[str, str]:
    return {record["id"]: record["reason"] for record in records(output, "rejects")}


def test_reading_zst_takes_time_by_its_unpacked_size(tmp_path):
    seconds = []
    for megabytes in (8, 64):
        (tmp_path / "a.zst").write_bytes(zst_bomb(megabytes))
        begun = time.process_time()
        with open_plain(str(tmp_path / "a.zst")) as file:
            assert len(file.read()) == megabytes << 20
        seconds.append(time.process_time() - begun)
    assert seconds[1] < 24 * seconds[0] + 0.5  # eight times as much; quadratic would be 64 times


@pytest.mark.parametrize("shard_pages", [None, 0])
def test_a_page_that_is_a_bomb_is_rejected_by_its_id_and_the_run_goes_on(tmp_path, shard_pages):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.html.zst").write_bytes(zst_bomb(512))
    (folder / "b.html.gz").write_bytes(gzip.compress(bytes(MAX_PAGE + 1), 9))
    (folder / "c.html").write_bytes(b"x" * (MAX_PAGE + 1))
    (folder / "d.html").write_text("<p>plain news</p>", encoding="utf8")
    summary = run(
        [str(folder)], tmp_path / "out", options(shard_pages=shard_pages), Limits(jobs=1, memory_mb=400), console=QUIET
    )
    assert (summary["read"], summary["kept"], summary["rejected"]) == (4, 1, 3)
    assert rejected(tmp_path / "out") == {
        str(folder / name): "too_large" for name in ("a.html.zst", "b.html.gz", "c.html")
    }
    assert not (tmp_path / "out" / "deaths.jsonl").exists()


@pytest.fixture
def endless(tmp_path) -> Path:
    """Ten rows, and a line of 30 GB in a megabyte, which takes longer than a row may."""
    rows, line = ("".join(json.dumps(row) + "\n" for row in rows_of(10)).encode(), zst_bomb(1024))
    (tmp_path / "a.jsonl.zst").write_bytes(zstandard.compress(rows) + line * 30)
    return tmp_path / "a.jsonl.zst"


@pytest.mark.slow
@pytest.mark.parametrize("shard_pages", [4, 0])
def test_a_row_that_cannot_be_read_in_time_is_rejected_whether_rows_are_counted_or_not(tmp_path, endless, shard_pages):
    limits = Limits(jobs=1, timeout_s=2)
    summary = run([str(endless)], tmp_path / "out", options(shard_pages=shard_pages), limits, console=QUIET)
    assert (summary["read"], summary["kept"], summary["rejected"]) == (11, 10, 1)
    assert summary["reject_reasons"] == {"timeout": 1}
    assert sorted(all_ids(tmp_path / "out")) == sorted([f"{endless}#11", *(f"p{number}" for number in range(10))])


@pytest.mark.slow
def test_the_memory_limit_holds_while_rows_are_read(tmp_path):
    rows = [*rows_of(5), {"id": "big", "text": "x" * 230_000_000}, *rows_of(7)[5:]]
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), 1))
    limits = Limits(jobs=1, memory_mb=300)
    summary = run([str(path)], tmp_path / "out", options(shard_pages=0), limits, console=QUIET)
    assert summary["kept"] == 5
    assert summary["reject_reasons"] == {"memory": 1}


def test_pages_behind_one_that_cannot_be_read_are_read(tmp_path):
    (tmp_path / "b.html").write_text("<p>x</p>", encoding="utf8")
    files = tuple((str(tmp_path / "b.html"), f"b{number}") for number in range(3))
    rows = list(read_piece(pages_piece(files), unread={1: Fault("timeout", "")}))
    assert [(row.number, row.id, row.fault is None) for row in rows] == [
        (1, "b0", True),
        (2, "b1", False),
        (3, "b2", True),
    ]


def test_rows_behind_one_that_cannot_be_read_are_told_of(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(5))
    (piece,) = cut_file(Piece(str(path), "a", "jsonl"), 10)
    rows = list(read_piece(piece, unread={2: Fault("memory", "")}))
    assert [reason_of(row) for row in rows] == [None, None, "memory", "broken_file", "broken_file"]
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]


def test_a_row_is_set_aside_after_two_deaths_and_what_kills_then_ends_the_run(tmp_path):
    shard = Shard(3, (pages_piece((("a", "a"),)),))
    waiting, died = Waiting([shard], LocalFolder(tmp_path)), Died("timeout", "", Range(7, 8), reading=True)
    for _ in range(2):
        waiting.settle(waiting.take().shard, died)
    resumed = Waiting([shard], LocalFolder(tmp_path))
    assert resumed.take() == Task(shard, {7: "timeout"}, unread=frozenset({7}))
    for _ in range(DEATHS_OUTSIDE - 1):
        waiting.settle(waiting.take().shard, died)
    with pytest.raises(BatchError, match="cannot be read on this machine"):
        waiting.settle(waiting.take().shard, died)


def test_a_worker_that_something_else_killed_blames_no_row(tmp_path):
    worker = Worker(Setting(options(), Limits(), LocalFolder(tmp_path)), read_files)
    try:
        worker.numbers[1] = 4
        os.kill(worker.pid or 0, signal.SIGKILL)
    finally:
        worker.kill()
    assert worker.reading is None
    worker.doomed = "timeout"
    assert worker.reading == Range(4, 5)


def test_a_file_whose_reader_keeps_dying_is_not_counted(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "x"}\n'))
    monkeypatch.setattr("noisefilter.batch.cutter.read_files", nothing)
    first, last = (str(write_jsonl(tmp_path / f"{name}.jsonl", rows_of(8))) for name in "bc")
    sources, _ = list_sources([first, str(path), last], "auto", LocalFolder(tmp_path / "out"), None)
    with Cutter(Setting(options(), Limits(), LocalFolder(tmp_path))) as cutter:
        shards = make_shards(sources, 5, cutter.cut)
    assert [shard.count for shard in shards] == [5, 3, None, 5, 3]


def nothing(*_: object) -> None:
    """Dies before it does anything."""


def test_a_reader_that_something_else_killed_once_counts_the_file_again(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "x"}\n'))
    monkeypatch.setenv("DIED", str(tmp_path / "died"))
    monkeypatch.setattr("noisefilter.batch.cutter.read_files", dies_once)
    with Cutter(Setting(options(), Limits(), LocalFolder(tmp_path))) as cutter:
        pieces = cutter.cut(Source(str(path), "a", 10, "", "jsonl", "a"), 5, 0)
    assert [piece.count for piece in pieces] == [1]
    assert (tmp_path / "died").exists()


def dies_once(*arguments: Any) -> None:
    """Is killed before it reads anything, the first time."""
    died = Path(os.environ["DIED"])
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    read_files(*arguments)


def pages_piece(files: tuple[tuple[str, str], ...]) -> Piece:
    return Piece("in", "in", "pages", count=len(files), files=files)


PAGE = b"<p>Pier 4 was measured in May: plain news.</p>"
BAD = PAGE.replace(b"May", b"M\xe4rz")


def strings(values: Sequence[bytes], kind: Any = None) -> Any:
    """A string column that is not checked, as writers in other languages leave it."""
    return pa.array(values, pa.binary()).view(kind or pa.string())


def parquet(path: Path, columns: dict[str, Any], **changes: Any) -> Path:
    pq.write_table(pa.table(columns), path, **{"row_group_size": 2, **changes})
    return path


@pytest.mark.parametrize("form", ["jsonl", "parquet", "csv"])
def test_a_page_in_parquet_that_is_no_utf8_is_decoded_as_bytes_are(tmp_path, form):
    path = parquet(tmp_path / "a.parquet", {"id": [0, 1, 2], "html": strings([PAGE, BAD, PAGE])})
    summary = run([str(path)], tmp_path / "out", options(format=form), Limits(jobs=1), console=QUIET)
    assert (summary["read"], summary["kept"]) == (3, 3)


def test_a_cell_beside_the_page_that_is_no_utf8_costs_its_row_and_is_named(tmp_path):
    columns = {"id": [0, 1, 2], "html": [PAGE.decode()] * 3, "agent": strings([b"a", b"caf\xe9", b"c"])}
    rows = read_rows(parquet(tmp_path / "a.parquet", columns), "parquet", 2)
    entries = [to_entry(row, 0, "a", Fields()) for row in rows]
    assert [reason_of(entry) for entry in entries] == [None, "not_utf8", None]
    assert "row 1, column 'agent'" in str(entries[1].fault)
    assert entries[1].id == "1"


def test_a_cell_that_cannot_be_read_costs_its_row_and_is_named(tmp_path):
    tags = pa.ListArray.from_arrays([0, 1, 2, 3], strings([b"a", b"caf\xe9", b"c"]))
    rows = read_rows(parquet(tmp_path / "a.parquet", {"id": [0, 1, 2], "tags": tags}), "parquet", 2)
    assert [reason_of(row) for row in rows] == [None, "not_read", None]
    assert "row 1, column 'tags'" in str(rows[1].fault)
    assert to_entry(rows[1], 0, "a", Fields()).id == "1"


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_time_zone_that_no_one_knows_and_a_date_too_far_away_cost_no_row(tmp_path, form):
    zone = pa.timestamp("us", "Mars/Olympus")
    columns = {
        "html": [PAGE.decode()] * 2,
        "read": pa.array([0, 1]).view(zone),
        "parts": pa.array([[0], [1]], pa.list_(pa.int64())).cast(pa.list_(pa.timestamp("us"))).cast(pa.list_(zone)),
        "far": pa.array([0, 2**61], pa.int64()).view(pa.timestamp("ms")),
    }
    path = parquet(tmp_path / "a.parquet", columns)
    summary = run([str(path)], tmp_path / "out", options(format=form), Limits(jobs=1), console=QUIET)
    assert (summary["read"], summary["kept"]) == (2, 2)


def test_columns_of_the_same_name_are_both_kept(tmp_path):
    table = pa.Table.from_arrays(
        [pa.array(["a"]), pa.array(["plain news"]), pa.array(["more"])], ["id", "text", "text"]
    )
    pq.write_table(table, tmp_path / "a.parquet")
    for form in ("jsonl", "parquet"):
        run([str(tmp_path / "a.parquet")], tmp_path / form, options(format=form), Limits(jobs=1), console=QUIET)
    (record,) = records(tmp_path / "jsonl", "kept")
    assert (record["text"], record["text#2"]) == ("plain news", "more")
    (path,) = (tmp_path / "parquet").glob("kept/part-*.parquet")
    assert pq.read_table(path).column_names == ["id", "text", "text#2", "noisefilter"]
