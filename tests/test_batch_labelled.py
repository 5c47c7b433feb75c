"""Labelled pages as users have them: corpora, tables, and what a report downloads, packed or not."""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from noisefilter.batch.labelled import read_labelled
from noisefilter.cli import app
from noisefilter.html.read import read_blocks
from noisefilter.labels import CorpusError
from noisefilter.learn.corpora import read_corpora
from tests.batches import write_jsonl
from tests.making import ARTICLE, CORPUS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

GERMAN = (
    "Der alte Kran am Kai von Brennock wird nach 112 Jahren abgebaut, weil seine Reparatur neun Millionen kosten würde. Die Stadt hat das am "
    "Montag beschlossen. Ein Museum in der Nachbarstadt will das Führerhaus ausstellen, der Rest wird eingeschmolzen."
)
TEXT = "Rain fell on Oberau. Buy boots now. It stopped on Sunday."
SPAN = {"start": 21, "end": 35, "kind": "promotion", "quote": "Buy boots now."}
PAGES = [{"id": "rain", "text": TEXT, "url": "https://rain.example/1"}, {"id": "sun", "text": ARTICLE}]
LABELS = [{"id": "rain", "noise": 3, "spans": [SPAN], "by": "anna"}, {"id": "sun", "noise": 0}]
ROWS = [page | label for page, label in zip(PAGES, LABELS, strict=True)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, rows: list[dict[str, Any]]) -> str:
    """Rows as a file of the form that its name says."""
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    if name.endswith(".parquet"):
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        pq.write_table(pa.Table.from_pylist(rows), name)
    elif name.endswith(".csv"):
        names = list(dict.fromkeys(field for row in rows for field in row))
        with open(name, "w", newline="", encoding="utf8") as file:  # noqa: PTH123 - beside the working folder
            table = csv.DictWriter(file, names)
            table.writeheader()
            table.writerows(
                {field: json.dumps(value) if isinstance(value, list) else value for field, value in row.items()}
                for row in rows
            )
    else:
        pack = PACKED.get(name.rpartition(".")[2], bytes)
        with open(name, "wb") as file:  # noqa: PTH123 - as above
            file.write(pack(content))
    return name


def zstd(content: bytes) -> bytes:
    packed: bytes = pytest.importorskip("zstandard").compress(content)
    return packed


PACKED: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstd}


def labelled(*names: str) -> list[tuple[str, str, float | None, Any, str]]:
    """What is labelled in the inputs, whatever they are called."""
    return [(page.id, page.site, page.noise, page.spans, page.by) for page in read_labelled(names)]


@pytest.fixture
def known(folder) -> list[Any]:
    """The same pages as a corpus."""
    (folder / "corpus").mkdir()
    write_jsonl(folder / "corpus" / "pages.jsonl", PAGES)
    write_jsonl(folder / "corpus" / "labels.jsonl", LABELS)
    return labelled("corpus")


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "jsonl.zst", "parquet", "csv"])
def test_a_table_with_labels_beside_the_pages_is_a_corpus(known, form):
    assert labelled(write(f"mine.{form}", ROWS)) == known


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "jsonl.zst", "parquet"])
def test_labels_find_their_pages_in_other_inputs(known, form):
    names = [write(f"labels (1).{form}", LABELS), write(f"crawl.{form}", [*PAGES, {"id": "moss", "text": ARTICLE}])]
    assert labelled(*names) == labelled(*reversed(names)) == known


@pytest.mark.parametrize("form", ["gz", "zst"])
def test_a_corpus_may_be_packed(known, folder, form):
    for name in ("pages", "labels"):
        plain = folder / "corpus" / f"{name}.jsonl"
        (folder / "corpus" / f"{name}.jsonl.{form}").write_bytes(PACKED[form](plain.read_bytes()))
        plain.unlink()
    assert labelled("corpus") == known
    assert {page.source for page in read_labelled(["corpus"])} == {"corpus"}


def test_a_corpus_and_tables_whose_ids_are_the_same_are_read_together(known):
    write("a.jsonl", ROWS)
    write("b.jsonl", [{"id": "rain", "text": ARTICLE, "noise": 2}])
    found = labelled("corpus", "a.jsonl", "b.jsonl")
    assert found[:4] == [*known, *known]
    assert found[4][:3] == ("rain", "rain", 2)
    assert [page.source for page in read_labelled(["corpus", "b.jsonl"])] == ["corpus", "corpus", "b.jsonl"]


def test_a_run_of_clean_gives_the_pages_of_its_labels(known):
    write("crawl.jsonl", PAGES)
    options = ("--format", "jsonl", "--model", "fast", "--jobs", "1", "--no-content", "--visible-text")
    run("clean", "crawl.jsonl", "-o", "cleaned", *options)
    assert labelled("cleaned", write("labels.jsonl", LABELS)) == known


def test_a_run_that_kept_no_pages_says_so(caplog):
    write("crawl.jsonl", PAGES)
    run("clean", "crawl.jsonl", "-o", "cleaned", "--format", "jsonl", "--model", "fast", "--jobs", "1", "--no-content")
    with pytest.raises(CorpusError, match="no page with the id 'rain'"):
        read_labelled(["cleaned", write("labels.jsonl", LABELS)])
    assert any("run `noisefilter clean` with --visible-text" in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("values", "noise"),
    [
        ([0, 1], [1, 2]),
        ([1, 1], [2, 2]),
        ([True, False], [2, 1]),
        ([1.0, None], [2]),
        (["True", "0"], [2, 1]),
        (["TRUE", "FALSE"], [2, 1]),
        ([0, 3], [0, 3]),
        ([1, 2], [1, 2]),
    ],
)
def test_a_column_label_says_yes_and_no_or_a_grade(values, noise):
    rows = [{"text": ARTICLE, "label": value} for value in values]
    assert [page.noise for page in read_labelled([write("mine.jsonl", rows)])] == noise


@pytest.mark.parametrize(
    ("field", "note"),
    [("noise", "noise is 0 or 1: both are worth it. For yes and no call the field label"), ("label", "label is 0 or 1: read as worth it and noise")],
)  # fmt: skip
def test_how_nought_and_one_are_read_is_printed(field, note, caplog):
    with caplog.at_level("INFO", "noisefilter"):
        read_labelled([write("mine.jsonl", [{"text": ARTICLE, field: value} for value in (0, 1)])])
    assert caplog.messages == [f"mine.jsonl: {note}"]


def test_the_noise_of_a_score_is_no_label_but_a_label_beside_it_is():
    score = {
        "id": "rain",
        "verdict": "keep",
        "status": "ok",
        "spans": [],
        "noise": 1,
        "visible_text": TEXT,
        "url": None,
        "title": None,
    }
    with pytest.raises(CorpusError, match="no labelled page"):
        read_labelled([write("scores.jsonl", [score])])
    (page,) = read_labelled([write("scores.jsonl", [score | {"label": 1}])])
    assert (page.page.content, page.noise, page.spans) == (TEXT, 2, None)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (PAGES, "no labelled page in mine.jsonl: give a corpus, rows that hold html or text beside noise"),
        (LABELS, "mine.jsonl:1: no page with the id 'rain' in the inputs: name its page, too (pages.jsonl of the same download, or the crawl)"),
        ([PAGES[1] | {"label": "sport"}], "mine.jsonl:1: label must be 1 (noise) or 0 (worth it), or a grade from 0 to 3, not 'sport'"),
        ([PAGES[1] | {"noise": 4}], "mine.jsonl:1: noise must be 0 to 3, not 4"),
        ([ROWS[1], ROWS[1]], "mine.jsonl:2: a second label for 'sun'"),
        ([ROWS[0] | {"text": ARTICLE}], "mine.jsonl:1: the text of 'rain' does not hold 'Buy boots now.' (21-35)"),
        ([PAGES[1] | {"noise": 3, "label": 0}], "mine.jsonl:1: label 0 and noise 3 contradict each other"),
    ],
)  # fmt: skip
def test_what_is_no_label_is_named_in_a_line_with_what_is_wanted(rows, expected):
    result = run("policies", "--on", write("mine.jsonl", rows), "--model", "fast", code=2)
    (line,) = [line for line in " ".join(result.stderr.split()).split("noisefilter: ") if line]
    assert expected in line


@pytest.mark.parametrize("command", [("policies", "--on"), ("train", "-o", "model"), ("evaluate", "fast")])
def test_an_input_that_names_nothing_ends_each_command(command):
    assert "nowhere: no such file" in run(*command, "nowhere", code=2).stderr


@pytest.mark.parametrize("field", ["label", "noise"])
def test_the_labels_of_a_corpus_are_read_as_those_of_other_inputs(folder, field):
    write("pages.jsonl", PAGES)
    write("labels.jsonl", [{"id": "rain", field: 2.0}, {"id": "sun", field: 0.0}])
    assert [page.noise for page in read_labelled([str(folder)])] == [2, 0]


def test_labels_whose_field_has_another_name_are_no_labels(folder):
    write("pages.jsonl", PAGES)
    write("labels.jsonl", [{"id": "rain", "nois": 2}])
    with pytest.raises(CorpusError, match="1 rows are no labels"):
        read_labelled([str(folder)])


def test_a_plain_text_that_a_field_calls_html_is_read_as_score_reads_it():
    text = f"Crane on the quay goes\n\n{ARTICLE}"
    rows = [{"id": "a", "html": text, "label": 1, "spans": [{"start": 0, "end": 5, "kind": "boilerplate"}]}]
    for name in ("mine.jsonl", "mine.csv"):
        (page,) = read_labelled([write(name, rows)])
        assert read_blocks(page.page).text == text


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("sheet.xlsx", b"PK\x03\x04", "sheet.xlsx: workbooks are not read: save the sheet as CSV in UTF-8"),
        ("sheet.csv", "text,label\nRain fell.,1\n".encode("utf-16"), "not_utf8: the file is in UTF-16: save it in UTF-8"),
    ],
)  # fmt: skip
def test_what_a_spreadsheet_saves_otherwise_is_named_once(folder, name, content, expected):
    (folder / name).write_bytes(content)
    assert run("policies", "--model", "fast", "--on", name, code=2).stderr.count(expected) == 1


def test_pages_that_have_no_score_are_counted_and_nothing_to_measure_is_an_error():
    foreign = [{"id": str(row), "text": f"{row} {GERMAN}", "label": row % 2} for row in range(4)]
    english = [{"id": f"e{row}", "text": f"{row}. {ARTICLE}", "label": row % 2} for row in range(2)]
    expected = "judges {} of {} pages; not judged: 4 language"
    assert expected.format(0, 4) in run("evaluate", "fast", write("de.jsonl", foreign), code=2).stderr
    result = run("evaluate", "fast", write("both.jsonl", [*foreign, *english]))
    assert expected.format(2, 6) in result.stderr
    assert "log loss" in result.stdout


def test_labels_that_say_the_opposite_of_the_model_are_warned_of():
    rows = own_pages()
    turned = [{"id": row["id"], "html": row["html"], "label": int(row["noise"] < 2)} for row in rows]
    for command in (("evaluate", "fast"), ("policies", "--model", "fast", "--on")):
        assert "the labels say the opposite of the model (AUC 0." in run(*command, write("turned.jsonl", turned)).stderr
        assert "opposite" not in run(*command, write("mine.jsonl", rows)).stderr


def own_pages(first: int = 0) -> list[dict[str, Any]]:
    """The project's own pages as a table: html, url, title and noise."""
    return [
        {
            "html": page.page.content.decode(),
            "url": page.page.url,
            "title": page.page.title,
            "noise": int(page.noise or 0),
            "id": page.id,
        }
        for page in read_corpora([CORPUS])[first:]
        if isinstance(page.page.content, bytes)
    ]


def test_a_fault_of_a_table_names_its_row_and_that_of_json_lines_its_line():
    rows = [{"id": "a", "text": "Rain.\nSun.", "label": 1}, {"id": "b", "text": "Sun.", "label": 9}]
    for name, where in (("mine.csv", "mine.csv, row 2: label must"), ("mine.jsonl", "mine.jsonl:2: label must")):
        with pytest.raises(CorpusError, match=where):
            read_labelled([write(name, rows)])


def test_cuts_are_chosen_on_a_table_of_html_and_noise():
    name = write("labelled.parquet", own_pages())
    known = run("policies", "--on", str(CORPUS), "--model", "fast", "-o", "known.json").stdout
    assert run("policies", "--on", name, "--model", "fast", "-o", "policy.json").stdout == known


def test_a_model_is_trained_and_evaluated_on_packed_rows_of_several_files():
    rows = own_pages()
    names = [write("a.jsonl.gz", rows[:12]), write("b.jsonl.gz", rows[12:])]
    trained = run("train", *names, "-o", "model")
    assert "labels: 24 pages, labeller not named (24 noise)" in " ".join(trained.stderr.split())
    figures = json.loads(run("evaluate", "model", *names, "--json").stdout)
    assert {source: row["articles"] for source, row in figures["noise"].items()} == {
        "all": 24,
        "a.jsonl.gz": 12,
        "b.jsonl.gz": 12,
    }


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result
