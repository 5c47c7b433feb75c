"""Labelled pages → the block classifiers: word and name models, page type, first pass, second pass, vote, site."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed

from noisefilter.blocks.columns import block_matrix
from noisefilter.blocks.fit_page_types import fit_page_types
from noisefilter.blocks.judge import (
    BlockInputs,
    around_blocks,
    form_of,
    name_scores,
    page_inputs,
    site_inputs,
    word_scores_of,
)
from noisefilter.blocks.page_types import build_types
from noisefilter.blocks.places import NAME_ROWS, name_levels
from noisefilter.blocks.sites import SiteProfile
from noisefilter.blocks.table import SAME_TITLE, block_table
from noisefilter.blocks.vote import Vote, ask_trafilatura
from noisefilter.fit import (
    arrays_of,
    calibrate,
    fit_calibration,
    fit_first,
    fit_linear,
    fit_network,
    fold_of,
    out_of_fold,
    word_rows,
)
from noisefilter.html.read import read_blocks
from noisefilter.html.walk import split_lines
from noisefilter.kinds import KINDS
from noisefilter.labels import CorpusError
from noisefilter.networks import Cascade, Network, build_cascade, logit
from noisefilter.text.alignment import align
from noisefilter.text.tokens import tokenize, word_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from noisefilter.arrays import Arrays, Index, Matrix
    from noisefilter.blocks.table import BlockTable
    from noisefilter.html.walk import BlockedPage
    from noisefilter.labels import LabelledPage
    from noisefilter.text.vectors import VectorTable

#: If a page's blocks cover less than this share of its gold text, the labels are for another version of the page.
MIN_COVERED = 0.6
#: A block's weight in fitting is its words, up to this, so that long articles do not outweigh their boilerplate.
MOST_WORDS = 60
#: Articles are what the library is for.
ARTICLE_WEIGHT = 2.0
#: Pages of other languages are few.
UNKNOWN_WEIGHT = 2.0
#: One page in this many is also learned from as if its language were unknown.
MASKED = 2
#: Six small perceptrons are averaged: other languages gain from each (docs/decisions/0054-averaged-more.md).
fit_perceptrons = partial(fit_network, hidden=32, alpha=1e-3, falling=((1e-3, 8),), members=6)
#: Share of the words of articles that may be lost in plain text, before doubtful pages are spared; then it is some .01
#: (docs/decisions/0013, 0054).
TEXT_LOSS = 0.015
#: Fewest pages, of sites with several, from which the use of site profiles is learned.
MIN_SITE_PAGES, SITE_ALPHA = 10, 1.0
#: The forms of a page, each with networks of its own.
FORMS = ("block", "block_text")
#: A line of at least this many words repeats the title if it shares `SAME_TITLE` of the words of both.
MIN_HEADLINE = 3
#: A line between title and article is the standfirst if it has this many words and shares this much of them with the
#: title.
MIN_STANDFIRST, STANDFIRST_SHARE = 6, 0.25


@dataclass(frozen=True, slots=True)
class BlockExample:
    """A page with labelled blocks: `boilerplate` is 1 for those that are not in the gold text."""

    table: BlockTable
    boilerplate: Index
    weights: Matrix
    site: str
    page_type: str | None
    vote: Vote | None


def block_examples(pages: Iterable[LabelledPage], vectors: VectorTable, jobs: int = 1) -> list[BlockExample]:
    """Examples of pages with gold text or boilerplate spans, in both forms: as HTML and as plain text."""
    made = Parallel(n_jobs=jobs, batch_size=8)(delayed(_examples)(page, vectors) for page in pages)
    return [example for examples in made for example in examples]


def _examples(page: LabelledPage, vectors: VectorTable) -> list[BlockExample]:
    if page.main_text is None and page.spans is None:
        return []
    read = read_blocks(page.page)
    blocked = read.blocked
    if blocked is None:
        return []
    forms = [blocked]
    if blocked.is_html and page.page_type == "article":
        forms.append(split_lines(blocked.text, blocked.title))
    examples = []
    for form in forms:
        boilerplate = label_blocks(form, page)
        if boilerplate is not None and len(boilerplate):
            table = block_table(form, tokenize(form.text, vectors), vectors)
            words = np.minimum(table.words + 2, MOST_WORDS)
            weights = words / words.sum() * (ARTICLE_WEIGHT if page.page_type == "article" else 1.0)
            weights *= 1.0 if table.known.all() else UNKNOWN_WEIGHT
            vote = ask_trafilatura(read.page, form) if form.is_html else None
            example = BlockExample(table, boilerplate, weights, page.site, page.page_type, vote)
            examples.append(example)
            if table.known.all() and crc32(page.id.encode("utf8", "surrogatepass")) % MASKED == 0:
                examples.append(replace(example, table=replace(table, known=np.zeros(1, np.bool_))))
    return examples


def label_blocks(blocked: BlockedPage, page: LabelledPage) -> Index | None:
    """1 for each block that is boilerplate; None if the gold text belongs to another version of the page."""
    if page.main_text is not None:
        shares, covered = align(blocked.texts(), page.main_text)
        if covered < MIN_COVERED:
            return None
        boilerplate = (np.array(shares) < 0.5).astype(np.int64)
        # gold texts differ about the headline: it is given separately, but whoever pastes plain text wants to keep it
        boilerplate[_headlines(blocked, 0 if blocked.is_html else int(np.argmin(boilerplate)))] = blocked.is_html
        return boilerplate
    labels = np.zeros(len(blocked.blocks), dtype=np.int64)
    for index, block in enumerate(blocked.blocks):
        inside = sum(
            max(0, min(block.end, span.end) - max(block.start, span.start))
            for span in page.spans or ()
            if span.kind == "boilerplate"
        )
        labels[index] = inside > (block.end - block.start) / 2
    return labels


def _headlines(blocked: BlockedPage, first_kept: int) -> list[int]:
    """Lines that repeat the title, and the standfirst between it and the article.

    Gold texts leave them out, since they are given separately; whoever pastes plain text wants to keep them.
    """
    wanted = set(word_list(blocked.title or ""))
    found: list[int] = []
    for index, text in enumerate(blocked.texts()):
        words = word_list(text)
        shared = sum(word in wanted for word in words)
        if (len(words) >= MIN_HEADLINE and shared >= SAME_TITLE * max(len(words), len(wanted))) or (
            found and index < first_kept and len(words) >= MIN_STANDFIRST and shared >= STANDFIRST_SHARE * len(words)
        ):
            found.append(index)
    return found


def fit_blocks(examples: Sequence[BlockExample], tune: Sequence[BlockExample]) -> Arrays:
    """Arrays of the block classifiers; each stage is fitted on out-of-fold predictions of the earlier ones.

    `tune` are pages of other sites, to calibrate on.
    """
    words, arrays = _fit_words(examples)
    for form in FORMS:
        chosen = [index for index, example in enumerate(examples) if form_of(example.table) == form]
        tuned = [example for example in tune if form_of(example.table) == form]
        if not chosen or not tuned:
            raise CorpusError(
                f"no page to fit or calibrate {form} classifiers on (pages and plain texts have their own)"
            )
        arrays |= _fit_form(form, [examples[i] for i in chosen], [words[i] for i in chosen], tuned, arrays)
    return arrays | _fit_site(tune, arrays)


def _fit_form(
    form: str, examples: Sequence[BlockExample], words: Sequence[Matrix], tune: Sequence[BlockExample], arrays: Arrays
) -> Arrays:
    """Networks of HTML or of plain text; for HTML also names, page types, and the same networks with the vote."""
    measures = [np.hstack([block_matrix(example.table), row]) for example, row in zip(examples, words, strict=True)]
    if form == "block_text":
        inputs = [
            BlockInputs(example.table, matrix, np.zeros(0)) for example, matrix in zip(examples, measures, strict=True)
        ]
        return _fit_passes(form, examples, inputs, tune, _held_inputs(tune, arrays))
    names, name_arrays = _fit_names(examples)
    measures = [np.hstack(pair) for pair in zip(measures, names, strict=True)]
    tables, labels = [example.table for example in examples], [example.page_type for example in examples]
    types, type_arrays = fit_page_types(tables, labels, _folds(examples))
    known = {**name_arrays, **type_arrays}
    inputs = [BlockInputs(example.table, *pair) for example, *pair in zip(examples, measures, types, strict=True)]
    held = _held_inputs(tune, {**arrays, **known})
    known |= _fit_passes(form, examples, inputs, tune, held)
    return known | _fit_passes("block_voted", *_with_vote(examples, inputs), *_with_vote(tune, held))


def _held_inputs(examples: Sequence[BlockExample], arrays: Arrays) -> list[BlockInputs]:
    """Inputs of the passes for held-out pages."""
    return page_inputs([example.table for example in examples], arrays, build_types(arrays))


def _with_vote(
    examples: Sequence[BlockExample], inputs: Sequence[BlockInputs]
) -> tuple[list[BlockExample], list[BlockInputs]]:
    """The examples with trafilatura's vote, and the networks' inputs for them."""
    voted = [(e, entry.with_vote(e.vote)) for e, entry in zip(examples, inputs, strict=True) if e.vote]
    return [example for example, _ in voted], [entry for _, entry in voted]


def _fit_passes(
    form: str,
    examples: Sequence[BlockExample],
    inputs: Sequence[BlockInputs],
    tune: Sequence[BlockExample],
    held: Sequence[BlockInputs],
) -> Arrays:
    """Arrays of both passes: the second is fitted on out-of-fold predictions of the first, and calibrated on `tune`."""
    matrices = [entry.measures for entry in inputs]
    models, context = fit_first(
        _folds(examples),
        inputs,
        matrices,
        around_blocks,
        lambda rows, _: _fit([examples[row] for row in rows], [matrices[row] for row in rows]),
    )
    first, second = models.of_all, _fit(examples, context)
    passes = Cascade(first, around_blocks, second)
    judged = [passes.second_inputs(entry, entry.measures) for entry in held]
    logits = logit(passes.second.probabilities(np.concatenate(judged))[:, 1])
    slope, offset = fit_calibration(logits, _stack_labels(tune), _stack_weights(tune))
    if form == "block_text":
        offset -= _reserve(slope * logits + offset, tune)
    return arrays_of(f"{form}_first", first) | arrays_of(f"{form}_second", calibrate(second, slope, offset))


def _reserve(logits: Matrix, examples: Sequence[BlockExample]) -> float:
    """How much to subtract from the log-odds so that only `TEXT_LOSS` of the articles' words pass the threshold."""
    article = _stack_labels(examples) == 0
    words = np.concatenate([example.table.words for example in examples])[article]
    order = np.argsort(-logits[article], kind="stable")
    passed = np.cumsum(words[order]) / max(1.0, float(words.sum()))
    if not len(order):
        return 0.0
    highest = float(logits[article][order][int(np.searchsorted(passed, TEXT_LOSS))])
    return max(0.0, highest - float(logit(np.array([KINDS["boilerplate"].threshold]))[0]))


def _fit_site(tune: Sequence[BlockExample], arrays: Arrays) -> Arrays:
    """The network for blocks that recur on the site's other pages; fitted on pages that nothing else was fitted on."""
    sites: dict[str, list[BlockExample]] = defaultdict(list)
    for example in tune:
        if example.table.places is not None:
            sites[example.site].append(example)
    rows, examples = [], []
    for members in sites.values():
        profile = SiteProfile.from_blocked(example.table.page for example in members)
        for example, logits in zip(members, _logits(members, arrays), strict=True):
            returns = profile.returns(example.table.page)
            if returns is not None:
                rows.append(site_inputs(logits, returns, example.table.words))
                examples.append(example)
    if len(examples) >= MIN_SITE_PAGES and len(np.unique(_stack_labels(examples))) > 1:
        fitted = fit_network(np.concatenate(rows), _stack_labels(examples), _stack_weights(examples), alpha=SITE_ALPHA)
        return arrays_of("block_site", fitted)
    width = site_inputs(np.zeros(0), np.zeros((0, 2)), np.zeros(0)).shape[1]
    zeros, ones, first = np.zeros(width), np.ones(width), np.eye(width)[:, :1]
    return arrays_of("block_site", Network(zeros, ones, [first], [np.zeros(1)]))


def _logits(examples: Sequence[BlockExample], arrays: Arrays) -> list[Matrix]:
    """Log-odds of boilerplate of held-out pages, before site and vote."""
    passes = build_cascade(arrays, "block", around_blocks)
    return [logit(passes.probabilities(entry, entry.measures)[:, 1]) for entry in _held_inputs(examples, arrays)]


def _stack_labels(examples: Sequence[BlockExample]) -> Index:
    return np.concatenate([example.boilerplate for example in examples])


def _stack_weights(examples: Sequence[BlockExample]) -> Matrix:
    weights = np.concatenate([example.weights for example in examples])
    return weights / weights.mean()


def _fit(examples: Sequence[BlockExample], inputs: Sequence[Matrix]) -> Network:
    matrix = np.concatenate(inputs, dtype=np.float32)
    return fit_perceptrons(matrix, _stack_labels(examples), _stack_weights(examples))


def _folds(examples: Sequence[BlockExample]) -> list[int]:
    return [fold_of(example.site) for example in examples]


def _fit_words(examples: Sequence[BlockExample]) -> tuple[list[Matrix], Arrays]:
    """The word model; it learns nothing of pages whose language is unknown."""
    rows = [word_rows(example.table.tokens, example.table.first, example.table.last) for example in examples]
    known = [replace(example, weights=example.weights * example.table.spoken) for example in examples]
    return _fit_linear("block_words", known, rows, word_scores_of, (-1, 1))


def _fit_names(examples: Sequence[BlockExample]) -> tuple[list[Matrix], Arrays]:
    rows = [name_rows_of(example.table) for example in examples]
    return _fit_linear("block_names", examples, rows, name_scores, (3, NAME_ROWS))


def name_rows_of(table: BlockTable) -> sp.csr_matrix:
    """The matrix whose product with the weights `judge.name_scores` computes: (blocks, 3 * NAME_ROWS)."""
    owner, rows = table.names
    count = len(table.page.places)
    names = sp.csr_matrix((np.ones(len(rows)), (owner, rows)), shape=(count + 1, NAME_ROWS))
    levels = name_levels(table.elements.parent, table.place)
    above = names[levels[:, 2]]
    for level in range(3, levels.shape[1]):
        above = above + names[levels[:, level]]
    return sp.hstack([names[levels[:, 0]], names[levels[:, 1]], above]).tocsr()


def _fit_linear(
    name: str,
    examples: Sequence[BlockExample],
    rows: Sequence[sp.csr_matrix],
    score: Callable[[BlockTable, Arrays], Matrix],
    shape: tuple[int, int],
) -> tuple[list[Matrix], Arrays]:
    """Out-of-fold log-odds of a linear model for each example, and the arrays of the model of all, weights in a shape."""

    def fit(chosen: Index, _: int | None) -> Arrays:
        some = [examples[index] for index in chosen]
        matrix = sp.vstack([rows[index] for index in chosen]).tocsr()
        weights, bias = fit_linear(matrix, _stack_labels(some)[:, None], _stack_weights(some))
        return {f"{name}.weights": weights.reshape(shape), f"{name}.bias": bias}

    folds = _folds(examples)
    models = out_of_fold(folds, fit)
    scores = [score(example.table, models.for_group(fold)) for example, fold in zip(examples, folds, strict=True)]
    return scores, models.of_all
