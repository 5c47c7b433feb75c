"""Links of an article → columns of its sentences: does the strangest link of a sentence belong to the article?"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from noisefilter.features.sentence_table import WINDOW
from noisefilter.features.tokens import unit_rows, word_list
from noisefilter.types import Link

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.features.sentence_table import SentenceTable
    from noisefilter.vectors import VectorTable

    Column = NDArray[np.float64]

LINK_NAMES = (
    "has_link", "anchor_words", "anchor_new", "anchor_capitals", "slug_match", "leaves_site", "link_share",
    "anchor_likeness", "anchor_title_likeness", "anchor_rest_likeness", "anchor_foreign", "target_likeness",
    "target_known", "target_words", "front_page", "host_again", "links_in_sentence", "links_in_article",
)  # fmt: skip
WORD_BREAK = re.compile(r"[-_/.+%?=&]+")


def link_columns(table: SentenceTable, vectors: VectorTable) -> tuple[Column, Column]:
    """Measures of the strangest link of each sentence, and the unit vector of its words and target's.

    (sentences, LINK_NAMES) and (sentences, dimensions); the measures are NaN in plain text, all are zeros without a link.
    """
    values = np.full((len(table), len(LINK_NAMES)), np.nan)
    said = np.zeros_like(table.vectors)
    for article, page in enumerate(table.pages):
        if page.is_html:
            rows = slice(table.edges[article], table.edges[article + 1])
            values[rows] = 0.0
            _fill_article(values, said, table, vectors, article, rows)
    return values, said


def _fill_article(
    values: Column, said: Column, table: SentenceTable, vectors: VectorTable, article: int, rows: slice
) -> None:
    """Write the measures of one article's sentences."""
    found = _links_of_sentences(table, article)
    begin = table.base[article]
    on_page = np.zeros(vectors.unknown_row + 1, dtype=np.bool_)
    on_page[table.tokens.ids[slice(*table.tokens.ranges(begin, begin + len(table.pages[article].text)))]] = True
    sites = Counter(_split_target(link.href)[0] for _, link in found)
    in_sentence = Counter(row for row, _ in found)
    strangest: dict[int, float] = {}
    for row, link in found:
        measured, vector = _measure(table, vectors, row, link, sites, on_page)
        if measured and measured[10] >= strangest.get(row, -1.0):
            strangest[row] = measured[10]
            said[row] = vector
            values[row] = [*measured, np.log1p(in_sentence[row]), 0.0]
    values[rows, -1] = np.log1p(len(found)) - np.log1p(rows.stop - rows.start)


def _links_of_sentences(table: SentenceTable, article: int) -> list[tuple[int, Link]]:
    """Sentence and link, its offsets into `table.text`, of each link of an article that stands in one sentence."""
    low, high = table.edges[article : article + 2].tolist()
    base = int(table.base[article])
    blocks = np.unique(table.block[low:high]) - table.block_base[article]
    found = []
    for block in blocks.tolist():
        for start, end, href in table.pages[article].blocks[block].links:
            row = int(np.searchsorted(table.start, start + base, side="right")) - 1
            if row >= low and end + base <= table.end[row]:
                found.append((row, Link(start + base, end + base, href)))
    return found


def _split_target(href: str) -> tuple[str, str]:
    """Host and path of a link's target; both empty where it cannot be read."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return "", ""
    return parts.netloc, parts.path


def _measure(
    table: SentenceTable, vectors: VectorTable, row: int, link: Link, sites: Counter[str], on_page: NDArray[np.bool_]
) -> tuple[list[float], Column]:
    """The first 16 of LINK_NAMES of a link, and the unit vector of its words and target; no measures if it has no words."""
    tokens = table.tokens
    first, last = np.searchsorted(tokens.start, [link.start, link.end]).tolist()
    low = int(np.searchsorted(table.token_index, first))
    high = low + last - first
    if high <= low:
        return [], np.zeros(vectors.dimensions)
    idf, new = table.idf[low:high], table.seen[low:high] > WINDOW
    site, path = _split_target(link.href)
    words = set(word_list(table.text[link.start : link.end]))
    slug = dict.fromkeys(word_list(WORD_BREAK.sub(" ", path)))  # in order: a sum over a set differs from run to run
    target = [word for word in [*word_list(WORD_BREAK.sub(" ", site)), *slug] if len(word) > 3]
    inside = vectors.vectors(tokens.ids[first:last]).sum(axis=0)
    rest = table.vectors[row] * table.lengths[row] - inside
    ids = vectors.rows(target)
    aimed = vectors.vectors(ids).sum(axis=0) if target else np.zeros(vectors.dimensions)
    known = on_page[ids] if target else np.zeros(1)
    context = table.context[row]
    measures = [
        1.0, np.log1p(high - low), float((idf * new).sum() / max(1e-9, float(idf.sum()))),
        float(tokens.title[first:last].mean()), len(words & slug.keys()) / max(1, len(words)), float(bool(site)),
        (link.end - link.start) / max(1, int(table.end[row] - table.start[row])),
        _cosine(inside, context), _cosine(inside, table.title_vectors[table.article[row]]), _cosine(inside, rest), float((idf * new).sum()),
        _cosine(aimed, context), float(known.mean()), np.log1p(len(target)), float(bool(site) and len(path) <= 1),
        np.log1p(sites[site] - 1),
    ]  # fmt: skip
    return measures, unit_rows(unit_rows(inside[None]) + unit_rows(aimed[None]))[0]


def _cosine(left: Column, right: Column) -> float:
    size = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right) / size if size > 1e-9 else 0.0
