"""Tree and what is kept of it → HTML that any parser reads alike: no text moves, none is lost."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from lxml.etree import iterwalk

from noisefilter.html.cleaning.allowed import ATTRIBUTES, ELEMENTS
from noisefilter.html.cleaning.pictures import addresses, is_counter, is_out_of_sight
from noisefilter.html.tags import CELLS, SKIPPED, add_with_parents, is_block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from lxml.html import HtmlElement

    from noisefilter.html.walk import Piece

#: Elements without an end tag.
VOID = frozenset("br col hr img source wbr".split())
#: Read by no one; but some parsers put the picture into the `source` before it.
DROPPED = SKIPPED - {"img", "source"}
#: Of these nothing is left to see without a table.
BREAKS = frozenset(("br", "hr", "wbr"))
PICTURES = frozenset(("img", "picture", "source"))
ALLOWED_OF = {name: ATTRIBUTES["*"] | names for name, names in ATTRIBUTES.items()}
#: What a parser accepts a part of a table in; anywhere else it drops the tag.
AROUND_PART = {
    "caption": frozenset(("table",)),
    "col": frozenset(("table",)),
    "thead": frozenset(("table",)),
    "tbody": frozenset(("table",)),
    "tfoot": frozenset(("table",)),
    "tr": frozenset(("table", "thead", "tbody", "tfoot")),
    "td": frozenset(("tr",)),
    "th": frozenset(("tr",)),
}
#: In these a parser moves whatever is no part of a table, text too, in front of the table.
ROWS = frozenset(("table", "thead", "tbody", "tfoot", "tr"))


class Kept(NamedTuple):
    """What stays of a page.

    Attributes:
        texts: what stays of an element's text (False) or tail (True); a text that is not here is blank or not seen.
        holding: elements that some text stays of.
        emptied: elements that lost all their text.
    """

    texts: Mapping[tuple[HtmlElement, bool], str]
    holding: AbstractSet[HtmlElement]
    emptied: AbstractSet[HtmlElement]


def raw_text(piece: Piece) -> str:
    """The text that the page has where a piece of the visible text came from."""
    return (piece.element.tail if piece.is_tail else piece.element.text) or ""


def raw_characters(piece: Piece) -> Iterator[tuple[str, int | None]]:
    """Its characters after the lead with their places in the visible text, None for a blank that is not there."""
    place, blank = piece.start, False
    for character in raw_text(piece)[piece.lead :]:
        repeated = not piece.verbatim and blank and character.isspace()
        blank = character.isspace()
        yield character, None if repeated else place
        place += not repeated


def add_around(piece: Piece, found: set[HtmlElement]) -> None:
    """Add the elements that a piece stands in, up to the first that is there already."""
    add_with_parents(piece.element.getparent() if piece.is_tail else piece.element, found)


class _Open(NamedTuple):
    """An element that is being written: None if it is ours, where its start tag stands, and its name."""

    element: HtmlElement | None
    start: int
    tag: str


def write_kept(tree: HtmlElement, kept: Kept) -> str:
    """HTML of what is kept, each element closed, with allowed elements and attributes only; their values as they are."""
    writer = _Writer(kept)
    walk = iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            writer.end(element)
            if element is not tree:
                writer.text(element, is_tail=True)
        elif writer.start(element):
            writer.text(element, is_tail=False)
        else:
            walk.skip_subtree()
    return "".join(writer.out)


class _Writer:
    def __init__(self, kept: Kept) -> None:
        self.out: list[str] = []
        self._kept = kept
        self._open: list[_Open] = []
        self._written: set[HtmlElement | None] = set()
        self._line_break = False  # due before the next word: a block that is not written ended

    def start(self, element: HtmlElement) -> bool:
        """Open an element; tells whether what it holds is to be written."""
        tag = "img" if element.tag == "image" else element.tag
        if tag in {"html", "body"}:
            return True
        if self._goes(element, tag):
            if tag in CELLS and element.getparent() not in self._kept.emptied:  # the cells beside it stay in place
                self._enter(element, tag)
            return False
        if tag in PICTURES and is_counter(element):
            return element in self._kept.holding  # a parser may have put text into it
        if tag in ELEMENTS:
            self._enter(element, tag)
        elif is_block(tag) and self._inside() not in ROWS:  # a form around rows is none to a parser
            self._enter(element, "div")
        return True

    def end(self, element: HtmlElement) -> None:
        """Close an element, with what we opened in it; one that was not written still ends a line."""
        if element in self._written:
            while self._open[-1].element is not element:
                self._close()
            self._close()
        elif is_block(element.tag):
            self._line_break = True

    def text(self, element: HtmlElement, *, is_tail: bool) -> None:
        """Write what is kept of a text; of blanks only that there were some."""
        raw = element.tail if is_tail else element.text
        if not raw:
            return
        text = self._kept.texts.get((element, is_tail), "\n" if "\n" in raw else " ")
        if text and not text.isspace():
            self._make_cell()
            if self._line_break:
                self.out.append("\n")
                self._line_break = False
        if text:
            self.out.append(escape(text, quote=False))

    def _goes(self, element: HtmlElement, tag: str) -> bool:
        """Whether nothing of an element is written: code and the like, what was cut, what no reader is to see."""
        if tag in DROPPED or element in self._kept.emptied:
            return True
        return element not in self._kept.holding and is_out_of_sight(element)

    def _enter(self, element: HtmlElement, tag: str) -> None:
        if tag in AROUND_PART:
            while self._open and self._open[-1].element is None and self._inside() not in AROUND_PART[tag]:
                self._close()
            if tag in CELLS and self._inside() in ROWS - {"tr"}:
                self._push(None, "tr")
            if self._inside() not in AROUND_PART[tag]:
                tag = "div"
        if tag not in AROUND_PART:
            if tag in BREAKS and self._inside() in ROWS:
                return
            self._make_cell()
        if tag in VOID:
            self.out.append(f"<{tag}{_attributes(element, tag)}>")
        else:
            self._push(element, tag)

    def _make_cell(self) -> None:
        """Open a cell of ours where only parts of a table may stand."""
        inside = self._inside()
        if inside in ROWS:
            if inside != "tr":
                self._push(None, "tr")
            self._push(None, "td")

    def _push(self, element: HtmlElement | None, tag: str) -> None:
        self._open.append(_Open(element, len(self.out), tag))
        self.out.append(f"<{tag}>" if element is None else f"<{tag}{_attributes(element, tag)}>")
        self._written.add(element)
        self._line_break &= not is_block(tag)

    def _close(self) -> None:
        """End the innermost element, or take it back if there is nothing in it."""
        element, start, tag = self._open.pop()
        filled = any(not self.out[index].isspace() for index in range(start + 1, len(self.out)))
        if filled or (tag in CELLS and element is not None):
            self.out.append(f"</{tag}>")
            self._line_break &= not is_block(tag)
            return
        self.out[start:] = [" "] if len(self.out) > start + 1 else []
        self._line_break |= is_block(tag)

    def _inside(self) -> str:
        return self._open[-1].tag if self._open else ""


def _attributes(element: HtmlElement, tag: str) -> str:
    """The allowed attributes of an element, as they are written in its start tag."""
    wanted = ALLOWED_OF.get(tag, ATTRIBUTES["*"])
    values = {name: value for name, value in element.items() if name in wanted}
    if tag in PICTURES:
        values |= {name: value for name, value in addresses(element).items() if name in wanted}
    if "target" in values:
        values["rel"] = " ".join(dict.fromkeys((*values.get("rel", "").split(), "noopener")))
    return "".join([f' {name}="{escape(value)}"' for name, value in values.items()])
