"""Seed and number → page: mutated pages of the corpus, tag soup from a grammar, and broken plain text. All are small."""

from __future__ import annotations

import json
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from noisefilter.html.tags import BLOCK_LEVEL, SKIPPED
from noisefilter.types import Page
from tests.making import CORPUS, SLUICE

if TYPE_CHECKING:
    from collections.abc import Callable

#: Characters of a page of the corpus that are mutated; whole pages would make the fuzz slow and find nothing more.
SLICE = 2_500
BLOCK_TAGS = sorted(BLOCK_LEVEL)
INLINE_TAGS = tuple("a a a abbr acronym b bdo big br br cite code del dfn em font i img ins kbd label mark q ruby rt s span "
                    "span strong sub sup time tt u var wbr x-card nobr slot".split())  # fmt: skip
ODD_TAGS = (
    *sorted(SKIPPED),
    *"xmp plaintext noembed noframes frameset frame image marquee isindex listing menuitem keygen base link meta title html "
    "head body col colgroup option g text path foreignObject mi annotation-xml desc content shadow picture portal".split(),
    "a:b", "-", "x-", "0", "p<", "di\u00e9", "a" * 300, "!", "?xml",
)  # fmt: skip
NAMES = (
    *"class id style href src title role hidden aria-hidden itemprop data-x onclick lang dir width xmlns xml:lang property content "
    "name type rel ping".split(),
    "@click", ":is", "a'b", "=", '"', "\u00e9", "on" * 40,
)  # fmt: skip
VALUES = (
    "", "x", "article body", "sidebar promo", "display:none", "visibility : hidden", "/news", "https://quay.example/a?b=1&c=2",
    "http://[::1", "http://[", "//", "javascript:x", "mailto:a@b", "#", "\x01", "data:,", "http://\u2603.example", "true", "og:title",
    "articleBody", "display:none" * 30, "&quot;", "\ud800", "http://x:99999999/", "ld+json", "utf-8", "0", "1px",
)  # fmt: skip
TOKENS = (
    "<", ">", "</", "/>", "<>", "</>", "< p>", "&", "&#", "&#0;", "&#1;", "&#x1b;", "&#xD800;", "&#xFFFE;", "&#xFFFFFFFF;", "&amp", "&lt;", "&nbsp;",
    "&notit;", "&NoSuch;", "<!--", "-->", "--!>", "<!-->", "<![CDATA[", "]]>", "<?php", "?>", "<!DOCTYPE html>", "<!doctype", "\x00",
    "\x01", "\x08", "\x0b", "\x0c", "\x1b[31m", "\x1f", "\x7f", "\x85", "\xa0", "\u200b", "\u2028", "\u2029", "\u202e", "\ufeff", "\ufffe", "\uffff",
    "\ud800", "\udfff", "\U0001f327", "\U000e0041", "e\u0301" * 9, "\u0130", "\u01c5", "\ufb01", "\u1e9e", "\u00ad", "\u3000", "雨", "\u0661\u0662",
    "\r", "\r\n", "\n\n", "\t", " ", "...", "?!", ".", ". ", "''", '"', "\u201c", "a.b.c", "e.g.", "U.S.", "1.5", "x" * 400, "a-" * 200, "(" * 50,
    "http://a.b/c", "$1,000", "<br>", "<br/>", "<pre>", "</pre>", "<p", "<a href=", "</p>", "</body>", "</html>", "<body>", "<html>", "<svg>",
    "</svg>", "<math>", "<template>", "</template>", "<noscript>", "<script>", "</script>", "<style>", "<title>", "</title>", "<table>",
    "<tr>", "<td>", "</table>", "<select>", "<option>", "<li>", "<dl><dt>", "<frameset>", "<plaintext>", "<textarea>", "<iframe>", "<h1>",
)  # fmt: skip
LINES = (
    *SLUICE, "Home", "Share this", "© 2025 The Quay. All rights reserved.", "By Anton Reyle", "Also read: Cats Dance On Pier", "Key Takeaways",
    "In conclusion, sluices matter more than ever in our world.", "Buy now and save 40% on boots!", "What is a sluice?", "1. Maud Perrin",
    "The gates were forged in 1911, just as Rico Banderas Drops Surprise Album, by the firm of Brandt.",
)  # fmt: skip
CHARSETS = tuple(
    "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 cp1252 shift_jis gb18030 koi8-r cp037 utf-7".split()
)
URLS = (None, "https://quay.example/rain", "http://[", "", "\ud800", "file:///x", "quay", "https://\u2603/\x00")
TITLES = (None, "Harbour board votes to repair the sluice", "", "\x00\ud800", "<b>&amp;", "\x1b[2J", "\n")


def make_page(seed: int, number: int) -> Page:
    """The page of a number: the same on every machine."""
    random = Random(f"{seed}/{number}")
    text = random.choices((mutate, soup, plain), (6, 4, 1))[0](random)
    content = encode(text, random) if random.random() < 0.4 else text
    plainly = random.random() < 0.1
    return Page(
        content,
        random.choice(URLS),
        random.choice(TITLES) if random.random() < 0.3 else None,
        "text" if plainly else "auto",
    )


@lru_cache(maxsize=1)
def _corpus() -> list[str]:
    return [path.read_text(encoding="utf8") for path in sorted(CORPUS.glob("**/*.html"))]


def _slice(random: Random) -> str:
    """A stretch of a page of the corpus, now and then with its head and foot."""
    text = random.choice(_corpus())
    start = random.randrange(max(1, len(text) - SLICE))
    middle = text[start : start + random.randrange(200, SLICE)]
    head, foot = (text[:300] if random.random() < 0.5 else ""), (text[-200:] if random.random() < 0.3 else "")
    return head + middle + foot


def mutate(random: Random) -> str:
    """A stretch of the corpus with a few random changes."""
    text = _slice(random)
    for _ in range(random.choice((1, 2, 3, 5, 8, 20))):
        text = random.choice(MUTATIONS)(text, random)[: 4 * SLICE]
    return text


def _spot(text: str, random: Random, length: int) -> tuple[int, int]:
    start = random.randrange(len(text) + 1)
    return start, min(len(text), start + random.randrange(1, length))


def _cut(text: str, random: Random) -> str:
    start, end = _spot(text, random, 200)
    return text[:start] + text[end:]


def _double(text: str, random: Random) -> str:
    start, end = _spot(text, random, 300)
    return text[:end] + text[start:end] * random.choice((1, 1, 2, 8)) + text[end:]


def _move(text: str, random: Random) -> str:
    start, end = _spot(text, random, 300)
    rest, at = text[:start] + text[end:], random.randrange(len(text) + 1)
    return rest[:at] + text[start:end] + rest[at:]


def _insert(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(TOKENS) * random.choice((1, 1, 1, 3, 30)) + text[at:]


def _insert_in_tag(text: str, random: Random) -> str:
    at = text.find("<", random.randrange(len(text) + 1)) + 1
    return text[:at] + random.choice((*BLOCK_TAGS, *ODD_TAGS, *TOKENS)) + text[at:]


def _insert_attribute(text: str, random: Random) -> str:
    at = text.find(">", random.randrange(len(text) + 1))
    return text[:at] + _attributes(random) + text[at:] if at >= 0 else text


def _swap_tag(text: str, random: Random) -> str:
    old, new = (
        random.choice(("p", "div", "li", "a", "span", "h2", "article", "ul", "nav")),
        random.choice((*BLOCK_TAGS, *ODD_TAGS)),
    )
    out = text.replace(f"<{old}", f"<{new}")
    return out.replace(f"</{old}>", f"</{new}>") if random.random() < 0.7 else out


def _drop_ends(text: str, random: Random) -> str:
    tag = random.choice(("p", "div", "li", "a", "span", "script", "title", "article", "b"))
    return text.replace(f"</{tag}>", "")


def _replace(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return (
        text[:at]
        + chr(random.choice((random.randrange(0x20), random.randrange(0x3000), random.randrange(0x110000))))
        + text[at + 1 :]
    )


def _wrap(text: str, random: Random) -> str:
    start, end = _spot(text, random, 600)
    return text[:start] + _wrapped(text[start:end], random) + text[end:]


def _wrapped(inside: str, random: Random) -> str:
    tag = random.choice(("pre", "a", "b", "table", "svg", "template", "noscript", *BLOCK_TAGS, *ODD_TAGS))
    return f"<{tag}>{inside}</{tag}>" if random.random() < 0.8 else f"<{tag}>" * random.choice((1, 5, 60)) + inside


def _splice(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + _slice(random)[:600] + text[at:]


def _escape(text: str, random: Random) -> str:
    start, end = _spot(text, random, 100)
    return text[:start] + "".join(f"&#{ord(sign)};" for sign in text[start:end]) + text[end:]


def _json_ld(text: str, random: Random) -> str:
    body: object = random.choice((" ".join(SLUICE), _slice(random)[:800], [], 5, "x" * 500, None))
    record = json.dumps(
        {random.choice(("articleBody", "text", "@graph")): random.choice((body, [body], {"text": body}))}
    )
    script = f'<script type="application/ld+json">{record[: random.choice((len(record), len(record), 60))]}</script>'
    return script + text if random.random() < 0.5 else script + "<p>Loading</p>"


MUTATIONS: tuple[Callable[[str, Random], str], ...] = (
    _cut, _cut, _double, _move, _insert, _insert, _insert_in_tag, _insert_attribute, _swap_tag, _drop_ends, _replace, _wrap, _splice,
    _escape, _json_ld,
)  # fmt: skip


def soup(random: Random) -> str:
    """Elements of all kinds in each other, some never closed, with text, entities and stray signs between."""
    parts = [
        random.choice(
            (
                "",
                "",
                "<!doctype html>",
                "<html><body>",
                "<html><head><title>Rain</title></head><body>",
                "<?xml version='1.0'?>",
            )
        )
    ]
    parts += [_element(random, random.choice((2, 3, 4, 6))) for _ in range(random.randrange(1, 12))]
    return "".join(parts)[: 4 * SLICE]


def _element(random: Random, depth: int) -> str:
    tag = random.choice(random.choices((BLOCK_TAGS, INLINE_TAGS, ODD_TAGS, ("pre", "br")), (5, 4, 2, 1))[0])
    content = [
        _element(random, depth - 1) if depth and random.random() < 0.5 else _text(random)
        for _ in range(random.choice((0, 1, 1, 2, 3)))
    ]
    attributes = _attributes(random) if random.random() < 0.4 else ""
    end = f"</{tag}>" if random.random() < 0.85 else random.choice(("", "", "</p>", "</", f"</{tag}", "/>"))
    return f"<{tag}{attributes}>{''.join(content)}{end}"


def _attributes(random: Random) -> str:
    pairs = []
    for _ in range(random.choice((1, 1, 2, 5))):
        quote = random.choice(('"', '"', "'", "", "`"))
        pairs.append(f" {random.choice(NAMES)}={quote}{random.choice(VALUES)}{quote}")
    return "".join(pairs)


def _text(random: Random) -> str:
    line = random.choice(LINES) if random.random() < 0.7 else random.choice(TOKENS)
    return " ".join([line, *random.sample(LINES, random.choice((0, 0, 1, 4)))])


def plain(random: Random) -> str:
    """Lines of text, with signs that text seldom holds."""
    lines = [
        random.choice(LINES) if random.random() < 0.7 else random.choice(TOKENS) for _ in range(random.randrange(1, 25))
    ]
    return random.choice(("\n", "\n\n", " ", "\r\n", "", "\u2028", "\x0b")).join(lines)


def encode(text: str, random: Random) -> bytes:
    """The text in some character set, declared rightly, wrongly or not at all, with a few bytes flipped."""
    if random.random() < 0.3:
        declared = random.choice((*CHARSETS, "x-user-defined", "hex", "undefined", "\u00e9"))
        text = f'<meta charset="{declared}">{text}'
    content = bytearray(text.encode(random.choice(CHARSETS) if random.random() < 0.6 else "utf-8", "replace"))
    for _ in range(random.choice((0, 0, 1, 10)) if content else 0):
        content[random.randrange(len(content))] = random.randrange(256)
    return bytes(content)
