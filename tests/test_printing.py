"""What pages, names and messages hold is shown by each command, never obeyed by the terminal."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from noisefilter import Span, score
from noisefilter.report.figures import comparison_tables, figure_tables
from noisefilter.report.printing import IN_A_LINE, json_line, shown
from noisefilter.report.terminal import ScorePrinter, print_explained
from tests.annotating import studio_export, studio_tasks
from tests.making import SLUICE
from tests.reporting import made

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Colours, a window's title, a screen that is cleared, a text that runs backwards, a line of ours that is none, and rich's markup.
HOSTILE = "\x1b[31m\x1b]0;mine\x07\x9b2J\x85\u202e\u2066\u2028\rwrote\nwrote [red]b[/red][link=http://x.example]"
NAME = HOSTILE.replace("/", "")
ESCAPED = (
    "\\x1b[31m\\x1b]0;mine\\x07\\x9b2J\\x85\\u202e\\u2066\\u2028\\rwrote\\nwrote [red]b[/red][link=http://x.example]"
)
STORY = "".join(f"<p>{line} {HOSTILE}</p>" for line in SLUICE)
PAGE = f"<html><head><title>Sluice {HOSTILE}</title></head><body><article><h1>Sluice {HOSTILE}</h1>{STORY}</article></body></html>"
OBEYED = re.compile(IN_A_LINE.pattern.replace("\t\n", ""))
ENCODINGS = ("utf-8", "ascii", "latin-1")


def run(folder: Path, *arguments: str | bytes, encoding: str = "utf-8", code: int = 0) -> tuple[str, str]:
    """Output and errors of a command in a process of its own, after a look at what no terminal is to get."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "2000"}
    call = [sys.executable, "-m", "noisefilter.cli", *arguments]
    done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, check=False)  # noqa: S603 - our own command
    out, err = (stream.decode(encoding, "surrogateescape") for stream in (done.stdout, done.stderr))
    assert "Traceback" not in err
    for printed in (out, err):
        assert not OBEYED.search(printed), printed
        assert "\nwrote [red]" not in printed
    assert done.returncode == code, err
    return out, err


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / f"{NAME}.html").write_text(PAGE, encoding="utf8")
    return tmp_path


def write_corpus(folder: Path, *rows: Mapping[str, object]) -> Path:
    folder.mkdir()
    labels = [{"id": row["id"], "noise": 0} for row in rows]
    for name, written in (("pages", rows), ("labels", labels)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in written), encoding="utf8")
    return folder


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("option", [(), ("--explain",)], ids=["score", "explain"])
def test_scores_show_what_pages_and_names_hold(folder, option, encoding):
    out, _ = run(folder, "score", *option, ".", encoding=encoding)
    assert ESCAPED.replace("/", "") in out
    if option:
        assert "\\x1b[31m\\x1b]0;mine\\x07\\x9b2J \\u202e" in out
        assert "[red]b[/red][link=http://x.example]" in out


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_holds_all_of_it(folder, encoding):
    (folder / os.fsdecode(b"\xff.txt")).write_text("\n".join(SLUICE), encoding="utf8")
    out, _ = run(folder, "score", "--json", ".", encoding=encoding)
    hostile, undecodable = sorted(map(json.loads, out.splitlines()), key=lambda record: record["path"])
    assert hostile == {"path": f"{NAME}.html", **score(PAGE).to_dict()}
    assert undecodable["path"] == "\udcff.txt"
    assert out.isascii() or encoding == "utf-8"


def test_an_unreadable_name_is_shown(folder):
    (folder / os.fsdecode(b"b\xff\x1b[31m.txt")).symlink_to("/nowhere")
    _, err = run(folder, "score", os.fsdecode(b"b\xff\x1b[31m.txt"), code=2)
    assert "b\\udcff\\x1b[31m.txt: no such file" in err


@pytest.mark.parametrize(
    "arguments",
    [("score", NAME), (f"--{NAME}",), ("score", f"--{NAME}"), (NAME,), ("train", NAME, "-o", "m"), ("evaluate", NAME, NAME), ("label", NAME),
     ("label", "export", NAME, "-o", "l", "--tool", "doccano"), ("label", "import", NAME, NAME, "--tool", "doccano"), ("clean", NAME, "-o", "c"),
     ("clean", f"{NAME}.html", "-o", "c", "--only", NAME), ("score", ".", "--model", NAME)],
    ids=lambda given: " ".join(given).replace(NAME, "*"),
)  # fmt: skip
def test_a_wrong_call_is_shown(folder, arguments):
    _, err = run(folder, *arguments, code=2)
    assert "\\x1b[31m" in err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_help_is_printed_in_any_encoding(tmp_path, encoding):
    for command in ((), ("clean",), ("label", "export")):
        assert "Usage" in run(tmp_path, *command, "--help", encoding=encoding)[0]


def test_a_run_shows_its_folder_sites_and_refusals(folder):
    rows = [{"id": NAME, "html": PAGE, "url": f"http://{NAME}/"}, {"html": 1}]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + f"{NAME}\n", encoding="utf8")
    out, _ = run(folder, "clean", "rows.jsonl", "-o", NAME, "--format", "jsonl", encoding="ascii")
    assert f"wrote {ESCAPED.replace('/', '')}" in out
    _, err = run(folder, "clean", f"{NAME}.html", "-o", NAME, code=2)
    assert {line.rpartition(": ")[2] for line in err.splitlines() if line.startswith("  input ")} == {"new", "gone"}
    _, err = run(folder, "clean", f"{NAME}.html", "-o", ".", code=2)
    assert ESCAPED.replace("/", "") in err


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_figures_show_their_sources(tmp_path, encoding):
    row = {"html": PAGE, "site": NAME, "source": HOSTILE}
    corpus = write_corpus(tmp_path / NAME, {"id": NAME, **row}, {"id": "b", **row, "source": "b"})
    out, _ = run(tmp_path, "evaluate", "default", str(corpus), encoding=encoding)
    assert ESCAPED in out
    json.loads(run(tmp_path, "evaluate", "default", str(corpus), "--json", encoding=encoding)[0])
    (corpus / "labels.jsonl").write_text(json.dumps({"id": NAME, "noise": HOSTILE}) + "\n", encoding="utf8")
    _, err = run(tmp_path, "evaluate", "default", str(corpus), encoding=encoding, code=2)
    assert ESCAPED.replace("/", "") in err


def test_training_shows_names_and_sources(tmp_path):
    rows = [
        {"id": f"{index}", "html": PAGE, "site": f"{index % 4}{NAME}", "source": f"{index}{HOSTILE}"}
        for index in range(8)
    ]
    corpus = write_corpus(tmp_path / NAME, *rows)
    out, err = run(tmp_path, "train", str(corpus), "-o", f"m{NAME}", encoding="ascii")
    assert ESCAPED in out
    assert f"wrote m{ESCAPED.replace('/', '')}" in err


def test_labelling_shows_names_and_faults(folder):
    (folder / f"{NAME}.txt").write_text("", encoding="utf8")
    tool = ("--tool", "label-studio")
    _, err = run(folder, "label", "export", ".", "-o", NAME, *tool, encoding="ascii", code=1)
    assert f"{ESCAPED.replace('/', '')}.txt: left out: empty" in err
    tasks = studio_tasks(folder / NAME)
    export = studio_export(
        folder / f"{NAME}.json", [{**task, "annotations": [{"result": HOSTILE}] * 2} for task in tasks]
    )
    _, err = run(folder, "label", "import", NAME, export.name, *tool, code=2)
    assert err.startswith(f"noisefilter: {ESCAPED.replace('/', '')}.json")


@pytest.mark.parametrize("option", [(), ("--explain",), ("--json",), ("--help",)], ids=" ".join)
@pytest.mark.parametrize("both", [False, True], ids=["output", "both streams"])
def test_a_reader_that_leaves_ends_it_quietly(tmp_path, option, both):
    for number in range(40):
        (tmp_path / f"{number}.txt").write_text("\n".join(SLUICE * 20), encoding="utf8")
    read, write = os.pipe()
    os.close(read)
    call = [sys.executable, "-m", "noisefilter.cli", "score", *option, "."]
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            call, cwd=tmp_path, stdout=write, stderr=write if both else subprocess.PIPE, check=False
        )
    finally:
        os.close(write)
    assert done.returncode == 1
    assert not done.stderr


def test_only_what_is_obeyed_is_escaped():
    plain = "Ærø 漢字 🌧 [red] \\x1b é\u0301 \u200d“–”…"
    assert shown(plain) == plain
    assert shown("a\tb\nc\x00\x7f\ud800\u061c", lines=True) == "a\tb\nc\\x00\\x7f\\ud800\\u061c"
    assert shown("a\tb\n") == "a\\tb\\n"
    assert json.loads(json_line({"a": "\x1b\x9b\u2028\udcff\n漢"})) == {"a": "\x1b\x9b\u2028\udcff\n漢"}


def test_a_terminal_with_colours_gets_no_codes_but_ours():
    result = score(f"<p>{' '.join(SLUICE)} {HOSTILE}</p>", title="Sluice", format="html")
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=3000, markup=False, highlight=False)
    ScorePrinter(console).add(HOSTILE, result)
    print_explained(console, HOSTILE, result)
    figures = {HOSTILE: {HOSTILE: {HOSTILE: 1.0}}}
    for table in (*figure_tables(figures), *comparison_tables(figures, figures)):
        console.print(table)
    colourless = re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue())
    assert not OBEYED.search(colourless)
    assert colourless.count(ESCAPED) == 8


def test_the_words_of_a_span_have_single_marks_inside_their_own():
    text = "Rain fell. “Buy our boots!” she said."
    stream = io.StringIO()
    print_explained(
        Console(file=stream, width=200), "a", made(text, spans=(Span(11, len(text), "promotion", 0.8, "asks to buy"),))
    )
    assert "asks to buy  “‘Buy our boots!’ she said.”\n" in stream.getvalue()
