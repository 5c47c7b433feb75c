"""A Spark frame → the same frame with the scores of a column, by `mapInPandas`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noisefilter.integrations.frames import FrameScorer
from noisefilter.integrations.rows import COLUMNS, PREFIX
from noisefilter.types import needs_extra

try:
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs_extra(__name__, "pyspark", "spark")) from error

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    import pandas as pd
    from pyspark.sql import DataFrame

    from noisefilter.policy import Policy
    from noisefilter.types import Format


def score_dataframe(
    df: DataFrame,
    column: str,
    *,
    url: str | None = None,
    title: str | None = None,
    columns: Collection[str] = COLUMNS,
    prefix: str = PREFIX,
    format: Format = "auto",  # noqa: A002
    language: str | None = None,
    policy: Policy | str | Path | None = None,
    thresholds: Mapping[str, float] | None = None,
    model: str | Path | None = None,
) -> DataFrame:
    """The frame with one new column for each value of the pages' scores; computed lazily by Spark.

    Arguments as for `score_frame`, but `model` is a folder that every worker can read. The work is spread by
    partitions: repartition a frame that has fewer than there are cores.

    Raises:
        TypeError: `columns` is a bare string.
        ValueError: a column that the frame lacks, or one that it has already; an unknown format, threshold or column.
    """
    score_batches = ScoreBatches(
        column,
        url=url,
        title=title,
        columns=columns,
        prefix=prefix,
        format=format,
        language=language,
        policy=policy,
        thresholds=thresholds,
        model=model,
    )
    score_batches.check_names(df.columns)
    new = [StructField(name, DoubleType() if number else StringType()) for name, number in score_batches.added.items()]
    return df.mapInPandas(score_batches, schema=StructType([*df.schema.fields, *new]))


class ScoreBatches(FrameScorer):
    """The function for `mapInPandas`: takes batches of rows and gives them back with their scores."""

    def __call__(self, batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The batches, each with the new columns."""
        yield from map(self.score_frame, batches)
