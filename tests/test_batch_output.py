"""What the batch writes: every format, what is kept, and that nothing is missing."""

from __future__ import annotations

import base64
import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from noisefilter import Page, batches, score
from noisefilter.batch import Fields, Options
from noisefilter.batch.counts import Counts, name_site
from noisefilter.batch.plan import make_shards
from noisefilter.batch.shard import run_shard
from noisefilter.batch.sources import list_sources
from noisefilter.batch.storage import LocalFolder
from noisefilter.batch.tasks import OWN, Range, Task
from noisefilter.batch.writers import to_json
from noisefilter.batch.writers.cells import defuse
from noisefilter.batch.writers.parquet import GROUP, ParquetWriter
from noisefilter.policy import Policy
from tests.batches import (
    all_ids,
    http,
    ids,
    options,
    read_cells,
    read_lines,
    records,
    rows_of,
    run_here,
    warc,
    write_jsonl,
)
from tests.making import ARTICLE, HTML_ARTICLE

pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
pytest.importorskip("fastwarc")
pytest.importorskip("zstandard")


@pytest.fixture
def pages(tmp_path):
    return write_jsonl(tmp_path / "pages.jsonl", rows_of(30))


@pytest.mark.parametrize(
    ("most", "content", "wanted"), [(12, 10**6, [12, 12, 6]), (64, 1, [1] * 30), (64, 10**6, [30])]
)
def test_a_batch_of_a_shard_is_full_by_its_pages_or_by_what_they_hold(
    tmp_path, pages, monkeypatch, most, content, wanted
):
    monkeypatch.setattr(batches, "BATCH", most)
    monkeypatch.setattr(batches, "BATCH_CONTENT", content)
    begun: list[Range] = []
    sources, _ = list_sources([str(pages)], "auto", LocalFolder(tmp_path / "out"), None)
    (tmp_path / "out").mkdir()
    (whole,) = make_shards(sources, 100)
    run_shard(Task(whole), options(), LocalFolder(tmp_path / "out"), begins=begun.append)
    assert [last - first for first, last in begun] == wanted


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "jsonl.zst"])
def test_fields_stay_and_the_record_says_what_score_says(tmp_path, form):
    rows = [{"id": 7, "html": HTML_ARTICLE, "url": "https://quay.example/a", "lang": ["en"]}, {"id": "b", "html": ""}]
    write_jsonl(tmp_path / "a.jsonl", rows)
    run_here([str(tmp_path / "a.jsonl")], tmp_path / "out", Options(format=form))
    first, second = records(tmp_path / "out", "kept")
    own = first.pop(OWN)
    assert first == rows[0]
    expected = score(Page(HTML_ARTICLE, "https://quay.example/a", None, "html")).to_dict()
    quotes = [span.pop("quote") for span in own["spans"]]
    assert own == {"id": "7", **{name: expected[name] for name in own if name != "id"}}
    assert {
        "language",
        "verdict",
        "status",
        "noise",
        "filler",
        "off_topic",
        "boilerplate",
        "text",
        "spans",
        "model",
    } < set(own)
    assert own["title"]
    assert {"text", "share"} == set(own["reasons"][0])
    text = expected["visible_text"]
    assert quotes == [text[span["start"] : span["end"]][:500] for span in own["spans"]]
    assert (second[OWN]["status"], second[OWN]["noise"]) == ("empty", None)


def test_warc_parquet_and_json_lines_of_the_same_pages_give_the_same_records(tmp_path):
    bodies = [HTML_ARTICLE, f"<html><body><p>{ARTICLE}</p></body></html>", "<p>Too short.</p>"]
    rows = [
        {"id": f"<urn:uuid:{number}>", "url": f"https://site.example/{number}", "html": body}
        for number, body in enumerate(bodies)
    ]
    write_jsonl(tmp_path / "a.jsonl", rows)
    pq.write_table(
        pa.Table.from_pylist([{**row, "html": row["html"].encode()} for row in rows]), tmp_path / "a.parquet"
    )
    (tmp_path / "a.warc.gz").write_bytes(
        b"".join(gzip.compress(warc(number, http(body.encode()))) for number, body in enumerate(bodies))
    )
    found = []
    for name in ("a.jsonl", "a.parquet", "a.warc.gz"):
        run_here([str(tmp_path / name)], tmp_path / f"out-{name}", Options(format="jsonl", shard_pages=2))
        found.append([record[OWN] for record in records(tmp_path / f"out-{name}", "kept")])
    assert len(found[0]) == 3
    assert found[0] == found[1] == found[2]


def test_pages_without_an_id_get_their_file_and_place_and_double_ids_stay_double(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [{"text": "x"}, {"id": "a", "text": "y"}, {"id": "a", "text": "z"}])
    (tmp_path / "b.html").write_text("<p>x</p>", encoding="utf8")
    inputs = [str(tmp_path / "a.jsonl"), str(tmp_path / "b.html")]
    run_here(inputs, tmp_path / "out", options())
    assert ids(tmp_path / "out", "kept") == [f"{inputs[0]}#1", "a", "a", inputs[1]]


def test_ids_never_become_file_names(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [{"id": "../../evil", "text": "x"}, {"id": "/etc/evil", "text": "poison: error"}])
    run_here([str(tmp_path / "a.jsonl")], tmp_path / "out", options())
    assert sorted(all_ids(tmp_path / "out")) == ["../../evil", "/etc/evil"]
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


@pytest.mark.parametrize(
    ("changes", "kept", "reasons"),
    [
        ({}, 30, set()),
        ({"only": ("keep", "trim", "unscored")}, 20, {"verdict_drop"}),
        ({"only": ("trim",)}, 10, {"verdict_drop", "verdict_keep"}),
        ({"only": ("keep", "trim"), "policy": Policy(0.5, 1)}, 20, {"verdict_review"}),
    ],
)
def test_what_is_not_kept_stands_beside_it_with_the_reason(tmp_path, pages, changes, kept, reasons):
    run_here([str(pages)], tmp_path / "out", options(**changes))
    assert len(ids(tmp_path / "out", "kept")) == kept
    assert {record[OWN]["reason"] for record in records(tmp_path / "out", "dropped")} == reasons
    assert sorted(all_ids(tmp_path / "out")) == sorted(row["id"] for row in rows_of(30))


def test_a_page_that_brings_out_a_bug_is_rejected_alone(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", rows_of(10, error=(4,)))
    run_here([str(tmp_path / "a.jsonl")], tmp_path / "out", options())
    (reject,) = records(tmp_path / "out", "rejects")
    assert (reject["id"], reject["reason"], reject["detail"]) == ("p4", "error", "ValueError: a bug")
    assert len(ids(tmp_path / "out", "kept")) == 9


def test_what_is_set_aside_is_not_scored_and_what_is_suspected_is_scored_alone(tmp_path, pages):
    begun: list[Range] = []
    run_here([str(pages)], tmp_path / "other", options())
    sources, _ = list_sources([str(pages)], "auto", LocalFolder(tmp_path / "out"), None)
    (whole,) = make_shards(sources, 100)
    (tmp_path / "out").mkdir()
    task = Task(whole, {11: "timeout"}, (Range(10, 13),))
    run_shard(task, options(), LocalFolder(tmp_path / "out"), begins=begun.append)
    assert begun == [Range(0, 10), Range(10, 11), Range(12, 13), Range(13, 30)]
    assert [(record["id"], record["reason"]) for record in records(tmp_path / "out", "rejects")] == [("p11", "timeout")]
    assert records(tmp_path / "out", "kept") == [
        row for row in records(tmp_path / "other", "kept") if row["id"] != "p11"
    ]


def test_the_second_to_finish_a_shard_changes_nothing(tmp_path, pages):
    run_here([str(pages)], tmp_path / "out", options())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.jsonl")}
    run_here([str(pages)], tmp_path / "out", options(only=("keep",)))
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.jsonl")} == before
    assert not list((tmp_path / "out").glob(".part-*"))


def test_without_content_the_page_is_left_out_and_with_visible_text_it_is_added(tmp_path, pages):
    run_here([str(pages)], tmp_path / "out", options(content=False, visible_text=True))
    for record, row in zip(records(tmp_path / "out", "kept"), rows_of(30), strict=True):
        assert "text" not in record
        assert record["url"] == row["url"]
        assert record[OWN]["visible_text"] == row["text"]


@pytest.mark.parametrize("given", ["jsonl", "parquet"])
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_without_content_a_page_inside_of_an_object_is_left_out(tmp_path, given, form):
    rows = [{"uid": number, "meta": {"url": "u", "d": {"page": "some secret", "n": 1}}} for number in range(3)]
    path = tmp_path / f"a.{given}"
    if given == "jsonl":
        write_jsonl(path, rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    chosen = options(content=False, format=form, fields=Fields(html="meta.d.page", id="uid"))
    run_here([str(path)], tmp_path / "out", chosen)
    (part,) = (tmp_path / "out" / "kept").iterdir()
    if form == "jsonl":
        metas = [record["meta"] for record in read_lines(part)]
    elif form == "csv":
        metas = [json.loads(row["meta"]) for row in read_cells(part)]
    else:
        metas = pq.read_table(part)["meta"].to_pylist()
        metas = [json.loads(meta) if given == "jsonl" else meta for meta in metas]
        assert {meta["d"].pop("page", None) for meta in metas} == {None}
    assert metas == [{"url": "u", "d": {"n": 1}}] * 3


def test_parquet_keeps_types_and_says_what_does_not_fit(tmp_path):
    rows = [{"id": number, "text": "some news", "rank": number / 2, "tags": ["a", number]} for number in range(GROUP)]
    rows += [{"id": "x", "text": "y\ud800", "rank": 1, "late": {"a": None}}]
    write_jsonl(tmp_path / "a.jsonl", rows)
    run_here([str(tmp_path / "a.jsonl")], tmp_path / "out", options(format="parquet", shard_pages=1000))
    table = pq.read_table(tmp_path / "out" / "kept" / "part-00000.parquet")
    assert [str(table.schema.field(name).type) for name in ("id", "rank", "tags")] == ["int64", "double", "string"]
    found = table.to_pylist()
    assert (found[3]["id"], found[3]["rank"], json.loads(found[3]["tags"])) == (3, 1.5, ["a", 3])
    assert found[3][OWN]["spans"] == [
        {"start": 0, "end": 4, "kind": "promotion", "score": 0.9, "reason": "an offer", "quote": "some"}
    ]
    assert (found[-1]["id"], found[-1]["text"], found[-1]["rank"]) == (None, "y\ufffd", 1.0)
    assert json.loads(found[-1][OWN]["more"]) == {"id": "x", "late": {"a": None}}
    assert found[-1][OWN]["id"] == "x"


def test_the_columns_of_a_parquet_input_keep_their_types(tmp_path):
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int8()),
            "text": ["a", "b"],
            "when": pa.array([None, None], pa.timestamp("us")),
            OWN: ["old", "old"],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    run_here([str(tmp_path / "a.parquet")], tmp_path / "out", options(format="parquet"))
    found = pq.read_table(tmp_path / "out" / "kept" / "part-00000.parquet")
    assert found.select(["id", "text", "when"]).equals(table.select(["id", "text", "when"]))
    assert found[OWN].to_pylist()[0]["verdict"] == "keep"


def test_an_empty_parquet_can_be_read(tmp_path):
    ParquetWriter(tmp_path / "a.parquet", {}).close()
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 0


def test_no_cell_of_a_csv_is_run_by_a_spreadsheet(tmp_path):
    evil = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\n=1", " =1", "\u00a0\u200b\ufeff=1", "\x01=1", *"＝＋－＠﹦"]
    write_jsonl(
        tmp_path / "a.jsonl",
        [{"id": cell, "text": cell, "=name": cell} for cell in evil] + [{"id": "n", "text": "t", "new": 1}],
    )
    run_here([str(tmp_path / "a.jsonl")], tmp_path / "out", options(format="csv"))
    found = read_cells(tmp_path / "out" / "kept" / "part-00000.csv")
    assert [row["id"] for row in found] == [f"'{cell}" for cell in evil] + ["n"]
    with (tmp_path / "out" / "kept" / "part-00000.csv").open(encoding="utf8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert (found[0]["new"], found[-1]["new"]) == ("", "1")
    assert {row["noisefilter_verdict"] for row in found} == {"keep"}
    assert defuse("1+1") == "1+1"


def test_a_cell_of_csv_holds_no_quotation_marks_that_its_value_has_not(tmp_path):
    moment = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC).replace(tzinfo=None)
    row = {
        "text": "some news", "at": moment, "day": moment.date(), "hour": moment.time(), "took": timedelta(seconds=3),
        "price": Decimal("1.50"), "n": 2, "x": 0.5, "yes": True, "none": None, "quoted": '"a"', "many": [moment],
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    run_here([str(tmp_path / "a.parquet")], tmp_path / "out", options(format="csv"))
    (found,) = read_cells(tmp_path / "out" / "kept" / "part-00000.csv")
    assert {name: found[name] for name in row} == {
        "text": "some news", "at": "2023-11-14 22:13:20", "day": "2023-11-14", "hour": "22:13:20", "took": "0:00:03",
        "price": "1.50", "n": "2", "x": "0.5", "yes": "true", "none": "", "quoted": '"a"', "many": '["2023-11-14 22:13:20"]',
    }  # fmt: skip


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_bytes_beside_the_page_are_base64_even_if_they_are_a_text(tmp_path, form):
    keys = [b"YWJj", b"abc", b"\xff\x00", b""]
    rows = [{"page": {"html": b"<p>some caf\xc3\xa9"}, "key": key, "in": {"keys": [key]}} for key in keys]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "a.parquet")
    run_here([str(tmp_path / "a.parquet")], tmp_path / "out", options(format=form, fields=Fields(html="page.html")))
    (part,) = (tmp_path / "out" / "kept").iterdir()
    if form == "parquet":
        assert pq.read_table(part).select(table.column_names).equals(table)
        return
    found = read_lines(part) if form == "jsonl" else read_cells(part)
    assert [row["key"] for row in found] == [base64.b64encode(key).decode() for key in keys]
    inside = [
        (row["page"], row["in"]) if form == "jsonl" else map(json.loads, (row["page"], row["in"])) for row in found
    ]
    assert [list(pair) for pair in inside] == [
        [{"html": "<p>some café"}, {"keys": [base64.b64encode(key).decode()]}] for key in keys
    ]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_no_output_holds_a_number_that_json_has_no_word_for(tmp_path, form):
    lines = ['{"id": "a", "text": "news", "a": NaN, "b": [1, {"c": -Infinity}], "d": 1e999}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf8")
    run_here([str(tmp_path / "a.jsonl")], tmp_path / "out", options(format=form))
    (path,) = (tmp_path / "out" / "kept").glob("part-*")
    if form == "jsonl":
        record = json.loads(path.read_text(encoding="ascii"), parse_constant=pytest.fail)
        assert (record["a"], record["b"], record["d"]) == (None, [1, {"c": None}], None)
    elif form == "csv":
        (row,) = read_cells(path)
        assert (row["a"], row["b"], row["d"]) == ("", '[1, {"c": null}]', "")
    else:
        assert pq.read_table(path).column("b").to_pylist() == ['[1, {"c": null}]']


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "dolma"])
def test_no_output_holds_half_of_a_character(tmp_path, form):
    half = "a\ud83d b \\ud83d \U0001f600 \ude00"
    whole = "a\ufffd b \\ud83d \U0001f600 \ufffd"
    rows = [{"id": half, "text": half, "url": half, "by": half, half: {half: [half]}}]
    write_jsonl(tmp_path / "a.jsonl", [*rows, {"id": half}])
    run_here([str(tmp_path / "a.jsonl")], tmp_path / "out", options(format=form))
    assert [record["id"] for record in records(tmp_path / "out", "rejects")] == [whole]
    (part,) = (tmp_path / "out" / "kept").iterdir()
    if form == "dolma":
        assert read_lines(part)[0]["id"] == whole
        return
    if form == "parquet":
        (row,) = pq.read_table(part).to_pylist()
        assert (row[OWN]["id"], row[OWN]["text"]) == (whole, whole)
    elif form == "csv":
        (row,) = read_cells(part)
        assert (row["noisefilter_id"], row["noisefilter_text"]) == (whole, whole)
    else:
        (row,) = read_lines(part)
        assert (row[OWN]["id"], row[OWN]["text"]) == (whole, whole)
    inside = row[whole] if form == "jsonl" else json.loads(row[whole])
    assert ([row[name] for name in ("id", "text", "url", "by")], inside) == ([whole] * 4, {whole: [whole]})


def test_dolma_gets_attributes_over_ranges_of_the_text(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [{"id": "a", "text": "some news"}])
    run_here([str(tmp_path / "a.jsonl")], tmp_path / "out", options(format="dolma"))
    (line,) = read_lines(tmp_path / "out" / "kept" / "part-00000.jsonl.gz")
    assert line["id"] == "a"
    assert line["attributes"]["noisefilter__noise"] == [[0, 9, 0.01]]
    assert line["attributes"]["noisefilter__trim"] == [[0, 9, 1.0]]
    assert line["attributes"]["noisefilter__span_promotion"] == [[0, 4, 0.9]]


def test_counts_add_up_and_name_the_sites():
    counts = Counts()
    counts.read = 3
    page = score("x", url="https://www.a.example/1")
    counts.add(page, None)
    counts.add(page, "unscored_too_short")
    assert not counts.balance()
    counts.reject("timeout")
    assert counts.balance()
    again = Counts()
    again.merge(json.loads(json.dumps(counts.to_dict())))
    assert again == counts
    summary = again.summary()
    assert summary["sites"] == [{"site": "a.example", "pages": 2, "dropped": 0.0}]
    assert summary["reject_reasons"] == {"timeout": 1}


@pytest.mark.parametrize("url", [None, "", "nonsense", "http://[broken", "http://a\x1b[31m.example/"])
def test_a_page_without_a_host_is_of_no_site(url):
    assert name_site(url) == ""


def test_explicit_fields_decide(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [{"key": "k", "body": "some news", "text": "noise"}])
    run_here([str(tmp_path / "a.jsonl")], tmp_path / "out", options(fields=Fields(text="body", id="key")))
    (record,) = records(tmp_path / "out", "kept")
    assert (record[OWN]["id"], record[OWN]["verdict"]) == ("k", "trim")


def test_what_is_not_finite_is_null_however_deep_it_stands():
    value: object = float("nan")
    for _ in range(300):
        value = {"x": [value, float("inf"), b"a"]}
    assert to_json(value) == '{"x": [' * 300 + "null" + ', null, "YQ=="]}' * 300
