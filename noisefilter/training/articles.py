"""Judged articles → the article classifier, on sentence probabilities from models that had not seen their site."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

from noisefilter.blocks import split_blocks
from noisefilter.features.insertions import insertion_table
from noisefilter.features.sentence_table import Article, sentence_table
from noisefilter.features.tokens import HASH_ROWS, tokenize
from noisefilter.page import read_page
from noisefilter.scoring.articles import TOPIC_IDF, article_inputs, manner_words, sentence_classes
from noisefilter.scoring.networks import build_network, logit
from noisefilter.sentences import split_sentences
from noisefilter.training.blocks import label_blocks
from noisefilter.training.estimators import (
    FOLDS,
    fit_network,
    fold_of,
    named,
)
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from noisefilter.features.insertions import InsertionTable
    from noisefilter.training.corpora import LabelledPage
    from noisefilter.vectors import VectorTable

    Matrix = NDArray[np.float64]

#: `noise` from which an article is noise (corpus/README.md).
POSITIVE = 2
ALPHA = 200.0
#: Of the linear model over words: hardly any decay, the words being many more than the articles (chosen out of fold).
WORD_C = 100.0
#: Rarities, in nats, from which a word counts as topic, that each article is read with: learning from what is left of an article
#: without its less rare words as well teaches manner (docs/decisions/0025-what-articles-teach.md).
TOPIC_IDFS = (TOPIC_IDF, 4.0)
#: As so many judged articles a site teaches at most, or as many as sites have on average (as above).
MOST_OF_A_SITE = 14
MIN_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class ArticleExample:
    """An article with its judged noise, 0-3; `weight` counts in fitting."""

    id: str
    table: InsertionTable
    noise: float
    weight: float
    site: str
    source: str
    judged: bool


def article_examples(
    pages: Iterable[LabelledPage], vectors: VectorTable, *, judged: bool = True
) -> list[ArticleExample]:
    """Examples of the pages that have a noise label; HTML is read through its gold text or boilerplate spans."""
    examples = []
    for page in pages:
        if page.noise is None:
            continue
        text, title = article_text(page)
        blocked = split_blocks(read_page(Page(text, title=title, format="text")))
        sentences = split_sentences(blocked)
        if len(sentences) < MIN_SENTENCES:
            continue
        table = sentence_table([Article(blocked, tokenize(blocked.text, vectors), sentences)], vectors)
        examples.append(
            ArticleExample(
                page.id, insertion_table(table, vectors), page.noise, page.weight, page.site, page.source, judged
            )
        )
    return examples


def article_text(page: LabelledPage) -> tuple[str, str | None]:
    """Text of the article without furniture, and its title."""
    if page.main_text is not None:
        return page.main_text, page.page.title
    read = read_page(page.page)
    blocked = split_blocks(read)
    if page.spans is None:
        return blocked.text, blocked.title
    furniture = label_blocks(blocked, page)
    texts = blocked.texts()
    kept = [
        text
        for text, out in zip(texts, furniture if furniture is not None else [0] * len(texts), strict=True)
        if not out
    ]
    return "\n\n".join(kept), blocked.title


def article_probabilities(table: InsertionTable, sentence: dict[str, Matrix]) -> Matrix:
    """Filler and promotion probability of each sentence: (sentences, 2)."""
    return sentence_classes(table, sentence)[:, 1:3]


def fit_articles(
    examples: Sequence[ArticleExample],
    tune: Sequence[ArticleExample],
    models: dict[str, Matrix],
    folds: Sequence[dict[str, Matrix]],
) -> dict[str, Matrix]:
    """Arrays of the article classifier, calibrated on `tune` and, out of fold by site, on the judged articles of `examples`.

    Args:
        examples: articles to fit on.
        tune: judged articles of other sites.
        models: arrays of the sentence classifier.
        folds: arrays of sentence classifiers that have not seen the sites of their fold.
    """
    positive = _positive(examples)
    judged = np.array([example.judged for example in examples])
    weights = _weights(examples)
    fold = np.array([fold_of(example.site) for example in examples])
    read = [_readings(example) for example in examples]
    words = _fit_words(read, positive, weights, judged)
    inner = [_fit_words(read, positive, weights, judged & (fold != left)) for left in range(FOLDS)]
    inputs = _inputs(examples, [folds[number] for number in fold], [inner[number] for number in fold])
    measured, said = inputs[:, :-1], inputs[:, -1]
    held = _inputs(tune, [models] * len(tune), [words] * len(tune))
    fitted = fit_network(measured, positive, weights, alpha=ALPHA)
    out = [_out_of_fold(measured, positive, weights, fold)[judged], _log_odds(fitted, held[:, :-1])]
    pairs = np.column_stack([np.concatenate(out), np.concatenate([said[judged], held[:, -1]])])
    truth = np.concatenate([positive[judged], _positive(tune)])
    counts = np.concatenate([weights[judged], _weights(tune)])
    return {**words, **named("article", _join(fitted, pairs, truth, counts))}


def _positive(examples: Sequence[ArticleExample]) -> NDArray[np.int64]:
    return np.array([int(example.noise >= POSITIVE) for example in examples], dtype=np.int64)


def _weights(examples: Sequence[ArticleExample]) -> Matrix:
    """What each article counts: the judged ones of a site that has many count less, so that no farm's style is the rule."""
    sizes = Counter(example.site for example in examples if example.judged)
    most = max(MOST_OF_A_SITE, sizes.total() / max(1, len(sizes)))
    return np.array([
        example.weight * (min(1.0, most / sizes[example.site]) if example.judged else 1.0) for example in examples
    ])  # fmt: skip


def _inputs(
    examples: Sequence[ArticleExample], sentence: Sequence[dict[str, Matrix]], words: Sequence[dict[str, Matrix]]
) -> Matrix:
    """What the classifier reads of each example, by the sentence and word models that belong to it."""
    return np.concatenate([
        article_inputs(example.table, article_probabilities(example.table, kinds), own)
        for example, kinds, own in zip(examples, sentence, words, strict=True)
    ])  # fmt: skip


def _log_odds(fitted: dict[str, Matrix], inputs: Matrix) -> Matrix:
    return logit(build_network(named("fold", fitted), "fold").probabilities(inputs)[:, 1])


def _join(fitted: dict[str, Matrix], pairs: Matrix, truth: NDArray[np.int64], counts: Matrix) -> dict[str, Matrix]:
    """One linear classifier of the measures and the words' log-odds, weighed and calibrated on articles neither has seen.

    Fitted side by side with some seventy measures, the words would be drowned: what they say on their own is worth more.

    Args:
        fitted: the classifier of the measures.
        pairs: its log-odds and those of the words: (articles, 2).
        truth: whether each article is noise.
        counts: what each article counts.
    """
    model = LogisticRegression(C=1e3).fit(pairs, truth, sample_weight=counts)
    slopes, scale = model.coef_[0], max(float(pairs[:, 1].std()), 1e-3)
    return {
        "mean": np.append(fitted["mean"], 0.0),
        "scale": np.append(fitted["scale"], scale),
        "weights0": np.vstack([fitted["weights0"] * slopes[0], [[slopes[1] * scale]]]),
        "bias0": fitted["bias0"] * slopes[0] + model.intercept_,
    }


def _out_of_fold(inputs: Matrix, positive: NDArray[np.int64], weights: Matrix, fold: NDArray[np.int64]) -> Matrix:
    """Log-odds of each article by a classifier that has not seen its site."""
    out = np.zeros(len(inputs))
    for left in range(FOLDS):
        inside = fold == left
        if inside.any() and len(np.unique(positive[~inside])) > 1:
            fitted = fit_network(inputs[~inside], positive[~inside], weights[~inside], alpha=ALPHA)
            out[inside] = _log_odds(fitted, inputs[inside])
    return out


def _readings(example: ArticleExample) -> sp.csr_matrix:
    """Weights of the words of an article and of its halves, with more and with fewer of its words read as topic.

    (readings, HASH_ROWS). A half of a thin article is thin as well.
    """
    table = example.table.sentences
    halves = (np.arange(len(table)) * 2 >= len(table)).astype(np.int64)
    found = [
        (manner_words(table, text_of, topic_idf), count)
        for topic_idf in TOPIC_IDFS
        for text_of, count in ((np.zeros_like(halves), 1), (halves, 2))
    ]
    return sp.vstack([
        sp.csr_matrix((values, (text, rows)), shape=(count, HASH_ROWS)) for (text, rows, values), count in found
    ]).tocsr()  # fmt: skip


def _fit_words(
    read: Sequence[sp.csr_matrix], positive: NDArray[np.int64], weights: Matrix, chosen: NDArray[np.bool_]
) -> dict[str, Matrix]:
    """Linear model over the words of the chosen articles' readings, by rarity among them."""
    taught = np.flatnonzero(chosen)
    if len(np.unique(positive[taught])) < 2:
        taught = np.arange(len(positive))
    readings = [read[article] for article in taught.tolist()]
    rows, article = sp.vstack(readings).tocsr(), np.repeat(taught, [own.shape[0] for own in readings])
    rarity = TfidfTransformer().fit(rows)
    model = LogisticRegression(C=WORD_C, max_iter=1000)
    model.fit(rarity.transform(rows), positive[article], sample_weight=weights[article])
    return {
        "article_words.weights": model.coef_.T, "article_words.bias": model.intercept_, "article_words.idf": rarity.idf_,
    }  # fmt: skip


def predict_articles(examples: Sequence[ArticleExample], models: dict[str, Matrix]) -> Matrix:
    """Probability of noise of each example: (examples,)."""
    inputs = [
        article_inputs(example.table, article_probabilities(example.table, models), models) for example in examples
    ]
    return build_network(models, "article").probabilities(np.concatenate(inputs))[:, 1]
