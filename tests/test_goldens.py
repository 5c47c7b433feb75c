"""Scores of the project's own pages stay what they were, byte for byte, unless somebody means to change them."""

from __future__ import annotations

import json

import pytest
from check_goldens import corpus_pages, hash_scores

from tests.making import TESTS


def test_scores_are_what_they_were(fast):
    wanted = json.loads((TESTS / "golden" / "scores.json").read_text(encoding="utf8"))
    if wanted.pop("model") != fast.label:
        pytest.skip(
            "the goldens are another model's: run `python scripts/check_goldens.py --write tests/golden/scores.json`"
        )
    found = hash_scores(corpus_pages(), fast)
    assert {name for name in wanted if wanted[name] != found.get(name)} == set()
