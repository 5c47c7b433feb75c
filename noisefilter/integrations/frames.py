"""A pandas or Polars frame → the same frame with the scores of a column."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import narwhals as nw

from noisefilter.integrations.rows import COLUMNS, PREFIX, Scoring

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from narwhals.typing import IntoDataFrameT

    from noisefilter.blocks.sites import SiteProfile
    from noisefilter.model import Model
    from noisefilter.policy import Policy
    from noisefilter.types import Format, Page, Score


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
    model: Model | str | Path | None = None,
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
    scorer = FrameScorer(
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
    return scorer.score_frame(df, jobs=jobs, site=site)


@dataclass(frozen=True)
class FrameScorer(Scoring):
    """The checked arguments of `score_frame`, to be sent to workers; `column`, `url` and `title` name a frame's columns."""

    column: str
    _: KW_ONLY
    url: str | None = None
    title: str | None = None

    def score_frame(self, df: IntoDataFrameT, *, jobs: int = 1, site: SiteProfile | None = None) -> IntoDataFrameT:
        """The frame with the new columns."""
        frame = _eager(df)
        self.check_names(frame.columns)
        pages = self.pages(*(_cells(frame, name) for name in self.read))
        return frame.with_columns(
            nw.new_series(name, cells, nw.Float64 if self.added[name] else nw.String, backend=frame.implementation)
            for name, cells in self.lists(self.scores(pages, jobs=jobs, site=site)).items()
        ).to_native()

    @property
    def read(self) -> tuple[str, str | None, str | None]:
        """Names of the columns with the pages, addresses and titles."""
        return self.column, self.url, self.title

    def check_names(self, has: Collection[str]) -> None:
        """Raise ValueError for a column that the data lacks, or one that it has already."""
        missing = [name for name in self.read if name is not None and name not in has]
        if missing:
            raise ValueError(f"there is no column {missing[0]!r}: the data has {', '.join(map(str, has))}")
        taken = [name for name in self.added if name in has]
        if taken:
            raise ValueError(f"the data has a column {taken[0]!r} already: choose another prefix or fewer columns")

    def pages(self, contents: Iterable[object], urls: Iterable[object], titles: Iterable[object]) -> Iterator[Page]:
        """One page per row; `urls` and `titles` may be shorter, what they lack is unknown."""
        rows = zip(contents, chain(urls, repeat(None)), chain(titles, repeat(None)), strict=False)
        for row, (content, url, title) in enumerate(rows):
            yield self.page(content, url, title, where=f"column {self.column!r}, row {row},")

    def lists(self, scores: Iterable[Score]) -> dict[str, list[Any]]:
        """The cells of the new columns, by their names."""
        lists: dict[str, list[Any]] = {name: [] for name in self.added}
        for score in scores:
            for name, value in self.values(score).items():
                lists[name].append(value)
        return lists


def _eager(df: IntoDataFrameT) -> nw.DataFrame[IntoDataFrameT]:
    """The frame for narwhals; TypeError if it is lazy, remote, or no frame, ValueError if two columns have one name."""
    try:
        return nw.from_native(df, eager_only=True)
    except nw.exceptions.DuplicateError as error:
        raise ValueError(f"two columns of the data have one name: {error}") from error
    except TypeError as error:
        name = f"{type(df).__module__.partition('.')[0]}.{type(df).__name__}"
        if type(df).__module__.startswith("pyspark"):
            msg = f"score_frame takes no {name}: use noisefilter.integrations.spark.score_dataframe"
        elif callable(getattr(df, "collect", None)):
            msg = f"score_frame takes no lazy frame ({name}): call .collect() on it first"
        else:
            msg = f"score_frame takes a pandas or Polars DataFrame or an Arrow table, not {name}"
        raise TypeError(msg) from error


def _cells(frame: nw.DataFrame[Any], name: str | None) -> list[object]:
    """A column's cells, with None for whatever its library calls missing; no cells if `name` is None."""
    if name is None:
        return []
    cells = frame.get_column(name)
    return [None if missing else cell for cell, missing in zip(cells.to_list(), cells.is_null().to_list(), strict=True)]
