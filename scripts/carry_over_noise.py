"""Noise of articles: what is learned from one collection, measured on another; beside it TF-IDF with plain words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from carry_over_legs import BY_SITE, across, by_site, collection_of, fit_baseline, print_figures
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score

from noisefilter.article.fit import fit_articles, predict_articles
from noisefilter.labels import POSITIVE
from noisefilter.learn.evaluate import calibration_error
from noisefilter.learn.policies import choose_policies
from noisefilter.policy import BALANCED
from noisefilter.sentences.fit import fit_sentences
from shared_corpus import BLOGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carry_over_legs import Leg

    from noisefilter.arrays import Matrix
    from noisefilter.article.fit import ArticleExample
    from noisefilter.labels import LabelledPage
    from noisefilter.sentences.fit import SentenceExample
    from shared_corpus import Corpus

LEGS = (across("wcxb", BLOGS), across(BLOGS, "wcxb"), across("texts", "wcxb", BLOGS), *by_site())
#: Columns of what is seen of an article.
SHARE, GRADE, AGREED, NOISE, BASELINE, DROPPED = range(6)
#: Noise up to which a reader found substance.
SUBSTANCE = 1


def carry_noise(
    corpus: Corpus,
    articles: Sequence[ArticleExample],
    taught: Sequence[ArticleExample],
    sentences: Sequence[SentenceExample],
    invented: Sequence[ArticleExample],
) -> None:
    """Fit and judge leg by leg, print.

    Args:
        corpus: says which texts are of farms.
        articles: judged ones.
        taught: judged by the project, which teach what a leg learns from and are never judged.
        sentences: of judged articles; those of the articles that a leg judges teach it nothing either.
        invented: the project's own articles, which teach each leg and are never judged.
    """
    seen: dict[str, list[tuple[ArticleExample, Matrix]]] = {}
    for leg in LEGS:
        seen.setdefault(leg.name, []).extend(_judge(leg, articles, taught, sentences, invented))
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


def _judge(
    leg: Leg,
    articles: Sequence[ArticleExample],
    taught: Sequence[ArticleExample],
    sentences: Sequence[SentenceExample],
    invented: Sequence[ArticleExample],
) -> list[tuple[ArticleExample, Matrix]]:
    """What the leg's classifier and the baseline say of each article that it judges."""
    learned = [own for own in (*articles, *taught) if leg.learns(own)]
    judged = [own for own in articles if leg.judges(own)]
    models, folds = fit_sentences([example for example in sentences if leg.learns(example)])
    fitted, held = fit_articles(learned, folds, invented)
    share = np.array([example.page.noise_share for example in learned], dtype=np.float64)
    noise, drop = predict_articles(judged, {**models, **fitted}), choose_policies(held, share)[BALANCED].drop_at
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=4)
    baseline = fit_baseline(
        words.fit_transform(map(_text, learned)), np.array([example.page.noise_target for example in learned]), 30.0
    )
    said = baseline.predict_proba(words.transform(map(_text, judged)))[:, 1]
    found = []
    for example, own, base in zip(judged, noise.tolist(), said.tolist(), strict=True):
        page = example.page
        row = [page.noise_share, page.noise, readers_agree(page), own, base, own >= drop]
        found.append((example, np.array([row], dtype=np.float64)))
    return found


def readers_agree(page: LabelledPage) -> bool:
    """Whether at least two readers were asked, or one and what another would say, and all are of one mind."""
    opinions = [vote >= POSITIVE for vote in page.votes] + ([] if page.second is None else [page.second >= 0.5])
    return len(opinions) > 1 and len(set(opinions)) == 1


def _text(example: ArticleExample) -> str:
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
