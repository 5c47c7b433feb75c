"""Row → page: which field holds what."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from noisefilter.batch.files import MAX_PAGE
from noisefilter.batch.tasks import OWN
from noisefilter.labels import CorpusError
from noisefilter.learn.corpora import declared_format, row_page
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from noisefilter.batch.options import Fields
    from noisefilter.batch.tasks import Piece
    from noisefilter.types import Format

#: Field names that crawlers and corpora use, the surest first; for content with its format.
CONTENT: tuple[tuple[str, Format], ...] = (
    ("html", "html"),
    ("raw_html", "html"),
    ("html_content", "html"),
    ("content_html", "html"),
    ("text", "text"),
    ("raw_text", "text"),
    ("article", "text"),
    ("content", "auto"),
    ("raw_content", "auto"),
    ("body", "auto"),
)
IDS = ("id", "uuid", "doc_id", "docid", "_id", "warc_record_id", "key")
URLS = ("url", "uri", "target_uri", "source_url", "link", "metadata.url")
TITLES = ("title", "headline", "metadata.title")
#: Characters of the names of a row's fields that a fault shows.
MAX_NAMES = 200
#: The format whose rows may name files in place of pages.
LISTING = "jsonl"


class Fault(NamedTuple):
    """Why a row is no page: a word to count by, and the details."""

    reason: str
    detail: str


TOO_LARGE = Fault("too_large", f"more than {MAX_PAGE:,} bytes")


class Undecoded(bytes):
    """A text that is no UTF-8. A page may be one; in any other field it costs the row."""


class Row(NamedTuple):
    """What a reader read: its place in the file, and either fields or a fault.

    `page` is the page of a file or WARC record, for which there is no field. `raw` is the input that gave a fault.
    """

    number: int
    fields: Mapping[str, Any]
    page: Page | None = None
    fault: Fault | None = None
    raw: str | None = None
    id: str | None = None


class Entry(NamedTuple):
    """A row with its page: `order` is its place in the shard, `content_field` the field that held the page."""

    order: int
    id: str
    source: str
    row: Row
    page: Page | None
    fault: Fault | None
    content_field: str | None


def to_entry(row: Row, order: int, source: str, names: Fields) -> Entry:
    """The row's page, or why there is none; a row without an id is named after its file and place."""
    named = _first(row.fields, names.id, IDS)
    key = row.id or (str(named) if isinstance(named, int | str) and str(named) else f"{source}#{row.number}")
    found, field = (row.fault or row.page, None) if row.fault or row.page else _find_page(row, names)
    page, fault = (None, found) if isinstance(found, Fault) else (found, None)
    return Entry(order, key, source, row, page, fault, field)


def read_entry(row: Row, order: int, piece: Piece, names: Fields) -> Entry:
    """The row's page as from `to_entry`; if it has none and names a file by `path`, as in a corpus, that file's."""
    entry = to_entry(row, order, piece.name, names)
    path = listed_path(row.fields) if piece.format == LISTING else None
    if path is None or entry.fault is None or entry.fault.reason != "no_page":
        return entry
    known = {name: value for name in ("url", "title") if isinstance(value := row.fields.get(name), str)}
    try:
        page = row_page(Path(piece.path).parent, f"{piece.name}:{row.number}", {"path": path, **known})
    except CorpusError as error:
        return entry._replace(fault=Fault("unreadable", str(error)))
    return entry._replace(page=page, fault=None) if len(page.content) <= MAX_PAGE else entry._replace(fault=TOO_LARGE)


def listed_path(fields: Mapping[str, Any]) -> str | None:
    """The file that a row names in place of its page, relative to the row's own; None if it names none, holds a page or is a run's."""
    path = fields.get("path")
    if not isinstance(path, str) or OWN in fields or any(look_up(fields, name) is not None for name, _ in CONTENT):
        return None
    return path


def _find_page(row: Row, names: Fields) -> tuple[Page | Fault, str | None]:
    """The page and the field that holds it: the named one, else the first guess that holds a text; or what is wrong."""
    fields = row.fields
    named: list[tuple[str | None, Format]] = [(names.html, "html"), (names.text, "text")]
    candidates: Sequence[tuple[str, Format]] = [(name, form) for name, form in named if name] or CONTENT
    field, form = max(candidates, key=lambda named: _rank(fields, named[0]))
    odd = next((name for name, value in fields.items() if isinstance(value, Undecoded) and name != field), None)
    if odd is not None:
        return Fault("not_utf8", f"row {row.number}, column {odd!r}: no UTF-8: save the file in UTF-8"), None
    if _rank(fields, field) == 0:
        guesses = (
            f"that holds a page ({', '.join(name for name, _ in CONTENT)}; `noisefilter clean` has options to name it)"
        )
        wanted = guesses if candidates is CONTENT else " or ".join(repr(name) for name, _ in candidates)
        return Fault("no_page", f"no field {wanted} among {', '.join(fields)[:MAX_NAMES] or 'none'}"), None
    content = look_up(fields, field)
    if not isinstance(content, str | bytes):
        kind = "nothing" if content is None else type(content).__name__
        return Fault("no_page", f"field {field!r} holds {kind}, no text"), None
    url, title = _first(fields, names.url, URLS), _first(fields, names.title, TITLES)
    form = declared_format(content, form)
    return Page(content, url if isinstance(url, str) else None, title if isinstance(title, str) else None, form), field


def _rank(fields: Mapping[str, Any], name: str) -> int:
    """How likely a field holds the page: 4 for a text, less for an empty one, something else and nothing; 0 if it is none."""
    value = look_up(fields, name)
    if isinstance(value, str | bytes):
        return 4 if value else 3
    return int(name in fields) if value is None else 2


def distinct(name: str, taken: Counter[str], numbered: str = "{} ({})") -> str:
    """The name, with a number if it is among those `taken`, to which it is added: a second page or column of that name.

    >>> taken = Counter()
    >>> [distinct(name, taken) for name in ("a", "a", "a (2)")]
    ['a', 'a (2)', 'a (2) (2)']
    """
    found = name
    while found in taken:
        taken[name] += 1
        found = numbered.format(name, taken[name])
    taken[found] = 1
    return found


def distinct_columns(names: Iterable[str]) -> list[str]:
    """The names; a repeated one gets a number.

    >>> distinct_columns(["id", "text", "text"])
    ['id', 'text', 'text#2']
    """
    taken = Counter[str]()
    return [distinct(name, taken, "{}#{}") for name in names]


def look_up(fields: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - whatever the input holds
    """The field's value, None if there is none; a dot reaches into an object."""
    if name in fields:
        return fields[name]
    value: Any = fields
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def replace_field(fields: Mapping[str, Any], name: str, *values: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as above
    """The fields with another value in the one that `look_up` finds; without it if no value is given.

    >>> replace_field({"id": 1, "page": {"html": b"<p>", "by": "A"}}, "page.html", "<p>")
    {'id': 1, 'page': {'html': '<p>', 'by': 'A'}}
    >>> replace_field({"id": 1, "page": {"html": b"<p>", "by": "A"}}, "page.html")
    {'id': 1, 'page': {'by': 'A'}}
    """
    if name in fields:
        return {key: values[0] if key == name else value for key, value in fields.items() if key != name or values}
    head, _, rest = name.partition(".")
    return (
        {**fields, head: replace_field(fields[head], rest, *values)} if isinstance(fields.get(head), dict) else fields
    )


def _first(fields: Mapping[str, Any], wanted: str | None, guesses: tuple[str, ...]) -> Any:  # noqa: ANN401 - as above
    for name in (wanted,) if wanted else guesses:
        value = look_up(fields, name)
        if value is not None:
            return value
    return None
