"""One `Score` → a page of HTML by itself, and the frame that a notebook shows it in."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from noisefilter.report.site import render
from noisefilter.report.tally import Seen, Tally
from noisefilter.report.view import Shown

if TYPE_CHECKING:
    from noisefilter.types import Page, Score

#: Pixels of the frame in a notebook.
HEIGHT = 640


def score_html(score: Score, page: Page | None = None, name: str | None = None) -> str:
    """The report of one page, in one piece; with the page itself, if it is given and HTML, its marks are shown in place.

    Raises:
        ModuleNotFoundError: Jinja2, of the extra `report`, is not installed.
    """
    named = name or score.url or score.title or "page"
    tally = Tally(pages=1, rows=1)
    tally.add(Seen.of_score(named, "", score, lambda: Shown(named, "", score, page)))
    return render(tally, title=score.title or named)


def framed(html: str) -> str:
    """The page in a frame of its own, so that neither its styles nor its scripts reach the notebook."""
    frame = f'srcdoc="{escape(html)}" sandbox="allow-scripts allow-downloads" loading="lazy" title="noisefilter score"'
    return f'<iframe {frame} style="width:100%;height:{HEIGHT}px;border:1px solid #8886"></iframe>'
