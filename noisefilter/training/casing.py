"""Headlines → the same in title case or in sentence case, as outlets write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noisefilter.vectors import VectorTable

#: Words that title case leaves small.
SMALL = frozenset("a an and as at but by for from in of on or the to vs with".split())


def sentence_case(headline: str, vectors: VectorTable) -> str:
    """The headline with capitals only where such a word mostly has one: names, and what no table knows."""
    words = headline.split(" ")
    plain = [word.strip("'\"“”‘’.,:;!?()").lower().replace("’", "'") for word in words]
    capital = vectors.capital[vectors.rows(plain)]
    return " ".join(
        word if not place or word.isupper() or share >= 0.5 or any(map(str.isdigit, word)) else word.lower()
        for place, (word, share) in enumerate(zip(words, capital.tolist(), strict=True))
    )


def title_case(headline: str) -> str:
    """The headline with a capital on every word but the small ones."""
    words = headline.split(" ")
    return " ".join(
        word if place and word.lower() in SMALL else word[:1].upper() + word[1:] for place, word in enumerate(words)
    )
