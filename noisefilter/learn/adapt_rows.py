"""Labelled pages → inputs and labels of the last network of each stage: rows to adapt its last layer to.

The stages run as in scoring, up to their last networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed

from noisefilter.article.columns import article_inputs
from noisefilter.blocks.fit import block_examples
from noisefilter.blocks.judge import FORMS, build_block_scorer, form_of
from noisefilter.html.read import read_blocks
from noisefilter.insertions.fit import labelled_examples
from noisefilter.insertions.judge import score_insertions
from noisefilter.insertions.reading import class_columns, foreign_columns, read_articles
from noisefilter.learn.last_layer import Rows
from noisefilter.model import open_reader
from noisefilter.networks import build_cascade, build_network, rounded
from noisefilter.pipeline import find_article, judge_blocks
from noisefilter.sentences.context import kind_context
from noisefilter.sentences.fit import CLASS_OF, sentence_examples
from noisefilter.sentences.judge import sentence_inputs, sentence_kinds, sentence_words
from noisefilter.sentences.table import SentenceTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.arrays import Matrix
    from noisefilter.labels import LabelledPage
    from noisefilter.model import Model

    #: Network → inputs, truth and weights of the rows of one page.
    Found = dict[str, tuple[Matrix, Matrix, Matrix]]
    Measure = Callable[[LabelledPage, Model], Found]

#: The last networks for blocks: in HTML, in HTML with trafilatura's vote, in plain text.
BLOCK_NETWORKS = tuple(f"{form}_second" for form in FORMS)
#: The stages in order, and the networks that are adapted in each: its last ones.
STAGES = {
    "blocks": BLOCK_NETWORKS,
    "sentences": ("sentence_second",),
    "insertions": ("insertion_last",),
    "articles": ("article", "article_made"),
}
#: The same for a model with a reader.
READER_STAGES = {**STAGES, "sentences": ("reader_classes",), "insertions": ("reader_foreign",)}
#: The heads of the reader's last layer, which are adapted only when asked for.
HEAD_STAGES = {"reader": ("reader_head_foreign", "reader_head_classes")}
#: Pages that a process is given at once.
CHUNK = 8


def stage_rows(stage: str, pages: Sequence[LabelledPage], model: Model, jobs: int = 1) -> dict[str, Rows]:
    """Rows for each network of a stage that the pages have labels for."""
    run = Parallel(n_jobs=jobs, batch_size=CHUNK)
    measured = run(delayed(MEASURES[stage])(page, model) for page in pages)
    rows = {}
    for name in (READER_STAGES if model.reader else STAGES)[stage]:
        found = [(page, networks[name]) for page, networks in zip(pages, measured, strict=True) if name in networks]
        if found:
            rows[name] = Rows.of_pages(found)
    return rows


def _block_rows(page: LabelledPage, model: Model) -> Found:
    """Blocks of the page as HTML and as plain text; with trafilatura's vote only where it would be asked."""
    found: Found = {}
    for example in block_examples([page], model.vectors):
        scorer = build_block_scorer(model.wide)
        (judged,) = scorer.judge([example.table])
        (again,) = scorer.judge_again([judged], [example.vote])
        forms = {form_of(example.table): judged} | ({} if again is judged else {"block_voted": again})
        for form, one in forms.items():
            passes = scorer.passes[form]
            inputs = passes.second.standard(passes.second_inputs(one.inputs, one.inputs.measures))
            found[f"{form}_second"] = (inputs, example.boilerplate[:, None].astype(np.float64), example.weights)
    return found


def _sentence_rows(page: LabelledPage, model: Model) -> Found:
    """Labelled sentences; where the labels are spans, boilerplate is unknown."""
    found: Found = {}
    for example in sentence_examples([page], model.vectors):
        table, arrays = example.table, model.wide
        if model.reader:
            name, readings = "reader_classes", read_articles(table, open_reader(model.reader))
            inputs = class_columns(sentence_kinds(table, arrays), readings)
        else:
            name, passes = "sentence_second", build_cascade(arrays, "sentence", kind_context)
            inputs = passes.second_inputs(table, sentence_inputs(table, sentence_words(table, arrays)))
        truth = example.classes.copy()
        weights = truth.sum(axis=1)  # off-topic sentences are of no class
        if page.sentences is None:
            truth[:, CLASS_OF["B"]] = np.nan
        labelled = weights > 0
        rows = build_network(arrays, name).standard(inputs)[labelled]
        found[name] = (rows, truth[labelled] / weights[labelled, None], weights[labelled])
    return found


def _insertion_rows(page: LabelledPage, model: Model) -> Found:
    """Sentences of pages whose off-topic passages are labelled; without a reader only the doubtful ones."""
    found: Found = {}
    for example in labelled_examples([page]):
        table, arrays = SentenceTable([example.article(model.vectors)], model.vectors), model.wide
        scored = score_insertions(table, sentence_kinds(table, arrays), arrays)
        name, foreign, inputs = "insertion_last", example.foreign[scored.doubtful], scored.inputs
        if model.reader:
            name, foreign = "reader_foreign", example.foreign
            inputs = foreign_columns(scored.off_topic, read_articles(table, open_reader(model.reader)))
        if len(inputs):
            rows = build_network(arrays, name).standard(inputs)
            found[name] = (rows, foreign[:, None].astype(np.float64), np.ones(len(foreign)))
    return found


def _article_rows(page: LabelledPage, model: Model) -> Found:
    """The article, if its noise was judged and it would get a score."""
    if page.noise is None:
        return {}
    read = read_blocks(page.page)
    if read.blocked is None or read.status != "ok":
        return {}
    ((blocks, scores),) = judge_blocks([(read.page, read.blocked)], model)
    found = find_article(read.page, blocks, scores, model, model.thresholds)
    if found.status != "ok":
        return {}
    table, arrays = SentenceTable([found.judged_part], model.vectors), model.wide
    filler_and_promotion = rounded(sentence_kinds(table, arrays)[:, 1:3])
    inputs = article_inputs(table, filler_and_promotion, arrays)
    truth = np.array([[page.noise_target]], dtype=np.float64)
    networks = {name: build_network(arrays, name) for name in STAGES["articles"]}
    return {name: (network.standard(inputs), truth, np.ones(1)) for name, network in networks.items()}


MEASURES: Mapping[str, Measure] = {
    "blocks": _block_rows,
    "sentences": _sentence_rows,
    "insertions": _insertion_rows,
    "articles": _article_rows,
}
