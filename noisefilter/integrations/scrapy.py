"""A spider's items → the same with their scores; those whose verdict a setting names are dropped."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

from noisefilter.decide import drop_reason
from noisefilter.integrations.rows import COLUMNS, PREFIX, Scoring, check_drop
from noisefilter.model import as_model
from noisefilter.types import needs_extra

try:
    from itemadapter import ItemAdapter
    from scrapy.exceptions import DropItem
    from twisted.internet.defer import Deferred
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(needs_extra(__name__, "scrapy", "scrapy")) from error

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from noisefilter.types import Page, Score


class NoiseFilterPipeline:
    """An item pipeline that scores each item's page outside the reactor and writes the score into the item.

    Settings, all of them optional:

    - `NOISEFILTER_INPUT`: the field that holds the page, HTML or plain text; `html`. An item without it, or with
      None in it, passes untouched.
    - `NOISEFILTER_URL`, `NOISEFILTER_TITLE`: the fields with address and title; `url` and `title`, where there are such.
    - `NOISEFILTER_FIELDS`: maps values of the score to fields; by default noise, filler, off_topic, boilerplate,
      verdict, status and text go to `noisefilter_noise` and so on. `Item`s and dataclasses must declare these fields.
    - `NOISEFILTER_DROP`: verdicts whose items are dropped, for instance `["drop"]`; none by default.
    - `NOISEFILTER_POLICY`: decides the verdict, as the argument `policy` of `noisefilter.score`; "balanced" by default.
    - `NOISEFILTER_FORMAT`, `NOISEFILTER_LANGUAGE`, `NOISEFILTER_THRESHOLDS`: as the arguments of `noisefilter.score`.
    - `NOISEFILTER_MODEL`: "fast", or the folder of a model; the shipped one with the reader by default.

    The crawl's stats count `noisefilter/scored`, `noisefilter/no_input`, `noisefilter/verdict/…`,
    `noisefilter/status/…` and `noisefilter/dropped/…` with the reason.

    Raises:
        TypeError, ValueError: an invalid setting; the crawl does not begin.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self.crawler = crawler
        self.input = settings.get("NOISEFILTER_INPUT", "html")
        self.url = settings.get("NOISEFILTER_URL", "url")
        self.title = settings.get("NOISEFILTER_TITLE", "title")
        self.fields: dict[str, str] = settings.getdict("NOISEFILTER_FIELDS") or {
            name: f"{PREFIX}{name}" for name in COLUMNS
        }
        self.drop = check_drop(settings.getlist("NOISEFILTER_DROP"))
        self.scoring = Scoring(
            columns=self.fields,
            format=settings.get("NOISEFILTER_FORMAT", "auto"),
            language=settings.get("NOISEFILTER_LANGUAGE"),
            policy=settings.get("NOISEFILTER_POLICY"),
            thresholds={name: float(value) for name, value in settings.getdict("NOISEFILTER_THRESHOLDS").items()},
            model=as_model(settings.get("NOISEFILTER_MODEL")),
        )
        # One thread: more would share one interpreter lock, and lxml in threads has crashed for others.
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="noisefilter")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The pipeline with the crawler's settings."""
        return cls(crawler)

    def close_spider(self, spider: object = None) -> None:  # noqa: ARG002 - Scrapy before 2.13 passes it
        """Let the thread end; it has nothing left to do."""
        self.thread.shutdown(wait=False)

    async def process_item(self, item: Any, spider: object = None) -> Any:  # noqa: ANN401, ARG002 - as in `close_spider`; an item is of any class
        """The item with its score.

        Raises:
            DropItem: a setting drops it; the message names the reason.
            TypeError: the input field holds neither text nor bytes.
            ValueError: the item declares no field for a value.
        """
        fields = ItemAdapter(item)
        content = fields.get(self.input)
        if content is None:
            self._count("no_input")
            return item
        page = self.scoring.page(content, fields.get(self.url), fields.get(self.title), f"field {self.input!r}")
        score = await _result(self.thread.submit(self._score, page))
        for name in ("scored", f"verdict/{score.verdict}", f"status/{score.status}"):
            self._count(name)
        self._write(fields, score)
        if reason := drop_reason(score, self.drop):
            self._count(f"dropped/{reason}")
            raise DropItem(f"noisefilter: {reason}" + ("" if score.noise is None else f", noise {score.noise:.2f}"))
        return item

    def _score(self, page: Page) -> Score:
        return next(self.scoring.scores([page]))

    def _write(self, fields: ItemAdapter, score: Score) -> None:
        for name, field in self.fields.items():
            try:
                fields[field] = getattr(score, name)
            except (AttributeError, KeyError) as error:
                raise ValueError(
                    f"{type(fields.item).__name__} has no field {field!r}: declare it, or set NOISEFILTER_FIELDS"
                ) from error

    def _count(self, name: str) -> None:
        if self.crawler.stats is not None:
            self.crawler.stats.inc_value(f"noisefilter/{name}")


async def _result(future: Future[Score]) -> Score:
    """Await the thread's result without blocking the reactor, be it asyncio's event loop or another of Twisted's."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return await _deferred(future)
    return await asyncio.wrap_future(future)


def _deferred(future: Future[Score]) -> Deferred[Score]:
    from twisted.internet import reactor  # noqa: PLC0415 - the import installs one; the crawler has chosen it by now

    deferred: Deferred[Score] = Deferred()

    def pass_on(done: Future[Score]) -> None:
        if error := done.exception():
            deferred.errback(error)
        else:
            deferred.callback(done.result())

    future.add_done_callback(lambda done: reactor.callFromThread(pass_on, done))
    return deferred
