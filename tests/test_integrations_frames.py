"""`score_frame`: what a frame gets, what stays as it was, and what is refused."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import noisefilter
from noisefilter import score_frame, score_many
from noisefilter.integrations.rows import COLUMNS
from tests.making import ARTICLE, CORPUS, HTML_ARTICLE

CELLS: list[Any] = [HTML_ARTICLE, None, ARTICLE, "Rain fell."]
LIBRARIES = ("pandas", "polars", "pyarrow")


def frame_of(library: str, columns: dict[str, list[Any]]) -> Any:
    module = pytest.importorskip(library)
    return module.table(columns) if library == "pyarrow" else module.DataFrame(columns)


def cells_of(frame, name: str) -> list[object]:
    """A column as Python values, with None for what is missing."""
    column = frame[name]
    cells = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    return [None if cell is None or cell != cell else cell for cell in cells]  # noqa: PLR0124 - NaN is not itself


@pytest.fixture(params=LIBRARIES)
def library(request) -> str:
    pytest.importorskip(request.param)
    return request.param


def test_a_frame_gets_the_scores_that_score_many_gives(library):
    frame = frame_of(library, {"id": [7, 8, 9, 10], "html": CELLS})
    scored = score_frame(frame, "html")
    scores = list(score_many(cell or "" for cell in CELLS))
    for name in COLUMNS:
        assert cells_of(scored, f"noisefilter_{name}") == [getattr(score, name) for score in scores]
    assert cells_of(scored, "id") == [7, 8, 9, 10]
    assert type(scored) is type(frame)


def test_a_missing_cell_is_empty_and_has_no_numbers(library):
    scored = score_frame(frame_of(library, {"html": CELLS}), "html", prefix="")
    assert cells_of(scored, "status") == ["ok", "empty", "ok", "too_short"]
    assert cells_of(scored, "noise")[1] is None
    assert cells_of(scored, "text")[1] == ""


def test_the_frame_that_was_given_stays_as_it_was(library):
    frame = frame_of(library, {"html": CELLS})
    names = list(getattr(frame, "column_names", frame.columns))
    score_frame(frame, "html")
    assert list(getattr(frame, "column_names", frame.columns)) == names == ["html"]


def test_columns_and_prefix_say_what_is_added(library):
    frame = frame_of(library, {"html": CELLS, "text": CELLS})
    scored = score_frame(frame, "html", columns=["verdict", "title"], prefix="nf.")
    assert list(getattr(scored, "column_names", scored.columns)) == ["html", "text", "nf.verdict", "nf.title"]


def test_addresses_and_titles_come_from_their_columns(library):
    frame = frame_of(
        library, {"page": [ARTICLE, ARTICLE], "from": ["https://a.example/", None], "head": ["A story", None]}
    )
    scored = score_frame(frame, "page", url="from", title="head", columns=["title", "url"])
    guessed = noisefilter.score(ARTICLE).title
    assert cells_of(scored, "noisefilter_title") == ["A story", guessed]
    assert guessed != "A story"
    assert cells_of(scored, "noisefilter_url") == ["https://a.example/", None]


def test_workers_give_the_same_as_one_process(library):
    frame = frame_of(library, {"html": CELLS})
    one, two = (score_frame(frame, "html", jobs=jobs) for jobs in (1, 2))
    for name in COLUMNS:
        assert cells_of(one, f"noisefilter_{name}") == cells_of(two, f"noisefilter_{name}")


def test_pages_may_be_bytes(library):
    frame = frame_of(library, {"body": [HTML_ARTICLE.encode(), None]})
    assert cells_of(score_frame(frame, "body", columns=["status"]), "noisefilter_status") == ["ok", "empty"]


def test_an_empty_frame_gets_its_columns(library):
    scored = score_frame(frame_of(library, {"html": CELLS})[:0], "html", columns=["noise", "verdict"])
    assert list(getattr(scored, "column_names", scored.columns)) == ["html", "noisefilter_noise", "noisefilter_verdict"]
    assert len(scored) == 0


def test_a_new_column_never_takes_the_place_of_one_that_is_there(library):
    with pytest.raises(ValueError, match="column 'text' already: choose another prefix"):
        score_frame(frame_of(library, {"html": CELLS, "text": CELLS}), "html", prefix="")


def test_a_column_of_numbers_is_refused_with_its_row(library):
    with pytest.raises(TypeError, match="column 'id', row 0, holds int, neither text nor bytes"):
        score_frame(frame_of(library, {"id": [1, 2]}), "id")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column": "body"}, "no column 'body': the data has html"),
        ({"column": "html", "url": "link"}, "no column 'link'"),
        ({"column": "html", "columns": ["noise", "smell"]}, "no column 'smell': choose from noise"),
        ({"column": "html", "columns": ["noise", "noise"]}, "twice"),
        ({"column": "html", "format": "pdf"}, "format must be"),
        ({"column": "html", "thresholds": {"smell": 0.5}}, "smell"),
        ({"column": "html", "jobs": 0}, "jobs must be"),
    ],
)
def test_wrong_arguments_are_refused_even_for_an_empty_frame(library, options, message):
    with pytest.raises(ValueError, match=message):
        score_frame(frame_of(library, {"html": CELLS})[:0], **options)


def test_a_bare_string_of_columns_is_refused(library):
    with pytest.raises(TypeError, match="not a string"):
        score_frame(frame_of(library, {"html": CELLS}), "html", columns="noise")


def test_a_lazy_frame_is_told_to_be_collected():
    polars = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"lazy frame \(polars.LazyFrame\): call .collect\(\)"):
        score_frame(polars.LazyFrame({"html": CELLS}), "html")


@pytest.mark.parametrize("no_frame", [{"html": CELLS}, CELLS, HTML_ARTICLE, None])
def test_what_is_no_frame_is_refused(no_frame):
    with pytest.raises(TypeError, match="takes a pandas or Polars DataFrame"):
        score_frame(no_frame, "html")


def test_an_index_with_repeated_labels_stays():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"html": CELLS}, index=["b", "a", "b", "c"])
    scored = score_frame(frame, "html")
    assert list(scored.index) == ["b", "a", "b", "c"]
    assert cells_of(scored, "noisefilter_status") == ["ok", "empty", "ok", "too_short"]


@pytest.mark.parametrize("missing", [None, float("nan"), "NA", "NaT"])
def test_whatever_pandas_calls_missing_is_empty(missing):
    pandas = pytest.importorskip("pandas")
    cell = getattr(pandas, missing) if isinstance(missing, str) else missing
    frame = pandas.DataFrame({"html": pandas.Series([cell, ARTICLE], dtype=object)})
    assert cells_of(score_frame(frame, "html"), "noisefilter_status") == ["empty", "ok"]


def test_two_columns_of_one_name_are_refused():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([[ARTICLE, ARTICLE]], columns=["html", "html"])
    with pytest.raises(ValueError, match="html"):
        score_frame(frame, "html")


def test_rays_class_scores_a_batch_in_every_format(library):
    from noisefilter.integrations.ray import ScoreBatch  # noqa: PLC0415

    numpy = importlib.import_module("numpy")
    scorer = ScoreBatch("html", url="url", columns=[*COLUMNS, "url"])
    columns = {"html": CELLS, "url": ["https://a.example/"] * 4}
    framed = scorer(frame_of(library, columns))
    arrays = scorer({name: numpy.array(cells, dtype=object) for name, cells in columns.items()})
    assert list(arrays) == [*columns, *(f"noisefilter_{name}" for name in (*COLUMNS, "url"))]
    assert cells_of(framed, "noisefilter_url") == columns["url"]
    for name in arrays:
        assert cells_of(framed, name) == cells_of(arrays, name)


def test_rays_class_reads_nan_in_a_batch_of_arrays_as_missing():
    from noisefilter.integrations.ray import ScoreBatch  # noqa: PLC0415

    numpy = importlib.import_module("numpy")
    batch = {"html": numpy.array([float("nan"), ARTICLE], dtype=object)}
    scored = ScoreBatch("html", columns=["noise", "status"])(batch)
    assert list(scored["noisefilter_status"]) == ["empty", "ok"]
    assert numpy.isnan(scored["noisefilter_noise"][0])
    assert scored["noisefilter_noise"].dtype == numpy.float64


def test_rays_class_refuses_wrong_arguments_before_a_worker_starts():
    from noisefilter.integrations.ray import ScoreBatch  # noqa: PLC0415

    with pytest.raises(ValueError, match="no column 'smell'"):
        ScoreBatch("html", columns=["smell"])
    with pytest.raises(ValueError, match="column 'noisefilter_noise' already"):
        ScoreBatch("html")({"html": [ARTICLE], "noisefilter_noise": [1.0]})


def test_rays_class_takes_the_folder_of_a_model():
    from noisefilter.integrations.ray import ScoreBatch  # noqa: PLC0415

    folder = CORPUS.parent / "models" / "default"
    scored = ScoreBatch("html", columns=["noise"], model=str(folder))({"html": [HTML_ARTICLE]})
    assert list(scored["noisefilter_noise"]) == [noisefilter.score(HTML_ARTICLE).noise]
    with pytest.raises(noisefilter.ModelError):
        ScoreBatch("html", model="nowhere")({"html": [HTML_ARTICLE]})
