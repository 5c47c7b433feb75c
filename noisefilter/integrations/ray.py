"""Ray Data's batches → the same with the scores of a column: a class for `map_batches`. It works without Ray as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

from noisefilter.integrations.frames import pages_of, score_frame, score_lists
from noisefilter.integrations.rows import (
    COLUMNS,
    PREFIX,
    check_columns,
    check_names,
    check_options,
)
from noisefilter.model import model_at
from noisefilter.types import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from narwhals.typing import IntoDataFrameT

    from noisefilter.policy import Policy
    from noisefilter.types import Format


class ScoreBatch:
    """Adds the scores of a column's pages to a batch, in any of Ray's batch formats: numpy, pandas or pyarrow.

    Arguments as for `score_frame`, but `model` is a folder that every worker can read. It is read once a worker.

    Raises:
        TypeError: `columns` is a bare string.
        ValueError: an unknown column, format or threshold.
    """

    def __init__(
        self,
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
    ) -> None:
        self.column, self.url, self.title = column, url, title
        self.columns = check_columns(columns)
        self.prefix = prefix
        check_options(format, thresholds, policy)
        self.format = format
        self.language = language
        self.policy = policy
        self.thresholds = dict(thresholds or {})
        self.model = model

    @overload
    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]: ...
    @overload
    def __call__(self, batch: IntoDataFrameT) -> IntoDataFrameT: ...
    def __call__(self, batch: dict[str, Any] | IntoDataFrameT) -> dict[str, Any] | IntoDataFrameT:
        """The batch with the new columns.

        Raises:
            TypeError: a cell holds neither text nor bytes.
            ValueError: a column that the batch lacks, or one that it has already.
        """
        if isinstance(batch, dict):
            return self._arrays(batch)
        return score_frame(
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

    def _arrays(self, batch: dict[str, Any]) -> dict[str, Any]:
        """A batch of arrays; a number that is missing is NaN there."""
        check_names(batch, (self.column, self.url, self.title), [f"{self.prefix}{name}" for name in self.columns])
        cells = ([] if name is None else batch[name] for name in (self.column, self.url, self.title))
        pages = pages_of(*(map(_none_if_nan, values) for values in cells), column=self.column, format=self.format)
        scored = score_lists(
            pages,
            self.columns,
            language=self.language,
            policy=self.policy,
            thresholds=self.thresholds,
            model=model_at(self.model),
        )
        added = {
            f"{self.prefix}{name}": np.array(values, dtype=np.float64 if name in NUMBERS else object)
            for name, values in scored.items()
        }
        return {**batch, **added}


def _none_if_nan(cell: object) -> object:
    """A cell, or None for the NaN that stands in arrays for a missing string."""
    return None if isinstance(cell, float) and np.isnan(cell) else cell
