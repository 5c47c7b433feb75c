"""Spark: the function for `mapInPandas` on batches, and the frame in a session, where there is Java."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from noisefilter import score
from noisefilter.integrations.rows import COLUMNS
from tests.making import ARTICLE, CORPUS, HTML_ARTICLE

pytest.importorskip("pyspark")
pandas = pytest.importorskip("pandas")

from pyspark.sql import SparkSession  # noqa: E402 - after the check that Spark is there

from noisefilter.integrations.spark import ScoreBatches, score_dataframe  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")  # Spark's own imports and py4j's sockets warn

#: A number that a float cannot hold: pandas would turn it into another beside a missing one.
LONG = 2**60 + 1
ROWS = [(LONG, HTML_ARTICLE, ["a"]), (None, None, None), (2, ARTICLE, []), (3, "Rain fell.", ["b", "c"])]


@pytest.fixture(scope="module")
def session():
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(CORPUS.parent), os.environ.get("PYTHONPATH", "")]))
        builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        started = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
        yield started
        started.stop()


@pytest.fixture(scope="module")
def frame(session):
    return session.createDataFrame(ROWS, "id long, html string, tags array<string>")


def test_a_batch_gets_the_scores_that_score_gives():
    batches = [pandas.DataFrame({"html": [HTML_ARTICLE, None]}), pandas.DataFrame({"html": [ARTICLE]})]
    first, second = ScoreBatches("html")(iter(batches))
    assert list(first["noisefilter_status"]) == ["ok", "empty"]
    for name in COLUMNS:
        assert first[f"noisefilter_{name}"][0] == getattr(score(HTML_ARTICLE), name)
        assert second[f"noisefilter_{name}"][0] == getattr(score(ARTICLE), name)


def test_a_spark_frame_gets_its_columns_and_keeps_the_others(frame):
    rows = score_dataframe(frame, "html").collect()
    assert [(row["id"], row["html"], row["tags"]) for row in rows] == ROWS
    scores = [score(html or "") for _, html, _ in ROWS]
    for name in COLUMNS:
        assert [row[f"noisefilter_{name}"] for row in rows] == [getattr(found, name) for found in scores]


def test_a_missing_number_is_null_and_not_nan(frame):
    scored = score_dataframe(frame, "html", columns=["noise"], prefix="")
    assert scored.where("noise is null").count() == 2
    assert scored.where("isnan(noise)").count() == 0


def test_wrong_arguments_are_refused_before_a_job_starts(frame):
    for options, message in (
        ({"column": "body"}, "no column 'body'"),
        ({"column": "html", "columns": ["smell"]}, "no column 'smell'"),
        ({"column": "html", "columns": ["text"], "prefix": "", "url": "link"}, "no column 'link'"),
        ({"column": "html", "format": "pdf"}, "format must be"),
        ({"column": "html", "thresholds": {"smell": 0.5}}, "smell"),
    ):
        with pytest.raises(ValueError, match=message):
            score_dataframe(frame, **options)
    with pytest.raises(ValueError, match="column 'noisefilter_noise' already"):
        score_dataframe(score_dataframe(frame, "html"), "html")


def test_score_frame_sends_spark_frames_here(frame):
    from noisefilter import score_frame  # noqa: PLC0415

    with pytest.raises(TypeError, match=r"noisefilter.integrations.spark.score_dataframe"):
        score_frame(frame, "html")
