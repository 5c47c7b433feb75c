"""Probabilities → spans and verdict, by comparison with thresholds and with the cuts of a policy."""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks.pointers import inner_pointers
from noisefilter.blocks.reasons import name_boilerplate
from noisefilter.insertions.cuts import cut_ranges
from noisefilter.insertions.reasons import name_insertion
from noisefilter.kinds import KINDS, TRIMMED_KINDS
from noisefilter.sentences.reasons import NAMES
from noisefilter.types import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from noisefilter.arrays import Column, Flags
    from noisefilter.article.judge import SentenceScores
    from noisefilter.blocks.table import BlockTable
    from noisefilter.policy import Policy
    from noisefilter.sentences.table import SentenceTable
    from noisefilter.types import Score, Verdict

#: Below this probability, a page is hardly an article. At 0.5, short articles in bare markup would never be dropped.
POSSIBLE_ARTICLE = 0.25
#: Probability and reason of a label and a headline within a sentence.
INNER, POINTER = 0.95, "link to another story"


def boilerplate_spans(
    table: BlockTable, probabilities: Column, thresholds: Mapping[str, float], *, named: bool = True
) -> list[Span]:
    """One span for each run of boilerplate blocks with the same reason, and those within the others.

    `named=False` skips reasons, to save time.
    """
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
    inner = [Span(*bounds, "boilerplate", INNER, POINTER) for bounds in inner_pointers(table, ~boilerplate)]
    return sorted([*spans, *inner], key=attrgetter("start")) if inner else spans


def sentence_spans(
    table: SentenceTable, article: int, scores: SentenceScores, kept: Flags, thresholds: Mapping[str, float]
) -> list[Span]:
    """Spans of one article's sentences that are not boilerplate (`kept`), kind by kind."""
    spans = []
    low, high = table.edges[article : article + 2].tolist()
    base = int(table.base[article])
    for kind, entry in KINDS.items():
        if entry.around:
            continue
        probabilities = getattr(scores, kind)
        found = (low + np.flatnonzero(kept & (probabilities[low:high] >= thresholds[kind]))).tolist()
        if kind == "off_topic":
            cuts = cut_ranges(table, found, probabilities, scores.words)
        else:
            cuts = [(row, int(table.start[row]), int(table.end[row])) for row in found]
        for row, start, end in cuts:
            reason = name_insertion(table, row, start, end) if kind == "off_topic" else NAMES[kind](table, row)
            spans.append(Span(start - base, end - base, kind, float(probabilities[row]), reason))
    return spans


def outside(spans: Iterable[Span], around: Sequence[Span]) -> list[Span]:
    """The spans that do not lie in one of the others, which are in order and apart."""
    starts = [one.start for one in around]

    def lies_in(span: Span) -> bool:
        place = bisect_right(starts, span.start) - 1
        return place >= 0 and span.end <= around[place].end

    return [span for span in spans if not lies_in(span)]


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
