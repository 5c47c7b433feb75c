"""The output formats, one entry each. A new one is a module in `writers/` and an entry here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from noisefilter.batch.records import LENGTH

if TYPE_CHECKING:
    from pathlib import Path

    from noisefilter.batch.writers.base import Columns, Writer


class OutputFormat(NamedTuple):
    """A format of the output.

    Args:
        suffix: ending of its files.
        writer: `module:callable` in `writers/` that makes a file's writer; loaded when a run writes, not for --help.
        extra: the module that it needs, and what a message says needs it.
        more: fields that its records have besides the usual ones (`records.MORE`).
        columns: whether it needs the columns.
    """

    suffix: str
    writer: str
    extra: tuple[str, str] | None = None
    more: tuple[str, ...] = ()
    columns: bool = False

    def open(self, path: Path, columns: Columns) -> Writer:
        """The writer of a new file; `columns` gives those of the run."""
        module, _, name = self.writer.partition(":")
        writer: Writer = getattr(import_module(f"noisefilter.batch.writers.{module}"), name)(path, columns)
        return writer


FORMATS = {
    "jsonl.zst": OutputFormat(
        ".jsonl.zst",
        "lines:zstd_lines",
        ("zstandard", "--format jsonl.zst (jsonl.gz does without)"),
    ),
    "jsonl.gz": OutputFormat(".jsonl.gz", "lines:gzip_lines"),
    "jsonl": OutputFormat(".jsonl", "lines:LineWriter"),
    "parquet": OutputFormat(".parquet", "parquet:ParquetWriter", ("pyarrow", "--format parquet"), columns=True),
    "csv": OutputFormat(".csv", "cells:CsvWriter", columns=True),
    "dolma": OutputFormat(".jsonl.gz", "dolma:DolmaWriter", more=(LENGTH,)),
}
