"""`noisefilter train` and what docs/retraining.md says of it: every command of the page's example runs."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from noisefilter.model import MANIFEST, SHIPPED, models_folder
from tests.making import ARTICLE, CORPUS

RETRAINING = (CORPUS.parent / "docs" / "retraining.md").read_text(encoding="utf8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """An empty folder beside the project's own corpus."""
    path = tmp_path_factory.mktemp("user")
    (path / "corpus").symlink_to(CORPUS)
    return Path(path)


def test_the_pages_commands_run(run, folder, monkeypatch):
    monkeypatch.chdir(folder)
    commands = re.findall(r"^\$ noisefilter (.*)$", RETRAINING, flags=re.MULTILINE)
    assert {command.split()[0] for command in commands} == {"train", "evaluate", "score"}
    for command in commands:
        result = run(*shlex.split(command))
        assert result.exit_code == 0, (command, result.output)
    assert "adapted" in (folder / "models" / "mine" / "CARD.md").read_text(encoding="utf8")
    manifest = json.loads((folder / "models" / "mine" / MANIFEST).read_text(encoding="utf8"))
    assert {row["network"] for row in manifest["adapted"] if row["strength"]} >= {"article", "block_text_second"}


def test_training_prints_both_models_and_what_became_of_each_stage(run, tmp_path):
    pages = [{"id": str(index), "text": ARTICLE, "site": f"{index % 4}.example"} for index in range(8)]
    for name, rows in (("pages", pages), ("labels", [{"id": page["id"], "noise": 0} for page in pages])):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf8")
    result = run("train", str(tmp_path), "-o", str(tmp_path / "model"))
    assert result.exit_code == 0
    assert {"default", "adapted", "calibration error"} <= set(re.split(r"\s{2,}|\n", result.stdout))
    assert "held out: 2 pages of 1 site; learned from: 6 pages of 3 sites" in result.stderr
    for stage in ("blocks", "sentences", "insertions", "articles"):
        assert f"{stage}: reading" in result.stderr
        assert re.search(rf"{stage}.* stays: ", result.stderr)


def test_a_wrong_call_is_exit_code_2_and_writes_nothing(run, tmp_path):
    result = run("train", str(CORPUS), "-o", str(tmp_path / "model"), "--jobs", "0")
    assert result.exit_code == 2
    assert "--jobs" in result.stderr
    assert not (tmp_path / "model").exists()


def test_a_file_where_the_model_is_to_be_is_named_before_the_work_starts(run, tmp_path):
    (tmp_path / "model").write_text("mine", encoding="utf8")
    result = run("train", "nowhere", "-o", str(tmp_path / "model"))  # no labels: it must not come to reading them
    assert result.exit_code == 2
    assert "is a file: a model is a folder" in result.stderr


@pytest.mark.parametrize("shipped", SHIPPED)
def test_a_shipped_model_is_never_replaced_nor_its_name_taken(run, tmp_path, monkeypatch, shipped):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(models_folder() / shipped)
    copy = tmp_path / "copy"  # in a clone, beside the installed ones
    copy.mkdir()
    (copy / MANIFEST).write_bytes((models_folder() / shipped / MANIFEST).read_bytes())
    for folder in (models_folder() / shipped, tmp_path / "link", copy, shipped):  # `--model fast` would not find ./fast
        result = run("train", "nowhere", "-o", str(folder), "--force")  # no labels: it must not come to writing here
        assert result.exit_code == 2
        assert "name another folder" in result.stderr


def test_a_label_that_contradicts_itself_is_named_with_its_line(run, tmp_path):
    (tmp_path / "pages.jsonl").write_text('{"id": "a", "text": "Rain fell."}\n', encoding="utf8")
    (tmp_path / "labels.jsonl").write_text('\n{"id": "a", "noise": 7}\n', encoding="utf8")
    result = run("train", str(tmp_path), "-o", str(tmp_path / "model"))
    assert result.exit_code == 2
    assert "labels.jsonl:2" in result.stderr.replace("\n", "")
