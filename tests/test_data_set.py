"""What `clean` writes is one data set: other tools read the folder as it is."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from noisefilter.batch import Limits, Options, run
from noisefilter.batch.command import print_summary
from noisefilter.batch.cutter import Cutter
from noisefilter.batch.files import Source
from noisefilter.batch.storage import LocalFolder
from noisefilter.batch.tasks import Died, Range
from noisefilter.batch.worker import Setting
from tests.batches import QUICK, QUIET, rows_of, write_jsonl

if TYPE_CHECKING:
    from functools import partial
    from pathlib import Path


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
    planned = {"columns.json"} if form == "csv" else set()
    assert others == {"_SUCCESS", "manifest.json", "plan.json", "summary.json"} | planned


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


def test_every_part_of_csv_has_the_same_columns(tmp_path, rows):
    cleaned = clean(tmp_path, rows, "csv")
    heads = {path.read_text(encoding="utf8").splitlines()[0] for path in cleaned.glob("kept/*")}
    assert len(heads) == 1
    assert heads.pop().startswith("id,text,url,rank,author,late,noisefilter_id,")


def test_a_part_of_csv_without_rows_has_its_columns(tmp_path, rows):
    cleaned = clean(tmp_path, rows, "csv", only=("keep", "trim", "review", "drop", "unscored"))
    kept, dropped = (
        {path.read_text(encoding="utf8").splitlines()[0] for path in cleaned.glob(f"{name}/*")}
        for name in ("kept", "dropped")
    )
    assert {path.read_text(encoding="utf8").count("\n") for path in cleaned.glob("dropped/*")} == {1}
    assert dropped == {head.replace("noisefilter_more", "noisefilter_reason,noisefilter_more") for head in kept}


def test_columns_are_those_of_the_first_rows_and_what_comes_later_is_kept_as_json(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    rows = [{"id": f"p{number}", "text": "plain news", "rank": number} for number in range(300)]
    rows[280] |= {"late": {"a": 1}, "rank": 2**70}
    table = pq.read_table(clean(tmp_path, rows, "parquet") / "kept")
    assert table.column_names == ["id", "text", "rank", "noisefilter"]
    (row,) = [row for row in table.to_pylist() if row["id"] == "p280"]
    assert row["rank"] is None
    assert json.loads(row["noisefilter"]["more"]) == {"late": {"a": 1}, "rank": 2**70}


def test_columns_of_several_parquet_files_keep_the_type_that_comes_first(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for name, kind, value in (("a", pa.int8(), 7), ("b", pa.int64(), 2**40), ("c", pa.timestamp("us"), 0)):
        column = pa.array([value], pa.int64()).cast(kind)
        pq.write_table(pa.table({"id": [name], "text": ["plain news"], "rank": column}), tmp_path / f"{name}.parquet")
    run([str(tmp_path)], tmp_path / "out", Options(format="parquet", scorer=QUICK), Limits(jobs=1), console=QUIET)
    table = pq.read_table(tmp_path / "out" / "kept")
    assert table.schema.field("rank").type == pa.int8()
    ranks = {row["id"]: (row["rank"], row["noisefilter"]["more"]) for row in table.to_pylist()}
    assert ranks["a"] == (7, None)
    assert ranks["b"] == (None, json.dumps({"rank": 2**40}))
    assert "1970-01-01" in ranks["c"][1]


def test_a_file_whose_first_rows_kill_their_reader_has_the_columns_of_the_rows_before(tmp_path, monkeypatch):
    zstandard = pytest.importorskip("zstandard")
    lines = b"".join(json.dumps({"id": f"p{number}", "text": "plain news"}).encode() + b"\n" for number in range(3))
    (tmp_path / "a.jsonl.zst").write_bytes(zstandard.compress(lines))
    asked = []

    def call(_: Cutter, sample: partial[Any]) -> Any:
        asked.append(sample.args[-1])
        return sample() if len(asked) > 1 else Died("timeout", "", Range(2, 3), reading=True)

    monkeypatch.setattr(Cutter, "_call", call)
    source = Source(str(tmp_path / "a.jsonl.zst"), "a", 100, "", "jsonl", "a")
    with Cutter(Setting(Options(), Limits(), LocalFolder(tmp_path))) as cutter:
        assert cutter.sample(source) == {"id": ["str"], "text": ["str"]}
    assert asked == [256, 2]


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
