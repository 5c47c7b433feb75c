"""Labelled pages → inputs and labels of the last network of each stage: rows to adapt its last layer to.

The stages run as in scoring; a recorder in place of the last network's estimator keeps its inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed

from noisefilter.article.columns import article_inputs
from noisefilter.blocks.fit import block_examples
from noisefilter.blocks.judge import FORMS, build_block_scorer
from noisefilter.blocks.table import block_table
from noisefilter.html.read import read_blocks
from noisefilter.insertions.fit import labelled_examples
from noisefilter.insertions.judge import build_insertion_scorer, sentence_classes
from noisefilter.insertions.reading import class_columns, foreign_columns, read_articles
from noisefilter.insertions.table import InsertionTable
from noisefilter.learn.last_layer import Rows
from noisefilter.model import open_reader
from noisefilter.networks import rounded, standardize
from noisefilter.pipeline import MIN_WORDS, article_blocks, score_blocks
from noisefilter.sentences.fit import CLASS_OF, sentence_examples
from noisefilter.sentences.judge import build_sentence_scorer
from noisefilter.sentences.table import Article, SentenceTable
from noisefilter.text.sentences import split_sentences
from noisefilter.text.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.arrays import Inputs, Matrix
    from noisefilter.labels import LabelledPage
    from noisefilter.networks import Estimator, Network
    from noisefilter.text.vectors import VectorTable

    #: Network → inputs, truth and weights of the rows of one page.
    Found = dict[str, tuple[Matrix, Matrix, Matrix]]
    Measure = Callable[[LabelledPage, Mapping[str, Matrix], VectorTable, bytes | None], Found]

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


@dataclass(frozen=True, slots=True)
class _Recorder:
    """An estimator that keeps its inputs."""

    estimator: Estimator
    asked: list[Matrix] = field(default_factory=list)

    def predict_proba(self, X: Inputs) -> Matrix:  # noqa: N803 - scikit-learn's name
        self.asked.append(np.asarray(X, dtype=np.float64))
        return self.estimator.predict_proba(X)


def _recorded(network: Network) -> tuple[Network, list[Matrix]]:
    """The network, and the list that it will add its standardised inputs to, some rows at a time."""
    recorder = _Recorder(network.estimator)
    return replace(network, estimator=recorder), recorder.asked


def stage_rows(
    stage: str,
    pages: Sequence[LabelledPage],
    arrays: Mapping[str, Matrix],
    vectors: VectorTable,
    jobs: int = 1,
    reader: bytes | None = None,
) -> dict[str, Rows]:
    """Rows for each network of a stage that the pages have labels for."""
    run = Parallel(n_jobs=jobs, batch_size=CHUNK)
    measured = run(delayed(MEASURES[stage])(page, arrays, vectors, reader) for page in pages)
    rows = {}
    for name in (READER_STAGES if reader else STAGES)[stage]:
        found = [(page, networks[name]) for page, networks in zip(pages, measured, strict=True) if name in networks]
        if found:
            rows[name] = Rows.of_pages(found)
    return rows


def _block_rows(page: LabelledPage, arrays: Mapping[str, Matrix], vectors: VectorTable, _reader: bytes | None) -> Found:
    """Blocks of the page as HTML and as plain text; with trafilatura's vote only where it would be asked."""
    found: Found = {}
    for example in block_examples([page], vectors):
        scorer = build_block_scorer(arrays)
        pairs = {form: _recorded(passes.second) for form, passes in scorer.passes.items()}
        passes = {form: replace(scorer.passes[form], second=network) for form, (network, _) in pairs.items()}
        recording = replace(scorer, passes=passes)
        recording.judge_again(recording.judge([example.table]), [example.vote])
        for form, (_, asked) in pairs.items():
            if asked:
                found[f"{form}_second"] = (
                    np.concatenate(asked),
                    example.boilerplate[:, None].astype(np.float64),
                    example.weights,
                )
    return found


def _sentence_rows(
    page: LabelledPage, arrays: Mapping[str, Matrix], vectors: VectorTable, reader: bytes | None
) -> Found:
    """Labelled sentences; where the labels are spans, boilerplate is unknown."""
    found: Found = {}
    for example in sentence_examples([page], vectors):
        scorer = build_sentence_scorer(arrays)
        network, asked = _recorded(scorer.passes.second)
        name = "sentence_second"
        recording = replace(scorer, passes=replace(scorer.passes, second=network))
        classes = recording.score(example.table, example.matrix)
        if reader:
            name = "reader_classes"
            readings = read_articles(example.table, open_reader(reader))
            asked = [_standard(class_columns(classes, readings), arrays, name)]
        truth = example.classes.copy()
        weights = truth.sum(axis=1)  # off-topic sentences are of no class
        if page.sentences is None:
            truth[:, CLASS_OF["B"]] = np.nan
        labelled = weights > 0
        found[name] = (np.concatenate(asked)[labelled], truth[labelled] / weights[labelled, None], weights[labelled])
    return found


def _insertion_rows(
    page: LabelledPage, arrays: Mapping[str, Matrix], vectors: VectorTable, reader: bytes | None
) -> Found:
    """Sentences of pages whose off-topic passages are labelled; without a reader only the doubtful ones."""
    found: Found = {}
    for example in labelled_examples([page]):
        table = InsertionTable(SentenceTable([example.article(vectors)], vectors))
        scorer = build_insertion_scorer(arrays)
        network, asked = _recorded(scorer.insertion_last)
        scored = replace(scorer, insertion_last=network).score(table, sentence_classes(table, arrays))
        name, foreign = "insertion_last", example.foreign[sorted(scored.words)]
        if reader:
            name, foreign = "reader_foreign", example.foreign
            readings = read_articles(table.sentences, open_reader(reader))
            asked = [_standard(foreign_columns(scored.off_topic, readings), arrays, name)]
        if asked:
            found[name] = (np.concatenate(asked), foreign[:, None].astype(np.float64), np.ones(len(foreign)))
    return found


def _article_rows(
    page: LabelledPage, arrays: Mapping[str, Matrix], vectors: VectorTable, _reader: bytes | None
) -> Found:
    """The article, if its noise was judged and it would get a score."""
    table = None if page.noise is None else _article_table(page, arrays, vectors)
    if table is None:
        return {}
    inputs, truth = read_article(table, arrays), np.array([[page.noise_target]], dtype=np.float64)
    return {name: (_standard(inputs, arrays, name), truth, np.ones(1)) for name in STAGES["articles"]}


def _standard(inputs: Matrix, arrays: Mapping[str, Matrix], name: str) -> Matrix:
    """Inputs, standardised as the network does it."""
    return np.asarray(standardize(inputs, arrays[f"{name}.mean"], arrays[f"{name}.scale"]), dtype=np.float64)


def read_article(table: InsertionTable, arrays: Mapping[str, Matrix]) -> Matrix:
    """Inputs of the article classifier, as in scoring: (articles, n)."""
    return article_inputs(table.sentences, table.matrix, rounded(sentence_classes(table, arrays)[:, 1:3]), arrays)


def _article_table(page: LabelledPage, arrays: Mapping[str, Matrix], vectors: VectorTable) -> InsertionTable | None:
    """The sentences that would be judged if the page were scored; None if there would be no score."""
    read = read_blocks(page.page)
    blocked = read.blocked
    if blocked is None:
        return None
    tokens = tokenize(blocked.text, vectors)
    blocks = block_table(blocked, tokens, vectors)
    boilerplate = score_blocks(build_block_scorer(arrays), [blocks], [read.page])[0].boilerplate
    sentences = np.array(split_sentences(blocked), dtype=np.int64).reshape(-1, 3)
    inside = article_blocks(blocks, boilerplate)
    chosen = inside[sentences[:, 2]]
    if blocks.words[inside].sum() < MIN_WORDS or not chosen.any():
        return None
    return InsertionTable(SentenceTable([Article(blocked, tokens, sentences[chosen])], vectors))


MEASURES: Mapping[str, Measure] = {
    "blocks": _block_rows,
    "sentences": _sentence_rows,
    "insertions": _insertion_rows,
    "articles": _article_rows,
}
