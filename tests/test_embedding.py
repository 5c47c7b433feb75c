"""A cleaned page may be embedded: nothing in it runs, in a browser or to the letter."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from noisefilter import clean_html
from noisefilter.html.cleaning.allowed import ATTRIBUTES, ELEMENTS
from tests.inventory import Inventory
from tests.script_vectors import CALL, IMAGE, pages

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
#: Raw vectors that must run in the browser, or the test would show nothing.
CONTROLS = [
    page.replace("@", f'"{name}"')
    for name, page in {
        "image": IMAGE,
        "script": f"<script>{CALL}</script>",
        "link": f"<a href='javascript:{CALL}'>Ferry</a>",
        "hover": f"<p onmouseover='{CALL}'>Ferry</p>",
        "frame": f"<iframe src='javascript:{CALL}'></iframe>",
    }.items()
]
HARNESS = """<!doctype html><meta charset=utf-8><body><script>
var ran = [], pages = %s, inner = %s;
function hit(what) { ran.push(what) }
function try_out(page) {
  page.querySelectorAll('*').forEach(function (element) {
    ['mouseover', 'mousemove', 'pointerenter', 'focus', 'blur', 'wheel', 'copy', 'dblclick', 'close', 'toggle'].forEach(
      function (name) { element.dispatchEvent(new Event(name)) })
    if (element.matches('a, area, button, input, summary') && !/^https?:/i.test(element.href || '')) element.click()
    else element.dispatchEvent(new Event('click'))
  })
}
pages.forEach(function (page) {
  var frame = document.createElement('iframe')
  if (!inner) frame.srcdoc = page
  document.body.appendChild(frame)
  if (inner) frame.contentDocument.body.innerHTML = page
})
setTimeout(function () {
  document.querySelectorAll('iframe').forEach(function (frame) {
    try { try_out(frame.contentDocument) } catch (error) { /* it went to another page */ }
  })
}, 3000)
setTimeout(function () {
  var shown = document.createElement('pre')
  shown.textContent = 'RAN' + JSON.stringify(ran) + 'OF' + document.querySelectorAll('iframe').length
  document.body.replaceChildren(shown)
}, 9000)
</script>"""


@pytest.fixture(scope="module")
def cleaned() -> list[str]:
    """The cleaned page of each vector, with all text kept."""
    return [clean_html(page, kinds=()) for page in pages()]


def run_in_browser(folder: Path, opened: list[str], *, inner: bool) -> tuple[set[object], int]:
    """What ran when the pages were opened in Chromium, and the number of pages that were opened."""
    script = json.dumps(opened).replace("</", "<\\/").replace("<!--", "<\\!--").replace("<script", "<\\script")
    (folder / "harness.html").write_text(HARNESS % (script, json.dumps(inner)), encoding="utf8")
    command = [
        str(CHROMIUM), "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=30000", "--dump-dom", *(["--no-sandbox"] if os.geteuid() == 0 else []),
        (folder / "harness.html").as_uri(),
    ]  # fmt: skip
    out = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True).stdout  # noqa: S603 - our own page
    found = re.search(r"RAN(\[.*\])OF(\d+)", out)
    assert found is not None, out[-2000:]
    return set(json.loads(found[1].replace("&quot;", '"'))), int(found[2])


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: `apt-get install chromium`")
@pytest.mark.parametrize("inner", [False, True], ids=["as a document", "as a part of one"])
def test_nothing_runs_in_a_browser(tmp_path, cleaned, inner):
    controls = [page for page in CONTROLS if not inner or "<script>" not in page]  # innerHTML runs no script element
    expected = {"image", "link", "hover", "frame"} | (set() if inner else {"script"})
    for _ in range(3):  # a busy machine may end before all controls have run
        ran, opened = run_in_browser(tmp_path, [*controls, *cleaned], inner=inner)
        if ran >= expected:
            break
    assert ran == expected
    assert opened == len(controls) + len(cleaned) > 373


FRAME = {"html": {"lang", "dir"}, "head": set(), "meta": {"charset"}, "title": set(), "body": set()}


def test_nothing_comes_out_that_is_not_allowed(cleaned):
    for page in cleaned:
        inventory = Inventory(page)
        assert [tag for tag, _ in inventory.found[:3]] == ["html", "head", "meta"]
        assert not page.lower().count("<!", 1)
        for tag, attributes in inventory.found:
            assert tag in ELEMENTS | FRAME.keys()
            allowed = FRAME[tag] if tag in FRAME else ATTRIBUTES["*"] | ATTRIBUTES.get(tag, set())
            assert attributes.keys() <= allowed
            for name in attributes.keys() & {"href", "src", "cite"}:
                scheme = urlsplit(str(attributes[name])).scheme
                assert scheme in {"", "http", "https", "mailto", "tel", "ftp"} or (
                    tag == "img" and str(attributes[name]).startswith("data:image/png,")
                )


def test_every_vector_keeps_the_text_around_it(cleaned):
    assert all(page.count("The ferry to Skarholm sails") >= 5 for page in cleaned)


def test_a_vector_in_text_stays_a_text():
    article = "".join(f"<p>The ferry to Skarholm sails {count} times a day from May on.</p>" for count in range(9))
    page = clean_html(f"{article}<p>Write {escape(IMAGE)} and {{{{ ferry }}}}.</p>", kinds=())
    assert f"Write {IMAGE} and {{{{ ferry }}}}." in "".join(Inventory(page).texts)
