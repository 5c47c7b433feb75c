"""Records → Parquet: the input's columns and one column of structs."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import extra
from noisefilter.batch.records import FIELDS, OWN
from noisefilter.batch.writers.base import close_safely, to_json
from noisefilter.page import scrub
from noisefilter.types import RECORD, Span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from noisefilter.batch.writers.base import Columns

#: Records in a row group: whole shards of the default size, and little memory.
GROUP = 256
#: Python's types that a column may have if the input names none; other values are written as JSON.
PLAIN: dict[type, str] = {bool: "bool_", int: "int64", float: "float64", str: "string", bytes: "binary"}


class ParquetWriter:
    """Columns as the input's Parquet has them, else as the first row group has them.

    What does not fit (a field that comes later, a number where there were words) stands as JSON in `noisefilter.more`.
    """

    def __init__(self, path: Path, columns: Columns) -> None:
        self._arrow, self._parquet = extra("pyarrow", "Parquet"), extra("pyarrow.parquet", "Parquet")
        self._file = path.open("wb")
        self._types: dict[str, Any] | None = {name: kind for name, kind in columns().items() if name != OWN} or None
        self._exact = self._types is not None
        self._records: list[Mapping[str, Any]] = []
        self._writer: Any = None

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record; a row group is written when it is full."""
        self._records.append(record)
        if len(self._records) == GROUP:
            self._flush()

    def close(self) -> None:
        """Finish the file; without records it has the columns only."""
        if self._records or self._writer is None:
            self._flush()
        self._writer.close()
        close_safely(self._file)

    def _flush(self) -> None:
        arrow = self._arrow
        if self._types is None:
            self._types = self._guess()
        rows = [self._fit(record) for record in self._records]
        schema = arrow.schema([*self._types.items(), (OWN, self._own_type())])
        if self._writer is None:
            self._writer = self._parquet.ParquetWriter(self._file, schema, compression="zstd")
        self._writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
        self._records = []

    def _guess(self) -> dict[str, Any]:
        kinds: dict[str, set[type]] = {}
        for record in self._records:
            for name, value in record.items():
                if name != OWN:
                    kinds.setdefault(name, set()).update(() if value is None else (type(value),))
        return {scrub(name): self._kind(found) for name, found in kinds.items()}

    def _kind(self, found: set[type]) -> Any:  # noqa: ANN401 - an Arrow type
        if found == {int, float}:
            found = {float}
        name = PLAIN.get(next(iter(found)), "string") if len(found) == 1 else "string"
        return getattr(self._arrow, name)()

    def _fit(self, record: Mapping[str, Any]) -> dict[str, Any]:
        types = self._types or {}
        row: dict[str, Any] = {}
        more: dict[str, Any] = {}
        for name, value in record.items():
            if name == OWN or value is None:
                continue
            key = scrub(name)
            fits = key in types and (not self._exact or not isinstance(value, bytes | str) or self._takes(key, value))
            fitting = value if self._exact or not fits else self._as_type(value, types[key])
            if not fits or fitting is None:
                more[name] = value
            else:
                row[key] = fitting
        added = {name: scrub(value) if isinstance(value, str) else value for name, value in record[OWN].items()}
        row[OWN] = {**added, "more": to_json(more) if more else None}
        return row

    def _takes(self, name: str, value: object) -> bool:
        """Whether a column of the input's type takes a value: not bytes that are no UTF-8, nor a date that Python cannot hold."""
        try:
            self._arrow.array([value], (self._types or {})[name]).validate(full=True)
        except (self._arrow.ArrowException, ValueError, TypeError, OverflowError):
            return False
        return True

    def _as_type(self, value: Any, kind: Any) -> Any:  # noqa: ANN401 - any value; an Arrow type
        arrow = self._arrow
        if kind == arrow.string():
            return scrub(value) if isinstance(value, str) else to_json(value)
        if kind == arrow.int64() and type(value) is int:
            return value if -(2**63) <= value < 2**63 else None
        if kind == arrow.float64() and type(value) in {int, float}:
            return float(value) if abs(value) < 2**53 or isinstance(value, float) else None
        return value if PLAIN.get(type(value)) == {"bool": "bool_", "binary": "binary"}.get(str(kind)) else None

    def _own_type(self) -> Any:  # noqa: ANN401 - an Arrow type
        """What noisefilter says: fields of the score's record, of `records.MORE`, and the reason of what is dropped."""
        text = self._arrow.string()
        columns = [(name, self._type_of(RECORD[name])) for name in (*FIELDS, "visible_text")]
        return self._arrow.struct([("id", text), *columns, ("reason", text), ("more", text)])

    def _type_of(self, holds: type) -> Any:  # noqa: ANN401 - an Arrow type
        if not is_dataclass(holds):
            return getattr(self._arrow, PLAIN[holds])()
        plain = {kind.__name__: kind for kind in PLAIN}
        columns = [(field.name, self._type_of(plain.get(str(field.type), str))) for field in fields(holds)]
        quoted = [("quote", self._arrow.string())] if holds is Span else []
        return self._arrow.list_(self._arrow.struct([*columns, *quoted]))
