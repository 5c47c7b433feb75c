"""Files → pieces, and the kinds of their fields, in a watched process.

A file that cannot be counted within the limits is cut before the row that breaks them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from noisefilter.batch.columns import ROWS, sample_kinds
from noisefilter.batch.errors import BatchError
from noisefilter.batch.files import is_packed, is_url
from noisefilter.batch.pieces import cut_file
from noisefilter.batch.tasks import Died, Done, Failed
from noisefilter.batch.waiting import DEATHS_ALONE
from noisefilter.batch.watch import Worker, listen
from noisefilter.batch.worker import read_files

if TYPE_CHECKING:
    from noisefilter.batch.options import Limits, Options
    from noisefilter.batch.plan import Source
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Piece

#: Uncompressed files up to this size are read in this process: they hold no more than their size, and another process
#: takes half a second to start.
SMALL = 1 << 24


class Cutter:
    """Cuts files into pieces; a context manager, since it keeps a process.

    Args:
        options: of the run.
        limits: what a row may cost while it is counted.
        output: the run's folder.
    """

    def __init__(self, options: Options, limits: Limits, output: Storage) -> None:
        self._settings = options, limits, output
        self._worker: Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.kill()

    def cut(self, source: Source, size: int, largest: int) -> list[Piece]:
        """Pieces of a file as from `cut_file`; the last one is a fault if its reader dies at a row.

        Raises:
            BatchError: the reader keeps dying.
        """
        whole = source.piece
        if size == 0 or _is_harmless(source):
            return cut_file(whole, size, largest)
        for _ in range(DEATHS_ALONE):
            found = self._call(partial(cut_file, whole, size, largest))
            if not isinstance(found, Died):
                return list(found)
        if found.pages:  # else it was killed before it read anything: no row is to blame
            row = found.pages.first
            pieces = self._call(partial(cut_file, whole, size, largest, stop=row))
            if not isinstance(pieces, Died):
                fault = found.reason, f"its reader died {DEATHS_ALONE} times over this row"
                start = pieces[-1].start + pieces[-1].count if pieces else row
                return [*pieces, replace(whole, start=start, count=1, fault=fault)]
        msg = f"{whole.name} cannot be counted ({found.reason}, {found.details}): leave it out, or raise --timeout or --memory-mb"
        raise BatchError(msg)

    def sample(self, source: Source) -> dict[str, list[str]]:
        """Kinds of the fields in a file's first rows, up to the first at which its reader dies."""
        options, *_ = self._settings
        if _is_harmless(source):
            return sample_kinds(source.piece, options)
        rows = ROWS
        for _ in range(DEATHS_ALONE):
            found = self._call(partial(sample_kinds, source.piece, options, rows))
            if not isinstance(found, Died):
                return dict(found)
            rows = found.pages.first if found.pages else rows
        return {}

    def _call(self, call: partial[Any]) -> Any:  # noqa: ANN401 - what it gives, or how the process died
        self._worker = self._worker or Worker(*self._settings, read_files)
        self._worker.give(call)
        while True:
            for _, _, end in listen([self._worker]):
                match end:
                    case Done(result):
                        return result
                    case Failed(text):
                        raise BatchError(text)
                    case Died():
                        self._worker = None
                        return end


def _is_harmless(source: Source) -> bool:
    """Whether a file is read in this process: it is in its memory, or it is local, uncompressed and small."""
    path = source.file.path
    plain = not is_packed(path) and not is_url(path) and source.format != "parquet"
    return path.startswith("memory:") or (plain and source.file.size <= SMALL)
