"""Files → pieces, and the columns of a run's output, which are fixed when it is planned, so that every part has the same.

Files are read in a watched process.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from noisefilter.batch.engine import DEATHS_ALONE
from noisefilter.batch.errors import BatchError, RefusedError
from noisefilter.batch.fields import MAX_NAMES, look_up, read_entry
from noisefilter.batch.files import is_packed, is_url
from noisefilter.batch.readers import cut_file, read_piece, watched
from noisefilter.batch.tables import PLAIN, encode_type, parquet_types
from noisefilter.batch.tasks import OWN, Died, Done, Failed
from noisefilter.batch.worker import Worker, finish, read_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.batch.files import Source
    from noisefilter.batch.options import Options
    from noisefilter.batch.tasks import Piece
    from noisefilter.batch.worker import Setting

    #: Field -> names of the Python types that its values have.
    Kinds = Mapping[str, Sequence[str]]
    Look = Callable[[Piece, Options, int], dict[str, list[str]]]

#: Uncompressed files up to this size are read in this process: they hold no more than their size, and another process
#: takes half a second to start.
SMALL = 1 << 24
#: Files that are sampled, and rows of each.
SAMPLED_FILES, SAMPLED_ROWS = 16, 256


class Cutter:
    """Cuts files into pieces, within the run's limits; a context manager, since it keeps a process."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._worker: Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.kill()

    def cut(self, source: Source, size: int, largest: int) -> list[Piece]:
        """Pieces of a file as from `cut_file`; one whose reader keeps dying stays whole: the row is found when it is read."""
        if size == 0 or _is_harmless(source):
            return cut_file(source.piece, size, largest)
        for _ in range(DEATHS_ALONE):
            found = self._call(partial(cut_file, source.piece, size, largest))
            if not isinstance(found, Died):
                return list(found)
        return [source.piece]

    def sample(self, source: Source, look: Look | None = None) -> dict[str, list[str]]:
        """What is seen of a file's first rows (by default the kinds of its fields), up to the first at which its reader dies."""
        look = look or sample_kinds
        if _is_harmless(source):
            return look(source.piece, self._setting.options, SAMPLED_ROWS)
        rows = SAMPLED_ROWS
        for _ in range(DEATHS_ALONE):
            found = self._call(partial(look, source.piece, self._setting.options, rows))
            if not isinstance(found, Died):
                return dict(found)
            rows = found.pages.first if found.pages else rows
        return {}

    def _call(self, call: partial[Any]) -> Any:  # noqa: ANN401 - what it gives, or how the process died
        self._worker = self._worker or Worker(self._setting, read_files)
        match finish(self._worker, call):
            case Done(result):
                return result
            case Failed(text):
                raise BatchError(text)
            case death:
                self._worker = None
                return death


def _is_harmless(source: Source) -> bool:
    """Whether a file is read in this process: it is in its memory, or it is local, uncompressed and small."""
    plain = not is_url(source.path) and source.format != "parquet" and not is_packed(source.path)
    return source.path.startswith("memory:") or (plain and source.size <= SMALL)


def plan_columns(sources: Sequence[Source], sample: Callable[[Source], Kinds]) -> bytes:
    """The columns as a run stores them, in order, each with its kind (`arrow_type`).

    Parquet's have their types, those of other files are inferred from the first rows, whose kinds `sample` gives.
    """
    types: dict[str, str] = {}
    found: dict[str, set[str]] = {"path": {"str"}} if any(source.format == "pages" for source in sources) else {}
    for source in islice((source for source in sources if source.format != "pages"), SAMPLED_FILES):
        if source.format == "parquet":
            for name, kind in parquet_types(source.path).items():
                types.setdefault(name, encode_type(kind))
                found.setdefault(name, set())
        else:
            for name, kinds in sample(source).items():
                found.setdefault(name, set()).update(kinds)
    columns = {name: types.get(name) or _plain(kinds) for name, kinds in found.items() if name != OWN}
    return json.dumps(columns).encode("ascii")


def sample_kinds(piece: Piece, options: Options, rows: int = SAMPLED_ROWS) -> dict[str, list[str]]:
    """Kinds of the fields of a piece's first rows, as they will be written."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for row in islice(watched(read_piece(piece), piece), rows):
        entry = read_entry(row, 0, piece, options.fields)
        for name, value in row.fields.items() if entry.fault is None else ():
            if options.content or name != entry.content_field:
                kinds[name].update(() if value is None else (type(value).__name__,))
    return {name: sorted(found) for name, found in kinds.items()}


def check_fields(sources: Sequence[Source], options: Options, sample: Callable[[Source], Kinds]) -> None:
    """Raise RefusedError for a named field that no row has among the first ones of the first files, whose fields `sample` gives."""
    named = [(option, name) for option, name in asdict(options.fields).items() if name]
    tables = islice(
        (source for source in sources if source.format not in {"pages", "warc"}), SAMPLED_FILES if named else 0
    )
    known = {name for source in tables for name in sample(source)}
    for option, name in named:
        if known and name not in known:
            among = ", ".join(sorted(known))[:MAX_NAMES]
            raise RefusedError(f"no field {name!r} in the inputs' first rows, for --{option}-field: they have {among}")


def sample_fields(piece: Piece, options: Options, rows: int = SAMPLED_ROWS) -> dict[str, list[str]]:
    """Names of the fields of a piece's first rows, and of named fields that reach into one of them."""
    named = [name for name in asdict(options.fields).values() if name]
    found: dict[str, list[str]] = {}
    for row in islice(watched(read_piece(piece), piece), rows):
        inside = (name for name in named if look_up(row.fields, name) is not None)
        found |= {name: [] for name in (*row.fields, *inside)}
    return found


def _plain(found: set[str]) -> str:
    if found == {"int", "float"}:
        return PLAIN["float"]
    return PLAIN.get(next(iter(found)), "string") if len(found) == 1 else "string"
