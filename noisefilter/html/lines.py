"""Plain text → its lines, with those joined that a program wrapped, and its title."""

from __future__ import annotations

import re
from itertools import pairwise

LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]*\S[^\n\r\x0b\x0c\x85\u2028\u2029]*")
NEXT_LINE = re.compile(r"[ \t]*(?:\r\n|\n|\r)[ \t]*")
#: A text is wrapped if its longest line has so many characters, and at least so many lines, and of those with another right
#: below at least this share, end where the next one's first word had no room; a longer word is a text without blanks.
NARROWEST, WIDEST, MIN_BROKEN, MOSTLY_BROKEN, LONGEST_WORD = 50, 100, 4, 0.6, 30
#: What an item of a list begins with.
ITEM = re.compile(r"[-*+•–—]|\(?\w{1,3}[.)]")
#: Fewest and most words of a headline, the lines at the top among which it is looked for, and those that it is compared with.
MIN_TITLE, MAX_TITLE, TITLE_LINES, COMPARED = 3, 25, 16, 40
QUOTES = "\"'”’)"
#: Markdown's headline, and the title in the data above it.
HEADLINE, DECLARED = re.compile(r"#\s+(\S.*)"), re.compile(r"""title:\s*["']?(\S.*?)["']?\s*""", re.IGNORECASE)


def find_lines(text: str) -> list[tuple[int, int]]:
    """Bounds of the lines that are not blank, without the blanks around them; those that were wrapped are one."""
    bounds = []
    for match in LINE.finditer(text):
        line = match[0]
        bounds.append((match.start() + len(line) - len(line.lstrip()), match.start() + len(line.rstrip())))
    width = max((end - start for start, end in bounds), default=0)
    if not NARROWEST <= width <= WIDEST:
        return bounds
    below = [  # without a blank line in between
        NEXT_LINE.fullmatch(text, before[1], after[0]) is not None for before, after in pairwise(bounds)
    ]
    words = [text[start:end].split(None, 1)[0] for start, end in bounds[1:]]
    broken = [
        near and width <= end - start + len(word) < width + LONGEST_WORD and not ITEM.fullmatch(word)
        for near, (start, end), word in zip(below, bounds, words, strict=False)
    ]
    if sum(broken) < max(MIN_BROKEN, MOSTLY_BROKEN * sum(below)):
        return bounds
    joined = bounds[:1]
    for again, (start, end) in zip(broken, bounds[1:], strict=True):
        joined[-1:] = [(joined[-1][0], end)] if again else [joined[-1], (start, end)]
    return joined


def guess_title(lines: list[str]) -> str | None:
    """Markdown's title or headline; else the line at the top that may be one and shares most words with the sentences below."""
    pattern = DECLARED if lines[:1] == ["---"] else HEADLINE
    marked = next((match for match in map(pattern.fullmatch, lines[:COMPARED]) if match), None)
    if marked:
        return marked[1]
    short = [line for line in lines[:TITLE_LINES] if MIN_TITLE <= len(line.split()) <= MAX_TITLE]
    titles = [" ".join(line.split()) for line in short if line.rstrip(QUOTES)[-1:] not in ".,;:"]
    if len(titles) < 2:
        return titles[0] if titles else None
    words = (line.lower().split() for line in lines[:COMPARED] if line[-1] in '.!?…"”')
    common = {word for sentence in words for word in sentence if len(word) > 3}
    return max(titles, key=lambda line: sum(word in common for word in line.lower().split()))
