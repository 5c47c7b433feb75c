"""Passages that writers put into articles: what the model finds of them, of each writer and sort, and what it takes for such.

Recall is measured at thresholds that given shares of the clean sentences pass, those of untouched real pages as they are found,
and at the model's own. The baseline reads no context but a mean: how unlike the words around it a sentence is, and how many of
its words have a capital, weighed on the pages of the other writers.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from carry_over_legs import print_figures
from sklearn.linear_model import LogisticRegression

from noisefilter import score_many
from noisefilter.blocks import split_blocks
from noisefilter.features.sentence_table import Article, sentence_table
from noisefilter.features.tokens import tokenize
from noisefilter.page import read_page
from noisefilter.sentences import split_sentences
from noisefilter.training.evaluate import span_figures
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from noisefilter import Score
    from noisefilter.model import Model
    from noisefilter.vectors import VectorTable
    from shared_corpus import Corpus, Passage, WrittenInsertions

    Matrix = NDArray[np.float64]

#: Untouched texts of a source at most.
A_SOURCE = {"news": 40, "clean": 30, "blogs": 2}
#: Sources of clean texts in which foreign lines are known to stand (the corpus' README).
DOUBTFUL = frozenset({"thehill.com", "sportdaily", "footballdaily"})
LONGEST, LONGEST_HTML = 25_000, 40_000
SHARES = (0.01, 0.004, 0.002)
#: Recall by sort and by writer is told at this share.
SHARE = 0.004
#: A sentence belongs to a passage that it shares more characters with.
OVERLAP = 3


class Judged(NamedTuple):
    """A page with what is said of its sentences: start, end and score of each."""

    site: str
    sentences: Matrix


def carry_insertions(corpus: Corpus, model: Model, splits: Sequence[str]) -> None:
    """Score, print."""
    written = [page for split in splits for page in corpus.written_insertions(split)]
    untouched = list(untouched_pages(corpus))
    scores = list(score_many([page.page for page in written], model=model))
    clean = list(score_many([page for _, page in untouched], model=model))
    _report(
        "insertions",
        written,
        [Judged(page.site, _of_score(score)) for page, score in zip(written, scores, strict=True)],
        [Judged(site, _of_score(score)) for (site, _), score in zip(untouched, clean, strict=True)],
    )
    _print_cuts(written, scores, [(site, score) for (site, _), score in zip(untouched, clean, strict=True)])
    _carry_baseline(written, untouched, model.vectors)


def untouched_pages(corpus: Corpus) -> Iterable[tuple[str, Page]]:
    """Site and article of real pages of the tune sites, as they are found: WCXB's gold texts, blogs, news and clean sources."""
    for name, most in A_SOURCE.items():
        for page in corpus.texts(name, "tune", most):
            fit = page.source not in DOUBTFUL and not corpus.is_spliced(page)
            if fit and len(str(page.page.content)) <= LONGEST:
                yield page.site, page.page
    for page in corpus.wcxb_pages("tune"):
        if page.page_type == "article" and page.main_text and len(page.main_text) < LONGEST_HTML:
            yield page.site, Page(page.main_text, title=page.page.title, format="text")


def _of_score(score: Score) -> Matrix:
    rows = [(sentence.start, sentence.end, sentence.off_topic) for sentence in score.sentences]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _score_of(passage: Passage, sentences: Matrix) -> float:
    """The highest score of the sentences of a passage."""
    shared = np.minimum(sentences[:, 1], passage.end) - np.maximum(sentences[:, 0], passage.start)
    return float(sentences[shared > OVERLAP, 2].max(initial=-np.inf))


def _report(
    title: str, written: Sequence[WrittenInsertions], judged: Sequence[Judged], clean: Sequence[Judged]
) -> None:
    """Recall at given shares of clean sentences; at one of them by sort and writer, too."""
    honest = np.sort(np.concatenate([page.sentences[:, 2] for page in clean]))[::-1]
    levels = {share: float(honest[int(share * len(honest))]) for share in SHARES}
    found = [
        (page, passage, _score_of(passage, own.sentences))
        for page, own in zip(written, judged, strict=True)
        for passage in page.passages
    ]

    def print_of(name: str, chosen: Callable[[WrittenInsertions, Passage], bool], shares: Sequence[float]) -> None:
        rows = [
            (page.site, np.array([[score > levels[share] for share in shares]], dtype=np.float64))
            for page, passage, score in found
            if chosen(page, passage)
        ]
        print_figures(
            f"{title}, {name}",
            rows,
            lambda seen: {
                "passages": len(seen),
                **{f"passed at {share:.1%}": seen[:, place].mean() for place, share in enumerate(shares)},
            },
        )

    print_of("foreign passages", lambda _, passage: passage.foreign, SHARES)
    print_of("honest decoys", lambda _, passage: not passage.foreign, SHARES)
    for writer in sorted({page.writer for page in written}):
        print_of(f"writer {writer}", lambda page, passage, own=writer: passage.foreign and page.writer == own, [SHARE])  # type: ignore[misc]
    for sort in sorted(Counter((not passage.foreign, passage.sort) for _, passage, _ in found)):
        kind = "honest" if sort[0] else "foreign"
        print_of(
            f"{kind}: {sort[1]}",
            lambda _, passage, own=sort: (not passage.foreign, passage.sort) == own,  # type: ignore[misc]
            [SHARE],
        )


def _print_cuts(
    written: Sequence[WrittenInsertions], scores: Sequence[Score], clean: Sequence[tuple[str, Score]]
) -> None:
    """What the model cuts at its own threshold: of the passages, of untouched pages, of all characters."""
    passages, characters = [], []
    for page, score in zip(written, scores, strict=True):
        cut = [(span.start, span.end) for span in score.spans if span.kind == "off_topic"]
        for passage in page.passages:
            hit = any(min(end, passage.end) - max(start, passage.start) > OVERLAP for start, end in cut)
            passages.append((page.site, np.array([[passage.foreign, hit]], dtype=np.float64)))
        ink = np.array([not letter.isspace() for letter in score.visible_text], dtype=np.bool_)
        taken = _mask(cut, len(ink)) & ink
        gold = _mask([(passage.start, passage.end) for passage in page.passages if passage.foreign], len(ink)) & ink
        characters.append((page.site, np.array([[(taken & gold).sum(), taken.sum(), gold.sum()]], dtype=np.float64)))
    print_figures(
        "insertions, at the model's own threshold",
        passages,
        lambda rows: {"found": rows[rows[:, 0] > 0, 1].mean(), "decoys cut": rows[rows[:, 0] == 0, 1].mean()},
    )
    print_figures("insertions, characters cut", characters, span_figures)
    cuts = [
        (site, np.array([[any(span.kind == "off_topic" for span in score.spans)]], dtype=np.float64))
        for site, score in clean
    ]
    print_figures("untouched pages", cuts, lambda rows: {"pages": len(rows), "with a cut": rows.mean()})


def _mask(ranges: Sequence[tuple[int, int]], size: int) -> NDArray[np.bool_]:
    mask = np.zeros(size, dtype=np.bool_)
    for start, end in ranges:
        mask[start:end] = True
    return mask


def _carry_baseline(
    written: Sequence[WrittenInsertions], untouched: Sequence[tuple[str, Page]], vectors: VectorTable
) -> None:
    """The baseline: each writer's pages by what those of the others teach."""
    read = [_measure(page.page, vectors) for page in written]
    truth = [
        np.array(
            [
                any(min(end, own.end) - max(start, own.start) > OVERLAP for own in page.passages if own.foreign)
                for start, end in rows[:, :2].tolist()
            ]
        )
        for page, rows in zip(written, read, strict=True)
    ]
    clean = [_measure(page, vectors) for _, page in untouched]
    writers = sorted({page.writer for page in written})
    judged: list[Judged | None] = [None] * len(written)
    for writer in writers:
        others = [index for index, page in enumerate(written) if page.writer != writer]
        model = LogisticRegression(C=10.0).fit(
            np.concatenate([read[index][:, 2:] for index in others]), np.concatenate([truth[index] for index in others])
        )
        for index, page in enumerate(written):
            if page.writer == writer:
                judged[index] = Judged(page.site, _said(model, read[index]))
    everything = LogisticRegression(C=10.0).fit(np.concatenate([rows[:, 2:] for rows in read]), np.concatenate(truth))
    honest = [Judged(site, _said(everything, rows)) for (site, _), rows in zip(untouched, clean, strict=True)]
    _report("baseline of insertions", written, [own for own in judged if own is not None], honest)


def _measure(page: Page, vectors: VectorTable) -> Matrix:
    """Start, end, likeness to the context, share of words with a capital and log of the words of each sentence."""
    blocked = split_blocks(read_page(page))
    sentences = split_sentences(blocked)
    table = sentence_table([Article(blocked, tokenize(blocked.text, vectors), sentences)], vectors)
    likeness = (table.vectors * table.context).sum(axis=1)
    capitals = np.bincount(table.owner, table.tokens.title[table.token_index], len(table)) / np.maximum(table.words, 1)
    return np.column_stack([table.start, table.end, likeness, capitals, np.log1p(table.words)])


def _said(model: LogisticRegression, rows: Matrix) -> Matrix:
    if not len(rows):
        return np.zeros((0, 3))
    return np.column_stack([rows[:, :2], model.decision_function(rows[:, 2:])])
