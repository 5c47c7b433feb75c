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
    from noisefilter import Score


def covered(score: Score, kind: str, start: int, end: int) -> float:
    """Share of the characters of a range, blanks aside, that spans of a kind cover."""
    places = [place for place in range(start, end) if not score.visible_text[place].isspace()]
    inside = sum(any(span.start <= place < span.end for span in score.spans if span.kind == kind) for place in places)
    return inside / max(1, len(places))


def report(name: str, text: str, gold: dict[str, Any]) -> None:
    """Print one seed."""
    score = noisefilter.score(text)
    print(
        f"\n== {name}: noise {score.noise} (gold {gold['noise']}), off_topic {score.off_topic}, filler {score.filler}, {score.verdict}"
    )
    print(f"   visible_text == text: {score.visible_text == text}")
    for span in gold["spans"]:
        share = covered(score, span["kind"], span["start"], span["end"])
        print(f"   gold {span['kind']:<11} {span['sub']:<18} {share:5.0%}  {span['text'][:60]!r}")
    boilerplate = [(span["start"], span["end"]) for span in gold["spans"] if span["kind"] == "boilerplate"]
    article = [
        place
        for place in range(len(text))
        if not text[place].isspace() and not any(start <= place < end for start, end in boilerplate)
    ]
    lost = sum(
        any(span.start <= place < span.end for span in score.spans if span.kind == "boilerplate") for place in article
    )
    print(f"   article covered by boilerplate: {lost / len(article):.2%}")
    for span in score.spans:
        if span.kind in {"off_topic", "promotion"} or "section" in span.reason:
            print(
                f"   {span.kind:<11} {span.score:.2f} {span.start}-{span.end} [{span.reason}] {text[span.start : span.end][:110]!r}"
            )


def main() -> None:
    """Print all seeds."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/seeds")
    for row in map(json.loads, (folder / "gold.jsonl").read_text(encoding="utf8").splitlines()):
        report(row["file"], (folder / row["file"]).read_bytes().decode("utf8"), row)


if __name__ == "__main__":
    main()
