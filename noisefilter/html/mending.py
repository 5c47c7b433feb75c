"""Tree → the tree that a browser builds: shadow roots in their hosts.

And the tree that its author meant: a menu or an aside that was never closed ends before the next paragraph.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml.etree import iterwalk

if TYPE_CHECKING:
    from lxml.html import HtmlElement

#: Attributes that make a template a shadow root of its host; Chrome read the second one at first.
SHADOW_ROOTS = ("shadowrootmode", "shadowroot")
#: Elements that may have a shadow root, besides the page's own (DOM Standard, `attachShadow`).
HOSTS = frozenset("article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span".split())

#: Characters that XML does not allow.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Elements beside the article that authors forget to close, and the fewest characters of a paragraph that is not part of
#: them.
ASIDES = ("nav", "aside")
#: Four times as fast as counting each in a page's source.
ANY_ASIDE = re.compile("</?(?:nav|aside)")
MIN_PARAGRAPH = 60


def close_asides(text: str, tree: HtmlElement) -> None:
    """If a page's source leaves menus or asides open, end each before the first paragraph inside that is not a link."""
    tags = ANY_ASIDE.findall(text)
    left_open = [tag for tag in ASIDES if tags.count(f"<{tag}") > tags.count(f"</{tag}")]
    for element in list(tree.iter(*left_open)) if left_open else ():
        begins = next((index for index, child in enumerate(element) if _is_paragraph(child)), None)
        if begins:
            for child in reversed(element[begins:]):
                tail = element.tail
                element.tail = None
                element.addnext(child)
                _add_text(child, tail)


def _is_paragraph(element: HtmlElement) -> bool:
    if element.tag != "p":
        return False
    linked = sum(len("".join(link.itertext())) for link in element.iter("a"))
    return len("".join(element.itertext())) - linked >= MIN_PARAGRAPH


def open_shadow_roots(tree: HtmlElement) -> None:
    """Make a `div` of each declarative shadow root, with the children of its host in its slots.

    Children that no slot shows stay beside it, so that no text is lost.
    """
    for root, slots in _shadow_roots(tree):
        host = root.getparent()
        root.tag = "div"
        text = (host.text or "") + (root.tail or "")
        host.text = root.tail = None
        filled: dict[str, list[HtmlElement]] = {"": []} if text.strip() else {}
        for child in host:
            if child is not root:
                filled.setdefault((child.get("slot") or "").strip(), []).append(child)
        for name in filled.keys() & slots.keys():
            slots[name].text = None
            slots[name][:] = filled[name]
        if "" in slots and text.strip():
            slots[""].text = writable(text)
        else:
            _add_text(root, text)


def _shadow_roots(tree: HtmlElement) -> list[tuple[HtmlElement, dict[str, HtmlElement]]]:
    """Templates that are shadow roots, outer ones first, each with its slots by name."""
    found: list[tuple[HtmlElement, dict[str, HtmlElement]]] = []
    hosts: set[HtmlElement] = set()
    around: list[dict[str, HtmlElement]] = [{}]
    for event, element in iterwalk(tree, events=("start", "end"), tag=("template", "slot")):
        if element.tag == "slot":
            if event == "start":
                around[-1].setdefault((element.get("name") or "").strip(), element)
        elif event == "end":
            around.pop()
        else:
            around.append({})
            host = element.getparent()
            if host not in hosts and _is_shadow_root(element, host):
                hosts.add(host)
                found.append((element, around[-1]))
    return found


def _is_shadow_root(template: HtmlElement, host: HtmlElement) -> bool:
    modes = {(template.get(name) or "").strip().lower() for name in SHADOW_ROOTS}
    return not modes.isdisjoint(("open", "closed")) and (host.tag in HOSTS or "-" in host.tag)


def _add_text(element: HtmlElement, text: str | None) -> None:
    if text:
        element.tail = writable((element.tail or "") + text)


def writable(text: str) -> str:
    """Text that lxml accepts: it reads characters, as from `&#1;`, that it cannot write; each is replaced by one."""
    return UNWRITABLE.sub("\ufffd", text)
