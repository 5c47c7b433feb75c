"""Element → whether no reader sees its text: it is short, the page hides it, and nothing on the page reveals it.

Hidden text may belong to the article: folded behind "Read more", in a closed tab, on a page that a script reveals. So
an element is skipped only if

- its author hides it: by `hidden`, by its own style, by a class that any site uses for screen readers or for links within
  headings, or by a class or id that a simple rule of the page's own style sheet hides and that no other rule shows again;
- nothing on the page reveals it: no script names it, no control stands beside it, no `details` is around it, and no name
  says that it opens;
- it is short (`LONGEST`), and all that is skipped is little beside what the page shows (`MOST_HIDDEN`).

The figures are those of WCXB's training pages and of `pages_more` (docs/decisions/0031-what-no-reader-sees.md, 0050-rules-that-pay.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noisefilter.html.tags import HEADINGS
from noisefilter.threads import cached_property

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

#: Most characters of one hidden text; longer ones are articles as often as not.
LONGEST = 400
#: All that is skipped must be less than what the page shows, and than this share of that, or of `SHORT` characters.
MOST_HIDDEN, SHORT = 0.35, 1_200
#: Bounds that only hostile pages reach: hidden elements of a page, elements in one, names that are looked up in style
#: sheets, characters of style sheets, and of a rule.
MOST_ELEMENTS, MOST_INSIDE, MOST_NAMES, MOST_STYLES, LONGEST_RULE = 2_000, 300, 200, 1_000_000, 2_000
#: Rules that are searched for what they show, and characters of scripts in which ids are looked for.
MOST_RULES, MOST_SEARCHED = 20_000, 1_000_000_000
#: A headline may be hidden behind a picture of it; a page that fades in is hidden as a whole.
NEVER = frozenset("html body main article h1".split())
UNREAD = frozenset("script style noscript template svg iframe object option textarea".split())
HIDING = re.compile(
    r"(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:left|right|top|text-indent)\s*:\s*-\d{4,}"
    r"|clip\s*:\s*rect\(\s*(?:[01](?:px)?[\s,]*){4}\)|clip-path\s*:\s*inset\(\s*(?:[5-9]\d|100)%)",
    re.IGNORECASE,
)
#: `HIDING` is searched for in a style sheet only where one of these stands: they are found a hundred times faster.
SIGNS = (
    "display:none",
    "display: none",
    "display : none",
    "display :none",
    "visibility",
    "rect(",
    "inset(",
    "-9999",
    "-10000",
)
STYLE_SIGNS = ("none", "hidden", "collapse", ":-", ": -", "rect", "inset")
SHOWING = re.compile(
    r"(?<![\w-])(?:display\s*:\s*(?!none)\w|visibility\s*:\s*visible|(?:left|right|top|text-indent)\s*:\s*(?:auto|0)"
    r"|clip\s*:\s*auto|clip-path\s*:\s*(?:none|inset\(\s*0)|position\s*:\s*static)",
    re.IGNORECASE,
)
#: A class or an id alone, of any element anywhere in the page.
SELECTOR = re.compile(r"\s*(?:(?:html|body)\s+){0,2}[a-z0-9]*([.#]-?[_a-zA-Z][\w-]*)\s*")
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
FOR_SCREEN_READERS = frozenset("sr-only visually-hidden visuallyhidden screen-reader-text screenreader-only".split())
#: Names of links to the heading that they stand in, which hold a sign and show when one points at it; and of a wiki's links
#: to edit a section. Other elements with the first names hold words.
PERMALINKS = frozenset("anchor anchor-link anchorjs-link hash-link header-anchor headerlink heading-anchor".split())
EDITING = frozenset(("mw-editsection",))
ALWAYS = FOR_SCREEN_READERS | PERMALINKS | EDITING
#: Attributes that may hide an element.
HIDERS = frozenset(("class", "style", "id", "hidden"))
#: Names of what opens.
OPENS = re.compile(
    r"expand|collaps|accordi|toggl|tabs?\b|panel|fold|more|spoiler|faq|answer|transcript|slide|swap|read-|trunc|popup|modal|dialog|paywall|premium|subscri"
)


class Unseen:
    """Decides which hidden elements of a page are skipped while it is walked, and counts the characters in them."""

    def __init__(self, styles: Iterable[HtmlElement], scripts: Iterable[HtmlElement]) -> None:
        self._found: list[tuple[HtmlElement, int]] = []  # each with its length
        self._sheet = COMMENT.sub("", "\n".join(text for style in styles if (text := style.text))[:MOST_STYLES])
        names = set(_hidden_names(self._sheet))
        self._ids = {name[1:] for name in names if name[0] == "#"}
        self._classes = {name[1:] for name in names if name[0] == "."}
        self._known: dict[tuple[str, str], bool] = {}  # attribute and its value → whether that hides an element
        self._shows: dict[int, bool] = {}  # where a rule begins → whether it shows what another hides
        self._scripts = scripts
        self._asked = self._looked_up = self._searched = 0

    def takes(self, element: HtmlElement, attributes: list[tuple[str, str]]) -> bool:
        """Whether to skip an element."""
        known = self._known
        for attribute in attributes:
            if attribute[0] in HIDERS:
                hides = known.get(attribute)
                if hides is None:
                    hides = known[attribute] = self._hides(*attribute)
                if hides:
                    return self._is_unseen(element)
        return False

    def settle(self, shown: int) -> bool:
        """Make templates of what stays skipped; returns whether that is all that was skipped.

        Nobody sees a template's text, but its scripts stay where `rescue.py` looks for them.
        """
        hidden = sum(length for _, length in self._found)
        if hidden and hidden >= min(shown, MOST_HIDDEN * max(shown, SHORT)):
            return False
        for element, _ in self._found:
            element.tag = "template"
        return True

    def _hides(self, name: str, value: str) -> bool:
        """Whether an attribute hides its element."""
        if name == "style":
            value = value.lower()
            return any(map(value.__contains__, STYLE_SIGNS)) and HIDING.search(value) is not None
        if name == "hidden":
            return value.strip().lower() != "until-found"
        if name == "id":
            return value in self._ids and self._stays_hidden(f"#{value}")
        return any(
            word in ALWAYS or (word in self._classes and self._stays_hidden(f".{word}")) for word in value.split()
        )

    def _stays_hidden(self, selector: str) -> bool:
        """Whether no rule of the page's style sheets shows what another hides."""
        self._looked_up += 1
        return self._looked_up <= MOST_NAMES and not any(map(self._is_showing, _rules(self._sheet, selector)))

    def _is_showing(self, start: int) -> bool:
        known = self._shows.get(start)
        if known is None:
            shows = len(self._shows) > MOST_RULES or SHOWING.search(self._sheet, start, _end(self._sheet, start))
            known = self._shows[start] = bool(shows)
        return known

    @cached_property
    def _script(self) -> str:
        """Text of all scripts, which lxml decodes anew each time."""
        return "\n".join(text for script in self._scripts if (text := script.text))

    def _is_unseen(self, element: HtmlElement) -> bool:
        self._asked += 1
        if element.tag in NEVER or self._asked > MOST_ELEMENTS:
            return False
        length = _length(element)
        if not 0 < length <= LONGEST or self._opens(element) or _is_worded_link(element):
            return False
        self._found.append((element, length))
        return True

    def _opens(self, element: HtmlElement) -> bool:
        """Whether something on the page may reveal an element."""
        names = " ".join(value for name, value in element.items() if name != "style")
        if OPENS.search(names.lower()) or "aria-expanded" in element.attrib or "aria-labelledby" in element.attrib:
            return True
        if any(map(_is_control, (element.getprevious(), element.getnext()))):
            return True
        if element.tag == "details" or next(element.iterancestors("details"), None) is not None:
            return True
        identity = element.get("id")
        if not identity:
            return False
        self._searched += len(self._script)
        return self._searched > MOST_SEARCHED or identity in self._script


def _is_worded_link(element: HtmlElement) -> bool:
    """Whether an element has the name of a link to its heading, but holds words."""
    named = not PERMALINKS.isdisjoint((element.get("class") or "").split())
    return named and any(sign.isalnum() for text in element.itertext() for sign in text)


def _is_control(element: HtmlElement | None) -> bool:
    """Whether an element is a control, or the heading of a panel, which holds one."""
    if element is not None and element.tag in HEADINGS and len(element) == 1:
        element = element[0]
    return element is not None and (
        element.tag in {"button", "summary"} or element.get("role") == "button" or "aria-expanded" in element.attrib
    )


def _length(element: HtmlElement) -> int:
    """Characters of a text, counted until they are too many."""
    length = 0
    for number, inner in enumerate(element.iter()):
        if inner.text and inner.tag not in UNREAD:
            length += len(inner.text.strip())
        if inner.tail and inner is not element:
            length += len(inner.tail.strip())
        if length > LONGEST or number > MOST_INSIDE:
            return LONGEST + 1
    return length


def _hidden_names(sheet: str) -> Iterator[str]:
    """Selectors of a class or an id that a style sheet hides outside of media queries."""
    counted = depth = 0
    last = -1
    for at in sorted(_places_of(sheet, SIGNS)):
        start = sheet.rfind("{", max(0, at - LONGEST_RULE), at)
        if start <= last or sheet.find("}", start, at) >= 0:
            continue
        last = start
        depth += sheet.count("{", counted, start) - sheet.count("}", counted, start)
        counted = start
        if depth or not HIDING.search(sheet, start, _end(sheet, start)):
            continue
        before = max(sheet.rfind(sign, max(0, start - LONGEST_RULE), start) for sign in "};")
        for selector in sheet[before + 1 : start].split(","):
            if found := SELECTOR.fullmatch(selector):
                yield found[1]


def _rules(sheet: str, selector: str) -> Iterator[int]:
    """Where the rules of a style sheet begin whose selectors name a class or an id."""
    for number, at in enumerate(_places_of(sheet, (selector,))):
        following = sheet[at + len(selector) : at + len(selector) + 1]
        start = sheet.find("{", at, at + LONGEST_RULE)
        if number > LONGEST_RULE or not (following.isalnum() or following in {"-", "_"} or start < 0):
            yield start


def _places_of(text: str, signs: Iterable[str]) -> Iterator[int]:
    for sign in signs:
        at = text.find(sign)
        while at >= 0:
            yield at
            at = text.find(sign, at + len(sign))


def _end(sheet: str, start: int) -> int:
    """End of the rule whose brace is at `start`."""
    end = sheet.find("}", start, start + LONGEST_RULE)
    return start + LONGEST_RULE if end < 0 else end
