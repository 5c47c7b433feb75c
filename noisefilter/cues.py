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
    """The rows of a table in order, compiled into one pattern: the first row that matches wins."""

    cues: tuple[Cue, ...]
    pattern: re.Pattern[str]
    words: frozenset[str]

    def find(self, text: str) -> int:
        """Index of the cue that the text matches, -1 for none."""
        match = self.pattern.search(text)
        return int(match.lastgroup[1:]) if match and match.lastgroup else -1


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
    joined = "|".join(f"(?P<g{index}>{cue.pattern})" for index, cue in enumerate(cues))
    return CueTable(cues, re.compile(joined, re.IGNORECASE), frozenset(word for cue in cues for word in cue.words))
