"""Every promise names the tests that hold it, and these exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.making import TESTS

ROWS = [
    line
    for line in (TESTS.parent / "docs" / "promises.md").read_text(encoding="utf8").splitlines()
    if line.startswith("| ") and not line.startswith("| promise ")
]
NAMED = re.compile(r"`(tests/\w+\.py)::(\w+)`")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:50])
def test_a_promise_names_a_test_that_exists(row):
    named = NAMED.findall(row.rpartition("|")[0].rpartition("|")[2])
    assert named
    for path, test in named:
        tree = ast.parse((TESTS.parent / path).read_text(encoding="utf8"))
        assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_there_are_promises():
    assert len(ROWS) > 10
