"""Probabilities → spans and verdict, by comparison with thresholds and with the cuts of a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.reasons import name_boilerplate
from noisefilter.insertions.cuts import cut_ranges
from noisefilter.insertions.reasons import NAMES, name_insertion
from noisefilter.kinds import KINDS, TRIMMED_KINDS
from noisefilter.types import JUDGED_KINDS, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from noisefilter.arrays import Column, Flags
    from noisefilter.article.judge import SentenceScores
    from noisefilter.blocks.table import BlockTable
    from noisefilter.insertions.table import InsertionTable
    from noisefilter.policy import Policy
    from noisefilter.types import Score, Verdict

#: Below this probability, a page is hardly an article. At 0.5, short articles in bare markup would never be dropped.
POSSIBLE_ARTICLE = 0.25


def boilerplate_spans(
    table: BlockTable, probabilities: Column, thresholds: Mapping[str, float], *, named: bool = True
) -> list[Span]:
    """One span for each run of boilerplate blocks with the same reason; `named=False` skips reasons, to save time."""
    boilerplate = probabilities >= thresholds["boilerplate"]
    reasons = name_boilerplate(table, boilerplate) if named and boilerplate.any() else [""] * len(table)
    spans: list[Span] = []
    previous = -2
    for index in np.flatnonzero(boilerplate).tolist():
        block = table.page.blocks[index]
        probability = float(probabilities[index])
        if previous == index - 1 and spans[-1].reason == reasons[index]:
            last = spans[-1]
            spans[-1] = Span(last.start, block.end, "boilerplate", min(last.score, probability), last.reason)
        else:
            spans.append(Span(block.start, block.end, "boilerplate", probability, reasons[index]))
        previous = index
    return spans


def sentence_spans(
    table: InsertionTable, article: int, scores: SentenceScores, kept: Flags, thresholds: Mapping[str, float]
) -> list[Span]:
    """Spans of one article's sentences that are not boilerplate (`kept`), kind by kind."""
    spans, sentences = [], table.sentences
    low, high = sentences.edges[article : article + 2].tolist()
    base = int(sentences.base[article])
    for kind in JUDGED_KINDS:
        if KINDS[kind].around:
            continue
        probabilities = getattr(scores, kind)
        found = (low + np.flatnonzero(kept & (probabilities[low:high] >= thresholds[kind]))).tolist()
        if kind == "off_topic":
            cuts = cut_ranges(sentences, found, probabilities, scores.words)
        else:
            cuts = [(row, int(sentences.start[row]), int(sentences.end[row])) for row in found]
        for row, start, end in cuts:
            reason = name_insertion(table, row, start, end) if kind == "off_topic" else NAMES[kind](table, row)
            spans.append(Span(start - base, end - base, kind, float(probabilities[row]), reason))
    return spans


def is_other(article: float | None, thresholds: Mapping[str, float]) -> bool:
    """Whether a page is surely no article, by the probability that it is one (None for plain text)."""
    return article is not None and 1 - article >= thresholds["not_article"]


def verdict(noise: float, article: float | None, spans: Iterable[Span], policy: Policy) -> Verdict:
    """The verdict on an article; boilerplate around it has no influence.

    `noise` is for articles: a page that is hardly one is reviewed, not dropped.
    """
    if noise >= policy.drop_at and (article is None or article >= POSSIBLE_ARTICLE):
        return "drop"
    if noise >= policy.review_at:
        return "review"
    return "trim" if any(span.kind in TRIMMED_KINDS for span in spans) else "keep"


def drop_reason(score: Score, verdicts: Collection[str]) -> str | None:
    """Why a page is dropped if these verdicts are, as a name to count by; None if it is kept."""
    if score.verdict not in verdicts:
        return None
    return f"unscored_{score.status}" if score.verdict == "unscored" else f"verdict_{score.verdict}"
