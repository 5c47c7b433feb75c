"""`Page` → blocks: the visible text, cut into the pieces that are kept or taken out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from lxml.etree import HTMLParser

from noisefilter.html.declared import declared_signs, find_title
from noisefilter.html.lines import find_lines, guess_title
from noisefilter.html.parse import PARSER_DEPTH, parse_html, strip_tags
from noisefilter.html.rescue import rescue_article
from noisefilter.html.tags import (
    BLOCK,
    BOLD,
    BREAK,
    CELLS,
    IN_ROWS,
    INLINE,
    LINK,
    SKIPPED,
    Places,
    attributes_of,
    by_tag,
    is_icon,
    names_of,
    role_of,
)
from noisefilter.html.unseen import Unseen
from noisefilter.threads import cached_property
from noisefilter.types import Block, Link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from noisefilter.types import Page

#: Version of the format that the rules below make: golden files freeze it, and changing it is a breaking change.
TEXT_VERSION = 3

#: Elements that may hold the title, the address, style rules or an article out of sight.
UNREAD = ("meta", "link", "title", "style", "noscript", "script")
#: Fewest characters of a paragraph, and elements whose paragraphs do not count.
MIN_PROSE = 80
BOILERPLATE = frozenset(("nav", "header", "footer"))


@dataclass(frozen=True)
class BlockedPage:
    """The visible text of a page and its blocks, in order; `places` is empty for plain text.

    `shown` counts the characters that the page shows by itself, without a hidden article that `rescue.py` put in;
    `prose` those of them that are in paragraphs outside of menus. `fields` has the places with a field for an e-mail address,
    `pictures` those with a picture, `declared` what the page's head declares it to be.
    """

    text: str
    blocks: tuple[Block, ...]
    places: Places = field(default_factory=Places)
    title: str | None = None
    elements: int = 0
    depth: int = 0
    shown: int = 0
    prose: int = 0
    fields: tuple[int, ...] = ()
    pictures: tuple[int, ...] = ()
    declared: tuple[str, ...] = ()

    @property
    def is_html(self) -> bool:
        """Whether the blocks come from elements rather than lines."""
        return len(self.places) > 0

    @cached_property
    def block_tags(self) -> tuple[str, ...]:
        """Tag of each block."""
        return tuple([block.tag for block in self.blocks])

    def texts(self) -> list[str]:
        """Text of each block."""
        return [self.text[block.start : block.end] for block in self.blocks]


class Piece(NamedTuple):
    """Where a stretch of `visible_text` came from: `element.text`, or `element.tail` if `is_tail`.

    The first `lead` characters of that are left out; of the others blanks count one by one if `verbatim`.
    """

    start: int
    element: HtmlElement
    is_tail: bool
    verbatim: bool
    lead: int


def split_blocks(page: Page) -> BlockedPage:
    """Blocks of a page that `read_page` gave.

    Raises:
        ValueError: HTML in which lxml finds no element.
    """
    if page.format == "text":
        return split_lines(str(page.content), page.title)
    tree = parse_html(str(page.content), HTMLParser)
    blocked = split_tree(tree, page.title)
    if blocked.depth >= PARSER_DEPTH:  # libxml2 drops what is nested deeper: read the words without the nesting
        return split_lines(strip_tags(str(page.content)), page.title)
    return blocked


def split_lines(text: str, title: str | None = None) -> BlockedPage:
    """Blocks of plain text: its lines that are not blank, or its paragraphs if they were wrapped. `text` stays as it is."""
    bounds = find_lines(text)
    blocks = tuple(Block(start, end, "", -1) for start, end in bounds)
    return BlockedPage(text, blocks, title=title or guess_title([text[start:end] for start, end in bounds]))


def split_tree(tree: HtmlElement, title: str | None = None, pieces: list[Piece] | None = None) -> BlockedPage:
    """Blocks of a parsed page; a hidden article is made visible. `pieces`, if given, is filled for `clean_html`."""
    found = by_tag(tree, *UNREAD)
    unseen = Unseen(found["style"], found["script"])
    walker = _Walker(pieces, unseen)
    elements, depth = walker.walk(tree)
    shown = sum(map(len, walker.texts))
    again = not unseen.settle(shown)
    prose = _count_prose(walker)
    if rescue_article(tree, shown, prose, found["noscript"], found["script"]) or again:
        if pieces is not None:
            pieces.clear()
        walker = _Walker(pieces)
        elements, depth = walker.walk(tree)
    return BlockedPage(
        "".join(walker.texts),
        tuple(walker.blocks),
        walker.places,
        title or find_title(found, walker.first_heading),
        elements,
        depth,
        shown,
        prose,
        tuple(walker.fields),
        tuple(walker.pictures),
        declared_signs(tree, found),
    )


def _count_prose(walker: _Walker) -> int:
    """Characters in paragraphs, links left out, outside of menus, page heads and page feet."""
    count, places = 0, walker.places
    for block in walker.blocks:
        if block.end - block.start < MIN_PROSE:
            continue
        length = block.end - block.start - sum(link.end - link.start for link in block.links)
        place = block.place
        while length >= MIN_PROSE and place >= 0:
            if places.tags[place] in BOILERPLATE:
                length = 0
            place = places.parents[place]
        count += length if length >= MIN_PROSE else 0
    return count


class _Walker:
    """One pass over the tree in document order, without recursion, since pages may nest to any depth."""

    def __init__(self, pieces: list[Piece] | None = None, unseen: Unseen | None = None) -> None:
        self.texts: list[str] = []
        self.blocks: list[Block] = []
        self.places = Places()
        self.first_heading: str | None = None
        self.fields: list[int] = []  # places with a field for an e-mail address
        self.pictures: list[int] = []
        self._pieces = pieces
        self._unseen = unseen
        self._length = 0  # of what stands in `texts`
        self._buffer: list[str] = []  # the block that is being read
        self._buffered = 0
        self._space = False  # a blank is due before the next word
        self._line_break = False
        self._href: str | None = None
        self._link_start = 0
        self._links: list[tuple[int, int, str]] = []
        self._bold = 0
        self._bold_depth = 0
        self._verbatim = 0
        self._place = -1
        self._block_start = 0

    def walk(self, tree: HtmlElement) -> tuple[int, int]:
        """Read the tree; returns its number of elements and its depth."""
        elements = depth = 0
        stack: list[tuple[HtmlElement, int, int, Iterator[HtmlElement]]] = []
        role = role_of(tree.tag)
        outer, children = self._enter(tree, tree.tag, role, tree.items()), iter(tree)
        element, unseen = tree, self._unseen
        while True:
            for child in children:
                elements += 1
                tag = child.tag
                if tag.__class__ is str and tag not in SKIPPED:
                    inside = len(child) > 0
                    kind = role_of(tag)
                    if inside or kind is not INLINE or child.text:  # else there is nothing in it
                        attributes = attributes_of(child)
                        if not (attributes and unseen is not None and unseen.takes(child, attributes)):
                            if inside:
                                stack.append((element, role, outer, children))
                                depth = max(depth, len(stack))
                                outer, children = self._enter(child, tag, kind, attributes), iter(child)
                                element, role = child, kind
                                break
                            self._leave(kind, self._enter(child, tag, kind, attributes))
                else:
                    self._pass_over(child)
                if tail := child.tail:  # lxml decodes it anew each time
                    self._read_or_skip(tail, child, is_tail=True)
            else:
                self._leave(role, outer)
                if not stack:
                    break
                left = element
                element, role, outer, children = stack.pop()
                if tail := left.tail:
                    self._read_or_skip(tail, left, is_tail=True)
        self._flush()
        return elements, depth + 2

    def _enter(self, element: HtmlElement, tag: str, role: int, attributes: list[tuple[str, str]]) -> int:
        """Open an element and read its text; returns the place around it."""
        outer = self._place
        if role is BLOCK:
            self._break()
            names, hidden = names_of(attributes) if attributes else ("", False)
            self._place, places = len(self.places), self.places
            places.parents.append(outer)
            places.tags.append(tag)
            places.names.append(names)
            places.hidden.append(hidden)
            places.firsts.append(len(self.blocks))
            places.lasts.append(0)
            if tag == "pre":
                self._verbatim += 1
        elif role is BREAK:
            if not self._verbatim:
                self._flush(line_break=True)
            elif self._buffered:  # breaks before the first word go, as line feeds there do
                self._buffer.append("\n")
                self._buffered += 1
        elif role is LINK:
            self._href = element.get("href") or ""
            self._link_start = self._buffered
        elif role is BOLD:
            self._bold_depth += 1
        if text := element.text:
            self._read_or_skip(text, element, is_tail=False)
        return outer

    def _leave(self, role: int, outer: int) -> None:
        if role is BLOCK:
            self._break()
            place = self._place
            self.places.lasts[place] = len(self.blocks)
            if self.places.tags[place] == "pre":
                self._verbatim -= 1
            self._place = outer
        elif role is LINK:
            self._close_link()
            self._href = None
        elif role is BOLD:
            self._bold_depth -= 1

    def _pass_over(self, element: HtmlElement) -> None:
        """Of what is skipped, only note pictures and fields for an e-mail address."""
        if element.tag == "img" and not is_icon(element):
            self.pictures.append(self._place)
        elif element.tag == "input" and element.get("type", "").lower() == "email":
            self.fields.append(self._place)

    def _break(self) -> None:
        """End the block that was being read, if there is one."""
        if self._buffered:
            self._flush()
        else:
            self._space = self._line_break = False

    def _read_or_skip(self, text: str, element: HtmlElement, *, is_tail: bool) -> None:
        """Read a text; of blanks between elements, only note that there were some."""
        if self._verbatim or not text.isspace():
            self._read(text, element, is_tail=is_tail)
        else:
            self._space = True

    def _read(self, text: str, element: HtmlElement, *, is_tail: bool) -> None:
        if self._verbatim:
            words = text if self._buffered else text.lstrip("\n")
            if not words.strip() and not self._buffered:
                return
        else:
            words = " ".join(text.split())
            if not words:
                self._space = True
                return
            if self._buffered and (self._space or text[0].isspace()):
                if self._link_start == self._buffered:
                    self._link_start += 1
                self._buffer.append(" ")
                self._buffered += 1
            self._space = text[-1].isspace()
        if not self._buffered:
            self._start_block()
        if self._pieces is not None:
            lead = len(text) - len(words if self._verbatim else text.lstrip())
            start = self._block_start + self._buffered
            self._pieces.append(Piece(start, element, is_tail, self._verbatim > 0, lead))
        self._buffer.append(words)
        self._buffered += len(words)
        if self._bold_depth:
            self._bold += len(words)

    def _start_block(self) -> None:
        """Separate the block from the last one as a reader sees it: new cell, new line, new paragraph."""
        if self.blocks:
            place, last = self._place, self.blocks[-1].place
            tags, parents = self.places.tags, self.places.parents
            if tags[place] in CELLS and tags[last] in CELLS and parents[place] == parents[last]:
                gap = "\t"
            elif self._line_break or (tags[place] in IN_ROWS and tags[last] in IN_ROWS):
                gap = "\n"
            else:
                gap = "\n\n"
            self.texts.append(gap)
            self._length += len(gap)
        self._line_break = False
        self._block_start = self._length

    def _close_link(self) -> None:
        if self._href is not None and self._buffered > self._link_start:
            start = self._block_start
            self._links.append((start + self._link_start, start + self._buffered, self._href))
        self._link_start = 0

    def _flush(self, *, line_break: bool = False) -> None:
        """Write the block that was being read.

        Raises:
            RuntimeError: its text would not be where the block says: a bug, which makes all later offsets wrong.
        """
        self._space = False
        if not self._buffered:
            if not line_break:
                self._line_break = False
            return
        if self._href is not None:
            self._close_link()
        text = "".join(self._buffer)
        if self._verbatim:
            text = text.rstrip()
        start, end = self._block_start, self._block_start + len(text)
        tag = self.places.tags[self._place]
        if start != self._length:
            raise RuntimeError(f"a block of <{tag}> would start at {start}, but its text at {self._length}")
        if text:
            links = tuple([Link(a, min(b, end), href) for a, b, href in self._links if a < end]) if self._links else ()
            self.blocks.append(Block(start, end, tag, self._place, links, min(self._bold, len(text))))
            self.texts.append(text)
            self._length = end
        if tag == "h1" and self.first_heading is None:
            self.first_heading = text
        self._buffer, self._buffered, self._links, self._bold = [], 0, [], 0
        self._line_break = line_break
