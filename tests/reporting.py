"""Scores made by hand for reports, and what a hostile page may hold."""

from __future__ import annotations

from noisefilter import Reason, Score, Sentence, Span
from noisefilter.report.tally import Seen
from noisefilter.report.view import Detail

TEXT = "Rain fell. Buy our boots! The river rose. Nobody knows why."
HOSTILE = '</script><script>alert("ran")</script><!--\u202egnp.exe\u2066 \u2028\x1b[2J <img src=x onerror=alert(1)>'


def made(text: str = TEXT, **changes) -> Score:
    """A score made by hand."""
    fields = {
        "visible_text": text,
        "spans": (Span(11, 25, "promotion", 0.8, "asks to buy"),),
        "sentences": (Sentence(0, 10, 0.1, 0.2, 0.3, 0.4),),
        "noise": 0.6, "filler": 0.1, "off_topic": 0.2, "boilerplate": 0.0, "verdict": "drop", "status": "ok", "title": "Rain",
        "language": "en", "url": "https://www.rain.example/1", "model": "made", "text_version": 2, "page_type": "article",
        "reasons": (Reason("it is worded like thin articles: raises noise", 0.5),),
    }  # fmt: skip
    return Score(**{**fields, **changes})


def seen(name: str, noise: float | None, verdict: str = "keep", own_site: str = "", **record) -> Seen:
    record = {"noise": noise, "verdict": verdict, "status": "unscored" if noise is None else "ok", **record}
    return Seen.of_record(name, own_site, record, lambda: Detail(made(noise=noise)))


def shown(name: str, score: Score) -> Seen:
    return Seen.of_record(name, "", {}, lambda: Detail(score))
