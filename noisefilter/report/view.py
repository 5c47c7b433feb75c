"""Scores of chosen pages → what the report's script draws of them, within a budget of bytes."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noisefilter.html.cleaning.marking import marked_html
from noisefilter.kinds import KINDS, REMOVED_KINDS, WORST_FIRST
from noisefilter.page import read_page
from noisefilter.types import NUMBERS, kept_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from noisefilter.report.tally import Seen
    from noisefilter.types import Page, Score, Span

#: Bytes of a report for texts, marked pages and original pages, so that all of it stays below 10 MB.
TEXT_BYTES, FRAME_BYTES, RAW_BYTES = 3_600_000, 2_600_000, 2_000_000
#: Characters of one page's text that are shown; a longer text would take the space of hundreds.
MOST_TEXT = 250_000
MOST_RAW = 2_000_000
#: HTML is hardly ever compressed by more than this factor.
MOST_PACKED = 12


@dataclass(frozen=True, slots=True)
class Detail:
    """What is shown of a page; `note` says what is missing, `page` is what it was read from, if that is known.

    `whole` is false if `score.visible_text` is only the cleaned text, to which offsets do not refer; `quotes` are then
    the spans whose words are known, as (kind, probability, reason, words).
    """

    score: Score
    page: Page | None = None
    note: str = ""
    whole: bool = True
    quotes: tuple[tuple[str, float, str, str], ...] = ()


def page_views(pages: Iterable[Seen]) -> list[dict[str, Any]]:
    """What is drawn of each page, in order; within the budget, the last ones lose their HTML, or are left out."""
    left = {"text": TEXT_BYTES, "frame": FRAME_BYTES, "raw": RAW_BYTES}
    views = []
    for seen in pages:
        detail = seen.load()
        view = {"id": seen.id, "site": seen.site, **_view(detail)}
        size = len(json.dumps(view))
        if size > left["text"]:
            continue
        left["text"] -= size
        _add_page(view, detail, left)
        views.append(view)
    return views


def _view(detail: Detail) -> dict[str, Any]:
    score, length = detail.score, MOST_TEXT
    text = score.visible_text
    spans = [span for span in score.spans if span.start < length] if detail.whole else []
    reasons: dict[str, int] = {}
    rows = [
        [
            span.start,
            min(span.end, length),
            WORST_FIRST.index(span.kind),
            round(span.score, 2),
            reasons.setdefault(span.reason, len(reasons)),
        ]
        for span in spans
    ]
    cut = f"Only the first {length:,} of {len(text):,} characters are shown." if len(text) > length else ""
    return {
        "url": score.url,
        "title": score.title,
        "verdict": score.verdict,
        "status": score.status,
        "type": score.page_type,
        "lang": score.language,
        "model": score.model,
        "version": score.text_version,
        "numbers": [getattr(score, name) for name in NUMBERS],
        "reasons": [[reason.text, round(reason.share, 4)] for reason in score.reasons],
        "text": text[:length],
        "spans": rows,
        "why": list(reasons),
        "kept": _kept(text, spans, length),
        "quotes": [[WORST_FIRST.index(kind), value, why, words] for kind, value, why, words in detail.quotes],
        "whole": detail.whole and not cut,
        "note": " ".join(filter(None, (detail.note, cut))),
    }


def _kept(text: str, spans: Sequence[Span], length: int) -> list[int]:
    """Ranges of the cleaned text as one flat list, computed as in `Score.text`."""
    ranges = kept_ranges(text, (span for span in spans if span.kind in REMOVED_KINDS))
    return [edge for start, end in ranges if start < length for edge in (start, min(end, length))]


def _add_page(view: dict[str, Any], detail: Detail, left: dict[str, int]) -> None:
    """Add the page with marks, and as it came, for the exported corpus; compressed, since HTML repeats itself."""
    page = read_page(detail.page) if detail.page is not None else None
    if page is None or page.status != "ok" or page.format != "html" or len(page.content) > MOST_RAW or not detail.whole:
        return
    html = marked_html(page, detail.score, describe_span)
    for name, content in (("frame", html), ("raw", str(page.content))):
        if content is None or len(content) > left[name] * MOST_PACKED:
            continue
        packed = base64.b64encode(gzip.compress(content.encode("utf8", "replace"), 6, mtime=0)).decode("ascii")
        if len(packed) <= left[name]:
            left[name] -= len(packed)
            view[name] = packed


def describe_span(span: Span) -> str:
    """The description of a span at its mark."""
    return f"{KINDS[span.kind].called}, {span.score:.2f}: {span.reason}"
