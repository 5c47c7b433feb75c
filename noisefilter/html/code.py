"""Tree → the same tree with each block of code in one `pre` and a line feed after each line, whatever the highlighter.

A highlighter may make a box of each line, or an inline element that a style sheet turns into one, without line feeds in
between. Or it makes rows of a table, beside line numbers that are not part of the code.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from lxml.etree import iterwalk

from noisefilter.html.mending import writable
from noisefilter.html.tags import add_with_parents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

#: Names of line numbers: Pygments, Rouge, Chroma, Hexo, Prism, highlight.js, GitHub. Other elements with these names
#: hold more than digits.
GUTTER = frozenset(
    "gutter lineno linenos linenodiv line-number line-numbers line-numbers-rows lnt ln blob-num rouge-gutter hljs-ln-numbers "
    "hljs-ln-n crayon-num linenumber react-syntax-highlighter-line-number code-line-number".split()
)
GUTTER_TAGS = ("td", "th", "span", "div", "a", "ol")
NUMBERS = re.compile(r"[\d\s.:|]*")
#: Boxes that are a line each, and those that hold lines.
LINES = frozenset("div li tr".split())
HOLDERS = frozenset("ol ul table tbody thead tfoot td th".split())
#: Names and styles of inline elements that are a line each, and the style of an element whose children are.
LINE_NAMES = frozenset(
    "line code-line crayon-line token-line view-line ec-line cm-line code__line code_line hljs-ln-line codeline code-block-line".split()
)
GRID_STYLE = re.compile(r"display\s*:\s*(?:inline-)?grid", re.IGNORECASE)
LINE_STYLE = re.compile(r"display\s*:\s*(?:block|flex|grid|table-row|list-item)", re.IGNORECASE)
#: A `pre` with one of these, or with a line longer than `LONGEST_LINE`, was left open or holds no code.
FOREIGN = frozenset(
    "address article aside blockquote dd dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header main nav p pre section".split()
)
LONGEST_LINE = 500
UNREAD = frozenset(("script", "style", "template", "svg", "textarea"))
#: Names and styles of code lines outside of `pre` and `code`. A source without any of the signs has none of them. Those
#: that begin alike are found faster by one pattern, those that end alike by themselves.
PLAIN_CODE_SIGN, PLAIN_LINE_SIGNS = (
    re.compile("space(?:-|: ?)pre"),
    ("code-line", "crayon-line", "view-line", "cm-line"),
)
PLAIN_CODE = re.compile(
    r"(?<![\w-])(?:whitespace-pre|white-space:\s?pre|code-line|crayon-line|cm-line|view-line)(?![\w-])"
)
PLAIN_LINES = ("div", "li", "span", "code")
MIN_LINES = 3
#: Names of a table of code, of its first line, or of one of the two elements around it; digits of a line number.
CODE_NAMES = re.compile(r"(?<![a-z])(?:code|source|src|listing|snippet|syntax|highlight|blob)", re.IGNORECASE)
MAX_DIGITS = 9
#: Attribute of a number that a style sheet shows.
COUNTED = "data-line-number"


def join_code_lines(pres: list[HtmlElement], codes: list[HtmlElement], tables: list[HtmlElement]) -> None:
    """Take the line numbers out of a page's code, and end each of its lines with a line feed."""
    pres = pres + [table for table in tables if _is_numbered_code(table)]
    boxes = [
        box for box in pres if len(box) and next(box.iterdescendants("pre"), None) is None
    ]  # else one was left open
    rows = {row for box in pres for row in itertools.islice(box.iterancestors("tr"), 1)}
    for holder in (*boxes, *rows):
        _drop_gutters(holder)
    for code in codes:
        if len(code) and next(code.iterancestors("pre", "code"), None) is None and len(list(_lines(code))) > 1:
            _drop_gutters(code)
            code.tag = "pre"
            boxes.append(code)
    for holder in filter(_holds_lines, {_holder_of(code): None for code in codes}):
        _drop_gutters(next(holder.iterancestors("tr"), holder))
        holder.tag = "pre"
        boxes.append(holder)
    for box in boxes:
        _join_lines(box)


def _is_numbered_code(table: HtmlElement) -> bool:
    """Whether a table's rows are a number and a line of code each; then its numbers go, and it becomes a `pre`."""
    rows = [list(row) for row in _rows(table)]
    if len(rows) < 2 or any([cell.tag for cell in row] != ["td", "td"] for row in rows):
        return False
    around = itertools.chain([rows[0][1], table], itertools.islice(table.iterancestors(), 2))
    named = any(CODE_NAMES.search(element.get("class") or "") for element in around)
    if not (named or _is_set_as_code(rows[0][1])) or not _count([row[0] for row in rows]):
        return False
    for number, _ in rows:
        number.tag = "template"
    table.tag = "pre"
    return True


def _rows(table: HtmlElement) -> Iterator[HtmlElement]:
    """Rows of a table, without those of tables in it."""
    for element in table:
        if element.tag == "tr":
            yield element
        elif element.tag in HOLDERS:
            yield from element.iterchildren("tr")


def _count(elements: list[HtmlElement]) -> bool:
    """Whether some elements hold one number after the other and nothing else, or name it for a style sheet to show."""
    numbers = ["" if len(element) else (element.text or element.get(COUNTED) or "").strip() for element in elements]
    if not all(number.isdecimal() and len(number) < MAX_DIGITS for number in numbers):
        return False
    first = int(numbers[0])
    return [int(number) for number in numbers] == list(range(first, first + len(numbers)))


def _holder_of(code: HtmlElement) -> HtmlElement:
    """The element that holds the lines, if `code` is part of one."""
    line = code.getparent()
    return code if line is None or line.getparent() is None else line.getparent()


def _holds_lines(holder: HtmlElement) -> bool:
    """Whether an element's children are boxes that hold nothing but inline code."""
    least = 2 if all(not LINE_NAMES.isdisjoint(_names(line)) for line in holder) else MIN_LINES
    if len(holder) < least or next(holder.iterancestors("pre", "code"), None) is not None:
        return False
    between = [holder.text, *(line.tail for line in holder)]
    for line in holder:
        if line.tag != "div" or any(code.tag != "code" for code in line):
            return False
        between += [line.text, *(code.tail for code in line)]
    return not any(text and text.strip() for text in between)


def may_hold_plain_code(text: str) -> bool:
    """Whether a page's source has a name or a style of code lines."""
    return any(map(text.__contains__, PLAIN_LINE_SIGNS)) or PLAIN_CODE_SIGN.search(text) is not None


def frame_plain_code(tree: HtmlElement) -> None:
    """Make a `pre` of each element that holds nothing but lines, if they or it are set as code by a style sheet."""
    holders = {
        holder: holder is element
        for element in tree.iter(*PLAIN_LINES, "ol", "ul")
        if _is_set_as_code(element)
        for holder in (element.getparent(), element)
        if holder is not None
    }
    for holder, as_one in holders.items():
        if len(holder) < MIN_LINES or holder.tag in {"body", "html"}:
            continue
        alone = all(
            line.tag in LINES if as_one else line.tag in PLAIN_LINES and _is_set_as_code(line) for line in holder
        )
        if alone and next(holder.iterancestors("pre", "code"), None) is None:
            holder.tag = "pre"


def _is_set_as_code(element: HtmlElement) -> bool:
    names = " ".join((element.get("class") or "", element.get("style") or ""))
    return bool(names.strip()) and PLAIN_CODE.search(names) is not None


def _drop_gutters(holder: HtmlElement) -> None:
    gutters = [element for element in holder.iter(*GUTTER_TAGS) if not GUTTER.isdisjoint(_names(element))]
    worded = _worded(holder) if gutters else set()
    for element in gutters:
        if element not in worded:
            element.tag = "template"


def _worded(holder: HtmlElement) -> set[HtmlElement]:
    """Elements that hold more than line numbers."""
    found: set[HtmlElement] = set()
    for element in holder.iter():
        if not NUMBERS.fullmatch(element.text or ""):
            add_with_parents(element, found)
        if not NUMBERS.fullmatch(element.tail or ""):
            add_with_parents(element.getparent(), found)
    return found


def _names(element: HtmlElement) -> list[str]:
    return (element.get("class") or "").lower().split()


def _lines(box: HtmlElement) -> Iterator[HtmlElement]:
    """Elements in a box that are a line each."""
    for element in box.iterdescendants():
        if element.tag in LINES or (
            element.tag.__class__ is str
            and element.keys()
            and (LINE_STYLE.search(element.get("style") or "") or not LINE_NAMES.isdisjoint(_names(element)))
        ):
            yield element


def _join_lines(box: HtmlElement) -> None:
    lines = [element for element in _lines(box) if element.tag not in UNREAD]
    if len(lines) < 2:
        lines = _alike(box) or lines
    inside = list(box.iterdescendants())
    if not lines or any(element.tag in FOREIGN for element in inside):
        return
    if any(element.tag == "tr" and sum(cell.tag in {"td", "th"} for cell in element) > 1 for element in lines):
        return
    fed = any("\n" in (element.tail or "") or _last_text(element).endswith("\n") for element in lines)
    if (fed or len(lines) == 1) and all(element.tag not in LINES for element in lines):
        return
    if any(len("".join(element.itertext())) > LONGEST_LINE for element in lines if not len(element)):
        return
    lines = _innermost(lines)
    firsts = [line[0] for line in lines if len(line) and not (line.text or "").strip()]
    if 1 < len(firsts) == len(lines) and _count(firsts):
        for number in firsts:
            number.text = None
    _Joiner(set(lines)).read(box)
    for element in inside:
        if element.tag in LINES or element.tag in HOLDERS:
            element.tag = "span"


def _alike(box: HtmlElement) -> list[HtmlElement]:
    """Children of a block without a line feed, if a style sheet makes lines of them.

    They are of one tag and share a class or an attribute that speaks of lines, or the element around them is a grid.
    """
    holder = box[0] if len(box) == 1 and box[0].tag == "code" else box
    between = [holder.text, *(element.tail for element in holder)]
    if (
        len(holder) < 2
        or len({element.tag for element in holder}) > 1
        or any(text and text.strip() for text in between)
    ):
        return []
    if any("\n" in text for text in holder.itertext()):
        return []
    grid = GRID_STYLE.search(holder.get("style") or "")
    return list(holder) if grid or set.intersection(*map(_marks, holder)) else []


def _marks(element: HtmlElement) -> set[str]:
    """Classes of an element, and its attributes that speak of lines."""
    return {*_names(element), *(name for name in element.attrib if "line" in name)}


def _innermost(lines: list[HtmlElement]) -> list[HtmlElement]:
    """Lines that hold no others."""
    holding: set[HtmlElement] = set()
    for line in lines:
        add_with_parents(line.getparent(), holding)
    return [line for line in lines if line not in holding]


def _last_text(element: HtmlElement) -> str:
    while len(element) and not element[-1].tail:
        element = element[-1]
    return (element[-1].tail if len(element) else element.text) or ""


class _Joiner:
    """One pass through a block of code, which leaves exactly one line feed between two of its lines."""

    def __init__(self, lines: set[HtmlElement]) -> None:
        self._lines = lines
        self._inside = False  # of a line
        self._begun = False
        self._due = False  # a line feed, before whatever comes next
        self._ended = False  # the page's own line feed came last

    def read(self, box: HtmlElement) -> None:
        box.text = self._text(box.text, box)
        walk = iterwalk(box, events=("start", "end"))
        for event, element in walk:
            if element is box:
                continue
            if event == "end":
                if element in self._lines:
                    self._inside = False
                    self._due = self._begun and not self._ended
                element.tail = self._text(element.tail, element.getparent())
            elif element.tag in UNREAD:
                walk.skip_subtree()
            elif element.tag == "br":
                self._due, self._ended = False, True
            else:
                if element in self._lines:
                    self._start(element)
                element.text = self._text(element.text, element)

    def _start(self, line: HtmlElement) -> None:
        if self._due or (self._begun and not self._ended):
            before = line.getprevious()
            if before is None:
                parent = line.getparent()
                parent.text = writable((parent.text or "") + "\n")
            else:
                before.tail = writable((before.tail or "") + "\n")
        self._due = self._ended = False
        self._inside = True

    def _text(self, text: str | None, around: HtmlElement) -> str | None:
        """The text with the line feed that is due before it, and without the blanks between lines."""
        if not text:
            return text
        between = not self._inside and (self._due or self._ended or not self._begun)
        if text.isspace() and (between or around.tag in {"tr", *HOLDERS} - {"td", "th"}):
            return None
        if self._due and not text.startswith("\n"):
            text = f"\n{text}"
        self._due, self._begun, self._ended = False, True, text.endswith("\n")
        return writable(text)
