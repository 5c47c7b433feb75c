"""Page → `Score`: the table of contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks import TEXT_VERSION, split_blocks
from noisefilter.features.block_table import block_table
from noisefilter.features.insertions import insertion_table
from noisefilter.features.sentence_table import sentence_table
from noisefilter.features.tokens import tokenize
from noisefilter.language import name_language
from noisefilter.page import MAX_TEXT, read_page
from noisefilter.scoring import scorer
from noisefilter.scoring.blocks import BlockScores
from noisefilter.scoring.networks import rounded
from noisefilter.sentences import split_sentences
from noisefilter.types import PAGE_TYPES, Score, Sentence, cut
from noisefilter.verdicts import boilerplate_spans, is_other, sentence_spans, verdict
from noisefilter.vote import ask_trafilatura

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.blocks import BlockedPage
    from noisefilter.features.block_table import BlockTable
    from noisefilter.features.insertions import InsertionTable
    from noisefilter.model import Model
    from noisefilter.scoring.articles import SentenceScores
    from noisefilter.sites import SiteProfile
    from noisefilter.types import Page, Span, Status

#: The languages that the training pages are in.
LANGUAGES = frozenset({"en"})
#: Fewer words in the article are `too_short` to judge.
MIN_WORDS = 30
#: Blocks that are furniture at least so surely are no context for the article, whatever threshold the caller sets:
#: what stands around a sentence must not depend on where the spans are cut.
SURE_FURNITURE = 0.8


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A page up to its blocks; `table` is None if it could not be read."""

    page: Page
    table: BlockTable | None
    text: str
    status: Status


@dataclass(frozen=True, slots=True)
class _Article:
    """The sentences of a page that belong to its article, by index among all of its sentences."""

    starts: list[int]
    ends: list[int]
    blocks: NDArray[np.int64]
    chosen: NDArray[np.bool_]
    table: InsertionTable | None
    language: str | None
    status: Status


def score_pages(
    pages: Sequence[Page], model: Model, thresholds: Mapping[str, float], language: str | None = None,
    site: SiteProfile | None = None,
) -> list[Score]:  # fmt: skip
    """Scores of some pages, in order; the classifiers see them as one batch."""
    limits = {**model.thresholds, **thresholds}
    blocked = [_block(page, model) for page in pages]
    judged = _judge_blocks(blocked, model, site)
    articles = [
        _find_article(entry, scores, model, limits, language) for entry, scores in zip(blocked, judged, strict=True)
    ]
    tables = [article.table for article in articles if article.table]
    estimators = scorer(model).articles
    sentences = estimators.sentences(tables)
    furniture = [
        scores.furniture[article.table.sentences.block]
        for scores, article in zip(judged, articles, strict=True)
        if article.table
    ]
    scored = iter(zip(sentences, estimators.pages(tables, sentences, furniture), strict=True))
    found = [next(scored) if article.table else (None, None) for article in articles]
    return [
        _judge(entry, scores, article, of_sentences, of_page, model, limits)
        for entry, scores, article, (of_sentences, of_page) in zip(blocked, judged, articles, found, strict=True)
    ]


def extract_page(page: Page, model: Model, thresholds: Mapping[str, float], site: SiteProfile | None = None) -> str:
    """The article's text with boilerplate taken out and nothing else."""
    entry = _block(page, model)
    if entry.table is None:
        return entry.text
    furniture = _judge_blocks([entry], model, site)[0].furniture
    spans = boilerplate_spans(entry.table, furniture, {**model.thresholds, **thresholds}, named=False)
    return cut(entry.text, spans)


def _judge_blocks(blocked: Sequence[_Blocked], model: Model, site: SiteProfile | None) -> list[BlockScores]:
    """Scores of the blocks of each page; trafilatura is asked about the doubtful ones."""
    readable = [(entry.page, entry.table) for entry in blocked if entry.table]
    scores = iter(
        scorer(model).blocks.score(
            [table for _, table in readable],
            lambda index: ask_trafilatura(readable[index][0], readable[index][1].page),
            [site.returns(table.page) for _, table in readable] if site else None,
        )
    )
    return [next(scores) if entry.table else BlockScores(np.zeros(0), None) for entry in blocked]


def _block(page: Page, model: Model) -> _Blocked:
    """Decode and cut into blocks."""
    read = read_page(page)
    if read.status != "ok":
        return _Blocked(read, None, str(read.content), read.status)
    try:
        blocked = split_blocks(read)
    except ValueError:
        return _Blocked(read, None, "", "unreadable")
    if not blocked.blocks:
        return _Blocked(read, None, blocked.text, "empty")
    if len(blocked.text) > MAX_TEXT:
        return _Blocked(read, None, blocked.text, "too_large")
    return _Blocked(
        read, block_table(blocked, tokenize(blocked.text, model.vectors), model.vectors), blocked.text, "ok"
    )


def _find_article(
    entry: _Blocked, scores: BlockScores, model: Model, limits: Mapping[str, float], language: str | None
) -> _Article:
    """Split sentences and measure those of the article, if it is one, long enough, and in a language that we know."""
    if entry.table is None:
        return _Article([], [], np.zeros(0, np.int64), np.zeros(0, np.bool_), None, language, entry.status)
    page, tokens, probabilities = entry.table.page, entry.table.tokens, scores.furniture
    sentences = split_sentences(page)
    blocks = np.fromiter((sentence.block for sentence in sentences), np.int64, len(sentences))
    chosen = probabilities[blocks] < SURE_FURNITURE
    starts, ends = [sentence.start for sentence in sentences], [sentence.end for sentence in sentences]
    kept = probabilities < min(model.thresholds["boilerplate"], SURE_FURNITURE)
    status: Status = "ok"
    if entry.table.words[kept].sum() < MIN_WORDS:
        status = "too_short"
    spoken = language or _language(page, kept)
    if status == "ok" and spoken is not None and spoken not in LANGUAGES:
        status = "language"
    if status == "ok" and is_other(scores.article, limits):
        status = "not_article"
    table = None
    if status == "ok":
        picked = [sentence for sentence, choose in zip(sentences, chosen.tolist(), strict=True) if choose]
        table = insertion_table(sentence_table(page, tokens, picked, model.vectors), model.vectors)
    return _Article(starts, ends, blocks, chosen, table, spoken, status)


def _language(page: BlockedPage, kept: NDArray[np.bool_]) -> str | None:
    """Language of the article, or of the whole page if nothing is left of it."""
    chosen = [
        page.text[block.start : block.end] for block, keep in zip(page.blocks, kept.tolist(), strict=True) if keep
    ]
    return name_language("\n".join(chosen) or page.text)


def _judge(
    entry: _Blocked, blocks: BlockScores, article: _Article, scores: SentenceScores | None,
    judged: tuple[float, float] | None, model: Model, limits: Mapping[str, float],
) -> Score:  # fmt: skip
    """Put spans, sentences and numbers together."""
    boilerplate = blocks.furniture
    spans: list[Span] = boilerplate_spans(entry.table, boilerplate, limits) if entry.table else []
    noise = filler = off_topic = share = None
    if entry.table is not None and article.table is not None and scores is not None and judged is not None:
        table = article.table.sentences
        kept = boilerplate[table.block] < limits["boilerplate"]
        spans += sentence_spans(article.table, scores, kept, limits)
        noise, off_topic = judged
        weight = table.words * (1 - boilerplate[table.block])
        filler = round(float((scores.filler * weight).sum() / max(1e-9, weight.sum())), 4)
        words = entry.table.words
        share = round(float(words[boilerplate >= limits["boilerplate"]].sum() / max(1.0, words.sum())), 4)
    return Score(
        visible_text=entry.text,
        spans=tuple(sorted(spans)),
        sentences=tuple(_sentences(article, boilerplate, scores)),
        noise=noise,
        filler=filler,
        off_topic=off_topic,
        boilerplate=share,
        verdict=verdict(noise, blocks.article, spans, limits) if noise is not None else "unscored",
        status=article.status,
        title=entry.table.page.title if entry.table else entry.page.title,
        language=article.language,
        page_type=None if blocks.page_type is None else PAGE_TYPES[int(np.argmax(blocks.page_type))],
        url=entry.page.url,
        model=model.label,
        text_version=TEXT_VERSION,
    )


def _sentences(article: _Article, boilerplate: NDArray[np.float64], scores: SentenceScores | None) -> list[Sentence]:
    """Every sentence of the page; those of sure furniture, or of an article that is not judged, are nothing else."""
    count = len(article.starts)
    furniture = boilerplate[article.blocks] if count else np.zeros(0)
    rows = np.zeros((count, 3))
    if scores is not None:
        inside = np.stack([scores.promotion, scores.off_topic, scores.filler], axis=1)
        rows[article.chosen] = rounded(inside * (1 - furniture[article.chosen])[:, None])
    return [
        Sentence(start, end, share, *row)
        for start, end, share, row in zip(article.starts, article.ends, furniture.tolist(), rows.tolist(), strict=True)
    ]
