"""Files → files: a crawl cleaned shard by shard, exactly once."""

from typing import TYPE_CHECKING

from noisefilter.batch.errors import BatchError, RefusedError
from noisefilter.batch.options import Fields, Limits, Options

if TYPE_CHECKING:
    from noisefilter.batch.runner import run

__all__ = ["BatchError", "Fields", "Limits", "Options", "RefusedError", "run"]


def __getattr__(name: str) -> object:
    """Import `run` on first use: the command line's help does not need it."""
    if name != "run":
        raise AttributeError(f"module 'noisefilter.batch' has no attribute {name!r}")
    from noisefilter.batch.runner import run  # noqa: PLC0415 - as above

    return run
