"""One `Score` → a self-contained HTML page, and the frame in which a notebook shows it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from noisefilter.report.site import render
from noisefilter.report.tally import Seen, Tally
from noisefilter.report.view import Shown

if TYPE_CHECKING:
    from noisefilter.types import Page, Score

#: Height in pixels of the frame in a notebook.
HEIGHT = 640


def score_html(score: Score, page: Page | None = None, name: str | None = None) -> str:
    """A self-contained report on one page; if the page itself is given and HTML, the marks are shown in it.

    Raises:
        ModuleNotFoundError: Jinja2, of the extra `report`, is not installed.
    """
    named = name or score.url or score.title or "page"
    tally = Tally(pages=1, rows=1)
    tally.add(Seen.of_score(named, "", score, lambda: Shown(named, "", score, page)))
    return render(tally, title=score.title or named)


def framed(html: str) -> str:
    """The page in its own frame, so that neither its styles nor its scripts affect the notebook."""
    frame = f'srcdoc="{escape(html)}" sandbox="allow-scripts allow-downloads" loading="lazy" title="noisefilter score"'
    return f'<iframe {frame} style="width:100%;height:{HEIGHT}px;border:1px solid #8886"></iframe>'
