"""Made pages and pages with their furniture → the classifier of lines between paragraphs, and the page's probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.blocks import split_blocks, split_lines
from noisefilter.features.asides import ASIDE_NAMES, aside_matrix, asides_of
from noisefilter.features.insertions import insertion_table
from noisefilter.features.sentence_table import Article, sentence_table
from noisefilter.features.tokens import tokenize
from noisefilter.page import read_page
from noisefilter.scoring.articles import PAGE_PRIOR, highest_aside, page_off_topic_inputs, sentence_classes
from noisefilter.scoring.insertions import build_insertion_scorer
from noisefilter.scoring.networks import LOGIT_LIMIT, build_network
from noisefilter.sentences import split_sentences
from noisefilter.training.blocks import label_blocks
from noisefilter.training.estimators import fit_network, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from noisefilter.blocks import BlockedPage
    from noisefilter.features.tokens import Tokens
    from noisefilter.training.corpora import LabelledPage
    from noisefilter.training.estimators import NetworkOptions
    from noisefilter.training.insertions import HeldOut, InsertionExample
    from noisefilter.vectors import VectorTable

    Matrix = NDArray[np.float64]
    Index = NDArray[np.int64]
    Arrays = dict[str, Matrix]

ASIDE: NetworkOptions = {"hidden": (16,), "alpha": 0.1, "falling": ((1e-3, 20), (1e-4, 10)), "members": 3}
#: What the lines of a label weigh in all beside those of real pages.
MADE_SHARE = 0.3


def fit_pages(
    made: Sequence[InsertionExample], tune: Sequence[InsertionExample], held: Sequence[HeldOut],
    pages: tuple[Sequence[LabelledPage], Sequence[LabelledPage]], models: Arrays, vectors: VectorTable,
) -> Arrays:  # fmt: skip
    """Arrays of the classifier of asides and of the page's, which is calibrated on tune.

    Args:
        made: pages to fit on.
        tune: pages of other sites.
        held: what the insertion classifiers say of the tune pages.
        pages: pages whose furniture is known, to fit on and of the tune sites.
        models: arrays of the sentence and insertion classifiers.
        vectors: word vectors.
    """
    foreign = [aside_matrix(*_split(example, vectors), vectors) for example in made if _labelled(example).any()]
    real = [aside_matrix(*page, vectors) for page in _real_pages(pages[0], vectors)]
    none = np.zeros((0, len(ASIDE_NAMES)))
    arrays = _fit_asides(np.concatenate([none, *foreign]), np.concatenate([none, *real]))
    network = build_network(named("aside", arrays), "aside")
    rows, touched = [], []
    for example, page in zip(tune, held, strict=True):
        rows.append(page_off_topic_inputs(page.probabilities, -LOGIT_LIMIT))
        touched.append(int(page.foreign.any()))
        label = _labelled(example)
        if label.any() and not label.all():
            aside = highest_aside(network, aside_matrix(*_split(example, vectors), vectors))
            rows.append(page_off_topic_inputs(page.probabilities[~label], aside))
            touched.append(1)
    scorer = build_insertion_scorer(models)
    for blocked, tokens, sentences, chosen in _real_pages(pages[1], vectors):
        table = insertion_table(sentence_table([Article(blocked, tokens, sentences[chosen])], vectors), vectors)
        probabilities = scorer.score(table, sentence_classes(table, models)).off_topic
        aside = highest_aside(network, aside_matrix(blocked, tokens, sentences, chosen, vectors))
        rows.append(page_off_topic_inputs(probabilities, aside))
        touched.append(0)
    truth = np.array(touched)
    weights = np.where(truth == 1, PAGE_PRIOR / max(1, truth.sum()), (1 - PAGE_PRIOR) / max(1, (1 - truth).sum()))
    fitted = fit_network(np.concatenate(rows), truth, weights * len(truth), alpha=1.0)
    return {**named("aside", arrays), **named("page_off_topic", fitted)}


def _fit_asides(foreign: Matrix, real: Matrix) -> Arrays:
    """Network that tells lines of other stories from the furniture that real articles have between their paragraphs."""
    if not len(foreign) or not len(real):  # nothing to tell apart: every line counts as none
        count = len(ASIDE_NAMES)
        return {
            "mean": np.zeros(count), "scale": np.ones(count), "weights0": np.zeros((count, 1)), "bias0": np.array([-LOGIT_LIMIT]),
        }  # fmt: skip
    truth = np.repeat([1, 0], [len(foreign), len(real)])
    weights = np.where(truth == 1, MADE_SHARE / len(foreign), (1 - MADE_SHARE) / len(real)) * len(truth)
    return fit_network(np.concatenate([foreign, real]), truth, weights, **ASIDE)


def _labelled(example: InsertionExample) -> NDArray[np.bool_]:
    """Which sentences stand in an "also read" line or a list of other stories."""
    lines = [(found.start, found.end) for found in example.ranges if found.sort == "label_line"]
    return np.array(
        [any(start <= own.start < end for start, end in lines) for own in example.sentences], dtype=np.bool_
    )


def _split(example: InsertionExample, vectors: VectorTable) -> tuple[BlockedPage, Tokens, Index, NDArray[np.bool_]]:
    """A made page whose label lines were taken for furniture, as the block classifier mostly does."""
    sentences = np.array(example.sentences, dtype=np.int64).reshape(-1, 3)
    return example.page, tokenize(example.page.text, vectors), sentences, ~_labelled(example)


def _real_pages(
    pages: Iterable[LabelledPage], vectors: VectorTable
) -> Iterator[tuple[BlockedPage, Tokens, Index, NDArray[np.bool_]]]:
    """Articles whose furniture is known and that have some between their paragraphs, as HTML and saved as plain text."""
    for page in pages:
        read = read_page(page.page)
        known = page.main_text is not None or page.spans is not None
        if read.status != "ok" or read.format != "html" or not known or page.page_type != "article":
            continue
        marked_up = split_blocks(read)
        for blocked in (marked_up, split_lines(marked_up.text, marked_up.title)):
            furniture = label_blocks(blocked, page)
            if furniture is None or furniture.all():
                continue
            sentences = np.array(split_sentences(blocked), dtype=np.int64).reshape(-1, 3)
            chosen = furniture[sentences[:, 2]] == 0
            tokens = tokenize(blocked.text, vectors)
            if len(asides_of(sentences, chosen, tokens)):
                yield blocked, tokens, sentences, chosen
