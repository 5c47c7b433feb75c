"""Pages whose foreign passages are known → the classifiers that find insertions, and the page's probability.

The last network reads the predictions of the others. So that it does not trust them too much, the pages are in `PARTS`
parts that share no sites, and it learns from predictions out of fold: by classifiers that had not seen the page's part.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed

from noisefilter.fit import (
    SEED,
    NetworkOptions,
    calibrate_on,
    fit_linear,
    fit_network,
    fold_of,
    named,
    network_of,
    out_of_fold,
)
from noisefilter.html.read import read_blocks
from noisefilter.insertions.cuts import cut_range
from noisefilter.insertions.judge import PAGE_PRIOR, insertion_inputs, page_off_topic_inputs, sentence_classes
from noisefilter.insertions.passages import passage_columns, token_matrix, token_table, word_log_odds
from noisefilter.insertions.table import InsertionTable
from noisefilter.networks import logit
from noisefilter.sentences.fit import judged_sentences
from noisefilter.sentences.table import Article, SentenceTable
from noisefilter.text.sentences import SentenceRange, split_sentences
from noisefilter.text.tokens import HASH_ROWS, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from noisefilter.arrays import Arrays, Flags, Index, Inputs, Matrix
    from noisefilter.fit import OutOfFold
    from noisefilter.html.walk import BlockedPage
    from noisefilter.insertions.passages import TokenTable
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
FIRST: NetworkOptions = {
    "hidden": (64,),
    "alpha": 0.2,
    "falling": ((1e-3, 8), (3e-4, 3), (1e-4, 1)),
    "batch": 128,
    "members": 3,
}
PASSAGE: NetworkOptions = {"hidden": (48,), "alpha": 0.01, "falling": ((1e-3, 3), (3e-4, 1), (1e-4, 1))}
LAST = FIRST
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
    """Predictions for the sentences of a tune page, the truth, which look foreign and belong, and which something could be cut from."""

    probabilities: Matrix
    foreign: Index
    looks_foreign: Flags
    stand_out: Flags


def stand_out(table: SentenceTable, words: Mapping[int, Matrix]) -> Flags:
    """Which sentences something could be cut from, whatever their probability: (sentences,).

    `words` has the log-odds of the words of each sentence that was judged word by word; any other may be cut whole.
    """
    could = [row not in words or cut_range(table, row, words[row]) is not None for row in range(len(table))]
    return np.array(could, np.bool_)


def labelled_examples(pages: Iterable[LabelledPage]) -> list[InsertionExample]:
    """Pages with labelled off-topic passages; sentences labelled boilerplate are left out."""
    examples = []
    for page in pages:
        blocked = None if page.spans is None and page.sentences is None else read_blocks(page.page).blocked
        if blocked is None:
            continue
        if page.spans is None:
            examples.append(_judged(blocked, page))
            continue
        foreign, honest, boilerplate = (
            tuple((span.start, span.end) for span in page.spans if span.kind == kind)
            for kind in ("off_topic", "honest", "boilerplate")
        )
        sentences = tuple(
            sentence
            for sentence in split_sentences(blocked)
            if not any(start <= sentence.start < end for start, end in boilerplate)
        )
        examples.append(InsertionExample(blocked, sentences, foreign, page.site, honest))
    return [example for example in examples if example.sentences]


def _judged(page: BlockedPage, labels: LabelledPage) -> InsertionExample:
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
    fitting = _Fitting(examples, tune, kinds, folds, vectors, jobs)
    progress(f"insertions: judging the sentences of {len(examples)} pages")
    fitting.judge_sentences()
    progress("insertions: judging the words of doubtful sentences")
    fitting.judge_words()
    progress("insertions: judging the doubtful sentences again")
    return fitting.judge_again()


@dataclass
class _Fitting:
    """The stages in order; each keeps what the next one reads, first for the pages to fit on and then for tune."""

    examples: Sequence[InsertionExample]
    tune: Sequence[InsertionExample]
    kinds: Arrays
    folds: Sequence[Arrays]
    vectors: VectorTable
    jobs: int

    def __post_init__(self) -> None:
        self.pages = [*self.examples, *self.tune]
        self.count = len(self.examples)
        self.foreign = [example.foreign for example in self.pages]
        self.weights = [example.weights for example in self.pages]
        parts = [fold_of(example.site, PARTS) for example in self.examples]
        self.part = np.array([*parts, *[TUNE] * len(self.tune)])
        self.arrays: Arrays = {}

    def _teaching(self, pages: Index) -> Index:
        """The given pages to fit on; all pages if the given ones have only one class."""
        taught = np.concatenate([self.foreign[page] for page in pages]) if len(pages) else np.zeros(0)
        return pages if len(np.unique(taught)) > 1 else np.arange(self.count)

    def _unseen(self, models: OutOfFold[Arrays], page: int) -> Network:
        """The network that judges a page: the one fitted without its part, or for tune the one fitted on all parts."""
        return network_of(models.for_group(int(self.part[page])))

    def _left_out(self, page: int, part: int | None = None) -> tuple[int, ...]:
        """Parts that the word model for a page must not have seen: the page's own, and the one a network leaves out."""
        return tuple(sorted({int(self.part[page]), TUNE if part is None else part} - {TUNE}))

    def judge_sentences(self) -> None:
        """Fit the first network, and find the doubtful sentences."""
        self.inputs = self._measure()
        draw = np.random.default_rng(SEED)
        chosen = [
            (foreign == 1) | (weights > 1) | (draw.random(len(foreign)) < TAUGHT)
            for foreign, weights in zip(self.foreign, self.weights, strict=True)
        ]
        fitted = self._fit_parts(
            lambda page, _: tuple(column[page][chosen[page]] for column in (self.inputs, self.foreign, self.weights)),
            FIRST,
        )
        self.arrays |= named("insertion", fitted.of_all)
        doubts = [self._unseen(fitted, page).probabilities(matrix)[:, 1] for page, matrix in enumerate(self.inputs)]
        honest = np.concatenate([doubts[page][self.foreign[page] == 0] for page in range(self.count, len(self.pages))])
        gate = float(np.quantile(honest, 1 - DOUBTED))
        self.arrays["insertion_gate"] = np.array([gate])
        self.rows = [np.flatnonzero(values >= gate) for values in doubts]
        self.doubts = doubts
        self.log_odds = [logit(values) for values in doubts]

    def _measure(self) -> list[Inputs]:
        """Inputs of the first network for each page; their sentence classes are predicted out of fold."""
        count = len(self.folds)
        folds = [fold_of(page.site, count) if count else 0 for page in self.examples] + [count] * len(self.tune)
        found: list[Inputs] = [np.zeros(0)] * len(self.pages)
        for number, kinds in enumerate([*self.folds, self.kinds]):
            pages = [page for page, fold in enumerate(folds) if fold == number]
            chunks = [pages[start : start + CHUNK] for start in range(0, len(pages), CHUNK)]
            work = (delayed(_measure)([self.pages[page] for page in chunk], kinds, self.vectors) for chunk in chunks)
            for chunk, measured in zip(chunks, Parallel(n_jobs=self.jobs)(work), strict=True):
                for page, inputs in zip(chunk, measured, strict=True):
                    found[page] = inputs
        return found

    def judge_words(self) -> None:
        """Fit the linear word models and the passage networks, and judge the words of doubtful sentences."""
        pairs = zip(self.pages, self.rows, strict=True)
        work = (delayed(_read_words)(page, rows, self.vectors) for page, rows in pairs)
        read = Parallel(n_jobs=self.jobs, batch_size=CHUNK)(work)
        self.words: list[TokenTable] = [words for words, _ in read]
        truth = [inside for _, inside in read]
        linear = {
            parts: self._fit_words(self._teaching(np.flatnonzero(~np.isin(self.part[: self.count], parts))), truth)
            for size in range(3)
            for parts in combinations(range(PARTS), size)
        }
        weights, bias = linear[()]
        self.arrays |= {"passage_words.weights": weights[:, None], "passage_words.bias": np.array([bias])}
        # each network learns from word log-odds of models that saw neither the page's part nor the one it leaves out
        fitted = self._fit_parts(
            lambda page, part: (self._token_inputs(page, linear[self._left_out(page, part)]), truth[page]), PASSAGE
        )
        self.arrays |= named("passage", fitted.of_all)
        inputs = (self._token_inputs(page, linear[self._left_out(page)]) for page in range(len(self.pages)))
        self.word_log_odds = [
            logit(self._unseen(fitted, page).probabilities(matrix)[:, 1]) for page, matrix in enumerate(inputs)
        ]

    def _fit_parts(
        self, taught: Callable[[int, int | None], tuple[Any, ...]], options: NetworkOptions
    ) -> OutOfFold[Arrays]:
        """A network without each part, and one of all; `taught` gives a page's rows for the one without a part."""

        def fit(pages: Index, part: int | None) -> Arrays:
            rows = zip(*(taught(page, part) for page in self._teaching(pages).tolist()), strict=True)
            return fit_network(*(np.concatenate(column) for column in rows), **options)

        return out_of_fold(self.part[: self.count], fit, self.jobs)

    def _fit_words(self, pages: Index, truth: Sequence[Index]) -> tuple[Matrix, float]:
        hashes = np.concatenate([self.words[page].hashes for page in pages]) % HASH_ROWS
        index = np.repeat(np.arange(len(hashes)), hashes.shape[1])
        matrix = sp.csr_matrix((np.ones(hashes.size), (index, hashes.ravel())), shape=(len(hashes), HASH_ROWS))
        inside = np.concatenate([truth[page] for page in pages])
        weights, bias = fit_linear(matrix, inside[:, None], alpha=WORD_ALPHA, epochs=4)
        return weights[:, 0], float(bias[0])

    def _token_inputs(self, page: int, linear: tuple[Matrix, float]) -> Inputs:
        words = self.words[page]
        return token_matrix(words, self.log_odds[page], word_log_odds(words, *linear))

    def judge_again(self) -> tuple[Arrays, list[HeldOut]]:
        """Fit the last network, and calibrate it on tune."""
        inputs = []
        for page in range(len(self.pages)):
            by_words = passage_columns(self.words[page], self.log_odds[page], self.word_log_odds[page])
            inputs.append(np.hstack([self.inputs[page][self.rows[page]], by_words]))
        truth = [foreign[rows] for foreign, rows in zip(self.foreign, self.rows, strict=True)]
        weights = [values[rows] for values, rows in zip(self.weights, self.rows, strict=True)]
        fitted = fit_network(*(np.concatenate(part[: self.count]) for part in (inputs, truth, weights)), **LAST)
        fitted = calibrate_on(fitted, inputs[self.count :], np.concatenate(truth[self.count :]))
        network = network_of(fitted)
        held = []
        for page, example in enumerate(self.tune, self.count):
            rows = self.rows[page]
            probabilities = self.doubts[page].copy()
            probabilities[rows] = network.probabilities(inputs[page])[:, 1]
            parts = np.split(self.word_log_odds[page], self.words[page].edges[1:-1]) if len(rows) else []
            table = SentenceTable([example.article(self.vectors)], self.vectors)
            flags = stand_out(table, dict(zip(rows.tolist(), parts, strict=True)))
            held.append(HeldOut(probabilities, example.foreign, example.looks_foreign, flags))
        self.arrays |= named("insertion_last", fitted)
        return self.arrays, held


def _measure(examples: Sequence[InsertionExample], kinds: Arrays, vectors: VectorTable) -> list[Inputs]:
    """Inputs of the first network for each page."""
    table = InsertionTable(SentenceTable([example.article(vectors) for example in examples], vectors))
    inputs = insertion_inputs(table, sentence_classes(table, kinds)).astype(np.float32)  # half the memory
    return np.split(inputs, table.sentences.edges[1:-1])


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
    return named("page_off_topic", fit_network(inputs, truth, weights * len(truth), alpha=1.0))
