"""Pages → batches, which the classifiers process at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")

#: A batch is full at so many pages, or so many characters or bytes of content. Short texts gain from larger batches;
#: HTML pages only take memory.
BATCH, BATCH_CONTENT = 64, 2_000_000


def cut_batches(items: Iterable[Item], content: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Batches in order, each as soon as it is full; `content` is the size of an item's content.

    >>> list(cut_batches(["a", "b"], len))
    [['a', 'b']]
    """
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += content(item)
        if len(batch) == BATCH or size >= BATCH_CONTENT:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
