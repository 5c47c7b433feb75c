"""What stands in several files says the same, and the examples of docstrings print what they say."""

from __future__ import annotations

import doctest
import re
import tomllib

import pytest

import noisefilter
from tests.making import TESTS

ROOT = TESTS.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf8")


def test_the_version_is_the_same_everywhere():
    (cited,) = re.findall(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(encoding="utf8"), flags=re.MULTILINE)
    assert noisefilter.__version__ == PROJECT["project"]["version"] == cited


def test_the_image_gets_what_its_build_reads_and_extras_that_exist():
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    project = PROJECT["project"]
    needed = {
        "pyproject.toml",
        project["readme"],
        *project["license-files"],
        *wheel["packages"],
        *wheel["force-include"],
    }
    copied = {name for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, flags=re.MULTILINE) for name in line.split()}
    assert copied == needed
    (extras,) = re.findall(r"'\.\[(.*)\]'", DOCKERFILE)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("name", noisefilter.__all__)
def test_the_api_page_names_what_is_public(name):
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf8")
    assert f"::: noisefilter.{name}\n" in page


@pytest.mark.parametrize("name", ["score", "extract", "Policy", "SiteProfile"])
def test_examples_of_docstrings_print_what_they_say(name):
    own = getattr(noisefilter, name)
    tests = [test for test in doctest.DocTestFinder().find(own, name, globs={name: own}) if test.examples]
    assert tests
    assert [doctest.DocTestRunner(verbose=False).run(test).failed for test in tests] == [0] * len(tests)


def test_adapting_a_reader_needs_no_torch():
    extras = PROJECT["project"]["optional-dependencies"]
    assert [needed.partition(">")[0] for needed in extras["onnx"]] == ["onnx"]


def test_what_trains_the_reader_stays_in_the_repository():
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["noisefilter"]
    files = (ROOT / "noisefilter").rglob("*.py")
    assert [file for file in files if re.search("torch|reader_training", file.read_text(encoding="utf8"))] == []
