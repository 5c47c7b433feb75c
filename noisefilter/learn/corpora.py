"""Corpora → labelled pages: reads the documented JSONL formats; each error names file and line."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from noisefilter.html.read import read_blocks
from noisefilter.kinds import KINDS
from noisefilter.labels import CorpusError, LabelledPage, LabelledSpan, what_is_wrong
from noisefilter.page import MAX_CHARACTERS
from noisefilter.types import PAGE_TYPES, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from noisefilter.types import Format

LETTERS = "IFPOB"
#: Fields of a row that must be strings if present.
TEXTS = ("html", "text", "path", "url", "title", "site", "source", "licence", "main_text")
#: Most bytes of a line: a page's characters, each of which JSON may write in twelve bytes, and its labels.
MAX_LINE = 12 * MAX_CHARACTERS + 10_000_000
MAX_NOISE = 3
#: Start and end of a span that is given by its quotation alone.
UNPLACED, UNPLACED_KEYS = (-1, -1), frozenset(("start", "end"))


def read_corpora(paths: Sequence[str | Path]) -> list[LabelledPage]:
    """Labelled pages of some folders with `pages.jsonl` and `labels.jsonl`.

    Raises:
        CorpusError: a missing file, a line that is not JSON, a label that contradicts the format, or no labelled page.
    """
    pages = [page for path in paths for page in _read_folder(Path(path))]
    if not pages:
        raise _fault("no labelled page in " + ", ".join(map(str, paths)))
    return pages


def _fault(*parts: str) -> CorpusError:
    """The error of a place and what is wrong there."""
    return CorpusError(": ".join(parts))


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
        CorpusError: as `read_corpora`, or two pages for a label.
    """
    labels: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for where, row in label_rows:
        if row["id"] in labels:
            raise _fault(where, f"a second label for {row['id']!r}")
        labels[row["id"]] = where, row
    found: list[LabelledPage] = []
    joined: set[str] = set()
    for name, where, read, fields in pages:
        if name in joined:
            raise _fault(where, f"a second page {name!r}")
        if name in labels:
            joined.add(name)
            labelled, label = labels.pop(name)
            try:
                found.append(_join(name, read(), fields, label, labelled))
            except (KeyError, TypeError, AttributeError) as error:
                raise _fault(
                    labelled, f"the label of {name!r} does not follow the format", what_is_wrong(error)
                ) from error
    if labels:
        name, (where, _) = next(iter(labels.items()))
        raise _fault(where, f"no page with the id {name!r} in {among}")
    return found


def read_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a JSONL file that have an id, each with the file and line where it stands.

    Raises:
        CorpusError: a missing file, or a line that is not such a row.
    """
    if not path.is_file():
        raise _fault(str(path), "no such file; a corpus is a folder with pages.jsonl and labels.jsonl")
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(MAX_LINE + 1), b""), 1):
                if line.strip():
                    yield f"{path}:{number}", _read_row(f"{path}:{number}", line)
    except OSError as error:
        raise _fault(str(path), f"cannot be read: {error.strerror}") from error


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a JSONL file anew, as a whole or not at all."""
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
    fresh.replace(path)


def _read_row(where: str, line: bytes) -> dict[str, Any]:
    """The object on a line, checked for an id and for the types that the format names."""
    if len(line) > MAX_LINE:
        raise _fault(where, f"more than {MAX_LINE:,} bytes")
    try:
        row = json.loads(line.decode("utf8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, too deep, a number of too many digits
        raise _fault(where, "not JSON", str(error)) from error
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise _fault(where, "an object with an id is wanted")
    for name in TEXTS:
        if not isinstance(row.get(name), str | None):
            raise _fault(where, f"{name} must be a text, not {type(row[name]).__name__}")
    return row


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON's")


def row_page(folder: Path, where: str, row: Mapping[str, Any]) -> Page:
    """The page of a row of `pages.jsonl`.

    Raises:
        CorpusError: a row without content, or a file that cannot be read.
    """
    form: Format = "html" if row.get("html") is not None else "text"
    content = row.get(form)
    if row.get("path") is not None:
        content = _read_file(folder, where, row["path"])
        form = "html" if row["path"].endswith((".html", ".htm")) else "text"
    if content is None:
        raise _fault(where, "html, text or path is wanted")
    return Page(content, row.get("url"), row.get("title"), declared_format(content, form))


def declared_format(content: str | bytes, form: Format) -> Format:
    """The format of what a field calls so: HTML without a tag is read as `score` reads it, since it may be plain text."""
    has_tag = "<" in content if isinstance(content, str) else b"<" in content
    return form if has_tag or form != "html" else "auto"


def _read_file(folder: Path, where: str, path: str) -> bytes:
    """Contents of a file of the corpus; a path that leads out of the folder, by dots or by a link, is refused."""
    try:
        file = (folder / path).resolve()
        inside = file.is_relative_to(folder.resolve())
        if inside and (file.is_file() or not file.exists()):
            return file.read_bytes()
    except (OSError, RuntimeError) as error:  # a link that leads to itself is a RuntimeError before Python 3.13
        reason = getattr(error, "strerror", None) or error
        raise _fault(where, f"{folder / path} cannot be read", str(reason)) from error
    except ValueError as error:
        raise _fault(where, f"{path!r} is no path", str(error)) from error
    raise _fault(where, f"{path!r} is no file" if inside else f"{path!r} leads out of the corpus")


def _join(name: str, page: Page, row: Mapping[str, Any], label: Mapping[str, Any], where: str) -> LabelledPage:
    """A page with its label, which stands `where`; spans are moved to their quotations."""
    votes = _votes(label, where)
    labelled = LabelledPage(
        name,
        page,
        _site(name, page, row),
        str(row.get("source") or ""),
        str(row.get("licence") or ""),
        sum(votes) / len(votes) if votes else None,
        _spans(label, where),
        _sentences(label, where),
        label.get("main_text"),
        page_type=label.get("page_type", "article"),
        votes=votes,
        by=str(label.get("by") or ""),
        accepted=is_accepted(row.get("marked"), label.get("spans")),
    )
    if labelled.page_type not in PAGE_TYPES:
        raise _fault(where, f"unknown page type {labelled.page_type!r}", f"choose from {', '.join(PAGE_TYPES)}")
    if not isinstance(labelled.main_text, str | None):
        raise _fault(where, f"main_text must be a text, not {type(labelled.main_text).__name__}")
    return _anchor(labelled, where)


def is_accepted(marked: object, spans: object) -> bool:
    """Whether the spans are those that a model had marked, as labelling tools and reports note in `pages.jsonl`."""
    if not isinstance(marked, list) or not isinstance(spans, list):
        return False
    return sorted(marked, key=repr) == sorted(
        ([span.get("start"), span.get("end"), span.get("kind")] for span in spans), key=repr
    )


def _site(name: str, page: Page, row: Mapping[str, Any]) -> str:
    """Site of a page: as given, else the host of its address, else the page is a site of its own."""
    return str(row.get("site") or host_of(page.url) or name)


def host_of(url: str | None) -> str | None:
    """The host that a URL names, if it names one."""
    try:
        return urlsplit(url or "").hostname
    except ValueError:  # a bracket that no IPv6 address closes
        return None


def _votes(label: Mapping[str, Any], where: str) -> tuple[int, ...]:
    noise: Any = label.get("noise")
    if noise is None:
        return ()
    votes = noise if isinstance(noise, list) else [noise]
    if not votes or not all(is_whole(vote) and 0 <= vote <= MAX_NOISE for vote in votes):
        raise _fault(where, f"noise must be 0 to {MAX_NOISE}, not {noise!r}")
    return tuple(votes)


def _spans(label: Mapping[str, Any], where: str) -> tuple[LabelledSpan, ...] | None:
    if label.get("spans") is None:
        return None
    spans = []
    for span in label["spans"]:
        if not isinstance(span, dict):
            raise _fault(where, f"span {span!r} is no object with start, end and kind")
        kind, quote = span.get("kind"), span.get("quote")
        if kind not in KINDS:
            raise _fault(where, f"unknown kind {kind!r}", f"choose from {', '.join(KINDS)}")
        if not isinstance(quote, str | None) or quote == "":
            raise _fault(where, f"quote {quote!r} is no text")
        start, end = UNPLACED if quote and UNPLACED_KEYS.isdisjoint(span) else _range("span", span, where)
        spans.append(LabelledSpan(start, end, kind, quote))
    return tuple(sorted(spans, key=lambda span: (span.start, span.end)))


def _sentences(label: Mapping[str, Any], where: str) -> tuple[tuple[int, int, str], ...] | None:
    if label.get("sentences") is None:
        return None
    sentences = []
    for sentence in label["sentences"]:
        letters = sentence["label"]
        if not isinstance(letters, str) or not letters or set(letters) - set(LETTERS):
            raise _fault(where, f"sentence label {letters!r} is not one of {LETTERS}")
        sentences.append((*_range("sentence", sentence, where), letters))
    return tuple(sentences)


def is_whole(value: object) -> bool:
    """Whether a value is a whole number; JSON's true is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _range(what: str, labelled: Mapping[str, Any], where: str) -> tuple[int, int]:
    """Start and end of a span or a sentence."""
    start, end = labelled["start"], labelled["end"]
    if not (is_whole(start) and is_whole(end)):
        raise _fault(where, f"{what} {start!r}-{end!r}", "offsets are whole numbers")
    if not 0 <= start < end:
        raise _fault(where, f"{what} {start}-{end} is empty or reversed")
    return start, end


def _check_overlap(what: str, ranges: Iterable[tuple[int, int]], where: str) -> None:
    for (start, end), (following, last) in pairwise(sorted(ranges)):
        if following < end:
            both = f"two {what} overlap, {start}-{end} and {following}-{last}"
            raise _fault(where, both, "which of them counts is unknown")


def _anchor(labelled: LabelledPage, where: str) -> LabelledPage:
    """The page, with its spans moved to where their quotations are in `visible_text`.

    Raises:
        CorpusError: a quotation that is not in the text, or without a place and there more than once; offsets beyond the text's end,
            or labels of a kind that overlap.
    """
    if labelled.spans is None and labelled.sentences is None:
        return labelled
    text = read_blocks(labelled.page).text
    sentences = [(start, end) for start, end, _ in labelled.sentences or ()]
    for start, end in sentences:
        if end > len(text):
            of = f"the text of {labelled.id!r}, which has {len(text)} characters"
            raise _fault(where, f"sentence {start}-{end} lies beyond {of}")
    _check_overlap("sentences", sentences, where)
    if labelled.spans is None:
        return labelled
    placed = tuple(_place(span, labelled.id, text, where) for span in labelled.spans)
    for kind in KINDS:
        _check_overlap(f"{kind} spans", ((span.start, span.end) for span in placed if span.kind == kind), where)
    return replace(labelled, spans=placed)


def _place(span: LabelledSpan, name: str, text: str, where: str) -> LabelledSpan:
    """The span, moved to the occurrence of its quotation that is nearest to where it was; one without a place has to be the only one."""
    start, end, quote = span.start, span.end, span.quote
    if quote is None and end > len(text):
        raise _fault(where, f"span {start}-{end} lies beyond the text of {name!r}, which has {len(text)} characters")
    if quote is not None and text[start:end] != quote:
        found = [match.start() for match in re.finditer(f"(?={re.escape(quote)})", text)]
        if not found:
            place = "" if start < 0 else f" ({start}-{end})"
            raise _fault(where, f"the text of {name!r} does not hold {quote[:60]!r}{place}")
        if start < 0 and len(found) > 1:
            raise _fault(where, f"the text of {name!r} holds {quote[:60]!r} {len(found)} times: give start and end")
        start = min(found, key=lambda place: abs(place - span.start))
        end = start + len(quote)
    return replace(span, start=start, end=end)
