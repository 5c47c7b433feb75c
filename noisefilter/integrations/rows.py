"""Score → the values that a row, an item or a document gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noisefilter.api import as_page
from noisefilter.model import check_thresholds
from noisefilter.policy import check_policy
from noisefilter.types import NUMBERS, RECORD, VERDICTS, Page, check_choices

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from noisefilter.policy import Policy
    from noisefilter.types import Format, Score

#: Columns available besides numbers: the values of a `Score` that are one string.
STRINGS = tuple(name for name, holds in RECORD.items() if holds is str)
#: Columns that are added by default.
COLUMNS = (*NUMBERS, "verdict", "status", "text")
#: Data often has a `text` and a `title` of its own.
PREFIX = "noisefilter_"


def check_columns(columns: Collection[str]) -> tuple[str, ...]:
    """The columns as a tuple.

    Raises:
        TypeError: a bare string.
        ValueError: a name that no score has, or one named twice.
    """
    check_choices(columns, NUMBERS + STRINGS, "columns", "a score has no column")
    if len(set(columns)) < len(columns):
        msg = "columns names a column twice"
        raise ValueError(msg)
    return tuple(columns)


def check_names(has: Collection[str], needed: Collection[str | None], added: Collection[str]) -> None:
    """Raise ValueError for a column that the data lacks, or one that it has already."""
    missing = [name for name in needed if name is not None and name not in has]
    if missing:
        msg = f"there is no column {missing[0]!r}: the data has {', '.join(map(str, has))}"
        raise ValueError(msg)
    taken = [name for name in added if name in has]
    if taken:
        msg = f"the data has a column {taken[0]!r} already: choose another prefix or fewer columns"
        raise ValueError(msg)


def check_options(
    format: Format,  # noqa: A002
    thresholds: Mapping[str, float] | None,
    policy: Policy | str | Path | None = None,
) -> None:
    """Raise ValueError for an unknown format, threshold or policy: now, not on the first page in a remote worker."""
    as_page("", format=format)
    check_thresholds(dict(thresholds or {}))
    check_policy(policy)


def page_of(content: Any, url: Any, title: Any, format: Format, where: str) -> Page:  # noqa: A002, ANN401 - a cell or field holds anything
    """A cell or a field as a page; a missing one (None) is an empty page.

    Raises:
        TypeError: it holds neither text nor bytes; the message names its place, `where`.
    """
    if content is not None and not isinstance(content, bytes | str):
        msg = f"{where} holds {type(content).__name__}, neither text nor bytes"
        raise TypeError(msg)
    return Page(content or "", _text_or_none(url), _text_or_none(title), format)


def _text_or_none(value: object) -> str | None:
    """A url or title if it is one: fields may also hold numbers, lists or nothing."""
    return value if isinstance(value, str) and value else None


def values_of(score: Score, columns: Collection[str] = COLUMNS, prefix: str = PREFIX) -> dict[str, float | str | None]:
    """The named values of a score.

    >>> from noisefilter import score
    >>> values_of(score("Too little to say."), ["noise", "status"])
    {'noisefilter_noise': None, 'noisefilter_status': 'too_short'}
    """
    return {f"{prefix}{name}": getattr(score, name) for name in columns}


def check_drop(verdicts: Collection[str]) -> frozenset[str]:
    """The verdicts whose pages are dropped, as a set.

    Raises:
        TypeError: a bare string.
        ValueError: a verdict that does not exist.
    """
    check_choices(verdicts, VERDICTS, "the verdicts to drop", "unknown verdict")
    return frozenset(verdicts)


def needs_extra(module: str) -> ModuleNotFoundError:
    """The error that names the extra to install; an integration's module is named after its extra."""
    extra = module.rpartition(".")[2]
    return ModuleNotFoundError(f"{module} needs an extra: python -m pip install 'noisefilter[{extra}]'", name=extra)
