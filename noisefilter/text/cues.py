"""Phrase tables: they give passages their reasons in words, and make features.

Each row of `data/*.toml` lists sentences that it matches and ones that it spares; one test reads both. A cue never
decides: the classifiers do.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cue:
    """A row of a phrase table: `reason` is what a person reads in `Span.reason`.

    Every text that the pattern matches has one of the lower-case `words` (or a sign such as ©): looking for them first,
    in arrays, spares nine texts in ten the regular expression. The parts of the pattern for languages other than
    English have their own `other_words`, so that an English text is not searched for them.
    """

    name: str
    words: tuple[str, ...]
    pattern: str
    reason: str
    matches: tuple[str, ...]
    spares: tuple[str, ...]
    other_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CueTable:
    """The rows of a table in order: of those that match, the one that matches first in the text wins.

    Of each pattern, `openings` has the alternatives that match at the start of the text only, `inner` the others. Both
    are looked for in the text in lower case, since with `re.IGNORECASE` that takes twice as long; only openings that ask
    for a capital, which `cased` marks, read the text as it is. `others` are the openings in other languages, "" for none:
    they are compiled once a text has one of their words, since all of them take a fifth of a second.
    """

    cues: tuple[Cue, ...]
    openings: tuple[re.Pattern[str] | None, ...]
    cased: tuple[bool, ...]
    inner: tuple[re.Pattern[str] | None, ...]
    others: tuple[str, ...]

    def find(self, text: str, candidates: Iterable[int] | None = None) -> int:
        """Index of the cue that the text matches, -1 for none.

        `candidates` are the cues whose words the text has: twice the row for its `words`, one more for `other_words`.
        """
        best, found, small = len(text) + 1, -1, fold_case(text)
        for candidate in range(2 * len(self.cues)) if candidates is None else candidates:
            index = candidate >> 1
            if candidate & 1:
                other = _compile(self.others[index])
                if other and other.match(text):
                    return index
                continue
            opening, inner = self.openings[index], self.inner[index]
            if opening and opening.match(text if self.cased[index] else small):
                return index
            if inner:
                match = inner.search(small)
                if match and match.start() < best:
                    best, found = match.start(), index
                    if not best:
                        break
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
            "|".join((row["pattern"], *row.get("other", "").splitlines())),
            row["reason"],
            tuple(row["matches"]),
            tuple(row["spares"]),
            tuple(row.get("other_words", "").lower().split()),
        )
        for row in rows
    )
    parts = [split_alternatives(row["pattern"]) for row in rows]
    openings = ["|".join(part for part in group if part.startswith("^")) for group in parts]
    cased = tuple("(?-i:" in opening for opening in openings)
    inner = ([part for part in group if not part.startswith("^")] for group in parts)
    return CueTable(
        cues,
        tuple(
            re.compile(opening, re.IGNORECASE if capital else re.NOFLAG) if opening else None
            for opening, capital in zip(openings, cased, strict=True)
        ),
        cased,
        tuple(re.compile(_at_words(group)) if group else None for group in inner),
        tuple("|".join(row.get("other", "").splitlines()) for row in rows),
    )


def _at_words(alternatives: Sequence[str]) -> str:
    """A pattern of some alternatives; if all begin at a word, it looks there only."""
    if all(one.startswith(WORD_EDGE) for one in alternatives):
        return f"{WORD_EDGE}(?:{'|'.join(one.removeprefix(WORD_EDGE) for one in alternatives)})"
    return "|".join(alternatives)


@cache
def cue_flags(table: str, names: frozenset[str]) -> NDArray[np.bool_]:
    """Whether each cue of a table has one of the names; False at the end, for the index of no cue: -1."""
    return np.array([*(cue.name in names for cue in cue_table(table).cues), False], np.bool_)


def fold_case(text: str) -> str:
    """Text in lower case, as `re.IGNORECASE` compares it; every character keeps its place."""
    if not text.isascii():
        text = text.replace("\u0130", "i").replace("\u0131", "i").replace("\u017f", "s")
    return text.lower()


@cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    """A case-insensitive pattern, None for an empty one."""
    return re.compile(pattern, re.IGNORECASE) if pattern else None


def split_alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern, split at the bars outside of groups."""
    parts, depth = [""], 0
    for sign in SIGN.findall(pattern):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


#: What a pattern begins with that looks for words.
WORD_EDGE = r"\b"
#: A part of a pattern that is read as one: an escape, a class of characters, any other character.
SIGN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
