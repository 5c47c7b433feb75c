"""Of the builds of each kind of page, nearly all come out whole (docs/decisions/0060-builds-of-each-kind.md)."""

from __future__ import annotations

import pytest

from noisefilter import extract
from noisefilter.model import FAST
from tests.builds import KINDS, faults, sample

#: Builds of a kind that are read, and most of them with a fault.
READ, FAULTY = 60, 2


@pytest.mark.parametrize("kind", KINDS)
def test_nearly_all_builds_of_a_kind_come_out_whole(kind):
    found = {build.name: faults(build, extract(build.html, model=FAST)) for build in sample(kind, READ)}
    faulty = {name: wrong[:3] for name, wrong in found.items() if wrong}
    assert len(faulty) <= FAULTY, faulty
