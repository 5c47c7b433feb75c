"""What is learned from which pages and measured on which others: the legs of `carry_over.py`, and how a figure is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from sklearn.linear_model import LogisticRegression

from noisefilter.fit import FOLDS, fold_of
from noisefilter.learn.intervals import Observed, with_intervals
from noisefilter.report.figures import HIGH, LOW
from shared_corpus import BLOGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import scipy.sparse as sp

    from noisefilter.arrays import Matrix

#: Folds of `fold_of` are used inside the training; other ones are drawn here, so that the two do not go in step.
SALT = "outer:"
BY_SITE = "by site"


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
    from scipy.sparse import vstack  # noqa: PLC0415 - beside the type of the same module

    truth = np.repeat([1, 0], len(target))
    counts = np.concatenate([target, 1 - target])
    kept = counts > 0
    model = LogisticRegression(C=c, max_iter=3000)
    return model.fit(vstack([rows, rows]).tocsr()[kept], truth[kept], sample_weight=counts[kept])


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
