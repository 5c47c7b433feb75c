"""A Spark frame → the same frame with the scores of a column, by `mapInPandas`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noisefilter.integrations.frames import score_frame
from noisefilter.integrations.rows import (
    COLUMNS,
    PREFIX,
    check_columns,
    check_names,
    check_options,
    needs_extra,
)
from noisefilter.model import model_at
from noisefilter.types import NUMBERS

try:
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType
except ModuleNotFoundError as error:
    raise needs_extra(__name__) from error

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
    """The frame with one new column for each value of the pages' scores; computed when Spark asks for it.

    Arguments as for `score_frame`, but `model` is a folder that every worker can read. The work is spread by
    partitions: repartition a frame that has fewer than there are cores.

    Raises:
        TypeError: `columns` is a bare string.
        ValueError: a column that the frame lacks, or one that it has already; an unknown format, threshold or column.
    """
    wanted = check_columns(columns)
    check_options(format, thresholds, policy)
    check_names(df.columns, (column, url, title), [f"{prefix}{name}" for name in wanted])
    added = [StructField(f"{prefix}{name}", DoubleType() if name in NUMBERS else StringType()) for name in wanted]
    batches = ScoreBatches(column, url, title, wanted, prefix, format, language, policy, dict(thresholds or {}), model)
    return df.mapInPandas(batches, schema=StructType([*df.schema.fields, *added]))


@dataclass(frozen=True)
class ScoreBatches:
    """The function for `mapInPandas`: batches of rows in, the same with their scores out.

    Args: as for `score_dataframe`.
    """

    column: str
    url: str | None = None
    title: str | None = None
    columns: tuple[str, ...] = COLUMNS
    prefix: str = PREFIX
    format: Format = "auto"
    language: str | None = None
    policy: Policy | str | Path | None = None
    thresholds: Mapping[str, float] | None = None
    model: str | Path | None = None

    def __call__(self, batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The batches, each with the new columns."""
        for batch in batches:
            yield score_frame(
                batch,
                self.column,
                url=self.url,
                title=self.title,
                columns=self.columns,
                prefix=self.prefix,
                format=self.format,
                language=self.language,
                policy=self.policy,
                thresholds=self.thresholds,
                model=model_at(self.model),
            )
