"""Blocks → sentences: where a sentence ends, as offsets into `visible_text`."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import nupunkt

if TYPE_CHECKING:
    from noisefilter.html.walk import BlockedPage

#: A block without an inner full stop is one sentence; asking nupunkt would cost a tenth of the page's time. All signs
#: come first so that `re` can skip ahead; a lookbehind tells those that need no blank after them.
MAY_SPLIT = re.compile(r"[.!?…\u3002\uff01\uff1f\u06d4\u0964\u1362](?:(?<![.!?…])|[\"”’')\]]*\s)")
#: nupunkt takes "stock." and "bank." for abbreviations; a plain word before the stop and a capital after it end a
#: sentence.
PLAIN_END = re.compile(r"[.!?](?<=[a-z]{4}[.!?])[\"”’')\]]*\s+(?=[\"“‘(]?[A-Z])")
#: Ends of a question.
ASKS = ("?", "？", "؟")
#: Ends of sentences in scripts that nupunkt does not know; CJK has no blank after them.
OTHER_END = re.compile(r"[\u3002\uff01\uff1f\u061f\u06d4\u0964\u0965\u1362]+[\"”’')\]\u300d\u300f\uff09]*")
#: Signs without a blank, of which nupunkt would read the rest again from each one; no sentence ends before the last.
LONG_RUN = re.compile(r"(?<=[.!?…])[^\w\s]{100,}")
BREAK = re.compile(r"[\n\r]")
LINE = re.compile(r"[^\n]*\S[^\n]*")


class SentenceRange(NamedTuple):
    """A sentence before it is scored: offsets and the index of its block."""

    start: int
    end: int
    block: int


def split_sentences(page: BlockedPage) -> list[SentenceRange]:
    """Sentences of every block, in order; each lies inside one block and starts and ends with a word or sign.

    A line break inside a block, as code and addresses have them, ends one too, but not in a plain text, which was wrapped.
    """
    sentences = []
    for index, block in enumerate(page.blocks):
        text = page.text[block.start : block.end]
        text = text if page.is_html else BREAK.sub(" ", text)
        if "\n" in text or text[0].isspace():
            for line in LINE.finditer(text):
                ranges = _split(line[0]) if MAY_SPLIT.search(line[0]) else [_trim(line[0], 0, len(line[0]))]
                base = block.start + line.start()
                sentences += [SentenceRange(base + start, base + end, index) for start, end in ranges]
        elif MAY_SPLIT.search(text):
            sentences += [SentenceRange(block.start + start, block.start + end, index) for start, end in _split(text)]
        else:
            sentences.append(SentenceRange(block.start, block.end, index))
    return sentences


def _split(line: str) -> list[tuple[int, int]]:
    """Sentences of a line."""
    found = []
    patterns = (PLAIN_END,) if line.isascii() or not OTHER_END.search(line) else (PLAIN_END, OTHER_END)
    for start, end in nupunkt.sent_spans(LONG_RUN.sub(lambda run: "x" * len(run[0]), line)):
        ends = [match.end() for pattern in patterns for match in pattern.finditer(line, start, end)]
        if ends:
            found += [_trim(line, left, right) for left, right in pairwise(sorted({start, *ends, end}))]
        else:
            found.append(_trim(line, start, end))
    return [bounds for bounds in found if bounds[0] < bounds[1]]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
