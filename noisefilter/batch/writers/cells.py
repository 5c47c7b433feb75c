"""Records → CSV whose cells no spreadsheet runs."""

from __future__ import annotations

import csv
from math import isfinite
from typing import TYPE_CHECKING, Any
from unicodedata import category, normalize

from noisefilter.batch.tasks import CSV_PREFIX, OWN
from noisefilter.batch.writers import as_json, encodable, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: A spreadsheet runs a cell that begins with one of these, even after blanks and invisible characters, or in full
#: width; some take what follows a tab or a carriage return for a cell of its own.
RUNS = frozenset("=+-@")
BREAKS = ("\t", "\r")


class CsvWriter:
    """Rows under the run's columns and noisefilter's own; all other fields of a row go into one cell."""

    def __init__(self, path: Path, columns: Mapping[str, str], added: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._cells = csv.writer(self._file)
        self._names, self._added = [name for name in columns if name != OWN], added
        self._cells.writerow(
            defuse(encodable(name)) for name in (*self._names, *(f"{CSV_PREFIX}{name}" for name in (*added, "more")))
        )

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record as a row."""
        fields = {name: value for name, value in record.items() if name != OWN}
        more = {name: value for name, value in fields.items() if name not in self._names}
        added = [record[OWN][name] for name in self._added]
        row = [*(fields.get(name) for name in self._names), *added, more or None]
        self._cells.writerow(defuse(_cell(value)) for value in row)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    if isinstance(value, bool | int | float | list | dict):
        return to_json(value)
    return encodable(str(as_json(value)))


def defuse(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run.

    >>> defuse("=1+1"), defuse(" ＝1+1"), defuse("1+1")
    ("'=1+1", "' ＝1+1", '1+1')
    """
    first = next((sign for sign in cell if not (sign.isspace() or category(sign) in {"Cc", "Cf"})), "")
    runs = cell.startswith(BREAKS) or normalize("NFKC", first) in RUNS
    return f"'{cell}" if runs else cell
