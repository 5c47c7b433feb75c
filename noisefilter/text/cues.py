"""Phrase tables: they give passages their reasons in words, and make features.

Each row of `data/*.toml` lists sentences that it matches and ones that it spares; one test reads both. Of cues only
those of pointers decide (`blocks/pointers.py`); elsewhere the classifiers do.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from noisefilter.arrays import Flags

#: What a pattern begins with that looks for words.
WORD_EDGE = r"\b"
#: A part of a pattern that is read as one: an escape, a class of characters, any other character.
SIGN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A row of a phrase table: `reason` is what a person reads in `Span.reason`.

    Every text that the pattern matches has one of the lower-case `words` (or a sign such as ©): looking for them first,
    in arrays, spares nine texts in ten the regular expression. The parts of the pattern for languages other than
    English have their own `other_words`, so that an English text is not searched for them.

    Of the pattern, `opening` has the alternatives that match at the start of the text only, `inner` the others. Both
    are looked for in the text in lower case, since with `re.IGNORECASE` that takes twice as long; only an opening that
    asks for a capital is `cased` and reads the text as it is. `other` are the openings in other languages, "" for none:
    they are compiled once a text has one of their words, since all of them take a fifth of a second.
    """

    name: str
    words: tuple[str, ...]
    other_words: tuple[str, ...]
    pattern: str
    opening: re.Pattern[str] | None
    cased: bool
    inner: re.Pattern[str] | None
    other: str
    reason: str
    matches: tuple[str, ...]
    spares: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CueTable:
    """The rows of a table in order: of those that match, the one that matches first in the text wins."""

    cues: tuple[Cue, ...]

    def find(self, text: str, candidates: Iterable[int] | None = None) -> int:
        """Index of the cue that the text matches, -1 for none.

        `candidates` are the cues whose words the text has: twice the row for its `words`, one more for `other_words`.
        """
        best, found, small = len(text) + 1, -1, fold_case(text)
        for candidate in range(2 * len(self.cues)) if candidates is None else candidates:
            index = candidate >> 1
            cue = self.cues[index]
            if candidate & 1:
                if cue.other and _compile(cue.other).match(text):
                    return index
                continue
            if cue.opening and cue.opening.match(text if cue.cased else small):
                return index
            match = cue.inner and cue.inner.search(small)
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
    return CueTable(tuple(map(_read_cue, rows)))


def _read_cue(row: Mapping[str, Any]) -> Cue:
    parts, other = split_alternatives(row["pattern"]), row.get("other", "").splitlines()
    opening = "|".join(part for part in parts if part.startswith("^"))
    inner = [part for part in parts if not part.startswith("^")]
    cased = "(?-i:" in opening
    return Cue(
        name=row["name"],
        words=tuple(row["words"].split()),
        other_words=tuple(row.get("other_words", "").lower().split()),
        pattern="|".join((row["pattern"], *other)),
        opening=re.compile(opening, re.IGNORECASE if cased else re.NOFLAG) if opening else None,
        cased=cased,
        inner=re.compile(_at_words(inner)) if inner else None,
        other="|".join(other),
        reason=row["reason"],
        matches=tuple(row["matches"]),
        spares=tuple(row["spares"]),
    )


def _at_words(alternatives: Sequence[str]) -> str:
    """A pattern of some alternatives; if all begin at a word, it looks there only."""
    if all(one.startswith(WORD_EDGE) for one in alternatives):
        return f"{WORD_EDGE}(?:{'|'.join(one.removeprefix(WORD_EDGE) for one in alternatives)})"
    return "|".join(alternatives)


@cache
def cue_flags(table: str, names: frozenset[str]) -> Flags:
    """Whether each cue of a table has one of the names; False at the end, for the index of no cue: -1."""
    return np.array([*(cue.name in names for cue in cue_table(table).cues), False], np.bool_)


def fold_case(text: str) -> str:
    """Text in lower case, as `re.IGNORECASE` compares it; every character keeps its place."""
    if not text.isascii():
        text = text.replace("\u0130", "i").replace("\u0131", "i").replace("\u017f", "s")
    return text.lower()


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


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
