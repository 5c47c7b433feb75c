"""Links of all Markdown files lead to files and headings that exist."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from tests.making import TESTS

if TYPE_CHECKING:
    from pathlib import Path

ROOT = TESTS.parent
#: Folders that hold no page of the project's own.
NOT_OURS = {"build", "dist", "node_modules", "site-packages"}
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]*(?:\([^()\s]*\))?[^()\s]*)\)")
CODE = re.compile(r"^ *(```|~~~).*?^ *\1[^\n]*$|`[^`\n]+`", flags=re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", flags=re.MULTILINE)


def pages() -> list[Path]:
    """The Markdown files of the clone."""
    return [
        file
        for file in sorted(ROOT.rglob("*.md"))
        if not any(part.startswith(".") or part in NOT_OURS for part in file.relative_to(ROOT).parts)
    ]


def links(text: str) -> list[str]:
    """Targets of the links outside of code."""
    return [target for target in LINK.findall(CODE.sub("", text)) if not re.match(r"[a-z]+:", target)]


@lru_cache
def anchors(file: Path) -> set[str]:
    """Anchors of a page's headings, named as GitHub names them."""
    found: dict[str, int] = {}
    text = re.sub(r"^ *(```|~~~).*?^ *\1[^\n]*$", "", file.read_text(encoding="utf8"), flags=re.MULTILINE | re.DOTALL)
    names = set()
    for heading in HEADING.findall(text):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        count = found[name] = found.get(name, -1) + 1
        names.add(f"{name}-{count}" if count else name)
    return names


def broken(file: Path) -> list[str]:
    """The page's links that lead nowhere."""
    missing = []
    for target in links(file.read_text(encoding="utf8")):
        path, _, anchor = target.partition("#")
        other = (file.parent / path).resolve() if path else file
        if not other.exists() or (anchor and anchor not in anchors(other)):
            missing.append(target)
    return missing


@pytest.mark.parametrize("file", pages(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(file):
    assert broken(file) == []


def test_a_link_to_no_file_and_one_to_no_heading_are_broken(tmp_path):
    (tmp_path / "other.md").write_text(
        "# Once\n\n## `one.py` and (two)\n\n# Once\n\n```\n# Code\n```\n", encoding="utf8"
    )
    page = tmp_path / "page.md"
    good = "[a](other.md) [b](other.md#onepy-and-two) [c](other.md#once-1) [d](https://news.example/x) `[e](code.md)`"
    page.write_text(f"{good} [f](none.md) [g](other.md#code) [h](#none)\n", encoding="utf8")
    assert broken(page) == ["none.md", "other.md#code", "#none"]
