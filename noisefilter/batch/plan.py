"""Files → shards, and how a run stores them."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import groupby
from typing import TYPE_CHECKING

from noisefilter.batch.readers import cut_file
from noisefilter.batch.tasks import Piece, Shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from noisefilter.batch.files import Source

    CutFile = Callable[[Source, int, int], list[Piece]]

#: Default pages of a shard: a sixteenth of what is left (the most that 16 workers can take without one of them waiting
#: for the others), but no more than should be redone after a kill, and no fewer than are worth writing a folder for.
SHARE, SMALLEST, LARGEST = 16, 16, 256


def make_shards(
    sources: Sequence[Source], size: int | None, cut: CutFile = lambda source, *sizes: cut_file(source.piece, *sizes)
) -> list[Shard]:
    """Shards of at most `size` rows, small files together; one per file if `size` is 0.

    If it is None, each shard is a share of what is left. So there are few, yet they get smaller towards the end of the
    run, and no worker waits long for another's last one. `cut` gives the pieces of a file.
    """
    pieces = list(_all_pieces(sources, SMALLEST if size is None else size, LARGEST if size is None else 0, cut))
    left = sum(piece.count for piece in pieces)
    gathered: list[list[Piece]] = []
    rows = 0
    for piece in pieces:
        room = min(LARGEST, max(SMALLEST, left // SHARE)) if size is None else size
        alone = piece.count < 0 or (gathered and gathered[-1][-1].count < 0)  # it was not counted
        if not gathered or alone or rows + piece.count > room:
            gathered.append([])
            left -= rows
            rows = 0
        gathered[-1].append(piece)
        rows += piece.count
    return [Shard(number, _joined(pieces)) for number, pieces in enumerate(gathered)]


def _all_pieces(sources: Sequence[Source], size: int, largest: int, cut: CutFile) -> Iterator[Piece]:
    for (form, name), group in groupby(sources, key=lambda source: (source.format, source.input)):
        if form != "pages":
            for source in group:
                yield from cut(source, size, largest)
            continue
        files = [(source.path, source.name) for source in group]
        step = size or 1000  # with one page per shard, a run would mostly wait for the disk
        for start in range(0, len(files), step):
            part = tuple(files[start : start + step])
            yield Piece(name, name, form, count=len(part), files=part)


def _joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The pieces; those that follow each other in a file are one, so that it is opened once."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and (joined[-1].path, joined[-1].format) == (piece.path, piece.format):
            last = joined.pop()
            piece = replace(last, count=last.count + piece.count, files=last.files + piece.files)
        joined.append(piece)
    return tuple(joined)


def shards_to_json(shards: Sequence[Shard]) -> bytes:
    """The plan as a run stores it."""
    return json.dumps([[asdict(piece) for piece in shard.pieces] for shard in shards]).encode("utf-8", "surrogatepass")


def shards_from_json(content: bytes) -> list[Shard]:
    """The plan as a run stored it."""
    return [
        Shard(number, tuple(Piece(**{**piece, "files": tuple(map(tuple, piece["files"]))}) for piece in pieces))
        for number, pieces in enumerate(json.loads(content))
    ]
