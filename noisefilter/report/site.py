"""Counts and a sample, or one `Score` → the report: one file of HTML that opens from the disk and loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict
from html import escape
from importlib import resources
from math import sqrt
from typing import TYPE_CHECKING, Any

from noisefilter.kinds import KINDS, WORST_FIRST
from noisefilter.report.printing import OBEYED, shown
from noisefilter.report.tally import BINS, Seen, Tally
from noisefilter.report.view import Detail, page_views
from noisefilter.types import NUMBERS, UserError, needs_extra

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noisefilter.types import Page, Score

TEMPLATES = "templates"
#: What a report begins with, by which it is known.
MARK = '<meta name="generator" content="noisefilter">'
SCRIPTS = ("text.js", "marks.js", "overview.js", "page.js", "list.js")
TABS = {"overview": "Overview", "sites": "Sites", "pages": "Pages"}
#: What must be escaped in a script element, and what would reorder the lines of its source.
ESCAPED = re.compile(f"[<{OBEYED}]")
WIDTH, HEIGHT = 1000, 220
#: Position of the cut if no policy is known, and no page was dropped.
FIRST_CUT = 80
#: Characters of a title in the list.
MOST_TITLE = 160
#: Height in pixels of the frame in a notebook.
FRAME_HEIGHT = 640


class ExtraError(UserError, ModuleNotFoundError):
    """Jinja2 is missing; the message says how to get it."""


def render(tally: Tally, *, title: str, first: str | None = None, save_to: str | None = None) -> str:
    """The report.

    `first` is the view that is shown first: "overview", "sites" or "pages". `save_to` is the address on this host that
    takes marks as they are made; without it, they are downloaded.

    Raises:
        ExtraError: Jinja2 is not installed.
    """
    counts, single = tally.counts(), tally.total == 1
    chosen = tally.sample.chosen()
    views = page_views(chosen)
    listed = {seen.id: seen for seen in (*chosen, *tally.listed.chosen())}
    places = {view["id"]: place for place, view in enumerate(views)}
    rows = [_row(seen, places.get(seen.id, -1), views) for seen in listed.values()]
    kinds = [{"name": name, **asdict(KINDS[name])} for name in WORST_FIRST]
    script = "(() => {\n'use strict';\n" + "".join(map(_read, SCRIPTS)) + "})();\n"
    return read_template().render(
        title=title,
        counts=counts,
        single=single,
        style=_safe(_read("style.css")),
        script=_safe(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        connect="'self'" if save_to else "'none'",
        first=first or ("pages" if single else "overview"),
        tabs=[item for item in TABS.items() if not (single and item[0] == "sites")],
        cut=_first_cut(tally.drop_at, counts["bins"].get("drop", ())),
        chart=_chart(counts["bins"]),
        share=_share,
        sampled=len(views) if len(views) < tally.total else 0,
        data=_safe(
            to_script({**counts, "kinds": kinds, "numbers": NUMBERS, "rows": rows, "pages": views, "saveTo": save_to})
        ),
        kinds=KINDS,
    )


def _first_cut(drop_at: float | None, dropped: Sequence[int]) -> int:
    """The policy's cut in hundredths; if it is not known, the lowest noise that was dropped."""
    if drop_at is not None:
        return round(BINS * drop_at)
    return next((place for place, count in enumerate(dropped) if count), FIRST_CUT)


def score_html(score: Score, page: Page | None = None, name: str | None = None) -> str:
    """A self-contained report on one page; if the page itself is given and HTML, the marks are shown in it.

    Raises:
        ExtraError: Jinja2 is not installed.
    """
    named = name or score.url or score.title or "page"
    tally = Tally(pages=1, rows=1)
    tally.add(Seen.of_record(named, "", score.to_dict(), lambda: Detail(score, page)))
    return render(tally, title=score.title or named)


def framed(html: str) -> str:
    """The page in its own frame, so that neither its styles nor its scripts affect the notebook."""
    frame = f'srcdoc="{escape(html)}" sandbox="allow-scripts allow-downloads" loading="lazy" title="noisefilter score"'
    return f'<iframe {frame} style="width:100%;height:{FRAME_HEIGHT}px;border:1px solid #8886"></iframe>'


def _row(seen: Seen, place: int, views: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Id, site, title, verdict, status, noise, place among the pages shown, whether it is doubtful."""
    title = seen.title or (views[place]["title"] if place >= 0 else None) or ""
    verdict = [seen.verdict, seen.status, seen.noise]
    return [seen.id, seen.site, title[:MOST_TITLE], *verdict, place, int(seen.doubtful)]


def to_script(value: object) -> str:
    r"""JSON that a script element may hold, whatever the texts in it say.

    >>> to_script({"text": "</script><b>"})
    '{"text":"\\u003c/script>\\u003cb>"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def read_template() -> Any:  # noqa: ANN401 - Jinja2 is an extra
    """The report's template; ExtraError if Jinja2 is missing."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ExtraError(needs_extra("the report", "Jinja2", "report")) from error
    loader = PackageLoader("noisefilter.report", TEMPLATES)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, finalize=_legible)
    return environment.get_template("report.html.j2")


def _legible(value: object) -> object:
    """Escape what would reorder lines in pages' texts; our own code, which is no bare `str`, stays as it is."""
    return shown(value) if type(value) is str else value


def _safe(text: str) -> Any:  # noqa: ANN401 - as above
    """Mark our own code, or data escaped above, as safe: the template writes it as it is."""
    from jinja2.utils import markupsafe  # type: ignore[attr-defined]  # noqa: PLC0415 - as above

    return markupsafe.Markup(text)


def _read(name: str) -> str:
    return resources.files("noisefilter.report").joinpath(TEMPLATES, name).read_text("utf8")


def _share(part: int, whole: int) -> str:
    """A share as people read it; if it is not 0, it is not shown as 0%."""
    share = 100 * part / max(1, whole)
    return "< 1%" if 0 < share < 0.5 else f"{share:.0f}%"


def _chart(bins: Mapping[str, list[int]]) -> dict[str, Any]:
    """Bars of the histogram, split by verdict; heights go by the square root, since most crawls have one high bar."""
    totals = [sum(column) for column in zip(*bins.values(), strict=True)] or [0] * BINS
    unit = (HEIGHT - 6) / sqrt(max(1, *totals))
    step = WIDTH / BINS
    bars = []
    for place in range(BINS):
        floor = float(HEIGHT)
        for name, counts in bins.items():
            if counts[place]:
                height = max(1.0, unit * sqrt(totals[place]) * counts[place] / totals[place])
                floor -= height
                title = f"noise {place / BINS:.2f} to {(place + 1) / BINS:.2f}: {counts[place]:,} {name}"
                bars.append(
                    {
                        "verdict": name,
                        "bin": place,
                        "x": round(place * step + 0.5, 1),
                        "y": round(floor, 1),
                        "width": step - 1,
                        "height": round(height, 1),
                        "title": title,
                    }
                )
    return {"width": WIDTH, "height": HEIGHT, "bars": bars}
