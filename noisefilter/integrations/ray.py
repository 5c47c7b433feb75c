"""Ray Data's batches → the same with the scores of a column: a class for `map_batches`. It works without Ray, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

from noisefilter.integrations.frames import FrameScorer

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrameT


class ScoreBatch(FrameScorer):
    """Adds the scores of a column's pages to a batch, in any of Ray's batch formats: numpy, pandas or pyarrow.

    Arguments as for `score_frame`, but `model` is a folder that every worker can read. It is read once per worker.

    Raises:
        TypeError: `columns` is a bare string.
        ValueError: an unknown column, format or threshold.
    """

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
        if not isinstance(batch, dict):
            return self.score_frame(batch)
        self.check_names(batch)
        inputs = ([] if name is None else map(_none_if_nan, batch[name]) for name in self.read)
        lists = self.lists(self.scores(self.pages(*inputs)))
        # a number that is missing is NaN
        new = {name: np.array(cells, np.float64 if self.added[name] else object) for name, cells in lists.items()}
        return {**batch, **new}


def _none_if_nan(cell: object) -> object:
    """A cell, or None for the NaN that stands in arrays for a missing string."""
    return None if isinstance(cell, float) and np.isnan(cell) else cell
