"""Judged articles and sentences: what is learned from some, measured on others; the legs of `carry_over.py`.

Noise stands beside a baseline: TF-IDF with plain words of the article.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from noisefilter.article.columns import article_inputs
from noisefilter.article.fit import article_examples, fit_articles
from noisefilter.article.judge import predict_noise
from noisefilter.fit import FOLDS, fold_of
from noisefilter.insertions.reading import class_columns, read_articles
from noisefilter.kinds import KINDS
from noisefilter.labels import POSITIVE
from noisefilter.learn.evaluate import calibration_error, ranking
from noisefilter.learn.intervals import Observed, measured
from noisefilter.learn.policies import choose_policies
from noisefilter.policy import BALANCED
from noisefilter.reader.session import Reader
from noisefilter.report.figures import figure_tables, print_tables
from noisefilter.sentences.fit import CLASS_OF, fit_classes, fit_sentences, sentence_examples
from noisefilter.sentences.judge import sentence_kinds
from reader_training.last import fit_last_classes
from shared_corpus import BLOGS, own_retold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.arrays import Matrix
    from noisefilter.article.fit import ArticleExample
    from noisefilter.kinds import Kind
    from noisefilter.labels import LabelledPage
    from noisefilter.networks import Network
    from noisefilter.sentences.fit import SentenceExample
    from noisefilter.text.vectors import VectorTable
    from shared_corpus import Corpus

    #: What has a site and a source.
    Example = ArticleExample | SentenceExample | LabelledPage

#: Folds of `fold_of` are used inside the training; other ones are drawn here, so that the two do not go in step.
SALT = "outer:"
BY_SITE = "by site"
#: Columns of what is seen of an article.
SHARE, GRADE, AGREED, NOISE, BASELINE, DROPPED = range(6)
#: Noise up to which a reader found substance.
SUBSTANCE = 1
#: Kinds that a sentence's class says.
CLASS_KINDS: tuple[Kind, ...] = ("filler", "promotion", "boilerplate")
#: Splits that are learned from and judged; choices are made on the figures, so val is left out.
SPLITS = ("train", "tune")


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


def across(learned: Sequence[str], judged: Sequence[str]) -> Leg:
    """From some collections to others."""
    return Leg(
        f"{' + '.join(learned)} → {' + '.join(judged)}",
        lambda example: collection_of(example) in learned,
        lambda example: collection_of(example) in judged,
    )


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


SENTENCE_LEGS = (across(["wcxb"], [BLOGS]), across([BLOGS], ["wcxb"]), *by_site())
NOISE_LEGS = (across(["texts"], ["wcxb", BLOGS]), *SENTENCE_LEGS)


class Learned(NamedTuple):
    """What legs learn from and judge: judged articles; all else teaches and is never judged.

    `taught` were judged by the project, `invented` written by it, and `sentences` are of judged articles: those of the articles that a
    leg judges teach it nothing.
    """

    articles: list[ArticleExample]
    taught: list[ArticleExample]
    invented: list[ArticleExample]
    sentences: list[SentenceExample]


def read_judged(corpus: Corpus, vectors: VectorTable) -> Learned:
    """The judged articles and sentences."""
    pages = [page for split in SPLITS for page in corpus.judged_articles(split)]
    judged, taught, invented = (article_examples(part, vectors) for part in (pages, corpus.own_votes(), own_retold()))
    sentences = [*judged_sentences(corpus, vectors), *sentence_examples(corpus.own_judged(), vectors)]
    return Learned(judged, taught, invented, sentences)


def fit_noise(leg: Leg, data: Learned) -> tuple[list[ArticleExample], Matrix, float]:
    """The articles that a leg judges, with their noise by what it learned, and from where its balanced policy drops."""
    learned = [example for example in (*data.articles, *data.taught) if leg.learns(example)]
    judged = [example for example in data.articles if leg.judges(example)]
    models, folds = fit_sentences([example for example in data.sentences if leg.learns(example)])
    fitted, held = fit_articles(learned, folds, data.invented)
    share = np.array([example.page.noise_share for example in learned], dtype=np.float64)
    return judged, predict_articles(judged, {**models, **fitted}), choose_policies(held, share)[BALANCED].drop_at


def predict_articles(examples: Sequence[ArticleExample], models: Mapping[str, Matrix]) -> Matrix:
    """Probability of noise of each example: (examples,)."""
    tables = [example.table for example in examples]
    read = np.concatenate([article_inputs(own, sentence_kinds(own, models)[:, 1:3], models) for own in tables])
    *_, noise = predict_noise(read, models)
    return noise


def carry_noise(corpus: Corpus, data: Learned) -> None:
    """Fit and judge leg by leg, print; the corpus says which texts are of farms."""
    seen: dict[str, list[tuple[ArticleExample, Observed]]] = defaultdict(list)
    for leg in NOISE_LEGS:
        seen[leg.name] += _judge_noise(leg, data)
    by_site = seen[BY_SITE]
    for example, one in by_site:
        seen[f"{BY_SITE}, {collection_of(example)}"].append((example, one))
    farms = [
        one
        for example, one in by_site
        if corpus.file_of(example.source) == "lowvalue" and (example.page.noise or 0) <= SUBSTANCE
    ]
    figures = {
        "noise": measured({name: [one for _, one in rows] for name, rows in seen.items()}, noise_figures),
        "farm texts judged 1 or less": measured(
            {BY_SITE: farms}, lambda rows: {"texts": len(rows), "dropped": float(rows[:, DROPPED].mean())}
        ),
    }
    print_tables(*figure_tables(figures))


def _judge_noise(leg: Leg, data: Learned) -> list[tuple[ArticleExample, Observed]]:
    """What the leg's classifier and the baseline say of each article that it judges: columns as above."""
    judged, noise, drop = fit_noise(leg, data)
    learned = [example for example in (*data.articles, *data.taught) if leg.learns(example)]
    baseline = _fit_baseline(learned, judged)
    pages = [example.page for example in judged]
    known = [[page.noise_share, page.noise, readers_agree(page)] for page in pages]
    rows = np.column_stack([np.array(known, dtype=np.float64).reshape(-1, 3), noise, baseline, noise >= drop])
    return [
        (example, Observed(example.site, example.page.id, row[None])) for example, row in zip(judged, rows, strict=True)
    ]


def _fit_baseline(learned: Sequence[ArticleExample], judged: Sequence[ArticleExample]) -> Matrix:
    """Noise by a logistic regression on shares of readers, written anew: it shares no code with what it stands beside."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=4)
    rows = words.fit_transform(map(_article_text, learned))
    target = np.array([example.page.noise_target for example in learned])
    counts = np.concatenate([target, 1 - target])
    kept = counts > 0
    model = LogisticRegression(C=30.0, max_iter=3000)
    model.fit(sp.vstack([rows, rows]).tocsr()[kept], np.repeat([1, 0], len(target))[kept], sample_weight=counts[kept])
    return model.predict_proba(words.transform(map(_article_text, judged)))[:, 1]


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


def judged_sentences(corpus: Corpus, vectors: VectorTable, splits: Sequence[str] = SPLITS) -> list[SentenceExample]:
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
    seen: dict[str, list[Observed]] = defaultdict(list)
    for leg in SENTENCE_LEGS:
        models, _ = fit_sentences([own for own in (*sentences, *taught) if leg.learns(own)])
        judged = [own for own in sentences if leg.judges(own)]
        seen[leg.name] += [_observed(own, sentence_kinds(own.table, models)) for own in judged]
    _print_classes("sentences", seen)


def _observed(example: SentenceExample, classes: Matrix) -> Observed:
    """Truth and predicted classes of the labelled sentences of an article: (sentences, 2, classes)."""
    rows = np.stack([example.classes, classes], axis=1)[example.classes.sum(axis=1) > 0]
    return Observed(example.site, "", rows)  # sites are drawn


def _print_classes(title: str, seen: Mapping[str, Sequence[Observed]]) -> None:
    """Print how the sentences of each class are ranked, by leg."""
    for kind in CLASS_KINDS:
        column = CLASS_OF[KINDS[kind].letter]

        def figures_of(rows: Matrix, column: int = column) -> dict[str, float]:
            truth, predicted = rows[:, :, column].T
            return ranking(np.column_stack([predicted, truth >= 0.5]))

        print_tables(*figure_tables({f"{title}: {kind}": measured(seen, figures_of)}))


def carry_read(
    sentences: Sequence[SentenceExample], taught: Sequence[SentenceExample], readers: Sequence[bytes]
) -> None:
    """The same with the reader by site, and by the networks that read measures alone, print.

    Args:
        sentences: judged ones.
        taught: judged by the project, which are never measured.
        readers: of each fold of the sites; each article is read by the one that has not seen it.
    """
    opened = [Reader(network) for network in readers]
    both = [*sentences, *taught]
    _, folds = fit_sentences(both)
    read = []
    for example in both:
        fold = fold_of(example.site)
        classes = sentence_kinds(example.table, folds[fold])
        read.append((class_columns(classes, read_articles(example.table, opened[fold])), classes))
    seen: dict[str, list[Observed]] = defaultdict(list)
    for fold in range(FOLDS):
        network = _last([pair for pair in zip(both, read, strict=True) if outer_fold(pair[0].site) != fold])
        for example, (inputs, alone) in zip(sentences, read, strict=False):
            if outer_fold(example.site) == fold:
                seen[BY_SITE].append(_observed(example, network.probabilities(inputs)))
                seen[f"{BY_SITE}, measures alone"].append(_observed(example, alone))
    _print_classes("sentences, read", seen)


def _last(learned: Sequence[tuple[SentenceExample, tuple[Matrix, Matrix]]]) -> Network:
    inputs = np.concatenate([rows[0] for _, rows in learned])
    votes = np.concatenate([example.classes for example, _ in learned])
    return fit_classes(inputs, votes, fit_last_classes)
