"""What Label Studio and doccano make of tasks: exports as their annotators would leave them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def utf16(text: str, start: int, end: int) -> str:
    """What JavaScript's `text.slice(start, end)` gives."""
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


def utf16_range(text: str, passage: str) -> tuple[int, int]:
    """Where a passage stands if UTF-16 code units are counted."""
    start = len(text[: text.index(passage)].encode("utf-16-le")) // 2
    return start, start + len(passage.encode("utf-16-le")) // 2


def region(text: str, passage: str, kind: str) -> dict[str, Any]:
    """A region that somebody drew in Label Studio: code points and the text, its line breaks escaped."""
    start = text.index(passage)
    quote = passage.replace("\r", "\\n").replace("\n", "\\n")
    value = {"start": start, "end": start + len(passage), "text": quote, "labels": [kind]}
    return {"id": f"{kind}-{start}", "from_name": "kind", "to_name": "text", "type": "labels", "value": value}


def choice(*values: str) -> dict[str, Any]:
    return {"from_name": "noise", "to_name": "text", "type": "choices", "value": {"choices": list(values)}}


def annotation(*results: dict[str, Any], by: int = 1, **more: object) -> dict[str, Any]:
    return {"id": 70 + by, "completed_by": by, "was_cancelled": False, "result": list(results), **more}


def studio_tasks(folder: Path) -> list[dict[str, Any]]:
    """The tasks of an export, as Label Studio gives them ids."""
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf8"))
    return [{"id": number, **task, "annotations": []} for number, task in enumerate(tasks, 1)]


def studio_export(path: Path, tasks: list[dict[str, Any]]) -> Path:
    """Label Studio's JSON export, a task a line."""
    path.write_text("[\n" + ",\n".join(map(json.dumps, tasks)) + "\n]", encoding="utf8")
    return path


def doccano_rows(folder: Path) -> list[dict[str, Any]]:
    """The lines of an export, as doccano gives them back: with ids of its own and comments."""
    lines = (folder / "tasks.jsonl").read_text(encoding="ascii").splitlines()
    return [{"id": number, **json.loads(line), "Comments": []} for number, line in enumerate(lines, 40)]


def doccano_export(path: Path, rows: list[dict[str, Any]]) -> Path:
    """doccano's JSONL export, in UTF-8."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf8", newline="")
    return path
