"""doccano: lines with spans for a sequence labelling project, its label types, and its JSONL exports.

Its editor counts UTF-16 code units (it slices JavaScript strings), and its server stores them. With "Count grapheme
clusters as one character" it counts those: that must be off.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from noisefilter.kinds import KINDS
from noisefilter.labelling.annotations import Annotation, Mark, utf16_units
from noisefilter.learn.corpora import MAX_NOISE, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from noisefilter.labelling.candidates import Candidate

#: A sequence labelling project has no field for the page: a word marked with one of these gives its noise.
NOISE = {f"noise {value}": value for value in range(MAX_NOISE + 1)}


#: What `write_tasks` writes: the tasks and the label types.
FILES = TASKS, TYPES = ("tasks.jsonl", "label_types.json")


def write_tasks(folder: Path, candidates: list[Candidate]) -> None:
    """Write the pages as tasks, and the label types."""
    write_rows(folder / TASKS, map(make_line, candidates))  # in ASCII: doccano guesses the character set
    types = [
        {"text": name, "suffixKey": kind.letter.lower(), "backgroundColor": kind.colour, "textColor": "#ffffff"}
        for name, kind in KINDS.items()
    ] + [
        {"text": name, "suffixKey": str(value), "backgroundColor": "#f1c40f", "textColor": "#000000"}
        for name, value in NOISE.items()
    ]
    (folder / TYPES).write_text(json.dumps(types, indent=1) + "\n", encoding="utf8")


def make_line(candidate: Candidate) -> dict[str, Any]:
    """A page as a line; fields besides text and label come back in the export, since they are strings on every line."""
    score, entry = candidate.score, candidate.listed
    units = utf16_units(score.visible_text)
    return {
        "text": score.visible_text,
        "label": [[units[span.start], units[span.end], span.kind] for span in score.spans],
        "page_id": entry.id,
        "url": entry.page.url or "",
        "title": score.title or "",
        "site": entry.site or "",
        "model": score.model,
        "noise_probability": f"{score.noise}",
        "doubt": f"{candidate.doubt}",
    }


def read_annotations(path: Path, faults: list[str]) -> Iterator[Annotation]:
    """Annotations of an export, one annotator per file; what cannot be read is added to `faults`."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, 1):
            where = f"{path}:{number}"
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                faults.append(f"{where}: not JSON: doccano's JSONL export has an object on each line")
                return  # as a file of another kind has it in each of its lines
            missing = [name for name in ("page_id", "text") if not isinstance(row, dict) or name not in row]
            if missing:
                faults.append(
                    f"{where}: not a line of doccano's JSONL export of these tasks: {' and '.join(missing)} missing"
                )
                continue
            try:
                yield _read_line(where, path.name, row)
            except (KeyError, TypeError, ValueError, AttributeError):
                faults.append(f"{where}: not a line of doccano's JSONL export: no spans with start, end and label")


def _read_line(where: str, by: str, row: dict[str, Any]) -> Annotation:
    where = f"{where} (id {row.get('id')!r})"
    given = [_mark(span) for span in row["entities" if "entities" in row else "label"]]
    return Annotation(
        where,
        where,
        row["page_id"],
        row["text"],
        by,
        tuple(mark for mark in given if mark.label not in NOISE),
        tuple(NOISE[mark.label] for mark in given if mark.label in NOISE),
    )


def _mark(span: Any) -> Mark:  # noqa: ANN401 - what JSON gives
    """`[start, end, label]`, or the objects of a project with relations."""
    if isinstance(span, dict):
        return Mark(span["start_offset"], span["end_offset"], span["label"])
    start, end, label = span
    return Mark(start, end, label)
