"""Reports: what is counted and sampled, what is written, and what a hostile page can do to it."""

from __future__ import annotations

import gc
import json
import re
import weakref
from functools import partial
from html.parser import HTMLParser
from http.client import HTTPConnection
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from noisefilter import Page, Reason, Score, Span, score
from noisefilter.cli import app
from noisefilter.html.cleaning.marking import marked_html, visible_stretches
from noisefilter.learn.corpora import read_corpora
from noisefilter.model import policies_at
from noisefilter.report import site
from noisefilter.report.site import framed, score_html
from noisefilter.report.tally import Sample, Seen, Tally, mean_interval
from noisefilter.report.view import Detail, describe_span, page_views
from tests.batches import write_jsonl
from tests.making import ARTICLE, CORPUS, HTML_ARTICLE
from tests.reporting import HOSTILE, TEXT, made, seen, shown

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("jinja2")


def data_of(html: str):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


class Tags(HTMLParser):
    """Start tags of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_a_score_comes_back_from_its_record():
    whole = made()
    assert Score.from_dict(json.loads(json.dumps(whole.to_dict()))) == whole
    real = score(HTML_ARTICLE, url="https://quay.example/1")
    assert Score.from_dict(real.to_dict()).to_dict() == real.to_dict()


def test_a_record_without_its_text_is_refused():
    with pytest.raises(ValueError, match="without visible_text"):
        Score.from_dict(made().to_dict(text="sha256"))


def test_the_repr_is_one_short_line():
    shown = repr(made(title="Rain\n" * 500))
    assert shown.startswith("<Score drop: noise=0.60, 1 spans, 59 characters, title='Rain\\n")
    assert "\n" not in shown
    assert len(shown) < 200


def test_a_quotation_is_the_words_of_its_span():
    assert made().quote(made().spans[0]) == "Buy our boots!"


def test_a_notebook_shows_a_frame_without_the_rights_of_its_page():
    frame = made()._repr_html_()
    assert frame is not None
    (tag, attributes), *others = Tags(frame).found
    assert tag == "iframe"
    assert not others
    assert attributes["sandbox"] == "allow-scripts allow-downloads"
    assert attributes["srcdoc"] == made().html()
    assert framed('"<b>').count("<b>") == 0


def test_without_the_extra_a_notebook_shows_the_repr(monkeypatch):
    def missing():
        raise site.ExtraError

    monkeypatch.setattr(site, "read_template", missing)
    assert made()._repr_html_() is None
    with pytest.raises(ModuleNotFoundError):
        made().html()


def test_the_counts_are_of_all_pages_whatever_is_sampled():
    tally = Tally(pages=5, rows=20)
    tally.add_all(
        seen(f"page {place}", place / 1000, "drop" if place > 800 else "keep", f"s{place % 3}.example")
        for place in range(1001)
    )
    counts = tally.counts()
    assert counts["verdicts"] == {"keep": 801, "drop": 200}
    assert counts["scored"] == sum(map(sum, counts["bins"].values())) == 1001
    assert [row[1] for row in counts["sites"]] == [334, 334, 333]
    above = sum(counts["sums"][80:]) / sum(counts["bins"]["drop"][80:] + counts["bins"]["keep"][80:])
    assert above == pytest.approx(0.9)
    assert len(tally.sample.chosen()) == 5
    assert len(tally.listed.chosen()) == 20


def test_the_size_of_the_counts_does_not_grow_with_the_pages():
    small, large = Tally(), Tally()
    small.add_all(seen(str(place), place % 100 / 100) for place in range(1000))
    large.add_all(seen(str(place), place % 100 / 100) for place in range(20000))
    assert len(json.dumps(large.counts())) < len(json.dumps(small.counts())) + 1000


def test_verdict_names_are_those_of_the_data():
    tally = Tally()
    tally.add_all(
        [seen("a", 0.5, "review"), seen("b", 0.5, "clean"), seen("c", 0.5, "trim"), seen("d", 0.9, "something new")]
    )
    html = site.render(tally, title="t")
    assert set(data_of(html)["verdicts"]) == {"review", "clean", "trim", "something new"}


def test_the_sample_has_all_verdicts_and_the_doubtful_first():
    sample = Sample(30)
    for place in range(1000):
        sample.add(seen(f"k{place}", place / 4000))
    for place in range(20):
        sample.add(seen(f"d{place}", 0.8 + place / 100, "drop"))
        sample.add(seen(f"u{place}", None, "unscored"))
    chosen = sample.chosen()
    assert len(chosen) == 30
    assert 10 <= sum(page.verdict == "drop" for page in chosen) <= 15
    assert sum(page.verdict == "unscored" for page in chosen) == 3
    near = [abs(page.noise - 0.5) for page in chosen if page.noise is not None]
    assert near == sorted(near)
    assert chosen[0].id == "k999"


def test_the_sample_does_not_depend_on_the_order_of_the_pages():
    pages = [seen(f"p{place}", (place * 37 % 100) / 100, "keep" if place % 2 else "drop") for place in range(200)]
    one, other = Sample(20), Sample(20)
    for page in pages:
        one.add(page)
    for page in reversed(pages):
        other.add(page)
    assert {page.id for page in one.chosen()} == {page.id for page in other.chosen()}


def test_pages_that_are_not_judged_are_never_doubtful():
    sample = Sample(10, doubtful_only=True)
    sample.add(seen("error", 0.5, status="error_page"))
    sample.add(seen("none", None, "unscored"))
    sample.add(seen("page", 0.9, text=ARTICLE))
    assert [page.id for page in sample.chosen()] == ["page"]


def test_an_interval_needs_two_pages_and_stays_within_bounds():
    assert mean_interval(0, 0, 0) == (None, None, None)
    assert mean_interval(1, 0.4, 0.16) == (0.4, None, None)
    assert mean_interval(2, 1.0, 1.0) == (0.5, 0.0, 1.0)


def test_where_kinds_overlap_the_worse_one_is_seen():
    spans = [Span(0, 10, "boilerplate", 0.9, ""), Span(4, 6, "off_topic", 0.9, ""), Span(10, 12, "filler", 0.9, "")]
    assert visible_stretches(spans) == [(0, 4, 0), (4, 6, 1), (6, 10, 0), (10, 12, 2)]


def test_a_page_is_marked_where_its_spans_stand():
    page = Page((CORPUS / "pages" / "farm-05-save-500-a-month.html").read_bytes())
    own = score(page)
    html = marked_html(page, own, describe_span)
    assert html is not None
    tags = Tags(html).found
    assert not {"script", "img", "style", "iframe"} & {tag for tag, _ in tags}
    assert not any({"href", "src", "srcset", "style"} & attributes.keys() for _, attributes in tags)
    for kind in ("boilerplate", "filler", "off_topic"):
        words = "".join(re.findall(rf'<mark class="{kind}"[^>]*>(.*?)</mark>', html, re.DOTALL))
        assert "".join(words.split()).startswith(
            "".join(own.quote(next(s for s in own.spans if s.kind == kind)).split())[:30]
        )
    plain = "".join(re.sub(r"<[^>]+>", "", html).split())
    assert len(plain) >= len("".join(own.visible_text.split())) * 0.95


def test_marks_of_a_page_are_ours_alone():
    forged = Page("<p>\ufdd0" + "0\ufdd1 the harbour \ufdd2 rose.</p>")
    assert marked_html(forged, made(text="\ufdd0" + "0\ufdd1 the harbour \ufdd2 rose."), describe_span) is None
    written = Page("<p>&#xFDD0;99&#xFDD1; the harbour &#64978; rose.</p>")
    assert marked_html(written, score(written), describe_span) is None
    page = Page("<p>the <mark class=off_topic title=x>harbour</mark> rose.</p>")
    html = marked_html(
        page, made(text="the harbour rose.", spans=(Span(12, 16, "filler", 0.5, "worn"),)), describe_span
    )
    assert html is not None
    assert re.findall("<mark.*?>.*?</mark>", html) == [
        '<mark class="filler" tabindex="0" title="filler, 0.50: worn">rose</mark>'
    ]


def test_a_hostile_page_is_text():
    page = made(f"{HOSTILE} {TEXT}", title=HOSTILE, url="javascript:alert(1)", reasons=(Reason(HOSTILE, 1.0),))
    html = score_html(page)
    kinds = [attributes.get("type") for tag, attributes in Tags(html).found if tag == "script"]
    assert kinds == ["application/json", None]
    assert not [tag for tag, _ in Tags(html).found if tag in {"img", "iframe", "link", "object"}]
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\u2029\x1b]", html)
    assert data_of(html)["pages"][0]["text"].startswith(HOSTILE)


def test_the_file_loads_nothing():
    html = made().html()
    assert "default-src 'none'" in html
    assert not [tag for tag, attributes in Tags(html).found if {"src", "href"} & attributes.keys()]
    assert not re.search(r"url\(|@import|https?://(?!www\.rain|www\.w3\.org/2000/svg)", html)


def test_views_keep_to_their_budget():
    text = "The harbour board met on Tuesday. " * 3000
    views = page_views(shown(str(place), made(text, spans=())) for place in range(100))
    assert 20 < len(views) < 50
    assert len(json.dumps(views)) < 4_000_000


def test_the_cleaned_text_is_the_scores_own():
    (view,) = page_views([shown("a", made())])
    ranges = list(zip(view["kept"][::2], view["kept"][1::2], strict=True))
    assert "".join(TEXT[start:end] for start, end in ranges) == made().text


def test_a_folder_a_file_scores_and_standard_formats_are_reported(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "one.html").write_text(HTML_ARTICLE, encoding="utf8")
    (tmp_path / "pages" / "two.txt").write_text(ARTICLE, encoding="utf8")
    rows = [{"id": "a", "text": ARTICLE, "url": "https://quay.example/a"}, {"id": "a", "text": ARTICLE}, {"id": "b"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    scores = run("score", "--json", "pages")
    (tmp_path / "scores.jsonl").write_text(scores.stdout, encoding="utf8")
    for name, ids in (
        ("pages", ["pages/one.html", "pages/two.txt"]), ("pages/one.html", ["pages/one.html"]),
        ("scores.jsonl", ["pages/one.html", "pages/two.txt"]), ("rows.jsonl", ["a", "a (2)"]),
    ):  # fmt: skip
        result = run("report", name, "-o", "out.html")
        assert result.exit_code == 0, result.output
        assert "wrote out.html" in result.stderr
        data = data_of((tmp_path / "out.html").read_text(encoding="utf8"))
        assert sorted(view["id"] for view in data["pages"]) == ids
        assert all(view["text"] and view["reasons"] for view in data["pages"])
        assert data["rejected"] == (name == "rows.jsonl")


def test_a_run_is_reported_with_what_it_dropped(run, tmp_path):
    pytest.importorskip("zstandard")
    farms = sorted((CORPUS / "pages").glob("farm-*"))[:5]
    rows = [
        {"id": path.stem, "html": path.read_text("utf8"), "url": f"https://{path.stem[:4]}.example/"} for path in farms
    ]
    lines = map(json.dumps, rows)
    (tmp_path / "crawl.jsonl").write_text("\n".join(lines), encoding="utf8")
    done = run(
        "clean",
        str(tmp_path / "crawl.jsonl"),
        "-o",
        str(tmp_path / "cleaned"),
        "--model",
        "fast",
        "--jobs",
        "1",
        "--drop",
    )
    assert done.exit_code == 0, done.output
    assert run("report", str(tmp_path / "cleaned"), "-o", str(tmp_path / "out.html")).exit_code == 0
    data = data_of((tmp_path / "out.html").read_text(encoding="utf8"))
    assert data["total"] == 5
    assert "drop" in data["verdicts"]
    assert all(view["spans"] and view["frame"] and view["raw"] for view in data["pages"])
    assert [row[0] for row in data["sites"]] == ["farm.example"]


def first_cut(report: Path) -> str | None:
    """Where the slider stands at first."""
    (cut,) = (attrs["value"] for tag, attrs in Tags(report.read_text("utf8")).found if attrs.get("id") == "cut")
    return cut


def test_the_cut_stands_at_first_where_the_policy_drops(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (CORPUS / "pages" / "farm-05-save-500-a-month.html").read_text("utf8")
    write_jsonl(tmp_path / "crawl.jsonl", [{"html": page}, {"html": page}])
    run(
        "clean",
        "crawl.jsonl",
        "-o",
        "cleaned",
        "--model",
        "fast",
        "--jobs",
        "1",
        "--format",
        "jsonl",
        "--drop-at",
        "0.7",
    )
    scores = run("score", "--json", "--model", "fast", "crawl.jsonl")
    (tmp_path / "scores.jsonl").write_text(scores.stdout, encoding="utf8")
    lowest = int(100 * json.loads(scores.stdout.splitlines()[0])["noise"])
    balanced = round(100 * policies_at("fast")["balanced"].drop_at)
    for name, cut in (("crawl.jsonl", balanced), ("cleaned", 70), ("scores.jsonl", lowest)):
        assert run("report", name, "-o", "out.html", "--model", "fast").exit_code == 0
        assert first_cut(tmp_path / "out.html") == str(cut)


def test_a_record_without_its_text_shows_the_words_of_its_spans(run, tmp_path):
    span = {
        "start": 900,
        "end": 914,
        "kind": "promotion",
        "score": 0.8,
        "reason": "asks to buy",
        "quote": "Buy our boots!",
    }
    own = {
        "id": "a",
        "verdict": "drop",
        "status": "ok",
        "noise": 0.9,
        "text": "Rain fell.",
        "spans": [span],
        "model": "made",
    }
    (tmp_path / "kept.jsonl").write_text(json.dumps({"path": "a.html", "noisefilter": own}), encoding="utf8")
    assert run("report", str(tmp_path / "kept.jsonl"), "-o", str(tmp_path / "out.html")).exit_code == 0
    (view,) = data_of((tmp_path / "out.html").read_text(encoding="utf8"))["pages"]
    assert (view["text"], view["spans"], view["whole"]) == ("Rain fell.", [], False)
    assert view["quotes"] == [[1, 0.8, "asks to buy", "Buy our boots!"]]
    assert "cleaned text only" in view["note"]


@pytest.mark.parametrize("command", [("report",), ("review", "--no-open")])
def test_pages_of_which_no_span_can_be_shown_are_counted_on_standard_error(run, tmp_path, command):
    records: dict[str, dict[str, Any]] = {
        "cleaned": {"verdict": "drop", "status": "ok", "noise": 0.9, "text": "Rain fell.", "spans": []},
        "unscored": {"verdict": "unscored", "status": "language", "noise": None, "text": None, "spans": []},
    }
    records["whole"] = {**records["cleaned"], "visible_text": "Rain fell."}
    said = {}
    for names in (("whole", "unscored"), ("whole", "unscored", "cleaned")):
        rows = [json.dumps({"path": f"{name}.html", "noisefilter": {**records[name], "id": name}}) for name in names]
        (tmp_path / "kept.jsonl").write_text("\n".join(rows), encoding="utf8")
        result = run(*command, str(tmp_path / "kept.jsonl"), "-o", str(tmp_path / "out.html"))
        assert result.exit_code == 0
        said[len(names)] = [line for line in result.stderr.splitlines() if "--visible-text" in line]
    assert said[2] == []
    (line,) = said[3]
    assert line.startswith("warning: no spans can be shown on 1 of 3 pages")


def test_what_cannot_be_reported_is_said(run, tmp_path):
    empty = tmp_path / "empty.jsonl"
    empty.write_text("", encoding="utf8")
    for arguments, said in (
        (["report", str(tmp_path / "none")], "no such file"), (["report", str(empty)], "no page in the inputs"),
        (["report", str(empty), "--jobs", "0"], "--jobs must be"), (["score", "--html", "--json", str(empty)], "exclude each other"),
    ):  # fmt: skip
        result = run(*arguments)
        assert result.exit_code == 2
        assert said in " ".join(result.stderr.split())


def test_score_prints_one_page_as_html(run):
    result = run("score", "--html", str(CORPUS / "pages" / "farm-05-save-500-a-month.html"))
    assert result.exit_code == 0
    (view,) = data_of(result.stdout)["pages"]
    assert view["frame"]
    assert run("score", "--html", str(CORPUS / "pages")).exit_code == 2


def test_a_review_has_the_most_doubtful_pages(run, tmp_path):
    target = tmp_path / "review.html"
    assert run("review", str(CORPUS / "pages"), "-n", "3", "-o", str(target), "--no-open").exit_code == 0
    data = data_of(target.read_text(encoding="utf8"))
    assert len(data["pages"]) == len(data["rows"]) == 3
    assert data["total"] == 24


def test_a_served_review_saves_marks_on_this_host_alone(tmp_path):
    from noisefilter.viewing.serving import ReviewServer  # noqa: PLC0415

    rows = {"pages": [{"id": "a", "text": ARTICLE}], "labels": [{"id": "a", "noise": 1, "spans": None}]}
    with ReviewServer(lambda save_to: f"saves to {save_to}", tmp_path / "marks") as server:
        Thread(target=server.serve_forever, daemon=True).start()

        def ask(method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
            connection = HTTPConnection("127.0.0.1", server.server_port, timeout=5)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            with answer:
                return answer.status, answer.read().decode()

        try:
            assert server.server_address[0] == "127.0.0.1"
            assert ask("GET", server.path) == (200, f"saves to {server.path}save")
            assert ask("POST", f"{server.path}save", json.dumps(rows))[0] == 200
            assert ask("POST", f"{server.path}save", "no JSON")[0] == 400
            assert ask("GET", "/")[0] == ask("POST", "/save", json.dumps(rows))[0] == 404
            assert ask("GET", server.path, host="evil.example")[0] == 404
        finally:
            server.shutdown()
    (labelled,) = read_corpora([tmp_path / "marks"])
    assert (labelled.id, labelled.noise) == ("a", 1)


def test_a_later_review_keeps_the_marks_of_earlier_ones(tmp_path):
    from noisefilter.viewing.serving import ReviewServer  # noqa: PLC0415

    def marks(**noise: int) -> dict[str, list[dict[str, object]]]:
        labels: list[dict[str, object]] = [{"id": name, "noise": value} for name, value in noise.items()]
        return {"pages": [{"id": name, "text": ARTICLE} for name in noise], "labels": labels}

    def noise() -> dict[str, float | None]:
        return {page.id: page.noise for page in read_corpora([tmp_path])}

    with ReviewServer(str, tmp_path) as server:
        server.save(marks(a=1, b=2))
        server.save(marks(a=1, b=2, c=1))
        server.save(marks(a=1, b=2))
        assert noise() == {"a": 1, "b": 2}
    with ReviewServer(str, tmp_path) as server:
        server.save(marks(b=1))
        assert noise() == {"a": 1, "b": 1}
        server.save(marks(d=2))
        assert noise() == {"a": 1, "d": 2}


def test_a_review_says_how_many_of_the_pages_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["review", str(CORPUS / "pages"), "-n", "3", "--model", "fast", "--no-open"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "wrote review.html: the 3 most doubtful of 24 pages" in " ".join(done.stderr.split())


def test_a_page_that_is_only_listed_is_not_held():
    tally, held = Tally(pages=1), []
    for number in range(20):
        page = Page("Rain fell. " * 100)
        loaded = partial(Detail, made(), page)
        held.append(weakref.ref(loaded))
        tally.add(Seen.of_record(str(number), "", {"noise": number / 20, "verdict": "keep", "status": "ok"}, loaded))
        del loaded
    gc.collect()
    assert sum(one() is not None for one in held) <= 2  # the most doubtful one, and one by lot
    assert len(tally.listed.chosen()) == 20
