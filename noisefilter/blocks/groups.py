"""Blocks → groups that are kept or removed together: rows, labels with values, questions with answers, headings.

And what the rules beside this module find. Each takes a `BlockTable` of one HTML page, and may take the log-odds of boilerplate
of its blocks and their weights in a mean; it returns flags or new log-odds: (blocks,). A rule must pay on pages or mend a kind
of case that they may have (docs/decisions/0050-rules-that-pay.md).
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.apart import (
    find_above,
    find_captions,
    find_columns,
    find_inserts,
    find_islands,
    find_offers,
)
from noisefilter.blocks.beside import SURE, with_neighbours
from noisefilter.blocks.boxes import find_threads
from noisefilter.blocks.pointers import find_pointers
from noisefilter.blocks.posts import find_posts, tie_posts, with_posts
from noisefilter.blocks.siblings import (
    BUTTON,
    find_cards,
    find_other_articles,
    find_questions,
    leads_elsewhere,
    tie_siblings,
)
from noisefilter.blocks.table import SAME_TITLE
from noisefilter.html.tags import CELLS, HEADINGS
from noisefilter.text.cues import cue_flags

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags, Index
    from noisefilter.blocks.table import BlockTable
    from noisefilter.html.walk import BlockedPage

#: A block's weight in its group is its words, up to `MOST_WORDS`, plus `BLANK`.
MOST_WORDS, BLANK = 40, 2.0
#: Elements whose parts are one thing.
WHOLE = frozenset(("tr", "details", "figure"))
#: Larger ones are layout, and so are rows with a heading or with more blocks in a cell: pages used to be set in tables.
MOST_PARTS, MOST_GROUP_WORDS, MOST_IN_CELL = 40, 300, 4
#: How likely a page must be an article for these to be removed: its comments and the cards around it; what stands apart; cards
#: within it (docs/decisions/0054-averaged-more.md).
LIKELY, RATHER_LIKELY, VERY_LIKELY = 0.25, 0.35, 0.45
#: How likely a page must be a forum's for its posts to stay together.
FORUM = 0.5
#: Cues whose short lines are never an article's: in any language, and in one without word features
#: (docs/decisions/0044).
LABELS, LABELS_UNKNOWN = frozenset(["ad"]), frozenset(["ad", "also read", "comments", "share", "trending"])
#: A demand for scripts, in any language; its most words, and how often an article that is about scripts names them.
SWITCH = (
    r"(?<![a-z])(?:enabl|turn(?:ed|ing)? o|switch|activ|disabl|aktiv|eingeschaltet|einschalten|habilit|abilit|attiv|ativ[ae]|"
    r"inschakel|ingeschakeld|włącz|wyłącz|включ|отключ|ενεργοποι|etkin|povol|zapn|zapnut|kapcsol|有効|启用|啟用|활성|تفعيل|تمكين|הפעל)"
)
SCRIPTS = re.compile("javascript", re.IGNORECASE)
DEMAND = re.compile(rf"{SWITCH}.{{0,30}}javascript|javascript.{{0,40}}{SWITCH}", re.IGNORECASE)
MOST_DEMAND, SUBJECT = 40, 4
#: Most words of such a line, and of one with a link.
MOST_LABEL, MOST_LINK = 8, 25
#: What is subtracted from the log-odds of code, of facts and of questions; a table row is a fact and a line a question up to
#: this many words (docs/decisions/0036), and so many questions are answered.
CODE, FACT, QUESTION, MOST_FACTS, MIN_QUESTIONS = 2.0, 1.0, 2.0, 20, 3
TERMS = frozenset(("dt", "dd"))
#: Fewest words of a paragraph whose copies are removed, most copies, characters of one within a `pre`, and the log-odds of a copy.
COPIED, MOST_COPIES, LONG_LINE, COPY = 12, 2, 60, 2.0
#: Log-odds of a caption at least: it goes on doubtful pages, too, and still is context of the article's sentences.
CAPTION = 1.0
#: A heading is kept if more than this share of its section is. A line in bold heads one as headings below `h6` would.
MOSTLY, BELOW = 0.5, 7


def tie_groups(table: BlockTable, logits: Column, article: float = 1.0, forum: float = 0.0) -> Column:
    """Log-odds of boilerplate with one value per group, and with headings that follow their sections.

    Args:
        table: blocks of one HTML page.
        logits: of each block.
        article: probability that the page is an article.
        forum: that it is a forum's.
    """
    if table.places is None or not len(table):
        return logits
    weights = np.minimum(table.words, MOST_WORDS) + BLANK
    group = find_groups(table.page, table.words)
    tied = _mean_of_groups(group, logits - _leniency(table, group), weights)
    if forum >= FORUM:
        tied = tie_posts(table, tied, weights)
    tied = tie_siblings(table, tied, weights)
    tied[table.dialog | _labels(table) | _beside_code(table) | _demands(table)] = SURE
    if article >= LIKELY:
        tied[find_threads(table) | _other_articles(table)] = SURE
        tied[find_pointers(table)] = SURE
    if forum < FORUM:
        tied = with_posts(table, tied, weights)
    if article >= LIKELY:
        cards, kept = find_cards(table, tied, sure=article >= VERY_LIKELY), table.words * (tied < 0)
        if kept[~cards].sum() >= MOSTLY * kept.sum():
            tied[cards] = SURE
        tied[find_offers(table, tied) | find_above(table, tied) | find_columns(table, tied)] = SURE
    tied = _without_copies(table, _with_sections(table, tied, weights))
    if article >= RATHER_LIKELY:
        tied[find_islands(table, tied)] = SURE
    if max(article, forum) >= LIKELY:
        tied[find_inserts(table, tied)] = SURE
    return with_neighbours(table, _without_captions(table, tied, forum)) if article >= LIKELY else tied


def _without_captions(table: BlockTable, logits: Column, forum: float) -> Column:
    """Log-odds where captions go; on forums none does, since pictures there are the posters'."""
    if forum >= FORUM:
        return logits
    return np.where(find_captions(table, logits), np.maximum(logits, CAPTION), logits)


def _other_articles(table: BlockTable) -> Flags:
    """Blocks of other articles on the page; posts are none, although the heading of one may be the title."""
    others = find_other_articles(table)
    return others & ~find_posts(table).posts if others.any() else others


def _labels(table: BlockTable) -> Flags:
    """Short lines with a cue that no gold text keeps, as "Advertisement"; more cues count in an unknown language."""
    labels = cue_flags("boilerplate", LABELS if table.known.all() else LABELS_UNKNOWN)
    most = np.where(table.links == 1, MOST_LINK, MOST_LABEL)
    return np.asarray(labels[table.cue] & (table.words <= most))


def _demands(table: BlockTable) -> Flags:
    """Short texts that ask for JavaScript, on a page that is not about it: (blocks,)."""
    found = np.zeros(len(table), np.bool_)
    text, blocks = table.page.text, table.page.blocks
    named = [match.start() for match in itertools.islice(SCRIPTS.finditer(text), SUBJECT)]
    if not named or len(named) == SUBJECT or SCRIPTS.search(table.page.title or ""):
        return found
    starts = [block.start for block in blocks]
    for index in {bisect_right(starts, place) - 1 for place in named}:
        short = table.words[index] <= MOST_DEMAND
        found[index] = short and DEMAND.search(text, blocks[index].start, blocks[index].end) is not None
    return found


def _beside_code(table: BlockTable) -> Flags:
    """Buttons and short lines that recur next to a block of code: "Copy". One with a colon says what the code is."""
    code = table.tagged("pre")
    if not code.any():
        return code
    beside = np.append(code[1:], False) | np.append(False, code[:-1])
    found = beside & ((table.repeated > 0) | (table.tag_group == BUTTON)) & (table.words <= MOST_LABEL) & ~code
    for index in np.flatnonzero(found).tolist():
        block = table.page.blocks[index]
        found[index] = block.tag in {"div", "button", "figure"} and table.page.text[block.end - 1] not in ":："
    return found


def _leniency(table: BlockTable, group: Index) -> Column:
    """What is subtracted from the log-odds of code, facts and questions: gold texts leave out many of them, readers want them."""
    parts, words, links = (
        np.bincount(group, values)[group] for values in (np.ones(len(table)), table.words, table.links)
    )
    row = table.tagged(*CELLS) & (parts > 1) & (words <= MOST_FACTS)
    fact = (row | table.tagged(*TERMS)) & (links == 0)
    return np.maximum(_asked(table), np.where(table.tagged("pre"), CODE, np.where(fact, FACT, 0.0)))


def _asked(table: BlockTable) -> Column:
    """What is subtracted from the log-odds of questions of one make and of the lines below them, their answers, if there are some."""
    asks = find_questions(table) & ~leads_elsewhere(table) & (table.words <= MOST_FACTS)
    answers = np.append(False, asks[:-1]) & ~asks & (table.links == 0)
    alike = table.elements.alike[table.place]
    answered = asks & np.append(answers[1:], False)
    answered &= np.bincount(alike, answered)[alike] >= MIN_QUESTIONS
    return QUESTION * (answered | np.append(False, answered[:-1]))


def _mean_of_groups(group: Index, logits: Column, weights: Column) -> Column:
    return np.asarray(np.bincount(group, weights * logits)[group] / np.bincount(group, weights)[group])


def find_groups(page: BlockedPage, words: Column) -> Index:
    """Number of each block's group: (blocks,). A block that belongs to no other is a group of its own."""
    owner = _nearest(page, WHOLE)
    layout = _layout_rows(page, owner)
    inside: dict[tuple[str, int], list[int]] = {}
    listed = -1
    for index, block in enumerate(page.blocks):
        if owner[index] >= 0 and owner[index] not in layout:
            inside.setdefault(("element", owner[index]), []).append(index)
            continue
        if block.tag in TERMS:
            listed = listed if listed >= 0 else index
            inside.setdefault(("terms", listed), []).append(index)
        else:
            listed = -1
    group = np.arange(len(page.blocks))
    for members in inside.values():
        if 1 < len(members) <= MOST_PARTS and words[members].sum() <= MOST_GROUP_WORDS:
            group[members] = members[0]
    return group


def _nearest(page: BlockedPage, tags: frozenset[str]) -> list[int]:
    """For each block the nearest place around it with one of the tags; -1 for none."""
    found = np.full(len(page.blocks), -1)
    places = page.places
    for place, tag in enumerate(places.tags):
        if tag in tags:  # inner places come after outer ones
            found[places.firsts[place] : places.lasts[place]] = place
    return list(found.tolist())


def _layout_rows(page: BlockedPage, owner: list[int]) -> set[int]:
    """Rows that are layout and no facts: with a heading, or many blocks in a cell; `owner` as in `find_groups`."""
    rows = [index for index, place in enumerate(owner) if place >= 0 and page.places.tags[place] == "tr"]
    if not rows:
        return set()
    cell = _nearest(page, CELLS)
    held = Counter(cell[index] for index in rows)
    return {owner[index] for index in rows if page.blocks[index].tag in HEADINGS or held[cell[index]] > MOST_IN_CELL}


def _with_sections(table: BlockTable, logits: Column, weights: Column) -> Column:
    """A heading is kept if most of its section is kept, and removed if all of it is; so is a table's caption."""
    found = logits.copy()
    limited, stays = weights * np.clip(logits, -4, 4), weights * (logits < 0)
    for index, end in _sections(table):
        section = slice(index + 1, end)
        # the headline heads the page and no section, a card's headline its card
        if end == index + 1 or table.title_share[index] >= SAME_TITLE or logits[index] == SURE:
            continue
        kept = stays[section].sum() / weights[section].sum()
        mean = float(limited[section].sum() / weights[section].sum())
        if kept > MOSTLY and not _heads_a_card(table, index, stays):
            found[index] = min(found[index], mean)
        elif kept == 0 and table.page.blocks[index].tag != "p":  # a line in bold may be more than a heading
            found[index] = max(found[index], mean)
    return found


def _sections(table: BlockTable) -> list[tuple[int, int]]:
    """Headings of a page, each with the end of its section, and captions with that of their table."""
    page, places = table.page, table.page.places
    bold = _bold_headings(table)
    heads = [
        (index, int(block.tag[1]) if block.tag in HEADINGS else BELOW)
        for index, block in enumerate(page.blocks)
        if block.tag in HEADINGS or bold[index]
    ]
    found = []
    for number, (index, level) in enumerate(heads, start=1):
        later = (heads[place] for place in range(number, len(heads)))
        found.append((index, next((after for after, other in later if other <= level), len(page.blocks))))
    captions = [(index, block.place) for index, block in enumerate(page.blocks) if block.tag == "caption"]
    return found + [(index, places.lasts[places.parents[place]]) for index, place in captions]


def _bold_headings(table: BlockTable) -> Flags:
    """Short paragraphs in bold without a full stop or a link, of which a page has several of one make: (blocks,)."""
    bold = [block.tag == "p" and block.bold >= block.end - block.start for block in table.page.blocks]
    found = np.array(bold, np.bool_) & (table.words <= MOST_LABEL) & (table.links == 0) & ~table.closed
    make = table.elements.make[table.place]
    return np.asarray(found & (np.bincount(make, found)[make] > 1))


def _heads_a_card(table: BlockTable, index: int, stays: Column) -> bool:
    """Whether the text below a heading in its own element goes: prose, or any below a heading that is a link."""
    end = table.page.places.lasts[table.page.places.parents[table.page.blocks[index].place]]
    text = table.prose[index + 1 : end].any() or (end > index + 1 and table.linked[index] >= table.characters[index])
    return bool(text and not stays[index + 1 : end].any())


def _without_copies(table: BlockTable, logits: Column) -> Column:
    """Of a paragraph that occurs twice, as for wide and narrow screens, only the first one that is kept stays.

    What occurs more often is a list's. A text to be printed may be a `pre` with all paragraphs in it.
    """
    found = logits.copy()
    kept: set[str] = set()
    texts, printed = table.page.texts(), table.tagged("pre")
    several = ((table.repeated > 0) & (table.repeated <= MOST_COPIES)) | printed.any()
    for index in np.flatnonzero(several & (table.words >= COPIED) & (logits < 0)).tolist():
        lines = texts[index].split("\n") if printed[index] else [texts[index]]
        paragraphs = [line for line in lines if len(line) >= LONG_LINE or not printed[index]]
        if paragraphs and kept.issuperset(paragraphs):
            found[index] = COPY
        kept.update(paragraphs)
    return found
