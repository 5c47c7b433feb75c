"""Kinds of sentences: what is learned from one collection, measured on another; beside it TF-IDF of the sentence alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from carry_over_legs import across, by_site, fit_baseline, print_figures
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import average_precision_score, roc_auc_score

from noisefilter.training.sentences import CLASS_OF, fit_sentences, predict_sentences
from shared_corpus import BLOGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carry_over_legs import Leg
    from numpy.typing import NDArray

    from noisefilter.training.sentences import SentenceExample

    Matrix = NDArray[np.float64]

LEGS = (across("wcxb", BLOGS), across(BLOGS, "wcxb"), *by_site())
KINDS = {"filler": "F", "promotion": "P", "boilerplate": "B"}
CLASSES = len(CLASS_OF)


def carry_sentences(sentences: Sequence[SentenceExample]) -> None:
    """Fit and judge leg by leg, print."""
    seen: dict[str, list[tuple[str, Matrix]]] = {}
    for leg in LEGS:
        seen.setdefault(leg.name, []).extend(_judge(leg, sentences))
    for name, rows in seen.items():
        print_figures(f"sentences, {name}", rows, sentence_figures)


def _judge(leg: Leg, sentences: Sequence[SentenceExample]) -> list[tuple[str, Matrix]]:
    """Truth, what the leg's classifier says and what the baseline says of the sentences of each article that it judges."""
    learned, judged = ([own for own in sentences if choose(own)] for choose in (leg.learns, leg.judges))
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
