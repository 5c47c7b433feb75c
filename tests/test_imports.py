"""What an import costs: `import noisefilter` stays light."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("sklearn", "trafilatura", "lxml.html", "bs4", "joblib", "numpy", "py3langid", "nupunkt", "typer", "rich")


def loaded(statement: str) -> set[str]:
    """Modules that a statement loads in a fresh interpreter."""
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)  # noqa: S603
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("statement", ["import noisefilter", "from noisefilter import Page, Score, Span"])
def test_the_package_loads_nothing_that_computes(statement):
    modules = loaded(statement)
    assert "noisefilter.types" in modules
    assert [name for name in HEAVY if name in modules] == []


def test_the_command_line_does_not_load_scikit_learn_for_its_help():
    assert not {"sklearn", "trafilatura"} & loaded("import noisefilter.cli")


def test_a_plain_text_is_scored_without_trafilatura():
    code = "import noisefilter\nnoisefilter.score('Rain fell on Oberau. ' * 20, format='text')"
    modules = loaded(code)
    assert "sklearn" in modules
    assert not {"trafilatura", "bs4", "joblib.parallel.loky"} & modules
