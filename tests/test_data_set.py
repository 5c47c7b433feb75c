"""What `clean` writes is one data set: other tools read the folder as it is."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from noisefilter.batch import Limits, Options, run
from noisefilter.batch.command import print_summary
from tests.batches import QUICK, rows_of, write_jsonl

if TYPE_CHECKING:
    from pathlib import Path

QUIET = Console(quiet=True)


def clean(folder: Path, rows: list[dict[str, Any]], form: str, **changes: Any) -> Path:
    write_jsonl(folder / "a.jsonl", rows)
    options = Options(**{"format": form, "scorer": QUICK, "shard_pages": 20, **changes})
    run([str(folder / "a.jsonl")], folder / "cleaned", options, Limits(jobs=1), console=QUIET)
    return folder / "cleaned"


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """Pages whose fields differ from shard to shard: a late one, one of another type, one that is often empty."""
    rows = rows_of(60)
    for number, row in enumerate(rows):
        row |= {"rank": number} | ({"author": "Ann"} if number % 7 == 3 else {}) | ({"late": 1} if number > 40 else {})
    rows[50]["rank"] = "first"
    return rows


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "csv"])
def test_a_folder_holds_files_of_one_kind_and_nothing_else(tmp_path, rows, form):
    cleaned = clean(tmp_path, rows, form, only=("keep",))
    suffix = form.removeprefix("jsonl.")
    for name, wanted in (("kept", suffix), ("dropped", suffix), ("rejects", "jsonl"), ("counts", "json")):
        files = sorted(path.name for path in (cleaned / name).iterdir())
        assert len(files) == 3
        assert all(file.startswith("part-0000") and file.endswith(f".{wanted}") for file in files)
    others = {path.name for path in cleaned.iterdir() if path.is_file() and not path.name.startswith(".")}
    assert others == {"_SUCCESS", "manifest.json", "plan.json", "summary.json"}


def test_pandas_reads_the_folder(tmp_path, rows):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    cleaned = clean(tmp_path, rows, "parquet", only=("keep",))
    kept, dropped = pandas.read_parquet(cleaned / "kept"), pandas.read_parquet(cleaned / "dropped")
    assert sorted([*kept["id"], *dropped["id"]]) == sorted(row["id"] for row in rows)
    assert {own["verdict"] for own in kept["noisefilter"]} == {"keep"}
    assert {own["reason"] for own in dropped["noisefilter"]} == {"verdict_drop", "verdict_trim"}
    assert set(kept["author"].dropna()) == {"Ann"}


def test_polars_reads_the_folder(tmp_path, rows):
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    cleaned = clean(tmp_path, rows, "parquet", only=("keep",))
    frame = polars.read_parquet(cleaned / "kept")
    assert frame["noisefilter"].struct.field("verdict").unique().to_list() == ["keep"]
    both = polars.read_parquet([cleaned / "kept", cleaned / "dropped"])
    assert sorted(both["id"]) == sorted(row["id"] for row in rows)


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "jsonl.zst"])
def test_polars_scans_json_lines(tmp_path, form):
    polars = pytest.importorskip("polars")
    if form == "jsonl.zst":
        pytest.importorskip("zstandard")
    cleaned = clean(tmp_path, rows_of(60), form, only=("keep",))
    frame = polars.scan_ndjson(cleaned / "kept" / f"*.{form}").collect()
    assert frame["noisefilter"].struct.field("verdict").unique().to_list() == ["keep"]
    assert len(frame) == 20


def test_every_part_of_parquet_has_the_same_columns(tmp_path, rows):
    pq = pytest.importorskip("pyarrow.parquet")
    cleaned = clean(tmp_path, rows, "parquet")
    schemas = [pq.read_schema(path) for path in sorted(cleaned.glob("kept/*")) + sorted(cleaned.glob("dropped/*"))]
    assert len(schemas) == 6
    assert all(schema == schemas[0] for schema in schemas)
    table = pq.read_table(cleaned / "kept").to_pylist()
    (row,) = [row for row in table if row["id"] == "p50"]
    more = json.loads(row["noisefilter"]["more"]) if row["noisefilter"]["more"] else {}
    assert {**more, **{name: row[name] for name in row if row[name] is not None}}["rank"] == "first"


def test_the_summary_has_the_distribution_of_noise(tmp_path):
    cleaned = clean(tmp_path, rows_of(60), "jsonl")
    noise = json.loads((cleaned / "summary.json").read_text(encoding="utf8"))["noise"]
    assert set(noise) == {"all", "keep", "trim", "drop"}
    assert noise["all"]["pages"] == sum(noise["all"]["tenths"]) == 60
    for verdict in ("keep", "trim", "drop"):
        assert noise[verdict]["pages"] == 20
    assert len(noise["all"]["deciles"]) == 9
    assert noise["all"]["deciles"] == sorted(noise["all"]["deciles"])
    assert noise["drop"]["deciles"][0] > noise["keep"]["deciles"][-1]
    assert noise["drop"]["tenths"][-1] == 20


def test_the_printed_summary_names_sites_with_enough_pages_for_a_share(tmp_path):
    rows = rows_of(90)
    for row in rows[20:]:
        row["url"] = f"https://{row['id']}.example/"
    clean(tmp_path, rows, "jsonl")
    summary = json.loads((tmp_path / "cleaned" / "summary.json").read_text(encoding="utf8"))
    console = Console(file=io.StringIO(), width=200)
    print_summary(
        console,
        {**summary, "sites": [*summary["sites"], {"site": "large.example", "pages": 10, "dropped": 0.4}]},
        "cleaned",
    )
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "of 1 pages" not in printed
    assert [line for line in printed.splitlines() if "judged noise" in line] == [
        "  40% of 10 pages judged noise: large.example"
    ]
    assert "noise: half of the pages have at most 0.01, a tenth at most 0.01, a tenth at least 0.99" in printed
