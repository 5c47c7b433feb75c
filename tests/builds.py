"""Small pages by all combinations of story, make, place and shell, with what must and must not be extracted from them.

A case in `extraction.jsonl` is one page; a kind of fault shows on many builds of it. The parts are in `cases/builds.toml`.
"""

from __future__ import annotations

import json
import random
import re
import tomllib
from html import escape
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.making import TESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PARTS: dict[str, Any] = tomllib.loads((TESTS / "cases" / "builds.toml").read_text(encoding="utf8"))
STORIES: dict[str, Any] = PARTS["story"]
SHELLS: dict[str, str] = PARTS["shell"]
CODE = (
    "def lift(crane):\n    load = weigh(crane)\n    if load > LIMIT:\n        raise Overload(load)\n\n    return crane.hook(load)",
    'fn main() {\n    let tide = read("quay.csv");\n    for row in tide.iter() {\n        println!("{}", row.height);\n    }\n}',
)  # fmt: skip
HEADINGS = (
    "Newsletter of 1953", "Share of the market", "Comments by the board", "Related cranes", "Advertisement posters",
    "Subscribers and members", "Follow the rope", "More from Hallam", "Recommended load", "About the author of the plan",
    "Tags on the boiler", "Sign in and out", "Print", "Contact with the sea", "Cookies for the crew", "Popular with gulls",
)  # fmt: skip
DEMAND = "To follow along live, switch on JavaScript in your browser. New posts then appear by themselves."


class Build(NamedTuple):
    """A page with the texts that it must and must not give, and those that it gives once."""

    name: str
    html: str
    keep: tuple[str, ...]
    drop: tuple[str, ...] = ()
    once: tuple[str, ...] = ()


def sample(kind: str, most: int) -> list[Build]:
    """Some builds of a kind, always the same."""
    builds = list(KINDS[kind]())
    return random.Random(kind).sample(builds, min(most, len(builds)))


def faults(build: Build, text: str) -> list[str]:
    """What is wrong with a text that was extracted from a build."""
    words = " ".join(text.split())
    held = [f"lost: {wanted}" for wanted in build.keep if wanted not in text and " ".join(wanted.split()) not in words]
    kept = [f"kept: {unwanted}" for unwanted in build.drop if unwanted in words]
    return [*held, *kept, *(f"twice: {text}" for text in build.once if words.count(text) > 1)]


def fill(template: str, *values: str, **named: str) -> str:
    """The template with `%0`, `%1`, … and `%name` filled in."""
    filled = named | {str(number): value for number, value in enumerate(values)}
    return re.sub(r"%(\d|[a-z_]+)", lambda match: filled.get(match[1], match[0]), template)


def rows_of(make: list[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows as a make has them."""
    around, each = make
    return fill(around, rows="".join(fill(each, *row, n=str(number), feed="\n") for number, row in enumerate(rows, 1)))


def texts(paragraphs: Iterable[str]) -> str:
    """Paragraphs."""
    return "".join(f"<p>{escape(text, quote=False)}</p>" for text in paragraphs)


def starts(paragraphs: Iterable[str]) -> tuple[str, ...]:
    """Beginnings of texts, by which they are known."""
    return tuple(text[:60].rstrip() for text in paragraphs)


def put(paragraphs: list[str], part: str, place: str) -> str:
    """Paragraphs with a part among them."""
    at = {"start": 0, "second": 1, "middle": 3, "end": len(paragraphs)}[place]
    return texts(paragraphs[:at]) + part + texts(paragraphs[at:])


def page(
    shell: str,
    story: dict[str, Any],
    body: str,
    *,
    before: str = "",
    after: str = "",
    head: str = "",
    title: str = "",
    headed: bool = True,
) -> str:
    """A whole page; `body` is inside of its article, `before` and `after` are beside it."""
    words, title = PARTS["words"][story["lang"]], title or story["title"]

    def linked(names: list[str], each: str) -> str:
        return "".join(fill(each, name, n=str(number)) for number, name in enumerate(names))

    item, link = '<li><a href="/%n">%0</a></li>', '<a href="/%n">%0</a> '
    return fill(
        SHELLS[shell], lang=story["lang"], site=story["site"], title=title, rights=words["rights"], head=head, before=before,
        after=after, body=(f"<h1>{title}</h1>" if headed else "") + body,
        menu_items=linked(words["menu"], item), menu_links=linked(words["menu"], link),
        legal_items=linked(words["legal"], item), legal_links=linked(words["legal"], link),
    )  # fmt: skip


def with_part(shell: str, story: dict[str, Any], part: str, place: str, paragraphs: list[str] | None = None) -> str:
    """The story's page with a part among its paragraphs, or before or after all of it."""
    paragraphs = story["paragraphs"] if paragraphs is None else paragraphs
    before, after = (part if place == beside else "" for beside in ("before", "after"))
    body = texts(paragraphs) if before or after else put(paragraphs, part, place)
    return page(shell, story, body, before=before, after=after)


def facts() -> Iterator[Build]:
    makes, boxes = PARTS["make"]["facts"], ("%body", PARTS["box"]["plain"], PARTS["box"]["section"])
    for name, story in STORIES.items():
        for make, many, place, headed, box, shell in product(
            makes, (4, 7), ("start", "middle", "end"), (0, 1), boxes, SHELLS
        ):
            rows = story["facts"][:many]
            part = (f"<h2>{story['facts_title']}</h2>" if headed else "") + rows_of(makes[make], rows)
            body = put(story["paragraphs"], fill(box, body=part), place)
            cells = tuple(cell for row in rows for cell in row)
            yield Build(
                f"{name} {make} {many} {place} {shell}", page(shell, story, body), starts(story["paragraphs"]) + cells
            )


def boxes() -> Iterator[Build]:
    for name, story in STORIES.items():
        paragraphs = story["paragraphs"]
        taken = {"first": (0,), "last": (5,), "third": (2,), "first two": (0, 1), "last two": (4, 5)}
        for box, where, between, shell in product(PARTS["box"], taken, ("", "advertisement"), SHELLS):
            ad, inside = PARTS["words"][story["lang"]]["advertisement"], taken[where]
            groups = [inside if at == inside[0] else (at,) for at in range(6) if at not in inside[1:]]
            parts = [texts(paragraphs[at] for at in group) for group in groups]
            parts = [
                fill(PARTS["box"][box], body=part) if group == inside else part
                for part, group in zip(parts, groups, strict=True)
            ]
            body = (f"<div>{ad}</div>" if between else "").join(parts)
            yield Build(
                f"{name} {box} {where} {between} {shell}",
                page(shell, story, body),
                starts(paragraphs),
                (ad,) if between else (),
            )


def cards() -> Iterator[Build]:
    makes, around = PARTS["make"]["cards"], ("%body", PARTS["box"]["plain"], "<aside>%body</aside>")
    places = ("middle", "end", "before", "after")
    for name, story in STORIES.items():
        words = PARTS["words"][story["lang"]]
        for make, many, place, headed, box, shell in product(makes, (2, 3, 5), places, (0, 1), around, SHELLS):
            rows = words["cards"][:many]
            part = fill(box, body=(f"<h2>{words['more']}</h2>" if headed else "") + rows_of(makes[make], rows))
            drop = starts(text for head, teaser, _ in rows for text in (head, teaser))
            yield Build(
                f"{name} {make} {many} {place} {shell}",
                with_part(shell, story, part, place),
                starts(story["paragraphs"]),
                drop,
            )


def dialogs() -> Iterator[Build]:
    lengths: dict[str, Callable[[Any], list[str]]] = {
        "short": lambda story: story["short"], "two": lambda story: story["paragraphs"][:2], "full": lambda story: story["paragraphs"],
    }  # fmt: skip
    for name, story in STORIES.items():
        words = PARTS["words"][story["lang"]]
        for box, length, place, button, many, shell in product(
            PARTS["dialog"], lengths, ("before", "after"), PARTS["button"], (1, 3, 4), SHELLS
        ):
            asked, paragraphs = words["consent"][:many], lengths[length](story)
            buttons = "".join(fill(PARTS["button"][button], text) for text in words["consent_buttons"])
            part = fill(PARTS["dialog"][box], body=f"<h2>{words['consent_title']}</h2>{texts(asked)}{buttons}")
            html = with_part(shell, story, part, place, paragraphs)
            yield Build(
                f"{name} {box} {length} {place} {button} {many} {shell}", html, starts(paragraphs), starts(asked)
            )


def copies() -> Iterator[Build]:
    for name, story in STORIES.items():
        paragraphs = story["paragraphs"]
        for copy, many, shell in product(PARTS["copy"], (4, 6), SHELLS):
            body = fill(PARTS["copy"][copy], texts(paragraphs), texts(paragraphs[:many]))
            yield Build(
                f"{name} {copy} {many} {shell}", page(shell, story, body), starts(paragraphs), once=starts(paragraphs)
            )
        for quote, quoted, place, shell in product(PARTS["quote"], (0, 2, 4), ("start", "middle", "end"), SHELLS):
            body = put(paragraphs, fill(PARTS["quote"][quote], escape(paragraphs[quoted], quote=False)), place)
            yield Build(
                f"{name} {quote} {quoted} {place} {shell}",
                page(shell, story, body),
                starts(paragraphs),
                once=starts(paragraphs),
            )


def hidden() -> Iterator[Build]:
    for name, story in STORIES.items():
        note = PARTS["words"][story["lang"]]["note"]
        for way, place, shell in product(PARTS["hidden"], ("start", "second", "middle", "end"), SHELLS):
            body = put(story["paragraphs"], fill(PARTS["hidden"][way], note), place)
            yield Build(
                f"{name} {way} {place} {shell}", page(shell, story, body), starts(story["paragraphs"]), starts([note])
            )


def questions() -> Iterator[Build]:
    makes, around = PARTS["make"]["questions"], ("%body", PARTS["box"]["plain"], PARTS["box"]["section"])
    for name, story in STORIES.items():
        for make, lead, many, box, shell in product(makes, (0, 1, 2, 6), (3, 6), around, SHELLS):
            rows = story["questions"][:many]
            if lead == 0 and many == 3:
                continue
            body = texts(story["paragraphs"][:lead]) + fill(box, body=rows_of(makes[make], rows))
            html = page(shell, story, body, title=story["questions_title"] if lead < 6 else "")
            keep = starts(story["paragraphs"][:lead]) + starts(text for row in rows for text in row)
            yield Build(f"{name} {make} {lead} {many} {shell}", html, keep)


def posts() -> Iterator[Build]:
    makes = PARTS["make"]["posts"]
    for name, story in STORIES.items():
        for make, index, lead, ad, shell in product(makes, ("", "index", "index and notice"), (0, 1), (0, 1), SHELLS):
            rows, paragraphs = story["posts"], story["paragraphs"][:lead]
            items = "".join(
                f'<li><a href="#p{at}">{time} {text[:38]}</a></li>' for at, (time, text) in enumerate(rows[:4])
            )
            above = f'<div class="key-events"><h2>Key events</h2><ul>{items}</ul></div>' if index else ""
            above += texts([DEMAND]) if "notice" in index else ""
            between = '<div class="ad">Advertisement</div>'
            parts = [rows[:4], rows[4:]] if ad else [rows]
            body = texts(paragraphs) + above + between.join(rows_of(makes[make], part) for part in parts)
            html = page(shell, story, body)
            yield Build(
                f"{name} {make} {index} {lead} {ad} {shell}",
                html,
                starts(paragraphs) + starts(text for _, text in rows),
                (DEMAND,),
            )


def code() -> Iterator[Build]:
    makes = PARTS["make"]["code"]
    bars = {
        "": "%0",
        "button": '<div class="code-box">%0<button>Copy</button></div>',
        "bar": '<div class="wrap"><div class="bar"><span>python</span><button class="copy">Copy code</button></div>%0</div>',
    }

    def marked(line: str) -> str:
        return re.sub(r"\S+", lambda word: f'<span class="t">{word[0]}</span>', escape(line, quote=False))

    for name, story in STORIES.items():
        for make, source, bar, place, shell in product(makes, CODE, bars, ("second", "middle", "end"), SHELLS):
            rows = [
                (escape(line, quote=False), marked(line), escape(line, quote=False).replace(" ", "\u00a0") or "\u00a0")
                for line in source.split("\n")
            ]
            body = put(story["paragraphs"], fill(bars[bar], rows_of(makes[make], rows)), place)
            yield Build(
                f"{name} {make} {bar} {place} {shell}",
                page(shell, story, body),
                (*starts(story["paragraphs"]), source),
                ("Copy",),
            )


def headings() -> Iterator[Build]:
    for name, story in STORIES.items():
        if story["lang"] != "en":
            continue
        for heading, tag, shell in product(
            HEADINGS, ("<h2>%0</h2>", "<h3>%0</h3>", "<h4>%0</h4>", "<p><strong>%0</strong></p>"), SHELLS
        ):
            first, second, third = (texts(story["paragraphs"][at : at + 2]) for at in (0, 2, 4))
            body = first + fill(tag, "Release") + second + fill(tag, heading) + third
            yield Build(
                f"{name} {heading} {tag} {shell}",
                page(shell, story, body),
                (*starts(story["paragraphs"]), heading, "Release"),
            )


def scripts() -> Iterator[Build]:
    def plain(value: object) -> str:
        return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")

    def typed(value: object, kind: str = "application/json", id: str = "data") -> str:  # noqa: A002 - the attribute
        return f'<script id="{id}" type="{kind}">{plain(value)}</script>'

    for name, story in STORIES.items():
        paragraphs, title = story["paragraphs"], story["title"]
        markup, schema = (
            texts(paragraphs),
            {"@type": "NewsArticle", "headline": title, "articleBody": "\n\n".join(paragraphs)},
        )
        elements = [["$", "p", None, {"children": text}] for text in paragraphs]
        flight = plain(["$", "article", None, {"children": elements}])
        nodes = [{"type": "p", "children": [{"text": text}]} for text in paragraphs]
        states = {
            "schema": typed({"@context": "https://schema.org", **schema}, "application/ld+json"),
            "schema in a comment": f'<script type="application/ld+json">\n//<![CDATA[\n{plain(schema)}\n//]]>\n</script>',
            "schema in a graph": typed({"@graph": [{"@type": "WebSite", "name": story["site"]}, schema]}, "application/ld+json"),
            "markup": typed({"props": {"pageProps": {"article": {"title": title, "body": markup}}}}, id="__NEXT_DATA__"),
            "blocks": typed({"props": {"post": {"content": [{"type": "paragraph", "text": text} for text in paragraphs]}}}),
            "nodes": f"<script>window.__APOLLO_STATE__={plain({'Article:1': {'title': title, 'body': {'json': nodes}}})}</script>",
            "assigned": f"<script>window.__INITIAL_STATE__ = {plain({'article': {'title': title, 'html': markup}})};</script>",
            "parsed": f"<script>window.__STATE__ = JSON.parse({plain(plain({'story': {'content': markup}}))});</script>",
            "paragraphs": typed({"story": {"headline": title, "paragraphs": paragraphs}}),
            "elements": f"<script>self.__next_f.push([1,{plain(f'5:{flight}')}])</script>",
            "text": f"<script>self.__next_f.push([1,{plain(f'5:T{len(markup.encode()):x},{markup}')}])</script>",
        }  # fmt: skip
        for (way, state), shown, shell in product(
            states.items(), ("Loading...", "", "Please enable JavaScript to view this page."), SHELLS
        ):
            html = page(shell, story, f'<div id="root">{shown}</div>', after=state, headed=False)
            yield Build(f"{name} {way} {shown} {shell}", html, starts(paragraphs), (shown,) if shown else ())


def shadows() -> Iterator[Build]:
    for name, story in STORIES.items():
        first, rest = texts(story["paragraphs"][:3]), texts(story["paragraphs"][3:])
        for way, mode, shell in product(PARTS["shadow"], ("open", "closed"), SHELLS):
            body = fill(PARTS["shadow"][way], first, rest, open=f'<template shadowrootmode="{mode}">')
            yield Build(f"{name} {way} {mode} {shell}", page(shell, story, body), starts(story["paragraphs"]))


def furniture() -> Iterator[Build]:
    around = ("<div>%0</div>", '<div class="css-v1">%0</div>', "<aside>%0</aside>", "<section>%0</section>")
    for name, story in STORIES.items():
        if story["lang"] != "en":
            continue
        for (kind, (part, drop)), box, place, shell in product(
            PARTS["furniture"].items(), around, ("middle", "end", "before", "after"), SHELLS
        ):
            if kind == "author" and place in {"middle", "before"}:
                continue
            yield Build(
                f"{name} {kind} {place} {shell}",
                with_part(shell, story, fill(box, part), place),
                starts(story["paragraphs"]),
                (drop,),
            )


KINDS: dict[str, Callable[[], Iterator[Build]]] = {
    "facts": facts, "boxes": boxes, "cards": cards, "dialogs": dialogs, "copies": copies, "hidden": hidden, "questions": questions,
    "posts": posts, "code": code, "headings": headings, "scripts": scripts, "shadows": shadows, "furniture": furniture,
}  # fmt: skip
