"""Furniture between an article's paragraphs → columns: does it lead to another story than the article's?

Such lines are cut as furniture and are no context of the article; whether something foreign was put in, they tell all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.cues import cue_table
from noisefilter.features.sentence_table import WINDOW, vector_sums
from noisefilter.features.tokens import STEM_LETTERS, find_cues, hash_word, sums, unit_rows, word_list

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.blocks import BlockedPage
    from noisefilter.features.tokens import Tokens
    from noisefilter.vectors import VectorTable

    Column = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Reasons of furniture that leads elsewhere; its text says so.
ELSEWHERE = ("link to another story", "list of other stories")
#: Fewer words say too little to tell whose story they are of.
FEWEST_WORDS = 4
ASIDE_NAMES = (
    "words", "topic_words", "context_likeness", "title_likeness", "article_likeness", "known_share", "foreign", "capitals",
    "link_share", "leads_elsewhere", "below_label", "lines", "foreign_of_lines", "likeness_of_lines", "other_cue", "lines_linked",
)  # fmt: skip


def asides_of(sentences: Index, chosen: NDArray[np.bool_], tokens: Tokens) -> Index:
    """Which sentences are furniture between the article's first and last; `chosen` are those of the article."""
    article = np.flatnonzero(chosen)
    if not len(article):
        return np.zeros(0, dtype=np.int64)
    inner = np.arange(article[0], article[-1] + 1)
    inner = inner[~chosen[inner]]
    first, last = tokens.ranges(sentences[inner, 0], sentences[inner, 1])
    return inner[last - first >= FEWEST_WORDS]


def aside_matrix(
    page: BlockedPage, tokens: Tokens, sentences: Index, chosen: NDArray[np.bool_], vectors: VectorTable
) -> Column:
    """(asides, ASIDE_NAMES).

    Args:
        page: the page.
        tokens: its words.
        sentences: start, end and block of each sentence of the page.
        chosen: those of the article.
        vectors: word vectors.
    """
    rows = asides_of(sentences, chosen, tokens)
    if not len(rows):
        return np.zeros((0, len(ASIDE_NAMES)))
    first, last = tokens.ranges(sentences[:, 0], sentences[:, 1])
    unit = unit_rows(vector_sums(tokens.ids, first, last, vectors))
    own = unit[rows]
    article = np.flatnonzero(chosen)
    near = np.searchsorted(article, rows)
    bounds = np.maximum(near - WINDOW, 0), np.minimum(near + WINDOW, len(article))
    context = unit_rows(sums(unit[article], *bounds))
    words = (last - first)[rows].astype(np.float64)
    known, foreign, total = _shared_words(page, tokens, first, last, article, rows, vectors)
    texts = [page.text[start:end] for start, end, _ in sentences[rows].tolist()]
    cue = find_cues("furniture", texts, tokens, first[rows], last[rows])
    reasons = [cue_table("furniture").cues[row].reason if row >= 0 else "" for row in cue.tolist()]
    leads = np.array([reason in ELSEWHERE for reason in reasons])
    other = np.array([bool(reason) and reason not in ELSEWHERE for reason in reasons])
    run = np.cumsum(np.append(True, near[1:] != near[:-1])) - 1  # lines between the same two sentences of the article
    linked = _link_shares(page, sentences[rows])
    likeness = np.einsum("ij,ij->i", own, context)

    def of_run(values: Column) -> Column:
        return (np.bincount(run, values) / np.bincount(run))[run]

    title = vectors.vectors(vectors.rows(word_list(page.title or ""))).sum(axis=0, keepdims=True)
    return np.stack([
        np.log1p(words), total, likeness, own @ unit_rows(title)[0],
        own @ unit_rows(unit[article].sum(axis=0, keepdims=True))[0], known, np.log1p(foreign),
        sums(tokens.title.astype(np.float64), first, last)[rows] / words, linked, leads,
        np.append(False, leads[:-1] & (run[1:] == run[:-1])), np.log1p(np.bincount(run)[run]),
        of_run(foreign), of_run(likeness), other, of_run(linked),
    ], axis=1)  # fmt: skip


def _shared_words(
    page: BlockedPage, tokens: Tokens, first: Index, last: Index, article: Index, rows: Index, vectors: VectorTable
) -> tuple[Column, Column, Column]:
    """Share of each aside's words, by rarity, that the article or its title uses; the rarity of the others; of all."""
    inside = np.zeros(len(tokens) + 1, dtype=np.int64)
    np.add.at(inside, first[article], 1)
    np.add.at(inside, last[article], -1)
    said = tokens.stems[np.cumsum(inside)[:-1] > 0]
    title = [hash_word(word[:STEM_LETTERS]) for word in word_list(page.title or "")]
    rarity = vectors.idf[tokens.ids].astype(np.float64) * ~tokens.stop
    known = np.isin(tokens.stems, np.append(said, np.array(title, dtype=np.int64)))
    total = sums(rarity, first[rows], last[rows])
    shared = sums(rarity * known, first[rows], last[rows])
    return shared / np.maximum(total, 1e-9), total - shared, np.log1p(total)


def _link_shares(page: BlockedPage, sentences: Index) -> Column:
    """Share of each line's characters that stand in links."""
    shares = np.zeros(len(sentences))
    for row, (start, end, block) in enumerate(sentences.tolist()):
        inside = sum(max(0, min(end, link.end) - max(start, link.start)) for link in page.blocks[block].links)
        shares[row] = inside / max(1, end - start)
    return shares
