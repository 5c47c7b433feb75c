"""Sentences and articles out of fold by site: each fifth of the sites is judged by classifiers that never saw them.

    python scripts/cross_validate_noise.py ../shared/corpus

Of the other sites one in eight calibrates and chooses the threshold of "drop", the rest is fitted on. Prints, with intervals
(95%, sites drawn again): filler, promotion and boilerplate of the judged sentences; noise of the judged articles; what masking
their names, numbers and topic words costs; farms against clean sources; what is dropped of which source.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from cross_validate import calibrates, outer_fold
from sklearn.metrics import average_precision_score, roc_auc_score
from threadpoolctl import threadpool_limits
from train_default import TEXT_FILES, WEAK_A_SOURCE, WEAK_WEIGHT

from noisefilter.blocks import split_blocks
from noisefilter.features.tokens import tokenize
from noisefilter.model import VECTORS, models_folder
from noisefilter.page import read_page
from noisefilter.report.figures import HIGH, LOW
from noisefilter.sentences import split_sentences
from noisefilter.training.articles import POSITIVE, article_examples, article_text, fit_articles, predict_articles
from noisefilter.training.estimators import FOLDS
from noisefilter.training.evaluate import calibration_error
from noisefilter.training.intervals import DRAWS, Observed, with_intervals
from noisefilter.training.sentences import CLASS_OF, fit_sentences, predict_sentences, sentence_examples
from noisefilter.training.thresholds import choose_thresholds
from noisefilter.types import Page
from noisefilter.vectors import load_vectors
from shared_corpus import Corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from noisefilter.training.articles import ArticleExample
    from noisefilter.training.corpora import LabelledPage
    from noisefilter.training.sentences import SentenceExample
    from noisefilter.vectors import VectorTable

    Values = NDArray[np.float64]

SPLITS = ("train", "tune", "val")
#: Rarity, in nats, from which a word is masked: met in fewer than one article of 55.
MASKED_IDF = 4.0
NAME, WORD, DIGIT = "Zorvane", "zorvane", "7"


@dataclass(frozen=True)
class Judged:
    """Everything that is judged, of all splits: the folds, not the splits, keep apart here."""

    sentences: list[SentenceExample]
    articles: list[ArticleExample]
    masked: dict[str, ArticleExample]  # by id and source
    weak: list[ArticleExample]


@dataclass(frozen=True)
class FoldResult:
    """What classifiers that had not seen a fold's sites say of it."""

    sentences: list[Values]
    articles: Values
    masked: Values
    weak: Values
    drop: float


def read_judged(corpus: Corpus, vectors: VectorTable) -> Judged:
    """Examples of all judged sentences and articles, and of articles with a label by provenance."""
    pages = [page for split in SPLITS for page in (*corpus.wcxb_pages(split), *corpus.judged_texts(split))]
    pages = [page for page in pages if page.noise is not None]
    masked = article_examples([mask_topic(page, vectors) for page in pages], vectors)
    weak = [
        replace(page, noise=3.0 if name == "lowvalue" else 0.0, weight=WEAK_WEIGHT)
        for split in SPLITS for name in TEXT_FILES for page in corpus.texts(name, split, WEAK_A_SOURCE)
    ]  # fmt: skip
    return Judged(
        sentence_examples([page for split in SPLITS for page in corpus.judged_sentences(split)], vectors),
        article_examples(pages, vectors), {key(example): example for example in masked},
        article_examples(weak, vectors, judged=False),
    )  # fmt: skip


def key(example: ArticleExample) -> str:
    """Names an article, since two sources may share an id."""
    return f"{example.source} {example.id}"


def mask_topic(page: LabelledPage, vectors: VectorTable) -> LabelledPage:
    """The article with its names, numbers and topic words made unrecognisable; manner, form and length stay."""
    text, title = article_text(page)
    masked_title = mask_text(title, vectors) if title else None
    return replace(
        page, page=Page(mask_text(text, vectors), title=masked_title, format="text"), main_text=None, spans=None,
        sentences=None,
    )  # fmt: skip


def mask_text(text: str, vectors: VectorTable) -> str:
    """Capitalised words inside sentences, digits and rare words replaced."""
    page = split_blocks(read_page(Page(text, format="text")))
    if not page.text:
        return text
    tokens = tokenize(page.text, vectors)
    opening = {start for start, _, _ in split_sentences(page)}
    parts, done = [], 0
    rarity = vectors.idf[tokens.ids]
    rows = zip(
        tokens.start.tolist(),
        tokens.end.tolist(),
        tokens.title.tolist(),
        tokens.stop.tolist(),
        rarity.tolist(),
        strict=True,
    )
    for start, end, capital, stop, rare in rows:
        word = page.text[start:end]
        if any(map(str.isdigit, word)):
            new = "".join(DIGIT if character.isdigit() else character for character in word)
        elif stop or (rare < MASKED_IDF and not (capital and start not in opening)):
            continue
        else:
            new = NAME if capital else WORD
        parts += [page.text[done:start], new]
        done = end
    return "".join([*parts, page.text[done:]])


def judge_fold(fold: int, judged: Judged) -> FoldResult:
    """Fits on the sites outside of the fold and judges those inside."""

    def inside(site: str) -> bool:
        return outer_fold(site) == fold

    with threadpool_limits(1):
        outside = [example for example in judged.articles if not inside(example.site)]
        kinds, folds = fit_sentences(
            [example for example in judged.sentences if not inside(example.site) and not calibrates(example.site)]
        )
        weak = [example for example in judged.weak if not inside(example.site) and not calibrates(example.site)]
        fit = [example for example in outside if not calibrates(example.site)]
        tune = [example for example in outside if calibrates(example.site)]
        models = {**kinds, **fit_articles([*fit, *weak], tune, kinds, folds)}
        drop = choose_thresholds(models, {"articles": tune})["drop"]
        own = [example for example in judged.articles if inside(example.site)]
        return FoldResult(
            [predict_sentences(example, models) for example in judged.sentences if inside(example.site)],
            _predict(own, models), _predict([judged.masked.get(key(example), example) for example in own], models),
            _predict([example for example in judged.weak if inside(example.site)], models), drop,
        )  # fmt: skip


def _predict(examples: Sequence[ArticleExample], models: dict[str, Values]) -> Values:
    return predict_articles(examples, models) if examples else np.zeros(0)


def interval(figure: Callable[[Values], float], columns: Values, sites: Sequence[str]) -> str:
    """A figure over rows of (rows, n), and 95% of what it comes to with sites drawn again; draws that leave one class are left out."""

    def figures(rows: Values) -> dict[str, float]:
        try:
            return {"figure": figure(rows)}
        except ValueError:  # one class only
            return {}

    observed = [Observed(site, str(row), columns[row : row + 1]) for row, site in enumerate(sites)]
    found = with_intervals(observed, figures)
    low, high = (found.get(f"figure{end}", np.nan) for end in (LOW, HIGH))
    return f"{found['figure']:.3f} ({low:.3f}-{high:.3f})"


def auc(rows: Values) -> float:
    """Area under the curve of (rows, 2): truth, probability."""
    return float(roc_auc_score(rows[:, 0], rows[:, 1]))


def print_sentences(judged: Judged, results: Sequence[FoldResult]) -> None:
    """AUC and average precision of each kind."""
    examples = _by_fold(judged.sentences)
    said = np.concatenate([values for result in results for values in result.sentences])
    classes = np.concatenate([example.classes for example in examples])
    sites = [example.site for example in examples for _ in range(len(example.classes))]
    known = classes.sum(axis=1) > 0
    said, classes = said[known], classes[known]
    sites = [site for site, told in zip(sites, known, strict=True) if told]
    for letter, name in (("F", "filler"), ("P", "promotion"), ("B", "boilerplate")):
        column = CLASS_OF[letter]
        rows = np.column_stack([classes[:, column] >= 0.5, said[:, column]])
        precision = interval(lambda drawn: float(average_precision_score(drawn[:, 0], drawn[:, 1])), rows, sites)
        print(f"{name:12} {int(rows[:, 0].sum()):5} of {len(rows)}   AUC {interval(auc, rows, sites)}   AP {precision}")


def _by_fold(examples: Sequence[SentenceExample]) -> list[SentenceExample]:
    return [example for fold in range(FOLDS) for example in examples if outer_fold(example.site) == fold]


def print_articles(judged: Judged, results: Sequence[FoldResult]) -> None:
    """Noise of the judged articles of WCXB and of the texts, whole and masked; the threshold of "drop"."""
    examples = [example for fold in range(FOLDS) for example in judged.articles if outer_fold(example.site) == fold]
    values, masked = (np.concatenate([getattr(result, name) for result in results]) for name in ("articles", "masked"))
    drops = np.concatenate([np.full(len(result.articles), result.drop) for result in results])
    truth = np.array([example.noise >= POSITIVE for example in examples])
    wcxb = np.array([example.source == "wcxb" for example in examples])
    for name, chosen in (("wcxb", wcxb), ("texts", ~wcxb)):
        sites = [example.site for example, own in zip(examples, chosen, strict=True) if own]
        print(f"\nnoise, {name}: {int(truth[chosen].sum())} of {int(chosen.sum())}")
        _print_noise(truth[chosen], values[chosen], masked[chosen], (values >= drops)[chosen], sites)
    farms = {example.source for example in judged.weak if example.noise >= POSITIVE}
    kept = np.array([example.source in farms and example.noise <= 1 for example in examples])
    dropped = int((values >= drops)[kept].sum())
    print(
        f"\nfarm texts judged 1 or less: {dropped} of {int(kept.sum())} dropped ({_wilson(dropped, int(kept.sum()))})"
    )


def _print_noise(
    truth: NDArray[np.bool_], values: Values, masked: Values, dropped: NDArray[np.bool_], sites: Sequence[str]
) -> None:
    print("  AUC                ", interval(auc, np.column_stack([truth, values]), sites))
    print("  AUC, topic masked  ", interval(auc, np.column_stack([truth, masked]), sites))
    print(
        f"  calibration error   {calibration_error(values, truth):.3f}; of a perfect model {_perfect_error(values):.3f}"
    )
    both = np.column_stack([truth, dropped]).astype(float)
    precision = interval(lambda rows: float(rows[rows[:, 1] > 0, 0].mean()), both, sites)
    print(f"  drop: precision     {precision} of {int(dropped.sum())}")
    print("  drop: recall       ", interval(lambda rows: float(rows[rows[:, 0] > 0, 1].mean()), both, sites))


def _perfect_error(values: Values) -> float:
    """Calibration error of a model whose probabilities are true, on as many articles."""
    random = np.random.default_rng(0)
    return float(np.mean([calibration_error(values, random.random(len(values)) < values) for _ in range(DRAWS)]))


def _wilson(hits: int, count: int) -> str:
    share, z = hits / max(count, 1), 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    width = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return f"{middle - width:.2f}-{middle + width:.2f}"


def print_weak(judged: Judged, results: Sequence[FoldResult]) -> None:
    """Farms against clean sources, and the sources of which more than one article in a hundred is dropped."""
    examples = [example for fold in range(FOLDS) for example in judged.weak if outer_fold(example.site) == fold]
    values = np.concatenate([result.weak for result in results])
    dropped = values >= np.concatenate([np.full(len(result.weak), result.drop) for result in results])
    truth = np.array([example.noise >= POSITIVE for example in examples])
    sites = [example.site for example in examples]
    print("\nfarms against clean: AUC", interval(auc, np.column_stack([truth, values]), sites))
    by_source = defaultdict(list)
    for example, out in zip(examples, dropped.tolist(), strict=True):
        by_source[example.source].append((example.noise >= POSITIVE, out))
    for source, rows in sorted(by_source.items()):
        share = float(np.mean([out for _, out in rows]))
        if rows[0][0] or share > 0.01:
            print(f"  {'farm ' if rows[0][0] else 'clean'} {source:28} {share:.3f} of {len(rows)} dropped")


def main() -> None:
    """Read, judge each fold, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    options = parser.parse_args()
    judged = read_judged(Corpus(options.corpus), load_vectors(models_folder() / VECTORS))
    # one after the other: what is measured of the articles takes gigabytes, too much to hand to processes
    results = [judge_fold(fold, judged) for fold in range(FOLDS)]
    print_sentences(judged, results)
    print_articles(judged, results)
    print_weak(judged, results)


if __name__ == "__main__":
    main()
