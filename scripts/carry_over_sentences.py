"""Kinds of sentences: what is learned from one collection, measured on another; beside it TF-IDF of the sentence alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from carry_over_legs import BY_SITE, across, by_site, collection_of, fit_baseline, outer_fold, print_figures
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import average_precision_score, roc_auc_score

from noisefilter.fit import FOLDS, fold_of, named
from noisefilter.insertions.reading import class_columns, read_articles
from noisefilter.learn.last import CLASSES as LAST
from noisefilter.networks import build_network
from noisefilter.reader.session import Reader
from noisefilter.sentences.fit import CLASS_OF, fit_classes, fit_sentences, predict_sentences
from noisefilter.sentences.judge import sentence_kinds
from shared_corpus import BLOGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carry_over_legs import Leg

    from noisefilter.arrays import Matrix
    from noisefilter.networks import Network
    from noisefilter.sentences.fit import SentenceExample

LEGS = (across("wcxb", BLOGS), across(BLOGS, "wcxb"), *by_site())
KINDS = {"filler": "F", "promotion": "P", "boilerplate": "B"}
CLASSES = len(CLASS_OF)


def carry_sentences(sentences: Sequence[SentenceExample], taught: Sequence[SentenceExample]) -> None:
    """Fit and judge leg by leg, print.

    Args:
        sentences: judged ones.
        taught: judged by the project, which teach what a leg learns from and are never measured.
    """
    seen: dict[str, list[tuple[str, Matrix]]] = {}
    for leg in LEGS:
        seen.setdefault(leg.name, []).extend(_judge(leg, sentences, taught))
    for name, rows in seen.items():
        print_figures(f"sentences, {name}", rows, sentence_figures)


def _judge(
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
        columns = np.hstack([example.classes, predict_sentences(example, models), said])
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
    rows = []
    for example in both:
        fold = fold_of(example.site)
        classes = sentence_kinds(example.table, example.matrix, folds[fold])
        readings = read_articles(example.table, opened[fold])
        rows.append((class_columns(classes, readings), classes))
    seen: list[tuple[str, Matrix]] = []
    for fold in range(FOLDS):
        network = _last([own for own in zip(both, rows, strict=True) if outer_fold(own[0].site) != fold])
        for example, (inputs, classes) in zip(sentences, rows, strict=False):
            if outer_fold(example.site) == fold:
                seen.append(_observed(example, network.probabilities(inputs), classes))
    print_figures(f"sentences, read, {BY_SITE}", seen, sentence_figures)
    for name, content in across_readers.items():
        learned = [own for own in zip(both, rows, strict=True) if collection_of(own[0]) == name]
        network = _last(learned)
        kinds, _ = fit_sentences([example for example, _ in learned])
        reader = Reader(content)
        seen = []
        for example in sentences:
            if collection_of(example) not in {name, "texts"}:
                classes = sentence_kinds(example.table, example.matrix, kinds)
                inputs = class_columns(classes, read_articles(example.table, reader))
                seen.append(_observed(example, network.probabilities(inputs), classes))
        print_figures(f"sentences, read, from {name}", seen, sentence_figures)


def _last(learned: Sequence[tuple[SentenceExample, tuple[Matrix, Matrix]]]) -> Network:
    inputs = np.concatenate([rows[0] for _, rows in learned])
    votes = np.concatenate([example.classes for example, _ in learned])
    return build_network(named("last", fit_classes(inputs, votes, LAST)), "last")


def _observed(example: SentenceExample, said: Matrix, measured: Matrix) -> tuple[str, Matrix]:
    columns = np.hstack([example.classes, said, measured])
    return example.site, columns[example.classes.sum(axis=1) > 0]
