"""Records → Parquet: the input's columns and one column of structs."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import extra
from noisefilter.batch.formats import FIELDS
from noisefilter.batch.tables import PLAIN, arrow_type
from noisefilter.batch.tasks import OWN
from noisefilter.batch.writers import encodable, to_json
from noisefilter.page import scrub
from noisefilter.types import RECORD, Span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Records in a row group: whole shards of the default size, and little memory.
GROUP = 256


class ParquetWriter:
    """The run's columns, the same in every file.

    What does not fit (a field that appears later, words where there were numbers) goes to `noisefilter.more` as JSON.
    """

    def __init__(self, path: Path, columns: Mapping[str, str], *_added: object) -> None:
        self._arrow = extra("pyarrow", "Parquet")
        self._types = {scrub(name): arrow_type(kind) for name, kind in columns.items() if name != OWN}
        self._records: list[Mapping[str, Any]] = []
        self._schema = self._arrow.schema([*self._types.items(), (OWN, self._own_type())])
        self._writer = extra("pyarrow.parquet", "Parquet").ParquetWriter(path, self._schema, compression="zstd")

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record; a row group is written when it is full."""
        self._records.append(record)
        if len(self._records) == GROUP:
            self._flush()

    def close(self) -> None:
        """Finish the file; without records it has the columns only."""
        if self._records:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        rows = [self._fit(record) for record in self._records]
        self._writer.write_table(self._arrow.Table.from_pylist(rows, schema=self._schema))
        self._records = []

    def _fit(self, record: Mapping[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        more: dict[str, Any] = {}
        for name, value in record.items():
            if name == OWN or value is None:
                continue
            key = scrub(name)
            fitting = self._as_type(value, self._types[key]) if key in self._types else None
            if fitting is None:
                more[name] = value
            else:
                row[key] = fitting
        added = {name: scrub(value) if isinstance(value, str) else value for name, value in record[OWN].items()}
        row[OWN] = {**added, "more": to_json(more) if more else None}
        return row

    def _as_type(self, value: Any, kind: Any) -> Any:  # noqa: ANN401 - any value; an Arrow type
        """The value as a column of a type holds it; None if it cannot."""
        arrow = self._arrow
        if kind == arrow.string() and not isinstance(value, bytes):
            return encodable(value) if isinstance(value, str) else to_json(value)
        if kind == arrow.int64():
            return value if type(value) is int and -(2**63) <= value < 2**63 else None
        if kind == arrow.float64() and type(value) is int:
            return float(value) if abs(value) < 2**53 else None
        return value if self._takes(value, kind) else None

    def _takes(self, value: object, kind: Any) -> bool:  # noqa: ANN401 - an Arrow type
        """Whether a type takes a value: not bytes that are no UTF-8, nor a date that Python cannot hold."""
        try:
            self._arrow.array([value], kind).validate(full=True)
        except (self._arrow.ArrowException, ValueError, TypeError, OverflowError):
            return False
        return True

    def _own_type(self) -> Any:  # noqa: ANN401 - an Arrow type
        """Type of noisefilter's column: fields of the score's record, `visible_text`, and why a page is dropped."""
        text = self._arrow.string()
        columns = [(name, self._type_of(RECORD[name])) for name in (*FIELDS, "visible_text")]
        return self._arrow.struct([("id", text), *columns, ("reason", text), ("more", text)])

    def _type_of(self, holds: type) -> Any:  # noqa: ANN401 - an Arrow type
        if not is_dataclass(holds):
            return arrow_type(PLAIN[holds.__name__])
        plain = {kind.__name__: kind for kind in (bool, int, float, str, bytes)}
        columns = [(field.name, self._type_of(plain.get(str(field.type), str))) for field in fields(holds)]
        quoted = [("quote", self._arrow.string())] if holds is Span else []
        return self._arrow.list_(self._arrow.struct([*columns, *quoted]))
