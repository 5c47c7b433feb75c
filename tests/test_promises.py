"""Every promise names the tests that hold it, and these exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.making import TESTS

PROMISES = re.split(r"^- ", (TESTS.parent / "docs" / "promises.md").read_text(encoding="utf8"), flags=re.MULTILINE)[1:]
NAMED = re.compile(r"`(tests/\w+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise[:50])
def test_a_promise_names_tests_that_exist(promise):
    named = NAMED.findall(promise)
    assert named or "the same tests" in promise
    for path, test in named:
        tree = ast.parse((TESTS.parent / path).read_text(encoding="utf8"))
        assert not test or test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_there_are_promises_of_every_section():
    assert len(PROMISES) > 50
