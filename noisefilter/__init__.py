"""noisefilter finds content-farm and SEO noise in web pages: a score with its evidence, and the cleaned article.

>>> import noisefilter
>>> score = noisefilter.score("<p>Rain fell.</p>")
>>> score.verdict, score.status
('unscored', 'too_short')
"""

from typing import TYPE_CHECKING

from noisefilter.types import Block, Link, Page, Reason, Score, Sentence, Span

if TYPE_CHECKING:
    from noisefilter.api import clean_html, extract, load, score, score_many
    from noisefilter.blocks.sites import SiteProfile
    from noisefilter.integrations.frames import score_frame
    from noisefilter.model import Model, ModelError
    from noisefilter.policy import Policy

__all__ = [
    "Block",
    "Link",
    "Model",
    "ModelError",
    "Page",
    "Policy",
    "Reason",
    "Score",
    "Sentence",
    "SiteProfile",
    "Span",
    "clean_html",
    "extract",
    "load",
    "score",
    "score_frame",
    "score_many",
]
__version__ = "0.1.0"

_LAZY = {
    "Model": "noisefilter.model",
    "ModelError": "noisefilter.model",
    "Policy": "noisefilter.policy",
    "SiteProfile": "noisefilter.blocks.sites",
    "clean_html": "noisefilter.api",
    "extract": "noisefilter.api",
    "load": "noisefilter.api",
    "score": "noisefilter.api",
    "score_frame": "noisefilter.integrations.frames",
    "score_many": "noisefilter.api",
}


def __getattr__(name: str) -> object:
    """Import heavy modules on first use, so that `import noisefilter` stays light (DESIGN: 0.1 s)."""
    if name not in _LAZY:
        raise AttributeError(f"module 'noisefilter' has no attribute {name!r}")
    from noisefilter.threads import late_import  # noqa: PLC0415 - only needed here

    value = getattr(late_import(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, including those imported lazily."""
    return sorted({*__all__, *globals()})
