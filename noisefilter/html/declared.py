"""Head of a page → what the page declares itself to be: its title, metadata, types in schema.org, the path of its address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from noisefilter.html.rescue import JSON_LD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lxml.html import HtmlElement

#: Metadata whose values are few and say what a page is.
TELLING = frozenset(("og:type", "twitter:card"))
#: Characters of one sign, of one value with types, and of one script that are read: longer ones are content.
LONGEST, LONGEST_TYPE, LONGEST_SCRIPT = 40, 200, 200_000
SCHEMA_TYPE = re.compile(r'"@type"\s*:\s*(?:"([^"]{1,60})"|\[([^\]]{1,200})\])')
MICRODATA = "//@itemtype"  # a compiled one has a lock, on which a forked child would hang
WORD = re.compile("[a-z]+")
SITE_SUFFIX = re.compile(r"\s+[|·•»–—-]\s+[^|·•»–—]{2,40}$")
#: Words of a generator's name: what follows is its version.
GENERATOR_WORDS = 2
#: Parts of a path, and words of its last part, are counted up to these numbers.
MOST_PARTS, MOST_WORDS = 5, 8


def declared_signs(tree: HtmlElement, found: Mapping[str, list[HtmlElement]]) -> tuple[str, ...]:
    """Each sign once, in order: "meta og:type", "og:type article", "schema product", "path blog".

    `found` has the tree's `meta`, `link` and `script` elements.
    """
    values = [(_name(meta), (meta.get("content") or "").strip()) for meta in found["meta"]]
    signs = {*_of_metadata(values), *_of_schema(tree, found["script"]), *_of_path(_address(values, found["link"]))}
    return tuple(sorted(sign[:LONGEST] for sign in signs))


def _name(meta: HtmlElement) -> str:
    return (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower()


def _of_metadata(values: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in values:
        if name:
            yield f"meta {name}"
        if name in TELLING:
            yield f"{name} {value.lower()}"
        if name == "generator":
            yield from (f"generator {word}" for word in WORD.findall(value[:LONGEST].lower())[:GENERATOR_WORDS])


def _of_schema(tree: HtmlElement, scripts: Iterable[HtmlElement]) -> Iterator[str]:
    """Types in JSON-LD and in microdata."""
    names = [name for value in cast("list[str]", tree.xpath(MICRODATA)) for name in value[:LONGEST_TYPE].split()]
    for script in scripts:
        if (script.get("type") or "").strip().lower() == JSON_LD:
            for one, several in SCHEMA_TYPE.findall((script.text or "")[:LONGEST_SCRIPT]):
                names += [one] if one else several.replace('"', "").split(",")
    return (f"schema {name.strip().rstrip('/').rsplit('/', 1)[-1].lower()}" for name in names)


def _address(values: Iterable[tuple[str, str]], links: Iterable[HtmlElement]) -> str | None:
    """The page's own address as it gives it, None if it gives none; the caller's is not read: it may be missing."""
    canonical = (link.get("href") for link in links if (link.get("rel") or "").lower() == "canonical")
    return next(filter(None, canonical), None) or next((value for name, value in values if name == "og:url"), None)


def _of_path(address: str | None) -> Iterator[str]:
    """How deep an address is, and the words of its path: those of the last part name the page, the others a section."""
    if address is None:
        return
    try:
        path = urlsplit(address).path.lower()
    except ValueError:
        return
    parts = [WORD.findall(part) for part in path.split("/") if part]
    yield f"parts {min(len(parts), MOST_PARTS)}"
    if parts:
        *sections, page = parts
        yield f"words {min(len(page), MOST_WORDS)}"
        yield from (f"path {word}" for section in sections for word in section)
        yield from (f"page {word}" for word in page)


def find_title(found: Mapping[str, list[HtmlElement]], first_heading: str | None) -> str | None:
    """The article's title: og:title, else the first first-level heading, else the page's title without the site."""
    for meta in found["meta"]:
        if meta.get("property") == "og:title" and (meta.get("content") or "").strip():
            return " ".join(meta.get("content", "").split())
    if first_heading:
        return first_heading
    text = next((title.text for title in found["title"] if title.getparent().tag != "svg"), None)
    return SITE_SUFFIX.sub("", " ".join(text.split())) or None if text else None
