"""Inputs → pages in order, with the record of their score if they have one: how every command reads its inputs."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import deque
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from noisefilter.api import score_many
from noisefilter.batch.errors import RefusedError
from noisefilter.batch.fields import Fault, read_entry
from noisefilter.batch.files import find_files, is_url, open_plain
from noisefilter.batch.options import Fields
from noisefilter.batch.readers import read_piece
from noisefilter.batch.sources import list_sources, run_manifest
from noisefilter.batch.storage import open_storage
from noisefilter.batch.tasks import CSV_PREFIX, DOLMA_PREFIX, OWN
from noisefilter.report.printing import LOGGER, say
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from noisefilter.batch.tasks import Piece
    from noisefilter.model import Model
    from noisefilter.policy import Policy
    from noisefilter.types import Score

Item = TypeVar("Item")
#: Rows without a page that are named; further ones are only counted.
NAMED_ROWS = 20
TEXTLESS = "the format dolma holds no texts: name the documents, or a run in another format"
PAGELESS = (
    "its record holds the cleaned text only: name the page itself, or run `noisefilter clean` with --visible-text"
)
#: Fields that identify a record of `score --json`.
SCORED = frozenset(("verdict", "status", "spans", "noise"))


class Given(NamedTuple):
    """A row of an input: its id, file and fields, its page and the record of its score, either of which may be missing.

    `where` is its file with its line or, of what is not JSON lines, its row.
    """

    id: str
    source: str
    fields: Mapping[str, Any]
    page: Page | None
    record: Mapping[str, Any] | None
    where: str


class Inputs:
    """Pages of files, folders, globs, URLs, runs of `noisefilter clean`, corpora and `-`, in order.

    HTML, text, JSON lines, CSV, Parquet and WARC, compressed or not, whatever wrote them. Rows without a page are named
    in the log and counted in `rejected`. Rows that a run has rejected are counted there, too.

    Args:
        names: as above.
        pageless: tells from a row's fields whether to yield it even without a page; by default, none is.
        output: a file or folder that is written; what an earlier call wrote there holds no pages.
    """

    def __init__(
        self,
        names: Sequence[str],
        pageless: Callable[[Mapping[str, Any]], bool] = lambda _: False,
        output: Path | None = None,
    ) -> None:
        #: Rows without a page; complete when all pages are read.
        self.rejected = 0
        #: Rows with a score.
        self.scored = 0
        self._names, self._named_rows, self._pageless = names, 0, pageless
        self._output = output and output.absolute()

    def __iter__(self) -> Iterator[Given]:
        """Read the pages; all names are looked up before the first page is read.

        Raises:
            RefusedError: an input that names nothing, that cannot be read, or that holds no texts.
        """
        # for standard input; a TemporaryDirectory would warn if an error left this generator to the garbage collector
        folder = tempfile.mkdtemp()
        try:
            for name in self._names:
                self._count_rejected(name)
            sources, passed_over = list_sources(self._names, "auto", open_storage(folder), None)
            if passed_over:
                say(f"files passed over, of other types or of other runs: {passed_over:,}")
            for source in sources:
                if self._output and Path(source.path).is_relative_to(self._output):
                    continue
                LOGGER.debug("reading %s", source.name)
                yield from self._read(source.piece)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _count_rejected(self, name: str) -> None:
        """Count what a run has rejected, if the input is one."""
        folder = name.rstrip("/")
        if is_url(name) or run_manifest(folder):
            with suppress(RefusedError):  # it has finished no part, or is no run
                for file in find_files(f"{folder}/rejects")[0]:
                    with open_plain(file.path) as lines:
                        self.rejected += sum(1 for line in lines if line.strip())

    def _read(self, piece: Piece) -> Iterator[Given]:
        for row in read_piece(piece):
            record = scored_record(row.fields)
            entry = read_entry(row, 0, piece, Fields())
            where = f"{piece.name}{':' if piece.format == 'jsonl' else ', row '}{row.number}"
            if record is None and entry.fault is not None:
                if row.fault is None and self._pageless(row.fields):
                    yield Given(entry.id, piece.name, row.fields, None, None, where)
                else:
                    self._reject(entry.id, entry.fault)
                continue
            self.scored += record is not None
            named = record.get("id") or record.get("path") if record is not None else None
            page = entry.page if record is not row.fields else None
            yield Given(str(named or entry.id), piece.name, row.fields, page, record, where)

    def pages(self) -> Iterator[tuple[Given, Page]]:
        """Rows with their pages; for a record without one, its `visible_text` is the page. See `__iter__`."""
        return ((given, page) for given, page in self.rows() if page is not None)

    def rows(self) -> Iterator[tuple[Given, Page | None]]:
        """The same, and the rows that `pageless` accepts, without a page."""
        for given in self:
            page = page_of(given)
            if page is None and given.record is not None:
                self._reject(given.id, Fault("no_page", PAGELESS))
            else:
                yield given, page

    def _reject(self, name: str, fault: Fault) -> None:
        self.rejected += 1
        self._named_rows += 1
        if self._named_rows <= NAMED_ROWS:
            LOGGER.warning("%s: %s: %s", name, fault.reason, fault.detail)
        elif self._named_rows == NAMED_ROWS + 1:
            LOGGER.warning("more rows that hold no page are counted, not named")


def page_of(given: Given) -> Page | None:
    """The row's page, else its record's `visible_text`; None if it has neither."""
    record = given.record or {}
    if given.page is None and isinstance(text := record.get("visible_text"), str):
        return Page(text, record.get("url"), record.get("title"), "text")
    return given.page


def score_given(
    given: Iterable[Given], *, model: Model | None = None, policy: Policy | None = None, jobs: int = 1
) -> Iterator[tuple[Given, Score | None]]:
    """Rows with the scores of their pages, in order; None where a record has the score already."""
    for is_scored, group in groupby(given, key=lambda one: one.record is not None):
        if is_scored:
            yield from ((one, None) for one in group)
            continue
        yield from with_scores(group, lambda one: one.page or Page(""), model=model, policy=policy, jobs=jobs)


def with_scores(
    items: Iterable[Item], page: Callable[[Item], Page], *, model: Model | None, policy: Policy | None = None, jobs: int
) -> Iterator[tuple[Item, Score]]:
    """Items with the scores of their pages, in order; `page` gives an item's."""
    waiting: deque[Item] = deque()  # no `tee`: with several jobs, pages are taken in another thread

    def pages() -> Iterator[Page]:
        for item in items:
            waiting.append(item)
            yield page(item)

    for score in score_many(pages(), model=model, policy=policy, jobs=jobs):
        yield waiting.popleft(), score


def scored_record(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The record of the score in a row: from a run, the columns of a CSV file, or a line of `score --json`; else None.

    Raises:
        RefusedError: dolma attributes, which lack the texts.
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
    if isinstance(attributes, dict) and any(name.startswith(DOLMA_PREFIX) for name in attributes):
        raise RefusedError(TEXTLESS)
    return None


def _cell(value: Any) -> Any:  # noqa: ANN401 - whatever the cell holds
    """The value from which a cell of a CSV file was written."""
    if not isinstance(value, str) or value == "":
        return None
    try:
        return json.loads(value) if value[0] in "[{0123456789" else value
    except ValueError:
        return value
