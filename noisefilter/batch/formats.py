"""How a run can be written: a row a format. A new one is a module in `writers/` and a row here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from noisefilter.batch.records import LENGTH
from noisefilter.batch.writers.cells import CsvWriter
from noisefilter.batch.writers.dolma import DolmaWriter
from noisefilter.batch.writers.lines import LineWriter, gzipped, zstandard
from noisefilter.batch.writers.parquet import ParquetWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from noisefilter.batch.writers.base import Columns, Writer


class OutputFormat(NamedTuple):
    """A format of the output.

    Args:
        suffix: how its files end.
        open: the writer of a new file; what it gets besides gives the columns of the run.
        extra: the module that it needs, and what a message says needs it.
        more: fields that its records have besides the usual ones (`records.MORE`).
        columns: whether it asks for the columns.
    """

    suffix: str
    open: Callable[[Path, Columns], Writer]
    extra: tuple[str, str] | None = None
    more: tuple[str, ...] = ()
    columns: bool = False


FORMATS = {
    "jsonl.zst": OutputFormat(
        ".jsonl.zst",
        partial(LineWriter, pack=zstandard),
        ("zstandard", "--format jsonl.zst (jsonl.gz does without)"),
    ),
    "jsonl.gz": OutputFormat(".jsonl.gz", partial(LineWriter, pack=gzipped)),
    "jsonl": OutputFormat(".jsonl", LineWriter),
    "parquet": OutputFormat(".parquet", ParquetWriter, ("pyarrow", "--format parquet"), columns=True),
    "csv": OutputFormat(".csv", CsvWriter, columns=True),
    "dolma": OutputFormat(".jsonl.gz", DolmaWriter, more=(LENGTH,)),
}
