"""Pages → one row of named columns each: a scikit-learn transformer, to put your own classifier on top."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from collections.abc import Set as AbstractSet
from functools import partial
from math import prod
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self

import narwhals as nw
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from noisefilter.api import score_many
from noisefilter.article.columns import NOISE_COLUMNS
from noisefilter.kinds import KINDS
from noisefilter.page import as_page
from noisefilter.types import NUMBERS, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from sklearn.utils import Tags

    from noisefilter.kinds import Kind
    from noisefilter.model import Model
    from noisefilter.types import Score


def article_words(score: Score) -> int:
    """Words of the article: of the visible text without boilerplate."""
    return len(score.clean({"boilerplate"}).split())


def log_words(score: Score) -> float:
    """Logarithm of 1 + the words of the article."""
    return float(np.log1p(article_words(score)))


def promotion(score: Score) -> float:
    """Expected share of the article's characters that promote; a score has this for sentences only."""
    article = sum((sentence.end - sentence.start) * (1 - sentence.boilerplate) for sentence in score.sentences)
    promoting = sum((sentence.end - sentence.start) * sentence.promotion for sentence in score.sentences)
    return promoting / max(article, 1.0)


def highest(score: Score, kind: Kind) -> float:
    """Highest probability of the kind in any sentence: a single insertion hardly moves a mean."""
    return max((getattr(sentence, kind) for sentence in score.sentences), default=0.0)


def span_rate(score: Score, kind: Kind) -> float:
    """Spans of the kind per 1,000 words of the article."""
    return 1000 * sum(span.kind == kind for span in score.spans) / max(article_words(score), 1)


#: Columns from a page's score: name, and function that gives the value if the page's status is "ok".
SCORE_FEATURES: tuple[tuple[str, Callable[[Score], float]], ...] = (
    *((name, attrgetter(name)) for name in NUMBERS),
    ("promotion", promotion),
    *((f"highest_{kind}", partial(highest, kind=kind)) for kind, entry in KINDS.items() if not entry.around),
    ("log_words", log_words),
    *((f"{kind}_spans", partial(span_rate, kind=kind)) for kind in KINDS),
)
#: The article classifier's inputs as columns; the prefix tells its `filler` (of all sentences alike) from the score's.
MEASURES = tuple(f"measure_{name}" for name in NOISE_COLUMNS)
COLUMNS = (*(name for name, _ in SCORE_FEATURES), *MEASURES)


class ArticleFeatures(TransformerMixin, BaseEstimator):
    """noisefilter's measurements of pages, one row per page: (pages, columns) of float64.

    The columns are values of the `Score` (`noise`, `filler`, `off_topic`, `boilerplate`, `promotion`, the highest
    probabilities of its sentences, `log_words`, spans of each kind per 1,000 words of the article) and, as
    `measure_...`, the inputs of `noise`. A page without a score (its status is not "ok") gives a row of NaN, never an
    error: add an imputer, or use a classifier that takes missing values, such as `HistGradientBoostingClassifier`.

    Nothing is learned from the pages, so features of all of them may be computed once, before any split.

    Args:
        model: a loaded `Model`, "fast", or the path of a folder; the shipped model with the reader by default. A name
            or path is cheaper to clone and to pickle.
        language: ISO 639-1 code of the articles, if known; otherwise it is detected. Only English is judged.
        jobs: worker processes; -1 for one per core.
        thresholds: as for `noisefilter.score`; they move the spans, and `{"not_article": 1.0}` also scores pages that
            are no articles.

    >>> features = ArticleFeatures().transform(["Too little to say."])
    >>> features.shape == (1, ArticleFeatures().n_features_out_), bool(np.isnan(features).all())
    (True, True)
    """

    def __init__(
        self,
        model: Model | str | Path | None = None,
        language: str | None = None,
        jobs: int = 1,
        *,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        self.model = model
        self.language = language
        self.jobs = jobs
        self.thresholds = thresholds

    def fit(self, X: object, y: object = None) -> Self:  # noqa: ARG002, N803 - scikit-learn's names
        """Check the parameters and the pages' types; nothing is learned, and no page is scored.

        Raises:
            TypeError: a parameter of the wrong type, or pages as for `transform`.
            ValueError: an unknown threshold, invalid `jobs`, or pages as for `transform`.
            ModelError: the path holds no model.
        """
        self._scores([])  # checks
        read_pages(X)
        return self

    def transform(self, X: object) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """The features: (pages, columns), rows in page order, columns as in `get_feature_names_out`.

        Args:
            X: pages, each HTML or plain text as str or bytes, or a `Page`: a list, an array, a Series, or a frame or
                array of one column. A missing cell is an empty page.

        Raises:
            TypeError: `X` is one page or not a sequence, or a page has the wrong type.
            ValueError: `X` has more than one column.
        """
        rows = [features_of(score) for score in self._scores(read_pages(X))]
        return np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS))

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's name
        """Names of the columns; `input_features` is ignored."""
        return np.array(COLUMNS, dtype=object)

    @property
    def n_features_out_(self) -> int:
        """How many columns there are."""
        return len(COLUMNS)

    def __sklearn_tags__(self) -> Tags:
        """The input is pages, not numeric matrices; scikit-learn's checks with such matrices are skipped."""
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = tags.input_tags.string = tags.input_tags.allow_nan = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        tags.requires_fit = False
        return tags

    def _scores(self, pages: Sequence[Page]) -> Iterator[Score]:
        """The pages' scores, in order; the parameters are checked immediately."""
        return score_many(pages, jobs=self.jobs, language=self.language, thresholds=self.thresholds, model=self.model)


def features_of(score: Score) -> list[float]:
    """A page's row, as `COLUMNS` names it; NaN throughout if the page has no score."""
    if score.status != "ok":
        return [np.nan] * len(COLUMNS)
    measures = dict(score.measures)
    return [*(feature(score) for _, feature in SCORE_FEATURES), *(measures[name] for name in NOISE_COLUMNS)]


def read_pages(X: object) -> list[Page]:  # noqa: N803 - scikit-learn's name
    """The pages in scikit-learn's `X`.

    Raises:
        TypeError: it is one page or not a sequence, or a page is neither str, bytes nor Page.
        ValueError: it has more than one column.
    """
    pages = []
    for row, cell in enumerate(_cells(X)):
        try:
            pages.append(as_page("" if _is_missing(cell) else cell))
        except TypeError as error:
            raise TypeError(f"row {row}: {error}") from error
    return pages


def _is_missing(cell: object) -> bool:
    """Whether it is None, NaN of any float type, or pandas' NA or NaT."""
    if cell is None or type(cell).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(cell, float | np.floating) and bool(np.isnan(cell))


def _cells(X: object) -> list[Any]:  # noqa: N803 - scikit-learn's name
    """One cell per row, None for what the dataframe library calls missing."""
    if isinstance(X, str | bytes | bytearray | memoryview | Mapping | AbstractSet) or not isinstance(X, Sized):
        raise TypeError(f"X must be a sequence of pages, not {type(X).__name__}")
    if isinstance(X, np.ndarray):
        return _one_column(X, prod(X.shape[1:])).ravel().tolist()
    data: Any = nw.from_native(X, eager_only=True, allow_series=True, pass_through=True)
    if isinstance(data, nw.DataFrame):
        data = _one_column(data, len(data.columns)).get_column(data.columns[0])
    if isinstance(data, nw.Series):
        return [None if gone else cell for cell, gone in zip(data.to_list(), data.is_null().to_list(), strict=True)]
    return list(data)


def _one_column(data: Any, columns: int) -> Any:  # noqa: ANN401 - a frame or an array
    """The data; ValueError unless it has exactly one column."""
    if columns != 1:
        raise ValueError(f"X must have one column, the pages, not {columns}")
    return data
