"""Blocks → sentences: where a sentence ends, as offsets into `visible_text`."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import nupunkt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noisefilter.blocks import BlockedPage

#: A block without an inner full stop is one sentence; asking nupunkt would cost a tenth of the page's time.
MAY_SPLIT = re.compile(r"[.!?…][\"”’')\]]*\s")
#: nupunkt takes "stock." and "bank." for abbreviations; a plain word before the stop and a capital after it end a sentence.
PLAIN_END = re.compile(r"(?<=[a-z]{4})[.!?][\"”’')\]]*\s+(?=[\"“‘(]?[A-Z])")
LINE = re.compile(r"[^\n]*\S[^\n]*")


class SentenceRange(NamedTuple):
    """A sentence before it is scored: offsets and the index of its block."""

    start: int
    end: int
    block: int


def split_sentences(page: BlockedPage) -> list[SentenceRange]:
    """Sentences of every block, in order; each lies inside one block and starts and ends with a word or sign."""
    sentences = []
    for index, block in enumerate(page.blocks):
        text = page.text[block.start : block.end]
        if "\n" in text or text[0].isspace() or MAY_SPLIT.search(text):
            for start, end in _split(text):
                sentences.append(SentenceRange(block.start + start, block.start + end, index))
        else:
            sentences.append(SentenceRange(block.start, block.end, index))
    return sentences


def _split(text: str) -> Iterator[tuple[int, int]]:
    """Sentences of a block; a line break, as code and addresses have them, ends one too."""
    for line in LINE.finditer(text):
        part = line[0]
        if not MAY_SPLIT.search(part):
            yield _trim(text, line.start(), line.end())
            continue
        for start, end in nupunkt.sent_spans(part):
            cuts = [start, *(match.end() for match in PLAIN_END.finditer(part, start, end)), end]
            for left, right in pairwise(cuts):
                if part[left:right].strip():
                    yield _trim(text, line.start() + left, line.start() + right)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
