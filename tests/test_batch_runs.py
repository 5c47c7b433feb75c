"""Runs in worker processes: what kills them, what refuses them, and how they go on."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from noisefilter.batch import BatchError, Fields, Limits, Options, RefusedError, run, runner
from noisefilter.batch.manifest import changed_files
from noisefilter.batch.storage import LocalFolder
from noisefilter.batch.worker import Worker, resident_mb
from noisefilter.cli import app
from noisefilter.model import DEFAULT, policies_at
from noisefilter.policy import Policy
from noisefilter.report.progress import Meter
from tests.batches import (
    QUICK,
    QUIET,
    SLOW,
    all_ids,
    ids,
    options,
    parts,
    records,
    rows_of,
    wait_for,
    warc,
    write_jsonl,
)
from tests.making import ARTICLE, HTML_ARTICLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer.testing import Result

    from noisefilter.batch.files import Source

CLONE = Path(__file__).parent.parent


def start(
    source: Path, output: Path, limits: dict[str, Any], temporary: Path | None = None, **changes: Any
) -> subprocess.Popen[bytes]:
    """A run in a process group of its own."""
    chosen = {"format": "jsonl", "scorer": SLOW, "shard_pages": 20, **changes}
    command = [
        sys.executable,
        "-m",
        "tests.clean_run",
        str(source),
        str(output),
        json.dumps(chosen),
        json.dumps(limits),
    ]
    place = {**os.environ, "TMPDIR": str(temporary)} if temporary else None
    return subprocess.Popen(  # noqa: S603
        command,
        cwd=CLONE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=place,
        preexec_fn=hear_hangups,  # noqa: PLW1509 - it only sets a signal
    )


def hear_hangups() -> None:
    """Under `nohup` the tests' own process ignores the signal, and its children would inherit that."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def children(pid: int) -> list[int]:
    """Processes that a process started and that compute; not the one that multiprocessing tracks resources with."""
    found = []
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"spawn_main" in command:
                found.append(int(child))
    return found


def test_a_run_writes_every_page_once_and_says_what_became_of_them(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [*rows_of(90), "no object"])
    summary = run(
        [str(tmp_path / "a.jsonl")], tmp_path / "out", options(only=("keep", "trim")), Limits(jobs=2), console=QUIET
    )
    assert {name: summary[name] for name in ("read", "kept", "dropped", "rejected")} == {
        "read": 91, "kept": 60, "dropped": 30, "rejected": 1,
    }  # fmt: skip
    assert summary["verdicts"] == {"keep": 30, "drop": 30, "trim": 30}
    assert summary["sites"][0] == {"site": "site0.example", "pages": 23, "dropped": 0.3478}
    assert sorted(all_ids(tmp_path / "out")) == sorted(
        [f"p{number}" for number in range(90)] + [f"{tmp_path / 'a.jsonl'}#91"]
    )
    assert json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf8"))["read"] == 91
    assert (tmp_path / "out" / "_SUCCESS").is_file()
    assert not list((tmp_path / "out").glob(".part-*"))


def test_a_run_that_is_done_does_nothing_again_and_says_so(tmp_path, caplog):
    caplog.set_level("INFO", "noisefilter")
    write_jsonl(tmp_path / "a.jsonl", rows_of(30))
    first = run([str(tmp_path / "a.jsonl")], tmp_path / "out", options(), Limits(jobs=1), console=QUIET)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    assert "this run is done" not in caplog.text
    assert run([str(tmp_path / "a.jsonl")], tmp_path / "out", options(), Limits(jobs=2), console=QUIET) == first
    assert "this run is done" in caplog.text
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


@pytest.mark.slow
def test_pages_that_hang_crash_or_eat_memory_are_rejected_by_id_and_no_other(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", rows_of(60, hang=(5,), crash=(0, 33), memory=(34,), error=(59,)))
    limits = Limits(jobs=2, timeout_s=3, memory_mb=400)
    summary = run([str(tmp_path / "a.jsonl")], tmp_path / "out", options(), limits, console=QUIET)
    rejected = {record["id"]: record["reason"] for record in records(tmp_path / "out", "rejects")}
    assert rejected == {"p0": "crash", "p5": "timeout", "p33": "crash", "p34": "memory", "p59": "error"}
    assert summary["reject_reasons"] == {"crash": 2, "timeout": 1, "memory": 1, "error": 1}
    assert Counter(all_ids(tmp_path / "out")) == Counter(f"p{number}" for number in range(60))
    deaths = [
        json.loads(line) for line in (tmp_path / "out" / "deaths.jsonl").read_text(encoding="ascii").split("\n") if line
    ]
    alone = Counter(death["first"] + 20 * death["shard"] for death in deaths if death["last"] - death["first"] == 1)
    assert alone == {0: 2, 5: 2, 33: 2, 34: 2}


def test_a_memory_limit_that_no_worker_can_keep_ends_the_run_and_rejects_no_page(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    with pytest.raises(BatchError, match=r"MiB before its first page: 10 MiB \(--memory-mb\) are too few"):
        run([str(path)], tmp_path / "out", options(), Limits(jobs=1, memory_mb=10), console=QUIET)
    assert not (tmp_path / "out" / "deaths.jsonl").exists()


@pytest.mark.parametrize(("shard_pages", "share", "wanted"), [(20, 20, 3), (20, 30, 2), (0, 100, 1), (0, 20, 2)])
def test_workers_are_replaced_after_their_share_of_pages_counted_before_or_not(
    tmp_path, monkeypatch, shard_pages, share, wanted
):
    begun = []

    class Counted(Worker):
        def __init__(self, *arguments: Any) -> None:
            begun.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr("noisefilter.batch.engine.Worker", Counted)
    for name, first in (("a.jsonl", 0), ("b.jsonl", 30)):
        write_jsonl(tmp_path / name, rows_of(60)[first : first + 30])
    limits = Limits(jobs=1, recycle_pages=share)
    run([str(tmp_path / "*.jsonl")], tmp_path / "out", options(shard_pages=shard_pages), limits, console=QUIET)
    assert Counter(all_ids(tmp_path / "out")) == Counter(f"p{number}" for number in range(60))
    assert len(begun) == wanted


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: write_jsonl(path, rows_of(31)), "size"),
        (lambda path: os.utime(path, (1, 1)), "content or date"),
        ({"policy": Policy(0.5, 1)}, r"option policy.review_at: 0[.][0-9]+ then, 0.5 now"),
        ({"scorer": SLOW}, "option scorer"),
        ("model", "model: default-"),
        ("input", "new"),
    ],
    ids=["size", "date", "policy", "scorer", "model", "input"],
)
def test_a_run_whose_input_option_or_model_changed_is_refused_and_told_what(tmp_path, monkeypatch, change, said):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(30))
    inputs, changes = [str(path)], {}
    run(inputs, tmp_path / "out", options(), Limits(jobs=1), console=QUIET)
    before = records(tmp_path / "out", "kept")
    if callable(change):
        change(path)
    elif change == "model":
        monkeypatch.setattr("noisefilter.batch.manifest.describe_model", lambda _: "other-1")
    elif change == "input":
        inputs.append(str(write_jsonl(tmp_path / "b.jsonl", rows_of(1))))
    else:
        changes = change
    with pytest.raises(RefusedError, match=said):
        run(inputs, tmp_path / "out", options(**changes), Limits(jobs=1), console=QUIET)
    assert records(tmp_path / "out", "kept") == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "xml"}, r"unknown format 'xml': choose from jsonl\.zst, "),
        ({"input_format": "xml"}, "unknown input_format 'xml': choose from auto, "),
        ({"only": ("keep", "good")}, "only knows no verdict 'good': choose from keep, "),
        ({"only": "keep"}, "only must be a collection of names, not a string"),
    ],
)
def test_options_that_there_are_not_are_refused(tmp_path, changes, said):
    pages = write_jsonl(tmp_path / "a.jsonl", rows_of(1))
    with pytest.raises(RefusedError, match=said):
        run([str(pages)], tmp_path / "out", options(**changes), Limits(jobs=1), console=QUIET)


def test_a_field_that_no_row_has_is_refused_and_the_folder_stays_free(tmp_path):
    rows = [{"key": "a", "metadata": {"url": None}}, {"raw": "plain news", "metadata": {"url": "https://a.example"}}]
    inputs, out = [str(write_jsonl(tmp_path / "a.jsonl", rows))], tmp_path / "out"
    for changes, wanted in (({"html": "rwa"}, "no field 'rwa' .* --html-field"), ({"id": "key.a"}, "--id-field")):
        with pytest.raises(RefusedError, match=f"{wanted}.*: they have key, metadata, raw"):
            run(inputs, out, options(fields=Fields(**changes)), Limits(jobs=1), console=QUIET)
    right = options(fields=Fields(text="raw", id="key", url="metadata.url"))
    assert run(inputs, out, right, Limits(jobs=1), console=QUIET)["kept"] == 1


@pytest.mark.parametrize("name", ["in", "in/", "./in"])
def test_an_input_is_the_same_however_its_name_is_written(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    write_jsonl(tmp_path / "in" / "a.jsonl", rows_of(30))
    (tmp_path / "in" / "b.html").write_text("<p>plain news</p>", encoding="utf8")
    run([str(tmp_path / "in")], "out", options(), Limits(jobs=1), console=QUIET)
    (tmp_path / "out" / "counts" / "part-00001.json").unlink()
    again = run([name], "out", options(), Limits(jobs=1), console=QUIET)
    assert again["read"] == 31
    assert len(set(all_ids(tmp_path / "out"))) == 31
    write_jsonl(tmp_path / "in" / "a.jsonl", rows_of(31))
    with pytest.raises(RefusedError, match=r"input in/a\.jsonl: size"):
        run(["in"], "out", options(), Limits(jobs=1), console=QUIET)


def test_a_folder_that_holds_something_else_is_refused(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    (tmp_path / "plan.json.bak").touch()
    with pytest.raises(RefusedError, match=r"not empty and holds no run \(a.jsonl\)"):
        run([str(path)], tmp_path, options(), Limits(jobs=1), console=QUIET)
    path.rename(tmp_path / "plan.jsonl")
    with pytest.raises(RefusedError, match=r"not empty and holds no run \(plan.json.bak\)"):
        run([str(tmp_path / "plan.jsonl")], tmp_path, options(), Limits(jobs=1), console=QUIET)
    assert {file.name for file in tmp_path.iterdir()} == {"plan.json.bak", "plan.jsonl"}  # not even a lock


def test_a_second_run_in_the_folder_is_refused_while_the_first_lives(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    with LocalFolder(tmp_path / "out").lock(), pytest.raises(RefusedError, match="another run"):
        run([str(path)], tmp_path / "out", options(), Limits(jobs=1), console=QUIET)
    assert run([str(path)], tmp_path / "out", options(), Limits(jobs=1), console=QUIET)["kept"] == 3


def test_ray_that_is_not_installed_is_refused_and_the_extra_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    with pytest.raises(RefusedError, match=r"--engine ray needs ray: .*'noisefilter\[ray\]'"):
        run([str(path)], tmp_path / "out", options(), engine="ray", console=QUIET)
    assert not (tmp_path / "out").exists()


def test_standard_input_is_kept_so_that_the_run_can_go_on(tmp_path):
    content = "".join(json.dumps(row) + "\n" for row in rows_of(30)).encode()
    summary = run(["-"], tmp_path / "out", options(), Limits(jobs=1), console=QUIET, stdin=BytesIO(content))
    assert summary["kept"] == 30
    assert run(["-"], tmp_path / "out", options(), Limits(jobs=1), console=QUIET, stdin=BytesIO(content)) == summary
    with pytest.raises(RefusedError, match="input -"):
        run(["-"], tmp_path / "out", options(), Limits(jobs=1), console=QUIET, stdin=BytesIO(content + content))


@pytest.mark.parametrize(
    ("scorer", "said"), [("nowhere:score", "nowhere"), ("builtins:len", "cannot score a page: TypeError")]
)
def test_a_scorer_that_cannot_be_loaded_or_fails_over_any_page_ends_the_run_and_rejects_none(tmp_path, scorer, said):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    with pytest.raises(BatchError, match=said):
        run([str(path)], tmp_path / "out", options(scorer=scorer), Limits(jobs=1), console=QUIET)
    assert parts(tmp_path / "out") == 0


def test_an_input_that_shrinks_in_mid_run_ends_the_run(tmp_path):
    rows = [{**row, "text": row["text"] + " x" * 4000} for row in rows_of(40)]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    out = tmp_path / "out"
    run([str(path)], out, options(), Limits(jobs=1), console=QUIET)
    facts, lines = path.stat(), path.read_bytes().split(b"\n")
    lines[20:30] = [b"\n" * (len(b"\n".join(lines[20:30])))]  # neither its size nor its beginning and end change
    path.write_bytes(b"\n".join(lines))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    (out / "counts" / "part-00001.json").unlink()
    with pytest.raises(BatchError, match="changed while"):
        run([str(path)], out, options(), Limits(jobs=1), console=QUIET)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: write_jsonl(path, rows_of(60)), r"a.jsonl: size \d+ then, \d+ now"),
        (lambda path: os.utime(path, (1, 1)), "a.jsonl: its content or date changed"),
        (lambda path: path.unlink(), "a.jsonl: gone"),
        ("content", "a.jsonl: its content or date changed"),
    ],
    ids=["size", "date", "gone", "content"],
)
def test_an_input_that_is_replaced_in_mid_run_is_named_and_the_run_is_no_success(tmp_path, monkeypatch, change, said):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(40))
    (tmp_path / "b.html").write_text("<p>plain news</p>", encoding="utf8")

    def change_and_look(sources: Sequence[Source]) -> list[str]:
        facts, content = path.stat(), path.read_bytes()
        if callable(change):
            change(path)
        else:  # as `cp --preserve` of another crawl's file
            path.write_bytes(content.replace(b"Page 39", b"Page 93"))
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        return changed_files(sources)

    monkeypatch.setattr(runner, "changed_files", change_and_look)
    inputs = [str(path), str(tmp_path / "b.html")]
    with pytest.raises(RefusedError, match=said) as caught:
        run(inputs, tmp_path / "out", options(), Limits(jobs=1), console=QUIET)
    assert "b.html" not in str(caught.value)
    assert not (tmp_path / "out" / "_SUCCESS").exists()


def test_pages_of_a_folder_are_counted_together_whatever_lies_between_them(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.html", "c.html", "d.html"):
        (folder / name).write_text("<p>plain news</p>", encoding="utf8")
    write_jsonl(folder / "b.jsonl", rows_of(3))
    run([str(folder)], tmp_path / "out", options(), Limits(jobs=1), console=QUIET)
    (folder / "a.html").unlink()
    with pytest.raises(RefusedError, match="files 3 then, 2 now"):
        run([str(folder)], tmp_path / "out", options(), Limits(jobs=1), console=QUIET)


def test_files_that_come_to_a_folder_in_mid_run_do_not_stop_it(tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    write_jsonl(folder / "a.jsonl", rows_of(10))

    def add_and_look(sources: Sequence[Source]) -> list[str]:
        write_jsonl(folder / "b.jsonl", rows_of(10))
        return changed_files(sources)

    monkeypatch.setattr(runner, "changed_files", add_and_look)
    assert run([str(folder)], tmp_path / "out", options(), Limits(jobs=1), console=QUIET)["kept"] == 10


@pytest.mark.parametrize("name", ["", "**/*.jsonl"])
def test_the_output_of_an_earlier_run_below_the_input_is_no_input(tmp_path, name):
    folder = tmp_path / "in"
    folder.mkdir()
    write_jsonl(folder / "a.jsonl", rows_of(10))
    (folder / "part-00000").mkdir()
    write_jsonl(folder / "part-00000" / "b.jsonl", rows_of(3))  # another program's
    first = run([str(folder)], folder / "old", options(), Limits(jobs=1), console=QUIET)
    run(["-"], folder / "more" / "old", options(), Limits(jobs=1), console=QUIET, stdin=BytesIO(b'{"text": "x"}\n'))
    assert first["read"] == 13
    again = run([str(folder / name)], tmp_path / "new", options(), Limits(jobs=1), console=QUIET)
    assert again["read"] == 13
    assert again["files_passed_over"] > 0


@pytest.mark.parametrize("old", ["old", "old[1]"])
def test_the_output_of_a_run_that_is_named_is_read(tmp_path, old):
    run(["-"], tmp_path / old, options(), Limits(jobs=1), console=QUIET, stdin=BytesIO(b'{"text": "news"}\n'))
    patterns = ("kept/part-*.jsonl", "*/part-00000.jsonl") if old == "old" else ()
    for number, name in enumerate((*patterns, "kept/part-00000.jsonl", "kept", "")):
        found = run([str(tmp_path / old / name)], tmp_path / f"new{number}", options(), Limits(jobs=1), console=QUIET)
        assert found["kept"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_stopped_leaves_nothing_behind_and_goes_on(tmp_path, sign):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(300))
    (tmp_path / "temporary").mkdir()
    process = start(path, tmp_path / "out", {"jobs": 2}, temporary=tmp_path / "temporary")
    wait_for(lambda: parts(tmp_path / "out") > 2)
    workers = children(process.pid)
    assert workers
    assert list((tmp_path / "temporary").glob("noisefilter-*"))
    os.killpg(process.pid, sign)  # as a terminal does it: its workers get it too
    assert process.wait(20) != 0
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), 5)
    assert parts(tmp_path / "out") < 15
    assert not list((tmp_path / "out").glob(".part-*"))
    assert not list((tmp_path / "temporary").iterdir())
    assert start(path, tmp_path / "out", {"jobs": 2}).wait(60) == 0
    assert Counter(all_ids(tmp_path / "out")) == Counter(f"p{number}" for number in range(300))


@pytest.mark.slow
def test_workers_end_with_a_run_that_is_killed(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(300, hang=(0,)))
    process = start(path, tmp_path / "out", {"jobs": 1})
    wait_for(lambda: children(process.pid))
    workers = children(process.pid)
    process.kill()
    process.wait()
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), 10)


@pytest.mark.slow
def test_a_full_disk_ends_the_run_and_loses_nothing(tmp_path):
    rows = rows_of(100)
    rows[70]["text"] += "x" * 200_000
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    chosen = json.dumps({"format": "jsonl", "scorer": QUICK, "shard_pages": 20})
    command = [sys.executable, "-m", "tests.clean_run", str(path), str(tmp_path / "out"), chosen, '{"jobs": 2}']

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(command, cwd=CLONE, capture_output=True, check=False, preexec_fn=small_files, timeout=60)  # noqa: S603
    assert done.returncode == 1
    assert b"File too large" in done.stderr
    assert not (tmp_path / "out" / "_SUCCESS").exists()
    assert not list((tmp_path / "out").glob(".part-*"))
    assert not (tmp_path / "out" / "counts" / "part-00003.json").exists()
    assert subprocess.run(command, cwd=CLONE, check=False, timeout=60).returncode == 0  # noqa: S603
    assert Counter(all_ids(tmp_path / "out")) == Counter(f"p{number}" for number in range(100))


@pytest.mark.slow
def test_kills_at_any_moment_lose_no_page_and_double_none(tmp_path):
    poison = {"hang": (7,), "crash": (90, 91, 250), "memory": (170,)}
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(300, **poison))
    out, limits = tmp_path / "out", {"jobs": 2, "timeout_s": 2, "memory_mb": 400}
    dice = random.Random(5)
    killed = Counter[str]()
    process = start(path, out, limits)
    while process.poll() is None:
        time.sleep(dice.uniform(0.2, 1))
        if sum(killed.values()) >= 16:
            process.wait(120)
        elif sum(killed.values()) % 3 == 0:
            process.kill()
            process.wait()
            killed["run"] += 1
            process = start(path, out, limits)
        elif workers := children(process.pid):
            with suppress(ProcessLookupError):
                os.kill(dice.choice(workers), signal.SIGKILL)
                killed["worker"] += 1
    assert process.returncode == 0
    assert killed["run"] >= 2
    assert killed["worker"] >= 2
    assert Counter(all_ids(out)) == Counter(f"p{number}" for number in range(300))
    assert sorted(ids(out, "rejects")) == sorted(f"p{number}" for numbers in poison.values() for number in numbers)
    summary = json.loads((out / "summary.json").read_text(encoding="utf8"))
    assert (summary["read"], summary["kept"], summary["rejected"]) == (300, 295, 5)


def test_a_quiet_command_prints_no_summary(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(1))
    command = [
        "clean",
        str(path),
        "-o",
        str(tmp_path / "out"),
        "--jobs",
        "1",
        "--model",
        "fast",
        "--format",
        "jsonl.gz",
        "-q",
    ]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert (result.exit_code, result.output) == (0, "")


def test_the_command_cleans_and_prints_a_summary(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.html").write_text(HTML_ARTICLE, encoding="utf8")
    (tmp_path / "in" / "two.txt").write_text(ARTICLE, encoding="utf8")
    (tmp_path / "in" / "three.png").write_bytes(b"\x89PNG")
    arguments = [
        "clean",
        str(tmp_path / "in"),
        "-o",
        str(tmp_path / "out"),
        "--jobs",
        "1",
        "--drop",
        "--format",
        "jsonl.gz",
    ]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "2 read: " in result.stdout
    assert "files passed over, of other types or of other runs: 1" in result.stdout
    assert len(all_ids(tmp_path / "out")) == 2
    again = CliRunner().invoke(app, [*arguments, "--drop-at", "0.5"], catch_exceptions=False)
    assert again.exit_code == 2
    shipped = policies_at(DEFAULT)["balanced"].drop_at
    assert f"option policy.drop_at: {shipped} then, 0.5 now" in again.stderr
    assert "review_at" not in again.stderr


@pytest.mark.parametrize("shard_pages", [None, 0])
def test_inputs_without_a_page_are_named_and_a_run_of_nothing_else_is_a_wrong_call(tmp_path, monkeypatch, shard_pages):
    for module in ("fastwarc", "zstandard", "brotli"):  # to read WARC
        pytest.importorskip(module)
    contents = {
        "a.jsonl": b"",
        "b.jsonl": b"\n\n",
        "c.csv": b"",
        "d.warc": b"",
        "e.jsonl.gz": b"",
        "f.csv": b"id,text\n",
    }
    contents["g.warc"] = warc(0, b"x", "metadata")
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("noisefilter.batch.runner.run", quick_run)
    size = () if shard_pages is None else ("--shard-pages", str(shard_pages))
    command = ["clean", *contents, "-o", "none", "--jobs", "1", *size]
    first, again = (CliRunner().invoke(app, command, catch_exceptions=False) for _ in range(2))
    assert all(f"{name} holds no page" in first.stderr for name in contents)
    for result in (first, again):
        assert result.exit_code == 2
        assert "no page in the inputs" in result.stderr
    write_jsonl(tmp_path / "pages.jsonl", rows_of(2))
    command = ["clean", "a.jsonl", "pages.jsonl", "-o", "some", "--jobs", "1", *size]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    assert "a.jsonl holds no page" in result.stderr
    assert "pages.jsonl holds" not in result.stderr


def quick_run(inputs: Sequence[str], output: str, chosen: Options, limits: Limits, **_: object) -> dict[str, Any]:
    return run(inputs, output, replace(chosen, scorer=QUICK), limits, console=QUIET)


def test_a_run_whose_rows_are_all_rejected_says_so_and_fails(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("noisefilter.batch.runner.run", quick_run)
    write_jsonl(tmp_path / "a.jsonl", rows_of(2))
    write_jsonl(tmp_path / "b.jsonl", ["no object"])
    (tmp_path / "broken.jsonl.gz").write_bytes(b"no gzip")

    def clean(output: str, *arguments: str) -> Result:
        common = ("-o", output, "--format", "jsonl", "--jobs", "1", "--shard-pages", "0")
        return CliRunner().invoke(app, ["clean", *arguments, *common], catch_exceptions=False)

    for result in (clean("broken", "broken.jsonl.gz"), clean("broken", "broken.jsonl.gz")):
        assert result.exit_code == 1
        assert "no row was scored, for all were rejected: the files in broken/rejects" in result.stderr
    assert ids(tmp_path / "broken", "rejects")
    assert (tmp_path / "broken" / "_SUCCESS").is_file()
    assert clean("some", "a.jsonl", "b.jsonl").exit_code == 0
    (tmp_path / "some" / "counts" / "part-00001.json").unlink()
    resumed = clean("some", "a.jsonl", "b.jsonl")
    assert (resumed.exit_code, "resuming: 2 pages in 1 of 2 parts" in resumed.stderr) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.jsonl",), "no such file"),
        (("-", "--only", "good"), "good"),
        (("-", "--jobs", "0"), "--jobs"),
        (("-", "--drop", "--only", "keep"), "--drop and --only exclude each other"),
        (("-", "--address", "auto"), "--engine ray"),
        (("-", "--format", "xml"), "xml"),
        (("-", "--model", "nowhere"), "no model 'nowhere'"),
    ],
    ids=str,
)
def test_a_wrong_call_is_exit_code_2(tmp_path, arguments, said):
    result = CliRunner().invoke(
        app, ["clean", *arguments, "-o", str(tmp_path / "out")], input="x", catch_exceptions=False
    )
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_stop_says_what_is_there_and_how_to_go_on(tmp_path, monkeypatch):
    def stopped(*arguments: object, **_: object) -> None:
        write_jsonl(tmp_path / "a.jsonl", rows_of(60))
        if arguments[0] == ["a.jsonl"]:
            run([str(tmp_path / "a.jsonl")], tmp_path / "out", options(), Limits(jobs=1), console=QUIET)
            (tmp_path / "out" / "counts" / "part-00001.json").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr("noisefilter.batch.runner.run", stopped)
    for name, said in (
        ("-", "No page was scored and nothing is in"),
        ("a.jsonl", "40 pages in 2 of 3 parts are done in"),
    ):
        result = CliRunner().invoke(app, ["clean", name, "-o", str(tmp_path / "out")], catch_exceptions=False)
        assert result.exit_code == 130
        assert f"{said} {tmp_path / 'out'}. To " in result.stderr
        assert "run the same command." in result.stderr


def test_progress_in_a_terminal_is_a_bar_with_the_rate():
    console = Console(file=StringIO(), force_terminal=True, width=100)
    with Meter("cleaning", 100, 40, console=console) as meter:
        meter.advance(0, 10)
        meter.finish(0, 20)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "60/100" in shown
    assert "/s" in shown


def test_progress_without_a_terminal_is_a_line_in_the_log_every_30_seconds(monkeypatch, caplog):
    now = [100.0]
    monkeypatch.setattr("noisefilter.report.progress.time.monotonic", lambda: now[0])
    caplog.set_level("INFO", "noisefilter")
    console = Console(file=StringIO(), force_terminal=False)
    with Meter("cleaning", 10_000, 1000, console=console) as meter:
        for step in range(1, 8):
            now[0] += 10
            meter.advance(0, step * 100)
    assert caplog.messages == [
        "cleaning: 1,300 of 10,000 pages, 10.0 a second, 14 minutes left",
        "cleaning: 1,600 of 10,000 pages, 10.0 a second, 14 minutes left",
    ]
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]


def test_memory_of_a_process_is_read_and_of_none_is_zero():
    assert 10 < resident_mb(os.getpid()) < 100_000
    assert resident_mb(None) == 0
