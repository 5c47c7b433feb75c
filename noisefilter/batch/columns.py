"""Inputs → the columns of a run's output, fixed when the run is planned, so that every part has the same."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from noisefilter.batch.errors import extra
from noisefilter.batch.fields import to_entry
from noisefilter.batch.formats import OWN
from noisefilter.batch.pieces import read_piece, watched
from noisefilter.batch.tables import parquet_types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.batch.options import Options
    from noisefilter.batch.plan import Source
    from noisefilter.batch.tasks import Piece

    #: Field -> names of the Python types that its values have.
    Kinds = Mapping[str, Sequence[str]]

#: Files that are sampled, and rows of each.
FILES, ROWS = 16, 256
#: Kinds of column (Arrow's names) by the Python type of their values; other values are written as JSON.
PLAIN: dict[str, str] = {"bool": "bool_", "int": "int64", "float": "float64", "str": "string", "bytes": "binary"}


def plan_columns(sources: Sequence[Source], sample: Callable[[Source], Kinds]) -> bytes:
    """The columns as a run stores them, in order, each with its kind (`arrow_type`).

    Parquet's have their types, those of other files are inferred from the first rows, whose kinds `sample` gives.
    """
    types: dict[str, str] = {}
    found: dict[str, set[str]] = {"path": {"str"}} if any(source.format == "pages" for source in sources) else {}
    for source in islice((source for source in sources if source.format != "pages"), FILES):
        if source.format == "parquet":
            for name, kind in parquet_types(source.file.path).items():
                types.setdefault(name, _encode(kind))
                found.setdefault(name, set())
        else:
            for name, kinds in sample(source).items():
                found.setdefault(name, set()).update(kinds)
    columns = {name: types.get(name) or _plain(kinds) for name, kinds in found.items() if name != OWN}
    return json.dumps(columns).encode("ascii")


def sample_kinds(piece: Piece, options: Options, rows: int = ROWS) -> dict[str, list[str]]:
    """Kinds of the fields of a piece's first rows, as they will be written."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for row in islice(watched(read_piece(piece), piece), rows):
        entry = to_entry(row, 0, piece.name, options.fields)
        for name, value in row.fields.items() if entry.fault is None else ():
            if options.content or name != entry.content_field:
                kinds[name].update(() if value is None else (type(value).__name__,))
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
