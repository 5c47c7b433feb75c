"""Shapes of pages, by size → seconds of processor time, memory and status; run by test_growth.py in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

import noisefilter
from noisefilter.page import MAX_BLOCKS, MAX_CHARACTERS, MAX_TAGS, MAX_TEXT
from tests.making import HTML_ARTICLE, SLUICE, vectors

if TYPE_CHECKING:
    from collections.abc import Callable

ARTICLE = "".join(f"<p>{line}</p>" for line in SLUICE)
PROSE = " ".join(SLUICE) + " "


def fill(size: int, pieces: Callable[[int], str], *, before: str = f"<html><body>{ARTICLE}", after: str = "") -> str:
    """So many pieces, each by its number, that the page is as large as asked for."""
    out, length = [before], len(before) + len(after)
    for number in count():
        if length >= size:
            return "".join((*out, after))
        out.append(pieces(number))
        length += len(out[-1])
    raise AssertionError


def same(piece: str, **around: str) -> Callable[[int], str]:
    """A shape of one piece again and again."""
    return lambda size: fill(size, lambda _: piece, **around)


def numbered(make: Callable[[int], str], **around: str) -> Callable[[int], str]:
    """A shape of pieces that differ."""
    return lambda size: fill(size, make, **around)


def nested(start: str, end: str = "", inside: str = "Rain fell.", depth: int = 10**9) -> Callable[[int], str]:
    """A shape of elements in each other, at most so deep, one such pile beside the other."""

    def make(size: int) -> str:
        own = min(depth, size // (len(start) + len(end)))
        return fill(size, lambda _: start * own + inside + end * own)

    return make


def word(number: int) -> str:
    """A word of its own for each number."""
    letters = ""
    while True:
        number, rest = divmod(number, 20)
        letters += "bcdfghjklmnpqrstvwxz"[rest] + "aeiou"[(number + rest) % 5]
        if not number:
            return letters


def known(number: int) -> str:
    """A word of the vector table for each number."""
    words = _known()
    return words[number % len(words)]


def known_words(number: int) -> str:
    """A word of the vector table and a blank."""
    return f"{known(number)} "


@lru_cache(maxsize=1)
def _known() -> list[str]:
    return [name for name in vectors().rows_by_word if name.isalpha()]


#: Rules that hide the classes of `hidden`.
HIDING = "".join(f".k{number}{{display:none}}" for number in range(200))


def hidden(name: str, count: int) -> str:
    """Short paragraphs of ids or classes of their own; by `HIDING`, and ids by themselves, they are hidden."""
    return "".join(f"<p {name}=k{number}{' hidden' * (name == 'id')}>Rain fell." for number in range(count))


SHAPES: dict[str, Callable[[int], str]] = {
    "a flat list": same("<li>Rain fell on the quay.", before=f"{ARTICLE}<ul>"),
    "a list of different words": numbered(lambda n: f"<li>{word(n)} {word(n + 7)}", before=f"{ARTICLE}<ul>"),
    "lists in lists": nested("<ul><li>Rain ", depth=200),
    "terms and descriptions": same("<dt>Rain<dd>It fell on the quay.", before=f"{ARTICLE}<dl>"),
    "terms and descriptions of known words": numbered(lambda n: f"<dt>{known(n)}<dd>{known(3 * n)} {known(n + 9)}", before=f"{ARTICLE}<dl>"),
    "terms without text": same("<dt><dd>", before=f"{ARTICLE}<dl>"),
    "table cells in a row": same("<td>Rain", before=f"{ARTICLE}<table><tr>"),
    "table cells in rows": same("<tr><td>Rain<td>12<td>3.5", before=f"{ARTICLE}<table>"),
    "tables": same("<table><tr><td>Rain</table>"),
    "tables in tables": nested("<table><tr><td>Rain ", depth=200),
    "line breaks": same("<br>"),
    "lines with breaks": same("Rain fell.<br>"),
    "rules": same("<hr>"),
    "paragraphs": same("<p>Rain."),
    "long paragraphs": same(f"<p>{PROSE}"),
    "paragraphs of different words": numbered(lambda n: f"<p>The {word(n)} met the {word(n * 7)} on {word(n * 3)}.</p>"),
    "boxes": same("<div>Rain</div>"),
    "nested boxes": nested("<div>", "</div>", depth=240),
    "very deep boxes": nested("<div>"),
    "nested inline elements": nested("<b><i>", depth=900),
    "inline elements": same("<b>Rain</b> <i>fell</i> "),
    "elements of their own names": numbered(lambda n: f"<x-{word(n)}>Rain</x-{word(n)}>"),
    "spans around letters": same("<span>r</span>"),
    "classes of their own": numbered(lambda n: f'<p class="{word(n)} {word(n + 1)}" id="{word(n * 3)}">Rain fell.</p>'),
    "long attributes": same(f'<p data-x="{"x" * 2000}">Rain.</p>'),
    "many attributes": numbered(lambda n: f" a{n}=1", before=f"{ARTICLE}<p", after=">Rain</p>"),
    "attributes without values": same(f"<p {' '.join(f'{chr(97 + n // 26)}{chr(97 + n % 26)}' for n in range(245))}>Rain.</p>"),
    "elements with attributes": same(f"<p {' '.join(f'a{n}=1' for n in range(200))}>Rain.</p>"),
    "links": same('<a href="/rain">Rain</a> '),
    "links to everywhere": numbered(lambda n: f'<li><a href="https://{word(n)}.example/{n}">{word(n)} on {word(n * 7)}</a>'),
    "links in a long paragraph": same(f'{SLUICE[0]} <a href="/rain">Rain fell</a>. ', before="<body><p>"),
    "links never closed": same("<a href=/rain>Rain "),
    "headings": same("<h2>What is rain?</h2>"),
    "headings and answers": same(f"<h2>What is rain?</h2><p>{SLUICE[2]}</p>"),
    "preformatted lines": same("rain = fell(quay)\n", before=f"{ARTICLE}<pre>"),
    "preformatted breaks": same("<br>", before=f"{ARTICLE}<pre>x"),
    "one text node": same(PROSE, before="<body><p>"),
    "one sentence without an end": same("rain and wind and ", before=f"{ARTICLE}<p>"),
    "one word": same("rain", before=f"{ARTICLE}<p>"),
    "short sentences": same("It fell. ", before=f"{ARTICLE}<p>"),
    "different sentences": numbered(lambda n: f"The {word(n)} saw {word(n * 7)}. ", before=f"{ARTICLE}<p>"),
    "sentences of known words": numbered(lambda n: f"The {known(n)} saw {known(n * 7)}. ", before=f"{ARTICLE}<p>"),
    "two long sentences of known words": lambda size: fill(size // 2, known_words, after="<p>") + fill(size // 2, known_words, before=""),
    "sentences with links": numbered(
        lambda n: f'<p>The {known(n)} saw <a href="https://{word(n)}.example/{known(n)}-{known(n + 1)}">{known(n * 3)}</a> and {known(n * 7)}.'
    ),
    "stops": same(". ", before=f"{ARTICLE}<p>"),
    "abbreviations": same("e.g. U.S. No. 5 p.m. ", before=f"{ARTICLE}<p>"),
    "blanks": same(" \n", before=f"{ARTICLE}<p>"),
    "comments": same("<!-- rain -->"),
    "open comments": same("<!-- rain "),
    "entities": same("&amp;&eacute;&#8364; ", before=f"{ARTICLE}<p>"),
    "unknown entities": same("&rain;&#x; ", before=f"{ARTICLE}<p>"),
    "CDATA": same("<![CDATA[rain]]>"),
    "scripts": same("<script>go()</script>"),
    "one script": same("go();", before=f"{ARTICLE}<script>"),
    "JSON-LD": same(f'<script type="application/ld+json">{{"articleBody": {json.dumps(PROSE)}}}</script>', before="<body>"),
    "JSON-LD in brackets": same("[", before=f'<body>{ARTICLE}<script type="application/ld+json">"text"'),
    "noscript": same("<noscript><p>Rain fell.</p></noscript>"),
    "noscript in noscript": nested("<noscript>", "</noscript>", depth=1500),
    "line numbers in line numbers": same(f"{'<span class=ln>' * 900}1{'</span>' * 900}", before=f"{ARTICLE}<pre>"),
    "hidden ids and a long script": same("go();", before=f"{ARTICLE}{hidden('id', 2000)}<script>"),
    "long rules of many classes": same(
        f"{''.join(f'.k{n}' for n in range(200))}{{{'x:y;' * 400}}}", before=f"{ARTICLE}{hidden('class', 200)}<style>{HIDING}"
    ),
    "rules never closed": numbered(lambda n: f".k{n % 200}{{", before=f"{ARTICLE}{hidden('class', 200)}<style>{HIDING}"),
    "drawings": same("<svg><path d='M0 0'/><text>Rain</text></svg>"),
    "templates": same("<template><p>Rain</template>"),
    "options": same("<option>Rain", before=f"{ARTICLE}<select>"),
    "forms": same("<form><input name=x><button>Rain</button>"),
    "pictures": same("<img src=/rain.png alt=Rain>"),
    "hidden boxes": same('<div style="display:none">Rain fell.</div>'),
    "ends without starts": same("</p></div></b>"),
    "open brackets": same("<"),
    "signs": same("|·•»", before=f"{ARTICLE}<p>"),
    "letters of other scripts": same("雨が降った。", before=f"{ARTICLE}<p>"),
    "metas": same('<meta property="og:title" content=" ">', before="<head>", after=f"</head><body>{ARTICLE}"),
}  # fmt: skip
TEXTS: dict[str, Callable[[int], str]] = {
    "a text of long lines": same(f"{PROSE}\n", before=""),
    "a text of short lines": same("Rain fell.\n", before=PROSE + "\n"),
    "a text of one line": same(PROSE, before=""),
    "a text of short sentences": same("It fell. ", before=PROSE),
    "a text of different words": numbered(lambda n: f"{word(n)} ", before=PROSE),
    "a text without blanks": same("rain", before=PROSE),
    "a text of exclamation marks": same("!", before=PROSE),
    "a text of quotes": same('"Rain," he said. ', before=PROSE),
    "a text of blank lines": same("\n", before=PROSE),
    "a text of brackets": same("<(", before=PROSE),
    "a text of labels": same("Read also\n", before=PROSE + "\n"),
    "a text of pointers": same("Rain fell. (Read also: Rain On The Quay) ", before=PROSE),
}


#: The largest pages of some shapes that are not `too_large`: a shape, and its size.
BOUNDS: dict[str, int] = {
    "terms and descriptions of known words": 14 * MAX_BLOCKS,
    "a list of different words": 18 * MAX_BLOCKS,
    "table cells in rows": 6 * MAX_BLOCKS,
    "boxes": 14 * MAX_BLOCKS,
    "sentences with links": 60 * MAX_BLOCKS,
    "sentences of known words": 20 * MAX_BLOCKS,
    "short sentences": 8 * MAX_BLOCKS,
    "rules": 4 * MAX_TAGS - 8000,
    "very deep boxes": 5 * MAX_TAGS - 50_000,
    "nested boxes": 5 * MAX_TAGS,
    "attributes without values": MAX_CHARACTERS - 20_000,
    "elements with attributes": 7 * MAX_TAGS,
    "one script": MAX_CHARACTERS - 1000,
    "noscript in noscript": 5 * MAX_TAGS - 10_000,
    "line numbers in line numbers": 5 * MAX_TAGS,
    "hidden ids and a long script": MAX_CHARACTERS - 1000,
    "long rules of many classes": 1_200_000,
    "rules never closed": 1_200_000,
    "one sentence without an end": MAX_TEXT - 2000,
    "two long sentences of known words": MAX_TEXT - 2000,
    "unknown entities": MAX_TEXT - 2000,
    "letters of other scripts": 6 * MAX_BLOCKS - 10_000,
    "a text of different words": MAX_TEXT - 1000,
    "a text of one line": MAX_TEXT - 1000,
    "a text of quotes": 12 * MAX_BLOCKS,
}
#: Sizes in which each shape is measured.
SIZES = (50_000, 100_000, 200_000)


def measure(name: str, size: int) -> list[float | str]:
    """Seconds of processor time, MiB that it takes beyond what the process holds, status; in a fork, for memory."""
    page = noisefilter.Page((SHAPES | TEXTS)[name](size), format="text" if name in TEXTS else "html")
    read, write = os.pipe()
    if not (child := os.fork()):
        before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        status = noisefilter.score(page).status
        row = time.process_time() - start, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, status
        os.write(write, json.dumps(row).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        told: list[float | str] = json.loads(pipe.read() or '[1e9, 1e9, "died"]')
    return told


def main() -> None:
    """Measure every shape in every size, and the largest pages, and print a JSON object."""
    for page in (HTML_ARTICLE, PROSE):  # the work of loading is nobody's
        noisefilter.score(page)
    growth = {name: [measure(name, size) for size in SIZES] for name in SHAPES | TEXTS}
    json.dump({"growth": growth, "bounds": {name: measure(name, size) for name, size in BOUNDS.items()}}, sys.stdout)


if __name__ == "__main__":
    main()
