"""Pages → batches: as many as the classifiers see at once in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")

#: Pages of a batch, and the characters or bytes of content from which one is full: short texts gain from larger batches,
#: pages of HTML only take memory.
BATCH, BATCH_CONTENT = 64, 2_000_000


def cut_batches(items: Iterable[Item], content: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Batches in order, each as soon as it is full.

    Args:
        items: pages, or what holds one.
        content: size of an item's content.

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
