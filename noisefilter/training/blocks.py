"""Labelled pages → the block classifiers: word and class-name models, first pass, second pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed

from noisefilter.alignment import align
from noisefilter.blocks import split_blocks, split_lines
from noisefilter.features.block_table import block_table
from noisefilter.features.blocks import block_context
from noisefilter.features.names import NAME_ROWS, name_levels, place_names
from noisefilter.features.tokens import tokenize, word_list
from noisefilter.page import read_page
from noisefilter.scoring import block_inputs, build_network, logit, name_scores, word_scores
from noisefilter.training.estimators import (
    FOLDS,
    calibrate,
    fit_calibration,
    fit_linear,
    fit_network,
    fold_of,
    named,
    word_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from noisefilter.blocks import BlockedPage
    from noisefilter.features.block_table import BlockTable
    from noisefilter.training.corpora import LabelledPage
    from noisefilter.vectors import VectorTable

    Matrix = NDArray[np.float64]
    Index = NDArray[np.int64]

#: Pages whose gold text the blocks cover less than this are labelled for another version of the page.
MIN_COVERED = 0.6
#: A block counts in fitting as its words, up to this: long articles do not outweigh their furniture.
MOST_WORDS = 60
HIDDEN = (48,)
#: A line of at least so many words repeats the title if it shares so much of the words of both.
MIN_HEADLINE, SAME_TITLE = 3, 0.6
#: A line between title and article is the standfirst if it has so many words and shares so much of them with the title.
MIN_STANDFIRST, STANDFIRST_SHARE = 6, 0.25
EPOCHS = 10


@dataclass(frozen=True, slots=True)
class BlockExample:
    """A page with the truth of its blocks: `furniture` is 1 for what the gold text does not hold."""

    table: BlockTable
    furniture: Index
    weights: Matrix
    site: str


def block_examples(pages: Iterable[LabelledPage], vectors: VectorTable, jobs: int = 1) -> list[BlockExample]:
    """Examples of pages with gold text or boilerplate spans, in both forms: as HTML and as plain text."""
    made = Parallel(n_jobs=jobs, batch_size=8)(delayed(_examples)(page, vectors) for page in pages)
    return [example for examples in made for example in examples]


def _examples(page: LabelledPage, vectors: VectorTable) -> list[BlockExample]:
    if page.main_text is None and page.spans is None:
        return []
    read = read_page(page.page)
    if read.status != "ok":
        return []
    blocked = split_blocks(read)
    forms = [blocked]
    if blocked.is_html and page.page_type == "article":
        forms.append(split_lines(blocked.text, blocked.title))
    examples = []
    for form in forms:
        furniture = label_blocks(form, page)
        if furniture is not None and len(furniture):
            table = block_table(form, tokenize(form.text, vectors))
            words = np.minimum(table.words + 2, MOST_WORDS)
            weights = words / words.sum() * (2.0 if page.page_type == "article" else 1.0)
            examples.append(BlockExample(table, furniture, weights, page.site))
    return examples


def label_blocks(blocked: BlockedPage, page: LabelledPage) -> Index | None:
    """1 for each block that is furniture; None if the gold text belongs to another version of the page."""
    if page.main_text is not None:
        shares, covered = align(blocked.texts(), page.main_text)
        if covered < MIN_COVERED:
            return None
        furniture = (np.array(shares) < 0.5).astype(np.int64)
        if not blocked.is_html:
            furniture[_headlines(blocked, int(np.argmin(furniture)))] = 0
        return furniture
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
    """Lines that say the title, and the standfirst between it and the article.

    Gold texts leave them out, since they are given apart; who pastes a plain text wants them back.
    """
    wanted = set(word_list(blocked.title or ""))
    found: list[int] = []
    for index, text in enumerate(blocked.texts()):
        own = word_list(text)
        shared = sum(word in wanted for word in own)
        if (len(own) >= MIN_HEADLINE and shared >= SAME_TITLE * max(len(own), len(wanted))) or (
            found and index < first_kept and len(own) >= MIN_STANDFIRST and shared >= STANDFIRST_SHARE * len(own)
        ):
            found.append(index)
    return found


def fit_blocks(examples: Sequence[BlockExample], tune: Sequence[BlockExample]) -> dict[str, Matrix]:
    """Arrays of the block classifiers; stacked on predictions for sites that the first stage had not seen."""
    words, word_model = _fit_words(examples)
    names, name_model = _fit_names(examples)
    inputs = [
        block_inputs(example.table, *scores)
        for example, scores in zip(examples, zip(words, names, strict=True), strict=True)
    ]
    first_out, first = _fit_folds(examples, inputs)
    second_inputs = [
        np.hstack([matrix, block_context(example.table, logit(probability))])
        for example, matrix, probability in zip(examples, inputs, first_out, strict=True)
    ]
    second = _fit(examples, second_inputs)
    arrays = {**word_model, **name_model, **named("block_first", first)}
    logits = np.concatenate([_second_logits(example, arrays, second) for example in tune])
    slope, offset = fit_calibration(logits, _stack_labels(tune), _stack_weights(tune))
    return {**arrays, **named("block_second", calibrate(second, slope, offset))}


def _second_logits(example: BlockExample, arrays: dict[str, Matrix], second: dict[str, Matrix]) -> Matrix:
    table = example.table
    words = word_scores(
        table.tokens, table.first, table.last, arrays["block_words.weights"], arrays["block_words.bias"]
    )
    names = name_scores(table, arrays["block_names.weights"], arrays["block_names.bias"])
    inputs = block_inputs(table, words, names)
    first = build_network(arrays, "block_first").probabilities(inputs)[:, 1]
    network = build_network(named("second", second), "second")
    return logit(network.probabilities(np.hstack([inputs, block_context(table, logit(first))]))[:, 1])


def _stack_labels(examples: Sequence[BlockExample]) -> Index:
    return np.concatenate([example.furniture for example in examples])


def _stack_weights(examples: Sequence[BlockExample]) -> Matrix:
    weights = np.concatenate([example.weights for example in examples])
    return weights / weights.mean()


def _fit(examples: Sequence[BlockExample], inputs: Sequence[Matrix]) -> dict[str, Matrix]:
    return fit_network(
        np.concatenate(inputs),
        _stack_labels(examples),
        _stack_weights(examples),
        hidden=HIDDEN,
        alpha=1e-4,
        epochs=EPOCHS,
    )


def _fit_folds(examples: Sequence[BlockExample], inputs: Sequence[Matrix]) -> tuple[list[Matrix], dict[str, Matrix]]:
    """Probability of each example's blocks by a network that has not seen its site, and the network of all."""
    out: list[Matrix] = [np.zeros(0)] * len(examples)
    for fold in range(FOLDS):
        inside = [index for index, example in enumerate(examples) if fold_of(example.site) == fold]
        outside = [index for index, example in enumerate(examples) if fold_of(example.site) != fold]
        if not inside or not outside:
            continue
        fitted = _fit([examples[index] for index in outside], [inputs[index] for index in outside])
        network = build_network(named("fold", fitted), "fold")
        for index in inside:
            out[index] = network.probabilities(inputs[index])[:, 1]
    return out, _fit(examples, inputs)


def _fit_words(examples: Sequence[BlockExample]) -> tuple[list[Matrix], dict[str, Matrix]]:
    rows = [word_rows(example.table.tokens, example.table.first, example.table.last) for example in examples]

    def score(index: int, weights: Matrix, bias: Matrix) -> Matrix:
        table = examples[index].table
        return word_scores(table.tokens, table.first, table.last, weights, bias)

    out, weights, bias = _linear_folds(examples, rows, score)
    return out, {"block_words.weights": weights, "block_words.bias": bias}


def _fit_names(examples: Sequence[BlockExample]) -> tuple[list[Matrix], dict[str, Matrix]]:
    marked = [index for index, example in enumerate(examples) if example.table.places is not None]
    chosen = [examples[index] for index in marked]
    if not chosen:
        return [np.full((len(example.table), 1), np.nan) for example in examples], {
            "block_names.weights": np.zeros((3, NAME_ROWS)), "block_names.bias": np.zeros(1),
        }  # fmt: skip
    rows = [name_rows_of(example.table) for example in chosen]

    def score(index: int, weights: Matrix, bias: Matrix) -> Matrix:
        return name_scores(chosen[index].table, weights.reshape(3, NAME_ROWS), bias)

    found, weights, bias = _linear_folds(chosen, rows, score)
    by_index = dict(zip(marked, found, strict=True))
    out = [by_index.get(index, np.full((len(example.table), 1), np.nan)) for index, example in enumerate(examples)]
    return out, {"block_names.weights": weights.reshape(3, NAME_ROWS), "block_names.bias": bias}


def name_rows_of(table: BlockTable) -> sp.csr_matrix:
    """The matrix whose product with the weights `scoring.name_scores` computes: (blocks, 3 * NAME_ROWS)."""
    owner, rows = place_names(table.page)
    count = len(table.page.places)
    names = sp.csr_matrix((np.ones(len(rows)), (owner, rows)), shape=(count + 1, NAME_ROWS))
    levels = name_levels(table.page)
    above = names[levels[:, 2]]
    for level in range(3, levels.shape[1]):
        above = above + names[levels[:, level]]
    return sp.hstack([names[levels[:, 0]], names[levels[:, 1]], above]).tocsr()


def _linear_folds(
    examples: Sequence[BlockExample], rows: Sequence[sp.csr_matrix], score: Callable[[int, Matrix, Matrix], Matrix]
) -> tuple[list[Matrix], Matrix, Matrix]:
    """Out-of-fold log-odds of a linear model for each example, and the weights of the model of all."""
    out: list[Matrix] = [np.zeros((len(example.table), 1)) for example in examples]
    for fold in range(FOLDS):
        outside = [index for index, example in enumerate(examples) if fold_of(example.site) != fold]
        inside = [index for index, example in enumerate(examples) if fold_of(example.site) == fold]
        if not inside or not outside:
            continue
        weights, bias = _fit_rows([examples[index] for index in outside], [rows[index] for index in outside])
        for index in inside:
            out[index] = score(index, weights, bias)
    return (out, *_fit_rows(examples, rows))


def _fit_rows(examples: Sequence[BlockExample], rows: Sequence[sp.csr_matrix]) -> tuple[Matrix, Matrix]:
    return fit_linear(sp.vstack(rows).tocsr(), _stack_labels(examples)[:, None], _stack_weights(examples))
