"""What an import costs: `import noisefilter` stays light."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = (
    "sklearn", "trafilatura", "lxml.html", "bs4", "joblib", "numpy", "py3langid", "nupunkt", "typer", "rich", "narwhals", "pandas",
    "polars",
)  # fmt: skip

#: What reads pages and writes records.
READING = ("lxml", "pyarrow", "noisefilter.page", "noisefilter.batch.readers", "noisefilter.batch.writers.lines")
#: Typer prints completion for the shell that it finds among the parents, and there may be none.
SHELL = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}


def loaded(statement: str) -> set[str]:
    """Modules that a statement loads in a fresh interpreter."""
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, capture_output=True, check=True, timeout=60, env={**os.environ, **SHELL})  # noqa: S603
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("statement", ["import noisefilter", "from noisefilter import Page, Score, Span"])
def test_the_package_loads_nothing_that_computes(statement):
    modules = loaded(statement)
    assert "noisefilter.types" in modules
    assert [name for name in HEAVY if name in modules] == []


def test_the_command_line_starts_without_what_reads_writes_or_scores():
    modules = loaded("import noisefilter.cli")
    assert [name for name in HEAVY if name in modules and name != "typer"] == []
    assert not {*READING, "importlib.metadata"} & modules


@pytest.mark.parametrize("arguments", [["--version"], ["-h"], ["clean", "-h"], ["--show-completion", "bash"]])
def test_help_version_and_completion_load_nothing_that_reads_writes_or_scores(arguments):
    call = "try:\n    app()\nexcept SystemExit as end:\n    assert not end.code"
    code = f"import sys\nsys.argv = {['noisefilter', *arguments]}\nfrom noisefilter.cli import app\n{call}"
    modules = loaded(code)
    assert "noisefilter.cli" in modules
    assert not {*READING, "sklearn", "trafilatura", "numpy", "bs4"} & modules


def test_a_plain_text_is_scored_without_trafilatura_and_scikit_learn():
    code = "import noisefilter\nnoisefilter.score('Rain fell on Oberau. ' * 20, format='text')"
    modules = loaded(code)
    assert "noisefilter.networks" in modules
    assert not {"trafilatura", "sklearn", "bs4", "joblib.parallel.loky"} & modules


def test_score_frame_needs_no_library_of_frames():
    modules = loaded("import noisefilter\nnoisefilter.score_frame")
    assert "noisefilter.integrations.frames" in modules
    assert not {"pandas", "polars", "pyarrow"} & modules


@pytest.mark.parametrize("extra", ["datatrove", "scrapy", "spark"])
def test_an_integration_without_its_library_names_the_extra(extra):
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in ("datatrove", "scrapy", "pyspark"))
    code = (
        f"{blocked}\ntry:\n    import noisefilter.integrations.{extra}\n"
        f"except ModuleNotFoundError as error:\n    assert \"pip install 'noisefilter[{extra}]'\" in str(error)\n"
        "else:\n    raise SystemExit('it was imported')"
    )
    assert f"noisefilter.integrations.{extra}" not in loaded(code)


def test_rays_class_is_there_without_ray():
    assert "ray" not in loaded("from noisefilter.integrations.ray import ScoreBatch")
