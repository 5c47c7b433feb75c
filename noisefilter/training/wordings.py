"""`wordings.toml` → the ways in which a farm ties foreign text to an article, split so that tests are unseen."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from zlib import crc32


@dataclass(frozen=True, slots=True)
class Wording:
    """A pattern with `{headline}`, `{anchor}` or `{phrase}`; `place` is end, middle, start or sentence."""

    pattern: str
    place: str
    family: str


@dataclass(frozen=True, slots=True)
class Wordings:
    """The wordings of one split. `anchors` are (text, href)."""

    splices: tuple[Wording, ...]
    paid_links: tuple[Wording, ...]
    decoys: tuple[Wording, ...]
    label_lines: tuple[str, ...]
    block_labels: tuple[str, ...]
    sponsors: tuple[str, ...]
    asides: tuple[str, ...]
    anchors: tuple[tuple[str, str], ...]
    nouns: tuple[str, ...]


def split_of(key: str) -> str:
    """Train, tune or val of a family, a headline or a line: 70, 15 and 15 of 100."""
    place = crc32(key.encode("utf-8", "surrogatepass")) % 100
    return "train" if place < 70 else "tune" if place < 85 else "val"


@cache
def wordings(split: str) -> Wordings:
    """Wordings of "train", "tune" or "val"; whole families of splices and links stay together."""
    rows = tomllib.loads((files("noisefilter.training") / "wordings.toml").read_text(encoding="utf8"))

    def patterns(name: str) -> tuple[Wording, ...]:
        return tuple(
            Wording(row["pattern"], row["place"], row["family"])
            for row in rows[name]
            if split_of(row["family"]) == split
        )

    def lines(name: str, key: str) -> tuple[str, ...]:
        return tuple(row[key] for row in rows[name] if split_of(row[key]) == split)

    return Wordings(
        patterns("splice"), patterns("paid_link"), patterns("decoy"), lines("label_line", "pattern"),
        lines("block_label", "pattern"), lines("sponsor", "text"), lines("aside", "text"),
        tuple((row["text"], row["href"]) for row in rows["anchor"] if split_of(row["text"]) == split),
        tuple(rows["nouns"]),
    )  # fmt: skip
