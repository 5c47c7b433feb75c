"""Made and labelled pages → the classifiers that find insertions.

The last network reads what the others say. So that it trusts them as far as they deserve, the pages are in `PARTS` parts
that share neither sites nor wordings, headlines and anchors, and what it learns from was said by classifiers that had not
seen the page's part.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed

from noisefilter.blocks import split_blocks
from noisefilter.features.insertions import insertion_table
from noisefilter.features.passages import (
    PASSAGE_NAMES,
    passage_columns,
    token_context,
    token_matrix,
    token_table,
    word_log_odds,
)
from noisefilter.features.sentence_table import Article, sentence_table
from noisefilter.features.tokens import HASH_ROWS, tokenize
from noisefilter.page import read_page
from noisefilter.scoring.articles import sentence_classes
from noisefilter.scoring.insertions import insertion_inputs
from noisefilter.scoring.networks import build_network, logit
from noisefilter.sentences import SentenceRange, split_sentences
from noisefilter.training.estimators import (
    SEED,
    NetworkOptions,
    beside,
    calibrate,
    fit_calibration,
    fit_linear,
    fit_network,
    fit_networks,
    fold_of,
    named,
)
from noisefilter.training.splicing import Insertion, InsertionMaker
from noisefilter.training.wordings import part_of, wordings

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from noisefilter.blocks import BlockedPage
    from noisefilter.features.passages import TokenTable
    from noisefilter.scoring.networks import Network
    from noisefilter.training.corpora import LabelledPage
    from noisefilter.training.hosts import Host
    from noisefilter.vectors import VectorTable

    Matrix = NDArray[np.float64]
    Inputs = NDArray[np.floating[Any]]
    Index = NDArray[np.int64]
    Arrays = dict[str, Matrix]

PARTS = 3
#: Pages made of each host; more if there are few, so that made pages are at least `FEWEST_PAGES`.
ROUNDS, FEWEST_PAGES = 6, 200
#: Pages that a process is given at once.
CHUNK = 50
#: Share of the sentences of honest pages that are looked at word by word.
DOUBTED = 0.12
#: Doubtful sentences whose words teach; more of them take memory and hardly help.
MOST_SENTENCES = 80_000
FIRST: NetworkOptions = {"hidden": (128,), "alpha": 0.1, "falling": ((1e-3, 4), (3e-4, 2), (1e-4, 1)), "members": 3}
PASSAGE_FIRST: NetworkOptions = {
    "hidden": (48,),
    "alpha": 0.01,
    "falling": ((1e-3, 2), (3e-4, 1), (1e-4, 1)),
    "batch": 1024,
}
PASSAGE_SECOND: NetworkOptions = {**PASSAGE_FIRST, "hidden": (32,)}
LAST: NetworkOptions = {"hidden": (64,), "alpha": 1.0, "falling": ((1e-3, 6), (3e-4, 4), (1e-4, 2)), "members": 3}
WORD_ALPHA = 1e-5


@dataclass(frozen=True, slots=True)
class InsertionExample:
    """A page, made or labelled, the sentences that are judged, and what was put into it."""

    page: BlockedPage
    sentences: tuple[SentenceRange, ...]
    ranges: tuple[Insertion, ...]
    site: str

    @property
    def part(self) -> int:
        """Which of `PARTS` the page is in."""
        return fold_of(self.site, PARTS)

    @property
    def foreign(self) -> Index:
        """1 for each sentence that holds some of an insertion."""
        return np.array(
            [
                int(any(min(found.end, own.end) - max(found.start, own.start) > 3 for found in self.ranges))
                for own in self.sentences
            ],
            dtype=np.int64,
        )

    def article(self, vectors: VectorTable) -> Article:
        """The page's sentences, to be measured."""
        return Article(self.page, tokenize(self.page.text, vectors), self.sentences)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the fitted classifiers say of a tune page: probabilities of its sentences, and the truth."""

    probabilities: Matrix
    foreign: Index


def insertion_example(page: BlockedPage, ranges: Sequence[Insertion], site: str) -> InsertionExample:
    """A page all of whose sentences are judged."""
    return InsertionExample(page, tuple(split_sentences(page)), tuple(ranges), site)


def make_examples(
    hosts: Sequence[Host], headlines: Sequence[str], split: str, vectors: VectorTable, *, seed: int = 0
) -> list[InsertionExample]:
    """Pages made of the hosts. Those of "train" take wordings and headlines of their site's part only.

    Others calibrate: without an insertion they are as real pages are, with no passage that only looks foreign.
    """
    parts = PARTS if split == "train" else 1
    makers = []
    for part in range(parts):
        own = [headline for headline in headlines if part_of(headline, parts) == part]
        makers.append(InsertionMaker(hosts, own or headlines, wordings(split, part, parts), vectors, seed + part))
    untouched = InsertionMaker(hosts, headlines, wordings(split), vectors, seed + parts, decoys=False)
    rounds = max(ROUNDS if split == "train" else 1, -(-FEWEST_PAGES // max(1, len(hosts))))
    examples = []
    for host in [*hosts] * rounds:
        page, ranges = makers[fold_of(host.site, parts)].make(host)
        if split != "train" and not ranges:
            page, ranges = untouched.make(host, 0)
        examples.append(insertion_example(page, ranges, host.site))
    return examples


def labelled_examples(pages: Iterable[LabelledPage]) -> list[InsertionExample]:
    """Pages whose off-topic passages a reader marked; what was marked as boilerplate is left out."""
    examples = []
    for page in pages:
        read = read_page(page.page)
        if (page.spans is None and page.sentences is None) or read.status != "ok":
            continue
        blocked = split_blocks(read)
        if page.spans is None:
            examples.append(_judged(blocked, page))
            continue
        furniture = [(span.start, span.end) for span in page.spans if span.kind == "boilerplate"]
        sentences = [
            sentence
            for sentence in split_sentences(blocked)
            if not any(start <= sentence.start < end for start, end in furniture)
        ]
        ranges = [Insertion(span.start, span.end, "labelled") for span in page.spans if span.kind == "off_topic"]
        examples.append(InsertionExample(blocked, tuple(sentences), tuple(ranges), page.site))
    return [example for example in examples if example.sentences]


def _judged(page: BlockedPage, labels: LabelledPage) -> InsertionExample:
    """A page whose sentences were judged one by one: off-topic if half of the votes say so, furniture left out."""
    sentences, ranges = [], []
    starts = np.array([block.start for block in page.blocks])
    for start, end, votes in labels.sentences or ():
        if not page.text[start:end].strip() or votes.count("B") * 2 >= len(votes):
            continue
        sentences.append(SentenceRange(start, end, max(0, int(np.searchsorted(starts, start, side="right")) - 1)))
        if votes.count("O") * 2 >= len(votes):
            ranges.append(Insertion(start, end, "labelled"))
    return InsertionExample(page, tuple(sentences), tuple(ranges), labels.site)


def fit_insertions(
    examples: Sequence[InsertionExample], tune: Sequence[InsertionExample], kinds: Arrays, folds: Sequence[Arrays],
    vectors: VectorTable, jobs: int = 1, progress: Callable[[str], None] = lambda _: None,
) -> tuple[Arrays, list[HeldOut]]:  # fmt: skip
    """Arrays of the classifiers for insertions, and what they say of the tune pages.

    Args:
        examples: pages to fit on.
        tune: pages of other sites, to calibrate on.
        kinds: arrays of the sentence classifier.
        folds: arrays of sentence classifiers that have not seen the sites of their fold.
        vectors: word vectors.
        jobs: processes that measure pages.
        progress: is told what is being done.
    """
    fitting = _Fitting(examples, tune, kinds, folds, vectors, jobs)
    progress(f"insertions: judging the sentences of {len(examples)} pages")
    fitting.judge_sentences()
    progress("insertions: judging the words of doubtful sentences")
    fitting.judge_words()
    progress("insertions: judging the doubtful sentences again")
    return fitting.judge_again()


class _Fitting:
    """The stages, one after the other; each keeps what the next one reads, for the pages to fit on and then for tune."""

    def __init__(
        self, examples: Sequence[InsertionExample], tune: Sequence[InsertionExample], kinds: Arrays,
        folds: Sequence[Arrays], vectors: VectorTable, jobs: int,
    ) -> None:  # fmt: skip
        self.pages = [*examples, *tune]
        self.count = len(examples)
        self.kinds, self.folds, self.vectors, self.jobs = kinds, folds, vectors, jobs
        self.foreign = [example.foreign for example in self.pages]
        self.part = np.array([example.part for example in examples])
        self.arrays: Arrays = {}

    def _without(self, *parts: int) -> Index:
        """Pages of the other parts; all of them if these teach nothing."""
        chosen = np.flatnonzero(~np.isin(self.part, parts))
        taught = np.concatenate([self.foreign[page] for page in chosen]) if len(chosen) else np.zeros(0)
        return chosen if len(np.unique(taught)) > 1 else np.arange(self.count)

    def _model(self, page: int) -> int:
        """Which of the fold models judges a page: that without its part, or the one of all parts for tune."""
        return int(self.part[page]) if page < self.count else PARTS

    def judge_sentences(self) -> None:
        """First network, and which sentences it doubts."""
        self.inputs = self._measure()
        fitted = self._fit_parts(self.inputs, self.foreign, FIRST)
        networks = [build_network(named("fold", arrays), "fold") for arrays in fitted]
        self.arrays |= named("insertion", fitted[-1])
        doubts = [networks[self._model(page)].probabilities(matrix)[:, 1] for page, matrix in enumerate(self.inputs)]
        honest = np.concatenate([doubts[page][self.foreign[page] == 0] for page in range(self.count, len(self.pages))])
        gate = float(np.quantile(honest, 1 - DOUBTED))
        self.arrays["insertion_gate"] = np.array([gate])
        self.rows = [np.flatnonzero(values >= gate) for values in doubts]
        self.doubts = doubts
        self.log_odds = [logit(values) for values in doubts]

    def _measure(self) -> list[Inputs]:
        """What the first network reads of each page; its kinds of sentence come from a fold that had not seen the site."""
        folds = [fold_of(page.site, len(self.folds)) if self.folds else 0 for page in self.pages[: self.count]]
        fold = np.array([*folds, *[len(self.folds)] * (len(self.pages) - self.count)])
        found: list[Inputs] = [np.zeros(0)] * len(self.pages)
        for number, kinds in enumerate([*self.folds, self.kinds] if self.folds else [self.kinds]):
            pages = np.flatnonzero(fold == number).tolist()
            measured = _in_chunks(_measure, self.jobs, [self.pages[page] for page in pages], kinds, self.vectors)
            for page, inputs in zip(pages, measured, strict=True):
                found[page] = inputs
        return found

    def judge_words(self) -> None:
        """Word log-odds, first and second pass over the words of doubtful sentences."""
        pairs = list(zip(self.pages, self.rows, strict=True))
        read = _in_chunks(_read_words, self.jobs, pairs, self.vectors)
        self.words: list[TokenTable] = [words for words, _ in read]
        truth = [inside for _, inside in read]
        linear = {
            parts: self._fit_words(self._without(*parts), truth)
            for size in range(3) for parts in combinations(range(PARTS), size)
        }  # fmt: skip
        self.arrays |= {
            "passage_words.weights": linear[()][0][:, None],
            "passage_words.bias": np.array([linear[()][1]]),
        }
        chosen = self._sample()
        first = self._fit_first(linear, truth, chosen)
        self.first = [
            logit(first[self._model(page)].probabilities(self._token_inputs(page, linear[self._own(page)]))[:, 1])
            for page in range(len(self.pages))
        ]
        contexts = [token_context(words, values) for words, values in zip(self.words, self.first, strict=True)]
        fitted = self._fit_parts(contexts, truth, PASSAGE_SECOND, chosen)
        second = [build_network(named("fold", arrays), "fold") for arrays in fitted]
        self.arrays |= named("passage_second", fitted[-1])
        self.second = [
            logit(second[self._model(page)].probabilities(context)[:, 1]) for page, context in enumerate(contexts)
        ]

    def _fit_parts(
        self, inputs: Sequence[Inputs], truth: Sequence[Index], options: NetworkOptions,
        chosen: Container[int] | None = None,
    ) -> list[Arrays]:  # fmt: skip
        """Networks without each part and, last, of all pages to fit on (of the `chosen` ones, if some are)."""

        def rows() -> Iterator[tuple[Inputs, Index]]:
            for part in range(PARTS + 1):
                pages = [page for page in self._without(part) if chosen is None or page in chosen]
                yield np.concatenate([inputs[page] for page in pages]), np.concatenate([truth[page] for page in pages])

        return fit_networks(rows(), options, self.jobs)

    def _own(self, page: int) -> tuple[int, ...]:
        return (int(self.part[page]),) if page < self.count else ()

    def _sample(self) -> set[int]:
        """Pages whose doubtful sentences are at most `MOST_SENTENCES`."""
        order = np.random.default_rng(SEED).permutation(self.count)
        sizes = np.cumsum([len(self.rows[page]) for page in order])
        return set(order[: max(1, int(np.searchsorted(sizes, MOST_SENTENCES)) + 1)].tolist())

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

    def _fit_first(
        self, linear: Mapping[tuple[int, ...], tuple[Matrix, float]], truth: Sequence[Index], chosen: set[int]
    ) -> list[Network]:
        """First-pass networks without each part and of all; each learns from word log-odds that had not seen the page's part."""

        def rows() -> Iterator[tuple[Inputs, Index]]:
            for part in range(PARTS + 1):
                pages = [page for page in self._without(part) if page in chosen]
                keys = [tuple(sorted({int(self.part[page]), part} - {PARTS})) for page in pages]
                inputs = (self._token_inputs(page, linear[key]) for page, key in zip(pages, keys, strict=True))
                yield np.concatenate(list(inputs)), np.concatenate([truth[page] for page in pages])

        fitted = fit_networks(rows(), PASSAGE_FIRST, self.jobs)
        self.arrays |= named("passage_first", fitted[-1])
        return [build_network(named("fold", arrays), "fold") for arrays in fitted]

    def judge_again(self) -> tuple[Arrays, list[HeldOut]]:
        """Last network, calibrated on tune."""
        inputs = []
        for page in range(len(self.pages)):
            said = passage_columns(self.words[page], self.log_odds[page], self.first[page], self.second[page])
            inputs.append(np.hstack([self.inputs[page][self.rows[page]], said]))
        truth = [foreign[rows] for foreign, rows in zip(self.foreign, self.rows, strict=True)]
        fitted = _fit_last(np.concatenate(inputs[: self.count]), np.concatenate(truth[: self.count]))
        network = build_network(named("fold", fitted), "fold")
        held = [network.probabilities(matrix)[:, 1] for matrix in inputs[self.count :]]
        slope, offset = fit_calibration(logit(np.concatenate(held)), np.concatenate(truth[self.count :]))
        fitted = calibrate(fitted, slope, offset)
        network = build_network(named("fold", fitted), "fold")
        pages = []
        for page in range(self.count, len(self.pages)):
            probabilities = self.doubts[page].copy()
            probabilities[self.rows[page]] = network.probabilities(inputs[page])[:, 1]
            pages.append(HeldOut(probabilities, self.foreign[page]))
        self.arrays |= named("insertion_last", fitted)
        return self.arrays, pages


def _fit_last(inputs: Inputs, truth: Index) -> Arrays:
    """The mean of two networks: one reads everything, the other only what was said of words and sentences.

    The second depends less on how the made insertions are worded: it finds more headlines in unseen wordings, the first more
    paid links.
    """
    first = inputs.shape[1] - len(PASSAGE_NAMES)
    return beside(fit_network(inputs, truth, **LAST), fit_network(inputs[:, first:], truth, **LAST), first)


def _measure(examples: Sequence[InsertionExample], kinds: Arrays, vectors: VectorTable) -> list[Inputs]:
    """What the first network reads of each page."""
    table = insertion_table(sentence_table([example.article(vectors) for example in examples], vectors), vectors)
    inputs = insertion_inputs(table, sentence_classes(table, kinds)).astype(np.float32)  # half the memory
    return np.split(inputs, table.sentences.edges[1:-1])


def _read_words(
    pairs: Sequence[tuple[InsertionExample, Index]], vectors: VectorTable
) -> list[tuple[TokenTable, Index]]:
    """Words of the doubtful sentences of each page, and 1 for each that stands in an insertion."""
    found = []
    for example, rows in pairs:
        table = sentence_table([example.article(vectors)], vectors)
        words = token_table(table, rows, vectors)
        inside = np.zeros(len(table.text) + 1, dtype=np.int64)
        for insertion in example.ranges:
            inside[insertion.start : insertion.end] = 1
        found.append((words, inside[table.tokens.start[table.token_index[words.entry]]]))
    return found


def _in_chunks(work: Callable[..., list[Any]], jobs: int, pages: Sequence[Any], *others: object) -> list[Any]:
    """`work(pages, *others)` of some pages at a time, in some processes, one after the other."""
    chunks = [pages[start : start + CHUNK] for start in range(0, len(pages), CHUNK)]
    parts = Parallel(n_jobs=jobs)(delayed(work)(chunk, *others) for chunk in chunks)
    return [result for part in parts for result in part]
