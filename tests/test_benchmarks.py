"""The extraction benchmark on a folder of a few pages."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.making import CORPUS, HTML_ARTICLE, SLUICE

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = CORPUS.parent / "benchmarks" / "extraction.py"


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


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
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
