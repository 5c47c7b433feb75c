"""Tree → the same tree with its article in sight, for pages that show none without a script.

Application shells carry their text where only a crawler or a browser without scripts finds it: in `noscript`, as the
`articleBody` of JSON-LD (schema.org), or in the data that a framework hands to its scripts. It counts only where the
page shows little else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lxml.html

from noisefilter.html.scriptdata import MIN_ARTICLE, framework_bodies, length, schema_bodies, size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.html import HtmlElement

#: A body must be longer than this many times the page's prose, unless it is longer than all that the page shows.
TIMES_PROSE = 2
#: Longest paragraphs of a body that are looked for on the page, and the letters compared of each.
PROBES, PROBE = 8, 40
UNSEEN = frozenset(("script", "style", "noscript", "template", "head", "svg"))


def rescue_article(
    tree: HtmlElement,
    shown: int,
    prose: int,
    wrapped: Iterable[HtmlElement] | None = None,
    scripts: Iterable[HtmlElement] | None = None,
) -> bool:
    """Put a hidden article into the tree's body if the page shows little else; returns whether it did.

    Args:
        tree: the page; it is changed.
        shown: characters that it shows.
        prose: those of them that stand in paragraphs outside of menus.
        wrapped: its `noscript` elements, if they are known.
        scripts: its scripts, if they are known.
    """
    wrapped = list(tree.iter("noscript")) if wrapped is None else wrapped
    scripts = list(tree.iter("script")) if scripts is None else scripts
    unscripted = sum(length(text) for element in wrapped for text in element.itertext())
    if unscripted > max(shown, MIN_ARTICLE):
        for element in wrapped:
            element.tag = "div"
        return True
    body = max(schema_bodies(scripts), key=_total, default=[])
    if prose < MIN_ARTICLE and _is_short(body):
        title = " ".join((tree.findtext(".//title") or "").split())
        body = max(framework_bodies(scripts, title), key=_total, default=[])
    total = _total(body)
    if _is_short(body) or (total <= shown and (total <= TIMES_PROSE * prose or _is_shown(body, tree))):
        return False
    article = lxml.html.Element("article")
    for text in body:
        lxml.html.etree.SubElement(article, "p").text = text
    target = tree.find("body")
    (tree if target is None else target).append(article)
    return True


def _total(paragraphs: list[str]) -> int:
    return sum(map(length, paragraphs))


def _is_short(paragraphs: list[str]) -> bool:
    return sum(map(size, paragraphs)) < MIN_ARTICLE


def _is_shown(body: list[str], tree: HtmlElement) -> bool:
    """Whether the page shows a paragraph of a body already."""
    words: list[str] = []
    for element in tree.iter():
        if element.text and element.tag not in UNSEEN:
            words.extend(element.text.split())
        if element.tail:
            words.extend(element.tail.split())
    page = "".join(words)
    longest = sorted(body, key=len, reverse=True)[:PROBES]
    return any("".join(text.split())[:PROBE] in page for text in longest)
