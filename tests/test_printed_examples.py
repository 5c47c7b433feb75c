"""The first example of a page prints what the page says; the page of the API has all public names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tests.calling import call
from tests.making import CORPUS, TESTS

if TYPE_CHECKING:
    from pathlib import Path

ROOT = TESTS.parent
EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\n\n.*?```text\n(?P<printed>.*?)```", flags=re.DOTALL)
CONSOLE = re.compile(r"```console\n.*?\$ noisefilter (?P<command>.*?)\n(?P<printed>.*?)```", flags=re.DOTALL)
#: What depends on the machine.
RATE = re.compile(r"; [\d,]+ pages a second")


def printed_by(code: str, folder: Path) -> list[str]:
    command = [sys.executable, "-X", "utf8", "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf8", timeout=120, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    return [line.rstrip() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/api.md"])
def test_the_first_example_prints_what_the_page_says(page):
    example = EXAMPLE.search((ROOT / page).read_text(encoding="utf8"))
    assert example is not None
    assert printed_by(example["code"], ROOT) == example["printed"].splitlines()


def test_the_first_example_of_integrations_prints_what_the_page_says(tmp_path):
    pytest.importorskip("polars")
    rows = [json.loads(line) for line in (CORPUS / "pages.jsonl").read_text(encoding="utf8").splitlines()]
    pages = [{"id": row["id"], "html": (CORPUS / row["path"]).read_text(encoding="utf8")} for row in rows]
    (tmp_path / "pages.jsonl").write_text("".join(json.dumps(page) + "\n" for page in pages), encoding="utf8")
    example = EXAMPLE.search((ROOT / "docs/integrations.md").read_text(encoding="utf8"))
    assert example is not None
    assert printed_by(example["code"], tmp_path) == example["printed"].splitlines()


def test_the_first_command_of_crawls_prints_what_the_page_says(tmp_path, monkeypatch):
    pytest.importorskip("zstandard")
    example = CONSOLE.search((ROOT / "docs/crawls.md").read_text(encoding="utf8"))
    assert example is not None
    (tmp_path / "corpus").symlink_to(CORPUS)
    monkeypatch.chdir(tmp_path)
    printed = call(*example["command"].split(), "--jobs", "1").stdout
    assert RATE.sub("", printed) == RATE.sub("", example["printed"])


@pytest.mark.parametrize("module", ["noisefilter", "noisefilter.batch"])
def test_the_page_of_the_api_has_all_public_names(module):
    page = (ROOT / "docs/api.md").read_text(encoding="utf8").splitlines()
    assert [name for name in import_module(module).__all__ if f"::: {module}.{name}" not in page] == []


def test_every_name_on_the_page_of_the_api_exists():
    page = (ROOT / "docs/api.md").read_text(encoding="utf8")
    for module, name in re.findall(r"^::: (noisefilter[\w.]*)\.(\w+)$", page, flags=re.MULTILINE):
        with suppress(ModuleNotFoundError):  # it needs an extra
            assert hasattr(import_module(module), name)
