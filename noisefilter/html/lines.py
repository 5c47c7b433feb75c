"""Plain text → its lines, with those joined that a program wrapped, and its title."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]*\S[^\n\r\x0b\x0c\x85\u2028\u2029]*")
NEXT_LINE = re.compile(r"[ \t]*(?:\r\n|\n|\r)[ \t]*")
#: A text is wrapped if its longest line has so many characters, and at least so many lines, and of those with another right
#: below at least this share, end where the next one's first word had no room; a longer word is a text without blanks.
NARROWEST, WIDEST, MIN_BROKEN, MOSTLY_BROKEN, LONGEST_WORD = 50, 100, 4, 0.6, 30
#: What an item of a list begins with.
ITEM = re.compile(r"[-*+•–—]|\(?\w{1,3}[.)]")
#: Fewest and most words of a headline, the lines at the top among which it is looked for, and those that it is compared with. The
#: body begins with a longer line, or with a sentence of `MIN_BODY` words.
MIN_TITLE, MAX_TITLE, TITLE_LINES, COMPARED, MIN_BODY = 3, 25, 16, 40, 13
#: Letters of a word that tells what a sentence is about; what closes a quotation; what ends a sentence, and no headline.
LEAST_LETTERS, QUOTES, STOPS, NO_HEADLINE = 4, "\"'”’)」』", ".!?…。！？", ".,;:。，、；："
#: In a line with kana or ideographs a word is a pair of characters.
IDEOGRAPH = re.compile("[\u3041-\u30fa\u3400-\u9fff]")
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
    """Markdown's title or headline; else, of the lines above the body that may be one, that which shares most words with the sentences.

    If there is none above the body, it is one of the lines at the top.
    """
    pattern = DECLARED if lines[:1] == ["---"] else HEADLINE
    marked = next((match for match in map(pattern.fullmatch, lines[:COMPARED]) if match), None)
    if marked:
        return marked[1]
    top = [(len(_words(line)), line.rstrip(QUOTES)[-1:]) for line in lines[:TITLE_LINES]]
    begins = (
        row for row, (words, last) in enumerate(top) if words > MAX_TITLE or (words >= MIN_BODY and last in STOPS)
    )
    body = next(begins, len(top))
    fit = [row for row, (words, last) in enumerate(top) if MIN_TITLE <= words <= MAX_TITLE and last not in NO_HEADLINE]
    rows = [row for row in fit if row < body] or fit
    if not rows:
        return None
    return " ".join(lines[rows[0] if len(rows) == 1 else _most_shared(lines, rows)].split())


def _most_shared(lines: list[str], rows: list[int]) -> int:
    """The row of which most words stand in sentences of other rows."""
    closed = tuple(STOPS + QUOTES)
    sentences = {row: {*_words(line)} for row, line in enumerate(lines[:COMPARED]) if line.endswith(closed)}
    counts = Counter(word for words in sentences.values() for word in words if _tells(word))
    return max(
        rows, key=lambda row: sum(counts[word] > (word in sentences.get(row, ())) for word in _words(lines[row]))
    )


def _tells(word: str) -> bool:
    return len(word) >= LEAST_LETTERS or not word.isascii()


def _words(line: str) -> list[str]:
    if line.isascii() or not IDEOGRAPH.search(line):
        return line.lower().split()
    return [line[start : start + 2] for start in range(0, len(line), 2)]
