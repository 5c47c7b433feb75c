"""Boilerplate by kind on the project's own layout pages: what is taken out, what it is called, and what the article loses.

    python scripts/check_layouts.py

`corpus/layouts` was written blind: whoever wrote it had not seen the code, and no model was fitted or tuned on it. Pages are
judged as they are, and as the plain text that a reader would copy.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import noisefilter
from noisefilter import Page
from noisefilter.report.figures import figure_tables, print_tables

if TYPE_CHECKING:
    from noisefilter import Score

    #: Words by their kind, and the reason for which they are taken out; None if they stay.
    Words = Counter[tuple[str, str | None]]

LAYOUTS = Path(__file__).parent.parent / "corpus" / "layouts"
#: The headline of a page is given as its title; WCXB's gold texts leave it out, plain texts keep it.
ARTICLE, HEADLINE = "article", "headline"


def count_words(score: Score, spans: list[dict[str, Any]]) -> Words:
    """Words of a page."""
    kinds: list[str] = [ARTICLE] * len(score.visible_text)
    for span in spans:
        kinds[span["start"] : span["end"]] = [span["reason"]] * (span["end"] - span["start"])
    reasons: list[str | None] = [None] * len(score.visible_text)
    for found in score.spans:
        if found.kind == "boilerplate":
            reasons[found.start : found.end] = [found.reason] * (found.end - found.start)
    return Counter((kinds[word.start()], reasons[word.start()]) for word in re.finditer(r"\S+", score.visible_text))


def figures_of(words: Words) -> dict[str, dict[str, float]]:
    """By kind: words, the share that is taken out, and of that the share whose reason is the kind."""
    kinds = sorted({kind for kind, _ in words})
    found: dict[str, dict[str, float]] = {}
    boilerplate = [kind for kind in kinds if kind not in {ARTICLE, HEADLINE}]
    for name, chosen in {"all boilerplate": boilerplate, **{kind: [kind] for kind in kinds}}.items():
        size = sum(count for (kind, _), count in words.items() if kind in chosen)
        out = sum(count for (kind, reason), count in words.items() if kind in chosen and reason is not None)
        right = sum(count for (kind, reason), count in words.items() if kind in chosen and reason == kind)
        found[name] = {"words": size, "taken out": out / size, "of those named rightly": right / max(1, out)}
    return found


def main() -> None:
    """Print both tables."""
    labels = [json.loads(line) for line in (LAYOUTS / "labels.jsonl").read_text(encoding="utf8").splitlines()]
    as_html: Words = Counter()
    as_text: Words = Counter()
    for label in labels:
        score = noisefilter.score((LAYOUTS / "pages" / f"{label['id']}.html").read_bytes())
        as_html += count_words(score, label["spans"])
        as_text += count_words(noisefilter.score(Page(score.visible_text, format="text")), label["spans"])
    print_tables(*figure_tables({"as HTML": figures_of(as_html), "as plain text": figures_of(as_text)}))


if __name__ == "__main__":
    main()
