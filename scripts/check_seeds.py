"""What comes out for the five seed pages, beside their gold spans: for checking, never for training or tuning.

python scripts/check_seeds.py ../shared/seeds
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import noisefilter

if TYPE_CHECKING:
    from collections.abc import Collection

    from noisefilter import Score


def covered(score: Score, kind: str, places: Collection[int]) -> float:
    """Share of some places in the text, blanks aside, that spans of a kind cover."""
    written = [place for place in places if not score.visible_text[place].isspace()]
    inside = sum(any(span.start <= place < span.end for span in score.spans if span.kind == kind) for place in written)
    return inside / max(1, len(written))


def report(name: str, text: str, gold: dict[str, Any]) -> None:
    """Print one seed."""
    score = noisefilter.score(text)
    print(f"\n== {name}: noise {score.noise} (gold {gold['noise']}), {score.verdict}")
    article = set(range(len(text)))
    for span in gold["spans"]:
        places = range(span["start"], span["end"])
        article -= set(places) if span["kind"] == "boilerplate" else set()
        print(
            f"   gold {span['kind']:<11} {span['sub']:<18} {covered(score, span['kind'], places):5.0%}  {span['text'][:60]!r}"
        )
    print(f"   article covered by boilerplate: {covered(score, 'boilerplate', article):.2%}")
    for span in score.spans:
        if span.kind in {"off_topic", "promotion"}:
            print(
                f"   {span.kind:<11} {span.score:.2f} {span.start}-{span.end} [{span.reason}] {score.quote(span)[:110]!r}"
            )


def main() -> None:
    """Print all seeds."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/seeds")
    for row in map(json.loads, (folder / "gold.jsonl").read_text(encoding="utf8").splitlines()):
        report(row["file"], (folder / row["file"]).read_bytes().decode("utf8"), row)


if __name__ == "__main__":
    main()
