"""Pages, blocks and tables made by hand for the tests."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noisefilter.blocks.table import BlockTable, block_table
from noisefilter.html.parse import parse_html
from noisefilter.html.walk import BlockedPage, split_lines, split_tree
from noisefilter.model import VECTORS, models_folder
from noisefilter.page import read_page
from noisefilter.sentences.table import Article, SentenceTable
from noisefilter.text.sentences import split_sentences
from noisefilter.text.tokens import tokenize
from noisefilter.text.vectors import VectorTable, load_vectors
from noisefilter.types import Page, Score, kept_ranges

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

TESTS = Path(__file__).parent
CORPUS = TESTS.parent / "corpus"

#: Sentences of one story: who did what, where and when.
SLUICE = (
    "The harbour board met on Tuesday and voted to repair the old sluice before winter.",
    "Engineer Maud Perrin told the board that two of its four gates no longer close.",
    "The repair will cost 310,000 crowns, of which the county pays one third.",
    "Water last rose over the quay in March 2019, when the fish market lost all its wares.",
    "But board member Anton Reyle voted against the repair and asked for a survey of the quay first.",
    "Work on the gates begins on 4 August and should take eleven weeks, Perrin said.",
    "Boats longer than nine metres cannot enter the harbour while the northern gates are out of the water.",
    "The gates were forged in 1911 by the firm of Haldor Brandt and were last painted six years ago.",
    "Fishermen may land their catch at the ferry pier until then, harbour master Lise Torp told the board.",
)
ARTICLE = "\n\n".join(" ".join(SLUICE[start : start + 3]) for start in (0, 3, 6))
HTML_ARTICLE = (
    "<!doctype html><html><head><title>Board repairs sluice | The Quay</title></head><body>"
    '<nav><a href="/">Home</a> <a href="/news">News</a> <a href="/sport">Sport</a></nav>'
    f"<article><h1>Harbour board votes to repair the sluice</h1>{''.join(f'<p>{text}</p>' for text in SLUICE)}</article>"
    '<footer><p>© 2025 The Quay. All rights reserved.</p><a href="/privacy">Privacy Policy</a></footer></body></html>'
)


def read_cases(name: str) -> list[dict[str, Any]]:
    """Rows of `cases/<name>.jsonl`."""
    lines = (TESTS / "cases" / f"{name}.jsonl").read_text(encoding="utf8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def walk(html: str, title: str | None = None) -> BlockedPage:
    """Blocks of an HTML page, without trafilatura's vote."""
    return split_tree(parse_html(html), title, [])


def texts(html: str) -> list[str]:
    """Text of each block of an HTML page."""
    return walk(html).texts()


@lru_cache(maxsize=1)
def vectors() -> VectorTable:
    """The shipped word vectors."""
    return load_vectors(models_folder() / VECTORS)


def article_with(sentence: str) -> str:
    """The article with a sentence after its fourth, as plain text."""
    middle = " ".join([*SLUICE[3:4], sentence, *SLUICE[4:6]])
    return "\n\n".join([" ".join(SLUICE[:3]), middle, " ".join(SLUICE[6:])])


def blocks_of(page: BlockedPage) -> BlockTable:
    """The block table of a page."""
    return block_table(page, tokenize(page.text, vectors()), vectors())


def articles_of(texts: Sequence[str], title: str | None = None) -> list[Article]:
    """Plain texts, ready to be measured."""
    pages = [split_lines(text, title) for text in texts]
    return [Article(page, tokenize(page.text, vectors()), split_sentences(page)) for page in pages]


def sentences_of(page: str | BlockedPage, title: str | None = None) -> SentenceTable:
    """The sentence table of a plain text or a page."""
    blocked = split_lines(page, title) if isinstance(page, str) else page
    return SentenceTable([Article(blocked, tokenize(blocked.text, vectors()), split_sentences(blocked))], vectors())


def visible(page: str) -> str:
    """Visible text of an HTML page as `score` would see it."""
    return walk(str(read_page(Page(page, format="html")).content)).text


def squeeze(text: str) -> str:
    """Text without blanks."""
    return "".join(text.split())


def removed(score: Score, kinds: Collection[str]) -> set[int]:
    """Offsets of the signs, blanks left out, that the named kinds of span take away."""
    text = score.visible_text
    kept = kept_ranges(text, (span for span in score.spans if span.kind in kinds))
    stays = {offset for start, end in kept for offset in range(start, end)}
    return {offset for offset, sign in enumerate(text) if not sign.isspace() and offset not in stays}
