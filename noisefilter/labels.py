"""Data types for labels: a page and how readers judged it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noisefilter.types import UserError

if TYPE_CHECKING:
    from noisefilter.types import Page

#: Grade of `noise` from which an article is noise (corpus/README.md).
POSITIVE = 2
#: Weight, in votes, of a reader's estimate of how another would vote. Beside a vote, it tells clear cases from border
#: cases (docs/decisions/0039-border-cases-of-noise.md).
SECOND = 5


class CorpusError(UserError, ValueError):
    """A corpus that cannot be read; the message names file and line; one argument per fault."""


def what_is_wrong(error: Exception) -> str:
    """What a record lacks or holds, by the error of the code that read it.

    >>> what_is_wrong(KeyError("start"))
    "'start' is missing"
    """
    return f"{error} is missing" if isinstance(error, KeyError) else repr(error)


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A passage of `visible_text` that a reader labelled; `quote` re-anchors it if the offsets have moved.

    Its kind is one of `KINDS`, or "honest": it looks like an insertion but is none.
    """

    start: int
    end: int
    kind: str
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page and its labels; None means unknown, not negative.

    `noise` is 0-3, the mean of `votes` where several readers voted; `second` is the estimated probability that one more
    reader would say 2 or more. `sentences` are (start, end, letter). `writer` inserted the passages that `spans` mark,
    if anyone did. `by` is the labeller. `accepted` means that the spans are exactly those that a model had marked.
    """

    id: str
    page: Page
    site: str
    source: str
    licence: str = ""
    noise: float | None = None
    spans: tuple[LabelledSpan, ...] | None = None
    sentences: tuple[tuple[int, int, str], ...] | None = None
    main_text: str | None = None
    page_type: str = "article"
    votes: tuple[int, ...] = ()
    second: float | None = None
    writer: int | None = None
    by: str = field(default="", repr=False)  # the hash of contents and labels covers what `repr` shows
    accepted: bool = field(default=False, repr=False)

    @property
    def noise_share(self) -> float | None:
        """Share of the readers who call the article noise; None if nobody judged it."""
        votes = self.votes or (() if self.noise is None else (self.noise,))
        return sum(vote >= POSITIVE for vote in votes) / len(votes) if votes else None

    @property
    def noise_target(self) -> float | None:
        """A classifier's target: the share of the readers, with `second` as `SECOND` more votes."""
        share, count = self.noise_share, max(1, len(self.votes))
        return (
            share if share is None or self.second is None else (share * count + self.second * SECOND) / (count + SECOND)
        )
