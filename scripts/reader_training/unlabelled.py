"""Texts without labels → pieces that a teacher is asked about: as they are, and with something foreign put in by rules."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from noisefilter.html.read import read_blocks
from noisefilter.text.sentences import split_sentences
from reader_training.examples import ReaderExample, taught_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from noisefilter.reader.wordpiece import Vocabulary
    from noisefilter.types import Page
    from reader_training.examples import TaughtPiece

#: Most pieces of texts as they are and of changed ones, and most of one text.
MOST, MOST_OF_ONE = (26_000, 11_000), (6, 4)
#: Characters of a text that are used, and of one that is changed.
LONGEST, LONGEST_CHANGED = 20_000, 7_000
#: Characters and ends of sentences from which a text is changed, and in how many places it is.
SHORTEST, FEWEST_ENDS, PLACES = 600, 6, (1, 2, 2, 3, 4)
#: Shares of what is put in: a headline inside a sentence, a headline as a line, another text's sentence; the rest is a sentence of the text itself.
WOVEN_SHARE, LINE_SHARE, SENTENCE_SHARE = 0.45, 0.15, 0.3
#: How a headline is put into a sentence, and how it stands in a line.
WOVEN = (
    ", much as {}",
    ", a bit like {}",
    " — not unlike {} —",
    ", in the same week that {}",
    ", the way {} did",
    " (see also {})",
    ", as {} showed",
    ", echoing {}",
    ", just as {} has reminded fans",
    " while {}",
    ", which is how {} looked to many",
    ", alongside {}",
)
LINES = (
    "{}",
    "Read more: {}",
    "Also read: {}",
    "Related: {}",
    "Don't miss: {}",
    "More: {}",
    "{} – here is what we know",
)
SENTENCE = re.compile(r"[^.!?\n]{40,260}[.!?](?=\s)")
END, COMMA, LINE = re.compile(r"[.!?](?=\s)"), re.compile(r",(?= [a-z])"), re.compile(r"\n")
#: Characters of a title that can be put in.
TITLE = range(21, 110)


def unlabelled_pieces(texts: Sequence[Page], vocabulary: Vocabulary, chance: Random) -> list[TaughtPiece]:
    """Pieces of texts as they are, then of changed ones; nothing in them is labelled.

    Args:
        texts: each is used once, in an order by chance.
        vocabulary: of the encoder.
        chance: chooses texts, pieces, and what is put in.
    """
    different = list({str(page.content)[:200]: page for page in texts if str(page.content).strip()}.values())
    chance.shuffle(different)
    found: list[TaughtPiece] = []
    shortened = (replace(page, content=str(page.content)[:LONGEST]) for page in different)
    for pages, most, of_one in zip((shortened, with_foreign(different, chance)), MOST, MOST_OF_ONE, strict=True):
        pieces: list[TaughtPiece] = []
        for page in pages:
            example = text_example(page)
            unknown = replace(example, unknown=range(len(example.sentences)))
            of_page = list(taught_pieces([unknown], vocabulary))
            chance.shuffle(of_page)
            pieces += of_page[:of_one]
            if len(pieces) >= most:
                break
        found += pieces
    return found


def text_example(page: Page) -> ReaderExample:
    """The sentences of a page, without labels."""
    read = read_blocks(page)
    sentences = [(sentence.start, sentence.end) for sentence in split_sentences(read.blocked)] if read.blocked else []
    return ReaderExample(read.text, page.title, sentences)


def with_foreign(pages: Sequence[Page], chance: Random) -> Iterator[Page]:
    """Every second page, with headlines and sentences of others put in, and now and then a sentence of its own."""
    titles = [title for page in pages if len(title := (page.title or "").strip()) in TITLE]
    for page in pages[::2] if titles else ():
        text = str(page.content)[:LONGEST_CHANGED]
        ends = [match.end() for match in END.finditer(text)]
        if len(text) < SHORTEST or len(ends) < FEWEST_ENDS:
            continue
        changes = [
            _change(text, ends, str(chance.choice(pages).content), chance.choice(titles), chance)
            for _ in range(chance.choice(PLACES))
        ]
        for at, words in sorted(filter(None, changes), reverse=True):
            text = text[:at] + words + text[at:]
        yield replace(page, content=text)


def _change(text: str, ends: Sequence[int], other: str, title: str, chance: Random) -> tuple[int, str] | None:
    """What is put where, maybe at one of the ends of sentences; None if there is no place for it, or nothing to put."""
    kind = chance.random()
    if kind < WOVEN_SHARE:
        shown = (title[0].lower() + title[1:] if chance.random() < 0.5 else title).rstrip(".!?")
        commas = [match.start() for match in COMMA.finditer(text)]
        at = chance.choice(commas) if commas and chance.random() < 0.7 else chance.choice(ends) - 1
        return at, chance.choice(WOVEN).format(shown)
    if kind < WOVEN_SHARE + LINE_SHARE:
        lines = [match.end() for match in LINE.finditer(text)]
        return (chance.choice(lines), chance.choice(LINES).format(title) + "\n") if lines else None
    source = other[:LONGEST] if kind < WOVEN_SHARE + LINE_SHARE + SENTENCE_SHARE else text
    sentences = SENTENCE.findall(source)
    return (chance.choice(ends), f" {chance.choice(sentences).strip()}") if sentences else None
