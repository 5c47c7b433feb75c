"""The examples of docs/integrations.md, run to the letter against the real libraries."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from noisefilter import Page, score_many
from tests.making import CORPUS
from tests.serving import served

if TYPE_CHECKING:
    from pathlib import Path

    from noisefilter import Score

INTEGRATIONS = CORPUS.parent / "docs" / "integrations.md"
GOOD = {"keep", "trim"}
#: What is left where only what drops is left out.
LEFT = (*GOOD, "review")


def example(library: str) -> str:
    """The code that imports the library."""
    page = INTEGRATIONS.read_text(encoding="utf8")
    codes = [part.split("```")[0] for part in page.split("```python\n")[1:]]
    (code,) = [code for code in codes if f"import {library}" in code or f"from {library}" in code]
    assert sum(bool(line) for line in code.splitlines()) <= 10
    return code


@pytest.fixture(scope="module")
def pages() -> list[dict[str, str]]:
    rows = [json.loads(line) for line in (CORPUS / "pages.jsonl").read_text(encoding="utf8").splitlines()]
    html = [(CORPUS / row["path"]).read_text(encoding="utf8") for row in rows[::4]]
    return [
        *({"url": row["url"], "html": content} for row, content in zip(rows[::4], html, strict=True)),
        {"url": "http://news.example/short", "html": "<p>Rain fell.</p>"},
    ]


@pytest.fixture(scope="module")
def scores(pages) -> dict[str, Score]:
    found = score_many(Page(page["html"], page["url"]) for page in pages)
    return {score.url or "": score for score in found}


@pytest.fixture
def folder(tmp_path, pages) -> Path:
    """A folder that holds what the examples read."""
    lines = "".join(json.dumps(page) + "\n" for page in pages)
    (tmp_path / "pages.jsonl").write_text(lines, encoding="utf8")
    (tmp_path / "crawl").mkdir()
    (tmp_path / "crawl" / "pages.jsonl").write_text(lines, encoding="utf8")
    return tmp_path


def run(folder: Path, *command: str, **variables: str) -> str:
    """What a command prints when it is run in the folder."""
    paths = os.pathsep.join([str(CORPUS.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, **variables}
    done = subprocess.run(  # noqa: S603
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def run_example(library: str, folder: Path) -> str:
    (folder / "example.py").write_text(example(library), encoding="utf8")
    return run(folder, "example.py", PYSPARK_PYTHON=sys.executable)  # else Spark's workers take the PATH's python3


def records(folder: Path) -> list[dict[str, Any]]:
    lines = (line for path in sorted(folder.rglob("*.json*")) for line in path.read_text(encoding="utf8").splitlines())
    return [json.loads(line) for line in lines]


def test_the_pandas_example_writes_the_good_pages(folder, scores):
    pytest.importorskip("pandas")
    run_example("pandas", folder)
    with (folder / "good.csv").open(encoding="utf8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["url"] for row in rows] == [url for url, score in scores.items() if score.verdict in GOOD]
    assert [float(row["noisefilter_noise"]) for row in rows] == [scores[row["url"]].noise for row in rows]
    assert [row["noisefilter_text"] for row in rows] == [scores[row["url"]].text for row in rows]


def test_the_polars_example_counts_the_verdicts(folder, scores):
    pytest.importorskip("polars")
    printed = run_example("polars", folder)
    for verdict in {score.verdict for score in scores.values()}:
        count = sum(score.verdict == verdict for score in scores.values())
        (line,) = [line for line in printed.splitlines() if f" {verdict} " in line]
        assert f" {count} " in line


def test_the_scrapy_example_crawls_a_site_and_drops_its_noise(folder, pages):
    pytest.importorskip("scrapy")
    site = {f"/{number}": page["html"] for number, page in enumerate(pages)}
    site["/"] = "<nav>" + "".join(f'<a href="{path}">Story</a> ' for path in site) + "</nav>"
    (folder / "stories.py").write_text(example("scrapy"), encoding="utf8")
    with served(site) as (address, asked):
        run(
            folder, "-m", "scrapy", "runspider", "stories.py", "-O", "stories.jsonl", "-s", "ROBOTSTXT_OBEY=0",
            http_proxy=address,
        )  # fmt: skip
    expected = {f"http://news.example/{number}": score for number, score in enumerate(score_many(site.values()))}
    expected["http://news.example/"] = expected.pop(f"http://news.example/{len(pages)}")
    kept = {url: score for url, score in expected.items() if score.verdict in LEFT}
    items = {row["url"]: row for row in records(folder) if "noisefilter_noise" in row}
    assert set(asked) >= set(site)
    assert set(items) == set(kept) < set(expected)
    assert {url: row["noisefilter_noise"] for url, row in items.items()} == {url: kept[url].noise for url in kept}


def test_the_datatrove_example_keeps_the_articles_and_says_why_the_others_went(folder, scores):
    pytest.importorskip("datatrove")
    pytest.importorskip("orjson")
    run_example("datatrove", folder)
    kept = {row["metadata"]["url"]: row for row in records(folder / "kept")}
    dropped = {row["metadata"]["url"]: row["metadata"]["filter_reason"] for row in records(folder / "dropped")}
    assert set(kept) == {url for url, score in scores.items() if score.verdict in LEFT}
    assert {url: row["text"] for url, row in kept.items()} == {url: scores[url].text for url in kept}
    assert set(dropped) == set(scores) - set(kept)
    assert dropped["http://news.example/short"] == "unscored_too_short"


def test_the_spark_example_writes_the_good_pages(folder, scores):
    pytest.importorskip("pyspark")
    parquet = pytest.importorskip("pyarrow.parquet")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    run_example("pyspark", folder)
    rows = {row["url"]: row for row in parquet.read_table(folder / "good").to_pylist()}
    assert {url: row["noisefilter_text"] for url, row in rows.items()} == {
        url: score.text for url, score in scores.items() if score.verdict in GOOD
    }


def test_the_ray_example_writes_the_good_pages(folder, scores):
    pytest.importorskip("ray.data")
    run_example("ray", folder)
    rows = {row["url"]: row for row in records(folder / "good")}
    assert {url: row["noisefilter_noise"] for url, row in rows.items()} == {
        url: score.noise for url, score in scores.items() if score.verdict in GOOD
    }
