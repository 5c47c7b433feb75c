"""Boilerplate by kind on the project's own layout pages: what is taken out, what it is called, and what the article loses.

    python scripts/check_layouts.py

`corpus/layouts` was written blind: whoever wrote it had not seen the code, and no model was fitted or tuned on it. Pages are
judged as they are, and as the plain text that a reader would copy.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

import noisefilter
from noisefilter import Page

if TYPE_CHECKING:
    from noisefilter import Score

LAYOUTS = Path(__file__).parent.parent / "corpus" / "layouts"
#: The headline of a page is given as its title; WCXB's gold texts leave it out, plain texts keep it.
HEADLINE = "headline"


def words(text: str) -> int:
    """Number of words."""
    return len(text.split())


def compare(
    score: Score, spans: list[dict[str, Any]]
) -> tuple[dict[str, list[int]], tuple[int, int], Counter[tuple[str, str]]]:
    """By kind words, words taken out and words named rightly; words of the article and those lost; wrong names."""
    text = score.visible_text
    owner: list[str] = ["article"] * len(text)
    for span in spans:
        owner[span["start"] : span["end"]] = [span["reason"]] * (span["end"] - span["start"])
    name: list[str | None] = [None] * len(text)
    for found in score.spans:
        if found.kind == "boilerplate":
            name[found.start : found.end] = [found.reason] * (found.end - found.start)
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    wrong: Counter[tuple[str, str]] = Counter()
    position = 0
    for word in text.split():
        position = text.index(word, position)
        kind, reason = owner[position], name[position]
        row = rows[kind]
        row[0] += 1
        row[1] += reason is not None
        row[2] += reason == kind
        if reason is not None and reason != kind:
            wrong[kind, reason] += 1
        position += len(word)
    return rows, (rows["article"][0], rows["article"][1]), wrong


def main() -> None:
    """Print both tables."""
    labels = [json.loads(line) for line in (LAYOUTS / "labels.jsonl").read_text(encoding="utf8").splitlines()]
    console = Console(width=150)
    for form in ("html", "text"):
        totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        wrong: Counter[tuple[str, str]] = Counter()
        losses = []
        for label in labels:
            content = (LAYOUTS / "pages" / f"{label['id']}.html").read_bytes()
            score = noisefilter.score(content)
            if form == "text":
                score = noisefilter.score(Page(score.visible_text, format="text"))
            rows, (size, lost), names = compare(score, label["spans"])
            losses.append((lost / size, label["id"], score.status, score.page_type))
            wrong += names
            for kind, row in rows.items():
                totals[kind] = [own + more for own, more in zip(totals[kind], row, strict=True)]
        table = Table(title=f"{len(labels)} pages as {form}", title_justify="left", box=None)
        for column in ("kind", "words", "taken out", "of those named rightly", "most often misnamed"):
            table.add_column(column)
        boilerplate = {kind: row for kind, row in totals.items() if kind not in {"article", HEADLINE}}
        whole = [sum(column) for column in zip(*boilerplate.values(), strict=True)]
        for kind, (size, out, right) in [
            ("all boilerplate", whole),
            *sorted(boilerplate.items()),
            (HEADLINE, totals[HEADLINE]),
        ]:
            misnamed = ", ".join(f"{name} {count}" for (own, name), count in wrong.most_common() if own == kind)
            table.add_row(kind, str(size), f"{out / size:.0%}", f"{right / max(1, out):.0%}", misnamed[:70])
        console.print(table)
        size, lost, _ = totals["article"]
        console.print(f"article: {lost} of {size} words lost ({lost / size:.2%}); most of all:")
        for share, name, status, page_type in sorted(losses, reverse=True, key=lambda row: row[0])[:6]:
            console.print(f"  {share:6.1%}  {name}  {status}  {page_type or ''}")
        console.print()


if __name__ == "__main__":
    main()
