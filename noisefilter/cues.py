"""Phrase tables: what a passage is called in words, and which passages are worth a feature.

Each row of `data/*.toml` lists sentences that it matches and spares; one test reads both. A cue names and hints:
it never decides, the classifiers do.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Cue:
    """A row of a phrase table: `reason` is what a person reads in `Span.reason`.

    One of the lower-case `words` (or a sign such as ©) stands in every text that the pattern matches: looking for
    them first, in arrays, spares nine texts in ten the regular expression.
    """

    name: str
    words: tuple[str, ...]
    pattern: str
    reason: str
    matches: tuple[str, ...]
    spares: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CueTable:
    """The rows of a table in order: of those that match, the one that matches first in the text wins."""

    cues: tuple[Cue, ...]
    patterns: tuple[re.Pattern[str], ...]

    def find(self, text: str, candidates: Iterable[int] | None = None) -> int:
        """Index of the cue that the text matches, -1 for none; `candidates` are the rows whose words it holds."""
        best, found = len(text) + 1, -1
        for index in range(len(self.cues)) if candidates is None else candidates:
            match = self.patterns[index].search(text)
            if match and match.start() < best:
                best, found = match.start(), index
        return found


@cache
def cue_table(name: str) -> CueTable:
    """The table `data/<name>.toml`.

    Raises:
        FileNotFoundError: there is no such table.
    """
    rows = tomllib.loads((files("noisefilter") / "data" / f"{name}.toml").read_text(encoding="utf8"))["cue"]
    cues = tuple(
        Cue(
            row["name"],
            tuple(row["words"].split()),
            row["pattern"],
            row["reason"],
            tuple(row["matches"]),
            tuple(row["spares"]),
        )
        for row in rows
    )
    return CueTable(cues, tuple(re.compile(cue.pattern, re.IGNORECASE) for cue in cues))
