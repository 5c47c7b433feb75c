"""Pages whose foreign passages are known → the classifiers that find insertions, and the page's probability.

The last network reads the predictions of the others. So that it does not trust them too much, the pages are in `PARTS`
parts that share no sites, and it learns from predictions out of fold: by classifiers that had not seen the page's part.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed

from noisefilter.fit import SEED, arrays_of, calibrate_on, fit_linear, fit_network, fold_of, out_of_fold
from noisefilter.html.read import read_blocks
from noisefilter.insertions.cuts import contrasts
from noisefilter.insertions.judge import PAGE_PRIOR, insertion_inputs, page_off_topic_inputs
from noisefilter.insertions.passages import passage_columns
from noisefilter.insertions.words import token_matrix, token_table, word_log_odds
from noisefilter.networks import logit
from noisefilter.sentences.fit import judged_sentences
from noisefilter.sentences.judge import sentence_kinds
from noisefilter.sentences.table import Article, SentenceTable
from noisefilter.text.sentences import SentenceRange, split_sentences
from noisefilter.text.tokens import HASH_ROWS, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from noisefilter.arrays import Arrays, Flags, Index, Inputs, Matrix
    from noisefilter.fit import OutOfFold
    from noisefilter.html.walk import BlockedPage
    from noisefilter.insertions.words import TokenTable
    from noisefilter.labels import LabelledPage
    from noisefilter.networks import Network
    from noisefilter.text.vectors import VectorTable

#: Parts of the pages to fit on, and what stands for one of a tune page, which every network of all parts may judge.
PARTS, TUNE = 3, -1
#: Pages that a process is given at once.
CHUNK = 50
#: Share of the tune sentences without an insertion that are judged word by word.
DOUBTED = 0.12
#: Share of the sentences that neither are nor look foreign from which the first network learns: more of them add little
#: and take time.
TAUGHT = 0.35
#: Weight of a sentence in a passage that looks foreign and belongs; others weigh one.
HONEST = 8.0
#: The first network and the last one, and that of words.
fit_perceptrons = partial(
    fit_network, hidden=64, alpha=0.2, falling=((1e-3, 8), (3e-4, 3), (1e-4, 1)), batch=128, members=3
)
fit_passage = partial(fit_network, hidden=48, alpha=0.01, falling=((1e-3, 3), (3e-4, 1), (1e-4, 1)))
WORD_ALPHA = 1e-5


@dataclass(frozen=True, slots=True)
class InsertionExample:
    """A page, the sentences that are judged, and the bounds of its insertions."""

    page: BlockedPage
    sentences: tuple[SentenceRange, ...]
    ranges: tuple[tuple[int, int], ...]
    site: str
    honest: tuple[tuple[int, int], ...] = ()  # passages that look foreign and belong

    @property
    def foreign(self) -> Index:
        """1 for each sentence that overlaps an insertion."""
        return self._touched(self.ranges)

    @property
    def looks_foreign(self) -> Flags:
        """Which sentences look foreign and belong."""
        return (self._touched(self.honest) == 1) & (self.foreign == 0)

    @property
    def weights(self) -> Matrix:
        """Weight of each sentence in fitting."""
        return np.where(self.looks_foreign, HONEST, 1.0)

    def _touched(self, ranges: Iterable[tuple[int, int]]) -> Index:
        """1 for each sentence that shares more than three characters with a range."""
        bounds = [(sentence.start, sentence.end) for sentence in self.sentences]
        touched = [any(min(end, b) - max(start, a) > 3 for start, end in ranges) for a, b in bounds]
        return np.array(touched, dtype=np.int64)

    def article(self, vectors: VectorTable) -> Article:
        """The page's sentences, to be measured."""
        return Article(self.page, tokenize(self.page.text, vectors), self.sentences)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Predictions for the sentences of a tune page, the truth, which look foreign and belong, and how far their words stand out."""

    probabilities: Matrix
    foreign: Index
    looks_foreign: Flags
    contrasts: Matrix


def labelled_examples(pages: Iterable[LabelledPage]) -> list[InsertionExample]:
    """Pages with labelled off-topic passages; sentences labelled boilerplate are left out."""
    examples = []
    for page in pages:
        labelled = page.spans is not None or page.sentences is not None
        blocked = read_blocks(page.page).blocked if labelled else None
        if blocked is not None:
            examples.append(_of_votes(blocked, page) if page.spans is None else _of_spans(blocked, page))
    return [example for example in examples if example.sentences]


def _of_spans(page: BlockedPage, labels: LabelledPage) -> InsertionExample:
    """A page with labelled spans; sentences that begin in boilerplate are left out."""
    foreign, honest, boilerplate = (
        tuple((span.start, span.end) for span in labels.spans or () if span.kind == kind)
        for kind in ("off_topic", "honest", "boilerplate")
    )
    sentences = tuple(
        sentence
        for sentence in split_sentences(page)
        if not any(start <= sentence.start < end for start, end in boilerplate)
    )
    return InsertionExample(page, sentences, foreign, labels.site, honest)


def _of_votes(page: BlockedPage, labels: LabelledPage) -> InsertionExample:
    """A page with labelled sentences: off-topic if at least half of the votes say so; boilerplate is left out."""
    pairs = zip(*judged_sentences(page, labels), strict=True)
    kept = [(sentence, votes) for sentence, votes in pairs if votes.count("B") * 2 < len(votes)]
    ranges = tuple((sentence.start, sentence.end) for sentence, votes in kept if votes.count("O") * 2 >= len(votes))
    return InsertionExample(page, tuple(sentence for sentence, _ in kept), ranges, labels.site)


def fit_insertions(
    examples: Sequence[InsertionExample],
    tune: Sequence[InsertionExample],
    kinds: Arrays,
    folds: Sequence[Arrays],
    vectors: VectorTable,
    jobs: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Arrays, list[HeldOut]]:
    """Arrays of the classifiers for insertions, and their predictions for the tune pages, which are of other sites.

    `kinds` are the arrays of the sentence classifier, `folds` those of classifiers that have not seen the sites of
    their fold; `jobs` processes measure pages.
    """
    pages = _Pages(examples, tune)
    progress(f"insertions: judging the sentences of {len(examples)} pages")
    inputs = _measure_out_of_fold(pages, kinds, folds, vectors, jobs)
    first, doubts = _fit_first(pages, inputs, jobs)
    not_foreign = np.concatenate(
        [doubts[page][pages.foreign[page] == 0] for page in range(pages.count, len(pages.all))]
    )
    gate = float(np.quantile(not_foreign, 1 - DOUBTED))
    rows = [np.flatnonzero(values >= gate) for values in doubts]
    log_odds = [logit(values) for values in doubts]
    progress("insertions: judging the words of doubtful sentences")
    work = (delayed(_read_words)(*pair, vectors) for pair in zip(pages.all, rows, strict=True))
    words, inside = zip(*Parallel(n_jobs=jobs, batch_size=CHUNK)(work), strict=True)
    passage, of_words = _fit_passages(pages, words, inside, log_odds, jobs)
    progress("insertions: judging the doubtful sentences again")
    by_words = map(passage_columns, words, log_odds, of_words)
    again = [np.hstack([inputs[page][rows[page]], columns]) for page, columns in enumerate(by_words)]
    network = _fit_last(pages, rows, again)
    held = []
    for page, example in enumerate(tune, pages.count):
        probabilities = doubts[page].copy()
        probabilities[rows[page]] = network.probabilities(again[page])[:, 1]
        table = SentenceTable([example.article(vectors)], vectors)
        apart = contrasts(table, words[page].spread(of_words[page], table))
        held.append(HeldOut(probabilities, example.foreign, example.looks_foreign, apart))
    last = {"insertion_gate": np.array([gate]), **arrays_of("insertion_last", network)}
    return {**first, **passage, **last}, held


class _Pages:
    """The pages to fit on, which are in parts, and then those of tune, each with the labels and weights of its sentences."""

    def __init__(self, fit: Sequence[InsertionExample], tune: Sequence[InsertionExample]) -> None:
        self.all = [*fit, *tune]
        self.count = len(fit)
        self.foreign = [example.foreign for example in self.all]
        self.weights = [example.weights for example in self.all]
        self.part = np.array([*(fold_of(example.site, PARTS) for example in fit), *[TUNE] * len(tune)])

    def teaching(self, pages: Index) -> Index:
        """The given pages to fit on; all of them if the given ones have only one class."""
        taught = np.concatenate([self.foreign[page] for page in pages]) if len(pages) else np.zeros(0)
        return pages if len(np.unique(taught)) > 1 else np.arange(self.count)

    def fit_parts(
        self, taught: Callable[[int, int | None], tuple[Any, ...]], fit_rows: Callable[..., Network], jobs: int
    ) -> OutOfFold[Network]:
        """A network without each part, and one of all; `taught` gives a page's rows for the one without a part."""

        def fit(pages: Index, part: int | None) -> Network:
            rows = zip(*(taught(page, part) for page in self.teaching(pages).tolist()), strict=True)
            return fit_rows(*(np.concatenate(column) for column in rows))

        return out_of_fold(self.part[: self.count], fit, jobs)

    def judge(self, models: OutOfFold[Network], inputs: Iterable[Inputs]) -> list[Matrix]:
        """Probabilities of each page's rows, by the network that has not seen its part."""
        pairs = zip(self.part.tolist(), inputs, strict=True)
        return [models.for_group(part).probabilities(matrix)[:, 1] for part, matrix in pairs]


def _measure_out_of_fold(
    pages: _Pages, kinds: Arrays, folds: Sequence[Arrays], vectors: VectorTable, jobs: int
) -> list[Inputs]:
    """Inputs of the first network for each page; their sentence classes are predicted out of fold."""
    count = len(folds)
    fold = [
        count if part == TUNE or not count else fold_of(page.site, count)
        for page, part in zip(pages.all, pages.part, strict=True)
    ]
    chunks = []
    for number, arrays in enumerate([*folds, kinds]):
        chosen = [page for page, of_page in enumerate(fold) if of_page == number]
        chunks += [(chosen[start : start + CHUNK], arrays) for start in range(0, len(chosen), CHUNK)]
    work = (delayed(_measure)([pages.all[page] for page in chunk], arrays, vectors) for chunk, arrays in chunks)
    measured = chain.from_iterable(Parallel(n_jobs=jobs)(work))
    found = dict(zip(chain.from_iterable(chunk for chunk, _ in chunks), measured, strict=True))
    return [found[page] for page in range(len(pages.all))]


def _fit_first(pages: _Pages, inputs: Sequence[Inputs], jobs: int) -> tuple[Arrays, list[Matrix]]:
    """Arrays of the first network, and the probabilities of all sentences that they are foreign."""
    draw = np.random.default_rng(SEED)
    chosen = [
        (foreign == 1) | (weights > 1) | (draw.random(len(foreign)) < TAUGHT)
        for foreign, weights in zip(pages.foreign, pages.weights, strict=True)
    ]
    columns = inputs, pages.foreign, pages.weights
    fitted = pages.fit_parts(
        lambda page, _: tuple(column[page][chosen[page]] for column in columns), fit_perceptrons, jobs
    )
    return arrays_of("insertion", fitted.of_all), pages.judge(fitted, inputs)


def _fit_passages(
    pages: _Pages, words: Sequence[TokenTable], inside: Sequence[Index], log_odds: Sequence[Matrix], jobs: int
) -> tuple[Arrays, list[Matrix]]:
    """Arrays of the linear word model and of the passage network, and the log-odds of the words of doubtful sentences.

    Each network learns from word log-odds of models that saw neither the page's part nor the one that it leaves out.
    """
    linear = {}
    for parts in (parts for size in range(3) for parts in combinations(range(PARTS), size)):
        chosen = pages.teaching(np.flatnonzero(~np.isin(pages.part[: pages.count], parts)))
        linear[parts] = _fit_words([words[page] for page in chosen], [inside[page] for page in chosen])

    def inputs(page: int, part: int | None = None) -> Inputs:
        left_out = {int(pages.part[page]), TUNE if part is None else part} - {TUNE}
        weighed = word_log_odds(words[page], *linear[tuple(sorted(left_out))])
        return token_matrix(words[page], log_odds[page], weighed)

    fitted = pages.fit_parts(lambda page, part: (inputs(page, part), inside[page]), fit_passage, jobs)
    weights, bias = linear[()]
    arrays = {"passage_words.weights": weights[:, None], "passage_words.bias": np.array([bias])}
    judged = pages.judge(fitted, map(inputs, range(len(pages.all))))
    return {**arrays, **arrays_of("passage", fitted.of_all)}, [logit(probabilities) for probabilities in judged]


def _fit_words(words: Sequence[TokenTable], inside: Sequence[Index]) -> tuple[Matrix, float]:
    """Weights and bias of a linear model over words and their pairs."""
    hashes = np.concatenate([table.hashes for table in words]) % HASH_ROWS
    index = np.repeat(np.arange(len(hashes)), hashes.shape[1])
    matrix = sp.csr_matrix((np.ones(hashes.size), (index, hashes.ravel())), shape=(len(hashes), HASH_ROWS))
    weights, bias = fit_linear(matrix, np.concatenate(inside)[:, None], alpha=WORD_ALPHA, epochs=4)
    return weights[:, 0], float(bias[0])


def _fit_last(pages: _Pages, rows: Sequence[Index], inputs: Sequence[Matrix]) -> Network:
    """The last network, for the doubtful rows of each page; calibrated on tune."""
    truth = [foreign[doubted] for foreign, doubted in zip(pages.foreign, rows, strict=True)]
    weights = [values[doubted] for values, doubted in zip(pages.weights, rows, strict=True)]
    count = pages.count
    taught = np.concatenate(inputs[:count]), np.concatenate(truth[:count]), np.concatenate(weights[:count])
    return calibrate_on(fit_perceptrons(*taught), inputs[count:], np.concatenate(truth[count:]))


def _measure(examples: Sequence[InsertionExample], kinds: Arrays, vectors: VectorTable) -> list[Inputs]:
    """Inputs of the first network for each page."""
    table = SentenceTable([example.article(vectors) for example in examples], vectors)
    inputs = insertion_inputs(table, sentence_kinds(table, kinds)).astype(np.float32)  # half the memory
    return np.split(inputs, table.edges[1:-1])


def _read_words(example: InsertionExample, rows: Index, vectors: VectorTable) -> tuple[TokenTable, Index]:
    """Words of the doubtful sentences of a page, and 1 for each word in an insertion."""
    table = SentenceTable([example.article(vectors)], vectors)
    words = token_table(table, rows)
    inside = np.zeros(len(table.text) + 1, dtype=np.int64)
    for start, end in example.ranges:
        inside[start:end] = 1
    return words, inside[table.tokens.start[table.token_index[words.entry]]]


def fit_pages(held: Sequence[HeldOut]) -> Arrays:
    """Arrays of the classifier of pages with an insertion, weighted as if `PAGE_PRIOR` of all pages had one.

    It learns from predictions for held-out pages, with insertions and without.
    """
    inputs = np.concatenate([page_off_topic_inputs(page.probabilities) for page in held])
    truth = np.array([int(page.foreign.any()) for page in held])
    weights = np.where(truth == 1, PAGE_PRIOR / truth.sum(), (1 - PAGE_PRIOR) / (1 - truth).sum())
    return arrays_of("page_off_topic", fit_network(inputs, truth, weights * len(truth), alpha=1.0))
