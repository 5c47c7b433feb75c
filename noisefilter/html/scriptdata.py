"""Script → the article that it carries as data: schema.org's, or what a framework hands from its server to the browser.

Only JSON is read, never a script. A body is recognised by its name and by being prose; the longest one found is used.
"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import lxml.html

from noisefilter.html.mending import writable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

#: Fewest non-blank characters of an article: a shorter text is a notice ("Please turn on JavaScript") or a teaser.
MIN_ARTICLE = 400
#: Characters that say as much as two letters do: kana, ideographs and Hangul.
DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")
#: Most characters of one script, and most values of one record: no page seen had more; they bound hostile ones.
LONGEST_SCRIPT, MOST_VALUES = 8_000_000, 300_000
JSON_LD = "application/ld+json"
#: Properties of schema.org that hold a whole text, whatever the type.
SCHEMA_BODIES = frozenset(("articleBody", "text"))
#: Names that sites give to an article's text, in lower case and letters only.
BODIES = frozenset(
    "articlebody body bodyhtml bodytext content contenthtml contents html htmlbody text articletext articlecontent maincontent "
    "fulltext storybody storyhtml posthtml postbody postcontent rendered richtext markdown paragraphs blocks children "
    "components contentelements sections".split()
)
#: Names of the paragraph above a body.
LEADS = frozenset("chapo ingress intro lead lede standfirst".split())
#: Keys that hold the text of a block in a list of blocks; the first one present is used.
TEXTS = (
    "text",
    "html",
    "content",
    "value",
    "body",
    "children",
    "paragraph",
    "data",
    "model",
    "props",
    "blocks",
    "paragraphs",
    "content_elements",
    "items",
)
KINDS = ("type", "_type", "__typename", "nodeType", "name", "blockType")
OTHER_KIND = re.compile(
    r"image|video|embed|advert|promo|related|gallery|newsletter|button|script|style|figure|interstitial|link_list",
    re.IGNORECASE,
)
#: Kinds of nodes within a paragraph, "" for those without a kind.
INLINE = frozenset(
    ("", "text", "span", "link", "a", "b", "i", "em", "strong", "mark", "code", "hyperlink", "inlinecode", "linebreak")
)
#: A block with these is another page's card.
CARD = frozenset(("slug", "url", "href", "permalink", "path"))
#: Elements in React's flight data: of the first no text is read, the second are a paragraph each.
BOILERPLATE = frozenset("nav header footer aside button script style noscript svg form title".split())
PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 li blockquote pre dt dd figcaption td th".split())
DEEPEST = 40
#: Wrappers that old validators wanted around a script's text.
WRAPPED = re.compile(
    r"\s*(?:(?://|/\*)?\s*<!\[CDATA\[\s*(?:\*/)?|<!--)(.*?)(?:(?://|/\*)?\s*\]\]>\s*(?:\*/)?|(?://)?\s*-->)?\s*",
    re.DOTALL,
)
#: Where a script assigns JSON, or parses it out of a string.
STATE = re.compile(r"""=\s*(?=\{\s*"|\[\s*[\[{"])|JSON\.parse\(\s*(decodeURIComponent\(\s*)?(?=["'`])""")
#: A string of JavaScript, and an escape in one.
STRING = re.compile(r"""(["'`])((?:[^\\"'`]++|\\.|(?!\1)["'`])*+)\1""", re.DOTALL)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
#: Fewest paragraphs of a body under a name that is not in `BODIES`.
MIN_PARAGRAPHS = 3
#: Fewest and most characters of a headline that says whose text a record holds: a section's name is shorter.
MIN_HEADLINE, MAX_HEADLINE = 12, 500
PARAGRAPH_KIND = re.compile(r"text|(?:core/|text_?)?p(?:aragraph)?", re.IGNORECASE)
#: An end tag of a paragraph or a heading, which HTML has and text does not.
ESCAPED_HTML = re.compile(r"</(?:p|div|li|h[1-6])>|<br ?/?>", re.IGNORECASE)
FLIGHT = re.compile(r"\s*(?:self|window)\.__next_f\.push\(\s*(?=\[)")
FLIGHT_ROW = re.compile(r"(?:^|(?<=\n)|\n?)[0-9a-f]+:(?:T([0-9a-f]{1,6}),)?")
#: Types of scripts that run.
SCRIPT_TYPES = frozenset(("", "module", "text/javascript", "application/javascript"))
#: Ids of scripts that hold JSON.
DATA_IDS = frozenset(("__NEXT_DATA__", "__NUXT_DATA__"))
SENTENCE_END = re.compile(r"[.!?][\"'”’)]*(?:\s|$|<)|[。！？।؟]")
#: Fewest ends of sentences in a text that is prose.
MIN_SENTENCES = 4
DECODER = json.JSONDecoder(strict=False)  # line breaks inside strings are common


def schema_bodies(scripts: Iterable[HtmlElement]) -> Iterator[list[str]]:
    """Paragraphs of each body that the page's JSON-LD names."""
    for script in scripts:
        if _type(script) != JSON_LD:
            continue
        content = script.text or ""
        if not any(f'"{name}"' in content for name in SCHEMA_BODIES):
            continue
        for item in _objects(_decode(unwrap(content))):
            yield from (paragraphs(item[name]) for name in SCHEMA_BODIES if isinstance(item.get(name), str))


def framework_bodies(scripts: Iterable[HtmlElement], title: str = "") -> Iterator[list[str]]:
    """Paragraphs of each body in the data of the known frameworks; `title` is the page's, where it has one."""
    flight: list[str] = []
    for script in scripts:
        content = script.text or ""
        if not MIN_ARTICLE // 2 <= len(content) <= LONGEST_SCRIPT:
            continue
        if found := FLIGHT.match(content):
            pushed = _decode(content[found.end() :])
            if isinstance(pushed, list) and len(pushed) > 1 and isinstance(pushed[1], str):
                flight.append(pushed[1])
        elif script.get("id") in DATA_IDS or _type(script) == "application/json":
            yield from _named_bodies(_inflate(_decode(unwrap(content))), title)
        elif _type(script) in SCRIPT_TYPES:
            for state in _states(unwrap(content)):
                yield from _named_bodies(state, title)
    if flight:
        yield from _flight_bodies("".join(flight)[:LONGEST_SCRIPT])


def unwrap(content: str) -> str:
    """A script's text without the comment or the CDATA section around it."""
    found = WRAPPED.fullmatch(content) if "<!" in content[:200] else None
    return found[1] if found else content


def paragraphs(text: str) -> list[str]:
    """Lines of a body that may hold HTML, also HTML that was escaped for another one."""
    if "<" not in text and "&" in text:
        text = unescape(text)
        marked = ESCAPED_HTML.search(text) is not None
    else:
        marked = "<" in text
    text = writable(text)  # JSON may hold characters that a tree does not accept
    if marked:
        try:
            fragment = lxml.html.fragment_fromstring(text, create_parent="div")
        except (
            lxml.etree.ParserError,
            ValueError,
            AssertionError,
        ):  # lxml asserts that a whole page in it has one body
            return []
        for element in fragment.iter("p", "br", "li", "div", "h2", "h3", "h4"):
            element.tail = writable("\n" + (element.tail or ""))
        text = str(fragment.text_content())
    return [line for line in (" ".join(line.split()) for line in text.splitlines()) if line]


def _type(script: HtmlElement) -> str:
    """A script's media type without its parameters."""
    return (script.get("type") or "").partition(";")[0].strip().lower()


def _states(content: str) -> Iterator[Any]:
    """JSON values that a script assigns, or parses out of strings."""
    at = 0
    while found := STATE.search(content, at):
        at = found.end()
        if found[0].startswith("="):
            try:
                value, at = DECODER.raw_decode(content, at)
            except json.JSONDecodeError as error:
                at = max(at, error.pos)  # what was read is not read again
            except RecursionError:
                return
            else:
                yield value
        elif string := STRING.match(content, at):
            at = string.end()
            text = ESCAPE.sub(_unescaped, string[2]).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            yield _decode(unquote(text) if found[1] else text)


def _unescaped(found: re.Match[str]) -> str:
    """The character that an escape in a string of JavaScript stands for."""
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else ESCAPES.get(found[3], found[3])


def _decode(content: str) -> Any:  # noqa: ANN401 - JSON
    """The JSON value that a text begins with; None if there is none."""
    if len(content) > LONGEST_SCRIPT:
        return None
    try:
        return DECODER.raw_decode(content.lstrip())[0]
    except (ValueError, RecursionError):
        return None


def _inflate(data: Any) -> Any:  # noqa: ANN401 - JSON
    """Nuxt's data, a list whose objects and lists refer to their values by index, with the references resolved."""
    if not isinstance(data, list) or not data or not isinstance(data[0], (dict, list)):
        return data
    shells: list[Any] = [type(item)() if isinstance(item, (dict, list)) else item for item in data]

    def value(place: Any) -> Any:  # noqa: ANN401 - JSON
        return shells[place] if isinstance(place, int) and 0 <= place < len(shells) else place

    for shell, item in zip(shells, data, strict=True):
        if isinstance(item, dict):
            shell.update((key, value(place)) for key, place in item.items())
        elif isinstance(item, list):
            shell.extend(map(value, item))
    return shells


def _objects(data: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Objects in a JSON value, each once."""
    waiting, seen = [data], set[int]()
    while waiting and len(seen) < MOST_VALUES:
        item = waiting.pop()
        if not isinstance(item, (dict, list)) or id(item) in seen:
            continue
        seen.add(id(item))
        waiting.extend(item.values() if isinstance(item, dict) else item)
        if isinstance(item, dict):
            yield item


def length(text: str) -> int:
    """Non-blank characters of a text."""
    return len("".join(text.split()))


def size(text: str) -> int:
    """The same, but the dense ones count twice."""
    return length(text) + len(DENSE.findall(text))


def _named_bodies(data: Any, title: str = "") -> Iterator[list[str]]:  # noqa: ANN401 - JSON
    """Bodies of a record: prose under the names that sites give to it, or beside the page's headline."""
    budget = [MOST_VALUES]
    for item in _objects(data):
        titled = any(_is_headline(value, title) for value in item.values())
        names = {name: re.sub(r"[^a-z]", "", name.lower()) for name in item}
        leads = [item[name] for name, plain in names.items() if plain in LEADS and isinstance(item[name], str)]
        for name, value in item.items():
            named = names[name] in BODIES
            if not named and not (titled and _has_paragraphs(value)):
                continue
            if isinstance(value, str) and size(value) >= MIN_ARTICLE:
                body = paragraphs(value)
            elif isinstance(value, list):
                body = [line for text in _block_texts(value, budget) for line in paragraphs(text)]
            else:
                continue
            if is_prose(body):
                above = [line for lead in leads[:1] for line in paragraphs(lead) if SENTENCE_END.search(line)]
                yield body if "".join(above) in "".join(body) else above + body


def _is_headline(value: Any, title: str) -> bool:  # noqa: ANN401 - JSON
    """Whether a record's value is the headline in the page's title, before or after the site's shorter name."""
    if not isinstance(value, str) or not MIN_HEADLINE <= len(value) <= MAX_HEADLINE:
        return False
    words = " ".join(value.split())
    return len(words) >= MIN_HEADLINE and 2 * len(words) >= len(title) and words in title


def _has_paragraphs(value: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether a value is made of paragraphs: HTML, or blocks that say so. Sites name it in their own language."""
    if isinstance(value, str):
        return value.count("</p>") + value.count("&lt;/p&gt;") >= MIN_PARAGRAPHS
    blocks = value if isinstance(value, list) else ()
    return sum(isinstance(x, dict) and PARAGRAPH_KIND.fullmatch(_kind(x)) is not None for x in blocks) >= MIN_PARAGRAPHS


def is_prose(body: list[str]) -> bool:
    """Whether a body has several sentences."""
    return sum(len(SENTENCE_END.findall(line)) for line in body) >= MIN_SENTENCES


def _block_texts(value: Any, budget: list[int], depth: int = 0) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Texts of a list of blocks, in order, those within a paragraph joined. `budget` bounds the values read."""
    budget[0] -= 1
    if depth > DEEPEST or budget[0] < 0:
        return
    if isinstance(value, str):
        if not re.fullmatch(r"\$[\w@:]*", value):  # a reference in flight data
            yield value
    elif isinstance(value, list):
        if len(value) > 3 and value[0] == "$":
            yield from _element_texts(value, budget, depth)
        elif depth and value and all(map(_is_inline, value)):
            yield "".join(text for item in value for text in _block_texts(item, budget, depth + 1))
        else:
            for item in value:
                yield from _block_texts(item, budget, depth + 1)
    elif isinstance(value, dict):
        if OTHER_KIND.search(_kind(value)) or ("title" in value and not CARD.isdisjoint(value)):
            return
        held = next((value[name] for name in TEXTS if isinstance(value.get(name), (str, list, dict))), None)
        yield from _block_texts(held, budget, depth + 1)


def _element_texts(element: list[Any], budget: list[int], depth: int) -> Iterator[str]:
    """Texts of an element of flight data: `["$", tag, key, properties]`."""
    tag, properties = element[1], element[3]
    if tag in BOILERPLATE or not isinstance(properties, dict):
        return
    texts = _block_texts(properties.get("children"), budget, depth + 1)
    if tag in PARAGRAPHS:
        yield "".join(texts)
    else:
        yield from texts


def _is_inline(item: Any) -> bool:  # noqa: ANN401 - JSON
    if isinstance(item, list):
        return len(item) > 3 and item[0] == "$" and isinstance(item[1], str) and item[1] in INLINE
    return isinstance(item, str) or (isinstance(item, dict) and _kind(item).lower() in INLINE)


def _kind(item: dict[str, Any]) -> str:
    return next((item[name] for name in KINDS if isinstance(item.get(name), str)), "")


def _flight_bodies(flight: str) -> Iterator[list[str]]:
    """Bodies of React's flight data: rows of `id:JSON` and of texts, `id:Tlength,text`, whose length counts bytes."""
    shown: list[str] = []
    budget = [MOST_VALUES]
    at = 0
    while found := FLIGHT_ROW.search(flight, at):
        at = found.end()
        if found[1]:
            size = int(found[1], 16)
            text = flight[at : at + size].encode(errors="replace")[:size].decode(errors="ignore")
            at += len(text)
            if is_prose(body := paragraphs(text)):
                yield body
            continue
        end = flight.find("\n", at)
        end = len(flight) if end < 0 else end
        row = _decode(flight[at:end])
        at = end
        if isinstance(row, (dict, list)):
            yield from _named_bodies(row)
            shown.extend(_block_texts(row, budget))
    body = [line for text in shown for line in paragraphs(text)]
    if is_prose(body):
        yield body
