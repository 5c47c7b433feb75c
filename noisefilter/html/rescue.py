"""Tree → the same tree with its article in sight, for pages that show none without a script.

Application shells carry their text where only a crawler or a browser without scripts finds it: in `noscript`, as the
`articleBody` of JSON-LD (schema.org), or in the JSON that a framework hands to its scripts. It counts only where the
page shows little else. Scripts are not read: a body is JSON, recognised by its name and by being prose.
"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import lxml.html

from noisefilter.html.mending import writable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

#: Fewest non-blank characters of an article: a shorter text is a notice or a teaser; and where the page shows no prose.
MIN_ARTICLE, MIN_ALONE = 400, 200
#: Characters that say as much as two letters do: kana, ideographs and Hangul.
DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")
#: Most characters of one script, and most values of one record: no page seen had more; they bound hostile ones.
LONGEST_SCRIPT, MOST_VALUES = 8_000_000, 300_000
#: Characters that count as a value: a script cannot hold more of them itself, but may refer to a text again and again.
SHORT_VALUE = 30
JSON_LD = "application/ld+json"
UNSEEN = frozenset(("script", "style", "noscript", "template", "head", "svg"))
#: Properties of schema.org that hold a whole text, whatever the type.
SCHEMA_BODIES = frozenset(("articleBody", "text"))
#: Names that sites give to an article's text, in lower case and letters only.
BODIES = frozenset(
    "articlebody body bodyhtml bodytext content contenthtml contents html htmlbody text articletext articlecontent maincontent "
    "fulltext storybody storyhtml posthtml postbody postcontent rendered richtext markdown paragraphs blocks children "
    "components contentelements sections json nodes corps contenu texte cuerpo contenido texto inhalt corpo testo tekst inhoud "
    "bloques blocos bloecke blocchi blocs bausteine absaetze paragrafos parrafos paragraphes paragrafi conteudo contenuto".split()
)
#: Id of the script in which Nuxt keeps its data.
NUXT = "__NUXT_DATA__"
#: Keys that hold the text of a block in a list of blocks; the first one present is used.
TEXTS = tuple(
    "text html content value body children paragraph data model props blocks paragraphs content_elements items "
    "texto texte testo tekst conteudo contenido contenu inhalt itens eintraege".split()
)
KINDS = ("type", "_type", "__typename", "nodeType", "name", "blockType", "kind", "tipo", "typ")
OTHER_KIND = re.compile(
    r"image|video|embed|advert|promo|related|gallery|newsletter|button|script|style|figure|interstitial|link_list|cta\b|relacion|"
    r"werbung|anzeige|publici|anuncio",
    re.IGNORECASE,
)
#: Kinds of nodes within a paragraph, "" for those without a kind.
INLINE = frozenset(
    ("", "text", "span", "link", "a", "b", "i", "em", "strong", "mark", "code", "hyperlink", "inlinecode", "linebreak")
)
#: A block with these is another page's card.
CARD = frozenset(("slug", "url", "href", "permalink", "path"))
DEEPEST = 40
#: Wrappers that old validators wanted around a script's text.
OPENING = re.compile(r"\s*(?:(?://|/\*)?\s*<!\[CDATA\[\s*(?:\*/)?|<!--)")
CLOSING = re.compile(r"(?:(?://|/\*)?\s*\]\]>\s*(?:\*/)?|(?://)?\s*-->)\Z")
#: Characters of a script's beginning and end in which they are looked for.
EDGE = 200
#: Where a script assigns JSON.
STATE = re.compile(r"""=\s*(?=\{\s*"|\[\s*[\[{"])""")
#: A long string that a script gives a property of an object, whose name need not be in quotation marks.
PROPERTY = re.compile(r"""[{,]\s*["']?(\w{4,20})["']?\s*:\s*("(?:[^"\\]++|\\.)*+")""", re.DOTALL)
#: A string of JSON that a script parses; a piece of what React's server components send, and the head of a row of that: of
#: JSON, or of a text with its number of bytes.
PARSED = re.compile(r"""JSON\.parse\(\s*("(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+')""", re.DOTALL)
PIECE = re.compile(r"""__next_f\.push\(\[\d+,\s*("(?:[^"\\]++|\\.)*+")""", re.DOTALL)
ROW = re.compile(r"[0-9a-f]*:(?:T([0-9a-f]{1,7}),)?")
#: Signs within a string in single quotation marks that JSON writes in another way.
UNQUOTED = re.compile(r"""\\.|\"""", re.DOTALL)
#: Most values that a script assigns which are tried: each fault costs the lines before it.
MOST_STATES = 300
#: Types of scripts that run.
SCRIPT_TYPES = frozenset(("", "module", "text/javascript", "application/javascript"))
SENTENCE_END = re.compile(r"[.!?][\"'”’)]*(?:\s|$|<)|[。！？।؟]")
#: Fewest ends of sentences in a text that is prose.
MIN_SENTENCES = 4
DECODER = json.JSONDecoder(strict=False)  # line breaks inside strings are common
#: Longest paragraphs of a body that are looked for on the page, and the letters compared at several places of each.
PROBES, PROBE = 8, 30


def rescue_article(
    tree: HtmlElement, shown: int, prose: int, wrapped: Iterable[HtmlElement], scripts: Iterable[HtmlElement]
) -> bool:
    """Put a hidden article into the tree's body if the page shows little else; returns whether it did.

    Args:
        tree: the page; it is changed.
        shown: characters that it shows.
        prose: those of them that stand in paragraphs outside of menus.
        wrapped: its `noscript` elements.
        scripts: its scripts.
    """
    outer = (element for element in wrapped if next(element.iterancestors("noscript"), None) is None)
    unscripted = sum(length(text) for element in outer for text in element.itertext())
    if unscripted > max(shown, MIN_ARTICLE):
        for element in wrapped:
            element.tag = "div"
        return True
    least = MIN_ARTICLE if prose else MIN_ALONE
    body = _longest(schema_bodies(scripts), least)
    if prose < MIN_ARTICLE and not body:
        body = _longest(framework_bodies(scripts, least), least)
    total = sum(map(length, body))
    if not body or (total <= shown and (total <= prose or _is_shown(body, tree))):
        return False
    article = lxml.html.Element("article")
    for text in body:
        lxml.html.etree.SubElement(article, "p").text = writable(text)
    target = tree.find("body")
    (tree if target is None else target).append(article)
    return True


def _longest(bodies: Iterable[list[str]], least: int) -> list[str]:
    """The longest one, [] if that has fewer than `least` characters."""
    found = max(bodies, key=lambda body: sum(map(length, body)), default=[])
    return found if sum(map(size, found)) >= least else []


def _is_shown(body: list[str], tree: HtmlElement) -> bool:
    """Whether the page shows some of a body already."""
    shown = (
        text
        for element in tree.iter()
        for text in (element.tail, "" if element.tag in UNSEEN else element.text)
        if text
    )
    page = "".join(word for text in shown for word in text.split())
    longest = ("".join(unescape(text).split()) for text in sorted(body, key=len, reverse=True)[:PROBES])
    return any(text[at : at + PROBE] in page for text in longest for at in (0, len(text) // 3, 2 * len(text) // 3))


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


def framework_bodies(scripts: Iterable[HtmlElement], least: int) -> Iterator[list[str]]:
    """Paragraphs of each body in data that a framework leaves as JSON: in a script of its own, assigned, parsed or pushed in one."""
    pieces: list[str] = []
    for script in scripts:
        content = script.text or ""
        if not MIN_ALONE <= len(content) <= LONGEST_SCRIPT:
            continue
        if _type(script) == "application/json":
            data = _decode(unwrap(content))
            yield from _named_bodies(
                _inflate(data) if script.get("id") == NUXT and isinstance(data, list) else data, least
            )
        elif _type(script) in SCRIPT_TYPES:
            for state in (*_states(unwrap(content)), *map(_parse, PARSED.findall(content))):
                yield from _named_bodies(state, least)
            pieces += map(_decode, PIECE.findall(content))
            for found in PROPERTY.finditer(content) if "window." in content else ():
                if len(found[2]) >= least:
                    yield from _named_bodies({found[1]: _decode(found[2])}, least)
    yield from _named_bodies(list(_rows("".join(piece for piece in pieces if piece))), least)


def unwrap(content: str) -> str:
    """A script's text without the comment or the CDATA section around it."""
    opened = OPENING.match(content[:EDGE])
    if not opened:
        return content
    inside = content[opened.end() :].rstrip()
    closed = CLOSING.search(inside, max(0, len(inside) - EDGE))
    return inside[: closed.start()] if closed else inside


def paragraphs(text: str) -> list[str]:
    """Lines of a body that may hold HTML, also HTML that was escaped for another one."""
    if "<" not in text and "&lt;" in text:
        text = unescape(text)
    text = writable(text)  # JSON may hold characters that a tree does not accept
    if "<" in text:
        try:
            fragment = lxml.html.fragment_fromstring(text, create_parent="div")
        except (lxml.etree.ParserError, ValueError, AssertionError):  # lxml asserts that a whole page has one body
            return []
        for element in fragment.iter("p", "br", "li", "div", "h2", "h3", "h4"):
            element.tail = writable("\n" + (element.tail or ""))
        text = str(fragment.text_content())
    return [line for line in (" ".join(line.split()) for line in text.splitlines()) if line]


def _type(script: HtmlElement) -> str:
    """A script's media type without its parameters."""
    return (script.get("type") or "").partition(";")[0].strip().lower()


def _states(content: str) -> Iterator[Any]:
    """JSON values that a script assigns."""
    at = tried = 0
    while (found := STATE.search(content, at)) and tried < MOST_STATES:
        at, tried = found.end(), tried + 1
        try:
            value, at = DECODER.raw_decode(content, at)
        except ValueError as error:  # no JSON, or an integer of more digits than Python reads, which has no `pos`
            at = max(at, getattr(error, "pos", at))  # what was read is not read again
        except RecursionError:
            return
        else:
            yield value


def _decode(content: str) -> Any:  # noqa: ANN401 - JSON
    """The JSON value that a text begins with; None if there is none."""
    if len(content) > LONGEST_SCRIPT:
        return None
    try:
        return DECODER.raw_decode(content.lstrip())[0]
    except (ValueError, RecursionError):
        return None


def _parse(literal: str) -> Any:  # noqa: ANN401 - JSON
    """The JSON value in a string of a script."""
    if literal[0] == "'":
        signs = {"\\'": "'", '"': '\\"'}
        literal = '"' + UNQUOTED.sub(lambda sign: signs.get(sign[0], sign[0]), literal[1:-1]) + '"'
    content = _decode(literal)
    return _decode(content) if content else None


def _rows(data: str) -> Iterator[Any]:
    """Values of React's rows, each `id:JSON` in a line, or `id:T` and a text, which counts as HTML."""
    at = 0
    while found := ROW.match(data, at):
        start = found.end()
        if found[1]:
            end = int(found[1], 16)
            text = data[start : start + end].encode(errors="surrogatepass")[:end].decode(errors="ignore")
            at = start + len(text)
            yield {"html": text}
        else:
            at = data.find("\n", start) + 1 or len(data)
            yield _decode(data[start:at])


def _inflate(data: list[Any]) -> list[Any]:
    """Nuxt's data with its references resolved: a list whose objects and lists name their values by place in it."""
    found: list[Any] = [type(item)() if isinstance(item, (dict, list)) else item for item in data]

    def value(place: Any) -> Any:  # noqa: ANN401 - JSON
        return found[place] if isinstance(place, int) and 0 <= place < len(found) else place

    for shell, item in zip(found, data, strict=True):
        if isinstance(item, dict):
            shell.update((name, value(place)) for name, place in item.items())
        elif isinstance(item, list):
            shell.extend(map(value, item))
    return found


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


def _named_bodies(data: Any, least: int) -> Iterator[list[str]]:  # noqa: ANN401 - JSON
    """Bodies of a record: prose under the names that sites give to it."""
    budget, known = [MOST_VALUES], set[str]()
    for item in _objects(data):
        for name, value in item.items():
            if re.sub(r"[^a-z]", "", name.lower()) not in BODIES:
                continue
            body: list[str] = []
            if isinstance(value, str) and value not in known and size(value) >= least:
                known.add(value)  # many objects may name one text
                body = paragraphs(value)
            elif isinstance(value, list):
                body = [line for text in _block_texts(value, budget) for line in paragraphs(text)]
            if sum(len(SENTENCE_END.findall(line)) for line in body) >= MIN_SENTENCES:
                yield body


def _block_texts(value: Any, budget: list[int], depth: int = 0) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Texts of a list of blocks, in order, those within a paragraph joined. `budget` bounds the values read."""
    budget[0] -= 1
    if depth > DEEPEST or budget[0] < 0:
        return
    if _is_element(value):
        value = value[3] | {"type": value[1]}
    if isinstance(value, str):
        budget[0] -= len(value) // SHORT_VALUE
        yield value
    elif isinstance(value, list):
        texts = (text for item in value for text in _block_texts(item, budget, depth + 1))
        if depth and value and all(map(_is_inline, value)):
            yield "".join(texts)
        else:
            yield from texts
    elif isinstance(value, dict):
        if OTHER_KIND.search(_kind(value)) or ("title" in value and not CARD.isdisjoint(value)):
            return
        held = next((value[name] for name in TEXTS if isinstance(value.get(name), (str, list, dict))), None)
        yield from _block_texts(held, budget, depth + 1)


def _is_inline(item: Any) -> bool:  # noqa: ANN401 - JSON
    if _is_element(item):
        return item[1] in INLINE
    return isinstance(item, str) or (isinstance(item, dict) and _kind(item).lower() in INLINE)


def _is_element(item: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether a list is an element as React sends it: a sign, tag, key and properties."""
    return isinstance(item, list) and item[:1] == ["$"] and len(item) >= 4 and isinstance(item[3], dict)


def _kind(item: dict[str, Any]) -> str:
    return next((item[name] for name in KINDS if isinstance(item.get(name), str)), "")
