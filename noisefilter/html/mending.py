"""Tree → the tree that a browser builds: shadow roots in their hosts, void elements empty.

And the tree that its author meant: a menu or an aside that was never closed ends before the next paragraph.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml.etree import iterwalk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.html import HtmlElement

#: Void elements that libxml2 puts their followers into; it knows the others.
VOID = ("source", "track", "embed")
#: Attributes that make a template a shadow root of its host; Chrome read the second one at first.
SHADOW_ROOTS = ("shadowrootmode", "shadowroot")
#: Elements that may have a shadow root, besides the page's own (DOM Standard, `attachShadow`).
HOSTS = frozenset("article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span".split())

#: Characters that XML does not allow.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Elements beside the article that authors forget to close, their tags, and the fewest characters of a paragraph that
#: is not part of them.
ASIDES = ("nav", "aside")
ASIDE_TAG = re.compile(r"<(/?)(?:nav|aside)\b", re.IGNORECASE)
#: Four times as fast as counting each in a page's source.
ANY_ASIDE = re.compile("</?(?:nav|aside)")
MIN_PARAGRAPH = 60


def close_asides(text: str, tree: HtmlElement) -> None:
    """End each menu or aside that the source leaves open before the first paragraph inside that is not a link.

    Args:
        text: the page's source. If its tags are not those of the tree, as where a script writes some, nothing is done.
        tree: what the parser made of it.
    """
    tags = ANY_ASIDE.findall(text)
    if all(tags.count(f"<{tag}") == tags.count(f"</{tag}") for tag in ASIDES):
        return
    still_open: list[int] = []
    count = 0
    for tag in ASIDE_TAG.finditer(text):
        if not tag[1]:
            still_open.append(count)
            count += 1
        elif still_open:
            still_open.pop()
    elements = list(tree.iter(*ASIDES))
    for element in (elements[index] for index in still_open if count == len(elements)):
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


def free_followers(voids: Iterable[HtmlElement]) -> None:
    """Move what the parser put into void elements to after them; `voids` are in document order."""
    for element in voids:
        if not len(element) and not element.text:
            continue
        children, tail = list(element), element.tail
        element.tail = None
        for child in reversed(children):
            element.addnext(child)
        element.tail, element.text = writable(element.text) if element.text else None, None
        _add_text(children[-1] if children else element, tail)


def open_shadow_roots(tree: HtmlElement) -> None:
    """Make a `div` of each declarative shadow root, with the children of its host in its slots.

    Children that no slot shows stay behind it, so that no text is lost.
    """
    for root, slots in _shadow_roots(tree):
        host = root.getparent()
        root.tag = "div"
        rest = _Rest(root, slots.get(""))
        texts, children = [host.text, root.tail], [child for child in host if child is not root]
        host.text = root.tail = None
        for text in texts:
            rest.add_text(text)
        for child in children:
            tail, child.tail = child.tail, None
            name = (child.get("slot") or "").strip() if child.tag.__class__ is str else ""
            if name in slots:
                slots[name].add(child)
            else:
                rest.add(child)
            rest.add_text(tail)


class _Slot:
    """A slot of a shadow root: the first thing put into it replaces its own content."""

    def __init__(self, element: HtmlElement) -> None:
        self.element = element
        self._filled = False

    def add(self, child: HtmlElement) -> None:
        self._clear()
        self.element.append(child)

    def add_text(self, text: str) -> None:
        if self._filled or not text.isspace():
            self._clear()
            if len(self.element):
                _add_text(self.element[-1], text)
            else:
                self.element.text = writable((self.element.text or "") + text)

    def _clear(self) -> None:
        if not self._filled:
            del self.element[:]
            self.element.text = None
            self._filled = True


class _Rest:
    """Puts the other content of a host into the slot without a name, or after the shadow root if there is none."""

    def __init__(self, root: HtmlElement, slot: _Slot | None) -> None:
        self._last = root
        self._slot = slot

    def add(self, child: HtmlElement) -> None:
        if self._slot is not None and not child.get("slot"):
            self._slot.add(child)
        else:
            self._last = child

    def add_text(self, text: str | None) -> None:
        if text and self._slot is not None:
            self._slot.add_text(text)
        else:
            _add_text(self._last, text)


def _shadow_roots(tree: HtmlElement) -> list[tuple[HtmlElement, dict[str, _Slot]]]:
    """Templates that are shadow roots, outer ones first, each with its slots by name."""
    found: list[tuple[HtmlElement, dict[str, _Slot]]] = []
    hosts: set[HtmlElement] = set()
    around: list[dict[str, _Slot]] = [{}]
    for event, element in iterwalk(tree, events=("start", "end"), tag=("template", "slot")):
        if element.tag == "slot":
            if event == "start":
                around[-1].setdefault((element.get("name") or "").strip(), _Slot(element))
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
