"""Row → page: which field holds what."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.batch.options import Fields
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


class Fault(NamedTuple):
    """Why a row is no page: a word to count by, and the details."""

    reason: str
    detail: str


class Row(NamedTuple):
    """What a reader read: its place in the file, and either fields or a fault.

    `page` is the page of a file or WARC record, for which there is no field. `raw` is the input that gave a fault.
    `cell_faults` are the fields whose values do not fit their type, with the details; bytes in them stay bytes.
    """

    number: int
    fields: Mapping[str, Any]
    page: Page | None = None
    fault: Fault | None = None
    raw: str | None = None
    id: str | None = None
    cell_faults: Mapping[str, str] = MappingProxyType({})


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
    found = _first(row.fields, names.id, IDS)
    key = row.id or (str(found) if isinstance(found, int | str) and str(found) else f"{source}#{row.number}")
    if row.fault is not None:
        return Entry(order, key, source, row, None, row.fault, None)
    if row.page is not None:
        return Entry(order, key, source, row, row.page, None, None)
    field, form = _content_field(row.fields, names)
    for column, detail in row.cell_faults.items():
        if column != field or not isinstance(row.fields[column], bytes):  # the page's own bytes are decoded later
            reason = "not_utf8" if isinstance(row.fields[column], bytes) else "not_read"
            fault = Fault(reason, f"row {row.number}, column {column!r}: {detail}")
            return Entry(order, key, source, row, None, fault, None)
    if field is None:
        return Entry(order, key, source, row, None, Fault("no_page", _wanted(names)), None)
    content = look_up(row.fields, field)
    if not isinstance(content, str | bytes):
        kind = "nothing" if content is None else type(content).__name__
        return Entry(order, key, source, row, None, Fault("no_page", f"field {field!r} holds {kind}, no text"), None)
    url, title = _first(row.fields, names.url, URLS), _first(row.fields, names.title, TITLES)
    page = Page(content, url if isinstance(url, str) else None, title if isinstance(title, str) else None, form)
    return Entry(order, key, source, row, page, None, field)


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


def _first(fields: Mapping[str, Any], wanted: str | None, guesses: tuple[str, ...]) -> Any:  # noqa: ANN401 - as above
    for name in (wanted,) if wanted else guesses:
        value = look_up(fields, name)
        if value is not None:
            return value
    return None


def _content_field(fields: Mapping[str, Any], names: Fields) -> tuple[str | None, Format]:
    """Field that holds the page, and its format: the named one, else the first guess that holds something."""
    named: list[tuple[str, Format]] = []
    if names.html:
        named.append((names.html, "html"))
    if names.text:
        named.append((names.text, "text"))
    candidates = named or CONTENT
    present = [(name, form) for name, form in candidates if look_up(fields, name) is not None]
    holding = [(name, form) for name, form in candidates if name in fields]
    return next(iter(present or holding), (None, "auto"))


def _wanted(names: Fields) -> str:
    named = [repr(name) for name in (names.html, names.text) if name]
    if named:
        return f"no field {' or '.join(named)}"
    return f"no field that holds a page ({', '.join(name for name, _ in CONTENT)})"
