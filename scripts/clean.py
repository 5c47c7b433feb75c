"""Clean pages in a batch: JSON lines in, JSON lines out, with the score of each page added.

    python scripts/clean.py pages.jsonl -o cleaned.jsonl --jobs 2

A line is `{"id", "html" | "text", "url"?, "title"?}`; other fields are kept. Lines that cannot be read go to
`<output>.rejects` with the reason, so that kept + rejected = read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noisefilter import Page, load, score_many

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

COLUMNS = ("verdict", "status", "page_type", "noise", "filler", "off_topic", "boilerplate", "text", "spans", "model")


def read_rows(path: Path, rejects: TextIO, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """Rows of the input; what is no row is written to `rejects`."""
    with path.open(encoding="utf8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            counts["read"] += 1
            try:
                row = json.loads(line)
                reason = "" if is_page(row) else "an object with html or text is wanted"
            except ValueError as error:
                reason = str(error)
            if reason:
                counts["rejected"] += 1
                rejects.write(json.dumps({"line": number, "reason": reason, "content": line.rstrip("\n")}) + "\n")
            else:
                yield row


def is_page(row: object) -> bool:
    """Whether a row holds a page."""
    return isinstance(row, dict) and isinstance(row.get("html", row.get("text")), str)


def to_page(row: dict[str, Any]) -> Page:
    """The page of a row."""
    return Page(
        row["html"] if "html" in row else row["text"],
        row.get("url"),
        row.get("title"),
        "html" if "html" in row else "text",
    )


def main() -> None:
    """Score every row, write it with its columns."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("input", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--drop", action="store_true", help="leave out the pages whose verdict is drop")
    options = parser.parse_args()
    if not options.input.is_file():
        sys.exit(f"{options.input}: no such file")
    model = load(options.model) if options.model else None
    counts: Counter[str] = Counter()
    rejects_path = options.output.with_name(f"{options.output.name}.rejects")
    with options.output.open("w", encoding="utf8") as out, rejects_path.open("w", encoding="utf8") as rejects:
        rows, again = tee(read_rows(options.input, rejects, counts))
        for row, score in zip(rows, score_many(map(to_page, again), jobs=options.jobs, model=model), strict=True):
            counts[score.verdict] += 1
            if options.drop and score.verdict == "drop":
                continue
            record = score.to_dict()
            row["noisefilter"] = {name: record[name] for name in COLUMNS}
            out.write(json.dumps(row) + "\n")
    print(", ".join(f"{count} {name}" for name, count in counts.items()))


if __name__ == "__main__":
    main()
