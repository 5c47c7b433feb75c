"""Probabilities → spans, verdict: the only comparisons with thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.features.insertions import foreign_clause
from noisefilter.reasons import name_filler, name_furniture, name_insertion, name_promotion
from noisefilter.types import REMOVED_KINDS, Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.features.block_table import BlockTable
    from noisefilter.features.insertions import InsertionTable
    from noisefilter.scoring import SentenceScores
    from noisefilter.types import Verdict


def boilerplate_spans(
    table: BlockTable, probabilities: NDArray[np.float64], thresholds: Mapping[str, float]
) -> list[Span]:
    """One span for each run of blocks that are furniture of the same name."""
    furniture = probabilities >= thresholds["boilerplate"]
    reasons = name_furniture(table, furniture)
    spans: list[Span] = []
    previous = -2
    for index in np.flatnonzero(furniture).tolist():
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
    table: InsertionTable, scores: SentenceScores, kept: NDArray[np.bool_], thresholds: Mapping[str, float]
) -> list[Span]:
    """Promotion, off-topic and filler spans of the sentences that are not furniture (`kept`)."""
    spans = []
    sentences = table.sentences
    for row in np.flatnonzero(kept).tolist():
        start, end = int(sentences.start[row]), int(sentences.end[row])
        if scores.off_topic[row] >= thresholds["off_topic"]:
            cut_start, cut_end = foreign_clause(table, row)
            reason = name_insertion(table, row, cut_start, cut_end)
            spans.append(Span(cut_start, cut_end, "off_topic", float(scores.off_topic[row]), reason))
        if scores.promotion[row] >= thresholds["promotion"]:
            spans.append(Span(start, end, "promotion", float(scores.promotion[row]), name_promotion(table, row)))
        if scores.filler[row] >= thresholds["filler"]:
            spans.append(Span(start, end, "filler", float(scores.filler[row]), name_filler(table, row)))
    return spans


def verdict(noise: float, spans: Sequence[Span], thresholds: Mapping[str, float]) -> Verdict:
    """ "drop" for noise, else "clean" if a span would be taken out, else "keep"."""
    if noise >= thresholds["drop"]:
        return "drop"
    return "clean" if any(span.kind in REMOVED_KINDS for span in spans) else "keep"
