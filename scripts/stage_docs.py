"""The repository's pages → the tree that MkDocs builds the site from: each page where it lies, so that its links hold.

A hook of `mkdocs.yml`: pages link to one another across folders (README.md, docs/, corpus/, benchmarks/, models/), and MkDocs reads
one folder only.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).parent.parent
PAGES = (
    "*.md", "docs/*.md", "docs/*.ipynb", "docs/decisions/*.md", "corpus/README.md", "benchmarks/README.md", "models/*/CARD.md", "models/*/*.svg",
)  # fmt: skip
#: What notebooks read.
DATA = ("corpus/pages/*.html", "corpus/*.jsonl")
DECISIONS = "docs/decisions"

_stage = TemporaryDirectory(prefix="noisefilter-docs-")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Copy the pages, list the decisions, and let MkDocs read the copy."""
    stage = Path(_stage.name)
    for pattern in (*PAGES, *DATA):
        for file in ROOT.glob(pattern):
            target = stage / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    titles = {
        file.name: file.read_text(encoding="utf8").split("\n", 1)[0].lstrip("# ")
        for file in sorted((ROOT / DECISIONS).glob("0*.md"))
    }
    lines = ["# Decisions", "", *(f"- [{title}]({name})" for name, title in titles.items()), ""]
    (stage / DECISIONS / "README.md").write_text("\n".join(lines), encoding="utf8")
    config.docs_dir = str(stage)
    return config
