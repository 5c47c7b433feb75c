"""Blocks → elements of one make: cards of other stories, and the articles of a page that holds several."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain, groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.places import GROUP
from noisefilter.blocks.table import SAME_TITLE
from noisefilter.html.tags import CELLS, HEADINGS
from noisefilter.text.sentences import ASKS

if TYPE_CHECKING:
    from noisefilter.arrays import Column, Flags, Index
    from noisefilter.blocks.table import BlockTable
    from noisefilter.types import Link

#: A block is a link if this share of it is.
LINKED = 0.9
#: Beginnings of links that lead to no other page.
WITHIN = ("#", "javascript:", "mailto:", "tel:")
#: Fewest words of a card's headline, fewest and most of the card; article sections whose heading is a link are longer.
LEAST_HEADLINE, LEAST_CARD, MOST_CARD = 3, 6, 70
#: Siblings are cards if at least `MIN_CARDS` look like one, and at most a share of `MOST_OTHERS` do not.
MIN_CARDS, MOST_OTHERS = 2, 0.2
#: Fewest words of a paragraph of the article, and the share of what is kept that the items of an article's list have.
PARAGRAPH, MIN_LISTED = 20, 0.15
#: Most words of a control ("Reply"), a link, and the fewest times that it occurs elsewhere on the page.
MOST_CONTROL, MIN_REPEATED = 6, 2
#: Fewest elements of one make that are tied, the share of them with several parts or short facts, most words of a fact.
MIN_SIBLINGS, MOSTLY_PARTS, MOST_FACT = 3, 0.7, 20
#: The site that a link leads to; "" for the page's own.
URL_HOST = re.compile(r"(?:(?:https?:)?//[^/?#]*)?", re.IGNORECASE)
LABELLED = re.compile(r"[^:：.!?\n]{1,40}(?::\s|：)")
#: Groups of tags of headings below the first level, and of buttons.
HEADED, BUTTON = [GROUP["h2"], GROUP["h4"]], GROUP["button"]
#: Most words of the elements of one make that are tied, in all.
SHORT = 300
#: Fewest words of an article among several, most articles, and how many times the prose of the one that the title names
#: another may have.
LEAST_ARTICLE, MOST_ARTICLES, MOST_LONGER = 60, 30, 3


def find_cards(table: BlockTable, logits: Column, *, sure: bool) -> Flags:
    """Blocks of cards that lead to other pages, and of answers of readers: (blocks,).

    Siblings of one make, each a short text with a headline that is a link, or under a heading and with a link, or with
    the same control ("Reply"); or elements that are links as a whole, several blocks to each page that they lead to.
    Between paragraphs cards stay if the page is not `sure` to be an article, or if they are what it lists, which only word features tell
    from other stories.
    """
    targets = _targets(table)
    leads = np.array([target != "" for target in targets], np.bool_)
    linked = _whole_links(targets) | _rows(table, targets)
    headed = _headed_runs(table, targets, leads)
    no_code = ~table.tagged("pre")
    cards = (
        linked | headed | _siblings(table, leads, sure=sure) | (_answers(table, leads) if sure else False)
    ) & no_code
    text = np.flatnonzero((logits < 0) & (table.words >= PARAGRAPH) & ~cards)
    if len(text) and (not sure or table.known.all()):
        between = np.flatnonzero(cards & ~linked)
        between = between[(between > text[0]) & (between < text[-1])]
        if not sure or _are_listed(table, table.words * (logits < 0), between, text):
            cards[between] = False
    return cards


def _are_listed(table: BlockTable, kept: Column, cards: Index, text: Index) -> bool:
    """Whether cards between paragraphs are an article's items: many, with paragraphs between them or links to other sites."""
    if kept[cards].sum() <= MIN_LISTED * kept.sum():
        return False
    among = (text > cards[0]) & (text < cards[-1])
    return bool(among.any()) or _leave(table, cards)


def _leave(table: BlockTable, cards: Index) -> bool:
    """Whether most links of some blocks lead to other sites; the page's own is the one that most of its links lead to."""
    hosts = [
        [host[0].lower() if (host := URL_HOST.match(link.href.strip())) else "" for link in block.links]
        for block in table.page.blocks
    ]
    counts = Counter(chain.from_iterable(hosts))
    site = counts.most_common(1)[0][0] if counts else ""
    leading = [host for index in cards.tolist() for host in hosts[index]]
    return 2 * sum(host not in {"", site} for host in leading) > len(leading)


def tie_siblings(table: BlockTable, logits: Column, weights: Column) -> Column:
    """Log-odds with one value for panels that unfold, and for facts: short elements of one make below one element.

    Panels begin with a button or a question, facts are lines by themselves.
    """
    places = table.elements
    found = logits.copy()
    make = places.make
    # rows of cells are tied in groups.py; columns of a layout have nothing in common
    filled = (places.blocks > 0) & [tag not in CELLS for tag in table.page.places.tags]
    panels = (places.begins == BUTTON) | np.append(find_questions(table), False)[places.first]
    parts = filled & (_facts(table) | (panels & (places.blocks > 1)))
    count, all_of = np.bincount(make, parts), np.bincount(make, filled)
    words = np.bincount(make, places.words * filled)
    row = (count >= MIN_SIBLINGS) & (count >= MOSTLY_PARTS * all_of) & (words <= SHORT)
    chosen = np.flatnonzero(row[make] & filled)
    if len(chosen):
        summed, weight = (
            np.bincount(make[chosen], values[chosen], len(row))
            for values in (places.inside(weights * logits), places.inside(weights))
        )
        means = summed / np.maximum(weight, 1e-9)
        for place in chosen.tolist():
            found[places.first[place] : places.last[place]] = means[make[place]]
    return found


def find_questions(table: BlockTable) -> Flags:
    """Blocks that end with a question mark: (blocks,)."""
    return np.array([table.page.text.endswith(ASKS, block.start, block.end) for block in table.page.blocks], np.bool_)


def _facts(table: BlockTable) -> Flags:
    """Places that are a short line by themselves, without a link: a label with its value; list items by their colon."""
    places = table.elements
    lines = np.array([tag in {"div", "li"} for tag in table.page.places.tags]) & (places.blocks == 1)
    first = np.minimum(places.first, len(table) - 1)
    text = table.page.text
    plain = (table.links == 0) & (table.words <= MOST_FACT)
    for index in np.flatnonzero(plain).tolist():
        block = table.page.blocks[index]
        plain[index] = block.tag == "div" or (block.tag == "li" and LABELLED.match(text, block.start, block.end))
    return lines & plain[first]


def _target(link: Link) -> str:
    """Where a link leads, "" if to no other page."""
    href = link.href.strip()
    return "" if href.lower().startswith(WITHIN) else href


def leads_elsewhere(table: BlockTable) -> Flags:
    """Blocks with a link to another page."""
    return np.array([any(map(_target, block.links)) for block in table.page.blocks], np.bool_)


def _targets(table: BlockTable) -> list[str]:
    """Target of each block that is nothing but a link to another page; "" for the others."""
    full = (table.links > 0) & (table.linked >= LINKED * table.characters)
    return [
        _target(block.links[0]) if whole else "" for block, whole in zip(table.page.blocks, full.tolist(), strict=True)
    ]


def _whole_links(targets: list[str]) -> Flags:
    """Runs of links in which several pages each have more than one link to them in a row."""
    found = np.zeros(len(targets), np.bool_)
    start = 0
    for whole, run in groupby(targets, bool):
        links = list(run)
        end = start + len(links)
        if whole and len({one for one, other in pairwise(links) if one == other}) >= MIN_CARDS:
            found[start:end] = True
        start = end
    return found


def _rows(table: BlockTable, targets: list[str]) -> Flags:
    """Blocks that are nothing but some cards in a row."""
    found = np.zeros(len(targets), np.bool_)
    for index in np.flatnonzero((table.links >= MIN_CARDS) & (table.words >= MIN_CARDS * LEAST_CARD)).tolist():
        if targets[index]:
            texts = (table.page.text[link.start : link.end] for link in table.page.blocks[index].links)
            found[index] = sum(text.count(" ") >= LEAST_CARD - 1 for text in texts) >= MIN_CARDS
    return found


def _headed_runs(table: BlockTable, targets: list[str], leads: Flags) -> Flags:
    """Runs of headlines that lead to other pages of one site, each with a short text after it, without boxes."""
    found = np.zeros(len(targets), np.bool_)
    heads = leads & (table.words >= LEAST_HEADLINE)
    if np.count_nonzero(heads) < MIN_SIBLINGS:
        return found
    teasers = (table.links == 0) & (table.words >= LEAST_HEADLINE) & (table.words <= MOST_CARD)
    tags = table.page.block_tags

    def make(start: int) -> tuple[str, ...]:
        host = URL_HOST.match(targets[start])
        return (*tags[start : start + 2], host[0] if host else "")

    start = 0
    while start < len(targets) - 1:
        end = start
        while end < len(targets) - 1 and heads[end] and teasers[end + 1] and make(end) == make(start):
            end += 2
        if end - start >= 2 * MIN_SIBLINGS:
            found[start:end] = True
        start = max(end, start + 1)
    return found


def _siblings(table: BlockTable, leads: Flags, *, sure: bool) -> Flags:
    """Siblings of one make, nearly all of them a short text with a headline that leads to another page.

    On pages that are surely an article, also three or more with a heading and a short text, with a link in each.
    """
    places = table.elements
    heads = places.inside(leads & (table.words >= LEAST_HEADLINE))
    short = (places.blocks > 1) & (places.words >= LEAST_CARD) & (places.words <= MOST_CARD)
    card = short & (heads > 0)
    headed = short & np.isin(places.begins, HEADED) & (places.inside(table.links) > 0)
    if sure and np.count_nonzero(headed) >= MIN_SIBLINGS:
        headed &= places.inside(leads_elsewhere(table)) > 0
        card |= headed & (np.bincount(places.make, headed)[places.make] >= MIN_SIBLINGS)
    return rows_of(table, card, MIN_CARDS)


def _answers(table: BlockTable, leads: Flags) -> Flags:
    """Siblings of one make, nearly all of them with the same control and without a link to another page."""
    places = table.elements
    control = find_controls(table) & ~(leads & (table.tag_group != BUTTON))
    answer = (places.blocks > 1) & (places.words <= SHORT) & (places.inside(control) > 0)
    if np.count_nonzero(answer) >= MIN_SIBLINGS:
        answer &= places.inside(leads_elsewhere(table)) == 0
    return rows_of(table, answer, MIN_SIBLINGS)


def find_controls(table: BlockTable) -> Flags:
    """Short blocks that recur and are nothing but a button or links: (blocks,)."""
    full = (table.links > 0) & (table.linked >= LINKED * table.characters)
    short = table.words <= MOST_CONTROL * np.maximum(table.links, 1)
    return (table.repeated >= MIN_REPEATED) & short & (full | (table.tag_group == BUTTON))


def rows_of(table: BlockTable, chosen: Flags, least: int, make: Index | None = None) -> Flags:
    """Blocks of each make with `least` and nearly all of its places chosen."""
    places = table.elements
    if np.count_nonzero(chosen) < least:
        return np.zeros(len(table), np.bool_)
    make = places.make if make is None else make
    filled = places.blocks > 0
    count, all_of = np.bincount(make, chosen), np.bincount(make, filled)
    row = (count >= least) & (all_of - count <= MOST_OTHERS * all_of)
    return table.blocks_in(np.flatnonzero(row[make] & filled).tolist())


def find_other_articles(table: BlockTable) -> Flags:
    """Blocks of the articles of a page whose title names another one of them: (blocks,)."""
    # fewer words name a section of the site
    titles = table.tagged(*HEADINGS) & (table.title_share >= SAME_TITLE) & (table.words >= LEAST_HEADLINE)
    tagged = [index for index, tag in enumerate(table.page.places.tags) if tag == "article"]
    several = len(_long(table, tagged)) > 1
    chosen = tagged if several else _headed(table)
    places = table.elements
    articles = _long(table, chosen)
    named = [place for place in articles if titles[places.first[place] : places.last[place]].any()]
    if len(articles) < 2 or len(named) != 1 or (not several and named != articles[:1]):
        return table.blocks_in([])
    prose = [places.prose[place] for place in articles]
    if not 0 < max(prose) <= MOST_LONGER * places.prose[named[0]]:  # the title names only a teaser
        return table.blocks_in([])
    short = [place for place in chosen if places.parent[place] == places.parent[named[0]]]
    return table.blocks_in({*articles, *short} - {*named})


def _headed(table: BlockTable) -> list[int]:
    """The largest places with one first-level heading; sections with such headings count, too."""
    places = table.elements
    heads = table.tagged("h1")
    if not 1 < np.count_nonzero(heads) <= MOST_ARTICLES:
        return []
    alone = places.inside(heads) == 1
    found = []
    for place in table.place[heads].tolist():
        while places.parent[place] >= 0 and alone[places.parent[place]]:
            place = int(places.parent[place])
        found.append(place)
    return found


def _long(table: BlockTable, chosen: list[int]) -> list[int]:
    """The chosen places that are long enough for an article and not in another one."""
    places = table.elements
    found: list[int] = []
    for place in chosen:
        if places.words[place] >= LEAST_ARTICLE and (not found or places.first[place] >= places.last[found[-1]]):
            found.append(place)
    return found
