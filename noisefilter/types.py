"""The data types that all modules share: Page, Link, Block, Sentence, Span, Reason, Score."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from noisefilter.kinds import KINDS, REMOVED_KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from types import UnionType

    from noisefilter.kinds import Kind

Verdict = Literal["keep", "trim", "review", "drop", "unscored"]
Format = Literal["auto", "html", "text"]
Status = Literal[
    "ok", "empty", "too_short", "too_large", "not_html_or_text", "unreadable", "language", "not_article", "error_page"
]
PageType = Literal["article", "forum", "product", "listing", "collection", "documentation", "service"]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
#: Types of page, in the order of the classifier's columns.
PAGE_TYPES: tuple[PageType, ...] = get_args(PageType)


class UserError(Exception):
    """What a user can mend, an input or a file: the command line prints the message, one argument per line."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


def needs_extra(what: str, module: str, extra: str) -> str:
    """The message of an error about a module that is not installed."""
    return f"{what} needs {module}: python -m pip install 'noisefilter[{extra}]'"


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came in, or (`noisefilter.page.read_page`) as decoded text.

    Args:
        content: HTML or plain text; bytes are decoded.
        url: where it came from; it names the site, no links are resolved against it.
        title: the article's title, if known; otherwise it is read from the page.
        format: "html", "text", or "auto" to sniff.
        status: "ok", or why the page cannot be read (set by `read_page`).
    """

    content: bytes | str
    url: str | None = None
    title: str | None = None
    format: Format = "auto"
    status: Status = "ok"


class Link(NamedTuple):
    """A link inside a block; `start` and `end` count code points of `visible_text`."""

    start: int
    end: int
    href: str


class Block(NamedTuple):
    """The text of one block-level element, or one line of plain text.

    `start` and `end` count code points of `visible_text`; `tag` is "" for plain text; `place` indexes
    `BlockedPage.places`, the element that holds the text.
    """

    start: int
    end: int
    tag: str
    place: int
    links: tuple[Link, ...] = ()
    bold: int = 0


@dataclass(frozen=True, slots=True)
class Sentence:
    """A slice of `visible_text` with one probability per kind."""

    start: int
    end: int
    boilerplate: float
    promotion: float
    off_topic: float
    filler: float


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A passage of `visible_text` with its kind, probability and reason in words."""

    start: int
    end: int
    kind: Kind
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Reason:
    """What moved `Score.noise`, in words with its value and direction.

    `share` is its part of all that moved `noise` away from an average article's: positive if it raises `noise`,
    negative if it lowers it. The absolute shares of all reasons that a page could have add up to 1.
    """

    text: str
    share: float


#: Fields of a record (`Score.to_dict`) in order, with their types; for a class of this module, a list of it.
RECORD: dict[str, type[str | int | float | Reason | Span | Sentence]] = {
    "url": str,
    "title": str,
    "language": str,
    "page_type": str,
    "model": str,
    "text_version": int,
    "verdict": str,
    "status": str,
    "noise": float,
    "filler": float,
    "off_topic": float,
    "boilerplate": float,
    "reasons": Reason,
    "spans": Span,
    "sentences": Sentence,
    "text": str,
    "visible_text": str,
}
#: Fields of a score that are one number.
NUMBERS = tuple(name for name, holds in RECORD.items() if holds is float)
#: Characters of a title that `repr` shows.
REPR_TITLE = 60


def cut(text: str, spans: Iterable[Span]) -> str:
    r"""Text without the spans; a line that loses all its words is removed with its line break, and a blank that is left over.

    >>> cut("Home\n\nRain fell.\n", [Span(0, 4, "boilerplate", 0.9, "navigation")])
    'Rain fell.\n'
    """
    return "".join(text[start:end] for start, end in kept_ranges(text, spans))


def kept_ranges(text: str, spans: Iterable[Span]) -> list[tuple[int, int]]:
    """Ranges of `text`, in order, that stay when the spans are cut."""
    kept, position = [], 0
    for start, end in _merged(text, spans):
        if end <= position:
            continue
        if _starts_line(text, start, position) and (end == len(text) or text[end] == "\n"):
            end = _skip(text, end, "\n ")
            if end == len(text):
                start = max(position, len(text[:start].rstrip("\n")))
        elif end == len(text) or text[end] == "\n":
            while start > position and text[start - 1] == " ":
                start -= 1
        elif text[start - 1 : start] in {" ", "\n", ""}:
            end = _skip(text, end, " ")
        if start > position:
            kept.append((position, start))
        position = end
    if position < len(text):
        kept.append((position, len(text)))
    return kept


def _merged(text: str, spans: Iterable[Span]) -> list[tuple[int, int]]:
    """Spans as disjoint ranges; ranges with only blanks between them become one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if merged and (start <= merged[-1][1] or text[merged[-1][1] : start].isspace()):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _starts_line(text: str, start: int, floor: int) -> bool:
    while start > floor and text[start - 1] in " \t":
        start -= 1
    return start == 0 or text[start - 1] == "\n"


def _skip(text: str, end: int, signs: str) -> int:
    while end < len(text) and text[end] in signs:
        end += 1
    return end


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Score:
    """How likely a page is noise, with the evidence; numbers of an unscored page are None.

    Every offset counts code points of `visible_text`. `text` is `visible_text` minus spans: it is
    computed, so text and evidence cannot disagree. `reasons` are what moved `noise` most, at most three;
    `measures` are all inputs of `noise`, as (name, value); `to_dict` leaves them out, and scores are compared without them.
    """

    visible_text: str
    spans: tuple[Span, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    noise: float | None = None
    filler: float | None = None
    off_topic: float | None = None
    boilerplate: float | None = None
    verdict: Verdict = "unscored"
    status: Status
    title: str | None = None
    language: str | None = None
    url: str | None = None
    model: str
    text_version: int
    page_type: PageType | None = None
    reasons: tuple[Reason, ...] = ()
    measures: tuple[tuple[str, float], ...] = field(default=(), repr=False, compare=False)

    @property
    def text(self) -> str:
        """The article without boilerplate, promotion and off-topic spans; filler stays."""
        return self.clean(REMOVED_KINDS)

    def clean(self, kinds: Collection[str] = REMOVED_KINDS) -> str:
        """Text without the named kinds of span.

        Raises:
            ValueError: a kind that does not exist.
        """
        check_kinds(kinds)
        return cut(self.visible_text, (span for span in self.spans if span.kind in kinds))

    def quote(self, span: Span | Sentence) -> str:
        """The words of a span or sentence."""
        return self.visible_text[span.start : span.end]

    def html(self) -> str:
        """A self-contained HTML page that shows the score with its evidence; needs the extra `report`.

        Raises:
            ModuleNotFoundError: the extra is not installed.
        """
        from noisefilter.report.site import score_html  # noqa: PLC0415 - a layer above this one; needs an extra

        return score_html(self)

    def _repr_html_(self) -> str | None:
        """The same in a frame, for notebooks; without the extra they show the `repr`."""
        from noisefilter.report.site import framed  # noqa: PLC0415 - as above

        try:
            return framed(self.html())
        except ModuleNotFoundError:
            return None

    def __repr__(self) -> str:
        """One line, for the interactive prompt."""
        noise = "None" if self.noise is None else f"{self.noise:.2f}"
        status = "" if self.status == "ok" else f", status={self.status!r}"
        found = f"{len(self.spans)} spans, {len(self.visible_text)} characters"
        title = (
            self.title if self.title is None or len(self.title) <= REPR_TITLE else f"{self.title[: REPR_TITLE - 1]}…"
        )
        return f"<Score {self.verdict}: noise={noise}{status}, {found}, title={title!r}>"

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Score:
        """The score of a `to_dict` record, without its `measures`; unknown fields are ignored.

        Raises:
            ValueError: a record without `visible_text`: one written with `text="sha256"`, or by another program.
        """
        if not isinstance(record.get("visible_text"), str):
            raise ValueError(  # noqa: TRY004 - a missing field is no matter of types
                "a record without visible_text holds no score: write it with to_dict(), whose text is 'full' by default"
            )
        known = {name: holds for name, holds in RECORD.items() if name != "text"}
        values: dict[str, Any] = {name: _restored(record.get(name), holds) for name, holds in known.items()}
        return cls(**{**values, "text_version": values["text_version"] or 0})

    def to_dict(self, *, text: Literal["full", "sha256"] = "full") -> dict[str, Any]:
        """Plain JSON types: the record that the command line and the batch write.

        Args:
            text: "sha256" writes digests of `text` and `visible_text` instead of the texts.
        """
        if text not in {"full", "sha256"}:
            raise ValueError(f"text must be 'full' or 'sha256', not {text!r}")
        record: dict[str, Any] = {}
        for name, holds in RECORD.items():
            value = getattr(self, name)
            if text == "sha256" and name.endswith("text"):
                record[f"{name}_sha256"] = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
            else:
                record[name] = [_fields_of(one) for one in value] if is_dataclass(holds) else value
        return record


def _fields_of(one: Reason | Span | Sentence) -> dict[str, Any]:
    """`dataclasses.asdict` of what holds no other objects, ten times as fast."""
    return {name: getattr(one, name) for name in one.__slots__}


def _restored(value: Any, holds: type) -> Any:  # noqa: ANN401 - whatever JSON gives
    """A field of a record as its type in a score."""
    if not is_dataclass(holds):
        return value
    names = [field.name for field in fields(holds)]
    return tuple(holds(**{name: one[name] for name in names}) for one in value or ())


def check_type(what: str, value: object, wanted: type | UnionType) -> None:
    """Raise TypeError for a value of another type, unless it is None; the message calls it `what`."""
    if value is not None and not isinstance(value, wanted):
        names = " or ".join(kind.__name__ for kind in (get_args(wanted) or (wanted,)))
        raise TypeError(f"{what} must be {names} or None, not {type(value).__name__}")


def check_kinds(kinds: Collection[str]) -> None:
    """Raise ValueError for a kind that does not exist, TypeError for a bare string."""
    check_choices(kinds, KINDS, "kinds", "unknown kind")


def check_choices(names: Collection[str], choices: Collection[str], called: str, unknown: str) -> None:
    """Raise ValueError for a name that is no choice, TypeError for a bare string.

    The message about a string calls the argument `called`; that about a name begins with `unknown`.
    """
    if isinstance(names, str):
        raise TypeError(f"{called} must be a collection of names, not a string")
    others = sorted(set(names) - set(choices))
    if others:
        raise ValueError(f"{unknown} {others[0]!r}: choose from {', '.join(choices)}")
