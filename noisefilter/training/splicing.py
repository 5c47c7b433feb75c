"""Articles → articles with foreign passages put in, as farms do, and where these stand.

Insertions are made, since hardly any labelled ones exist: headlines spliced into sentences, foreign sentences and
paragraphs, "also read" lines, paid links. Honest comparisons, asides, sponsors' messages (promotion, not off-topic),
titles and links are made too, as negatives.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from noisefilter.blocks import BlockedPage, Place
from noisefilter.features.tokens import STOP_WORDS, word_list
from noisefilter.training.casing import sentence_case, title_case
from noisefilter.training.hosts import MIN_LINE
from noisefilter.types import Block, Link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.training.hosts import Host
    from noisefilter.training.wordings import Wording, Wordings
    from noisefilter.vectors import VectorTable

SORTS = ("splice", "sentence", "paragraph", "label_line", "paid_link")
#: How often each sort is made. Splices most: they are what nobody else finds.
SORT_WEIGHTS = (36, 20, 16, 11, 17)
#: Share of the articles that are left alone, and of those that get an honest comparison, aside or title.
CLEAN_SHARE, DECOY_SHARE = 0.3, 0.5
#: Share of the wordings that are composed of parts, where there are such: in training.
COMPOSED = 0.5
#: Share of the articles that are laid out one sentence a line, as farms and text extractors do.
ONE_A_LINE = 0.3
#: Share of the plain hosts that are made into HTML, and of the HTML hosts that are saved as plain text.
MARKED_UP, SAVED = 0.4, 0.3
#: Share of the spliced headlines that are links where the page is HTML.
LINKED = 0.5
#: Share of the foreign sentences and paragraphs that come from the host's own source: a topic nearby.
NEAR = 0.25
#: A foreign passage with more of its rare words in the host is drawn again: what the host speaks of is not foreign to it.
SHARED_WORDS = 0.5
HTML_PLACES = (Place(-1, "body", "", hidden=False), Place(0, "p", "", hidden=False))
SENTENCE_END = re.compile(r"[.!?][\"”’')]*\s+(?=[A-Z\"“])")
NAME = re.compile(r"(?:[A-Z][\w’'-]+ ){1,4}[A-Z][\w’'-]+")
#: Sentence openings that may be put in lower case when something comes before them.
LOWERED = frozenset(
    "the a an in on at it this that these those they we he she there but for with as when while if".split()
)


@dataclass(frozen=True, slots=True)
class Insertion:
    """A foreign passage: character range, sort, whether a link shows it, whether its headline is in sentence case."""

    start: int
    end: int
    sort: str
    linked: bool = False
    sentence_case: bool = False

    def moved(self, by: int) -> Insertion:
        """The same passage further on."""
        return Insertion(self.start + by, self.end + by, self.sort, self.linked, self.sentence_case)


@dataclass(slots=True)
class Line:
    """A paragraph of a host; `inserted` are character ranges of it."""

    text: str
    links: list[tuple[int, int, str]] = field(default_factory=list)
    inserted: list[Insertion] = field(default_factory=list)


class InsertionMaker:
    """Makes pages from hosts; the same seed gives the same pages."""

    def __init__(
        self, hosts: Sequence[Host], headlines: Sequence[str], words: Wordings, vectors: VectorTable, seed: int = 0,
        *, decoys: bool = True,
    ) -> None:  # fmt: skip
        self.hosts = hosts
        self.headlines = headlines
        self.vectors = vectors
        self.words = words
        self.random = random.Random(seed)
        self.decoy_share = DECOY_SHARE if decoys else 0.0
        self.by_site: dict[str, list[Host]] = {}
        for host in hosts:
            self.by_site.setdefault(host.site, []).append(host)

    def make(
        self, host: Host, count: int | None = None, sorts: Sequence[str] | None = None, *, as_html: bool | None = None,
        linked: bool | None = None, in_sentence_case: bool | None = None,
    ) -> tuple[BlockedPage, tuple[Insertion, ...]]:  # fmt: skip
        """A page with some insertions, and where they stand.

        Args:
            host: the article.
            count: insertions; a random number, often none, if it is None.
            sorts: of `SORTS`; all, weighted, if it is None.
            as_html: the form of the page; at random if it is None.
            linked: whether spliced headlines are links in HTML; at random if it is None.
            in_sentence_case: how headlines are written; at random if it is None.
        """
        self.linked, self.in_sentence_case = linked, in_sentence_case
        if as_html is None:
            as_html = self.random.random() >= SAVED if host.is_html else self.random.random() < MARKED_UP
        self.is_html = as_html
        lines = self._lay_out(host)
        if as_html and not host.is_html:
            self._honest_links(lines)
        if count is None:
            count = 0 if self.random.random() < CLEAN_SHARE else self.random.choice((1, 1, 2, 2, 3, 4))
        roomy = [index for index, line in enumerate(lines) if len(line.text) >= MIN_LINE]
        self.random.shuffle(roomy)
        if self.random.random() < self.decoy_share and roomy:
            self._decoy(lines[roomy.pop()], host)
        extra: list[tuple[int, list[Line]]] = []
        for _ in range(min(count, len(roomy))):
            sort = self.random.choice(sorts) if sorts else self.random.choices(SORTS, SORT_WEIGHTS)[0]
            index = roomy.pop()
            added = self._insert(sort, lines[index], host)
            if added:
                extra.append((index, added))
        for index, added in sorted(extra, key=lambda item: -item[0]):
            lines[index + 1 : index + 1] = added
        return assemble(lines, host.title, is_html=as_html)

    def _lay_out(self, host: Host) -> list[Line]:
        """The host's paragraphs, or each sentence on a line of its own: form must not give an insertion away."""
        lines = [Line(text, list(links) if self.is_html else []) for text, links in host.lines]
        self.apart = self.random.random() < ONE_A_LINE
        if not self.apart:
            return lines
        apart = []
        for line in lines:
            for start, end in _sentence_ranges(line.text):
                text = line.text[start:end].rstrip()
                links = [
                    (a - start, b - start, href) for a, b, href in line.links if start <= a and b <= start + len(text)
                ]
                if text:
                    apart.append(Line(text, links))
        return apart

    def _honest_links(self, lines: Sequence[Line]) -> None:
        """Links as authors set them: mostly names and a word or two, at times half a sentence, some to other sites."""
        for line in lines:
            words = list(re.finditer(r"\S+", line.text))
            if len(words) < 8 or self.random.random() >= 0.25:
                continue
            size = self.random.choice((1, 1, 2, 2, 3, 4, 6, 9))
            first = self.random.randrange(max(1, len(words) - size))
            start, end = words[first].start(), words[min(first + size, len(words)) - 1].end()
            names = [match for match in NAME.finditer(line.text) if match.start()]
            if names and self.random.random() < 0.4:
                name = self.random.choice(names)
                start, end = name.start(), name.end()
            anchor = line.text[start:end].strip('.,;:!?"“”()')
            start = line.text.index(anchor, start) if anchor else start
            around = " ".join(word[0] for word in words[max(0, first - 3) : first + 8])
            line.links.append((start, start + len(anchor), self._story_link(self.random.choice((anchor, around)))))

    def _insert(self, sort: str, line: Line, host: Host) -> list[Line]:
        """Put an insertion into the line, or return lines to stand after it."""
        if sort == "splice":
            wording = self._wording(self.words.splices, self.words.composed_splices)
            anchor, small = self._headline(host)
            linked = self.random.random() < LINKED if self.linked is None else self.linked
            href = self._story_link(anchor) if self.is_html and linked else None
            self._splice(line, wording, "{headline}", anchor, href, Insertion(0, 0, sort, href is not None, small))
            return []
        if sort == "paid_link":
            anchor, target = self.random.choice(self.words.anchors)
            wording = self._wording(self.words.paid_links, self.words.composed_paid_links)
            href = target if self.is_html else None
            self._splice(line, wording, "{anchor}", anchor, href, Insertion(0, 0, sort, href is not None))
            return []
        if sort == "label_line":
            return self._label_lines(host)
        return self._foreign_text(sort, line, host)

    def _wording(self, listed: Sequence[Wording], composed: Sequence[Wording]) -> Wording:
        return self.random.choice(composed if composed and self.random.random() < COMPOSED else listed)

    def _foreign_text(self, sort: str, line: Line, host: Host) -> list[Line]:
        """A sentence of another article inside the line, or a paragraph of it to stand after it."""
        known = {word[:6] for text, _ in host.lines for word in word_list(text)}
        for _ in range(30):
            paragraph = self._donor(host)
            choices = [paragraph[:900]] if sort == "paragraph" else _whole_sentences(paragraph)
            text = self.random.choice(choices) if choices else ""
            if text and self._shared(text, known) <= SHARED_WORDS:
                break
        else:
            return []
        if sort == "sentence":
            self._add_sentence(line, text, Insertion(0, 0, sort))
            return []
        parts = [text[a:b].strip() for a, b in _sentence_ranges(text)] if self.apart else [text]
        return [Line(part, inserted=[Insertion(0, len(part), sort)]) for part in parts if part]

    def _shared(self, text: str, known: set[str]) -> float:
        """Share of a text's words, by rarity, that the host uses as well."""
        words = [word for word in word_list(text) if word not in STOP_WORDS]
        idf = self.vectors.idf[self.vectors.rows(words)]
        used = sum(weight for word, weight in zip(words, idf.tolist(), strict=True) if word[:6] in known)
        return used / max(1e-9, float(idf.sum()))

    def _headline(self, host: Host) -> tuple[str, bool]:
        """A headline of another story, and whether it is in sentence case."""
        known = {word[:6] for text, _ in host.lines for word in word_list(text)}
        headline = self.random.choice(self.headlines)
        for _ in range(20):
            if self._shared(headline, known) <= SHARED_WORDS:
                break
            headline = self.random.choice(self.headlines)
        headline = headline.strip().rstrip(".")
        small = self.random.random() < 0.4 if self.in_sentence_case is None else self.in_sentence_case
        if small:
            return sentence_case(headline, self.vectors), True
        return title_case(headline), False

    def _story_link(self, headline: str) -> str:
        slug = "-".join(re.findall(r"[a-z0-9]+", headline.lower())[:9])
        prefix = self.random.choice(
            ("/", "/news/", "/2025/11/", "https://daily.example/", "/article/", "https://www.site.example/posts/")
        )
        return f"{prefix}{slug}"

    def _splice(
        self, line: Line, wording: Wording, slot: str, anchor: str, href: str | None, kind: Insertion | None
    ) -> None:
        """Tie the anchor to a sentence of the line in the wording's way."""
        pattern = wording.pattern.replace("{noun}", self.random.choice(self.words.nouns))
        place = pattern.index(slot)
        text = pattern.replace(slot, anchor)
        link = (place, place + len(anchor), href) if href else None
        if wording.place == "sentence":
            self._add_sentence(line, text[:1].upper() + text[1:], kind, link)
            return
        start, end = self._pick_sentence(line)
        sentence = line.text[start:end]
        if wording.place == "start":
            at, text = start, f"{text} "
            opener = sentence.split(" ")[0]
            if opener.istitle() and opener.lower() in LOWERED:
                line.text = line.text[:start] + sentence[:1].lower() + line.text[start + 1 :]
        elif wording.place == "middle":
            at, text = self._middle(line, start, sentence, text)
        else:
            at = end - len(sentence) + len(sentence.rstrip(".!?\"”’')"))
        self._put(line, at, text, kind, link)

    def _middle(self, line: Line, start: int, sentence: str, text: str) -> tuple[int, str]:
        """Place inside a sentence; at a comma, if there is one, which a text that opens with a sign of its own replaces."""
        commas = [match.start() for match in re.finditer(r",(?= )", sentence)]
        if not commas:
            gaps = [match.start() for match in re.finditer(r" ", sentence)]
            return start + (self.random.choice(gaps) if gaps else len(sentence)), text
        at = start + self.random.choice(commas)
        if text[:1] in ",—–-(" or text[:2] in {" —", " –", " (", " -"}:
            line.text = line.text[:at] + line.text[at + 1 :]
            line.links = [(a - (a > at), b - (b > at), href) for a, b, href in line.links]
        return at, text

    def _put(self, line: Line, at: int, text: str, kind: Insertion | None, link: tuple[int, int, str] | None) -> None:
        size = len(text)
        line.links = [
            (start + size * (start >= at), end + size * (end > at), href)
            for start, end, href in line.links
            if not start < at < end
        ]
        if link:
            line.links.append((at + link[0], at + link[1], link[2]))
        line.text = line.text[:at] + text + line.text[at:]
        if kind:
            start, end = at + len(text) - len(text.lstrip()), at + len(text.rstrip())
            line.inserted.append(Insertion(start, end, kind.sort, kind.linked, kind.sentence_case))

    def _pick_sentence(self, line: Line) -> tuple[int, int]:
        spans = [(a, a + len(line.text[a:b].rstrip())) for a, b in _sentence_ranges(line.text) if b - a > 30]
        return self.random.choice(spans) if spans else (0, len(line.text))

    def _add_sentence(
        self, line: Line, text: str, kind: Insertion | None, link: tuple[int, int, str] | None = None
    ) -> None:
        """Put a whole sentence before, between or after those of the line."""
        at = self.random.choice([0, *(end for _, end in _sentence_ranges(line.text))])
        if at == len(line.text) and at:
            self._put(line, at, f" {text}", kind, (link[0] + 1, link[1] + 1, link[2]) if link else None)
        else:
            self._put(line, at, f"{text} ", kind, link)

    def _label_lines(self, host: Host) -> list[Line]:
        """An "also read" line, or the heading of a list of other stories with its titles."""
        if self.random.random() < 0.6:
            headline, _ = self._headline(host)
            pattern = self.random.choice(self.words.label_lines)
            place = pattern.index("{headline}")
            text = pattern.replace("{headline}", headline)
            return [self._other_story(text, place, headline)]
        label = self.random.choice(self.words.block_labels)
        bullet = "" if self.is_html else self.random.choice(("", "- ", "• "))
        lines = [Line(label, inserted=[Insertion(0, len(label), "label_line")])]
        for _ in range(self.random.randint(2, 5)):
            headline, _ = self._headline(host)
            lines.append(self._other_story(bullet + headline, len(bullet), headline))
        return lines

    def _other_story(self, text: str, place: int, headline: str) -> Line:
        links = [(place, place + len(headline), self._story_link(headline))] if self.is_html else []
        return Line(text, links, [Insertion(0, len(text), "label_line", bool(links))])

    def _donor(self, host: Host) -> str:
        """A paragraph of another host, at times of one of the same source; a line where nobody has paragraphs."""
        near = [donor for donor in self.by_site.get(host.site, ()) if _differ(donor, host)]
        pool = near if near and self.random.random() < NEAR else self.hosts
        for _ in range(20):
            donor = self.random.choice(pool)
            if _differ(donor, host):
                lines = [text for text, _ in donor.lines if len(text) >= MIN_LINE]
                return self.random.choice([text for text in lines if len(text) >= 2 * MIN_LINE] or lines)
        return ""

    def _decoy(self, line: Line, host: Host) -> None:
        """An honest comparison with something of the same article, an aside, a sponsor's message: nothing foreign."""
        chance = self.random.random()
        if chance < 0.5:
            self._add_sentence(
                line, self.random.choice(self.words.asides if chance < 0.35 else self.words.sponsors), None
            )
            return
        phrase = self._phrase(host)
        if phrase and self.words.decoys:
            href = self._story_link(phrase) if self.is_html and self.random.random() < 0.3 else None
            wording = self._wording(self.words.decoys, self.words.composed_splices)
            slot = "{phrase}" if "{phrase}" in wording.pattern else "{headline}"
            self._splice(line, wording, slot, phrase, href, None)

    def _phrase(self, host: Host) -> str | None:
        """Words of the host: a name, or a run of its words, at times written like the title of a work or story."""
        text = self.random.choice(host.lines)[0]
        names = NAME.findall(text[1:])
        words = text.split(" ")
        if names and self.random.random() < 0.6:
            return str(self.random.choice(names))
        if len(words) < 10:
            return None
        size = self.random.choice((3, 3, 4, 6, 8))
        start = self.random.randrange(len(words) - size)
        phrase = " ".join(words[start : start + size]).strip('.,;:!?"“”')
        return title_case(phrase) if self.random.random() < 0.4 else phrase


def _differ(donor: Host, host: Host) -> bool:
    return donor.title != host.title and donor.lines != host.lines


def _sentence_ranges(text: str) -> list[tuple[int, int]]:
    return list(pairwise([0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]))


def _whole_sentences(text: str) -> list[str]:
    """Sentences long enough to say something."""
    found = [text[a:b].strip() for a, b in _sentence_ranges(text) if MIN_LINE <= b - a <= 400]
    return [sentence for sentence in found if sum(word not in STOP_WORDS for word in word_list(sentence)) >= 5]


def assemble(lines: Sequence[Line], title: str | None, *, is_html: bool) -> tuple[BlockedPage, tuple[Insertion, ...]]:
    """The lines as a page, and where the insertions stand in its text."""
    blocks, inserted = [], []
    position = 0
    for line in lines:
        links = tuple(Link(position + a, position + b, href) for a, b, href in sorted(line.links)) if is_html else ()
        end = position + len(line.text)
        blocks.append(Block(position, end, "p" if is_html else "", 1 if is_html else -1, links))
        inserted += [insertion.moved(position) for insertion in line.inserted]
        position = end + 2
    text = "\n\n".join(line.text for line in lines)
    return BlockedPage(text, tuple(blocks), HTML_PLACES if is_html else (), title), tuple(inserted)
