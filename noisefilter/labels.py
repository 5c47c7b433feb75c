"""Labels as nouns: a page and what readers said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noisefilter.types import Page

#: `noise` from which an article is noise (corpus/README.md).
POSITIVE = 2
#: Votes that a reader's estimate of what another one would say counts as: beside a vote it tells a clear case from a border case
#: (docs/decisions/0039-border-cases-of-noise.md).
SECOND = 5


class CorpusError(ValueError):
    """A corpus that cannot be read; the message names file and line; a fault an argument."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A passage of `visible_text` that a reader labelled; `quote` anchors it again if the offsets have moved.

    Its kind is one of `KINDS`, or "honest": it looks like an insertion and is none.
    """

    start: int
    end: int
    kind: str
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page and what is known of it; None is unknown, not negative.

    `noise` is 0-3, the mean of `votes` where several readers voted; `second` is the probability that one more reader would
    say 2 or more, where somebody estimated it. `sentences` are (start, end, letter), `weight` counts in fitting the article
    classifier. `writer` put the passages in that `spans` name, if somebody did. `by` is who labelled, and `accepted` says that
    the spans are those of a model, just as it had marked them.
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
    weight: float = 1.0
    page_type: str = "article"
    votes: tuple[int, ...] = ()
    second: float | None = None
    writer: int | None = None
    by: str = field(default="", repr=False)  # the hash of contents and labels is made of what `repr` shows
    accepted: bool = field(default=False, repr=False)

    @property
    def noise_share(self) -> float | None:
        """Share of the readers who call the article noise; None if nobody judged it."""
        votes = self.votes or (() if self.noise is None else (self.noise,))
        return sum(vote >= POSITIVE for vote in votes) / len(votes) if votes else None

    @property
    def noise_target(self) -> float | None:
        """What a classifier learns: the share of the readers, with `second` as `SECOND` more votes."""
        share, count = self.noise_share, max(1, len(self.votes))
        return (
            share if share is None or self.second is None else (share * count + self.second * SECOND) / (count + SECOND)
        )
