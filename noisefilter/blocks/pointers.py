"""Blocks → lines that point to other stories or to the publisher: "Read also" and the headlines below it, "Follow us on …".

A page may have them anywhere, also between the paragraphs of its article. The networks leave many of them in
(docs/decisions/0057); in plain text and in languages that they have not learned they leave most.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.text.cues import cue_flags, cue_table
from noisefilter.text.tokens import find_cues

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noisefilter.arrays import Flags
    from noisefilter.blocks.table import BlockTable

#: Cues of labels among those of boilerplate; English ones that are authors' words, and those that are above a list.
LABELS = frozenset(("also read", "trending"))
AUTHORS = re.compile(
    r"\W*(?:further reading|related to\b|recommended(?! (?:for you|reading|stories|articles|posts|videos)\b))",
    re.IGNORECASE,
)
AUTHORS_LISTS = re.compile(
    r"\W*(?:related (?!(?:articles?|posts?|stor(?:y|ies)|reading|content|news|topics|links|pages|coverage|videos?)\b)|see also|"
    r"what.s (?:hot|new)|don.t miss\W*$|must.read|continue reading)",
    re.IGNORECASE,
)
#: Rows of the table of pointers: a label, which may stand above a list, and lines that go by themselves.
LABEL, LINES = frozenset(["label"]), frozenset(("pitch", "notice"))
#: What stands between a label and a headline, besides a colon, or around the label. In how many characters it is looked for.
SIGN = re.compile(r"\s*(?:[|»›▸▶►→➡👉\u2b50\U0001f300-\U0001faff]\ufe0f?|>+|(?<=\s)[–—-](?=\s))\s*")
SIGNS = re.compile("[|»›▸▶►→➡👉\u2b50\U0001f300-\U0001faff>–—【\\[「《-]")
AROUND = re.compile(r"\W{0,3}[【\[「《]\s*([^】\]」》]{1,24})[】\]」》]\s*(?=\S)")
HEAD = 45
#: What an author says after a word that may be a label.
CLAUSE = re.compile(r"[^:]+:\s*[a-z].*[.!?]$", re.DOTALL)
#: Most characters of a label; most words of a line, and of a headline below a label; fewest of a headline that may be the heading of
#: what follows.
MOST_LABEL, MOST_LINE, MOST_HEADLINE, LEAST_HEADLINE = 40, 45, 25, 6
#: Several sentences: after a label, an author's.
SEVERAL = re.compile(r"[a-z]{2}\. [A-Z]")
#: Words of several headlines after a label: more than the first, at most the second. How many characters tell that it is one.
MOST_SHORT, MOST_RUN_ON, MOST_INNER = 20, 90, 120
#: What opens a quotation, which may be of a label.
QUOTES = tuple("\"“”„«'‘")
#: A line by itself that begins with an arrow.
ARROW = re.compile(r"\s*(?:[➡👉▶►🔗]\ufe0f?)\s*\w")
LEAST_ARROW = 3
BULLET = re.compile(r"\s*(?:[-*•·–—▪‣◦・■●]|\d{1,2}[.)])\s*(?=\S)")
#: What a headline does not end with, unlike a sentence.
STOPS, CLOSE = frozenset(".。।"), "\"'”’»)"
BLANKS = " \t"
#: Within a block: a label, a colon and a headline in brackets, or as a sentence of its own; what stands between rows of signs.
#: Each pattern begins with a sign to search for: one pattern of all three takes four times as long.
BRACKETED = re.compile(r"[(\[（【]\s{0,3}([^()\[\]（）【】\n]{12,200}?)\s{0,3}[)\]）】]")
SENTENCE = re.compile(
    r"[.!?…。！？”»\"](?=[ \t]{0,3}([^\W\d_][^.:!?\n()\[\]（）【】]{2,38}[:：]\s[^\n()\[\]（）【】]{8,100}?[.!?…。！？])(?:\s|$))"
)
ROWS = re.compile(r"[+>]{3}[^\n+<>]{8,200}?(?:\+{3}|<{3})")

#: Headlines that a news site shows while a pointer is on a name: they begin in its last word.
GLUED, HOVER_END, MOST_HOVER = (
    re.compile(r"(?:(?<=[a-z]{3})|(?<=[a-z]\.))[A-Z][a-z]{2}"),
    re.compile(r" MORE(?=\W)"),
    500,
)


def find_pointers(table: BlockTable) -> Flags:
    """Blocks that point elsewhere, of one HTML page that may be an article or of several plain texts: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    texts = [_with_colon(text) for page in table.pages for text in page.texts()]
    short = table.words <= MOST_LINE
    last = np.where(short, table.last, table.first)
    cue = find_cues(("pointers",), texts, table.tokens, table.first, last)["pointers"]
    label = cue_flags("boilerplate", LABELS)[table.cue] | cue_flags("pointers", LABEL)[cue]
    for index in np.flatnonzero(~label & (table.words > MOST_SHORT) & (table.words <= MOST_RUN_ON)).tolist():
        one = not SEVERAL.search(texts[index])
        label[index] = one and _points(texts[index][:MOST_INNER], english=bool(table.known[table.owner[index]]))
    found |= cue_flags("pointers", LINES)[cue] | _arrows(table, texts)
    for index in np.flatnonzero(label & ~found).tolist():
        text = texts[index]
        if found[index] or BULLET.sub("", text, count=1).startswith(QUOTES) or AUTHORS.match(text):
            continue
        head, colon, rest = text.partition(":")
        if colon and len(head) <= HEAD and any(map(str.isalnum, rest)):
            found[index] = not table.known[table.owner[index]] or not CLAUSE.match(text)
        elif len(text) <= MOST_LABEL and not AUTHORS_LISTS.match(text) and not _is_listed(table, text, index):
            end = _list_end(table, texts, index + 1)
            found[index:end] = end > index + 1
    return found


def inner_pointers(table: BlockTable, kept: Flags) -> list[tuple[int, int]]:
    """Ranges within the kept blocks of one page that point elsewhere: "(RELATED: …)"."""
    text, english, found = table.page.text, bool(table.known.all()), list[tuple[int, int]]()
    marked = chain(_in_brackets(text, english=english), _as_sentences(text, english=english), _hovers(text))
    for start, end in sorted(marked):
        block = int(np.searchsorted(table.end, start, side="right"))
        free = not found or start >= found[-1][1]
        if free and block < len(table) and kept[block] and table.start[block] < start and end <= table.end[block]:
            found.append((start, end))
    return found


def _in_brackets(text: str, *, english: bool) -> Iterator[tuple[int, int]]:
    for match in chain(BRACKETED.finditer(text), ROWS.finditer(text)):
        if match.re is ROWS or _points(_with_colon(match[1]), english=english):
            yield match.start() - (text[match.start() - 1] in BLANKS), match.end()


def _as_sentences(text: str, *, english: bool) -> Iterator[tuple[int, int]]:
    for match in SENTENCE.finditer(text):
        if _points(_with_colon(match[1]), english=english):
            yield match.end(), match.end(1)


def _hovers(text: str) -> Iterator[tuple[int, int]]:
    for end in HOVER_END.finditer(text):
        low = max(end.start() - MOST_HOVER, text.rfind("\n", 0, end.start()) + 1)
        if first := GLUED.search(text, low, end.start()):
            yield first.start(), end.end()


def _points(text: str, *, english: bool) -> bool:
    """Whether a text is a label and a headline; in small letters they are a remark, as in "(read: never)"."""
    head, colon, rest = text.replace("：", ":", 1).partition(":")
    if not colon or len(head) > HEAD or rest.lstrip()[:1].islower() or (english and head[:1].islower()):
        return False
    return any(cue_table(name).find(text, _candidates(name, english)) >= 0 for name in ("boilerplate", "pointers"))


@cache
def _candidates(name: str, english: bool) -> tuple[int, ...]:  # noqa: FBT001 - a key of the cache
    """The candidates of a table's labels, as `CueTable.find` has them."""
    rows = np.flatnonzero(cue_flags(name, LABELS if name == "boilerplate" else LABEL)[:-1]).tolist()
    return tuple(2 * row + other for row in rows for other in ((0,) if english else (0, 1)))


def _arrows(table: BlockTable, texts: Sequence[str]) -> Flags:
    """Lines by themselves that begin with an arrow and end like a headline; several in a row are a list: (blocks,)."""
    arrow = np.array([ARROW.match(text) is not None for text in texts], np.bool_)
    if not arrow.any():
        return arrow
    beside = np.append(arrow[1:], False) | np.append(False, arrow[:-1])
    open_end = np.array([text[-1] not in STOPS for text in texts], np.bool_)
    return arrow & ~beside & open_end & (table.words >= LEAST_ARROW) & (table.words <= MOST_HEADLINE)


def _with_colon(text: str) -> str:
    """A text with a colon after what may be its label, whatever sign stands there."""
    if not SIGNS.search(text, 0, HEAD):
        return text
    if around := AROUND.match(text):
        return f"{around[1]}: {text[around.end() :]}"
    first = next((place for place, sign in enumerate(text[:HEAD]) if sign.isalnum()), len(text))
    colon = text.find(":", first, HEAD)
    sign = SIGN.search(text, first, HEAD if colon < 0 else colon)
    return f"{text[: sign.start()]}: {text[sign.end() :]}" if sign else text


def _list_end(table: BlockTable, texts: Sequence[str], first: int) -> int:
    """The end of the list of headlines that starts at a block; that block if there is none."""
    edge, end = int(table.edges[table.owner[first - 1] + 1]), first
    while end < edge and _is_headline(table, texts, end) and (end == first or _is_alike(table, texts, first, end)):
        end += 1
    lines = first < end < edge and not _is_item(table, texts[first], first)
    # the last line may be the heading of the text below
    return end - 1 if lines and table.words[end - 1] < LEAST_HEADLINE else end


def _is_headline(table: BlockTable, texts: Sequence[str], index: int) -> bool:
    heads = table.places is not None and table.page.blocks[index].tag in {"h1", "h2"}
    return not heads and table.words[index] <= MOST_HEADLINE and texts[index].rstrip(CLOSE)[-1:] not in STOPS


def _is_listed(table: BlockTable, text: str, index: int) -> bool:
    """Whether a block is an item of a list by its tag or its bullet."""
    return BULLET.match(text) is not None or (table.places is not None and table.page.blocks[index].tag == "li")


def _is_item(table: BlockTable, text: str, index: int) -> bool:
    """The same, or a link."""
    return _is_listed(table, text, index) or bool(2 * table.linked[index] > table.characters[index])


def _is_alike(table: BlockTable, texts: Sequence[str], one: int, other: int) -> bool:
    """Whether two blocks are both items, or lines of the same tag."""
    if _is_item(table, texts[one], one) != _is_item(table, texts[other], other):
        return False
    return table.places is None or table.page.blocks[one].tag == table.page.blocks[other].tag
