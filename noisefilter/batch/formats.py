"""What is written: the record of a score in a row, and the output formats. A new one is a module in `writers/` and an entry here."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from noisefilter.batch.writers import Writer
    from noisefilter.types import Score

#: Fields of the score's record that a row gets, in order, after its id.
FIELDS = tuple(
    "url title language verdict status page_type noise reasons filler off_topic boilerplate text spans model".split()
)
#: Characters of a span that its record quotes.
QUOTED = 500


def describe(name: str, score: Score, *, visible_text: bool = False) -> dict[str, Any]:
    """What noisefilter adds to the row with this id: `added_fields`, but for the reason."""
    record = score.to_dict()
    described = {"id": name, **{field: record[field] for field in FIELDS}}
    for span, kept in zip(score.spans, described["spans"], strict=True):  # to judge a dropped page by its record
        kept["quote"] = score.quote(span)[:QUOTED]
    return described | ({"visible_text": score.visible_text} if visible_text else {})


def added_fields(*, visible_text: bool, dropped: bool) -> list[str]:
    """Names of what noisefilter adds to a row, in order."""
    return ["id", *FIELDS, *(["visible_text"] if visible_text else []), *(["reason"] if dropped else [])]


class OutputFormat(NamedTuple):
    """A format of the output.

    Args:
        suffix: ending of its files.
        writer: `module:callable` in `writers/` that makes a file's writer; loaded when a run writes, not for --help.
        extra: the module that it needs, and what a message says needs it.
        visible_text: whether it needs the text, asked for or not.
        columns: whether it needs the columns.
    """

    suffix: str
    writer: str
    extra: tuple[str, str] | None = None
    visible_text: bool = False
    columns: bool = False

    def open(self, path: Path, columns: Mapping[str, str], added: Sequence[str]) -> Writer:
        """The writer of a new file; the run's columns are given with their kinds (`tables.py`), `added` as in `added_fields`."""
        writer: Writer = resolve_name(f"noisefilter.batch.writers.{self.writer}")(path, columns, added)
        return writer


FORMATS = {
    "jsonl.zst": OutputFormat(
        ".jsonl.zst", "lines:zstd_lines", ("zstandard", "--format jsonl.zst (jsonl.gz does without)")
    ),
    "jsonl.gz": OutputFormat(".jsonl.gz", "lines:gzip_lines"),
    "jsonl": OutputFormat(".jsonl", "lines:LineWriter"),
    "parquet": OutputFormat(".parquet", "parquet:ParquetWriter", ("pyarrow", "--format parquet"), columns=True),
    "csv": OutputFormat(".csv", "cells:CsvWriter", columns=True),
    "dolma": OutputFormat(".jsonl.gz", "lines:DolmaWriter", visible_text=True),
}
