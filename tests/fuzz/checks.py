"""Pages → what does not hold of them: nothing raises, nothing is logged, nothing is slow, and text and evidence agree."""

from __future__ import annotations

import json
import logging
import time
import traceback
import warnings
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import lxml.html

from noisefilter import Score, clean_html, extract, score, score_many
from noisefilter.kinds import KINDS, REMOVED_KINDS
from noisefilter.page import scrub
from tests.making import squeeze

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noisefilter import Page

#: Seconds of processor time that one call may take.
MOST_SECONDS = 5.0


class Failure(NamedTuple):
    """What did not hold of a page: in which call, the error's class and place in a line, and the whole of it."""

    row: int
    call: str
    error: str
    details: str


def check_pages(pages: Sequence[Page]) -> list[Failure]:
    """All that does not hold of some pages, each by itself and together in one call of `score_many`."""
    failures: list[Failure] = []
    alone: list[Score | None] = []
    for row, page in enumerate(pages):
        result: list[Score] = []
        with _watched(failures, row, "score"):
            result.append(score(page))
            check_score(page, result[0])
        with _watched(failures, row, "extract"):
            text = extract(page)
            assert not result or text == result[0].clean({"boilerplate"}), (
                "extract is not the score without boilerplate"
            )
        with _watched(failures, row, "clean_html"):
            check_cleaned(clean_html(page))
        alone += result or [None]
    together: list[Score] = []
    with _watched(failures, 0, "score_many", calls=len(pages)):
        together += score_many(pages)
    for row, (one, other) in enumerate(zip(alone, together, strict=False)):
        with _watched(failures, row, "score_many"):
            assert one is None or one.to_dict() == other.to_dict(), "score_many differs from score"
    return failures


def check_score(page: Page, result: Score) -> None:
    """The invariants of any score, and those of a plain text's."""
    check_evidence(result)
    if page.format == "text" and isinstance(page.content, str) and result.status != "too_large":
        assert result.visible_text == scrub(page.content)


def check_evidence(result: Score) -> None:
    """Text, spans, sentences, numbers and record agree with each other."""
    for kinds in (REMOVED_KINDS, {"filler"}, {"boilerplate"}, KINDS):
        assert squeeze(result.clean(kinds)) == without(result, kinds)
    assert result.text == result.clean(REMOVED_KINDS)
    assert list(result.spans) == sorted(result.spans)
    for kind in KINDS:
        spans = [span for span in result.spans if span.kind == kind]
        assert all(one.end <= two.start for one, two in pairwise(spans))
    for span in result.spans:
        assert 0 <= span.start < span.end <= len(result.visible_text)
        assert 0 <= span.score <= 1
        assert span.reason
    assert all(one.end <= two.start for one, two in pairwise(result.sentences))
    for sentence in result.sentences:
        assert 0 <= sentence.start < sentence.end <= len(result.visible_text)
        assert result.visible_text[sentence.start : sentence.end].strip()
        assert all(0 <= value <= 1 for value in (getattr(sentence, kind) for kind in KINDS))
    numbers = (result.noise, result.filler, result.off_topic, result.boilerplate)
    assert all(number is None for number in numbers) == (result.status != "ok")
    assert all(number is None or 0 <= number <= 1 for number in numbers)
    assert (result.verdict == "unscored") == (result.status != "ok")
    if result.verdict == "keep":
        assert result.text == result.clean({"boilerplate"})
    if result.verdict == "trim":
        assert squeeze(result.text) != squeeze(result.clean({"boilerplate"}))
    json.dumps(result.to_dict(), allow_nan=False, ensure_ascii=False).encode()


def without(result: Score, kinds) -> str:
    """The text without its spans and without blanks, worked out sign by sign."""
    gone = bytearray(len(result.visible_text))
    for span in result.spans:
        if span.kind in kinds:
            gone[span.start : span.end] = b"\x01" * (span.end - span.start)
    return squeeze("".join(sign for sign, cut in zip(result.visible_text, gone, strict=True) if not cut))


def check_cleaned(cleaned: str) -> None:
    """Cleaned HTML can be written and read, and holds no script and no handler."""
    cleaned.encode()
    if cleaned:
        for element in lxml.html.document_fromstring(
            cleaned.encode(), parser=lxml.html.HTMLParser(encoding="utf-8")
        ).iter():
            assert element.tag != "script", "a script is left"
            assert not any(str(name).startswith("on") for name in element.attrib), "a handler is left"


@contextmanager
def _watched(failures: list[Failure], row: int, call: str, calls: int = 1) -> Iterator[None]:
    """Add to the failures what is raised, warned of or logged, and what takes too long."""
    start = time.process_time()
    with warnings.catch_warnings(), _log() as records:
        warnings.simplefilter("error")
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the fuzz looks for
            place = traceback.extract_tb(error.__traceback__)[-1]
            line = f"{type(error).__name__} in {place.filename.rpartition('/')[2]}:{place.name}"
            failures.append(Failure(row, call, line, traceback.format_exc()))
    failures += [Failure(row, call, f"logged by {record.name}", _said(record)) for record in records]
    seconds = time.process_time() - start
    if seconds > MOST_SECONDS * calls:
        failures.append(Failure(row, call, "slow", f"{seconds:.1f} s"))


def _said(record: logging.LogRecord) -> str:
    trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
    return f"{record.getMessage()}\n{trace}"


@contextmanager
def _log() -> Iterator[list[logging.LogRecord]]:
    """What a user without settings of his own would see of the logs."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = records.append  # type: ignore[method-assign, assignment]
    logging.getLogger().addHandler(handler)
    try:
        yield records
    finally:
        logging.getLogger().removeHandler(handler)
