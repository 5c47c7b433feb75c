"""Page → `Score`: the table of contents."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.article.reasons import name_measures, name_noise
from noisefilter.blocks.columns import title_blocks
from noisefilter.blocks.judge import BlockScores
from noisefilter.blocks.table import block_table, tell_language, text_table
from noisefilter.blocks.vote import ask_trafilatura
from noisefilter.decide import boilerplate_spans, is_other, sentence_spans, verdict
from noisefilter.html.walk import TEXT_VERSION, split_blocks
from noisefilter.insertions.table import insertion_table
from noisefilter.model import ModelError, scorer
from noisefilter.networks import rounded
from noisefilter.page import MAX_BLOCKS, MAX_TEXT, PAGE_FAULTS, read_page
from noisefilter.sentences.table import Article, sentence_table
from noisefilter.text.language import is_known
from noisefilter.text.sentences import split_sentences
from noisefilter.text.tokens import tokenize
from noisefilter.threads import one_blas_thread
from noisefilter.types import PAGE_TYPES, Score, Sentence, cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from noisefilter.article.judge import SentenceScores
    from noisefilter.blocks.judge import BlockScorer
    from noisefilter.blocks.sites import SiteProfile
    from noisefilter.blocks.table import BlockTable
    from noisefilter.html.walk import BlockedPage
    from noisefilter.insertions.table import InsertionTable
    from noisefilter.model import Model
    from noisefilter.networks import Matrix
    from noisefilter.policy import Policy
    from noisefilter.text.tokens import Tokens
    from noisefilter.text.vectors import VectorTable
    from noisefilter.types import Page, Reason, Span, Status

LOGGER = logging.getLogger("noisefilter")
#: Fewer words in the article are `too_short` to judge.
MIN_WORDS = 30
#: Blocks that are furniture at least so surely are no context for the article, whatever threshold the caller sets:
#: what stands around a sentence must not depend on where the spans are cut.
SURE_FURNITURE = 0.8
#: Characters of plain texts whose blocks are measured at once: arrays beyond the processor's cache gain nothing.
AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A page up to its blocks and words; there are none if it could not be read."""

    page: Page
    blocked: BlockedPage | None
    tokens: Tokens | None
    text: str
    status: Status


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The blocks of a page, measured and judged; `table` is None if it could not be read."""

    table: BlockTable | None
    scores: BlockScores


@dataclass(frozen=True, slots=True)
class _Found:
    """The sentences of a page; `chosen` are those of its article, if there is one that can be judged."""

    sentences: NDArray[np.int64]  # start, end, block
    chosen: NDArray[np.bool_]
    language: str | None
    status: Status


@dataclass(frozen=True, slots=True)
class _Judged:
    """Which article of a batch a page is, what was measured of all of them, and the numbers of this one."""

    article: int
    table: InsertionTable
    scores: SentenceScores
    noise: float
    off_topic: float
    reasons: tuple[Reason, ...]
    measures: tuple[tuple[str, float], ...]

    def of_sentences(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values of this article's sentences."""
        low, high = self.table.sentences.edges[self.article : self.article + 2]
        return values[low:high]


def score_safely(
    pages: Sequence[Page], model: Model, thresholds: Mapping[str, float], language: str | None = None,
    site: SiteProfile | None = None, policy: Policy | str | Path | None = None,
) -> list[Score]:  # fmt: skip
    """Scores of some pages, in order; one that cannot be scored is "unreadable", and takes no other page with it."""
    try:
        return score_pages(pages, model, thresholds, language, site, policy)
    except ModelError:  # no page is to blame
        raise
    except PAGE_FAULTS:
        if len(pages) == 1:
            LOGGER.exception("a page cannot be scored; its url is %r", pages[0].url)
            return [_unreadable(pages[0], model, thresholds, language, model.policy(policy))]
    return [score for page in pages for score in score_safely([page], model, thresholds, language, site, policy)]


def score_pages(
    pages: Sequence[Page], model: Model, thresholds: Mapping[str, float], language: str | None = None,
    site: SiteProfile | None = None, policy: Policy | str | Path | None = None,
) -> list[Score]:  # fmt: skip
    """Scores of some pages, in order; sentences of all of them are measured and judged at once.

    Raises:
        PAGE_FAULTS: the code fails on one of them.
    """
    limits, chosen = {**model.thresholds, **thresholds}, model.policy(policy)
    with one_blas_thread:
        blocked = [_block(page, model) for page in pages]
        blocks = _judge_blocks(blocked, model, site, language)
        found = [_find_article(entry, own, model, limits, language) for entry, own in zip(blocked, blocks, strict=True)]
        judged = iter(_judge_articles(blocks, found, model))
        return [
            _put_together(entry, own, article, next(judged) if article.status == "ok" else None, model, limits, chosen)
            for entry, own, article in zip(blocked, blocks, found, strict=True)
        ]


def _unreadable(
    page: Page, model: Model, thresholds: Mapping[str, float], language: str | None, policy: Policy
) -> Score:
    """The score of a page that the code fails on."""
    entry = _Blocked(read_page(replace(page, content="")), None, None, "", "unreadable")
    nothing = _Sorted(None, BlockScores(np.zeros(0), None))
    found = _find_article(entry, nothing, model, thresholds, language)
    return _put_together(entry, nothing, found, None, model, thresholds, policy)


def extract_safely(
    page: Page,
    model: Model,
    thresholds: Mapping[str, float],
    site: SiteProfile | None = None,
    *,
    headline: bool = False,
) -> str:
    """The article's text with boilerplate taken out and nothing else; "" for a page that cannot be read."""
    try:
        return extract_page(page, model, thresholds, site, headline=headline)
    except ModelError:
        raise
    except PAGE_FAULTS:
        LOGGER.exception("a page cannot be extracted; its url is %r", page.url)
        return ""


def extract_page(
    page: Page,
    model: Model,
    thresholds: Mapping[str, float],
    site: SiteProfile | None = None,
    *,
    headline: bool = False,
) -> str:
    """The article's text with boilerplate taken out and nothing else; its `headline` stays if it is wanted."""
    entry = _block(page, model)
    with one_blas_thread:
        own = _judge_blocks([entry], model, site)[0]
    if own.table is None:
        return entry.text
    furniture = own.scores.furniture
    if headline:
        furniture = np.where(np.arange(len(furniture)) == title_blocks(own.table)[0], 0.0, furniture)
    spans = boilerplate_spans(own.table, furniture, {**model.thresholds, **thresholds}, named=False)
    return cut(entry.text, spans)


def _judge_blocks(
    blocked: Sequence[_Blocked], model: Model, site: SiteProfile | None, language: str | None = None
) -> list[_Sorted]:
    """The blocks of each page, measured and judged; trafilatura is asked about the doubtful ones."""
    groups = _group(blocked)
    tables = [_measure([blocked[index] for index in group], model.vectors, language) for group in groups]
    pages = [page for table in tables for page in table.pages]
    scores = score_blocks(
        scorer(model).blocks,
        tables,
        [blocked[group[0]].page for group in groups],
        [site.returns(page) for page in pages] if site else None,
    )
    own = [table.only(number) for table in tables for number in range(len(table.pages))]
    found = dict(zip((index for group in groups for index in group), map(_Sorted, own, scores), strict=True))
    unread = _Sorted(None, BlockScores(np.zeros(0), None))
    return [found.get(index, unread) for index in range(len(blocked))]


def score_blocks(
    blocks: BlockScorer,
    tables: Sequence[BlockTable],
    pages: Sequence[Page],
    sites: Sequence[Matrix | None] | None = None,
) -> list[BlockScores]:
    """Scores of the pages of some tables, in order; trafilatura is asked about the doubtful ones.

    Args:
        blocks: the block estimators of a model.
        tables: of one page of HTML, or of some plain texts.
        pages: the first page of each table, as `read_page` gave it.
        sites: as for `BlockScorer.scores`.
    """
    judged = blocks.judge(tables)
    votes = [
        ask_trafilatura(page, table.page) if own.is_doubtful else None
        for page, table, own in zip(pages, tables, judged, strict=True)
    ]
    return blocks.scores(blocks.judge_again(judged, votes), sites)


def _group(blocked: Sequence[_Blocked]) -> list[list[int]]:
    """Which pages are measured at once: short plain texts are, an HTML page is by itself."""
    groups: list[list[int]] = []
    room = 0
    for index, entry in enumerate(blocked):
        if entry.blocked is not None and entry.blocked.is_html:
            groups.append([index])
    for index, entry in enumerate(blocked):
        if entry.blocked is not None and not entry.blocked.is_html:
            room -= len(entry.text)
            if room < 0:
                groups.append([])
                room = AT_ONCE - len(entry.text)
            groups[-1].append(index)
    return groups


def _measure(entries: Sequence[_Blocked], vectors: VectorTable, language: str | None) -> BlockTable:
    """Table of the blocks of an HTML page, or of some plain texts."""
    pages = [entry.blocked for entry in entries if entry.blocked is not None]
    tokens = [entry.tokens for entry in entries if entry.tokens is not None]
    if pages[0].is_html:
        return block_table(pages[0], tokens[0], vectors, language)
    return text_table(pages, tokens, vectors, language)


def _block(page: Page, model: Model) -> _Blocked:
    """Decode and cut into blocks."""
    read = read_page(page)
    if read.status != "ok":
        return _Blocked(read, None, None, str(read.content), read.status)
    try:
        blocked = split_blocks(read)
    except ValueError:
        return _Blocked(read, None, None, "", "unreadable")
    if not blocked.blocks:
        return _Blocked(read, None, None, blocked.text, "empty")
    if len(blocked.text) > MAX_TEXT or len(blocked.blocks) > MAX_BLOCKS:
        return _Blocked(read, None, None, blocked.text, "too_large")
    return _Blocked(read, blocked, tokenize(blocked.text, model.vectors), blocked.text, "ok")


def _find_article(
    entry: _Blocked, own: _Sorted, model: Model, limits: Mapping[str, float], language: str | None
) -> _Found:
    """Split sentences and choose those of the article, if it is one, long enough, and in a language that we know."""
    if own.table is None:
        return _Found(np.zeros((0, 3), np.int64), np.zeros(0, np.bool_), language, entry.status)
    page, probabilities = own.table.page, own.scores.furniture
    sentences = np.array(split_sentences(page), dtype=np.int64).reshape(-1, 3)
    chosen = probabilities[sentences[:, 2]] < SURE_FURNITURE
    kept = probabilities < min(model.thresholds["boilerplate"], SURE_FURNITURE)
    status: Status = "ok"
    if own.table.words[kept].sum() < MIN_WORDS:
        status = "too_short"
    blocks = [block for block, keep in zip(page.blocks, kept.tolist(), strict=True) if keep]
    spoken = language or tell_language(page, own.table.tokens, blocks or page.blocks)
    if status == "ok" and not is_known(spoken):
        status = "language"
    if status == "ok" and is_other(own.scores.article, limits):
        status = "not_article"
    if len(sentences) > MAX_BLOCKS:
        status = "too_large"
    return _Found(sentences, chosen, spoken, status)


def _judge_articles(blocks: Sequence[_Sorted], found: Sequence[_Found], model: Model) -> list[_Judged]:
    """Sentences of all articles of the batch measured and judged, then the articles; one record an article."""
    chosen = [index for index, own in enumerate(found) if own.status == "ok"]
    if not chosen:
        return []
    articles, furniture = [], []
    for index in chosen:
        table, own = blocks[index].table, found[index]
        assert table is not None  # noqa: S101 - for the type checker: a page that could not be read is not "ok"
        sentences = own.sentences[own.chosen]
        articles.append(Article(table.page, table.tokens, sentences))
        furniture.append(blocks[index].scores.furniture[sentences[:, 2]])
    measured = insertion_table(sentence_table(articles, model.vectors), model.vectors)
    estimators = scorer(model).articles
    scores = estimators.sentences(measured)
    pages = estimators.pages(measured, scores, np.concatenate(furniture))
    reasons = name_noise(estimators.article, pages.read)
    told = zip(pages.noise.tolist(), pages.off_topic.tolist(), reasons, name_measures(pages.read), strict=True)
    return [_Judged(row, measured, scores, *own) for row, own in enumerate(told)]


def _put_together(
    entry: _Blocked,
    own: _Sorted,
    found: _Found,
    judged: _Judged | None,
    model: Model,
    limits: Mapping[str, float],
    policy: Policy,
) -> Score:
    """Spans, sentences and numbers of a page."""
    boilerplate, table = own.scores.furniture, own.table
    spans: list[Span] = boilerplate_spans(table, boilerplate, limits) if table is not None else []
    filler = share = None
    if table is not None and judged is not None:
        furniture = boilerplate[found.sentences[found.chosen, 2]]
        kept = furniture < limits["boilerplate"]
        spans += sentence_spans(judged.table, judged.article, judged.scores, kept, limits)
        weight = judged.of_sentences(judged.table.sentences.words) * (1 - furniture)
        of_sentences = judged.of_sentences(judged.scores.filler)
        filler = round(float((of_sentences * weight).sum() / max(1e-9, weight.sum())), 4)
        words = table.words
        share = round(float(words[boilerplate >= limits["boilerplate"]].sum() / max(1.0, words.sum())), 4)
    return Score(
        visible_text=entry.text,
        spans=tuple(sorted(spans)),
        sentences=tuple(_sentences(found, boilerplate, judged)),
        noise=judged.noise if judged else None,
        filler=filler,
        off_topic=judged.off_topic if judged else None,
        boilerplate=share,
        verdict=verdict(judged.noise, own.scores.article, spans, policy) if judged else "unscored",
        status=found.status,
        title=table.page.title if table is not None else entry.page.title,
        language=found.language,
        page_type=None if own.scores.page_type is None else PAGE_TYPES[int(np.argmax(own.scores.page_type))],
        url=entry.page.url,
        model=model.label,
        text_version=TEXT_VERSION,
        reasons=judged.reasons if judged else (),
        measures=judged.measures if judged else (),
    )


def _sentences(found: _Found, boilerplate: NDArray[np.float64], judged: _Judged | None) -> list[Sentence]:
    """Every sentence of the page; those of sure furniture, or of an article that is not judged, are nothing else."""
    count = len(found.sentences)
    furniture = boilerplate[found.sentences[:, 2]] if count else np.zeros(0)
    rows = np.zeros((count, 3))
    if judged is not None:
        scores = judged.scores
        inside = np.stack(
            [judged.of_sentences(values) for values in (scores.promotion, scores.off_topic, scores.filler)], axis=1
        )
        rows[found.chosen] = rounded(inside * (1 - furniture[found.chosen])[:, None])
    return [
        Sentence(start, end, share, *row)
        for (start, end, _), share, row in zip(found.sentences.tolist(), furniture.tolist(), rows.tolist(), strict=True)
    ]
