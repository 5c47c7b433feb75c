"""`noisefilter label`: from a crawl to a trained model, by the commands of docs/labelling.md."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from typing import TYPE_CHECKING

import pytest

from noisefilter import load, score
from noisefilter.learn.corpora import read_corpora
from tests.annotating import annotation, choice, doccano_export, doccano_rows, studio_export, studio_tasks
from tests.making import ARTICLE, CORPUS, HTML_ARTICLE

if TYPE_CHECKING:
    from pathlib import Path

LABELLING = CORPUS.parent / "docs" / "labelling.md"


@pytest.fixture
def crawl(tmp_path, monkeypatch) -> Path:
    """A folder to work in, with a crawl of two pages and an empty one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crawl").mkdir()
    (tmp_path / "crawl" / "one.html").write_text(HTML_ARTICLE, encoding="utf8")
    (tmp_path / "crawl" / "two.txt").write_text(f"😀 {ARTICLE}", encoding="utf8")
    (tmp_path / "crawl" / "three.html").write_bytes(b"")
    return tmp_path


def ids(folder: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (folder / "pages.jsonl").read_text(encoding="utf8").splitlines()]


def test_the_pages_commands_lead_from_pages_to_a_model(run, tmp_path, monkeypatch):
    shown = LABELLING.read_text(encoding="utf8")
    commands = [shlex.split(line) for line in re.findall(r"^\$ noisefilter (.*)$", shown, flags=re.MULTILINE)]
    assert [command[:2] for command in commands] == [["label", "export"], ["label", "import"], ["train", "tolabel"]]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus" / "pages").mkdir(parents=True)
    for file in sorted((CORPUS / "pages").glob("*.html"))[::4]:
        shutil.copy(file, tmp_path / "corpus" / "pages")
    gold = {page.id: page for page in read_corpora([CORPUS])}
    export, back, train = commands

    result = run(*export)
    assert result.exit_code == 0, result.output
    tasks = studio_tasks(tmp_path / "tolabel")
    for task in tasks:  # an annotator who marks what the corpus' own labels say
        name = task["data"]["page_id"].removeprefix("corpus/pages/").removesuffix(".html")
        regions = [
            {"type": "labels", "from_name": "kind", "value": {"start": span.start, "end": span.end, "text": span.quote, "labels": [span.kind]}}
            for span in gold[name].spans or ()
        ]  # fmt: skip
        task["annotations"] = [annotation(*regions, choice(str(int(gold[name].noise or 0))))]
    studio_export(tmp_path / "annotated.json", tasks)

    result = run(*back)
    assert result.exit_code == 0, result.output
    assert "6 of 6 pages labelled" in result.stderr
    labelled = read_corpora([tmp_path / "tolabel"])
    assert len(labelled) == 6
    for page in labelled:
        own = gold[page.id.removeprefix("corpus/pages/").removesuffix(".html")]
        assert page.noise == own.noise
        assert {(span.start, span.end, span.kind) for span in page.spans or ()} == {
            (span.start, span.end, span.kind) for span in own.spans or ()
        }

    result = run(*train)
    assert result.exit_code == 0, result.output
    assert score(ARTICLE, model=load(tmp_path / "models" / "mine")).model.startswith("mine-")


def test_a_page_that_cannot_be_scored_is_named_and_the_exit_code_1(run, crawl):
    result = run("label", "export", "crawl", "-o", "tolabel", "--tool", "doccano")
    assert result.exit_code == 1
    assert "crawl/three.html: left out: empty" in result.stderr
    assert "2 pages to label, 1 without a score left out" in result.stderr
    assert sorted(ids(crawl / "tolabel")) == ["crawl/one.html", "crawl/two.txt"]
    assert {file.name for file in (crawl / "tolabel").iterdir()} == {"pages.jsonl", "tasks.jsonl", "label_types.json"}


def test_files_globs_and_corpora_go_together(run, crawl):
    row = {"id": "three", "text": ARTICLE, "url": "https://quay.example/3", "title": "Sluice", "licence": "CC0-1.0"}
    (crawl / "pages.jsonl").write_text(json.dumps(row) + "\n", encoding="utf8")
    (crawl / "labels.jsonl").write_text('{"id": "three", "noise": 1}\n', encoding="utf8")
    for corpus in (".", "pages.jsonl"):
        options = ("-o", f"out{corpus}", "--tool", "label-studio")
        result = run("label", "export", "crawl/*.txt", corpus, "-", *options, standard_input=ARTICLE)
        assert result.exit_code == 0, result.output
        assert sorted(ids(crawl / f"out{corpus}")) == ["-", "crawl/two.txt", "three"]
    (task,) = [task["data"] for task in studio_tasks(crawl / "out.") if task["data"]["page_id"] == "three"]
    assert (task["title"], task["url"], task["site"]) == ("Sluice", "https://quay.example/3", "quay.example")
    rows = (crawl / "out." / "pages.jsonl").read_text(encoding="utf8").splitlines()
    (kept,) = [row for row in map(json.loads, rows) if row["id"] == "three"]
    assert kept.items() >= row.items()


def test_a_crawl_with_an_id_twice_is_exported_and_says_so(run, crawl):
    rows = [json.dumps({"id": "two", "text": ARTICLE})] * 2
    (crawl / "rows.jsonl").write_text("\n".join(rows), encoding="utf8")
    result = run("label", "export", "rows.jsonl", "-o", "tolabel", "--tool", "doccano")
    assert "1 with the id of an earlier page are named with a number, such as two (2)" in result.stderr
    assert sorted(ids(crawl / "tolabel")) == ["two", "two (2)"]


@pytest.mark.usefixtures("crawl")
def test_a_folder_that_holds_a_corpus_is_refused_before_pages_are_scored(run):
    export = ("label", "export", "-o", "tolabel", "--tool", "doccano", "crawl")
    run(*export)
    result = run(*export, "crawl")  # if it reads them, it complains of a second page
    assert result.exit_code == 2
    assert "tolabel: holds a corpus already" in result.stderr


def test_an_import_says_what_it_left_out_and_what_nobody_changed(run, crawl):
    run("label", "export", "crawl", "-o", "tolabel", "--tool", "doccano")
    doccano_export(crawl / "anna.jsonl", doccano_rows(crawl / "tolabel")[:1])
    result = run("label", "import", "tolabel", "anna.jsonl", "--tool", "doccano")
    assert result.exit_code == 0
    assert "1 of 2 pages labelled, 1 without an annotation left out" in result.stderr
    assert "0 with a noise, 0 by several annotators, 1 just as the model marked them" in result.stderr


def test_faults_are_printed_a_line_each_as_they_are_and_nothing_is_written(run, crawl):
    run("label", "export", "crawl", "-o", "tolabel", "--tool", "doccano")
    rows = [row | {"label": [[3, 9, "[bold]advert[/x]"]]} for row in doccano_rows(crawl / "tolabel")]
    doccano_export(crawl / "anna.jsonl", rows)
    result = run("label", "import", "tolabel", "anna.jsonl", "--tool", "doccano")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert all(f"anna.jsonl:{number} " in line and "'[bold]advert[/x]'" in line for number, line in enumerate(lines, 1))
    assert not (crawl / "tolabel" / "labels.jsonl").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("export crawl -o tolabel", "--tool"),
        ("export crawl -o tolabel --tool prodigy", "prodigy"),
        ("export crawl --tool doccano", "--output"),
        ("export crawl nowhere -o tolabel --tool doccano", "nowhere: no such file"),
        ("export crawl -o tolabel --tool doccano --limit 0", "--limit"),
        ("export crawl -o tolabel --tool doccano --jobs 0", "--jobs"),
        ("export crawl -o tolabel --tool doccano --model nowhere", "nowhere"),
        ("export crawl/three.html -o tolabel --tool doccano", "no page could be scored"),
        ("export crawl/two.txt -o crawl/two.txt --tool doccano", "cannot be written"),
        ("import nowhere anna.jsonl --tool doccano", "nowhere/pages.jsonl: no such file"),
        ("import crawl --tool doccano", "annotated"),
    ],
)
def test_a_wrong_call_is_exit_code_2_and_writes_nothing(run, crawl, command, said):
    result = run("label", *command.split())
    assert result.exit_code == 2
    assert said.lower() in " ".join(result.stderr.split()).lower()
    assert not (crawl / "tolabel").exists()
