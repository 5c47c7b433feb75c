"""Page → `Score`: all stages in order."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields, replace
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.article.reasons import name_measures, name_noise, seen_measures
from noisefilter.blocks.columns import title_blocks
from noisefilter.blocks.judge import may_be_article
from noisefilter.blocks.table import SAME_TITLE, block_table, tell_language, text_table
from noisefilter.blocks.vote import ask_trafilatura
from noisefilter.blocks.walls import is_error_page
from noisefilter.decide import boilerplate_spans, is_other, outside, sentence_spans, verdict
from noisefilter.html.read import read_blocks, unreadable
from noisefilter.html.walk import TEXT_VERSION
from noisefilter.kinds import KINDS
from noisefilter.model import ModelError, scorer
from noisefilter.networks import build_network, rounded
from noisefilter.page import MAX_BLOCKS, PAGE_FAULTS
from noisefilter.sentences.table import Article, SentenceTable
from noisefilter.text.language import is_known
from noisefilter.text.sentences import split_sentences
from noisefilter.text.tokens import tokenize
from noisefilter.threads import one_blas_thread
from noisefilter.types import PAGE_TYPES, Score, Sentence, Span, cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from noisefilter.arrays import Column, Flags, Index, Matrix
    from noisefilter.article.judge import SentenceScores
    from noisefilter.blocks.judge import BlockScorer, BlockScores
    from noisefilter.blocks.sites import SiteProfile
    from noisefilter.blocks.table import BlockTable
    from noisefilter.blocks.vote import Vote
    from noisefilter.html.read import ReadPage
    from noisefilter.html.walk import BlockedPage
    from noisefilter.model import Model
    from noisefilter.policy import Policy
    from noisefilter.types import Page, Reason, Status

LOGGER = logging.getLogger("noisefilter")
#: An article with fewer words is `too_short` to judge.
MIN_WORDS = 30
#: Where less is kept, what trafilatura keeps is boilerplate with at most this probability (docs/decisions/0056).
FOUND = 0.25
#: From this probability of boilerplate, a block is no context for the article, whatever threshold the caller sets:
#: a sentence's context must not depend on where the spans are cut.
SURE_BOILERPLATE = 0.8
#: From this one, an HTML page's headline is none, either: `Score.title` has it, and in training no article has one.
LIKELY_BOILERPLATE = 0.5
#: As spans compare; comparing them themselves takes ten times as long.
SPAN_ORDER = attrgetter(*(entry.name for entry in fields(Span)))
#: Characters of plain texts measured at once: arrays larger than the processor's cache gain nothing.
AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """A page with its judged blocks and its sentences; `chosen` marks those of its article, if that can be judged."""

    page: Page
    table: BlockTable
    blocks: BlockScores
    sentences: Index  # start, end, block
    chosen: Flags
    language: str | None
    status: Status

    @property
    def judged_part(self) -> Article:
        """Its chosen sentences, ready to be measured."""
        return Article(self.table.page, self.table.tokens, self.sentences[self.chosen])

    @property
    def boilerplate(self) -> Matrix:
        """Each sentence's probability of boilerplate: (sentences,)."""
        return self.blocks.boilerplate[self.sentences[:, 2]]


@dataclass(frozen=True, slots=True)
class _Judged:
    """One article of a batch: its index, the measurements of the whole batch, and its own numbers."""

    number: int
    table: SentenceTable
    scores: SentenceScores
    noise: float
    off_topic: float
    reasons: tuple[Reason, ...]
    measures: tuple[tuple[str, float], ...]

    def of_sentences(self, values: Matrix) -> Matrix:
        """The values of this article's sentences."""
        low, high = self.table.edges[self.number : self.number + 2]
        return values[low:high]


def score_safely(
    pages: Sequence[Page],
    model: Model,
    thresholds: Mapping[str, float],
    language: str | None = None,
    site: SiteProfile | None = None,
    policy: Policy | str | Path | None = None,
) -> list[Score]:
    """Scores of some pages, in order; one that cannot be scored is "unreadable" and does not affect the others."""
    try:
        return score_pages(pages, model, thresholds, language, site, policy)
    except ModelError:  # no page is to blame
        raise
    except PAGE_FAULTS:
        if len(pages) == 1:
            LOGGER.exception("a page cannot be scored; its url is %r", pages[0].url)
            return [_unscored(unreadable(pages[0]), model, language)]
    return [score for page in pages for score in score_safely([page], model, thresholds, language, site, policy)]


def score_pages(
    pages: Sequence[Page],
    model: Model,
    thresholds: Mapping[str, float],
    language: str | None = None,
    site: SiteProfile | None = None,
    policy: Policy | str | Path | None = None,
) -> list[Score]:
    """Scores of some pages, in order; sentences of all of them are measured and judged at once.

    Raises:
        PAGE_FAULTS: the code fails on one of them.
    """
    limits, chosen = {**model.thresholds, **thresholds}, model.policy(policy)
    with one_blas_thread:
        read = [read_blocks(page) for page in pages]
        known = _cut(read)
        blocks = judge_blocks(known, model, site, language)
        articles = [
            find_article(page, *measured, model, limits, language)
            for (page, _), measured in zip(known, blocks, strict=True)
        ]
        judged = iter(_judge_articles([entry for entry in articles if entry.status == "ok"], model, limits))
        scores = (
            _put_together(entry, next(judged) if entry.status == "ok" else None, model, limits, chosen)
            for entry in articles
        )
        return [next(scores) if entry.status == "ok" else _unscored(entry, model, language) for entry in read]


def _cut(read: Sequence[ReadPage]) -> list[tuple[Page, BlockedPage]]:
    """The pages that can be scored, decoded and cut into blocks."""
    return [(entry.page, entry.blocked) for entry in read if entry.blocked is not None and entry.status == "ok"]


def _unscored(read: ReadPage, model: Model, language: str | None) -> Score:
    """The score of a page whose blocks cannot be judged."""
    return Score(
        visible_text=read.text,
        status=read.status,
        title=read.page.title,
        language=language,
        url=read.page.url,
        model=model.label,
        text_version=TEXT_VERSION,
    )


def _headline(table: BlockTable) -> int:
    """The block with the headline: the first-level heading that has the title, of one word or more; else what `title_blocks` finds."""
    heads = np.flatnonzero((table.title_share >= SAME_TITLE) & table.tagged("h1"))
    return int(heads[0] if len(heads) else title_blocks(table)[0])


def extract_safely(
    page: Page,
    model: Model,
    thresholds: Mapping[str, float],
    site: SiteProfile | None = None,
    *,
    headline: bool = False,
) -> str:
    """The article's text without boilerplate, and nothing else removed; "" for a page that is not read, such as one too large.

    `headline=True` keeps the headline.
    """
    try:
        read = read_blocks(page)
        if read.status != "ok":
            return ""
        with one_blas_thread:
            table, scores = judge_blocks(_cut([read]), model, site)[0]
        boilerplate = scores.boilerplate
        if headline:
            boilerplate = np.where(np.arange(len(boilerplate)) == _headline(table), 0.0, boilerplate)
        return cut(read.text, boilerplate_spans(table, boilerplate, {**model.thresholds, **thresholds}, named=False))
    except ModelError:
        raise
    except PAGE_FAULTS:
        LOGGER.exception("a page cannot be extracted; its url is %r", page.url)
        return ""


def judge_blocks(
    pages: Sequence[tuple[Page, BlockedPage]],
    model: Model,
    site: SiteProfile | None = None,
    language: str | None = None,
) -> list[tuple[BlockTable, BlockScores]]:
    """The blocks of each page, measured and judged."""
    tokens = [tokenize(blocked.text, model.vectors) for _, blocked in pages]
    groups, tables = _group([blocked for _, blocked in pages]), []
    for group in groups:
        some, words = [pages[index][1] for index in group], [tokens[index] for index in group]
        if some[0].is_html:
            tables.append(block_table(some[0], words[0], model.vectors, language))
        else:
            tables.append(text_table(some, words, model.vectors, language))
    sites = [site.returns(page) for table in tables for page in table.pages] if site else None
    scores = score_blocks(scorer(model).blocks, tables, [pages[group[0]][0] for group in groups], sites)
    parts = [table.only(number) for table in tables for number in range(len(table.pages))]
    found = dict(zip((index for group in groups for index in group), zip(parts, scores, strict=True), strict=True))
    return [found[index] for index in range(len(pages))]


def score_blocks(
    blocks: BlockScorer,
    tables: Sequence[BlockTable],
    pages: Sequence[Page],
    sites: Sequence[Matrix | None] | None = None,
) -> list[BlockScores]:
    """Scores of the pages of some tables, in order; trafilatura is asked about the doubtful ones.

    Args:
        blocks: the block estimators of a model.
        tables: each of one HTML page, or of several plain texts.
        pages: the first page of each table, as `read_page` gave it.
        sites: as for `BlockScorer.scores`.
    """
    judged = blocks.judge(tables)
    votes = [
        ask_trafilatura(page, table.page) if judgement.is_doubtful else None
        for page, table, judgement in zip(pages, tables, judged, strict=True)
    ]
    scores = blocks.scores(blocks.judge_again(judged, votes), sites)
    start = 0
    for page, table, judgement, vote in zip(pages, tables, judged, votes, strict=True):
        if table.places is not None and may_be_article(judgement.inputs):
            scores[start] = _with_found(page, table, scores[start], vote)
        start += len(table.pages)
    return scores


def _with_found(page: Page, table: BlockTable, scores: BlockScores, vote: Vote | None) -> BlockScores:
    """The scores of an HTML page; if it keeps less than an article, and trafilatura finds one, that is kept, too."""
    if table.words[scores.boilerplate < KINDS["boilerplate"].threshold].sum() >= MIN_WORDS:
        return scores
    opinion = vote or ask_trafilatura(page, table.page)
    if opinion is None:
        return scores
    kept = (np.array(opinion.shares) >= 0.5) & ~table.dialog
    found = np.where(kept, np.minimum(scores.boilerplate, FOUND), scores.boilerplate)
    text = (found <= FOUND) & (2 * table.linked < table.characters)  # on a page without an article it takes the menu
    return replace(scores, boilerplate=found) if table.words[text].sum() >= MIN_WORDS else scores


def _group(pages: Sequence[BlockedPage]) -> list[list[int]]:
    """Which pages are measured together: short plain texts are, an HTML page is measured alone."""
    groups = [[index] for index, page in enumerate(pages) if page.is_html]
    room = 0
    for index, page in enumerate(pages):
        if not page.is_html:
            room -= len(page.text)
            if room < 0:
                groups.append([])
                room = AT_ONCE - len(page.text)
            groups[-1].append(index)
    return groups


def article_blocks(table: BlockTable, boilerplate: Column) -> Flags:
    """Blocks of one page whose sentences are judged, in each other's context, by their probabilities of boilerplate.

    Left out are sure boilerplate and an HTML page's headline, unless that is unlikely to be boilerplate.
    """
    inside = boilerplate < SURE_BOILERPLATE
    title = int(title_blocks(table)[0])
    if table.places is not None and title >= 0:
        inside[title] &= boilerplate[title] < LIKELY_BOILERPLATE
    return inside


def find_article(
    page: Page,
    table: BlockTable,
    scores: BlockScores,
    model: Model,
    limits: Mapping[str, float],
    language: str | None = None,
) -> FoundArticle:
    """Split sentences and choose those of the article, if it is one, long enough, and in a known language."""
    probabilities = scores.boilerplate
    ranges = split_sentences(table.page)
    sentences = np.fromiter(chain.from_iterable(ranges), np.int64, 3 * len(ranges)).reshape(-1, 3)
    chosen = article_blocks(table, probabilities)[sentences[:, 2]]
    kept = probabilities < min(model.thresholds["boilerplate"], SURE_BOILERPLATE)
    blocks = [block for block, keep in zip(table.page.blocks, kept.tolist(), strict=True) if keep]
    spoken = language or tell_language(table.page, table.tokens, blocks or table.page.blocks)
    status: Status = "ok"
    if len(sentences) > MAX_BLOCKS:
        status = "too_large"
    elif is_error_page(table, kept, sentences):
        status = "error_page"
    elif table.words[kept].sum() < MIN_WORDS:
        status = "too_short"
    elif not is_known(spoken):
        status = "language"
    elif is_other(scores.article, limits):
        status = "not_article"
    return FoundArticle(page, table, scores, sentences, chosen, spoken, status)


def _judge_articles(articles: Sequence[FoundArticle], model: Model, limits: Mapping[str, float]) -> list[_Judged]:
    """Measure and judge the sentences of some articles, then the articles; one record per article."""
    if not articles:
        return []
    boilerplate = np.concatenate([values.boilerplate[values.chosen] for values in articles])
    measured = SentenceTable([entry.judged_part for entry in articles], model.vectors)
    estimators = scorer(model).articles
    scores = estimators.sentences(measured)
    pages = estimators.pages(measured, scores, boilerplate)
    shown = np.column_stack([scores.filler, scores.promotion])
    seen = seen_measures(measured, shown, boilerplate < limits["boilerplate"])
    thin, manufactured = (build_network(estimators.arrays, name) for name in ("article", "article_made"))
    reasons = name_noise(thin, pages.read, seen)
    made = np.flatnonzero(pages.made)
    of_made = name_noise(manufactured, pages.read[made], seen[made])
    for row, named in zip(made.tolist(), of_made, strict=True):
        reasons[row] = named
    numbers = zip(pages.noise.tolist(), pages.off_topic.tolist(), reasons, name_measures(pages.read), strict=True)
    return [_Judged(number, measured, scores, *values) for number, values in enumerate(numbers)]


def _put_together(
    article: FoundArticle, judged: _Judged | None, model: Model, limits: Mapping[str, float], policy: Policy
) -> Score:
    """Spans, sentences and numbers of a page."""
    table, scores = article.table, article.blocks
    spans: list[Span] = boilerplate_spans(table, scores.boilerplate, limits)
    filler = share = None
    if judged is not None:
        boilerplate = article.boilerplate[article.chosen]
        kept = boilerplate < limits["boilerplate"]
        spans += outside(sentence_spans(judged.table, judged.number, judged.scores, kept, limits), spans)
        weight = judged.of_sentences(judged.table.words) * (1 - boilerplate)
        of_sentences = judged.of_sentences(judged.scores.filler)
        filler = round(float((of_sentences * weight).sum() / max(1e-9, weight.sum())), 4)
        words = table.words
        share = round(float(words[scores.boilerplate >= limits["boilerplate"]].sum() / max(1.0, words.sum())), 4)
    return Score(
        visible_text=table.page.text,
        spans=tuple(sorted(spans, key=SPAN_ORDER)),
        sentences=tuple(_sentences(article, judged)),
        noise=judged.noise if judged else None,
        filler=filler,
        off_topic=judged.off_topic if judged else None,
        boilerplate=share,
        verdict=verdict(judged.noise, scores.article, spans, policy) if judged else "unscored",
        status=article.status,
        title=table.page.title,
        language=article.language,
        page_type=None if scores.page_type is None else PAGE_TYPES[int(np.argmax(scores.page_type))],
        url=article.page.url,
        model=model.label,
        text_version=TEXT_VERSION,
        reasons=judged.reasons if judged else (),
        measures=judged.measures if judged else (),
    )


def _sentences(article: FoundArticle, judged: _Judged | None) -> list[Sentence]:
    """Every sentence of the page; for one that is not judged, probabilities other than boilerplate are 0."""
    boilerplate = article.boilerplate
    rows = np.zeros((len(boilerplate), 3))
    if judged is not None:
        scores = judged.scores
        kinds = (scores.promotion, scores.off_topic, scores.filler)
        inside = np.column_stack([judged.of_sentences(values) for values in kinds])
        rows[article.chosen] = rounded(inside * (1 - boilerplate[article.chosen])[:, None])
    start, end, _ = article.sentences.T.tolist()
    return [*map(Sentence, start, end, boilerplate.tolist(), *rows.T.tolist())]
