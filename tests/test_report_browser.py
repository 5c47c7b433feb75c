"""The report in Chromium: looked at, driven by mouse and keyboard, and what is marked there trains a model."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections import Counter
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from noisefilter import Page, Score, Span, load, score, score_many
from noisefilter.cli import app
from noisefilter.html.walk import split_blocks
from noisefilter.kinds import KINDS
from noisefilter.learn.corpora import read_corpora
from noisefilter.page import read_page
from noisefilter.report import site
from noisefilter.report.site import score_html
from noisefilter.report.tally import Seen, Tally
from noisefilter.report.view import Detail
from noisefilter.viewing.serving import ReviewServer
from tests.making import CORPUS
from tests.reporting import HOSTILE, made, seen

if TYPE_CHECKING:
    from collections.abc import Iterator

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: `apt-get install chromium`")
WIDE, NARROW = 1440, 375
VERDICTS = ("keep", "trim", "review", "drop")
CUT = """(value) => {
  const cut = document.getElementById('cut'), start = performance.now();
  cut.value = value; cut.dispatchEvent(new Event('input', { bubbles: true }));
  document.body.getBoundingClientRect();
  return [performance.now() - start, document.getElementById('cut-answer').textContent];
}"""
OPEN = """() => {
  const start = performance.now();
  document.querySelector('#list button').click();
  document.body.getBoundingClientRect();
  return performance.now() - start;
}"""
SELECT = """([start, end]) => {
  const walker = document.createTreeWalker(document.getElementById('text'), NodeFilter.SHOW_TEXT), range = document.createRange();
  let position = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (position <= start && start < position + node.length) range.setStart(node, start - position);
    if (position < end && end <= position + node.length) range.setEnd(node, end - position);
    position += node.length;
  }
  getSelection().removeAllRanges(); getSelection().addRange(range);
}"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def look(browser, tmp_path):
    """Opens a report; when the test is done, nothing must have been complained about or asked of the network."""
    complaints: list[str] = []
    contexts = []

    def open_page(html: str, width: int = WIDE, scheme: str = "light"):
        path = tmp_path / "looked-at.html"
        path.write_text(html, encoding="utf8")
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request",
            lambda request: complaints.append(request.url) if request.url.startswith(("http", "ws")) else None,
        )
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def folder_html(tmp_path_factory) -> str:
    target = tmp_path_factory.mktemp("report") / "report.html"
    done = CliRunner().invoke(
        app, ["report", str(CORPUS / "pages"), "--model", "fast", "-o", str(target)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return str(target.read_text(encoding="utf8"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_each_view_fits_its_window(look, folder_html, tmp_path, width, scheme):
    page = look(folder_html, width, scheme)
    for view in ("overview", "sites", "pages"):
        page.click(f"#tab-{view}")
        assert page.locator(f"#view-{view}").is_visible()
        assert page.locator("main > section:visible").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        picture = page.screenshot(path=tmp_path / f"{view}-{width}-{scheme}.png")
        assert len(picture) > 5000
    if width == NARROW:
        assert not page.locator("#page").is_visible()
        page.locator("#list button").first.click()
    assert page.locator("#page h2").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    back = [
        int(part) for part in re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]
    ]
    assert (sum(back) > 600) == (scheme == "light")


def test_the_cut_says_at_once_what_it_drops(look):
    tally = Tally(pages=3)
    tally.add_all(seen(f"p{place}", place / 1000, "drop" if place >= 900 else "trim") for place in range(1000))
    page = look(site.render(tally, title="cut"))
    took, told = page.evaluate(CUT, "80")
    assert (
        told
        == "At .80 you drop 20% (200 of 1,000 scored pages), some 90 of 100 of them noise. Of those you keep, some 40 of 100 are noise."
    )
    assert took < 100
    page.focus("#cut")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#cut-answer").startswith("At .81 you drop 19%")
    assert page.evaluate(CUT, "100")[1].startswith("At 1.00 you drop nothing")


def test_the_cut_is_as_quick_for_a_million_pages(look, monkeypatch):
    tally = Tally(pages=1)
    tally.add(seen("one", 0.5))
    counts = tally.counts()
    counts |= {
        "total": 1_000_000, "scored": 1_000_000, "verdicts": dict.fromkeys(VERDICTS, 250_000),
        "bins": {name: [2500] * 100 for name in VERDICTS}, "sums": [10_000 * (place + 0.5) / 100 for place in range(100)],
    }  # fmt: skip
    monkeypatch.setattr(Tally, "counts", lambda _: counts)
    page = look(site.render(tally, title="million"))
    page.evaluate(CUT, "10")
    took, told = page.evaluate(CUT, "80")
    assert "200,000 of 1,000,000 scored pages), some 90 of 100" in told
    assert took < 100


def test_sites_are_sorted_and_searched(look):
    tally = Tally()
    for name, noise, count in (("low.example", 0.1, 9), ("high.example", 0.9, 3), ("mid.example", 0.5, 5)):
        verdict = "drop" if noise > 0.8 else "keep"
        tally.add_all(seen(f"{name} {place}", noise, verdict, name) for place in range(count))
    page = look(site.render(tally, title="sites"))
    page.click("#tab-sites")

    def names() -> list[str]:
        return [name.split(".")[0] for name in page.locator("#sites tbody th").all_inner_texts()]

    assert names() == ["low", "mid", "high"]
    page.get_by_role("button", name="mean noise").click()
    assert names() == ["high", "mid", "low"]
    page.get_by_role("button", name="mean noise").press("Enter")
    assert names() == ["low", "mid", "high"]
    page.fill("#site-search", "mid")
    assert names() == ["mid"]
    page.locator("#sites tbody th button").click()
    assert page.locator("#list button").count() == 5


def test_pages_are_filtered_and_walked_by_keyboard(look, folder_html):
    page = look(folder_html)
    page.click("#tab-pages")
    assert page.locator("#list button").count() == 24
    verdict = page.locator("#filter-verdict option").nth(1).inner_text()
    page.select_option("#filter-verdict", verdict)
    assert set(page.locator("#list .badge").all_inner_texts()) == {verdict}
    page.select_option("#filter-verdict", "")
    page.fill("#filter-text", "sash")
    assert 1 <= page.locator("#list button").count() < 5
    page.fill("#filter-text", "")
    page.select_option("#order", "high")
    values = list(map(float, page.locator("#list .noise").all_inner_texts()))
    assert values == sorted(values, reverse=True)
    page.locator("#list button").first.press("Enter")
    first = page.inner_text("#page h2")
    page.keyboard.press("j")
    assert page.inner_text("#page h2") != first
    page.keyboard.press("k")
    assert page.inner_text("#page h2") == first


def test_reasons_are_told_on_hover_and_on_focus(look, folder_html):
    page = look(folder_html)
    page.click("#tab-pages")
    page.select_option("#order", "high")
    page.locator("#list button").first.click()
    mark = page.locator("#text mark.filler").first
    mark.hover()
    assert re.match(r"filler, 0\.\d\d: \w", page.inner_text("#tip"))
    page.mouse.move(0, 0)
    assert not page.locator("#tip").is_visible()
    page.locator("#text mark.boilerplate").first.focus()
    assert page.inner_text("#tip").startswith("boilerplate, ")
    page.keyboard.press("Tab")
    assert page.locator("#tip").is_visible()
    page.evaluate("() => { scrollBy(0, 40); return new Promise((done) => setTimeout(done, 100)); }")
    assert page.locator("#tip").is_visible()  # focus scrolls to a mark that is out of sight
    page.keyboard.press("Escape")
    assert not page.locator("#tip").is_visible()
    marks = [page.locator(f"#page .legend mark.{kind}") for kind in KINDS]
    assert len({mark.evaluate("mark => getComputedStyle(mark).textDecorationStyle") for mark in marks}) == 4
    assert page.locator(".reasons svg rect").count() >= 2


def test_the_page_is_shown_with_marks_in_place_and_without_scripts(look):
    story = "<p>The harbour board met on Tuesday and voted to repair the old sluice.</p>" * 9
    source = Page(
        "<html><body><script>alert('ran')</script><nav><a href='https://x.example/'>Home</a></nav><article><h1>Rain</h1>"
        f"{story}<img src='https://x.example/a.png' onerror='alert(1)'></article></body></html>"
    )
    own = score(source)
    span = {"start": 12, "end": 19, "kind": "off_topic", "score": 0.9, "reason": '"quoted"'}
    changed = Score.from_dict({**own.to_dict(), "spans": [span]})
    page = look(score_html(changed, source))
    frame = page.frame_locator("iframe")
    mark = frame.locator("mark.off_topic")
    assert mark.inner_text().strip() == own.visible_text[12:19].strip()
    assert mark.get_attribute("title") == 'foreign, 0.90: "quoted"'
    assert page.locator("iframe").get_attribute("sandbox") == ""
    assert frame.locator("a[href], img, script").count() == 0


def test_a_hostile_page_is_shown_as_text_and_stays_quick(look):
    text = f"{HOSTILE} " + "\U0001f30a The harbour board met. " * 8000
    spans = tuple(
        Span(100 + 30 * place, 120 + 30 * place, ("filler", "off_topic")[place % 2], 0.5, HOSTILE)
        for place in range(5000)
    )
    page = look(made(text, spans=spans, title=HOSTILE, noise=0.5).html())
    assert page.locator("#text mark").count() >= 5000
    shown = page.evaluate("document.getElementById('text').textContent")
    assert len(shown) > 200_000
    assert shown.startswith(
        '</script><script>alert("ran")</script><!--\ufffdgnp.exe\ufffd \ufffd\u241b[2J <img src=x onerror=alert(1)>'
    )
    assert page.locator("body img").count() == 0
    took = page.evaluate(OPEN)
    assert took < 1000
    offset = len(HOSTILE) + 4
    page.evaluate(SELECT, [offset + 1, offset + 8])  # behind a sign of two UTF-16 units
    page.click("[data-mark=promotion]")
    with page.expect_download() as got:
        page.click("#download-labels")
    (row,) = map(json.loads, got.value.path().read_text(encoding="utf8").splitlines())
    (span,) = [span for span in row["spans"] if span["kind"] == "promotion"]
    assert text[span["start"] : span["end"]] == span["quote"]


def download(page, name: str, folder: Path) -> list[dict[str, Any]]:
    with page.expect_download() as got:
        page.click(f"#download-{name}")
    got.value.save_as(folder / got.value.suggested_filename)
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf8").splitlines()]


def test_ten_marked_pages_are_a_corpus(look, folder_html, tmp_path):
    page = look(folder_html)
    page.click("#tab-pages")
    page.locator("#list button").first.click()
    for place in range(10):
        page.keyboard.press("n" if place % 2 else "w")
        if place < 9:
            page.keyboard.press("j")
    assert page.inner_text("#marked-count") == "10 marked"
    page.evaluate(SELECT, [300, 340])
    page.click("[data-mark=off_topic]")
    assert page.inner_text("#told").startswith("Marked as foreign: “")
    assert page.locator("#list .is-marked").count() == 10
    page.check("#filter-marked")
    assert page.locator("#list button").count() == 10

    folder = tmp_path / "marked"
    folder.mkdir()
    labels = download(page, "labels", folder)
    download(page, "pages", folder)
    assert sorted(row["noise"] for row in labels) == [1] * 5 + [2] * 5
    assert sum(row["spans"] is not None for row in labels) == 1
    corpus = read_corpora([folder])
    assert len(corpus) == 10
    (spanned,) = [labelled for labelled in corpus if labelled.spans is not None]
    text = split_blocks(read_page(spanned.page)).text
    foreign = [span for span in spanned.spans or () if span.kind == "off_topic"]
    assert any(span.start <= 301 and span.end >= 339 for span in foreign)
    assert all(text[span.start : span.end] == span.quote for span in spanned.spans or ())
    kept = page.evaluate("localStorage.length")
    page.reload()
    assert kept == 1
    assert page.inner_text("#marked-count") == "10 marked"


def test_what_is_marked_trains_a_model_and_chooses_a_policy_that_cleans(look, folder_html, tmp_path, monkeypatch):
    page = look(folder_html)
    page.click("#tab-pages")
    page.locator("#list button").first.click()
    for _ in range(24):  # all of them: a policy needs twenty
        page.keyboard.press("n" if "farm-" in page.inner_text("#list [aria-current=true] .site") else "w")
        page.keyboard.press("j")
    assert page.inner_text("#marked-count") == "24 marked"
    monkeypatch.chdir(tmp_path)
    Path("marked").mkdir()
    labels = download(page, "labels", Path("marked"))
    download(page, "pages", Path("marked"))
    assert sorted(row["noise"] for row in labels) == [1] * 12 + [2] * 12

    def run(*arguments: str):
        done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done

    done = run("train", "marked", "-o", "mine")
    assert re.search(r"^articles \(thin\) adapted: log loss", done.stderr, flags=re.MULTILINE)
    assert "labels: 24 pages by report (24 noise)" in done.stderr
    done = run("policies", "--model", "mine", "--on", "marked", "-o", "policy.json")
    assert "chosen on 24 judged pages, 12 of them noise" in done.stderr
    assert "WARNING: 18 of 24 pages taught this model" in done.stderr

    pages = sorted((CORPUS / "pages").glob("*-0[12]-*.html"))
    run("clean", *map(str, pages), "-o", "cleaned", "--model", "mine", "--policy", "policy.json", "--format", "jsonl")
    summary = json.loads(Path("cleaned/summary.json").read_text(encoding="utf8"))
    own = score_many([file.read_bytes() for file in pages], model=load("mine"), policy="policy.json")
    verdicts = Counter(score.verdict for score in own)
    assert {name: count for name, count in summary["verdicts"].items() if count} == verdicts
    assert verdicts["drop"] + verdicts["review"] == 2  # the farms


@pytest.mark.parametrize("whole", [True, False])
def test_what_a_page_lacks_leaves_no_trace(look, whole):
    tally = Tally(pages=1)
    quotes = () if whole else (("promotion", 0.8, "asks", "Buy!"),)
    shown = Detail(made(spans=(), reasons=(), url=None), whole=whole, quotes=quotes)
    tally.add(Seen.of_record("a", "", shown.score.to_dict(), lambda: shown))
    page = look(site.render(tally, title="bare"))
    words = page.inner_text("#page")
    assert not re.search("null|undefined|NaN", words)
    assert ("Buy!" in words) != whole


def test_a_span_in_focus_is_corrected_by_keyboard(look):
    spans = (Span(11, 25, "off_topic", 0.8, "foreign"), Span(26, 41, "filler", 0.6, "worn"))
    page = look(made("Rain fell. Buy our boots! The river rose.", spans=spans).html())
    assert page.locator("#text mark").count() == 2
    page.locator("#text mark.off_topic").focus()
    page.keyboard.press("x")
    assert page.locator("#text mark.off_topic").count() == 0
    assert page.locator("#text mark.filler").evaluate("mark => mark === document.activeElement")
    page.keyboard.press("f")
    assert page.locator("#text mark.off_topic").inner_text() == "The river rose."
    assert page.locator("#text mark.filler").count() == 0
    page.locator("[data-mark=reset]").press("Enter")
    assert page.locator("#text mark.filler").count() == page.locator("#text mark.off_topic").count() == 1
    assert page.inner_text("#marked-count") == "0 marked"


def test_print_shows_the_text_and_no_buttons(look):
    page = look(made().html())
    page.emulate_media(media="print")
    assert page.locator("#text").is_visible()
    assert not page.locator(".toolbar").is_visible()


@pytest.fixture
def served(tmp_path) -> Iterator[ReviewServer]:
    """A review of one page, being served."""
    tally = Tally(pages=1, doubtful_only=True)
    tally.add(seen("one", 0.5))
    with ReviewServer(
        lambda save_to: site.render(tally, title="served", first="pages", save_to=save_to), tmp_path / "marks"
    ) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def mark(browser, server: ReviewServer, *names: str) -> None:
    """Press the buttons of some marks, until the page says that they are saved."""
    page = browser.new_page()
    page.goto(server.address)
    for name in names:
        page.click(f"[data-mark={name}]")
    playwright.expect(page.locator("#marked-count")).to_have_text("1 marked, saved")
    page.wait_for_timeout(700)  # a late answer may still come
    page.close()


def test_a_served_review_saves_each_mark(browser, served):
    mark(browser, served, "noise")
    (labelled,) = read_corpora([served.folder])
    assert (labelled.id, labelled.noise) == ("one", 2)


def test_a_mark_that_is_made_while_another_is_saved_is_not_lost(browser, served, monkeypatch):
    save, waits = served.save, iter([0.5])

    def slow(rows: dict[str, Any]) -> None:
        time.sleep(next(waits, 0))
        save(rows)

    monkeypatch.setattr(served, "save", slow)
    mark(browser, served, "noise", "worth")
    (labelled,) = read_corpora([served.folder])
    assert labelled.noise == 1
