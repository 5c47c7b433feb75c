"""The Scrapy pipeline: alone with every kind of item, and in real crawls of a site on localhost."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import threading
from typing import Any

import pytest

from noisefilter import score
from noisefilter.integrations.rows import COLUMNS
from noisefilter.policy import Policy
from tests.making import ARTICLE, CORPUS, HTML_ARTICLE
from tests.serving import served

scrapy = pytest.importorskip("scrapy")

from scrapy.exceptions import DropItem  # noqa: E402 - after the check that Scrapy is there
from scrapy.utils.test import get_crawler  # noqa: E402

from noisefilter.integrations.scrapy import NoiseFilterPipeline  # noqa: E402

FIELDS = [f"noisefilter_{name}" for name in COLUMNS]
SHORT = "<p>Rain fell.</p>"
StoryItem = type("StoryItem", (scrapy.Item,), {name: scrapy.Field() for name in ["html", *FIELDS]})
StoryData = dataclasses.make_dataclass(
    "StoryData", [("html", str), *((name, Any, dataclasses.field(default=None)) for name in FIELDS)]
)


def pipeline_with(**settings: object) -> NoiseFilterPipeline:
    named = {f"NOISEFILTER_{name.upper()}": value for name, value in settings.items()}
    return NoiseFilterPipeline.from_crawler(get_crawler(settings_dict=named))


def process(pipeline: NoiseFilterPipeline, item: object, *spider: object) -> Any:
    """What the pipeline makes of an item, in an event loop as Scrapy runs it."""
    try:
        return asyncio.run(pipeline.process_item(item, *spider))
    finally:
        pipeline.close_spider(*spider)


def counted(pipeline: NoiseFilterPipeline) -> dict[str, int]:
    stats = pipeline.crawler.stats.get_stats()
    return {name: value for name, value in stats.items() if name.startswith("noisefilter/")}


@pytest.mark.parametrize("kind", [dict, StoryItem, StoryData])
@pytest.mark.parametrize("spider", [(), ("the spider that Scrapy passed until 2.13",)])
def test_an_item_of_any_kind_gets_its_score_with_either_signature(kind, spider):
    item = process(pipeline_with(), kind(html=HTML_ARTICLE), *spider)
    assert type(item) is kind
    values = dataclasses.asdict(item) if kind is StoryData else dict(item)
    expected = score(HTML_ARTICLE)
    assert {name: values[name] for name in FIELDS} == {
        f"noisefilter_{name}": getattr(expected, name) for name in COLUMNS
    }
    assert values["html"] == HTML_ARTICLE


def test_settings_name_the_fields():
    fields = {"noise": "farm", "title": "heading", "url": "source"}
    pipeline = pipeline_with(input="body", title="headline", url="link", fields=fields)
    given = {"body": ARTICLE.encode(), "headline": "A story", "link": "https://a.example/"}
    item = process(pipeline, dict(given))
    found = score(ARTICLE, title="A story")
    assert item == {**given, "heading": "A story", "source": "https://a.example/", "farm": found.noise}


@pytest.mark.parametrize("item", [{"price": 7}, {"html": None}])
def test_an_item_without_a_page_passes_untouched_and_is_counted(item):
    pipeline = pipeline_with(drop=["unscored"])
    assert process(pipeline, dict(item)) == item
    assert counted(pipeline) == {"noisefilter/no_input": 1}


@pytest.mark.parametrize(
    ("settings", "page", "reason"),
    [
        ({"drop": ["review"], "policy": "own"}, HTML_ARTICLE, "verdict_review"),
        ({"drop": "drop,unscored"}, SHORT, "unscored_too_short"),
    ],
)
def test_a_setting_drops_with_its_reason(tmp_path, settings, page, reason):
    if settings.get("policy") == "own":
        Policy(0, 1).save(tmp_path / "policy.json")
        settings = {**settings, "policy": str(tmp_path / "policy.json")}
    pipeline = pipeline_with(**settings)
    with pytest.raises(DropItem, match=f"noisefilter: {reason}"):
        process(pipeline, {"html": page})
    assert counted(pipeline)[f"noisefilter/dropped/{reason}"] == 1


def test_nothing_is_dropped_by_default():
    assert process(pipeline_with(), {"html": SHORT})["noisefilter_status"] == "too_short"


def test_the_event_loop_goes_on_while_a_page_is_scored():
    pipeline = pipeline_with()
    gate = threading.Event()

    async def crawl() -> tuple[bool, Any]:
        pipeline.thread.submit(gate.wait)  # the thread is busy: whatever scored in the loop would be done at once
        task = asyncio.ensure_future(pipeline.process_item({"html": HTML_ARTICLE}))
        await asyncio.sleep(0.2)
        pending = not task.done()
        gate.set()
        return pending, await task

    pending, item = asyncio.run(crawl())
    pipeline.close_spider()
    assert pending
    assert item["noisefilter_noise"] == score(HTML_ARTICLE).noise


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"drop": ["spam"]}, "unknown verdict 'spam'"),
        ({"policy": "bold"}, "unknown policy 'bold'"),
        ({"fields": {"smell": "smell"}}, "no column 'smell'"),
        ({"format": "pdf"}, "format must be"),
        ({"thresholds": {"smell": 0.5}}, "smell"),
        ({"model": "nowhere"}, "nowhere"),
    ],
)
def test_a_wrong_setting_stops_the_crawl_before_it_begins(settings, message):
    with pytest.raises(ValueError, match=message):
        pipeline_with(**settings)


def test_an_item_without_a_declared_field_says_so():
    bare = dataclasses.make_dataclass("Bare", [("html", str)])
    with pytest.raises(
        ValueError, match="Bare has no field 'noisefilter_noise': declare it, or set NOISEFILTER_FIELDS"
    ):
        process(pipeline_with(), bare(HTML_ARTICLE))


def test_a_page_that_is_no_text_says_in_which_field():
    with pytest.raises(TypeError, match="field 'html' holds int"):
        process(pipeline_with(), {"html": 7})


SPIDER = """
import dataclasses, sys
import scrapy

@dataclasses.dataclass
class Story:
    address: str
    page: str
    farm: float | None = None
    verdict: str | None = None

class Stories(scrapy.Spider):
    name = "stories"
    custom_settings = {
        "ITEM_PIPELINES": {"noisefilter.integrations.scrapy.NoiseFilterPipeline": 300},
        "NOISEFILTER_INPUT": "page", "NOISEFILTER_URL": "address",
        "NOISEFILTER_FIELDS": {"noise": "farm", "verdict": "verdict"}, "NOISEFILTER_DROP": ["drop", "unscored"],
    }
    def __init__(self, site): self.start_urls = [site + "/"]
    def parse(self, response):
        yield Story(response.url, response.text)
        yield from response.follow_all(css="a.story", callback=self.parse)
    def closed(self, reason):
        import json
        stats = {name: value for name, value in self.crawler.stats.get_stats().items() if isinstance(value, int)}
        open("stats.json", "w").write(json.dumps(stats))
"""


@pytest.mark.parametrize("reactor", ["asyncioreactor.AsyncioSelectorReactor", "selectreactor.SelectReactor"])
def test_a_crawl_of_the_projects_pages_keeps_the_good_ones(reactor, tmp_path):
    """Both of Twisted's ways to wait for a thread: asyncio's loop, and a reactor without one."""
    paths = sorted((CORPUS / "pages").glob("*.html"))[::3]
    site = {f"/{path.name}": path.read_text(encoding="utf8") for path in paths}
    site["/"] = "".join(f'<a class="story" href="{path}">Story</a> ' for path in site)
    (tmp_path / "spider.py").write_text(SPIDER, encoding="utf8")
    with served(site) as (address, _):
        command = ["-m", "scrapy", "runspider", "spider.py", "-a", f"site={address}", "-O", "stories.jsonl"]
        command += ["-s", f"TWISTED_REACTOR=twisted.internet.{reactor}"]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(CORPUS.parent), os.environ.get("PYTHONPATH", "")]),
        }
        done = subprocess.run(  # noqa: S603
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    scores = {path: score(page) for path, page in site.items()}
    kept = {path: found for path, found in scores.items() if found.verdict in {"keep", "trim", "review"}}
    items = [json.loads(line) for line in (tmp_path / "stories.jsonl").read_text(encoding="utf8").splitlines()]
    assert {item["address"].removeprefix(address): item["farm"] for item in items} == {
        path: found.noise for path, found in kept.items()
    }
    stats = json.loads((tmp_path / "stats.json").read_text(encoding="utf8"))
    assert stats["noisefilter/scored"] == len(site)
    assert stats["item_scraped_count"] == len(kept)
    assert stats["item_dropped_count"] == len(site) - len(kept) > 0
    assert stats["noisefilter/dropped/unscored_too_short"] == 1
