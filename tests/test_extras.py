"""A missing extra is told before the work starts: no page is read, scored or kept until then."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from noisefilter import cli
from noisefilter.batch import Options, RefusedError, run
from noisefilter.batch.inputs import Inputs
from noisefilter.batch.sources import list_sources
from noisefilter.batch.storage import LocalFolder
from noisefilter.viewing.sources import seen_pages
from tests.calling import call
from tests.making import ARTICLE

if TYPE_CHECKING:
    from pathlib import Path


class Unread(io.BytesIO):
    """Standard input that must not be read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError


@pytest.fixture
def without(monkeypatch):
    """Makes a module impossible to import."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(("form", "module"), [("parquet", "pyarrow"), ("jsonl.zst", "zstandard")])
def test_what_writes_the_output_is_looked_for_before_standard_input_is_read(without, tmp_path, form, module):
    without(module)
    with pytest.raises(RefusedError, match=rf"--format {form}.* needs {module}: .*noisefilter\[batch\]"):
        run(["-"], tmp_path / "cleaned", Options(format=form), stdin=Unread())


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("a.warc", "fastwarc"),
        ("a.warc.gz", "zstandard"),
        ("a.warc.gz", "brotli"),
        ("a.parquet", "pyarrow"),
        ("a.jsonl.zst", "zstandard"),
    ],
)
def test_what_reads_an_input_is_looked_for_when_inputs_are_listed(without, tmp_path, monkeypatch, name, module):
    for other in ("fastwarc", "zstandard", "brotli"):
        monkeypatch.setitem(sys.modules, other, ModuleType(other))
    without(module)
    (tmp_path / name).write_bytes(b"not read")
    with pytest.raises(RefusedError, match=rf"reading .* needs {module}: .*noisefilter\[batch\]"):
        list_sources([str(tmp_path / name)], "auto", LocalFolder(tmp_path / "out"), None)


def test_what_opens_a_url_of_the_web_is_named():
    pytest.importorskip("fsspec")  # which remembers what it has imported: in a process of its own
    asked = "import sys; sys.modules['aiohttp'] = None; from noisefilter.cli import app; app()"
    called = [sys.executable, "-c", asked, "score", "https://a.example/a.jsonl"]
    answer = subprocess.run(called, capture_output=True, text=True, check=False)  # noqa: S603 - our code
    assert answer.returncode == 2
    assert re.search(r"https://a\.example/a\.jsonl needs another package: .*'fsspec\[http\]'", answer.stderr)


def test_a_report_scores_no_page_before_all_inputs_can_be_read(without, tmp_path):
    without("zstandard")
    (tmp_path / "one.txt").write_text(ARTICLE, encoding="utf8")
    (tmp_path / "two.jsonl.zst").write_bytes(b"not read")
    pages = seen_pages(Inputs([str(tmp_path / name) for name in ("one.txt", "two.jsonl.zst")]))
    with pytest.raises(RefusedError, match="zstandard"):
        next(pages)


@pytest.mark.parametrize("name", ["report", "review"])
def test_a_report_without_its_extra_reads_nothing(without, tmp_path, name):
    without("jinja2")
    done = call(name, str(tmp_path / "nowhere"), "--model", str(tmp_path / "none"))
    assert done.exit_code == 2
    assert "noisefilter[report]" in done.stderr
    assert "nowhere" not in done.stderr


def test_training_a_reader_without_its_extra_reads_nothing(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(cli, "find_spec", lambda _: None)
    done = call("train", str(tmp_path / "nowhere"), "-o", str(tmp_path / "model"), "--reader")
    assert done.exit_code == 2
    assert "--reader needs onnx: python -m pip install 'noisefilter[onnx]'" in done.stderr
    assert "nowhere" not in done.stderr
