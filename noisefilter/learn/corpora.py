"""Corpora → labelled pages: reads the documented JSONL formats; each error names file and line."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from noisefilter.html.read import read_blocks
from noisefilter.kinds import KINDS
from noisefilter.labels import CorpusError, LabelledPage, LabelledSpan
from noisefilter.page import MAX_CHARACTERS
from noisefilter.types import PAGE_TYPES, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

LETTERS = "IFPOB"
#: Fields of a row that must be strings if present.
TEXTS = ("html", "text", "path", "url", "title", "site", "source", "licence", "main_text")
#: Most bytes of a line: a page's characters, each of which JSON may write in twelve bytes, and its labels.
MAX_LINE = 12 * MAX_CHARACTERS + 10_000_000
MAX_NOISE = 3


def read_corpora(paths: Sequence[str | Path]) -> list[LabelledPage]:
    """Labelled pages of some folders with `pages.jsonl` and `labels.jsonl`.

    Raises:
        CorpusError: a missing file, a line that is not JSON, a label that contradicts the format, or no labelled page.
    """
    pages = [page for path in paths for page in _read_folder(Path(path))]
    if not pages:
        msg = f"no labelled page in {', '.join(map(str, paths))}"
        raise CorpusError(msg)
    return pages


def _read_folder(folder: Path) -> list[LabelledPage]:
    rows = (
        (row["id"], where, partial(row_page, folder, where, row), {**row, "source": row.get("source") or folder.name})
        for where, row in read_rows(folder / "pages.jsonl")
    )
    return join_labels(rows, read_rows(folder / "labels.jsonl"), str(folder / "pages.jsonl"))


def join_labels(
    pages: Iterable[tuple[str, str, Callable[[], Page], Mapping[str, Any]]],
    label_rows: Iterable[tuple[str, Mapping[str, Any]]],
    among: str,
) -> list[LabelledPage]:
    """Those of the pages that have a label, in order.

    Args:
        pages: of each its id, its file and line, what reads it, and its row (`site`, `source`, `licence`, `marked`).
        label_rows: rows of `labels.jsonl`, each with its file and line.
        among: where the pages are from, for messages.

    Raises:
        CorpusError: as `read_corpora`.
    """
    labels: dict[str, dict[str, Any]] = {}
    for where, row in label_rows:
        if row["id"] in labels:
            msg = f"{where}: a second label for {row['id']!r}"
            raise CorpusError(msg)
        labels[row["id"]] = {**row, "where": where}
    found: list[LabelledPage] = []
    seen: set[str] = set()
    for name, where, read, fields in pages:
        if name in seen:
            msg = f"{where}: a second page {name!r}"
            raise CorpusError(msg)
        seen.add(name)
        label = labels.pop(name, None)
        if label is not None:
            try:
                found.append(_join(name, read(), fields, label))
            except (KeyError, TypeError, AttributeError) as error:
                msg = f"{label['where']}: the label of {name!r} does not follow the format: {error!r}"
                raise CorpusError(msg) from error
    if labels:
        first = next(iter(labels.values()))
        msg = f"{first['where']}: no page with the id {first['id']!r} in {among}"
        raise CorpusError(msg)
    return found


def read_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a JSONL file that have an id, each with the file and line where it stands.

    Raises:
        CorpusError: a missing file, or a line that is not such a row.
    """
    if not path.is_file():
        msg = f"{path}: no such file; a corpus is a folder with pages.jsonl and labels.jsonl"
        raise CorpusError(msg)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(MAX_LINE + 1), b""), 1):
                if line.strip():
                    yield f"{path}:{number}", _read_row(f"{path}:{number}", line)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise CorpusError(msg) from error


def _read_row(where: str, line: bytes) -> dict[str, Any]:
    """The object on a line, checked for an id and for the types that the format names."""
    if len(line) > MAX_LINE:
        msg = f"{where}: more than {MAX_LINE:,} bytes"
        raise CorpusError(msg)
    try:
        row = json.loads(line.decode("utf8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, too deep, a number of too many digits
        msg = f"{where}: not JSON: {error}"
        raise CorpusError(msg) from error
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        msg = f"{where}: an object with an id is wanted"
        raise CorpusError(msg)
    for name in TEXTS:
        if not isinstance(row.get(name), str | None):
            msg = f"{where}: {name} must be a text, not {type(row[name]).__name__}"
            raise CorpusError(msg)
    return row


def _refuse(constant: str) -> None:
    msg = f"{constant} is no number of JSON's"
    raise ValueError(msg)


def row_page(folder: Path, where: str, row: dict[str, Any]) -> Page:
    """The page of a row of `pages.jsonl`.

    Raises:
        CorpusError: a row without content, or a file that cannot be read.
    """
    if row.get("path") is not None:
        content: bytes | str = _read_file(folder, where, row["path"])
        form = "html" if row["path"].endswith((".html", ".htm")) else "text"
    elif row.get("html") is not None or row.get("text") is not None:
        form = "html" if row.get("html") is not None else "text"
        content = row[form]
    else:
        msg = f"{where}: html, text or path is wanted"
        raise CorpusError(msg)
    return Page(content, row.get("url"), row.get("title"), "html" if form == "html" else "text")


def _read_file(folder: Path, where: str, path: str) -> bytes:
    """Contents of a file of the corpus; a path that leads out of the folder, by dots or by a link, is refused."""
    try:
        file = (folder / path).resolve()
        if not file.is_relative_to(folder.resolve()):
            msg = f"{where}: {path!r} leads out of the corpus"
            raise CorpusError(msg)
        if file.exists() and not file.is_file():
            msg = f"{where}: {path!r} is no file"
            raise CorpusError(msg)
        return file.read_bytes()
    except (OSError, RuntimeError) as error:  # a link that leads to itself is a RuntimeError before Python 3.13
        msg = f"{where}: {folder / path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise CorpusError(msg) from error
    except ValueError as error:
        if isinstance(error, CorpusError):
            raise
        msg = f"{where}: {path!r} is no path: {error}"
        raise CorpusError(msg) from error


def _join(name: str, page: Page, row: Mapping[str, Any], label: dict[str, Any]) -> LabelledPage:
    votes = _votes(label)
    labelled = LabelledPage(
        name,
        page,
        _site(name, page, row),
        str(row.get("source") or ""),
        str(row.get("licence") or ""),
        sum(votes) / len(votes) if votes else None,
        _spans(label),
        _sentences(label),
        _main_text(label),
        page_type=_page_type(label),
        votes=votes,
        by=str(label.get("by") or ""),
        accepted=_is_accepted(row.get("marked"), label.get("spans")),
    )
    return anchor(labelled, label["where"])


def _is_accepted(marked: object, spans: object) -> bool:
    """Whether the spans are those that a model had marked, as labelling tools and reports note in `pages.jsonl`."""
    if not isinstance(marked, list) or not isinstance(spans, list):
        return False
    return sorted(marked, key=repr) == sorted(([span["start"], span["end"], span["kind"]] for span in spans), key=repr)


def _site(name: str, page: Page, row: Mapping[str, Any]) -> str:
    """Site of a page: as given, else the host of its address, else the page is a site of its own."""
    try:
        host = urlsplit(page.url or "").hostname
    except ValueError:
        host = None
    return str(row.get("site") or host or name)


def _votes(label: dict[str, Any]) -> tuple[int, ...]:
    votes = label.get("noise")
    if votes is None:
        return ()
    votes = votes if isinstance(votes, list) else [votes]
    if not votes or not all(_is_whole(vote) and 0 <= vote <= MAX_NOISE for vote in votes):
        msg = f"{label['where']}: noise must be 0 to {MAX_NOISE}, not {label['noise']!r}"
        raise CorpusError(msg)
    return tuple(votes)


def _page_type(label: dict[str, Any]) -> str:
    named = label.get("page_type", "article")
    if named not in PAGE_TYPES:
        msg = f"{label['where']}: unknown page type {named!r}: choose from {', '.join(PAGE_TYPES)}"
        raise CorpusError(msg)
    return str(named)


def _spans(label: dict[str, Any]) -> tuple[LabelledSpan, ...] | None:
    if label.get("spans") is None:
        return None
    spans = []
    for span in label["spans"]:
        if span.get("kind") not in KINDS:
            msg = f"{label['where']}: unknown kind {span.get('kind')!r}"
            raise CorpusError(msg)
        _check_range("span", span["start"], span["end"], label["where"])
        if not isinstance(span.get("quote"), str | None) or span.get("quote") == "":
            msg = f"{label['where']}: quote {span['quote']!r} is no text"
            raise CorpusError(msg)
        spans.append(LabelledSpan(span["start"], span["end"], span["kind"], span.get("quote")))
    return tuple(sorted(spans, key=lambda span: (span.start, span.end)))


def _sentences(label: dict[str, Any]) -> tuple[tuple[int, int, str], ...] | None:
    if label.get("sentences") is None:
        return None
    for sentence in label["sentences"]:
        letters = sentence["label"]
        if not isinstance(letters, str) or not letters or set(letters) - set(LETTERS):
            msg = f"{label['where']}: sentence label {letters!r} is not one of {LETTERS}"
            raise CorpusError(msg)
        _check_range("sentence", sentence["start"], sentence["end"], label["where"])
    return tuple((sentence["start"], sentence["end"], sentence["label"]) for sentence in label["sentences"])


def _main_text(label: dict[str, Any]) -> str | None:
    text = label.get("main_text")
    if text is not None and not isinstance(text, str):
        msg = f"{label['where']}: main_text must be a text, not {type(text).__name__}"
        raise CorpusError(msg)
    return text


def _is_whole(value: object) -> bool:
    """Whether a value is a whole number; JSON's true is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _check_range(what: str, start: object, end: object, where: str) -> None:
    if not (_is_whole(start) and _is_whole(end)):
        msg = f"{where}: {what} {start!r}-{end!r}: offsets are whole numbers"
        raise CorpusError(msg)
    if not 0 <= int(str(start)) < int(str(end)):
        msg = f"{where}: {what} {start}-{end} is empty or reversed"
        raise CorpusError(msg)


def _check_overlap(what: str, ranges: Iterable[tuple[int, int]], where: str) -> None:
    for (start, end), (following, last) in pairwise(sorted(ranges)):
        if following < end:
            msg = f"{where}: two {what} overlap, {start}-{end} and {following}-{last}: which of them counts is unknown"
            raise CorpusError(msg)


def anchor(labelled: LabelledPage, where: str) -> LabelledPage:
    """The page, with its spans moved to where their quotations are in `visible_text`.

    Raises:
        CorpusError: a quotation that is not in the text, offsets beyond its end, or labels of a kind that overlap.
    """
    if labelled.spans is None and labelled.sentences is None:
        return labelled
    text = read_blocks(labelled.page).text
    for start, end, _ in labelled.sentences or ():
        if end > len(text):
            msg = f"{where}: sentence {start}-{end} lies beyond the text of {labelled.id!r}, which has {len(text)} characters"
            raise CorpusError(msg)
    _check_overlap("sentences", ((start, end) for start, end, _ in labelled.sentences or ()), where)
    if labelled.spans is None:
        return labelled
    placed = _place(labelled, text, where)
    for kind in KINDS:
        _check_overlap(f"{kind} spans", ((span.start, span.end) for span in placed if span.kind == kind), where)
    return replace(labelled, spans=tuple(placed))


def _place(labelled: LabelledPage, text: str, where: str) -> list[LabelledSpan]:
    """The spans, moved to their quotations."""
    placed = []
    for span in labelled.spans or ():
        start, end = span.start, span.end
        if span.quote is not None and text[start:end] != span.quote:
            start = _nearest(text, span.quote, start)
            end = start + len(span.quote)
        if start < 0 or end > len(text):
            msg = f"{where}: the text of {labelled.id!r} does not hold {(span.quote or '')[:60]!r} ({span.start}-{span.end})"
            raise CorpusError(msg)
        placed.append(replace(span, start=start, end=end))
    return placed


def _nearest(text: str, quote: str, near: int) -> int:
    """Offset of the occurrence of a quotation that is nearest to where it was, -1 for none."""
    best, position = -1, text.find(quote)
    while position >= 0:
        if best < 0 or abs(position - near) < abs(best - near):
            best = position
        position = text.find(quote, position + 1)
    return best
