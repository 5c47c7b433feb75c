"""Records → dolma's attributes, one document per line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noisefilter.batch.formats import OWN
from noisefilter.batch.writers.lines import LineWriter, gzipped
from noisefilter.types import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class DolmaWriter(LineWriter):
    """One document's id and attributes per line, compressed with gzip."""

    def __init__(self, path: Path, _columns: object = None) -> None:
        super().__init__(path, pack=gzipped)

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a document's attributes."""
        super().write(attributes(record[OWN]))


def attributes(record: Mapping[str, Any]) -> dict[str, Any]:
    """noisefilter's record as values over ranges of the document's text.

    Ranges count `visible_text`, which is the document's own text if that is plain.
    """
    length = len(record["visible_text"])
    values: dict[str, list[list[float]]] = {
        f"{OWN}__{name}": [] if record[name] is None else [[0, length, record[name]]] for name in NUMBERS
    }
    values[f"{OWN}__{record['verdict']}"] = [[0, length, 1.0]]
    for span in record["spans"]:
        values.setdefault(f"{OWN}__span_{span['kind']}", []).append([span["start"], span["end"], span["score"]])
    return {"id": record["id"], "attributes": values}
