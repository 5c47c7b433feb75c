"""`wordings.toml` → the ways in which a farm ties foreign text to an article, split so that tests are unseen."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Wording:
    """A pattern with `{headline}`, `{anchor}` or `{phrase}`; `place` is end, middle, start or sentence."""

    pattern: str
    place: str
    family: str


@dataclass(frozen=True, slots=True)
class Wordings:
    """The wordings of one split. `anchors` are (text, href); `composed` ones, put together of parts, are for training only."""

    splices: tuple[Wording, ...]
    paid_links: tuple[Wording, ...]
    composed_splices: tuple[Wording, ...]
    composed_paid_links: tuple[Wording, ...]
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


def part_of(key: str, parts: int) -> int:
    """Which of the parts of a split a family, a headline or a line belongs to."""
    return crc32(key.encode("utf-8", "surrogatepass")) // 100 % parts


@cache
def wordings(split: str, part: int = 0, parts: int = 1) -> Wordings:
    """Wordings of "train", "tune" or "val", or one part of them; whole families of splices and links stay together.

    Parts are for stacking: what a fold's model says of a page is honest only if it has not seen that page's wordings.
    """
    rows = tomllib.loads((files("noisefilter.training") / "wordings.toml").read_text(encoding="utf8"))

    def chosen(key: str) -> bool:
        return split_of(key) == split and part_of(key, parts) == part

    def patterns(name: str) -> tuple[Wording, ...]:
        return tuple(
            Wording(row["pattern"], row["place"], row["family"]) for row in rows[name] if chosen(row["family"])
        )

    def lines(name: str, key: str) -> tuple[str, ...]:
        return tuple(row[key] for row in rows[name] if chosen(row[key]))

    composed = _compose(rows, part, parts) if split == "train" else {}
    anchors = tuple((row["text"], row["href"]) for row in rows["anchor"] if chosen(row["text"]))
    return Wordings(
        patterns("splice"), patterns("paid_link"), tuple(composed.get("{headline}", ())), tuple(composed.get("{anchor}", ())),
        patterns("decoy"), lines("label_line", "pattern"),
        lines("block_label", "pattern"), lines("sponsor", "text"), lines("aside", "text"),
        anchors + (_compose_anchors(rows, part, parts) if split == "train" else ()), tuple(rows["nouns"]),
    )  # fmt: skip


#: How a relation and what it leads to stand in a sentence: the pattern and its place.
FORMS = (
    (", {}", "end"), (" ({})", "end"), (" – {}", "end"),
    (", {},", "middle"), (" ({})", "middle"), (" — {} —", "middle"), ("{},", "start"),
)  # fmt: skip


def _compose(rows: Mapping[str, Any], part: int, parts: int) -> dict[str, list[Wording]]:
    """Wordings of a part by slot: more than anybody would write down, so that none can be learned by heart."""
    found: dict[str, list[Wording]] = {"{headline}": [], "{anchor}": []}

    def own(name: str) -> list[str]:
        return [text for text in rows[name] if part_of(text, parts) == part]

    for relation in own("relations"):
        for number, frame in enumerate(rows["frames"]):
            pattern, place = FORMS[(number + len(relation)) % len(FORMS)]
            said = " ".join(f"{relation} {frame} {{headline}}".split())
            found["{headline}"].append(_wording(pattern, said, place, relation))
    for opening in own("openings"):
        for tail in rows["tails"]:
            space = " " if tail[:1].isalpha() else ""
            found["{headline}"].append(Wording(f"{opening} {{headline}}{space}{tail}.", "sentence", opening))
    for relation in own("paid_relations"):
        for pattern, place in FORMS:
            found["{anchor}"].append(_wording(pattern, f"{relation} {{anchor}}", place, relation))
    return found


def _wording(pattern: str, said: str, place: str, family: str) -> Wording:
    said = said[:1].upper() + said[1:] if place == "start" else said
    return Wording(pattern.replace("{}", said), place, family)


def _compose_anchors(rows: Mapping[str, Any], part: int, parts: int) -> tuple[tuple[str, str], ...]:
    """Offers of the products and brands of a part, as anchors with their targets."""
    brands = [
        (head + tail, tail)
        for head in rows["brand_heads"]
        for tail in rows["brand_tails"]
        if part_of(tail, parts) == part
    ]
    products = [product for product in rows["products"] if part_of(product, parts) == part]
    listed = {row["text"].lower() for row in rows["anchor"]}
    composed = []
    for number, (product, offer) in enumerate((product, offer) for product in products for offer in rows["offers"]):
        brand, slug = brands[number * 7 % len(brands)][0], product.lower().replace(" ", "-").replace("'", "")
        written = BRAND_FORMS[number % len(BRAND_FORMS)](brand)
        text = offer.replace("{product}", product).replace("{brand}", written)
        composed.append((text, TARGETS[number % len(TARGETS)].format(brand=brand.lower(), slug=slug)))
    composed = [(text, href) for text, href in composed if text.lower() not in listed]
    named = [(brand, f"https://www.{brand.lower()}.example/") for brand, _ in brands]
    return (*composed, *named)


#: How a shop writes its name: in one word, in two, as its domain.
BRAND_FORMS: tuple[Callable[[str], str], ...] = (
    str, lambda brand: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", brand), str, lambda brand: f"{brand}.com",
)  # fmt: skip
#: Where a paid link leads: the shop's front page, a page of the offer, a tracked one.
TARGETS = (
    "https://{brand}.example/", "https://www.{brand}.example/{slug}", "https://{brand}.example/shop/{slug}?ref=blog",
    "https://{slug}.example", "http://www.{brand}{slug}.example/best-{slug}", "https://go.{brand}.example/?id=4471",
)  # fmt: skip
