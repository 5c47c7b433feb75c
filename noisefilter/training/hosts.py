"""Pages → hosts: articles that something can be put into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noisefilter.blocks import split_blocks
from noisefilter.cues import cue_table
from noisefilter.features.asides import ELSEWHERE
from noisefilter.features.block_table import CUE_WORDS
from noisefilter.page import read_page
from noisefilter.training.articles import article_text
from noisefilter.training.blocks import label_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.blocks import BlockedPage
    from noisefilter.training.corpora import LabelledPage

#: A line with fewer characters is no place for an insertion, and too few such lines make no host.
MIN_LINE, MIN_LINES = 60, 4


@dataclass(frozen=True, slots=True)
class Host:
    """An article to put things into: paragraphs with links (if `is_html`)."""

    title: str | None
    lines: tuple[tuple[str, tuple[tuple[int, int, str], ...]], ...]
    site: str
    is_html: bool = False


def text_host(text: str, title: str | None, site: str) -> Host | None:
    """Host of a plain text; None if it is too short to hide anything in."""
    lines = tuple((line.strip(), ()) for line in text.split("\n") if line.strip())
    return Host(title, lines, site) if sum(len(line) >= MIN_LINE for line, _ in lines) >= MIN_LINES else None


def without_labels(text: str) -> str:
    """The text less its short lines that lead to other stories: these are no honest part of a host, whoever put them in."""
    table = cue_table("furniture")

    def leads_elsewhere(line: str) -> bool:
        found = table.find(line.strip()) if len(line.split()) <= CUE_WORDS else -1
        return found >= 0 and table.cues[found].reason in ELSEWHERE

    return "\n".join(line for line in text.split("\n") if not leads_elsewhere(line))


def html_host(page: BlockedPage, kept: Sequence[bool], site: str) -> Host | None:
    """Host of the kept blocks of an HTML page, with the links that its author set."""
    lines = []
    for block, keep in zip(page.blocks, kept, strict=True):
        if keep:
            links = tuple((link.start - block.start, link.end - block.start, link.href) for link in block.links)
            lines.append((page.text[block.start : block.end].replace("\n", " "), links))
    if sum(len(line) >= MIN_LINE for line, _ in lines) < MIN_LINES:
        return None
    return Host(page.title, tuple(lines), site, is_html=True)


def make_hosts(pages: Sequence[LabelledPage]) -> list[Host]:
    """Articles to put insertions into: HTML with the links of its author, else plain text."""
    hosts = []
    for page in pages:
        read = read_page(page.page)
        if read.status != "ok" or page.page_type != "article":
            continue
        foreign = page.spans is not None and any(span.kind == "off_topic" for span in page.spans)
        if foreign or (page.sentences and any("O" in letter for _, _, letter in page.sentences)):
            continue
        if read.format == "html" and (page.main_text is not None or page.spans is not None):
            blocked = split_blocks(read)
            furniture = label_blocks(blocked, page)
            host = html_host(blocked, [not out for out in furniture], page.site) if furniture is not None else None
        else:
            host = text_host(without_labels(article_text(page)[0]), page.page.title, page.site)
        if host:
            hosts.append(host)
    return hosts
