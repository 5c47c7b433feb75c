"""Files → pieces, and the kinds of their fields, in a watched process.

A file that cannot be counted within the limits is cut before the row that breaks them.
"""

from __future__ import annotations

from dataclasses import replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Self

from noisefilter.batch.columns import ROWS, sample_kinds
from noisefilter.batch.errors import BatchError
from noisefilter.batch.files import is_packed, is_url
from noisefilter.batch.journal import DEATHS_ALONE
from noisefilter.batch.pieces import cut_file
from noisefilter.batch.tasks import Piece, Sample
from noisefilter.batch.watch import LOOK_S, Worker
from noisefilter.batch.worker import Failed, Pieces, Sampled, cut_files

if TYPE_CHECKING:
    from noisefilter.batch.files import Found
    from noisefilter.batch.options import Limits, Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.tasks import Cut

#: Uncompressed files up to this size are counted in this process: they hold no more than their size, and another
#: process takes half a second to start.
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
        self._bury()

    def cut(self, task: Cut, file: Found) -> list[Piece]:
        """Pieces of a file; the last one is a fault if its reader repeatedly dies at a row.

        Raises:
            BatchError: the reader keeps dying.
        """
        if task.size == 0 or _is_harmless(task.path, task.format, file.size):
            return cut_file(task.path, task.name, task.format, task.size, task.largest)
        for death in range(1, DEATHS_ALONE + 1):
            pieces = self._try(task)
            if pieces is not None:
                return pieces
            reason, details, row = self._bury()
            if row is None:  # killed before it read anything: no row is to blame
                continue
            if death == DEATHS_ALONE and (pieces := self._try(replace(task, stop=row))) is not None:
                fault = (reason, f"its reader died {death} times over this row")
                start = row if not pieces else pieces[-1].start + pieces[-1].count
                return [*pieces, Piece(task.path, task.name, task.format, start, count=1, fault=fault)]
        msg = f"{task.name} cannot be counted ({reason}, {details}): leave it out, or raise --timeout or --memory-mb"
        raise BatchError(msg)

    def sample(self, piece: Piece, size: int) -> dict[str, list[str]]:
        """Kinds of the fields in a file's first rows, up to the first at which its reader dies.

        Args:
            piece: the file.
            size: its size in bytes.
        """
        if _is_harmless(piece.path, piece.format, size):
            return sample_kinds(piece, self._settings[0])
        rows = ROWS
        for _ in range(DEATHS_ALONE):
            answer = self._ask(Sample(piece, rows))
            if isinstance(answer, Sampled):
                return answer.kinds
            *_, row = self._bury()
            rows = rows if row is None else row
            if rows == 0:
                break
        return {}

    def _try(self, task: Cut) -> list[Piece] | None:
        """Pieces of a file; None if the process died."""
        answer = self._ask(task)
        return list(answer.pieces) if isinstance(answer, Pieces) else None

    def _ask(self, task: Cut | Sample) -> Pieces | Sampled | None:
        """What the process answers; None if it died."""
        if self._worker is None:
            self._worker = Worker(*self._settings, cut_files)
        self._worker.give(task)
        while True:
            wait([self._worker.pipe], LOOK_S)
            while self._worker.pipe.poll():
                match self._worker.receive():
                    case (Pieces() | Sampled()) as answer:
                        return answer
                    case Failed(text):
                        raise BatchError(text)
                    case None:
                        return None
            self._worker.look()

    def _bury(self) -> tuple[str, str, int | None]:
        """End the process; why it died, its exit code, and the row that it was at."""
        worker, self._worker = self._worker, None
        if worker is None:
            return "crash", "", None
        worker.kill()
        row = worker.reading
        return worker.doomed or "crash", f"exit code {worker.exit_code}", row.first if row else None


def _is_harmless(path: str, form: str, size: int) -> bool:
    """Whether a file is read in this process: it is in its memory, or it is local, uncompressed and small."""
    plain = not is_packed(path) and not is_url(path) and form != "parquet"
    return path.startswith("memory:") or (plain and size <= SMALL)
