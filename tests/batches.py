"""What the tests of the batch share: inputs made by hand, and what stands in an output folder."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
from itertools import chain
from typing import TYPE_CHECKING, Any

from rich.console import Console

from noisefilter.batch import Options
from noisefilter.batch.cutter import plan_columns, sample_kinds
from noisefilter.batch.plan import make_shards
from noisefilter.batch.readers import cut_file, read_piece
from noisefilter.batch.shard import run_shard
from noisefilter.batch.sources import list_sources
from noisefilter.batch.storage import LocalFolder
from noisefilter.batch.tasks import COLUMNS, Piece, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from noisefilter.batch.fields import Entry, Row

QUICK = "tests.poisoned:score_pages"
SLOW = "tests.poisoned:slow_score_pages"
QUIET = Console(quiet=True)


def options(**changes: Any) -> Options:
    """Options of a run that is quick to do: small shards, scores made up."""
    return Options(**{"format": "jsonl", "scorer": QUICK, "shard_pages": 20, **changes})


def rows_of(count: int, **poison: Iterable[int]) -> list[dict[str, Any]]:
    """Pages `p0`, `p1`, …: some noise, some to clean; `hang=(3,)` makes the fourth one hang its worker."""
    words = ("plain news", "some noise", "some news")
    rows = [
        {
            "id": f"p{number}",
            "text": f"Page {number}: {words[number % 3]}",
            "url": f"https://site{number % 4}.example/{number}",
        }
        for number in range(count)
    ]
    for kind, numbers in poison.items():
        for number in numbers:
            rows[number]["text"] += f" poison: {kind}"
    return rows


def write_jsonl(path: Path, rows: Iterable[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def run_here(inputs: Sequence[str], output: Path, options: Options) -> None:
    """Plan and do all shards in this process, without workers, manifest and summary."""
    output.mkdir(exist_ok=True)
    sources, _ = list_sources(inputs, options.input_format, LocalFolder(output), None)
    columns = plan_columns(sources, lambda source: sample_kinds(source.piece, options))
    (output / COLUMNS).write_bytes(columns)
    for shard in make_shards(sources, options.shard_pages):
        run_shard(Task(shard), options, LocalFolder(output))


def http(body: bytes, *headers: str, kind: str = "text/html; charset=utf-8", status: str = "200 OK") -> bytes:
    """A server's response."""
    return "\r\n".join((f"HTTP/1.1 {status}", f"Content-Type: {kind}", *headers, "\r\n")).encode() + body


def warc(number: int, response: bytes, kind: str = "response", length: int | None = None) -> bytes:
    """A record as Common Crawl has it."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Date: 2025-01-01T00:00:00Z\r\n"
        f"WARC-Target-URI: https://site.example/{number}\r\nContent-Type: application/http; msgtype={kind}\r\n"
        f"Content-Length: {len(response) if length is None else length}\r\n\r\n"
    )
    return head.encode() + response + b"\r\n\r\n"


def read_rows(path: Path, form: str, size: int = 0) -> list[Row]:
    """Rows of a file, read in pieces of so many rows."""
    return [row for piece in cut_file(Piece(str(path), str(path), form), size) for row in read_piece(piece)]


def reason_of(holder: Row | Entry) -> str | None:
    return holder.fault.reason if holder.fault else None


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Records of a file of JSON lines, however packed."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        import zstandard  # noqa: PLC0415 - an extra

        content = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)).read()
    return [json.loads(line) for line in content.splitlines()]


def read_cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf8", newline="") as file:
        return list(csv.DictReader(file))


def records(output: Path, name: str) -> list[dict[str, Any]]:
    """Records of all shards, in order: `kept`, `dropped` or `rejects`."""
    paths = sorted(output.glob(f"{name}/part-*.jsonl*"))
    return list(chain.from_iterable(map(read_lines, paths)))


def ids(output: Path, name: str) -> list[str]:
    return [record["id"] if name == "rejects" else record["noisefilter"]["id"] for record in records(output, name)]


def all_ids(output: Path) -> list[str]:
    return [key for name in ("kept", "dropped", "rejects") for key in ids(output, name)]


def parts(output: Path) -> int:
    return len(list(output.glob("counts/part-*")))


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Return as soon as something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
