"""Tags and attributes: what is skipped, what is a block, what an element is called; and a page's elements as columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

SKIPPED = frozenset(
    "script style noscript template svg iframe object embed select datalist textarea input head canvas video audio map "
    "area math param img source track progress meter".split()
)
BLOCK_LEVEL = frozenset(
    "address article aside blockquote body button caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup p pre section "
    "summary table tbody td tfoot th thead tr ul".split()
)
LINE_ITEMS = frozenset("li dt dd tr option".split())
CELLS = frozenset(("td", "th"))
IN_ROWS = LINE_ITEMS | CELLS
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
#: What a tag does: its own block, the end of a line, a link, bold letters. All others only hold text; those of custom
#: elements are blocks.
BLOCK, BREAK, LINK, BOLD, INLINE = range(5)
ROLES = dict.fromkeys(BLOCK_LEVEL, BLOCK) | {"br": BREAK, "a": LINK, "b": BOLD, "strong": BOLD}
NAMING = frozenset(("class", "id", "role", "itemprop", "aria-label"))
#: Attributes that say what an element is or hide it, and most attributes of an element that are listed.
READ_ATTRIBUTES, MOST_ATTRIBUTES = (
    ("class", "id", "role", "itemprop", "aria-label", "style", "hidden", "aria-hidden"),
    60,
)
#: Pixels of a picture have at least this many digits in width and height.
LEAST_DIGITS = 3
HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def by_tag(tree: HtmlElement, *tags: str) -> dict[str, list[HtmlElement]]:
    """A tree's elements of some tags, by tag, in order: one pass."""
    found: dict[str, list[HtmlElement]] = {tag: [] for tag in tags}
    for element in tree.iter(*tags):
        found[element.tag].append(element)
    return found


def add_with_parents(element: HtmlElement | None, found: set[HtmlElement]) -> None:
    """Add an element and those around it, up to one that is found already."""
    while element is not None and element not in found:
        found.add(element)
        element = element.getparent()


def role_of(tag: str) -> int:
    """What a tag does: one of the five above."""
    role = ROLES.get(tag)
    return role if role is not None else BLOCK if "-" in tag else INLINE


def is_block(tag: str) -> bool:
    """Whether the visible text has a break where an element starts and ends."""
    return role_of(tag) is BLOCK


def is_icon(image: HtmlElement) -> bool:
    """Whether an image is declared to be smaller than a picture that a caption describes."""
    sizes = ((image.get(side) or "").removesuffix("px") for side in ("width", "height"))
    return any(size.isdecimal() and len(size) < LEAST_DIGITS for size in sizes)


def attributes_of(element: HtmlElement) -> list[tuple[str, str]]:
    """An element's attributes; of one with more than any page has, only those that are read."""
    if len(element.attrib) <= MOST_ATTRIBUTES:
        return element.items()
    return [(name, value) for name in READ_ATTRIBUTES if (value := element.get(name)) is not None]


def names_of(attributes: list[tuple[str, str]]) -> tuple[str, bool]:
    """Class, id, role, microdata and label names of an element in lower case; and whether a style hides it."""
    names, hidden = "", False
    for attribute, value in attributes:
        if attribute in NAMING:
            names = f"{names} {value}" if names else value
        elif attribute == "style":
            hidden = HIDDEN_STYLE.search(value) is not None
        elif attribute == "hidden" or (attribute == "aria-hidden" and value == "true"):
            names = f"{names} aria-hidden"
    return names.lower(), hidden


@dataclass(frozen=True, slots=True)
class Places:
    """Block-level elements in document order, as columns: where the texts of blocks stand.

    A page has hundreds of them. Were each an object, Python's garbage collector would run for each page, and take a
    twentieth of its time.
    """

    parents: list[int] = field(default_factory=list)  # -1 at the root
    tags: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    hidden: list[bool] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)  # block inside
    lasts: list[int] = field(default_factory=list)  # the one after the last

    def __len__(self) -> int:
        return len(self.parents)
