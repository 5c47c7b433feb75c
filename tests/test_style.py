"""Words that the glossary leaves out stay out of the code, which the formatter lays out, in files that one can take in."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import noisefilter

#: They say nothing of what a variable holds.
BANNED = {"own", "said", "told", "heard"}
#: Lines of a file.
LONGEST = 400
FILES = sorted(Path(noisefilter.__file__).parent.rglob("*.py"))


def named(tree: ast.AST) -> set[str]:
    """Arguments, variables and attributes that the code makes."""
    made = [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    made += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    made += [
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    ]
    return set(made)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_names_say_what_they_hold(path):
    text = path.read_text(encoding="utf8")
    assert named(ast.parse(text)) & BANNED == set()
    assert "furniture" not in text.lower()  # boilerplate
    assert "fmt: skip" not in text
    assert text.count("\n") <= LONGEST


def test_a_banned_name_is_found():
    for code in ("own = 1", "def f(said): pass", "[told for told in ()]", "self.heard = 1"):
        assert named(ast.parse(code)) & BANNED
