"""Articles → articles with foreign passages put in, and the classifiers that find them.

Insertions are made, since hardly any labelled ones exist: headlines spliced into sentences, foreign sentences and
paragraphs, "also read" lines, paid links, sponsors. Honest comparisons and asides are made too, as negatives.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks import BlockedPage, Place, split_blocks
from noisefilter.features.insertions import insertion_matrix, insertion_table
from noisefilter.features.sentence_table import sentence_table
from noisefilter.features.tokens import tokenize
from noisefilter.page import read_page
from noisefilter.scoring.articles import page_off_topic_inputs
from noisefilter.scoring.networks import build_network
from noisefilter.sentences import split_sentences
from noisefilter.training.estimators import calibrate, fit_calibration, fit_network, named
from noisefilter.training.wordings import wordings
from noisefilter.types import Block, Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from noisefilter.features.insertions import InsertionTable
    from noisefilter.sentences import SentenceRange
    from noisefilter.training.corpora import LabelledPage
    from noisefilter.training.wordings import Wording
    from noisefilter.vectors import VectorTable

    Matrix = NDArray[np.float64]

SORTS = ("splice", "sentence", "paragraph", "label_line", "paid_link", "sponsor")
#: How often each sort is made. Splices most: they are what nobody else finds.
SORT_WEIGHTS = (40, 14, 8, 12, 18, 8)
#: Share of the articles that are left alone, and of those that get an honest comparison or aside.
CLEAN_SHARE, DECOY_SHARE = 0.35, 0.5
#: Share of the articles that are laid out one sentence a line, as farms and text extractors do.
ONE_A_LINE = 0.3
HIDDEN = (64,)
ALPHA = 1.0
EPOCHS = 20
#: Share of pages that have an insertion, as the page's probability assumes: most made pages have, most real ones have not.
PAGE_PRIOR = 0.2
HTML_PLACES = (Place(-1, "body", "", hidden=False), Place(0, "p", "", hidden=False))
SENTENCE_END = re.compile(r"[.!?][\"”’')]*\s+(?=[A-Z\"“])")
MIN_LINE = 60
#: Made pages are at least so many, however few the hosts.
FEWEST_PAGES = 200


@dataclass(slots=True)
class Line:
    """A paragraph of a host; `inserted` are character ranges of it."""

    text: str
    links: list[tuple[int, int, str]] = field(default_factory=list)
    inserted: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Host:
    """An article to put things into: paragraphs with links (if `is_html`)."""

    title: str | None
    lines: tuple[tuple[str, tuple[tuple[int, int, str], ...]], ...]
    site: str
    is_html: bool = False


@dataclass(frozen=True, slots=True)
class InsertionExample:
    """A made page: 1 for each sentence that holds an insertion, its sort, and the inserted character ranges."""

    table: InsertionTable
    foreign: NDArray[np.int64]
    sorts: tuple[str, ...]
    ranges: tuple[tuple[int, int, str], ...]
    site: str


def text_host(text: str, title: str | None, site: str) -> Host | None:
    """Host of a plain text; None if it is too short to hide anything in."""
    lines = tuple((line.strip(), ()) for line in text.split("\n") if line.strip())
    return Host(title, lines, site) if sum(len(line) >= MIN_LINE for line, _ in lines) >= 4 else None


def html_host(page: BlockedPage, kept: Sequence[bool], site: str) -> Host | None:
    """Host of the kept blocks of an HTML page, with the links that its author set."""
    lines = []
    for block, keep in zip(page.blocks, kept, strict=True):
        if keep:
            links = tuple((link.start - block.start, link.end - block.start, link.href) for link in block.links)
            lines.append((page.text[block.start : block.end].replace("\n", " "), links))
    return (
        Host(page.title, tuple(lines), site, is_html=True)
        if sum(len(line) >= MIN_LINE for line, _ in lines) >= 4
        else None
    )


class InsertionMaker:
    """Makes pages from hosts; the same seed gives the same pages."""

    def __init__(self, hosts: Sequence[Host], headlines: Sequence[str], split: str, seed: int = 0) -> None:
        self.hosts = hosts
        self.headlines = headlines
        self.words = wordings(split)
        self.random = random.Random(seed)

    def make(
        self, host: Host, count: int | None = None, sorts: Sequence[str] | None = None
    ) -> tuple[BlockedPage, tuple[tuple[int, int, str], ...]]:
        """A page with some insertions (a random number if `count` is None), and where they stand."""
        lines = self._lay_out(host)
        if count is None:
            count = 0 if self.random.random() < CLEAN_SHARE else self.random.choice((1, 1, 2, 2, 3, 4))
        roomy = [index for index, line in enumerate(lines) if len(line.text) >= MIN_LINE]
        self.random.shuffle(roomy)
        if self.random.random() < DECOY_SHARE and roomy:
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
        return _assemble(lines, host)

    def _lay_out(self, host: Host) -> list[Line]:
        """The host's paragraphs, or each sentence on a line of its own: form must not give an insertion away."""
        lines = [Line(text, list(links)) for text, links in host.lines]
        if self.random.random() >= ONE_A_LINE:
            return lines
        apart = []
        for line in lines:
            cuts = [0, *(match.end() for match in SENTENCE_END.finditer(line.text)), len(line.text)]
            for start, end in pairwise(cuts):
                text = line.text[start:end].rstrip()
                links = [
                    (a - start, b - start, href) for a, b, href in line.links if start <= a and b <= start + len(text)
                ]
                if text:
                    apart.append(Line(text, links))
        return apart

    def _insert(self, sort: str, line: Line, host: Host) -> list[Line]:
        """Put an insertion into the line, or return lines to stand after it."""
        if sort == "splice":
            wording = self.random.choice(self.words.splices)
            anchor = self._headline()
            href = self._story_link(anchor) if host.is_html and self.random.random() < 0.4 else None
            self._splice(line, wording, "{headline}", anchor, href, sort)
            return []
        if sort == "paid_link":
            anchor, target = self.random.choice(self.words.anchors)
            wording = self.random.choice(self.words.paid_links)
            self._splice(line, wording, "{anchor}", anchor, target if host.is_html else None, sort)
            return []
        if sort == "label_line":
            return self._label_lines(host)
        if sort == "sponsor":
            text = self.random.choice(self.words.sponsors)
            return [Line(text, inserted=[(0, len(text), sort)])]
        donor = self._donor(host)
        sentences = _sentences_of(donor)
        if sort == "paragraph" or not sentences:
            text = donor[:900]
            return [Line(text, inserted=[(0, len(text), "paragraph")])]
        self._add_sentence(line, self.random.choice(sentences), sort)
        return []

    def _headline(self) -> str:
        headline = self.random.choice(self.headlines).strip().rstrip(".")
        chance = self.random.random()
        if chance < 0.35:  # sentence case: capitals stay only where the word has one of its own inside
            first, *rest = headline.split(" ")
            headline = " ".join(
                [first, *(word if word.isupper() or any(map(str.isdigit, word)) else word.lower() for word in rest)]
            )
        return headline

    def _story_link(self, headline: str) -> str:
        slug = "-".join(re.findall(r"[a-z0-9]+", headline.lower())[:9])
        prefix = self.random.choice(
            ("/", "/news/", "/2025/11/", "https://daily.example/", "/article/", "https://www.site.example/posts/")
        )
        return f"{prefix}{slug}"

    def _splice(self, line: Line, wording: Wording, slot: str, anchor: str, href: str | None, sort: str) -> None:
        """Tie the anchor to a sentence of the line in the wording's way."""
        pattern = wording.pattern.replace("{noun}", self.random.choice(self.words.nouns))
        place = pattern.index(slot)
        text = pattern.replace(slot, anchor)
        if wording.place == "sentence":
            text = text[:1].upper() + text[1:]
            self._add_sentence(line, text, sort, (place, place + len(anchor), href) if href else None)
            return
        start, end = self._pick_sentence(line)
        sentence = line.text[start:end]
        if wording.place == "start":
            at, text = start, f"{text} "
            head = (
                sentence[:1].lower()
                if sentence[:2].istitle() and sentence.split(" ")[0].lower() in LOWERED
                else sentence[:1]
            )
            line.text = line.text[:start] + head + line.text[start + 1 :]
        elif wording.place == "middle":
            commas = [match.start() for match in re.finditer(r",(?= )", sentence)]
            gaps = [match.start() for match in re.finditer(r" ", sentence)]
            if commas:
                at = start + self.random.choice(commas)
                if text[:1] in ",—–-(" or text[:2] in {" —", " –", " (", " -"}:
                    line.text = line.text[:at] + line.text[at + 1 :]
                    line.links = [(a - (a > at), b - (b > at), h) for a, b, h in line.links]
            else:
                at = start + (self.random.choice(gaps) if gaps else len(sentence))
        else:
            at = end - len(sentence) + len(sentence.rstrip(".!?\"”’')"))
        self._put(line, at, text, sort, (place, place + len(anchor), href) if href else None)

    def _put(self, line: Line, at: int, text: str, sort: str, link: tuple[int, int, str | None] | None) -> None:
        size = len(text)
        line.links = [
            (start + size * (start >= at), end + size * (end > at), href)
            for start, end, href in line.links
            if not start < at < end
        ]
        if link and link[2] is not None:
            line.links.append((at + link[0], at + link[1], link[2]))
        line.text = line.text[:at] + text + line.text[at:]
        if sort:
            blank = len(text) - len(text.lstrip())
            line.inserted.append((at + blank, at + len(text.rstrip()), sort))

    def _pick_sentence(self, line: Line) -> tuple[int, int]:
        cuts = [0, *(match.end() for match in SENTENCE_END.finditer(line.text)), len(line.text)]
        spans = [(a, a + len(line.text[a:b].rstrip())) for a, b in pairwise(cuts) if b - a > 30]
        return self.random.choice(spans) if spans else (0, len(line.text))

    def _add_sentence(self, line: Line, text: str, sort: str, link: tuple[int, int, str | None] | None = None) -> None:
        """Put a whole sentence before, between or after those of the line."""
        cuts = [0, *(match.end() for match in SENTENCE_END.finditer(line.text)), len(line.text)]
        at = self.random.choice(cuts)
        if at == len(line.text) and at:
            self._put(line, at, f" {text}", sort, (link[0] + 1, link[1] + 1, link[2]) if link else None)
        else:
            self._put(line, at, f"{text} ", sort, link)

    def _label_lines(self, host: Host) -> list[Line]:
        """An "also read" line, or the heading of a list of other stories with its titles."""
        if self.random.random() < 0.6:
            headline = self._headline()
            pattern = self.random.choice(self.words.label_lines)
            place = pattern.index("{headline}")
            text = pattern.replace("{headline}", headline)
            links = [(place, place + len(headline), self._story_link(headline))] if host.is_html else []
            return [Line(text, links, [(0, len(text), "label_line")])]
        label = self.random.choice(self.words.block_labels)
        lines = [Line(label, inserted=[(0, len(label), "label_line")])]
        for _ in range(self.random.randint(2, 5)):
            headline = self._headline()
            links = [(0, len(headline), self._story_link(headline))] if host.is_html else []
            lines.append(Line(headline, links, [(0, len(headline), "label_line")]))
        return lines

    def _donor(self, host: Host) -> str:
        """A paragraph of another host."""
        for _ in range(20):
            donor = self.random.choice(self.hosts)
            if donor.title != host.title and donor.lines != host.lines:
                long = [text for text, _ in donor.lines if len(text) >= 2 * MIN_LINE]
                if long:
                    return self.random.choice(long)
        return self.random.choice(self.words.sponsors)

    def _decoy(self, line: Line, host: Host) -> None:
        """An honest comparison with something of the same article, or an aside: nothing foreign."""
        if self.random.random() < 0.4 and self.words.asides:
            self._add_sentence(line, self.random.choice(self.words.asides), "")
            return
        phrase = self._phrase(host)
        if phrase and self.words.decoys:
            self._splice(line, self.random.choice(self.words.decoys), "{phrase}", phrase, None, "")

    def _phrase(self, host: Host) -> str | None:
        text = self.random.choice(host.lines)[0]
        names = re.findall(r"(?:[A-Z][\w’'-]+ ){1,4}[A-Z][\w’'-]+", text[1:])
        if names:
            return str(self.random.choice(names))
        words = text.split(" ")
        if len(words) < 6:
            return None
        start = self.random.randrange(len(words) - 4)
        return " ".join(words[start : start + 3]).strip('.,;:!?"“”')


#: Sentence openings that may be put in lower case when something comes before them.
LOWERED = frozenset(
    "the a an in on at it this that these those they we he she there but for with as when while if".split()
)


def _sentences_of(text: str) -> list[str]:
    cuts = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    return [text[a:b].strip() for a, b in pairwise(cuts) if 40 <= b - a <= 400]


def _assemble(lines: Sequence[Line], host: Host) -> tuple[BlockedPage, tuple[tuple[int, int, str], ...]]:
    """The lines as a page, and where the insertions stand in its text."""
    blocks, ranges = [], []
    position = 0
    for line in lines:
        links = (
            tuple(Link(position + a, position + b, href) for a, b, href in sorted(line.links)) if host.is_html else ()
        )
        blocks.append(
            Block(position, position + len(line.text), "p" if host.is_html else "", 1 if host.is_html else -1, links)
        )
        ranges += [(position + a, position + b, sort) for a, b, sort in line.inserted]
        position += len(line.text) + 2
    text = "\n\n".join(line.text for line in lines)
    return BlockedPage(text, tuple(blocks), HTML_PLACES if host.is_html else (), host.title), tuple(ranges)


def insertion_example(
    page: BlockedPage, ranges: Sequence[tuple[int, int, str]], site: str, vectors: VectorTable,
    sentences: Sequence[SentenceRange] | None = None,
) -> InsertionExample:  # fmt: skip
    """A page with the truth of its sentences (all of them, or those given)."""
    sentences = split_sentences(page) if sentences is None else sentences
    tokens = tokenize(page.text, vectors)
    table = insertion_table(sentence_table(page, tokens, sentences, vectors), vectors)
    sorts = []
    for sentence in sentences:
        found = [sort for start, end, sort in ranges if min(end, sentence.end) - max(start, sentence.start) > 3]
        sorts.append(found[0] if found else "")
    return InsertionExample(table, np.array([int(bool(sort)) for sort in sorts]), tuple(sorts), tuple(ranges), site)


def make_examples(
    hosts: Sequence[Host], headlines: Sequence[str], split: str, vectors: VectorTable, *, seed: int = 0
) -> list[InsertionExample]:
    """One made page a host; several if there are few."""
    maker = InsertionMaker(hosts, headlines, split, seed)
    rounds = -(-FEWEST_PAGES // max(1, len(hosts)))
    return [insertion_example(*maker.make(host), host.site, vectors) for _ in range(rounds) for host in hosts]


def labelled_examples(pages: Iterable[LabelledPage], vectors: VectorTable) -> list[InsertionExample]:
    """Pages whose off-topic passages a reader marked; what was marked as boilerplate is left out."""
    examples = []
    for page in pages:
        read = read_page(page.page)
        if page.spans is None or read.status != "ok":
            continue
        blocked = split_blocks(read)
        furniture = [(span.start, span.end) for span in page.spans if span.kind == "boilerplate"]
        sentences = [
            sentence
            for sentence in split_sentences(blocked)
            if not any(start <= sentence.start < end for start, end in furniture)
        ]
        ranges = [(span.start, span.end, "labelled") for span in page.spans if span.kind == "off_topic"]
        if sentences:
            examples.append(insertion_example(blocked, ranges, page.site, vectors, sentences))
    return examples


def fit_insertions(examples: Sequence[InsertionExample], tune: Sequence[InsertionExample]) -> dict[str, Matrix]:
    """Arrays of the sentence classifier for insertions and of the page's; calibrated on sites of `tune`."""
    matrix = np.concatenate([insertion_matrix(example.table) for example in examples])
    foreign = np.concatenate([example.foreign for example in examples])
    fitted = fit_network(matrix, foreign, hidden=HIDDEN, alpha=ALPHA, epochs=EPOCHS)
    logits, truth = _tune_logits(fitted, tune)
    slope, offset = fit_calibration(np.concatenate(logits), np.concatenate(truth))
    fitted = calibrate(fitted, slope, offset)
    network = build_network(named("insertion", fitted), "insertion")
    rows = [page_off_topic_inputs(network.probabilities(insertion_matrix(example.table))[:, 1]) for example in tune]
    touched = np.array([int(example.foreign.any()) for example in tune])
    weights = np.where(touched == 1, PAGE_PRIOR / max(1, touched.sum()), (1 - PAGE_PRIOR) / max(1, (1 - touched).sum()))
    page = fit_network(np.concatenate(rows), touched, weights * len(touched), alpha=1.0)
    return {**named("insertion", fitted), **named("page_off_topic", page)}


def _tune_logits(
    fitted: dict[str, Matrix], tune: Sequence[InsertionExample]
) -> tuple[list[Matrix], list[NDArray[np.int64]]]:
    network = build_network(named("insertion", fitted), "insertion")
    probabilities = [
        np.clip(network.probabilities(insertion_matrix(example.table))[:, 1], 1e-6, 1 - 1e-6) for example in tune
    ]
    return [np.log(values / (1 - values)) for values in probabilities], [example.foreign for example in tune]
