"""Tree → the same tree with its article in sight, for pages that show none without a script.

Application shells carry their text where only a crawler or a browser without scripts finds it: in `noscript`, or as the
`articleBody` of JSON-LD (schema.org). It counts only where the page has no other text to speak of.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import lxml.html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

#: A shorter text is a notice ("Please turn on JavaScript") or a teaser. Characters without blanks.
MIN_ARTICLE = 400
#: Properties of schema.org that hold a whole text, whatever the type.
BODIES = ("articleBody", "text")
JSON_LD = "application/ld+json"
#: JSON may name them, a tree does not take them.
NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def rescue_article(tree: HtmlElement, shown: int) -> bool:
    """Put a hidden article into the tree's body, if it is longer than all that the page shows; tells whether it did.

    Args:
        tree: the page; it is changed.
        shown: characters that it shows.
    """
    wrapped = list(tree.iter("noscript"))
    unscripted = sum(_length(text) for element in wrapped for text in element.itertext())
    paragraphs = max((_paragraphs(text) for text in _json_texts(tree)), key=_total, default=[])
    if max(unscripted, _total(paragraphs)) < MIN_ARTICLE:
        return False
    if unscripted > max(shown, MIN_ARTICLE):
        for element in wrapped:
            element.tag = "div"
        return True
    if _total(paragraphs) <= shown:
        return False
    article = lxml.html.Element("article")
    for text in paragraphs:
        lxml.html.etree.SubElement(article, "p").text = text
    body = tree.find("body")
    (tree if body is None else body).append(article)
    return True


def _length(text: str) -> int:
    return len("".join(text.split()))


def _total(paragraphs: list[str]) -> int:
    return sum(map(_length, paragraphs))


def _json_texts(tree: HtmlElement) -> Iterator[str]:
    """Bodies that the page's JSON-LD names."""
    for script in tree.iter("script"):
        content = script.text or ""
        if (
            script.get("type") != JSON_LD
            or len(content) < MIN_ARTICLE
            or not any(f'"{name}"' in content for name in BODIES)
        ):
            continue
        try:
            data = json.loads(content, strict=False)  # line breaks inside strings are common
        except (ValueError, RecursionError):
            continue
        yield from _bodies(data)


def _bodies(data: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
            yield from (item[name] for name in BODIES if isinstance(item.get(name), str))


def _paragraphs(text: str) -> list[str]:
    """Lines of a body that may hold HTML."""
    text = NO_TEXT.sub("\ufffd", text)
    if "<" in text:
        try:
            fragment = lxml.html.fragment_fromstring(text, create_parent="div")
        except (
            lxml.etree.ParserError,
            ValueError,
            AssertionError,
        ):  # lxml asserts that a whole page in it has one body
            return []
        for element in fragment.iter("p", "br", "li", "div", "h2", "h3", "h4"):
            element.tail = "\n" + (element.tail or "")
        text = str(fragment.text_content())
    return [line for line in (" ".join(line.split()) for line in text.splitlines()) if line]
