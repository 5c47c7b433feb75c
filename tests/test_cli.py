"""The command line: what it prints, and with what it exits."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import noisefilter
from noisefilter import score
from noisefilter.batch.inputs import Inputs
from noisefilter.policy import POLICIES
from noisefilter.report.figures import LABELLED, comparison_tables, figure_tables
from noisefilter.report.terminal import ScorePrinter
from tests.batches import wait_for
from tests.making import ARTICLE, CORPUS, HTML_ARTICLE


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two articles, and a picture that is passed over."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "one.html").write_text(HTML_ARTICLE, encoding="utf8")
    (tmp_path / "deep" / "two.txt").write_text(ARTICLE, encoding="utf8")
    (tmp_path / "three.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return Path(tmp_path)


def words_of(printed: str) -> str:
    """What was printed, without the line breaks that a narrow terminal needs."""
    return " ".join(printed.split())


def records(result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_folder_gives_a_table_and_a_summary(run, folder, monkeypatch):
    monkeypatch.chdir(folder)
    result = run("score", ".")
    assert result.exit_code == 0
    assert "one.html" in result.output
    assert "two.txt" in result.output
    assert "three.png" not in result.output
    assert "2 pages" in result.output


def test_json_lines_parse_and_carry_their_path(run, folder):
    result = run("score", "--json", str(folder))
    assert result.exit_code == 0
    assert [Path(record["path"]).name for record in records(result)] == ["two.txt", "one.html"]
    for record in records(result):
        path = Path(record.pop("path"))
        assert record == score(path.read_bytes()).to_dict()


def test_a_glob_is_expanded(run, folder):
    result = run("score", "--json", str(folder / "*.html"))
    assert [Path(record["path"]).name for record in records(result)] == ["one.html"]
    result = run("score", "--json", str(folder / "**" / "*.txt"))
    assert [Path(record["path"]).name for record in records(result)] == ["two.txt"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(run, folder):
    shutil.copy(folder / "one.html", folder / "a[1].html")
    result = run("score", "--json", str(folder / "a[1].html"))
    assert [Path(record["path"]).name for record in records(result)] == ["a[1].html"]


def test_a_dash_is_standard_input(run):
    result = run("score", "--json", "-", standard_input=HTML_ARTICLE)
    assert result.exit_code == 0
    (record,) = records(result)
    assert record == {"path": "-", **score(HTML_ARTICLE.encode()).to_dict()}


def test_an_explanation_marks_the_text_and_names_reasons(run, folder):
    result = run("score", "--explain", str(folder / "one.html"))
    assert result.exit_code == 0
    assert "⟦" in result.output
    assert "boilerplate" in result.output
    for span in score(HTML_ARTICLE).spans:
        assert span.reason in result.output


def test_what_moved_noise_is_printed_with_its_share(run, folder):
    listed, explained = (
        words_of(run("score", *option, str(folder / "one.html")).output) for option in ([], ["--explain"])
    )
    reasons = score(HTML_ARTICLE).reasons
    assert reasons[0].text in listed
    for reason in reasons:
        assert f"{reason.text} ({abs(reason.share):.0%} of what moved it)" in explained


def test_the_cleaned_article_is_printed_alone(run, folder):
    result = run("score", "--text", str(folder / "one.html"))
    assert result.exit_code == 0
    assert result.stdout == f"{score(HTML_ARTICLE).text}\n"
    (folder / "short.txt").write_text("Too little to say.", encoding="utf8")
    short = run("score", "--text", str(folder / "short.txt"))
    assert (short.exit_code, short.stdout) == (1, "Too little to say.\n")
    assert short.stderr.endswith("short.txt: not judged: too_short\n")
    several = run("score", "--text", str(folder))
    assert several.exit_code == 2
    assert "noisefilter clean" in words_of(several.stderr)


def test_a_page_that_is_too_large_has_no_cleaned_article(run, tmp_path):
    (tmp_path / "large.txt").write_text("Rain fell. " * 100_000, encoding="utf8")
    large = run("score", "--text", "--model", "fast", str(tmp_path / "large.txt"))
    assert (large.exit_code, large.stdout) == (1, "")
    assert large.stderr.endswith("large.txt: not judged: too_large\n")


def test_markup_in_a_page_is_printed_as_it_is(run, tmp_path):
    (tmp_path / "a.txt").write_text(f"[bold red]{ARTICLE}[/nonsense]", encoding="utf8")
    for option in ("--explain", "--json"):
        assert "[bold red]The harbour" in run("score", option, str(tmp_path / "a.txt")).output


def test_a_page_without_a_score_is_exit_code_1(run, folder):
    (folder / "empty.html").write_bytes(b"")
    result = run("score", "--json", str(folder))
    assert result.exit_code == 1
    assert [record["status"] for record in records(result)].count("empty") == 1
    result = run("score", str(folder))
    assert result.exit_code == 1
    assert "empty" in result.output


def test_a_picture_that_is_named_is_no_page(run, folder):
    result = run("score", "--json", str(folder / "three.png"))
    assert result.exit_code == 1
    assert records(result)[0]["status"] == "not_html_or_text"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("score", "nowhere.html"), "nowhere.html"),
        (("score", "nowhere/*.html"), "nowhere"),
        (("score",), "missing argument"),
        (("score", "--json", "--explain", "-"), "exclude"),
        (("score", "--jobs", "0", "-"), "jobs"),
        (("score", "--model", "nowhere", "-"), "nowhere"),
        (("score", "--colour", "-"), "colour"),
        (("evaluate", "nowhere", str(CORPUS)), "nowhere"),
        (("evaluate", "default", "nowhere"), "nowhere"),
        (("sing",), "sing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_wrong_call_is_exit_code_2_and_says_what_is_wrong(run, arguments, said):
    result = run(*arguments, standard_input=ARTICLE)
    assert result.exit_code == 2
    assert said in words_of(result.stderr).lower()
    assert result.stdout == ""


def test_a_folder_without_a_page_is_a_wrong_call(run, tmp_path):
    result = run("score", str(tmp_path))
    assert result.exit_code == 2
    assert "no file in this folder" in words_of(result.stderr)


def test_a_model_folder_that_is_broken_is_named(run, model_path, tmp_path):
    shutil.copytree(model_path, tmp_path / "model")
    (tmp_path / "model" / "manifest.json").write_text("{", encoding="utf8")
    result = run("score", "--model", str(tmp_path / "model"), "-", standard_input=ARTICLE)
    assert result.exit_code == 2
    assert "model" in result.stderr


def test_a_model_folder_is_used(run, model_path):
    result = run("score", "--json", "--model", str(model_path), "-", standard_input=ARTICLE)
    assert records(result)[0]["model"] == score(ARTICLE).model


def test_figures_of_the_default_model_are_json(run):
    result = run("evaluate", "default", str(CORPUS), "--json")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert {"noise", "boilerplate spans", "off_topic spans"} <= set(figures)
    assert figures["noise"]["all"]["auc"] > 0.8
    assert all(0 <= figures[kind]["all"]["recall"] <= 1 for kind in figures if kind.endswith("spans"))


def test_help_names_the_commands(run):
    result = run("--help")
    assert result.exit_code == 0
    assert all(name in result.output for name in ("score", "train", "evaluate"))


def test_the_module_runs_as_a_program(folder):
    command = [sys.executable, "-m", "noisefilter.cli", "score", "--json", str(folder / "one.html")]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)  # noqa: S603
    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] == "ok"
    assert done.stderr == b""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="its processes are found in /proc")
def test_a_command_that_is_stopped_leaves_no_worker_behind():
    command = [sys.executable, "-m", "noisefilter", "score", str(CORPUS / "pages"), "--json", "--jobs", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline()
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        process.terminate()
        assert process.wait(30) == 130
    assert workers
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), 10)


def test_the_version_is_printed(run):
    assert run("--version").stdout.startswith("noisefilter 0.")
    assert "Usage" in run("-h").stdout


def test_several_pages_end_with_how_to_look_at_them(run, folder):
    result = run("score", str(folder))
    assert f"noisefilter report {folder} -o report.html" in result.stderr


def test_the_package_lists_what_it_imports_late():
    assert {"score", "score_many", "extract", "load"} <= set(dir(noisefilter))


def test_the_module_runs_as_the_command():
    command = [sys.executable, "-m", "noisefilter", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("noisefilter")  # noqa: S603 - our own


def in_process(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command without a terminal, as in a pipe or a log."""
    command = [sys.executable, "-m", "noisefilter", *arguments]
    return subprocess.run(  # noqa: S603 - our own
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_a_pipe_gets_whole_rows_a_line_a_page(folder):
    name = f"{'a long name of a page ' * 8}.html"
    shutil.copy(folder / "one.html", folder / name)
    done = in_process("score", "--model", "fast", name, folder=folder, COLUMNS="40")
    head, row = (line.split("\t") for line in done.stdout.splitlines())
    assert head[:6] == ["verdict", "noise", "filler", "off-topic", "boilerplate", "page"]
    assert (row[0], row[5]) == (score(HTML_ARTICLE, model="fast").verdict, name)
    assert row[6].startswith(score(HTML_ARTICLE, model="fast").reasons[0].text)
    assert "…" not in done.stdout
    assert done.stderr.startswith("1 page: ")


def test_a_terminal_gets_rows_of_its_width():
    console = Console(file=io.StringIO(), force_terminal=True, width=60, no_color=True)
    ScorePrinter(console).add("a long name of a page " * 8, score(HTML_ARTICLE, model="fast"))
    lines = re.sub(r"\x1b\[[\d;]*m", "", console.file.getvalue()).splitlines()  # type: ignore[attr-defined]
    assert len(lines) >= 3
    assert lines[1].endswith("…")
    assert all(len(line) <= 60 for line in lines)


def test_figures_in_a_pipe_are_whole(run):
    printed = run("evaluate", "fast", str(CORPUS)).stdout
    assert "keep or trim: precision" in printed
    assert "…" not in printed


def test_kinds_without_labels_are_left_out_of_the_tables():
    unlabelled, spans = {LABELLED: 0, "precision": 0.0}, {LABELLED: 7, "precision": 0.5}
    figures = {
        "promotion spans": {"all": unlabelled, "a": unlabelled},
        "filler spans": {"all": spans, "a": unlabelled},
        "thresholds": {"filler": {"labelled": 3, "precision": 0.9}, "promotion": {"labelled": 0, "precision": 0.0}},
    }
    tables = {str(table.title): table for table in figure_tables(figures)}
    assert set(tables) == {"filler spans", "thresholds"}
    assert (tables["filler spans"].row_count, tables["thresholds"].row_count) == (2, 1)
    assert [str(table.title) for table in comparison_tables(figures, figures)] == ["filler spans"]


def test_the_figures_of_the_only_source_are_printed_once():
    row = {"auc": 0.5}
    for by_source, count in (({"all": row, "a": row}, 1), ({"all": row, "a": {"auc": 0.4}, "b": {"auc": 0.6}}, 3)):
        figures = {"noise": by_source}
        assert [table.row_count for table in (*figure_tables(figures), *comparison_tables(figures, figures))] == [
            count
        ] * 2


def test_figures_of_policies_are_whole_in_a_terminal_of_80_columns():
    figures = {"policies": {name: {"drop or review: precision": 0.851} for name in POLICIES}}
    figures["policies"]["strict"] |= {f"drop: figure {number}": 0.5 for number in range(10)}
    stream = io.StringIO()
    console = Console(file=stream, width=80)
    for table in figure_tables(figures):
        console.print(table)
    printed = stream.getvalue()
    assert printed.count("0.851") == 3
    assert "…" not in printed


def test_an_explanation_has_a_legend_and_the_words_of_each_span(run, folder):
    printed = run("score", "--explain", "--model", "fast", str(folder / "one.html")).stdout
    result = score(HTML_ARTICLE, model="fast")
    legend, text = printed.split("\n\n")[0].splitlines()[-2:], printed.splitlines()
    assert any(line.startswith("marked: ⟦boilerplate⟧") for line in legend)
    for span in result.spans:
        words = " ".join(result.quote(span).split())
        assert any(f"{span.start}-{span.end}" in line and line.endswith(f"“{words}”") for line in text)


def test_quiet_says_nothing_and_verbose_says_what_it_reads(run, folder):
    arguments = ("score", "--model", "fast", str(folder))
    assert "look at them" in run(*arguments).stderr
    assert run(*arguments, "-q").stderr == ""
    loud = run(*arguments, "-v").stderr
    assert re.search(r"DEBUG +reading .*one\.html", loud)
    assert "INFO" in loud


def test_the_call_that_is_suggested_can_be_made(run, folder):
    (folder / "deep").rename(folder / "my pages")
    (folder / "my pages" / "three.txt").write_text(ARTICLE, encoding="utf8")
    assert (
        f"noisefilter report '{folder}/my pages' -o" in run("score", "--model", "fast", str(folder / "my pages")).stderr
    )
    lines = "".join(json.dumps({"id": name, "text": ARTICLE}) + "\n" for name in "ab")
    result = run("score", "--model", "fast", "-", standard_input=lines)
    assert "2 pages: " in result.stderr
    assert "look at them" not in result.stderr


@pytest.mark.parametrize("command", [("report",), ("review", "--no-open")])
def test_a_folder_where_the_report_is_to_be_is_named_before_the_work_starts(run, folder, command):
    result = run(*command, str(folder / "nowhere"), "-o", str(folder))
    assert result.exit_code == 2
    assert "is a folder: name the file to write with -o" in words_of(result.stderr)


def test_notes_are_in_the_log_of_a_program(folder, caplog):
    caplog.set_level("INFO", "noisefilter")
    (folder / "bad.jsonl").write_text('{"id": "a"}\n', encoding="utf8")
    assert [given.id for given in Inputs([str(folder / "bad.jsonl")])] == []
    assert caplog.records[0].name == "noisefilter"
    assert "a: no_page: " in caplog.messages[0]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete_commands_and_options(tmp_path, shell):
    bare = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script = in_process("--show-completion", shell, folder=tmp_path, **bare)
    assert script.returncode == 0, script.stderr
    assert f"complete_{shell}" in script.stdout
    typed = {"COMP_WORDS": "noisefilter cl", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "noisefilter cl"}
    asked = {"_NOISEFILTER_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert "clean" in in_process(folder=tmp_path, **typed, **asked).stdout


def test_a_model_of_somebody_else_is_loaded_without_a_word_and_runs_nothing(folder, model_path):
    shutil.copytree(model_path, folder / "theirs")
    (folder / "theirs" / "evil.py").write_text("raise SystemExit('run')", encoding="utf8")
    watch = (
        "import sys\n"
        "def seen(event, arguments):\n"
        "    if event == 'pickle.find_class' or (event in {'import', 'open'} and 'evil' in str(arguments)):\n"
        "        raise RuntimeError(event)\n"
        "sys.addaudithook(seen)\n"
        "from noisefilter.cli import app\n"
        "app(['score', '--json', '--model', 'theirs', 'one.html'])\n"
    )
    done = subprocess.run([sys.executable, "-c", watch], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "ok"
