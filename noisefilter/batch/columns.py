"""Inputs → the columns of a run's output, fixed when the run is planned, so that every part has the same."""

from __future__ import annotations

import base64
import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import BatchError, extra
from noisefilter.batch.fields import to_entry
from noisefilter.batch.files import is_url
from noisefilter.batch.pieces import read_piece
from noisefilter.batch.pulse import NO_ROW, no_beat
from noisefilter.batch.records import OWN
from noisefilter.batch.tables import parquet_types
from noisefilter.batch.tasks import COLUMNS, Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.batch.options import Options
    from noisefilter.batch.plan import Source
    from noisefilter.batch.storage import Storage

    #: Field -> names of the Python types that its values have.
    Kinds = Mapping[str, Sequence[str]]

#: Files that are sampled, and rows of each.
FILES, ROWS = 16, 256
#: Kinds of column (Arrow's names) by the Python type of their values; other values are written as JSON.
PLAIN: dict[str, str] = {"bool": "bool_", "int": "int64", "float": "float64", "str": "string", "bytes": "binary"}


def plan_columns(sources: Sequence[Source], sample: Callable[[Piece, int], Kinds]) -> bytes:
    """The columns as a run stores them: Parquet's with their types, other files' inferred from their first rows.

    Args:
        sources: the inputs.
        sample: gives the kinds of the fields in a file's first rows, from the file and its size.
    """
    types: dict[str, str] = {}
    found: dict[str, set[str]] = {"path": {"str"}} if any(source.format == "pages" for source in sources) else {}
    for file, form, *_ in islice((source for source in sources if source.format != "pages"), FILES):
        if form == "parquet":
            for name, kind in parquet_types(file.path).items():
                types.setdefault(name, _encode(kind))
                found.setdefault(name, set())
        else:
            for name, kinds in sample(Piece(file.path, file.name, form), file.size).items():
                found.setdefault(name, set()).update(kinds)
    columns = {name: types.get(name) or _plain(kinds) for name, kinds in found.items() if name != OWN}
    return json.dumps(columns).encode("ascii")


def read_columns(output: Storage) -> dict[str, str]:
    """The columns of a run, in order, each with its kind: see `arrow_type`.

    Raises:
        BatchError: their file is missing.
    """
    content = output.read(COLUMNS)
    if content is None:
        msg = f"{output.place}/{COLUMNS} is gone"
        raise BatchError(msg)
    return dict(json.loads(content))


def sample_kinds(
    piece: Piece, options: Options, rows: int = ROWS, beat: Callable[[int], None] = no_beat
) -> dict[str, list[str]]:
    """Kinds of the fields of a piece's first rows, as they will be written.

    Args:
        piece: what to read.
        options: of the run.
        rows: how many to read.
        beat: called before each row with the number of rows read so far.
    """
    kinds: dict[str, set[str]] = {}
    count, local = 0, not is_url(piece.path)

    def tick() -> None:
        beat(count if local else NO_ROW)

    tick()
    for row in islice(read_piece(piece, tick), rows):
        entry = to_entry(row, 0, piece.name, options.fields)
        for name, value in row.fields.items() if entry.fault is None else ():
            if options.content or name != entry.content_field:
                kinds.setdefault(name, set()).update(() if value is None else (type(value).__name__,))
        count += 1
        tick()
    return {name: sorted(found) for name, found in kinds.items()}


def _plain(found: set[str]) -> str:
    if found == {"int", "float"}:
        return PLAIN["float"]
    return PLAIN.get(next(iter(found)), "string") if len(found) == 1 else "string"


def _encode(kind: Any) -> str:  # noqa: ANN401 - an Arrow type
    arrow = extra("pyarrow", "Parquet")
    plain = next((name for name in PLAIN.values() if getattr(arrow, name)() == kind), None)
    return plain or base64.b64encode(arrow.schema([("", kind)]).serialize().to_pybytes()).decode("ascii")


def arrow_type(kind: str) -> Any:  # noqa: ANN401 - an Arrow type
    """The Arrow type of a column: Arrow's name for a plain one, or an Arrow schema in base64 that has it alone."""
    arrow = extra("pyarrow", "Parquet")
    if kind in PLAIN.values():
        return getattr(arrow, kind)()
    return extra("pyarrow.ipc", "Parquet").read_schema(arrow.py_buffer(base64.b64decode(kind))).field(0).type
