"""Matrices → probabilities: networks that scikit-learn fitted, rebuilt from a model's arrays.

Training calls the same functions with the estimators it has just fitted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noisefilter.article import judge as article
from noisefilter.blocks import judge as blocks
from noisefilter.insertions import judge as insertions
from noisefilter.insertions import reading
from noisefilter.sentences import judge as sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noisefilter.reader.session import Reader


#: Network → names of the columns that it reads.
INPUTS = {**blocks.INPUTS, **sentences.INPUTS, **insertions.INPUTS, **reading.INPUTS, **article.INPUTS}


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """The estimators of a model."""

    blocks: blocks.BlockScorer
    articles: article.ArticleScorer


def features_digest() -> str:
    """SHA-256 of the names of all columns that the networks read, in order: a model's weights refer to these."""
    names = [f"{network} {name}" for network, columns in INPUTS.items() for name in columns]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def build_scorer(arrays: Mapping[str, NDArray[np.floating[Any]]], reader: Reader | None = None) -> Scorer:
    """The estimators that the arrays describe, with a reader or without."""
    wide = {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}
    return Scorer(blocks.build_block_scorer(wide), article.build_article_scorer(wide, reader))
