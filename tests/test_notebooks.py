"""The notebooks of docs/ run from the first cell to the last."""

from __future__ import annotations

import json

import pytest

from tests.making import TESTS

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

DOCS = TESTS.parent / "docs"
NOTEBOOKS = sorted(DOCS.glob("*.ipynb"))


def run(name: str) -> list[str]:
    """What each cell of code prints and shows."""
    notebook = nbformat.read(DOCS / name, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(DOCS)}}).execute()
    return [json.dumps(cell["outputs"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_a_page_is_looked_at():
    shown = run("look-at-a-page.ipynb")
    assert "noise" in shown[1]
    assert "off_topic" in shown[2]
    assert "<iframe" in shown[-1]


def test_a_crawl_is_cleaned_and_reviewed():
    shown = run("clean-and-review.ipynb")
    assert "24 read: 24 kept, 0 dropped, 0 rejected" in shown[1]
    assert "drop" in shown[2]
    assert "report.html: 24 pages" in shown[-2]
    assert "review.html: the 10 most doubtful of 24 pages" in shown[-1]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_no_output_is_kept_that_could_be_stale(path):
    cells = json.loads(path.read_text(encoding="utf8"))["cells"]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)
