"""Parquet → rows; a cell that does not fit its column's type costs its row at most."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import extra
from noisefilter.batch.fields import Fault, Row
from noisefilter.batch.files import open_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from noisefilter.batch.tasks import Piece

#: Rows that are read at a time.
BATCH = 64


def list_groups(path: str) -> list[int]:
    """Number of rows in each row group of a Parquet file; if it is damaged, one row, which will be a fault."""
    with open_bytes(path) as file:
        try:
            facts = extra("pyarrow.parquet", "Parquet").ParquetFile(file).metadata
        except _errors() as error:
            _damage(error)
            return [1]
        return [int(facts.row_group(number).num_rows) for number in range(facts.num_row_groups)]


def read_parquet(piece: Piece, tick: Callable[[], None]) -> Iterator[Row]:
    """Rows of a piece; those that are damaged are faults."""
    with open_bytes(piece.path) as file:
        try:
            table = extra("pyarrow.parquet", "Parquet").ParquetFile(file)
            names = distinct(table.schema_arrow.names)
        except _errors() as error:
            yield Row(0, {}, fault=_damage(error))
            return
        last = table.metadata.num_rows if piece.count < 0 else piece.start + piece.count
        number = piece.start - 1
        try:
            for number, batch in _batches(table, piece.start, last, tick):
                for row in _rows(batch, number, names):
                    number = row.number
                    yield row
        except _errors() as error:
            fault = _damage(error)
            yield from (Row(missing, {}, fault=fault) for missing in range(number + 1, last))


def _errors() -> tuple[type[Exception], ...]:
    return (extra("pyarrow", "Parquet").ArrowException, OSError)


def _damage(error: Exception) -> Fault:
    """The file's fault; an OSError without errno is how pyarrow reports damage, one with errno is the machine's."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    return Fault("broken_file", str(error))


def _batches(table: Any, start: int, last: int, tick: Callable[[], None]) -> Iterator[tuple[int, Any]]:  # noqa: ANN401 - pyarrow
    """Rows from `start` up to `last` in batches, with the number of the row before each; reads no other row groups."""
    first = 0
    for group in range(table.metadata.num_row_groups):
        rows = table.metadata.row_group(group).num_rows
        if first < last and first + rows > start:
            number = first
            for batch in table.iter_batches(batch_size=BATCH, row_groups=[group]):
                tick()
                low, high = max(0, start - number), max(0, min(len(batch), last - number))
                if low < high:
                    yield number + low - 1, batch.slice(low, high - low)
                number += len(batch)
        first += rows


def _rows(batch: Any, before: int, names: Sequence[str]) -> Iterator[Row]:  # noqa: ANN401 - pyarrow
    columns, faults = [], [dict[str, str]() for _ in range(len(batch))]
    for name, column in zip(names, batch.columns, strict=True):
        cells, bad = _cells(column)
        columns.append(cells)
        for place, detail in bad.items():
            faults[place][name] = detail
    for place, cell_faults in enumerate(faults):
        fields = {name: cells[place] for name, cells in zip(names, columns, strict=True)}
        yield Row(before + place + 1, fields, cell_faults=cell_faults)


def _cells(column: Any) -> tuple[list[Any], dict[int, str]]:  # noqa: ANN401 - pyarrow
    """Values of a column, and what is wrong with some of them: bytes that are no UTF-8 stay bytes."""
    arrow = extra("pyarrow", "Parquet")
    if (known := known_type(column.type)) != column.type:
        column = column.cast(known)
    failures = (
        ValueError,
        OverflowError,
        KeyError,
        arrow.ArrowException,
    )  # bad encoding, date beyond the year 9999
    try:
        return column.to_pylist(), {}
    except failures:
        pass
    cells, bad = list[Any](), dict[int, str]()
    for place, cell in enumerate(column):
        try:
            cells.append(cell.as_py())
        except failures as error:
            value, fault = _as_it_is(column, place), str(error)
            cells.append(value)
            if not isinstance(value, str):
                bad[place] = fault
    return cells, bad


def _as_it_is(column: Any, place: int) -> bytes | str | None:  # noqa: ANN401 - pyarrow
    """Bytes of a string, a date as Arrow writes it; None for anything else."""
    arrow = extra("pyarrow", "Parquet")
    one = column.slice(place, 1)
    if arrow.types.is_dictionary(one.type):
        one = one.dictionary_decode()
    for kind in (arrow.binary(), arrow.string()) if not arrow.types.is_temporal(one.type) else (arrow.string(),):
        try:
            value: bytes | str = one.cast(kind)[0].as_py()
        except (ValueError, arrow.ArrowException):
            continue
        return value
    return None


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


def distinct(names: Sequence[str]) -> list[str]:
    """The names; a repeated one gets a number.

    >>> distinct(["id", "text", "text"])
    ['id', 'text', 'text#2']
    """
    seen = Counter[str]()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return found


def parquet_types(path: str) -> dict[str, Any]:
    """Arrow type of each column of a Parquet file; none if it is damaged."""
    with open_bytes(path) as file:
        try:
            schema = extra("pyarrow.parquet", "Parquet").read_schema(file)
        except _errors() as error:
            _damage(error)
            return {}
    return {name: known_type(column.type) for name, column in zip(distinct(schema.names), schema, strict=True)}
