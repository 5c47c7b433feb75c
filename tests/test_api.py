"""The public functions: which arguments they take, and what they say of others."""

from __future__ import annotations

import inspect
import json

import pytest

import noisefilter
from noisefilter import ModelError, Page, Score, clean_html, load, score, score_many
from noisefilter.batch import RefusedError, run
from noisefilter.integrations.rows import Scoring
from tests.batches import options
from tests.making import ARTICLE, HTML_ARTICLE

ENGLISH = ["en", "EN", "en-US", "en_GB"]
OTHERS = ["de", "pt_BR", "zh-Hans", "my"]


@pytest.mark.parametrize("code", [*ENGLISH, *OTHERS])
def test_a_language_is_a_code_of_iso_639_1_with_or_without_script_and_region(code):
    assert score(ARTICLE, language=code).status == ("ok" if code in ENGLISH else "language")


@pytest.mark.parametrize("name", ["english", "eng", "xx", "", "German"])
def test_what_is_no_code_of_a_language_is_refused_by_every_call(name):
    for call in (
        lambda: score(ARTICLE, language=name),
        lambda: score_many([ARTICLE], language=name),
        lambda: clean_html(HTML_ARTICLE, language=name),
        lambda: Scoring(language=name),
    ):
        with pytest.raises(ValueError, match=f"ISO 639-1, such as 'en' or 'pt-BR', not '{name}'"):
            call()


def test_a_record_gives_back_an_equal_score():
    found = score(HTML_ARTICLE)
    assert found.measures
    assert Score.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_a_url_or_title_beside_another_one_of_the_page_is_refused():
    page = Page(ARTICLE, url="https://a.example", title="Rain")
    assert score(page, url="https://a.example", title="Rain").url == "https://a.example"
    assert score(Page(ARTICLE), url="https://b.example").url == "https://b.example"
    with pytest.raises(ValueError, match=r"url is given twice: 'https://a\.example' by the Page, 'https://b\."):
        score(page, url="https://b.example")
    with pytest.raises(ValueError, match="title is given twice"):
        score(page, title="Sun")


def test_a_model_shows_itself_in_one_line():
    assert repr(load("fast")).startswith("<Model fast-")
    assert repr(load("fast")).endswith(": without a reader>")
    assert repr(load("default")).endswith(": with a reader>")


def test_an_unknown_model_is_answered_with_the_known_names(tmp_path):
    wanted = "no model 'fats': choose from default, fast, or name the folder"
    for call in (load, lambda name: score(ARTICLE, model=name), lambda name: list(score_many([ARTICLE], model=name))):
        with pytest.raises(ModelError, match=wanted):
            call("fats")
    with pytest.raises(RefusedError, match=wanted):
        run([], tmp_path / "out", options(model="fats"))


@pytest.mark.parametrize("name", ["score", "score_many", "score_frame", "extract", "clean_html"])
def test_each_call_takes_a_model_by_its_name(name):
    parameters = inspect.signature(getattr(noisefilter, name)).parameters
    assert parameters["model"].annotation == "Model | str | Path | None"


def test_a_run_of_a_single_name_is_refused_instead_of_read_letter_by_letter(tmp_path):
    for name in ("mine/", tmp_path):
        with pytest.raises(TypeError, match=r"run takes several inputs: write \['"):
            run(name, tmp_path / "out", options())


def test_a_page_that_is_none_is_named_by_its_place():
    with pytest.raises(TypeError, match="page 2: a page must be bytes or str, not NoneType"):
        list(score_many([ARTICLE, ARTICLE, None]))  # type: ignore[list-item]
