"""Inputs → pages with their scores: those of a crawl or of `score --json` as they stand, others scored now."""

from __future__ import annotations

import json
import tempfile
from collections import deque
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from noisefilter.api import score_many
from noisefilter.batch.counts import name_site
from noisefilter.batch.errors import RefusedError
from noisefilter.batch.fields import to_entry
from noisefilter.batch.options import Fields
from noisefilter.batch.pieces import read_piece
from noisefilter.batch.plan import list_sources
from noisefilter.batch.records import OWN
from noisefilter.batch.storage import open_storage
from noisefilter.batch.tasks import Piece
from noisefilter.html.read import read_blocks
from noisefilter.html.walk import TEXT_VERSION
from noisefilter.report.tally import Seen
from noisefilter.report.view import Shown
from noisefilter.types import Page, Score

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from noisefilter.model import Model

#: Files of a crawl's output that hold pages, in its folder, by layout.
PARTS = ("kept/part-*", "dropped/part-*")
#: Files of what it could not read.
REJECTS = ("rejects/part-*",)
TEXTLESS = "the format dolma holds no texts: report the documents, or a run in another format"
#: How the columns of a CSV file are called that hold what noisefilter says.
CSV_PREFIX = f"{OWN}_"
#: Fields that tell a record of `score --json`.
SCORED = frozenset(("verdict", "status", "spans", "noise"))
NO_TEXT = (
    "The record holds the cleaned text only, so no span is shown: run `noisefilter clean` with --visible-text, or let it keep "
    "the page's content."
)


class Found(NamedTuple):
    """A page of an input, with the record of its score, if it has one."""

    id: str
    page: Page | None
    record: Mapping[str, Any] | None


class Sources:
    """Pages of the inputs with their scores, in order.

    Args:
        inputs: pages, folders, globs, URLs, runs of `noisefilter clean`, JSON lines, CSV, Parquet or WARC, or `-`.
        model: what scores the pages that have no score yet; the shipped one by default.
        jobs: worker processes for that.
    """

    def __init__(self, inputs: Sequence[str], *, model: Model | None = None, jobs: int = 1) -> None:
        #: Rows that are no page; complete when all pages are read.
        self.rejected = 0
        self._inputs, self._model, self._jobs = inputs, model, jobs
        self._ids: dict[str, int] = {}

    def __iter__(self) -> Iterator[Seen]:
        """Read the pages.

        Raises:
            RefusedError: an input that names nothing, or holds no texts.
        """
        with tempfile.TemporaryDirectory() as folder:  # holds what comes from standard input
            names = [file for name in self._inputs for file in self._expand(name)]
            sources, _ = list_sources(names, "auto", open_storage(folder), None)
            pieces = [
                Piece(file.path, file.name, form, files=((file.path, file.name),) if form == "pages" else ())
                for file, form, *_ in sources
            ]
            found = (row for piece in pieces for row in self._read(piece))
            for is_scored, group in groupby(found, key=lambda row: row.record is not None):
                if is_scored:
                    yield from map(_seen_before, group)
                else:
                    yield from self._score(group)

    def _expand(self, name: str) -> list[str]:
        """The input; of a run's folder the files that hold pages."""
        folder = Path(name)
        if not folder.is_dir():
            return [name]
        for pattern in REJECTS:
            for file in folder.glob(pattern):
                with file.open("rb") as lines:
                    self.rejected += sum(1 for line in lines if line.strip())
        return sorted(str(file) for pattern in PARTS for file in folder.glob(pattern) if file.is_file()) or [name]

    def _read(self, piece: Piece) -> Iterator[Found]:
        for row in read_piece(piece):
            record = scored_record(row.fields)
            entry = to_entry(row, 0, piece.name, Fields())
            if record is None and entry.fault is not None:
                self.rejected += 1
                continue
            named = record.get("id") or record.get("path") if record is not None else None
            yield Found(self._own_id(str(named or entry.id)), entry.page if record is not row.fields else None, record)

    def _own_id(self, name: str) -> str:
        """The id; a second page of that id gets a number, for labels name pages by it."""
        self._ids[name] = self._ids.get(name, 0) + 1
        return name if self._ids[name] == 1 else f"{name} ({self._ids[name]})"

    def _score(self, group: Iterator[Found]) -> Iterator[Seen]:
        waiting: deque[tuple[str, Page]] = deque()

        def pages() -> Iterator[Page]:
            for row in group:
                if row.page is not None:
                    waiting.append((row.id, row.page))
                    yield row.page

        for score in score_many(pages(), jobs=self._jobs, model=self._model):
            name, page = waiting.popleft()
            site = name_site(score.url)
            yield Seen.of_score(name, site, score, partial(Shown, name, site, score, page))


def scored_record(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a row says of its page's score: a crawl's record, the columns of a CSV file, or a line of `score --json`.

    Raises:
        RefusedError: attributes without the texts.
    """
    record = fields.get(OWN)
    if isinstance(record, dict) and "verdict" in record:
        return record
    if f"{CSV_PREFIX}verdict" in fields:
        return {
            name.removeprefix(CSV_PREFIX): _cell(value) for name, value in fields.items() if name.startswith(CSV_PREFIX)
        }
    if fields.keys() >= SCORED:
        return fields
    attributes = fields.get("attributes")
    if isinstance(attributes, dict) and any(name.startswith(f"{OWN}__") for name in attributes):
        raise RefusedError(TEXTLESS)
    return None


def _cell(value: Any) -> Any:  # noqa: ANN401 - whatever the cell holds
    """A cell of a CSV file as what it was written from."""
    if not isinstance(value, str) or value == "":
        return None
    try:
        return json.loads(value) if value[0] in "[{0123456789" else value
    except ValueError:
        return value


def _seen_before(found: Found) -> Seen:
    record = dict(found.record or {})
    if found.page is not None:
        record["url"] = record.get("url") or found.page.url
        record["title"] = record.get("title") or found.page.title
    site = name_site(record["url"] if isinstance(record.get("url"), str) else None)
    return Seen.of_record(found.id, site, record, partial(_show, found.id, site, record, found.page))


def _show(name: str, site: str, record: Mapping[str, Any], page: Page | None) -> Shown:
    """The page of a record; the text that its spans count in is made again of the page, if the record does not hold it."""
    text, title = record.get("visible_text"), record.get("title")
    if text is None and page is not None:
        text, title = _text_again(page, record)
    whole = text is not None
    known = {
        "text_version": TEXT_VERSION,
        **record,
        "title": title,
        "visible_text": text if whole else record.get("text") or "",
    }
    score = Score.from_dict(known if whole else {**known, "spans": ()})
    found = () if whole else record.get("spans") or ()
    quotes = tuple((span["kind"], span["score"], span["reason"], span["quote"]) for span in found if span.get("quote"))
    return Shown(name, site, score, page, "" if whole or score.status != "ok" else NO_TEXT, whole, quotes)


def _text_again(page: Page, record: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """`visible_text` and title of a page; no text if the record's spans do not cut it to the record's text."""
    blocked = read_blocks(page).blocked
    if blocked is None:
        return None, record.get("title")
    again = Score.from_dict({**record, "visible_text": blocked.text})
    same = "text" not in record or again.text == (record["text"] or "")
    return blocked.text if same else None, record.get("title") or blocked.title
