"""Score → the values that a row, an item or a document gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noisefilter.api import check_language, score_many
from noisefilter.model import check_thresholds
from noisefilter.page import as_page
from noisefilter.policy import check_policy
from noisefilter.types import NUMBERS, RECORD, VERDICTS, Page, check_choices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from noisefilter.blocks.sites import SiteProfile
    from noisefilter.model import Model
    from noisefilter.policy import Policy
    from noisefilter.types import Format, Score

#: Columns available besides numbers: the values of a `Score` that are one string.
STRINGS = tuple(name for name, holds in RECORD.items() if holds is str)
#: Columns that are added by default.
COLUMNS = (*NUMBERS, "verdict", "status", "text")
#: Data often has a `text` and a `title` of its own.
PREFIX = "noisefilter_"


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """How pages are scored and which values are kept: checked now, not on the first page in a remote worker.

    A `model` that is a folder is read once by each process that scores.

    Raises:
        TypeError: `columns` is a bare string.
        ValueError: a column that no score has, or one named twice; an unknown format, language, threshold or policy.
    """

    columns: Collection[str] = COLUMNS
    prefix: str = PREFIX
    format: Format = "auto"
    language: str | None = None
    policy: Policy | str | Path | None = None
    thresholds: Mapping[str, float] | None = None
    model: Model | str | Path | None = None

    def __post_init__(self) -> None:
        check_choices(self.columns, NUMBERS + STRINGS, "columns", "a score has no column")
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("columns names a column twice")
        as_page("", format=self.format)
        check_language(self.language)
        check_thresholds(self.thresholds or {})
        check_policy(self.policy)

    def page(self, content: Any, url: Any, title: Any, where: str) -> Page:  # noqa: ANN401 - a cell or field holds anything
        """A cell or a field as a page; a missing one (None) is an empty page. What is no url or title is left out.

        Raises:
            TypeError: it holds neither text nor bytes; the message names its place, `where`.
        """
        if content is not None and not isinstance(content, bytes | str):
            raise TypeError(f"{where} holds {type(content).__name__}, neither text nor bytes")
        url, title = (value if isinstance(value, str) and value else None for value in (url, title))
        return Page(content or "", url, title, self.format)

    def scores(self, pages: Iterable[Page], *, jobs: int = 1, site: SiteProfile | None = None) -> Iterator[Score]:
        """Scores of the pages, in order."""
        return score_many(
            pages,
            jobs=jobs,
            language=self.language,
            policy=self.policy,
            thresholds=self.thresholds,
            site=site,
            model=self.model,
        )

    @property
    def added(self) -> dict[str, bool]:
        """Names of the columns with the prefix, and whether they hold numbers; the others hold strings."""
        return {f"{self.prefix}{name}": name in NUMBERS for name in self.columns}

    def values(self, score: Score) -> dict[str, float | str | None]:
        """The columns of a score, with the prefix.

        >>> from noisefilter import score
        >>> Scoring(columns=["noise", "status"]).values(score("Too little to say."))
        {'noisefilter_noise': None, 'noisefilter_status': 'too_short'}
        """
        return {f"{self.prefix}{name}": getattr(score, name) for name in self.columns}


def check_drop(verdicts: Collection[str]) -> frozenset[str]:
    """The verdicts whose pages are dropped, as a set.

    Raises:
        TypeError: a bare string.
        ValueError: a verdict that does not exist.
    """
    check_choices(verdicts, VERDICTS, "the verdicts to drop", "unknown verdict")
    return frozenset(verdicts)
