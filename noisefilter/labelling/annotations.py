"""Annotations as either labelling tool exports them, before anything is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mark:
    """A passage that somebody marked; offsets as the tool counts, `quote` if the tool exports the marked text."""

    start: Any
    end: Any
    label: Any
    quote: Any = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotator's labels for one page.

    `where` names file, line and task; a page has one `task` in a file; `by` is the annotator, if the tool exports it.
    """

    where: str
    task: object
    page: str
    text: str
    by: str | None
    marks: tuple[Mark, ...]
    noise: tuple[Any, ...]
