"""Element → whether no reader sees its text: it is short, the page hides it, and nothing on the page reveals it.

Hidden text may belong to the article: folded behind "Read more", in a closed tab, on a page that a script reveals. So
an element is skipped only if

- its author hides it: by `hidden`, by its own style, by a class that any site uses for screen readers, or by a class
  or id that a simple rule of the page's own style sheet hides, alone or below others, and that no other rule shows again;
- nothing on the page reveals it: no control or script names it, no control stands beside it, nothing around it folds,
  and no name says that it opens;
- it is short (`LONGEST`), those of its class are short together, since panels of one class open one by one, and all
  that is skipped is little beside what the page shows (`MOST_HIDDEN`).

The figures are those of WCXB's training pages and of `pages_more` (docs/decisions/0031-what-no-reader-sees.md).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

#: Most characters of one hidden text; longer ones are articles as often as not.
LONGEST = 400
#: All that is skipped must be less than this share of what the page shows.
MOST_HIDDEN = 0.35
#: Bounds that only hostile pages reach: hidden elements of a page, elements in one, names that are looked up in style
#: sheets, characters of style sheets, and of a rule.
MOST_ELEMENTS, MOST_INSIDE, MOST_NAMES, MOST_STYLES, LONGEST_RULE = 2_000, 300, 200, 1_000_000, 2_000
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
STYLE_SIGNS = ("none", "hidden", "collapse", ":-", ": -", "rect", "inset", "font-size")
#: Only in an element's own style: letters of no size, unless something within has a size of its own; and a box of no
#: height, unless its padding makes room or it is to slide open.
SIZELESS = re.compile(r"(?<![\w-])font-size\s*:\s*0(?:px|em|rem|pt|%)?\s*(?:;|!|\Z)")
FLAT = re.compile(
    r"(?=.*overflow\s*:\s*(?:hidden|clip))(?!.*(?:padding|transition|animation))"
    r".*?(?<![\w-])(?:max-)?height\s*:\s*0(?:px|em|rem|%)?\s*(?:;|!|\Z)",
    re.DOTALL,
)
SHOWING = re.compile(
    r"(?<![\w-])(?:display\s*:\s*(?!none)\w|visibility\s*:\s*visible|(?:left|right|top|text-indent)\s*:\s*(?:auto|0)"
    r"|clip\s*:\s*auto|clip-path\s*:\s*(?:none|inset\(\s*0)|position\s*:\s*static)",
    re.IGNORECASE,
)
#: A class or an id alone, of any element, and the elements around it: tags, classes or ids.
SELECTOR = re.compile(r"\s*((?:[\w.#-]+\s+)*)[a-z0-9]*([.#]-?[_a-zA-Z][\w-]*)\s*")
PART = re.compile(r"[.#]?[\w-]+")
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
FOR_SCREEN_READERS = frozenset("sr-only visually-hidden visuallyhidden screen-reader-text screenreader-only".split())
#: Names of what opens.
OPENS = re.compile(
    r"expand|collaps|accordi|toggl|tabs?\b|panel|fold|more|spoiler|faq|answer|transcript|slide|swap|read-|trunc|popup|modal|dialog|paywall|premium|subscri"
)
#: Elements that control others, and the attributes by which they name the others' ids.
CONTROLS = ("a", "button", "input", "label", "li")
NAMING = frozenset("aria-controls data-target data-bs-target popovertarget commandfor for".split())


class Unseen:
    """Decides which hidden elements of a page are skipped while it is walked, and counts the characters in them."""

    def __init__(self, tree: HtmlElement, styles: Iterable[HtmlElement], scripts: Iterable[HtmlElement]) -> None:
        self._found: list[tuple[HtmlElement, int, str]] = []  # element, its length, and a key that those alike share
        self._tree = tree
        self._sheet = COMMENT.sub("", "\n".join(text for style in styles if (text := style.text))[:MOST_STYLES])
        self._around: dict[str, set[str]] = {}  # class or id that is hidden → what must be around it
        for name, around in _hidden_names(self._sheet):
            self._around.setdefault(name, set()).add(around)
        names = self._around.keys()
        self._ids = {name[1:] for name in names if name[0] == "#"}
        self._classes = FOR_SCREEN_READERS | {name[1:] for name in names if name[0] == "."}
        self._known: dict[str, str] = {}  # value of `class` or `style` → what of it hides
        self._scripts = scripts
        self._asked = self._looked_up = 0
        self._named: tuple[set[str], set[str]] | None = None  # ids: of links, of controls

    def takes(self, element: HtmlElement, attributes: list[tuple[str, str]]) -> bool:
        """Whether to skip an element."""
        known = self._known
        for name, value in attributes:
            if name == "class" or name == "style":  # noqa: PLR1714 - a set is slower here
                made = known.get(value)
                if made is None:
                    made = known[value] = self._hides(name, value)
            elif name == "id":
                made = f"#{value}" if value in self._ids and self._stays_hidden(f"#{value}") else ""
            else:
                made = name if name == "hidden" and value.strip().lower() != "until-found" else ""
            if made:
                return self._is_unseen(element, made)
        return False

    def settle(self, shown: int) -> bool:
        """Make templates of what stays skipped; returns whether that is all that was skipped.

        Nobody sees a template's text, but its scripts stay where `rescue.py` looks for them.
        """
        lengths: Counter[str] = Counter()
        for _, length, alike in self._found:
            lengths[alike] += length
        short = [hidden for hidden in self._found if lengths[hidden[2]] <= LONGEST or hidden[2] in FOR_SCREEN_READERS]
        if sum(length for _, length, _ in short) >= MOST_HIDDEN * shown:
            short = []
        for element, _, _ in short:
            element.tag = "template"
        return len(short) == len(self._found)

    def _hides(self, name: str, value: str) -> str:
        """The class that hides its element, or "style" or "size" if a style does; "" if neither does."""
        if name == "style":
            value = value.lower()
            if not any(map(value.__contains__, STYLE_SIGNS)):
                return ""
            return name if HIDING.search(value) or FLAT.match(value) else "size" if SIZELESS.search(value) else ""
        for word in value.split():
            if word in FOR_SCREEN_READERS:
                return word
            if word in self._classes and self._stays_hidden(f".{word}"):
                return f".{word}"
        return ""

    def _stays_hidden(self, selector: str) -> bool:
        """Whether no rule of the page's style sheets shows what another hides."""
        self._looked_up += 1
        return self._looked_up <= MOST_NAMES and not any(map(SHOWING.search, _rules(self._sheet, selector)))

    def _is_unseen(self, element: HtmlElement, made: str) -> bool:
        self._asked += 1
        if element.tag in NEVER or self._asked > MOST_ELEMENTS or not self._applies(element, made):
            return False
        length = _length(element)
        if not 0 < length <= LONGEST or self._opens(element):
            return False
        alike = element.get("class") or element.tag if made in {"style", "size", "hidden"} else made
        self._found.append((element, length, alike))
        return True

    def _applies(self, element: HtmlElement, made: str) -> bool:
        """Whether what hides elements hides this one, for what stands around it or in it."""
        if made == "size":
            return not any(inner.keys() for inner in element.iterdescendants())
        around = self._around.get(made, {""})
        return "" in around or any(_is_below(element, parts.split()) for parts in around)

    def _opens(self, element: HtmlElement) -> bool:
        """Whether something on the page may reveal an element."""
        names = " ".join(value for name, value in element.items() if name != "style")
        if OPENS.search(names.lower()) or "aria-expanded" in element.attrib or "aria-labelledby" in element.attrib:
            return True
        if any(map(_is_control, (element.getprevious(), element.getnext()))):
            return True
        around = [element, *element.iterancestors()]
        if any(one.tag == "details" for one in around):
            return True
        identity = element.get("id")
        ids = {one.get("id") for one in around} - {None}
        if ids and self._named is None:
            self._named = set(_linked(self._tree)), set(_controlled(self._tree))
        linked, controlled = self._named or ((), ())
        if identity in linked or not ids.isdisjoint(controlled):
            return True
        return bool(identity) and any(identity in script.text for script in self._scripts if script.text)


def _is_below(element: HtmlElement, parts: list[str]) -> bool:
    """Whether the elements around one, below the body, have these tags, classes or ids in order.

    What the body says changes as the page runs, as `no-js` does.
    """
    left = list(parts)
    for one in element.iterancestors():
        if one.tag == "body" or not left:
            break
        names = {one.tag, f"#{one.get('id')}", *(f".{name}" for name in (one.get("class") or "").split())}
        if names.issuperset(PART.findall(left[-1])):
            left.pop()
    return not left


def _is_control(element: HtmlElement | None) -> bool:
    return element is not None and (
        element.tag in {"button", "summary"} or element.get("role") == "button" or "aria-expanded" in element.attrib
    )


def _linked(tree: HtmlElement) -> Iterator[str]:
    """Ids that the page's links lead to."""
    for element in tree.iter("a"):
        if (target := element.get("href") or "")[:1] == "#":
            yield target[1:]


def _controlled(tree: HtmlElement) -> Iterator[str]:
    """Ids that the page's controls name, links that are no more than that left out: a menu has those of its sections."""
    for element in tree.iter(*CONTROLS):
        links = element.tag == "a" and not _is_control(element) and NAMING.isdisjoint(element.keys())
        for name, value in element.items():
            if name in NAMING or (name == "href" and value[:1] == "#" and not links):
                yield from (each.lstrip("#") for each in value.split())


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


def _hidden_names(sheet: str) -> Iterator[tuple[str, str]]:
    """Selectors of a class or an id that a style sheet hides outside of media queries, and what must be around it."""
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
                yield found[2], found[1].strip()


def _rules(sheet: str, selector: str) -> Iterator[str]:
    """Bodies of the rules in a style sheet whose selectors name a class or an id."""
    for number, at in enumerate(_places_of(sheet, (selector,))):
        following = sheet[at + len(selector) : at + len(selector) + 1]
        start = sheet.find("{", at, at + LONGEST_RULE)
        if number > LONGEST_RULE or not (following.isalnum() or following in {"-", "_"} or start < 0):
            yield sheet[start : _end(sheet, start)]


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
