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

from rich.console import Console
from rich.table import Table

import noisefilter
from noisefilter import Page

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


def sums(words: Words, kinds: set[str]) -> tuple[int, int, int]:
    """Words of some kinds, those taken out, and those of them whose reason is their kind."""
    chosen = {pair: count for pair, count in words.items() if pair[0] in kinds}
    out = {pair: count for pair, count in chosen.items() if pair[1] is not None}
    return sum(chosen.values()), sum(out.values()), sum(count for (kind, name), count in out.items() if kind == name)


def print_words(console: Console, title: str, words: Words) -> None:
    """Print a row a kind."""
    table = Table(title=title, title_justify="left", box=None)
    for column in ("kind", "words", "taken out", "of those named rightly", "most often misnamed"):
        table.add_column(column)
    boilerplate = sorted({kind for kind, _ in words} - {ARTICLE, HEADLINE})
    for name, kinds in [("all boilerplate", set(boilerplate)), *((kind, {kind}) for kind in (*boilerplate, HEADLINE))]:
        size, out, right = sums(words, kinds)
        wrong = (f"{reason} {n}" for (kind, reason), n in words.most_common() if reason and reason != kind == name)
        table.add_row(name, str(size), f"{out / size:.0%}", f"{right / max(1, out):.0%}", ", ".join(wrong)[:70])
    console.print(table)
    size, lost, _ = sums(words, {ARTICLE})
    console.print(f"article: {lost} of {size} words lost ({lost / size:.2%}); most of all:")


def main() -> None:
    """Print both tables."""
    labels = [json.loads(line) for line in (LAYOUTS / "labels.jsonl").read_text(encoding="utf8").splitlines()]
    console = Console(width=150)
    for form in ("html", "text"):
        total: Words = Counter()
        losses = []
        for label in labels:
            score = noisefilter.score((LAYOUTS / "pages" / f"{label['id']}.html").read_bytes())
            if form == "text":
                score = noisefilter.score(Page(score.visible_text, format="text"))
            words = count_words(score, label["spans"])
            total += words
            size, lost, _ = sums(words, {ARTICLE})
            losses.append((lost / size, label["id"], score.status, score.page_type))
        print_words(console, f"{len(labels)} pages as {form}", total)
        for share, name, status, page_type in sorted(losses, reverse=True, key=lambda row: row[0])[:6]:
            console.print(f"  {share:6.1%}  {name}  {status}  {page_type or ''}")
        console.print()


if __name__ == "__main__":
    main()
