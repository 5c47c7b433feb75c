"""The benchmarks on a folder of a few pages."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.making import CORPUS, HTML_ARTICLE, SLUICE

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = CORPUS.parent / "benchmarks" / "extraction.py"
BATCH = CORPUS.parent / "benchmarks" / "batch.py"


def folder(path: Path) -> Path:
    for part in ("html", "ground-truth"):
        (path / part).mkdir()
    for number in range(4):
        (path / "html" / f"000{number}.html.gz").write_bytes(gzip.compress(HTML_ARTICLE.encode()))
        truth = {
            "ground_truth": {"main_content": "\n".join(SLUICE)},
            "_internal": {"page_type": {"primary": "article"}},
        }
        (path / "ground-truth" / f"000{number}.json").write_text(json.dumps(truth))
    splits = {"wcxb_pages": {"x-0000": "a.example", "x-0001": "b.example"}, "by_site_or_source": {"b.example": "val"}}
    (path / "splits.json").write_text(json.dumps(splits))
    return path


def run(*arguments: object, script: Path = SCRIPT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603


def test_it_prints_figures_and_speed_beside_trafilatura(tmp_path):
    done = run(folder(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = dict(re.findall(r"\| (.+), article \| (4 .*) \|", done.stdout))
    assert {"noisefilter.extract", "trafilatura default", "trafilatura fast", "trafilatura precision"} <= set(rows)
    f1 = {name: float(row.split(" | ")[3]) for name, row in rows.items()}
    assert f1["noisefilter.extract"] > 0.9
    assert rows["trafilatura default"].endswith("1.00")


def test_a_split_keeps_its_own_pages(tmp_path):
    path = folder(tmp_path)
    done = run(path, "--splits", path / "splits.json", "--split", "val")
    assert done.stdout.startswith("1 pages"), done.stderr


def test_a_folder_of_another_layout_is_refused(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 1
    assert "no ground-truth folder" in done.stderr


def test_without_datatrove_the_batch_has_nothing_to_be_compared_with_and_says_which_extra_brings_it(tmp_path):
    code = (
        "import runpy, sys\nsys.modules['datatrove'] = None\n"
        f"sys.argv = [{str(BATCH)!r}, {str(tmp_path)!r}]\nrunpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603
    assert done.returncode == 1
    assert "datatrove" in done.stderr.partition("not installed")[0]
    assert "'.[bench-batch]'" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not all(map(find_spec, ("datatrove", "orjson", "spacy"))), reason="needs the extra bench-batch")
def test_the_batch_and_datatrove_take_the_same_pages_in_turns(tmp_path):
    done = run(folder(tmp_path) / "html", "--turns", 2, "--files", 2, script=BATCH)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 pages of")
    runs = re.findall(
        r"^(.+): [\d.]+ s \([\d.]+ s computed\), [\d.]+ pages a second, (\d+) pages written$", done.stdout, re.MULTILINE
    )
    assert runs == [(name, "4") for name in ("noisefilter clean", "datatrove", "datatrove", "noisefilter clean")]
    assert re.search(r"^noisefilter clean is [\d.]+ times as fast as datatrove", done.stdout, re.MULTILINE)
