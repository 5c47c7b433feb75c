"""Matrices → probabilities: networks that scikit-learn fitted, built again from a model's arrays.

Training calls the same functions with the estimators it has just fitted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noisefilter.article.columns import NOISE_MEASURES
from noisefilter.article.judge import ArticleScorer, build_article_scorer
from noisefilter.blocks.columns import TEXT_FEATURES
from noisefilter.blocks.judge import BlockScorer, build_block_scorer
from noisefilter.blocks.markup import MARKUP_FEATURES, VOTE_FEATURES
from noisefilter.insertions.columns import INSERTION_COLUMNS
from noisefilter.insertions.judge import PAGE_NAMES
from noisefilter.insertions.passages import PASSAGE_NAMES, TOKEN_NAMES
from noisefilter.insertions.reading import CLASS_NAMES, FOREIGN_NAMES
from noisefilter.sentences.aggregates import ARTICLE_FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noisefilter.reader.session import Reader


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """The estimators of a model."""

    blocks: BlockScorer
    articles: ArticleScorer


def features_digest() -> str:
    """SHA-256 of the names of all features in column order: what a model's weights refer to."""
    blocks = [*TEXT_FEATURES.names, *MARKUP_FEATURES.names, *VOTE_FEATURES.names]
    articles = [*PAGE_NAMES, *ARTICLE_FEATURES, *NOISE_MEASURES]
    names = [*blocks, *INSERTION_COLUMNS, *TOKEN_NAMES, *PASSAGE_NAMES, *articles, *FOREIGN_NAMES, *CLASS_NAMES]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def build_scorer(arrays: Mapping[str, NDArray[np.floating[Any]]], reader: Reader | None = None) -> Scorer:
    """The estimators that the arrays describe, with a reader or without."""
    wide = {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}
    return Scorer(build_block_scorer(wide), build_article_scorer(wide, reader))
