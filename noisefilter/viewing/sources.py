"""Inputs → pages with their scores: those of a crawl or of `score --json` as they stand, others scored now."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from noisefilter.batch.counts import name_site
from noisefilter.batch.fields import distinct
from noisefilter.batch.inputs import page_of, score_given
from noisefilter.html.read import read_blocks
from noisefilter.html.walk import TEXT_VERSION
from noisefilter.report.tally import Seen
from noisefilter.report.view import Detail
from noisefilter.types import Score

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noisefilter.batch.inputs import Given, Inputs
    from noisefilter.model import Model
    from noisefilter.types import Page

NO_TEXT = (
    "The record holds the cleaned text only, so no span is shown: run `noisefilter clean` with --visible-text, or let it keep "
    "the page's content."
)


def seen_pages(inputs: Inputs, *, model: Model | None = None, jobs: int = 1) -> Iterator[Seen]:
    """Pages of the inputs with their scores, in order, each under an id of its own; those without a score are scored now."""
    ids = Counter[str]()
    for given, score in score_given(inputs, model=model, jobs=jobs):
        name = distinct(given.id, ids)
        if score is None:
            record = stored_record(given)
            load = partial(show_record, record, given.page)
        else:
            record = score.to_dict()
            load = partial(Detail, score, given.page)
        site = name_site(url if isinstance(url := record.get("url"), str) else None)
        textless = score is None and record.get("status") == "ok" and page_of(given) is None
        yield Seen.of_record(name, site, record, load, textless=textless)


def stored_record(given: Given) -> dict[str, Any]:
    """The record of a row, with what its page says of itself."""
    record = dict(given.record or {})
    if given.page is not None:
        record["url"] = record.get("url") or given.page.url
        record["title"] = record.get("title") or given.page.title
    return record


def show_record(record: Mapping[str, Any], page: Page | None) -> Detail:
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
    return Detail(score, page, "" if whole or score.status != "ok" else NO_TEXT, whole, quotes)


def _text_again(page: Page, record: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """`visible_text` and title of a page; no text if the record's spans do not cut it to the record's text."""
    blocked = read_blocks(page).blocked
    if blocked is None:
        return None, record.get("title")
    again = Score.from_dict({**record, "visible_text": blocked.text})
    same = "text" not in record or again.text == (record["text"] or "")
    return blocked.text if same else None, record.get("title") or blocked.title
