"""Options of a run: those that decide its output, and those that only decide its speed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from noisefilter.policy import Policy

InputFormat = Literal["auto", "jsonl", "csv", "parquet", "warc", "pages"]
EngineName = Literal["local", "ray"]

#: Scores pages with the model; a worker calls it unless the run names another function.
SCORER = "noisefilter.batch.shard:score_pages"


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of the input's fields; None guesses. A dot reaches into an object: `metadata.url`."""

    text: str | None = None
    html: str | None = None
    id: str | None = None
    url: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What decides the output: a run whose options changed is another run.

    Args:
        format: how the output is written: a name in `batch.formats.FORMATS`.
        fields: which fields hold what.
        input_format: how the inputs are read; by their names if "auto".
        only: verdicts that are kept; all if None.
        policy: what decides the verdict: a name, a `Policy`, or the path of one; "balanced" if None.
        content: keep the field that held the page; without, the output is smaller.
        visible_text: add `visible_text`, whose code points the spans count.
        shard_pages: pages in a shard; 0 makes one shard of each file, without reading it first; None makes shards of
            256 down to 16 pages, smaller towards the end of the run.
        model: "fast", or the folder of a model; the shipped one with the reader if None.
        scorer: import path (`module:function`) of what turns pages, `model` and `policy` into scores.
    """

    format: str = "jsonl.zst"
    fields: Fields = field(default_factory=Fields)
    input_format: InputFormat = "auto"
    only: tuple[str, ...] | None = None
    policy: Policy | str | None = None
    content: bool = True
    visible_text: bool = False
    shard_pages: int | None = None
    model: str | None = None
    scorer: str = SCORER


@dataclass(frozen=True, slots=True)
class Limits:
    """What decides how fast a run is and what a page may cost; may change when a run is resumed.

    Args:
        jobs: worker processes; None for one per core, on a cluster as many as it has room for.
        timeout_s: seconds that a page may take to be read or scored before its worker is killed.
        memory_mb: resident MiB that a worker may hold before it is killed; read from /proc, so on Linux only.
        recycle_pages: pages after which a worker is replaced.
    """

    jobs: int | None = None
    timeout_s: float = 60
    memory_mb: int = 2048
    recycle_pages: int = 20_000
