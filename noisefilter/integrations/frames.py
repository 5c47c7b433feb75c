"""A pandas or Polars frame → the same frame with the scores of a column."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, fields
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import narwhals as nw

from noisefilter.api import score_many
from noisefilter.integrations.rows import COLUMNS, PREFIX, check_columns, check_names, check_options, page_of
from noisefilter.model import model_at
from noisefilter.types import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from narwhals.typing import IntoDataFrameT

    from noisefilter.blocks.sites import SiteProfile
    from noisefilter.model import Model
    from noisefilter.policy import Policy
    from noisefilter.types import Format, Page, Score

Lists = dict[str, list[float | str | None]]


def score_frame(
    df: IntoDataFrameT,
    column: str,
    *,
    url: str | None = None,
    title: str | None = None,
    columns: Collection[str] = COLUMNS,
    prefix: str = PREFIX,
    jobs: int = 1,
    format: Format = "auto",  # noqa: A002
    language: str | None = None,
    policy: Policy | str | Path | None = None,
    thresholds: Mapping[str, float] | None = None,
    site: SiteProfile | None = None,
    model: Model | None = None,
) -> IntoDataFrameT:
    """The frame with one new column for each value of the pages' scores; rows, order and index stay as they are.

    Args:
        df: a pandas or Polars DataFrame, or an Arrow table; it is not changed.
        column: the column with the pages, HTML or plain text, as strings or bytes. A missing cell is an empty page.
        url: the column with the pages' addresses; as with `score`, they are copied and change no number.
        title: the column with the articles' titles, where they are known.
        columns: values of the score to add: noise, filler, off_topic, boilerplate, verdict, status, text, visible_text,
            title, language, page_type, url, model; the first seven by default.
        prefix: of the new columns' names.
        jobs: worker processes, as for `score_many`.
        format: as for `score`.
        language: as for `score`.
        policy: as for `score`.
        thresholds: as for `score`.
        site: as for `score_many`.
        model: as for `score`.

    Raises:
        TypeError: `df` is lazy or no frame, or a cell of `column` holds neither text nor bytes.
        ValueError: a column that the frame lacks, or one that it has already.
    """
    frame = _eager(df)
    wanted = check_columns(columns)
    check_options(format, thresholds, policy)
    check_names(frame.columns, (column, url, title), [f"{prefix}{name}" for name in wanted])
    pages = pages_of(*(_cells(frame, name) for name in (column, url, title)), column=column, format=format)
    scores = score_many(
        pages, jobs=jobs, language=language, policy=policy, thresholds=thresholds, site=site, model=model
    )
    return frame.with_columns(
        nw.new_series(
            f"{prefix}{name}", cells, nw.Float64 if name in NUMBERS else nw.String, backend=frame.implementation
        )
        for name, cells in score_lists(scores, wanted).items()
    ).to_native()


def score_lists(scores: Iterable[Score], columns: Sequence[str]) -> Lists:
    """The named values of scores, one list per name."""
    lists: Lists = {name: [] for name in columns}
    for score in scores:
        for name, cells in lists.items():
            cells.append(getattr(score, name))
    return lists


@dataclass(frozen=True)
class FrameScorer:
    """The checked arguments of `score_frame`, to be sent to workers; `model` is a folder that every worker can read.

    Raises:
        TypeError: `columns` is a bare string.
        ValueError: an unknown column, format, threshold or policy.
    """

    column: str
    _: KW_ONLY
    url: str | None = None
    title: str | None = None
    columns: Collection[str] = COLUMNS
    prefix: str = PREFIX
    format: Format = "auto"
    language: str | None = None
    policy: Policy | str | Path | None = None
    thresholds: Mapping[str, float] | None = None
    model: str | Path | None = None

    def __post_init__(self) -> None:
        check_columns(self.columns)
        check_options(self.format, self.thresholds, self.policy)

    def score_frame(self, frame: IntoDataFrameT) -> IntoDataFrameT:
        """The frame with the new columns."""
        options = {field.name: getattr(self, field.name) for field in fields(self)}
        return score_frame(frame, **{**options, "model": model_at(self.model)})


def _eager(df: IntoDataFrameT) -> nw.DataFrame[IntoDataFrameT]:
    """The frame for narwhals.

    Raises:
        TypeError: it is lazy, remote, or no frame.
        ValueError: two columns have one name.
    """
    try:
        return nw.from_native(df, eager_only=True)
    except TypeError as error:
        name = f"{type(df).__module__.partition('.')[0]}.{type(df).__name__}"
        if type(df).__module__.startswith("pyspark"):
            msg = f"score_frame takes no {name}: use noisefilter.integrations.spark.score_dataframe"
        elif callable(getattr(df, "collect", None)):
            msg = f"score_frame takes no lazy frame ({name}): call .collect() on it first"
        else:
            msg = f"score_frame takes a pandas or Polars DataFrame or an Arrow table, not {name}"
        raise TypeError(msg) from error


def pages_of(
    contents: Iterable[object],
    urls: Iterable[object],
    titles: Iterable[object],
    *,
    column: str,
    format: Format,  # noqa: A002
) -> Iterator[Page]:
    """One page per row; `urls` and `titles` may be shorter, what they lack is unknown."""
    rows = zip(contents, chain(urls, repeat(None)), chain(titles, repeat(None)), strict=False)
    for row, (content, url, title) in enumerate(rows):
        yield page_of(content, url, title, format, where=f"column {column!r}, row {row},")


def _cells(frame: nw.DataFrame[Any], name: str | None) -> list[object]:
    """A column's cells, with None for whatever its library calls missing; no cells if `name` is None."""
    if name is None:
        return []
    cells = frame.get_column(name)
    return [None if missing else cell for cell, missing in zip(cells.to_list(), cells.is_null().to_list(), strict=True)]
