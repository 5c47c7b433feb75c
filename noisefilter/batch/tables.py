"""Parquet → rows, where a cell that does not fit its column's type costs its row at most; and types of columns as text."""

from __future__ import annotations

import base64
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import extra
from noisefilter.batch.fields import Fault, Row, Undecoded, distinct_columns
from noisefilter.batch.files import BrokenFileError, damage, open_bytes
from noisefilter.batch.tasks import PULSE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noisefilter.batch.tasks import Piece

#: Rows that are read at a time.
BATCH = 64
#: Kinds of column (Arrow's names) by the Python type of their values; other values are written as JSON.
PLAIN: dict[str, str] = {"bool": "bool_", "int": "int64", "float": "float64", "str": "string", "bytes": "binary"}
#: What pyarrow raises for values that Python cannot hold: bad encoding, a date beyond the year 9999, an odd time zone.
UNREADABLE = (ValueError, TypeError, OverflowError, KeyError, NotImplementedError)


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """A Parquet file; what pyarrow reports as damage, there or while it is read, is a BrokenFileError."""
    with open_bytes(path) as file:
        try:
            yield extra("pyarrow.parquet", "Parquet").ParquetFile(file)
        except (extra("pyarrow", "Parquet").ArrowException, OSError) as error:
            raise BrokenFileError(damage(error)) from error


def list_groups(path: str) -> list[int]:
    """Number of rows in each row group of a Parquet file; if it is damaged, one row, which will be a fault."""
    with suppress(BrokenFileError), _opened(path) as table:
        return [table.metadata.row_group(number).num_rows for number in range(table.num_row_groups)]
    return [1]


def read_parquet(piece: Piece) -> Iterator[Row]:
    """Rows of a piece; those that are damaged are faults."""
    number, last = piece.start - 1, piece.start + 1
    try:
        with _opened(piece.path) as table:
            last = table.metadata.num_rows if piece.count < 0 else piece.start + piece.count
            names = distinct_columns(table.schema_arrow.names)
            for before, batch in _batches(table, piece.start, last):
                for row in _rows(batch, before, names):
                    yield row
                    number = row.number
    except BrokenFileError as error:
        fault = Fault("broken_file", str(error))
        yield from (Row(missing, {}, fault=fault) for missing in range(number + 1, last))


def _batches(table: Any, start: int, last: int) -> Iterator[tuple[int, Any]]:  # noqa: ANN401 - pyarrow
    """Rows from `start` up to `last` in batches, with the number of the row before each; reads no other row groups."""
    first = 0
    for group in range(table.num_row_groups):
        rows = table.metadata.row_group(group).num_rows
        if first < last and first + rows > start:
            number = first
            for batch in table.iter_batches(batch_size=BATCH, row_groups=[group]):
                PULSE.tick()
                low, high = max(0, start - number), max(0, min(len(batch), last - number))
                if low < high:
                    yield number + low - 1, batch.slice(low, high - low)
                number += len(batch)
        first += rows


def _rows(batch: Any, before: int, names: Sequence[str]) -> Iterator[Row]:  # noqa: ANN401 - pyarrow
    columns = list(map(_cells, batch.columns))
    for place in range(len(batch)):
        cells = {name: column[place] for name, column in zip(names, columns, strict=True)}
        bad = next(((name, cell) for name, cell in cells.items() if isinstance(cell, Exception)), None)
        number = before + place + 1
        fault = Fault("not_read", f"row {number}, column {bad[0]!r}: {bad[1]}") if bad else None
        yield Row(number, cells, fault=fault)


def _cells(column: Any) -> list[Any]:  # noqa: ANN401 - pyarrow
    """Values of a column; if some cannot be read, as much of each as can be."""
    if (known := known_type(column.type)) != column.type:
        column = column.cast(known)
    try:
        return list(column.to_pylist())
    except UNREADABLE:
        return list(map(_cell, column))


def _cell(cell: Any) -> Any:  # noqa: ANN401 - pyarrow
    """A value: bytes of a string that is no UTF-8, a date beyond the year 9999 as Arrow writes it; or why there is none."""
    arrow = extra("pyarrow", "Parquet")
    try:
        return cell.as_py()
    except UNREADABLE as error:
        why = error
    for kind, given in ((arrow.binary(), Undecoded), (arrow.string(), str)):
        with suppress(*UNREADABLE):
            return given(cell.cast(kind).as_py())
    return why


def known_type(kind: Any) -> Any:  # noqa: ANN401 - an Arrow type
    """The type, with UTC for time zones unknown to this machine: the instants are the same."""
    arrow = extra("pyarrow", "Parquet")
    types = arrow.types
    if types.is_timestamp(kind) and kind.tz is not None:
        try:
            arrow.scalar(0, kind).as_py()
        except Exception:  # noqa: BLE001 - each time zone library has its own
            return arrow.timestamp(kind.unit, "UTC")
    if types.is_list(kind) or types.is_large_list(kind):
        field = kind.value_field.with_type(known_type(kind.value_type))
        return arrow.list_(field) if types.is_list(kind) else arrow.large_list(field)
    if types.is_struct(kind):
        return arrow.struct([field.with_type(known_type(field.type)) for field in kind])
    return kind


def parquet_types(path: str) -> dict[str, Any]:
    """Arrow type of each column of a Parquet file; none if it is damaged."""
    with suppress(BrokenFileError), _opened(path) as table:
        schema = table.schema_arrow
        names = distinct_columns(schema.names)
        return {name: known_type(column.type) for name, column in zip(names, schema, strict=True)}
    return {}


def encode_type(kind: Any) -> str:  # noqa: ANN401 - an Arrow type
    """An Arrow type as text: see `arrow_type`."""
    arrow = extra("pyarrow", "Parquet")
    plain = next((name for name in PLAIN.values() if getattr(arrow, name)() == kind), None)
    return plain or base64.b64encode(arrow.schema([("", kind)]).serialize().to_pybytes()).decode("ascii")


def arrow_type(kind: str) -> Any:  # noqa: ANN401 - an Arrow type
    """The Arrow type of a column: Arrow's name for a plain one, or an Arrow schema in base64 that has it alone."""
    arrow = extra("pyarrow", "Parquet")
    if kind in PLAIN.values():
        return getattr(arrow, kind)()
    return extra("pyarrow.ipc", "Parquet").read_schema(arrow.py_buffer(base64.b64decode(kind))).field(0).type
