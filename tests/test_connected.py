"""What one command writes, every other reads: the same pages by the same ids, in whatever they are kept."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from noisefilter import score
from tests.batches import http, ids, read_lines, warc, write_jsonl
from tests.calling import call
from tests.making import ARTICLE, CORPUS, HTML_ARTICLE
from tests.serving import served

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

FARM = CORPUS / "pages" / "farm-05-save-500-a-month.html"
PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
IDS = ["farm", "quay"]


@pytest.fixture
def rows() -> list[dict[str, str]]:
    return [
        {"id": "farm", "html": FARM.read_text(encoding="utf8"), "url": "https://farm.example/1"},
        {"id": "quay", "html": HTML_ARTICLE, "url": "https://quay.example/1", "site": "the quay"},
    ]


@pytest.fixture
def crawl(tmp_path, monkeypatch, rows) -> Path:
    """A folder to work in, with a crawl of two pages as JSON lines."""
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "crawl.jsonl", rows)
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    result = call(*arguments)
    assert result.exit_code == code, result.output
    return result


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def convert(crawl: Path, rows: list[dict[str, str]], form: str) -> str:
    """The crawl in another form; what to name it by."""
    if form in PACKERS:
        (crawl / f"crawl.jsonl.{form}").write_bytes(PACKERS[form]((crawl / "crawl.jsonl").read_bytes()))
        return f"crawl.jsonl.{form}"
    if form == "zst":
        zstandard = pytest.importorskip("zstandard")
        (crawl / "crawl.jsonl.zst").write_bytes(zstandard.compress((crawl / "crawl.jsonl").read_bytes()))
        return "crawl.jsonl.zst"
    if form == "parquet":
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        pq.write_table(pa.Table.from_pylist(rows), crawl / "crawl.parquet")
        return "crawl.parquet"
    if form == "corpus":
        (crawl / "corpus").mkdir()
        for row in rows:
            (crawl / "corpus" / f"{row['id']}.html").write_text(row["html"], encoding="utf8")
        listed = [{"id": row["id"], "path": f"{row['id']}.html", "url": row["url"]} for row in rows]
        write_jsonl(crawl / "corpus" / "pages.jsonl", listed)
        return "corpus"
    run("clean", "crawl.jsonl", "-o", "cleaned", "--format", form, "--model", "fast", "--jobs", "1", "--drop")
    return "cleaned"


@pytest.mark.parametrize("form", [*PACKERS, "zst", "parquet", "corpus", "jsonl", "jsonl.gz", "csv"])
def test_score_reads_a_crawl_in_any_form(crawl, rows, form):
    found = records(run("score", "--json", "--model", "fast", convert(crawl, rows, form)))
    assert sorted(record["id"] for record in found) == IDS
    for record, row in zip(sorted(found, key=lambda record: record["id"]), rows, strict=True):
        expected = score(row["html"].encode(), url=row["url"], format="html", model="fast").to_dict()
        assert {name: record[name] for name in ("verdict", "noise", "text", "url")} == {
            name: expected[name] for name in ("verdict", "noise", "text", "url")
        }


def test_score_reads_warc(crawl):
    pytest.importorskip("fastwarc")
    (crawl / "a.warc.gz").write_bytes(gzip.compress(warc(7, http(HTML_ARTICLE.encode()))))
    (record,) = records(run("score", "--json", "--model", "fast", "a.warc.gz"))
    assert (record["id"], record["path"], record["url"]) == ("<urn:uuid:7>", "a.warc.gz", "https://site.example/7")


def test_scores_that_stand_in_an_input_are_shown_as_they_are(crawl):
    run("clean", str(FARM), "-o", "cleaned", "--format", "jsonl", "--model", "fast", "--jobs", "1")  # no page is kept
    (own,) = [
        json.loads(line)["noisefilter"]
        for line in (crawl / "cleaned" / "kept" / "part-00000.jsonl").read_text(encoding="ascii").splitlines()
    ]
    result = run("score", "--json", "cleaned", "--policy", "strict")
    assert records(result) == [{"path": f"{crawl}/cleaned/kept/part-00000.jsonl", **own}] or records(result) == [
        {"path": "cleaned/kept/part-00000.jsonl", **own}
    ]
    assert "1 score stood in the inputs" in result.stderr
    again = run("score", "--json", str(FARM), "--model", "fast").stdout
    (crawl / "scores.jsonl").write_text(again, encoding="utf8")
    assert f"\t{FARM}\t" in run("score", "scores.jsonl").stdout


@pytest.mark.parametrize("form", ["gz", "jsonl", "corpus"])
def test_pages_to_label_come_from_any_form(crawl, rows, form):
    run("label", "export", convert(crawl, rows, form), "-o", "tolabel", "--tool", "doccano", "--model", "fast")
    written = [json.loads(line) for line in (crawl / "tolabel" / "pages.jsonl").read_text("utf8").splitlines()]
    assert sorted(row["id"] for row in written) == IDS
    assert {row["url"] for row in written} == {row["url"] for row in rows}
    assert {row["site"] for row in written} == {"farm.example", "quay.example" if form == "corpus" else "the quay"}
    assert {row["html"] for row in written} == {row["html"] for row in rows}


def ids_by(command: str, *inputs: str) -> list[str]:
    """Ids of the pages that a command reads."""
    if command == "score":
        return [
            record.get("id", record["path"]) for record in records(run("score", "--json", "--model", "fast", *inputs))
        ]
    if command == "clean":
        run("clean", *inputs, "-o", "cleaned", "--format", "jsonl", "--model", "fast", "--jobs", "1")
        assert not ids(Path("cleaned"), "rejects")
        return ids(Path("cleaned"), "kept")
    run("label", "export", *inputs, "-o", "tolabel", "--tool", "doccano", "--model", "fast")
    return [row["id"] for row in read_lines(Path("tolabel/pages.jsonl"))]


@pytest.mark.parametrize("command", ["score", "clean", "label"])
def test_a_folder_is_read_whole_and_each_page_once(crawl, rows, command):
    convert(crawl, rows, "corpus")  # which has no labels: its pages.jsonl names the files
    (crawl / "corpus" / "more").mkdir()
    (crawl / "corpus" / "more" / "unlisted.html").write_text(HTML_ARTICLE, encoding="utf8")
    write_jsonl(
        crawl / "corpus" / "more" / "pages.jsonl", [{"id": "row", "text": ARTICLE}, {"id": "two", "text": ARTICLE}]
    )
    expected = ["corpus/more/unlisted.html", "farm", "quay", "row", "two"]
    assert sorted(ids_by(command, "corpus", "corpus/farm.html")) == expected


@pytest.mark.parametrize("command", ["score", "clean", "label"])
def test_of_a_corpus_its_pages_are_read_alone(crawl, rows, command):
    convert(crawl, rows, "corpus")
    write_jsonl(crawl / "corpus" / "labels.jsonl", [{"id": "farm", "noise": 3}])
    (crawl / "corpus" / "README.md").write_text(ARTICLE, encoding="utf8")
    assert sorted(ids_by(command, "corpus")) == IDS


def test_files_of_other_types_are_counted_but_those_of_the_run_itself_are_not(crawl):
    (crawl / "export.json").write_text("{}", encoding="utf8")
    run("clean", ".", "-o", "cleaned", "--format", "jsonl", "--model", "fast", "--jobs", "1")
    for name, is_counted in ((".", True), ("cleaned", False)):
        counted = re.search(r"files passed over, of other types or of other runs: \d", run("score", name).stderr)
        assert bool(counted) == is_counted


def test_a_row_of_a_run_lists_no_file(crawl):
    run("clean", str(FARM), "-o", "cleaned", "--format", "jsonl", "--model", "fast", "--jobs", "1")
    run("clean", "cleaned", "-o", "again", "--format", "jsonl", "--model", "fast", "--jobs", "1", code=1)
    (reject,) = read_lines(crawl / "again" / "rejects" / "part-00000.jsonl")
    assert reject["detail"].endswith("among path, noisefilter")


def test_a_pipe_is_refused_with_what_to_do(crawl):
    os.mkfifo(crawl / "pipe")
    expected = "noisefilter: pipe: a pipe or device: name - and give it as standard input\n"
    assert run("score", "pipe", code=2).stderr == expected


def test_a_listed_file_that_changes_is_a_changed_input(crawl, rows):
    convert(crawl, rows, "corpus")
    assert sorted(ids_by("clean", "corpus")) == IDS
    (crawl / "corpus" / "farm.html").write_text(HTML_ARTICLE, encoding="utf8")
    options = ("-o", "cleaned", "--format", "jsonl", "--model", "fast", "--jobs", "1")
    assert "input corpus/pages.jsonl: its content or date changed" in run("clean", "corpus", *options, code=2).stderr


@pytest.mark.parametrize("path", ["../out.html", "nowhere.html", "a\0b", "."])
def test_a_row_that_names_no_file_beside_it_is_rejected_and_costs_no_other_page(crawl, path):
    (crawl / "out.html").write_text(HTML_ARTICLE, encoding="utf8")
    (crawl / "below").mkdir()
    write_jsonl(crawl / "below" / "index.jsonl", [{"id": "a", "path": path}, {"id": "b", "text": ARTICLE}])
    (crawl / "crawl.jsonl").unlink()
    result = run("score", "--json", "--model", "fast", ".", code=1)
    assert [record.get("id", record["path"]) for record in records(result)] == ["b", "out.html"]
    assert "warning: a: unreadable: below/index.jsonl:1: " in result.stderr


def test_what_a_command_prints_to_is_no_input(crawl):
    (crawl / "crawl.jsonl").unlink()
    (crawl / "a.txt").write_text(ARTICLE, encoding="utf8")
    scores = crawl / "scores.jsonl"

    def append(name: str) -> tuple[int, bytes]:
        command = (sys.executable, "-m", "noisefilter", "score", "--json", "--model", "fast", name)
        with scores.open("ab") as file:
            done = subprocess.run(  # noqa: S603 - this Python; it would read and write for ever
                command, stdout=file, stderr=subprocess.PIPE, check=False, preexec_fn=small_files, timeout=60
            )
        return done.returncode, done.stderr

    for count in (1, 2):
        assert append(".")[0] == 0
        assert len(read_lines(scores)) == count
    assert append("scores.jsonl") == (2, b"noisefilter: scores.jsonl is what this command prints to\n")


def small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


@pytest.mark.parametrize("command", [("report",), ("review", "--no-open")], ids=lambda command: command[0])
@pytest.mark.usefixtures("crawl")
def test_an_earlier_report_is_no_page_of_the_next(command):
    for _ in range(2):
        result = run(*command, ".", "-o", "found.html", "--model", "fast")
        assert re.search(r"2( most doubtful of 2)? pages", result.stderr)


def test_a_folder_that_cannot_be_listed_is_refused(crawl, monkeypatch):
    (crawl / "secret").mkdir()
    scan = os.scandir

    def scandir(path: Any) -> Any:
        if path == "./secret":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)  # the tests may run as somebody who may read everything
    assert run("score", ".", "--model", "fast", code=2).stderr == "noisefilter: ./secret: Permission denied\n"


@pytest.mark.parametrize("command", [("score", ""), ("clean", "crawl.jsonl", "-o", "")])
def test_an_empty_name_is_no_name_for_this_folder(crawl, command):
    assert "an empty name" in run(*command, code=2).stderr
    assert [path.name for path in crawl.iterdir()] == ["crawl.jsonl"]


@pytest.mark.parametrize(
    "command",
    [
        ("report", "crawl.jsonl"),
        ("review", "crawl.jsonl"),
        ("label", "export", "crawl.jsonl", "--tool", "doccano"),
        ("train", "nowhere"),
        ("policies", "--on", "nowhere"),
    ],
    ids=lambda command: command[0],
)
def test_an_output_that_cannot_be_written_is_refused_before_the_work_starts(crawl, command):
    stderr = run(*command, "-o", "crawl.jsonl/sub/out", code=2).stderr
    assert stderr == f"noisefilter: crawl.jsonl/sub/out cannot be written: {crawl}/crawl.jsonl is a file\n"


@pytest.mark.parametrize(
    ("command", "output", "what"),
    [
        (("policies", "--on", "labels.csv"), "labels.csv", "policy"),
        (("report", "crawl.jsonl"), "page.txt", "report"),
        (("report", "page.txt"), "page.txt", "report"),
        (("review", "crawl.jsonl", "--no-open"), "page.txt", "report"),
        (("train", "crawl.jsonl"), ".", "model"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_an_output_is_written_over_nothing_but_its_own_kind(crawl, command, output, what):
    for name in ("labels.csv", "page.txt"):
        (crawl / name).write_text(f"text,label\n{ARTICLE}", encoding="utf8")
    before = {path.name: path.read_bytes() for path in crawl.iterdir()}
    wanted = f"noisefilter: {output} is there already and holds no {what}: name another one with -o\n"
    assert run(*command, "-o", output, code=2).stderr == wanted
    assert {path.name: path.read_bytes() for path in crawl.iterdir()} == before


def test_an_empty_file_is_written_over(crawl):
    (crawl / "new.html").touch()
    for _ in range(2):
        run("report", "crawl.jsonl", "-o", "new.html", "--model", "fast")


def test_a_stream_that_is_closed_costs_nothing_but_what_it_would_print(crawl):
    command = f"{sys.executable} -m noisefilter clean crawl.jsonl --model fast --jobs 1 --format jsonl -o"
    for closing in (">&-", "2>&-", "<&- >&- 2>&-"):
        assert os.system(f"{command} 'out{closing}' {closing}") == 0  # noqa: S605 - what closes them is a shell
        assert (crawl / f"out{closing}" / "_SUCCESS").exists()


@pytest.mark.parametrize("form", ["xz", "jsonl"])
def test_a_model_is_evaluated_on_labels_of_any_form(crawl, rows, form):
    write_jsonl(crawl / "labels.jsonl", [{"id": "farm", "noise": 3}])
    name = convert(crawl, rows, form)
    figures = json.loads(run("evaluate", "fast", name, "--labels", "labels.jsonl", "--json").stdout)
    assert figures["noise"]["all"]["articles"] == 1
    assert set(figures["noise"]) == {"all", crawl.name}
    write_jsonl(crawl / "twice.jsonl", [*rows, rows[1]])  # a page without a label may be there twice
    run("evaluate", "fast", "twice.jsonl", "--labels", "labels.jsonl")
    write_jsonl(crawl / "twice.jsonl", [*rows, rows[0]])
    assert "a second page 'farm'" in run("evaluate", "fast", "twice.jsonl", "--labels", "labels.jsonl", code=2).stderr
    write_jsonl(crawl / "labels.jsonl", [{"id": "other", "noise": 3}])
    assert "no page with the id 'other'" in run("evaluate", "fast", name, "--labels", "labels.jsonl", code=2).stderr


def test_a_record_without_its_page_is_no_page_to_label(crawl):
    options = ("-o", "cleaned", "--format", "jsonl", "--model", "fast", "--jobs", "1", "--no-content")
    run("clean", "crawl.jsonl", *options)
    export = ("label", "export", "cleaned", "-o", "tolabel", "--tool", "doccano", "--model", "fast")
    assert "--visible-text" in run(*export, code=2).stderr
    shutil.rmtree(crawl / "cleaned")
    run("clean", "crawl.jsonl", *options, "--visible-text")
    run(*export)
    texts = [json.loads(line)["text"] for line in (crawl / "tolabel" / "tasks.jsonl").read_text("utf8").splitlines()]
    assert any("The harbour" in text for text in texts)


@pytest.mark.parametrize(
    "command",
    [
        ("score",),
        ("report",),
        ("review",),
        ("label", "export", "--tool", "doccano", "-o", "out"),
        ("clean", "-o", "out"),
    ],
    ids=lambda command: command[0],
)
def test_what_cannot_be_read_is_one_error_everywhere(crawl, command):
    (crawl / "pictures").mkdir()
    (crawl / "pictures" / "a.png").write_bytes(b"\x89PNG")
    assert run(*command, "nowhere.jsonl", code=2).stderr == "noisefilter: nowhere.jsonl: no such file\n"
    assert "pictures: no file that can be read (.csv, " in run(*command, "pictures", code=2).stderr


def test_a_url_that_cannot_be_read_says_why():
    pytest.importorskip("aiohttp")
    with served({}) as (site, _):
        assert run("score", f"{site}/a.html", code=2).stderr == f"noisefilter: {site}/a.html: HTTP 404 Not Found\n"
    assert run("score", f"{site}/a.html", code=2).stderr == f"noisefilter: {site}/a.html: Connection refused\n"
    assert run("score", "memory://no/a.html", code=2).stderr == "noisefilter: memory://no/a.html: no such file\n"


def test_a_page_that_was_fetched_has_its_url():
    pytest.importorskip("aiohttp")
    with served({"/a.html": HTML_ARTICLE}) as (site, _):
        (record,) = records(run("score", "--json", "--model", "fast", f"{site}/a.html"))
    assert record["url"] == f"{site}/a.html"


def test_rows_that_hold_no_page_are_named_and_the_others_are_scored(crawl):
    (crawl / "rows.jsonl").write_text(f'{{"id": "a"}}\n{{\n{json.dumps({"id": "c", "text": ARTICLE})}\n', "utf8")
    result = run("score", "--model", "fast", "rows.jsonl", code=1)
    assert "warning: a: no_page: no field that holds a page" in result.stderr
    assert "`noisefilter clean` has options to name it" in result.stderr
    assert "warning: rows.jsonl#2: not_json: " in result.stderr
    assert re.search(r"1 page: .*; 2 rejected\n", result.stderr)
    assert "\n2 rejected\n" in run("score", "--json", "--model", "fast", "rows.jsonl", code=1).stderr
