"""The first example of a page prints what the page says."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.making import TESTS

ROOT = TESTS.parent
EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\n\n```text\n(?P<printed>.*?)```", flags=re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/api.md"])
def test_the_first_example_prints_what_the_page_says(page):
    example = EXAMPLE.search((ROOT / page).read_text(encoding="utf8"))
    assert example is not None
    command = [sys.executable, "-X", "utf8", "-c", example["code"]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf8", timeout=120, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    assert [line.rstrip() for line in done.stdout.splitlines()] == example["printed"].splitlines()
