"""Blocks → probabilities: which are boilerplate, and what type of page they make.

There are two passes: the first judges each block by itself, the second also by the first one's predictions around it.
trafilatura is asked only about pages that stay doubtful; two other networks then read its vote as well
(docs/decisions/0009).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.blocks.beside import MOST_DIGITS, SURE
from noisefilter.blocks.columns import TEXT_FEATURES, block_matrix, vote_matrix
from noisefilter.blocks.context import HTML_CONTEXT, TEXT_CONTEXT, block_context
from noisefilter.blocks.groups import tie_groups
from noisefilter.blocks.markdown import find_markup
from noisefilter.blocks.markup import MARKUP_FEATURES, VOTE_FEATURES
from noisefilter.blocks.page_types import TYPE_MEASURES, build_types, of_blocks
from noisefilter.blocks.places import name_levels
from noisefilter.blocks.pointers import find_pointers
from noisefilter.kinds import KINDS
from noisefilter.networks import (
    LOGIT_LIMIT,
    build_cascade,
    build_network,
    logit,
    rounded,
    word_scores,
)
from noisefilter.types import PAGE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noisefilter.arrays import Column, Matrix
    from noisefilter.blocks.page_types import TypeClassifier
    from noisefilter.blocks.table import BlockTable
    from noisefilter.blocks.vote import Vote
    from noisefilter.networks import Cascade, Network

#: Expected loss of word F1 above which trafilatura is asked: on one article in thirty, with all of the gain (0009).
DOUBT = 0.2
#: It is not asked about pages with a lower probability of being an article, half of the doubtful ones: it is made to
#: find articles (0009).
LEAST_ARTICLE = 0.05
#: A page's threshold lies between these probabilities of boilerplate: doubtful pages keep more, sure ones do not change
#: (0010); in an unknown language they are less sure (0056).
LOWEST_CUT, HIGHEST_CUT, HIGHEST_UNKNOWN = 0.5, 0.95, 0.8
#: The line below the last kept one of a plain text is kept up to this probability, with at least so many words.
DOUBTFUL, LIKELY_KEPT, LEAST_LAST = 0.6, 0.3, 4
#: Forms that have two passes of their own: HTML, HTML with trafilatura's vote, plain text.
FORMS = ("block", "block_voted", "block_text")


class SiteColumns(NamedTuple):
    """Inputs of the network for pages whose site is known, in order."""

    log_odds: Column
    pages_with_block: Column  # log of how many of the site's other pages have it
    share_with_block: Column
    log_words: Column


#: Page types that decide which blocks belong together.
TYING = ("article", "forum")
_TEXT = (*TEXT_FEATURES.names, "word_log_odds")
_HTML = (*TEXT_FEATURES.names, *MARKUP_FEATURES.names, "word_log_odds", "name_log_odds")
_TYPES = tuple(f"log_{name}" for name in PAGE_TYPES)
_VOTED = (*_HTML, *VOTE_FEATURES.names)
_AROUND = (*HTML_CONTEXT.names, *_TYPES)
#: Network → names of the columns that it reads.
INPUTS = {
    "block_first": _HTML,
    "block_second": (*_HTML, *_AROUND),
    "block_voted_first": _VOTED,
    "block_voted_second": (*_VOTED, *_AROUND),
    "block_text_first": _TEXT,
    "block_text_second": (*_TEXT, *TEXT_CONTEXT.names),
    "block_page_type": TYPE_MEASURES,
    "block_site": SiteColumns._fields,
}


@dataclass(frozen=True, slots=True)
class BlockScores:
    """A page's probabilities: of boilerplate, (blocks,), and of each of `PAGE_TYPES`, None for plain text."""

    boilerplate: Matrix
    page_type: Matrix | None

    @property
    def article(self) -> float | None:
        """Probability that the page is an article; None for plain text."""
        return None if self.page_type is None else float(self.page_type[PAGE_TYPES.index("article")])


@dataclass(frozen=True, slots=True)
class BlockInputs:
    """A table and its networks' inputs; `types` are log probabilities of the page types, empty for plain text."""

    table: BlockTable
    measures: Matrix
    types: Matrix

    def with_vote(self, vote: Vote) -> BlockInputs:
        """The inputs of both passes with trafilatura's vote."""
        return replace(self, measures=np.hstack([self.measures, vote_matrix(self.table, vote)]))


def around_blocks(inputs: BlockInputs, first: Matrix) -> Matrix:
    """Further inputs of the second pass: the first one's predictions around each block, and the page type."""
    types = np.broadcast_to(inputs.types, (len(inputs.table), len(inputs.types)))
    return np.hstack([block_context(inputs.table, logit(first[:, 1])), types])


@dataclass(frozen=True, slots=True)
class JudgedBlocks:
    """The networks' inputs for a table, and the log-odds of boilerplate of its blocks: (blocks,)."""

    inputs: BlockInputs
    log_odds: Matrix

    @property
    def is_doubtful(self) -> bool:
        """Whether to ask trafilatura: on HTML that may be an article and is doubtful, or in an unknown language."""
        table = self.inputs.table
        doubtful = expected_loss(self.log_odds, table.words) > DOUBT or not table.known.all()
        return form_of(table) == "block" and may_be_article(self.inputs) and doubtful


@dataclass(frozen=True, slots=True, eq=False)
class BlockScorer:
    """The block estimators of a model."""

    arrays: Mapping[str, Matrix]
    passes: Mapping[str, Cascade[BlockInputs]]
    page_type: TypeClassifier
    site: Network

    def judge(self, tables: Sequence[BlockTable]) -> list[JudgedBlocks]:
        """Judge the blocks of each table in both passes."""
        inputs = page_inputs(tables, self.arrays, self.page_type)
        return [self._passes(form_of(entry.table), entry) for entry in inputs]

    def judge_again(self, judged: Sequence[JudgedBlocks], votes: Sequence[Vote | None]) -> list[JudgedBlocks]:
        """The same tables; doubtful ones with a vote of trafilatura are judged by the networks that read it."""
        return [
            self._passes("block_voted", judgement.inputs.with_vote(vote))
            if vote and judgement.is_doubtful
            else judgement
            for judgement, vote in zip(judged, votes, strict=True)
        ]

    def _passes(self, form: str, inputs: BlockInputs) -> JudgedBlocks:
        return JudgedBlocks(inputs, logit(self.passes[form].probabilities(inputs, inputs.measures)[:, 1]))

    def scores(self, judged: Sequence[JudgedBlocks], sites: Sequence[Matrix | None] | None = None) -> list[BlockScores]:
        """Scores of the pages of some tables, in order; `sites` has each page's `returns` (`site_inputs`), or None."""
        scores: list[BlockScores] = []
        for judgement in judged:
            table = judgement.inputs.table
            types = None if table.places is None else softmax(judgement.inputs.types)
            foreign = find_pointers(table) | find_markup(table) if table.places is None else np.zeros(0, np.bool_)
            for known, (low, high) in zip(table.known.tolist(), pairwise(table.edges.tolist()), strict=True):
                logits, words = judgement.log_odds[low:high], table.words[low:high]
                returns = sites[len(scores)] if sites is not None else None
                if returns is not None and len(words):
                    returned = self.site.probabilities(site_inputs(logits, returns, words))
                    logits = logit(returned[:, 1])
                if types is None:
                    logits = np.where(foreign[low:high], SURE, logits)
                else:
                    likely = types[[PAGE_TYPES.index(name) for name in TYING]]
                    logits = tie_groups(table, logits, *map(float, likely))
                highest = HIGHEST_CUT if known else HIGHEST_UNKNOWN
                boilerplate = rounded(spare_doubtful(logits, words, highest))
                if types is None:
                    boilerplate = with_last_lines(table, slice(low, high), boilerplate)
                scores.append(BlockScores(boilerplate, types))
        return scores


def may_be_article(inputs: BlockInputs) -> bool:
    """Whether an HTML page is likely enough an article for a second opinion."""
    return bool(softmax(inputs.types)[PAGE_TYPES.index("article")] >= LEAST_ARTICLE)


def form_of(table: BlockTable) -> str:
    """Prefix of the names of the networks that judge a table: plain text has its own."""
    return "block_text" if table.places is None else "block"


def build_block_scorer(arrays: Mapping[str, Matrix]) -> BlockScorer:
    """The block estimators that the arrays describe."""
    passes = {form: build_cascade(arrays, form, around_blocks) for form in FORMS}
    return BlockScorer(arrays, passes, build_types(arrays), build_network(arrays, "block_site"))


def page_inputs(tables: Sequence[BlockTable], arrays: Mapping[str, Matrix], types: TypeClassifier) -> list[BlockInputs]:
    """Inputs of the passes for each table, with word, name and type models applied.

    Those of the first pass are features, log-odds of the word model and, for HTML, of the names.
    """
    found = []
    for table in tables:
        features, words = block_matrix(table), word_scores_of(table, arrays)
        if table.places is None:
            found.append(BlockInputs(table, np.hstack([features, words]), np.zeros(0)))
            continue
        measures = np.hstack([features, words, name_scores(table, arrays)])
        logs = types.log_probabilities(table, of_blocks(features, table.words))
        found.append(BlockInputs(table, measures, logs))
    return found


def word_scores_of(table: BlockTable, arrays: Mapping[str, Matrix]) -> Matrix:
    """Log-odds of boilerplate by the words of each block: (blocks, 1)."""
    weights, bias = arrays["block_words.weights"], arrays["block_words.bias"]
    return word_scores(table.tokens, table.first, table.last, weights, bias) * table.spoken[:, None]


def name_scores(table: BlockTable, arrays: Mapping[str, Matrix]) -> Matrix:
    """Log-odds of a linear model over class names and ids: of the element, its parent, those above. (blocks, 1)."""
    weights, bias = arrays["block_names.weights"], arrays["block_names.bias"]
    if not len(table):
        return np.zeros((0, 1))
    owner, rows = table.names
    count = len(table.page.places)
    per_place = np.stack([np.append(np.bincount(owner, level[rows], minlength=count), 0.0) for level in weights])
    levels = name_levels(table.elements.parent, table.place)
    total = per_place[0][levels[:, 0]] + per_place[1][levels[:, 1]] + per_place[2][levels[:, 2:]].sum(axis=1)
    return np.asarray(np.clip(total + bias, -LOGIT_LIMIT, LOGIT_LIMIT)[:, None])


def softmax(logs: Matrix) -> Matrix:
    """Probabilities from log probabilities, normalised again since those were clipped."""
    values = np.exp(logs - logs.max())
    return rounded(values / values.sum())


def site_inputs(logits: Matrix, returns: Matrix, words: Matrix) -> Matrix:
    """Inputs of the network for pages whose site is known: (blocks, SiteColumns).

    `returns` is (blocks, 2): on how many of the site's other pages a block occurs, and on which share of them.
    """
    columns = SiteColumns(
        log_odds=logits,
        pages_with_block=np.log1p(returns[:, 0]),
        share_with_block=returns[:, 1],
        log_words=np.log1p(words),
    )
    return np.stack(columns, axis=1)


def with_last_lines(table: BlockTable, inside: slice, boilerplate: Matrix) -> Matrix:
    """Probabilities of a plain text, where a doubtful line right below a kept one is kept, if it is a sentence without a cue.

    `inside` are the text's blocks in the table. Networks take an article's last line for a part of what follows it.
    """
    kept = boilerplate < KINDS["boilerplate"].threshold
    line = table.closed & (table.cue < 0) & (table.words >= LEAST_LAST) & (table.shares["digit"] < MOST_DIGITS)
    last = line[inside] & ~kept & (boilerplate <= DOUBTFUL) & np.append(False, kept[:-1])
    return np.where(last, LIKELY_KEPT, boilerplate)


def expected_loss(logits: Matrix, words: Matrix) -> float:
    """1 minus the expected word F1 if the blocks that are more likely boilerplate than not are removed."""
    stays = words / (1 + np.exp(logits))
    kept = logits < 0
    right, total = stays[kept].sum(), words[kept].sum() + stays.sum()
    return round(float(1 - 2 * right / max(total, 1e-9)), 4)


def spare_doubtful(logits: Matrix, words: Matrix, highest: float = HIGHEST_CUT) -> Matrix:
    """Probabilities of boilerplate, lowered on pages where keeping more raises the expected word F1.

    A block should be kept if its probability of being article exceeds half the F1 that the page can reach (Lipton et
    al. 2014): about one half on a sure page, less on a doubtful one. All log-odds are shifted alike, so their order
    stays.
    """
    stays = 1 / (1 + np.exp(logits))
    order = np.argsort(-stays, kind="stable")
    right = np.cumsum((words * stays)[order])
    reached = 2 * right / np.maximum(np.cumsum(words[order]) + (words * stays).sum(), 1e-9)
    if not len(order):
        return np.zeros(0)
    cut = float(np.clip(1 - stays[order][int(np.argmax(np.round(reached, 6)))], LOWEST_CUT, highest))
    return np.asarray(1 / (1 + np.exp(-(logits - np.log(cut / (1 - cut))))))
