"""Judged articles: what is learned from some, measured on others; the legs of `carry_over.py`, and how a figure is printed.

Noise of articles and kinds of sentences stand beside a baseline: TF-IDF with plain words of the article, or of the sentence alone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import scipy.sparse as sp
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from noisefilter.article.fit import article_examples, fit_articles, predict_articles
from noisefilter.fit import FOLDS, fold_of, network_of
from noisefilter.insertions.reading import class_columns, read_articles
from noisefilter.labels import POSITIVE
from noisefilter.learn.evaluate import calibration_error
from noisefilter.learn.intervals import Observed, with_intervals
from noisefilter.learn.last import CLASSES as LAST
from noisefilter.learn.policies import choose_policies
from noisefilter.policy import BALANCED
from noisefilter.reader.session import Reader
from noisefilter.report.figures import HIGH, LOW
from noisefilter.sentences.fit import CLASS_OF, fit_classes, fit_sentences, sentence_examples
from noisefilter.sentences.judge import sentence_kinds
from shared_corpus import BLOGS, own_retold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from noisefilter.arrays import Arrays, Matrix
    from noisefilter.article.fit import ArticleExample
    from noisefilter.labels import LabelledPage
    from noisefilter.networks import Network
    from noisefilter.sentences.fit import SentenceExample
    from noisefilter.text.vectors import VectorTable
    from shared_corpus import Corpus

#: Folds of `fold_of` are used inside the training; other ones are drawn here, so that the two do not go in step.
SALT = "outer:"
BY_SITE = "by site"
#: Columns of what is seen of an article.
SHARE, GRADE, AGREED, NOISE, BASELINE, DROPPED = range(6)
#: Noise up to which a reader found substance.
SUBSTANCE = 1
KINDS = {"filler": "F", "promotion": "P", "boilerplate": "B"}
CLASSES = len(CLASS_OF)


class Example(Protocol):
    """What a leg has to know of an article."""

    @property
    def site(self) -> str:
        """Its site."""
        ...

    @property
    def source(self) -> str:
        """Where its row comes from."""
        ...


class Leg(NamedTuple):
    """Which examples are learned from and which are judged; legs of one name are judged together."""

    name: str
    learns: Callable[[Example], bool]
    judges: Callable[[Example], bool]


def collection_of(example: Example) -> str:
    """The collection of an example: WCXB's pages, the blogs, or the texts of farms, news and clean sources."""
    return example.source if example.source in {"wcxb", BLOGS} else "texts"


def outer_fold(site: str) -> int:
    """Fold in which a site is judged."""
    return fold_of(SALT + site)


def across(learned: str, *judged: str) -> Leg:
    """From one collection to others."""
    return Leg(
        f"{learned} → {' + '.join(judged)}",
        lambda example: collection_of(example) == learned,
        lambda example: collection_of(example) in judged,
    )


def all_but(left: str) -> Leg:
    """From all other collections to one."""
    return Leg(left, lambda example: collection_of(example) != left, lambda example: collection_of(example) == left)


def by_site() -> list[Leg]:
    """Each fifth of the sites by what the others teach, all collections together."""
    return [
        Leg(
            BY_SITE,
            lambda example, fold=fold: outer_fold(example.site) != fold,  # type: ignore[misc]
            lambda example, fold=fold: outer_fold(example.site) == fold,  # type: ignore[misc]
        )
        for fold in range(FOLDS)
    ]


def fit_baseline(rows: sp.csr_matrix, target: Matrix, c: float) -> LogisticRegression:
    """Logistic regression on shares of readers, written anew: the baseline shares no code with what it judges."""
    truth = np.repeat([1, 0], len(target))
    counts = np.concatenate([target, 1 - target])
    kept = counts > 0
    model = LogisticRegression(C=c, max_iter=3000)
    return model.fit(sp.vstack([rows, rows]).tocsr()[kept], truth[kept], sample_weight=counts[kept])


def print_figures(
    title: str, seen: Sequence[tuple[str, Matrix]], figures_of: Callable[[Matrix], dict[str, float]]
) -> None:
    """Print the figures of some observations by site, each with its interval."""
    figures = with_intervals([Observed(site, str(place), rows) for place, (site, rows) in enumerate(seen)], figures_of)
    print(f"\n{title}")
    for name, value in figures.items():
        if not name.endswith((LOW, HIGH)):
            low, high = figures.get(f"{name}{LOW}"), figures.get(f"{name}{HIGH}")
            interval = f"({low:.3f} to {high:.3f})" if low is not None and high is not None else ""
            shown = f"{value:.0f}" if float(value).is_integer() and abs(value) > 1 else f"{value:.3f}"
            print(f"  {name:34} {shown:>7} {interval}", flush=True)


NOISE_LEGS = (across("wcxb", BLOGS), across(BLOGS, "wcxb"), across("texts", "wcxb", BLOGS), *by_site())
SENTENCE_LEGS = (across("wcxb", BLOGS), across(BLOGS, "wcxb"), *by_site())


class Learned(NamedTuple):
    """What legs learn from and judge: judged articles; all else teaches and is never judged.

    `taught` were judged by the project, `invented` written by it, and `sentences` are of judged articles: those of the articles that a
    leg judges teach it nothing.
    """

    articles: list[ArticleExample]
    taught: list[ArticleExample]
    invented: list[ArticleExample]
    sentences: list[SentenceExample]


def read_judged(corpus: Corpus, vectors: VectorTable, splits: Sequence[str] = ("train", "tune")) -> Learned:
    """The judged articles and sentences of some splits."""
    pages = [page for split in splits for page in corpus.judged_articles(split)]
    judged, taught, invented = (article_examples(part, vectors) for part in (pages, corpus.own_votes(), own_retold()))
    sentences = [*judged_sentences(corpus, vectors, splits), *sentence_examples(corpus.own_judged(), vectors)]
    return Learned(judged, taught, invented, sentences)


def fit_noise(leg: Leg, data: Learned) -> tuple[list[ArticleExample], Matrix, float]:
    """The articles that a leg judges, with their noise by what it learned, and from where its balanced policy drops."""
    learned = [example for example in (*data.articles, *data.taught) if leg.learns(example)]
    judged = [example for example in data.articles if leg.judges(example)]
    models, folds = fit_sentences([example for example in data.sentences if leg.learns(example)])
    fitted, held = fit_articles(learned, folds, data.invented)
    share = np.array([example.page.noise_share for example in learned], dtype=np.float64)
    return judged, predict_articles(judged, {**models, **fitted}), choose_policies(held, share)[BALANCED].drop_at


def carry_noise(corpus: Corpus, data: Learned) -> None:
    """Fit and judge leg by leg, print; the corpus says which texts are of farms."""
    seen: dict[str, list[tuple[ArticleExample, Matrix]]] = {}
    for leg in NOISE_LEGS:
        seen.setdefault(leg.name, []).extend(_judge_noise(leg, data))
    for name, rows in seen.items():
        print_figures(f"noise, {name}", [(example.site, row) for example, row in rows], noise_figures)
    for collection, count in Counter(collection_of(example) for example, _ in seen[BY_SITE]).items():
        own = [(example.site, row) for example, row in seen[BY_SITE] if collection_of(example) == collection]
        print_figures(f"noise, {BY_SITE}, the {count} of {collection}", own, noise_figures)
    farms = [
        (example.site, row)
        for example, row in seen[BY_SITE]
        if corpus.file_of(example.source) == "lowvalue" and (example.page.noise or 0) <= SUBSTANCE
    ]
    print_figures(
        "farm texts judged 1 or less", farms, lambda rows: {"texts": len(rows), "dropped": rows[:, DROPPED].mean()}
    )


def _judge_noise(leg: Leg, data: Learned) -> list[tuple[ArticleExample, Matrix]]:
    """What the leg's classifier and the baseline say of each article that it judges."""
    judged, noise, drop = fit_noise(leg, data)
    learned = [example for example in (*data.articles, *data.taught) if leg.learns(example)]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=4)
    target = np.array([example.page.noise_target for example in learned])
    model = fit_baseline(words.fit_transform(map(_article_text, learned)), target, 30.0)
    baseline = model.predict_proba(words.transform(map(_article_text, judged)))[:, 1]
    pages = [example.page for example in judged]
    known = [[page.noise_share, page.noise, readers_agree(page)] for page in pages]
    rows = np.column_stack([np.array(known, dtype=np.float64).reshape(-1, 3), noise, baseline, noise >= drop])
    return list(zip(judged, rows[:, None, :], strict=True))


def readers_agree(page: LabelledPage) -> bool:
    """Whether at least two readers were asked, or one and what another would say, and all are of one mind."""
    opinions = [vote >= POSITIVE for vote in page.votes] + ([] if page.second is None else [page.second >= 0.5])
    return len(opinions) > 1 and len(set(opinions)) == 1


def _article_text(example: ArticleExample) -> str:
    return f"{example.table.pages[0].title or ''}\n{example.table.text}"


def noise_figures(rows: Matrix) -> dict[str, float]:
    """Figures of (articles, columns as above); AUC is against the majority of the readers."""
    noisy, agreed = rows[:, SHARE] >= 0.5, rows[:, AGREED] > 0
    figures: dict[str, float] = {"articles": len(rows), "noisy": int(noisy.sum())}
    for name, column in (("", NOISE), ("baseline: ", BASELINE)):
        said = rows[:, column]
        for what, chosen in (("AUC", np.ones(len(rows), np.bool_)), ("AUC, all readers agree", agreed)):
            if len(np.unique(noisy[chosen])) == 2:
                figures[f"{name}{what}"] = float(roc_auc_score(noisy[chosen], said[chosen]))
        figures[f"{name}Spearman"] = float(spearmanr(rows[:, GRADE], said)[0])
        figures[f"{name}calibration error"] = calibration_error(said, rows[:, SHARE])
    figures["AUC over the baseline"] = figures.get("AUC", np.nan) - figures.get("baseline: AUC", np.nan)
    return figures


def judged_sentences(corpus: Corpus, vectors: VectorTable, splits: Sequence[str]) -> list[SentenceExample]:
    """The judged sentences of some splits."""
    names = ("sentences", "sentences_blogs")
    pages = (page for split in splits for name in names for page in corpus.judged_sentences(split, name))
    return sentence_examples(pages, vectors)


def carry_sentences(sentences: Sequence[SentenceExample], taught: Sequence[SentenceExample]) -> None:
    """Fit and judge leg by leg, print.

    Args:
        sentences: judged ones.
        taught: judged by the project, which teach what a leg learns from and are never measured.
    """
    seen: dict[str, list[tuple[str, Matrix]]] = {}
    for leg in SENTENCE_LEGS:
        seen.setdefault(leg.name, []).extend(_judge_sentences(leg, sentences, taught))
    for name, rows in seen.items():
        print_figures(f"sentences, {name}", rows, sentence_figures)


def _judge_sentences(
    leg: Leg, sentences: Sequence[SentenceExample], taught: Sequence[SentenceExample]
) -> list[tuple[str, Matrix]]:
    """Truth, what the leg's classifier says and what the baseline says of the sentences of each article that it judges."""
    learned = [own for own in (*sentences, *taught) if leg.learns(own)]
    judged = [own for own in sentences if leg.judges(own)]
    models, _ = fit_sentences(learned)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=4)
    rows = words.fit_transform(text for example in learned for text in _texts(example))
    truth = np.concatenate([example.classes for example in learned])
    told = truth.sum(axis=1) > 0
    baselines = {
        letter: fit_baseline(rows[told], truth[told, CLASS_OF[letter]], 3.0)
        for letter in KINDS.values()
        if 0 < truth[told, CLASS_OF[letter]].sum() < told.sum()
    }
    found = []
    for example in judged:
        said = np.zeros((len(example.classes), CLASSES))
        own = words.transform(_texts(example))
        for letter, model in baselines.items():
            said[:, CLASS_OF[letter]] = model.predict_proba(own)[:, 1]
        columns = np.hstack([example.classes, sentence_kinds(example.table, example.matrix, models), said])
        found.append((example.site, columns[example.classes.sum(axis=1) > 0]))
    return found


def _texts(example: SentenceExample) -> list[str]:
    table = example.table
    return [table.text[start:end] for start, end in zip(table.start.tolist(), table.end.tolist(), strict=True)]


def sentence_figures(rows: Matrix) -> dict[str, float]:
    """Figures of (sentences, classes three times: truth, said, baseline)."""
    figures: dict[str, float] = {"sentences": len(rows)}
    for kind, letter in KINDS.items():
        truth = rows[:, CLASS_OF[letter]] >= 0.5
        if truth.any():
            figures[f"{kind}: sentences"] = int(truth.sum())
            for name, part in (("", 1), ("baseline: ", 2)):
                said = rows[:, part * CLASSES + CLASS_OF[letter]]
                figures[f"{name}{kind}: AUC"] = float(roc_auc_score(truth, said))
                figures[f"{name}{kind}: AP"] = float(average_precision_score(truth, said))
    return figures


def carry_read(
    sentences: Sequence[SentenceExample],
    taught: Sequence[SentenceExample],
    readers: Sequence[bytes],
    across_readers: dict[str, bytes],
) -> None:
    """The same with the reader, print; the baseline is what the networks say that read measures alone.

    Args:
        sentences: judged ones.
        taught: judged by the project, which are never measured.
        readers: of each fold of the sites: by site, each article is read by the one that has not seen it.
        across_readers: by collection, the reader that learned classes from it alone. The last network learns from the
            collection, too, as the readers of the folds read it.
    """
    opened = [Reader(network) for network in readers]
    both = [*sentences, *taught]
    _, folds = fit_sentences(both)
    read = [_read(example, folds[fold_of(example.site)], opened[fold_of(example.site)]) for example in both]
    seen: list[tuple[str, Matrix]] = []
    for fold in range(FOLDS):
        network = _last([pair for pair in zip(both, read, strict=True) if outer_fold(pair[0].site) != fold])
        for example, rows in zip(sentences, read, strict=False):
            if outer_fold(example.site) == fold:
                seen.append(_observed(example, network, rows))
    print_figures(f"sentences, read, {BY_SITE}", seen, sentence_figures)
    for name, content in across_readers.items():
        learned = [pair for pair in zip(both, read, strict=True) if collection_of(pair[0]) == name]
        network, reader = _last(learned), Reader(content)
        kinds, _ = fit_sentences([example for example, _ in learned])
        judged = [example for example in sentences if collection_of(example) not in {name, "texts"}]
        seen = [_observed(example, network, _read(example, kinds, reader)) for example in judged]
        print_figures(f"sentences, read, from {name}", seen, sentence_figures)


def _read(example: SentenceExample, kinds: Arrays, reader: Reader) -> tuple[Matrix, Matrix]:
    """What the last network reads of an article's sentences, and their classes by the networks that read measures alone."""
    classes = sentence_kinds(example.table, example.matrix, kinds)
    return class_columns(classes, read_articles(example.table, reader)), classes


def _last(learned: Sequence[tuple[SentenceExample, tuple[Matrix, Matrix]]]) -> Network:
    inputs = np.concatenate([rows[0] for _, rows in learned])
    votes = np.concatenate([example.classes for example, _ in learned])
    return network_of(fit_classes(inputs, votes, LAST))


def _observed(example: SentenceExample, network: Network, rows: tuple[Matrix, Matrix]) -> tuple[str, Matrix]:
    inputs, measured = rows
    columns = np.hstack([example.classes, network.probabilities(inputs), measured])
    return example.site, columns[example.classes.sum(axis=1) > 0]
