"""Labelled pages → the same pages in other layouts, with gold text: layouts too rare in a corpus to be learned.

A lead in a box with the headline, a last paragraph in a box of its own, a consent dialog longer than the article, facts
in rows, questions with their answers, cards of other stories, a thread of comments, the posts of a live blog. The added
text was written for this, or is the start of another page.
"""

from __future__ import annotations

import random
import tomllib
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING
from zlib import crc32

import lxml.html
from lxml.html import builder

from noisefilter.html.parse import parse_html
from noisefilter.page import PAGE_FAULTS, read_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lxml.html import HtmlElement

    from noisefilter.labels import LabelledPage

    #: Changes a page's tree, and returns the new gold text.
    Layout = Callable[["Sheet", random.Random], str]
    #: Makes an element of pairs of texts.
    Pairs = Callable[[Sequence[tuple[str, str]]], HtmlElement]

#: What is put into the pages; `{d}` and `{n}` stand for numbers.
TEXTS = tomllib.loads((files("noisefilter.learn") / "layouts.toml").read_text(encoding="utf8"))
#: One page in this many is given another layout.
EVERY = 1
#: Fewest words of a paragraph of the article.
MIN_WORDS = 12
#: Number of the latest stories, which cards are made from.
STORIES = 40

THREADS = ("comments", "commentlist", "responses", "discussion", "thread", "replies", "")


class Sheet:
    """A page's tree with the paragraphs of its article and its gold text; `stories` are titles and openings of others."""

    def __init__(self, tree: HtmlElement, gold: str, stories: list[tuple[str, str]]) -> None:
        self.tree, self.gold, self.stories = tree, gold, stories
        known = " ".join(gold.split())
        self.paragraphs = [
            (element, text)
            for element in tree.iter("p")
            if len((text := " ".join(element.text_content().split())).split()) >= MIN_WORDS and text in known
        ]

    def body(self) -> HtmlElement:
        """The page's body."""
        found = self.tree.find("body")
        return self.tree if found is None else found


def varied(pages: Iterable[LabelledPage]) -> Iterator[LabelledPage]:
    """Articles with gold text, one page in `EVERY`, each in another layout."""
    stories: list[tuple[str, str]] = []
    for page in pages:
        if page.main_text is None or page.page_type != "article":
            continue
        chance = random.Random(crc32(page.id.encode("utf8", "surrogatepass")))
        if chance.randrange(EVERY) == 0 and len(stories) == STORIES:
            made = _lay_out(page, stories, chance)
            if made is not None:
                yield made
        title, words = page.page.title, page.main_text.split()[:18]
        if title and len(words) > MIN_WORDS:
            stories = [*stories, (title, " ".join(words) + ".")][-STORIES:]


def _lay_out(page: LabelledPage, stories: list[tuple[str, str]], chance: random.Random) -> LabelledPage | None:
    read = read_page(page.page)
    if read.status != "ok" or read.format == "text":
        return None
    try:
        sheet = Sheet(parse_html(str(read.content)), page.main_text or "", stories)
        if len(sheet.paragraphs) < 4:
            return None
        gold = chance.choice(LAYOUTS)(sheet, chance)
        html = lxml.html.tostring(sheet.tree, encoding="unicode")
    except PAGE_FAULTS:
        return None
    return replace(page, id=f"{page.id}-laid-out", page=replace(page.page, content=html), main_text=gold)


def box_lead(sheet: Sheet, chance: random.Random) -> str:
    """Put the first paragraph in a box of its own before the element that holds the others."""
    first = sheet.paragraphs[0][0]
    holder = sheet.paragraphs[1][0].getparent()
    _take_out(first)
    box = _box(chance)
    heading = next(sheet.tree.iter("h1"), None)
    if heading is not None and heading.getparent() is holder:
        _take_out(heading)
        box.append(heading)
    box.append(first)
    holder.addprevious(box)
    return sheet.gold


def box_last(sheet: Sheet, chance: random.Random) -> str:
    """Put the last paragraph in a box of its own, inside the element that holds the others or after it."""
    last = sheet.paragraphs[-1][0]
    box = _box(chance)
    if chance.random() < 0.5:
        last.addprevious(box)
        _take_out(last)
    else:
        holder = last.getparent()
        _take_out(last)
        holder.addnext(box)
    box.append(last)
    return sheet.gold


def ask_consent(sheet: Sheet, chance: random.Random) -> str:
    """Add a consent dialog, and half of the time keep only one to three paragraphs of the article."""
    lines = [_fill(line, chance) for line in chance.sample(TEXTS["consent"], chance.randint(2, 6))]
    dialog = lxml.html.Element(chance.choice(("div", "section", "div", "aside")), dict(chance.choice(TEXTS["dialogs"])))
    if chance.random() < 0.5:
        dialog.append(
            builder.H2(chance.choice(("We value your privacy", "Your privacy", "Cookies", "Before you continue")))
        )
    dialog.extend(builder.P(line) for line in lines)
    dialog.extend(builder.E.button(label) for label in chance.sample(TEXTS["buttons"], 2))
    sheet.body().insert(0 if chance.random() < 0.6 else len(sheet.body()), dialog)
    if chance.random() < 0.5:
        return sheet.gold
    kept = chance.randint(1, 3)
    for element, _ in sheet.paragraphs[kept:]:
        _take_out(element)
    dropped = {text for _, text in sheet.paragraphs[kept:]}
    return "\n".join(line for line in sheet.gold.split("\n") if " ".join(line.split()) not in dropped)


def _terms(pairs: Sequence[tuple[str, str]]) -> HtmlElement:
    return builder.DL(*(part for a, b in pairs for part in (builder.DT(a), builder.DD(b))))


#: How facts stand: rows of a table, a list of terms, or elements that look like rows.
FACTS: tuple[Pairs, ...] = (
    lambda pairs: builder.TABLE(*(builder.TR(builder.TD(a), builder.TD(b)) for a, b in pairs)),
    lambda pairs: builder.TABLE(*(builder.TR(builder.TH(a), builder.TD(b)) for a, b in pairs)),
    _terms,
    lambda pairs: _div("facts", *(_div("row", builder.DIV(a), builder.DIV(b)) for a, b in pairs)),
    lambda pairs: builder.DIV(*(builder.DIV(builder.SPAN(a), " ", builder.SPAN(b)) for a, b in pairs)),
    lambda pairs: builder.UL(*(builder.LI(builder.B(a), f" {b}") for a, b in pairs)),
)
#: How questions stand with their answers.
QUESTIONS: tuple[Pairs, ...] = (
    lambda pairs: builder.DIV(*(builder.E.details(builder.E.summary(a), builder.P(b)) for a, b in pairs)),
    _terms,
    lambda pairs: builder.DIV(*(part for a, b in pairs for part in (builder.H3(a), builder.P(b)))),
    lambda pairs: _div("accordion", *(_div("item", builder.E.button(a), _div("panel", b)) for a, b in pairs)),
)

#: How the headline and the opening of another story stand with its link.
CARDS: tuple[Callable[[str, str, dict[str, str]], HtmlElement], ...] = (
    lambda title, opening, link: _div("card", builder.H3(builder.A(title, link)), builder.P(opening)),
    lambda title, opening, link: builder.A(builder.H4(title), builder.P(opening), link),
    lambda title, opening, link: builder.LI(builder.A(title, link), builder.SPAN(f" {opening}")),
    lambda title, opening, link: builder.E.article(builder.A(builder.STRONG(title), link), builder.DIV(opening)),
)


def add_facts(sheet: Sheet, chance: random.Random) -> str:
    """Add facts to the article, in one of the ways of `FACTS`."""
    labels = chance.sample(TEXTS["labels"], chance.randint(3, 7))
    pairs = [(label, _fill(chance.choice(TEXTS["values"]), chance)) for label in labels]
    return _add(sheet, chance.choice(FACTS)(pairs), [text for pair in pairs for text in pair], chance)


def add_questions(sheet: Sheet, chance: random.Random) -> str:
    """Add questions with their answers to the article, in one of the ways of `QUESTIONS`."""
    pairs = [(a, _fill(b, chance)) for a, b in chance.sample(TEXTS["questions"], chance.randint(3, 6))]
    return _add(sheet, chance.choice(QUESTIONS)(pairs), [text for pair in pairs for text in pair], chance)


def add_cards(sheet: Sheet, chance: random.Random) -> str:
    """Add cards of other stories in the article or at its end, in one of the ways of `CARDS`; the gold text stays."""
    card = CARDS[chance.randrange(len(CARDS))]
    stories = chance.sample(sheet.stories, chance.randint(3, 6))
    cards = [card(*story, {"href": f"/s/{number}"}) for number, story in enumerate(stories)]
    names = ("cards", "grid", "teasers", "list", "row")
    holder = builder.UL(*cards) if cards[0].tag == "li" else _div(chance.choice(names), *cards)
    _add(sheet, holder, [], chance)
    return sheet.gold


def add_comments(sheet: Sheet, chance: random.Random) -> str:
    """Add a thread of comments below the article; the gold text stays."""
    comments = []
    kind, reply = chance.randrange(3), chance.random() < 0.7
    for _ in range(chance.randint(3, 12)):
        remarks = [_fill(remark, chance) for remark in chance.sample(TEXTS["remarks"], chance.randint(1, 4))]
        if chance.random() < 0.3:
            remarks.append(chance.choice(sheet.stories)[1])
        when = _fill(chance.choice(TEXTS["dates"]), chance)
        parts = [
            builder.DIV(builder.B(chance.choice(TEXTS["names"])), builder.SPAN(f" {when}")),
            builder.P(" ".join(remarks)),
        ]
        if reply:
            parts.append(builder.A("Reply", {"href": "#reply"}))
        comments.append(
            builder.LI(*parts) if kind == 0 else builder.DIV(*parts, {"class": "comment"} if kind == 1 else {})
        )
    name = chance.choice(THREADS)
    thread = builder.OL(*comments) if kind == 0 else builder.DIV(*comments)
    if name:
        thread.set(chance.choice(("class", "id")), name)
    holder = sheet.paragraphs[-1][0].getparent()
    _put_after(holder, thread)
    heading = chance.choice(
        ("{n} Comments", "Comments", "Responses", "What do you think?", "Discussion ({n})", "Join the conversation")
    )
    thread.addprevious(builder.H3(heading.format(n=len(comments))))
    return sheet.gold


def make_posts(sheet: Sheet, chance: random.Random) -> str:
    """Make the article the posts of a live blog, each with its time; some have an index and a notice above them."""
    tag, heading = chance.choice(("article", "div", "li", "section")), chance.choice(("h2", "h3", "h4", "time", "div"))
    named, minute, posts = chance.random() < 0.5, chance.randrange(600, 1200), []
    holder = lxml.html.Element("ul" if tag == "li" else "div")
    sheet.paragraphs[0][0].addprevious(holder)
    for number, (element, text) in enumerate(sheet.paragraphs):
        minute -= chance.randint(1, 20)
        when = chance.choice(("{}.{:02}", "{}:{:02}")).format(minute // 60, minute % 60)
        post = lxml.html.Element(tag, {"id": f"post-{number}", **({"class": "post"} if named else {})})
        head = lxml.html.Element(heading)
        head.text = when
        _take_out(element)
        post.extend([head, element])
        holder.append(post)
        posts.append((number, f"{when} {text[: chance.randint(20, 50)]}"))
    if chance.random() < 0.6:
        links = (builder.LI(builder.A(text, {"href": f"#post-{number}"})) for number, text in posts[:8])
        holder.addprevious(
            builder.DIV(builder.H2(chance.choice(("Key events", "In short", "Latest"))), builder.UL(*links))
        )
    if chance.random() < 0.5:
        holder.addprevious(builder.P(_fill(chance.choice(TEXTS["notices"]), chance)))
    return sheet.gold


#: The layouts, each as often as it is to be drawn.
LAYOUTS: tuple[Layout, ...] = (
    *(box_lead, box_last, add_facts, add_questions, make_posts) * 2,
    *(ask_consent, add_cards, add_comments) * 3,
)


def _add(sheet: Sheet, block: HtmlElement, texts: list[str], chance: random.Random) -> str:
    """Put a block after one of the paragraphs; returns the gold text with its texts there."""
    element, text = chance.choice(sheet.paragraphs)
    _put_after(element, block)
    if not texts:
        return sheet.gold
    lines = sheet.gold.split("\n")
    place = next((row for row, line in enumerate(lines) if text in " ".join(line.split())), len(lines) - 1)
    return "\n".join([*lines[: place + 1], *texts, *lines[place + 1 :]])


def _div(name: str, *content: HtmlElement | str) -> HtmlElement:
    return builder.DIV(*content, {"class": name})


def _box(chance: random.Random) -> HtmlElement:
    name = chance.choice(TEXTS["boxes"])
    return lxml.html.Element(chance.choice(("div", "section", "div")), {"class": name} if name else {})


def _put_after(element: HtmlElement, new: HtmlElement) -> None:
    """Put a new element right after another one, before the text that follows it."""
    tail, element.tail = element.tail, None
    element.addnext(new)
    new.tail = tail


def _take_out(element: HtmlElement) -> None:
    """Take an element out of the tree; the text after it stays where it is."""
    element.drop_tree()
    element.tail = None


def _fill(text: str, chance: random.Random) -> str:
    return text.format(n=f"{chance.randint(11, 4000):,}", d=chance.randint(10, 99))
