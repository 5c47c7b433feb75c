"""Page → `Score`: the table of contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks import TEXT_VERSION, split_blocks
from noisefilter.features.asides import aside_matrix
from noisefilter.features.block_table import block_table
from noisefilter.features.insertions import insertion_table
from noisefilter.features.sentence_table import Article, sentence_table
from noisefilter.features.tokens import tokenize
from noisefilter.language import name_language
from noisefilter.page import MAX_TEXT, read_page
from noisefilter.reasons.articles import name_noise
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
    from noisefilter.types import Page, Reason, Span, Status

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

    def of_sentences(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values of this article's sentences."""
        low, high = self.table.sentences.edges[self.article : self.article + 2]
        return values[low:high]


def score_pages(
    pages: Sequence[Page], model: Model, thresholds: Mapping[str, float], language: str | None = None,
    site: SiteProfile | None = None,
) -> list[Score]:  # fmt: skip
    """Scores of some pages, in order; sentences of all of them are measured and judged at once."""
    limits = {**model.thresholds, **thresholds}
    blocked = [_block(page, model) for page in pages]
    blocks = _judge_blocks(blocked, model, site)
    found = [
        _find_article(entry, scores, model, limits, language) for entry, scores in zip(blocked, blocks, strict=True)
    ]
    judged = iter(_judge_articles(blocked, blocks, found, model))
    return [
        _put_together(entry, scores, own, next(judged) if own.status == "ok" else None, model, limits)
        for entry, scores, own in zip(blocked, blocks, found, strict=True)
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
) -> _Found:
    """Split sentences and choose those of the article, if it is one, long enough, and in a language that we know."""
    if entry.table is None:
        return _Found(np.zeros((0, 3), np.int64), np.zeros(0, np.bool_), language, entry.status)
    page, probabilities = entry.table.page, scores.furniture
    sentences = np.array(split_sentences(page), dtype=np.int64).reshape(-1, 3)
    chosen = probabilities[sentences[:, 2]] < SURE_FURNITURE
    kept = probabilities < min(model.thresholds["boilerplate"], SURE_FURNITURE)
    status: Status = "ok"
    if entry.table.words[kept].sum() < MIN_WORDS:
        status = "too_short"
    spoken = language or _language(page, kept)
    if status == "ok" and spoken is not None and spoken not in LANGUAGES:
        status = "language"
    if status == "ok" and is_other(scores.article, limits):
        status = "not_article"
    return _Found(sentences, chosen, spoken, status)


def _judge_articles(
    blocked: Sequence[_Blocked], blocks: Sequence[BlockScores], found: Sequence[_Found], model: Model
) -> list[_Judged]:
    """Sentences of all articles of the batch measured and judged, then the articles; one record an article."""
    chosen = [index for index, own in enumerate(found) if own.status == "ok"]
    if not chosen:
        return []
    articles, furniture, asides = [], [], []
    for index in chosen:
        table, own = blocked[index].table, found[index]
        assert table is not None  # noqa: S101 - for the type checker: a page that could not be read is not "ok"
        sentences = own.sentences[own.chosen]
        articles.append(Article(table.page, table.tokens, sentences))
        furniture.append(blocks[index].furniture[sentences[:, 2]])
        asides.append(aside_matrix(table.page, table.tokens, own.sentences, own.chosen, model.vectors))
    measured = insertion_table(sentence_table(articles, model.vectors), model.vectors)
    estimators = scorer(model).articles
    scores = estimators.sentences(measured)
    numbers, read = estimators.pages(measured, scores, np.concatenate(furniture), asides)
    reasons = name_noise(estimators.article, read)
    return [
        _Judged(row, measured, scores, noise, off_topic, own)
        for row, ((noise, off_topic), own) in enumerate(zip(numbers.tolist(), reasons, strict=True))
    ]


def _language(page: BlockedPage, kept: NDArray[np.bool_]) -> str | None:
    """Language of the article, or of the whole page if nothing is left of it."""
    chosen = [
        page.text[block.start : block.end] for block, keep in zip(page.blocks, kept.tolist(), strict=True) if keep
    ]
    return name_language("\n".join(chosen) or page.text)


def _put_together(
    entry: _Blocked,
    blocks: BlockScores,
    found: _Found,
    judged: _Judged | None,
    model: Model,
    limits: Mapping[str, float],
) -> Score:
    """Spans, sentences and numbers of a page."""
    boilerplate = blocks.furniture
    spans: list[Span] = boilerplate_spans(entry.table, boilerplate, limits) if entry.table else []
    filler = share = None
    if entry.table is not None and judged is not None:
        furniture = boilerplate[found.sentences[found.chosen, 2]]
        kept = furniture < limits["boilerplate"]
        spans += sentence_spans(judged.table, judged.article, judged.scores, kept, limits)
        weight = judged.of_sentences(judged.table.sentences.words) * (1 - furniture)
        of_sentences = judged.of_sentences(judged.scores.filler)
        filler = round(float((of_sentences * weight).sum() / max(1e-9, weight.sum())), 4)
        words = entry.table.words
        share = round(float(words[boilerplate >= limits["boilerplate"]].sum() / max(1.0, words.sum())), 4)
    return Score(
        visible_text=entry.text,
        spans=tuple(sorted(spans)),
        sentences=tuple(_sentences(found, boilerplate, judged)),
        noise=judged.noise if judged else None,
        filler=filler,
        off_topic=judged.off_topic if judged else None,
        boilerplate=share,
        verdict=verdict(judged.noise, blocks.article, spans, limits) if judged else "unscored",
        status=found.status,
        title=entry.table.page.title if entry.table else entry.page.title,
        language=found.language,
        page_type=None if blocks.page_type is None else PAGE_TYPES[int(np.argmax(blocks.page_type))],
        url=entry.page.url,
        model=model.label,
        text_version=TEXT_VERSION,
        reasons=judged.reasons if judged else (),
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
