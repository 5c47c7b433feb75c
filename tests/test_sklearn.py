"""`ArticleFeatures`: the columns, the pages that have none, and scikit-learn's contract."""

from __future__ import annotations

import pickle
import runpy
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_array, check_is_fitted

from noisefilter import ModelError, Page, score
from noisefilter.sklearn import COLUMNS, SCORE_FEATURES, ArticleFeatures
from tests.making import ARTICLE, CORPUS, HTML_ARTICLE, SLUICE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.utils import Tags

    from noisefilter.labels import LabelledPage

UNSCORED = ["", "Rain fell.", b"%PDF-1.7", "Es regnet seit Tagen im ganzen Land, und niemand hat es kommen sehen. " * 9]
CELLS = [HTML_ARTICLE, "Rain fell.", ARTICLE]


@pytest.fixture(scope="module")
def pages(corpus: list[LabelledPage]) -> list[Page]:
    return [labelled.page for labelled in corpus[::3]]


@pytest.fixture(scope="module")
def farms(corpus: list[LabelledPage]) -> list[bool]:
    return [(labelled.noise or 0) >= 2 for labelled in corpus[::3]]


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float64]:
    """Features of `CELLS`."""
    return ArticleFeatures().transform(CELLS)


def classifier() -> Pipeline:
    return make_pipeline(ArticleFeatures(), SimpleImputer(), StandardScaler(), LogisticRegression())


def column(features: NDArray[np.float64], name: str) -> list[float]:
    return features[:, COLUMNS.index(name)].tolist()


# The columns


def test_columns_are_named_once_each_and_in_the_order_of_the_values(pages, corpus_scores):
    features = ArticleFeatures().fit_transform(pages)
    scores = corpus_scores[::3]
    assert features.shape == (len(pages), len(set(COLUMNS)))
    for name in ("noise", "filler", "off_topic", "boilerplate"):
        assert column(features, name) == [getattr(found, name) for found in scores]
    assert column(features, "measure_wording") == [dict(found.measures)["wording"] for found in scores]


@pytest.mark.parametrize("kind", ["boilerplate", "promotion", "off_topic", "filler"])
def test_spans_are_counted_by_a_thousand_words_of_the_article(kind, corpus_scores):
    found = corpus_scores[0]
    rate = dict(SCORE_FEATURES)[f"{kind}_spans"](found)
    words = len(found.clean({"boilerplate"}).split())
    assert rate * words / 1000 == pytest.approx(sum(span.kind == kind for span in found.spans))
    assert rate > 0


def test_what_is_added_to_an_article_moves_its_column(rows):
    advert = "Click the link below to buy our award-winning boots now and save 20% today, for a limited time only!"
    adverts = ArticleFeatures().transform([f"{ARTICLE}\n\n{advert} {advert}"])
    for name in ("promotion", "highest_promotion", "log_words"):
        assert column(adverts, name)[0] > column(rows, name)[2]


def test_thresholds_move_the_spans_and_not_the_noise(pages):
    usual, eager = (ArticleFeatures(thresholds=limits).transform(pages[:4]) for limits in (None, {"filler": 0.2}))
    assert sum(column(eager, "filler_spans")) > sum(column(usual, "filler_spans"))
    assert column(eager, "noise") == column(usual, "noise")


# Pages without a score


def test_a_page_without_a_score_is_a_row_of_nan_and_leaves_the_others_alone(rows):
    mixed = ArticleFeatures().fit_transform([*UNSCORED, HTML_ARTICLE, None, float("nan"), ARTICLE])
    assert np.isnan(mixed).all(axis=1).tolist() == [True] * len(UNSCORED) + [False, True, True, False]
    assert np.array_equal(mixed[[4, 7]], rows[[0, 2]])
    assert not np.isnan(mixed[[4, 7]]).any()


def test_what_is_no_article_is_scored_if_the_threshold_says_so():
    goods = "".join(
        f"<div><h3><a href='/p/{n}'>Blue kettle number {n} with a lid</a></h3><b>$ {n}.99</b></div>" for n in range(80)
    )
    listing = f"<html><body>{goods}</body></html>"
    assert score(listing).status == "not_article"
    assert np.isnan(ArticleFeatures().transform([listing])).all()
    assert not np.isnan(ArticleFeatures(thresholds={"not_article": 1.0}).transform([listing])).any()


def test_a_language_that_is_named_is_taken_at_its_word():
    assert np.isnan(ArticleFeatures(language="de").transform([ARTICLE])).all()


def test_no_pages_are_no_rows():
    assert ArticleFeatures().fit_transform([]).shape == (0, len(COLUMNS))
    assert ArticleFeatures().fit_transform(np.array([], dtype=object)).shape == (0, len(COLUMNS))


def test_a_classifier_that_takes_missing_values_needs_no_imputer(pages, farms):
    boosting = make_pipeline(ArticleFeatures(), HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=2))
    boosting.fit([*pages, "Rain fell."], [*farms, False])
    assert boosting.predict_proba([*pages, "Rain fell."]).shape == (len(pages) + 1, 2)


# What may be handed over


@pytest.mark.parametrize(
    "cells",
    [
        tuple(CELLS),
        [cell.encode() for cell in CELLS],
        [Page(cell, "http://news.example/") for cell in CELLS],
        np.array(CELLS),
        np.array([cell.encode() for cell in CELLS]),
        np.array(CELLS, dtype=object)[:, None],
    ],
    ids=["tuple", "bytes", "pages", "array of str", "array of bytes", "one column"],
)
def test_any_sequence_of_pages_gives_the_same_rows(cells, rows):
    assert np.array_equal(ArticleFeatures().fit(cells).transform(cells), rows, equal_nan=True)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_series_or_a_frame_of_one_column_gives_the_same_rows(library, rows):
    module = pytest.importorskip(library)
    frame_of = module.table if library == "pyarrow" else module.DataFrame
    frame = frame_of({"html": [*CELLS, None]})
    for cells in (frame, frame["html"]):
        features = ArticleFeatures().fit_transform(cells)
        assert np.array_equal(features[:3], rows, equal_nan=True)
        assert np.isnan(features[3]).all()
    with pytest.raises(ValueError, match="one column, the pages, not 2"):
        ArticleFeatures().fit(frame_of({"html": CELLS, "title": CELLS}))


@pytest.mark.parametrize("missing", [None, float("nan"), np.float32("nan"), "pandas.NA", "pandas.NaT"])
def test_a_missing_cell_of_a_list_is_a_row_of_nan(missing):
    if isinstance(missing, str):
        missing = getattr(pytest.importorskip("pandas"), missing.removeprefix("pandas."))
    features = ArticleFeatures(model="fast").transform([ARTICLE, missing])
    assert np.isnan(features).all(axis=1).tolist() == [False, True]


@pytest.mark.parametrize("one", [ARTICLE, ARTICLE.encode(), Page(ARTICLE), {"html": ARTICLE}, iter([ARTICLE]), 7, None])
def test_what_is_no_sequence_of_pages_is_refused(one):
    for method in (ArticleFeatures().fit, ArticleFeatures().transform):
        with pytest.raises(TypeError, match="X must be a sequence of pages, not"):
            method(one)


def test_a_cell_that_is_no_page_is_named_by_its_row():
    with pytest.raises(TypeError, match="row 1: a page must be bytes or str, not int"):
        ArticleFeatures().fit([ARTICLE, 7])


def test_an_array_of_two_columns_is_refused():
    with pytest.raises(ValueError, match="X must have one column, the pages, not 2"):
        ArticleFeatures().fit(np.array([CELLS, CELLS]).T)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"thresholds": {"dull": 0.5}}, ValueError),
        ({"jobs": 0}, ValueError),
        ({"language": 1}, TypeError),
        ({"model": 1}, TypeError),
        ({"model": "no/such/folder"}, ModelError),
    ],
)
def test_fit_says_which_parameter_is_wrong(options, error):
    with pytest.raises(error):
        ArticleFeatures(**options).fit([ARTICLE])


# scikit-learn's contract


class OfRows(ArticleFeatures):
    """Rows of numbers, as scikit-learn's checks have them, as texts: what the checks say of it holds for `ArticleFeatures`."""

    def fit(self, X, y=None):  # noqa: N803
        return super().fit(self.texts(X), y)

    def transform(self, X):  # noqa: N803
        return super().transform(self.texts(X))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array, tags.input_tags.two_d_array = False, True
        return tags

    @staticmethod
    def texts(X) -> list[str]:  # noqa: N803
        start = " ".join(SLUICE[:3])
        rows = check_array(X, ensure_all_finite=False)
        return [
            " ".join([start, *(f"Gauge {number} read {value:.3f} at noon." for number, value in enumerate(row))])
            for row in rows
        ]


NO_COLUMNS_IN = "pages have no columns, so there is no n_features_in_, as with scikit-learn's own vectorizers of texts"


@parametrize_with_checks(
    [OfRows()],
    expected_failed_checks=lambda _: {
        "check_n_features_in": NO_COLUMNS_IN,
        "check_n_features_in_after_fitting": NO_COLUMNS_IN,
    },
)
def test_scikit_learns_own_checks_hold(estimator, check):
    check(estimator)


def test_parameters_are_kept_set_and_cloned(model):
    features = ArticleFeatures(model=model, language="en", jobs=2, thresholds={"filler": 0.5})
    assert features.get_params() == {"model": model, "language": "en", "jobs": 2, "thresholds": {"filler": 0.5}}
    assert clone(features).set_params(model=None).get_params() == {**features.get_params(), "model": None}


def test_nothing_is_learned_so_nothing_has_to_be_fitted(rows):
    features = ArticleFeatures()
    try:
        check_is_fitted(features)
    except NotFittedError:
        pytest.fail("it wants to be fitted")
    assert not get_tags(features).requires_fit
    assert features.get_feature_names_out().tolist() == list(COLUMNS)
    assert features.n_features_out_ == rows.shape[1]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_output_is_a_frame_where_one_is_wanted(library, rows):
    module = pytest.importorskip(library)
    frame = ArticleFeatures().set_output(transform=library).fit_transform(CELLS)
    assert isinstance(frame, module.DataFrame)
    assert list(frame.columns) == list(COLUMNS)
    assert np.array_equal(frame.to_numpy(), rows, equal_nan=True)


def test_a_frame_keeps_the_index_of_a_series():
    pandas = pytest.importorskip("pandas")
    series = pandas.Series(CELLS, index=["c", "a", "b"])
    assert list(ArticleFeatures().set_output(transform="pandas").transform(series).index) == ["c", "a", "b"]


@pytest.mark.parametrize("chosen", ["html", ["html"]])
def test_a_column_of_a_frame_is_read_beside_others(chosen, rows):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"html": CELLS, "shares": [3, 1, 2]}, index=[7, 5, 6])
    both = ColumnTransformer([("page", ArticleFeatures(), chosen), ("count", "passthrough", ["shares"])])
    found = both.set_output(transform="pandas").fit_transform(frame)
    assert found["count__shares"].to_list() == [3, 1, 2]
    assert np.array_equal(found["page__noise"], rows[:, COLUMNS.index("noise")], equal_nan=True)


def test_a_pipeline_learns_from_pages_and_survives_a_pickle(pages, farms, model_path):
    pipeline = classifier().set_params(articlefeatures__model=model_path).fit(pages, farms)
    again = pickle.loads(pickle.dumps(pipeline))  # noqa: S301 - our own
    assert np.array_equal(again.predict_proba(pages), pipeline.predict_proba(pages))
    assert pipeline.score(pages, farms) > 0.9


def test_a_classifier_is_validated_on_sites_that_it_has_not_seen(corpus):
    pages, farms = [labelled.page for labelled in corpus], [(labelled.noise or 0) >= 2 for labelled in corpus]
    sites = [labelled.site for labelled in corpus]
    accuracy = cross_val_score(classifier(), pages, farms, groups=sites, cv=GroupKFold(2), error_score="raise")
    assert accuracy.mean() > 0.6  # half of them are farms


def test_a_grid_search_reaches_the_parameters(pages, farms):
    grid = {"articlefeatures__thresholds": [None, {"off_topic": 0.2}], "logisticregression__C": [0.1]}
    search = GridSearchCV(classifier(), grid, cv=2, error_score="raise").fit(pages, farms)
    assert search.best_params_.keys() == grid.keys()


def test_a_model_may_be_given_itself_or_by_its_path(model, model_path, rows):
    for given in (model, model_path, str(model_path)):
        assert np.array_equal(ArticleFeatures(model=given).transform(CELLS), rows, equal_nan=True)


# The example


def example() -> tuple[str, str]:
    """The code of `docs/sklearn.md`, and what it says that it prints."""
    parts = (CORPUS.parent / "docs" / "sklearn.md").read_text(encoding="utf8").split("```")
    code, printed = parts[1].removeprefix("python\n"), parts[3].removeprefix("text\n")
    return code, printed


def test_the_example_prints_what_the_page_says(tmp_path, monkeypatch, capsys):
    code, printed = example()
    (tmp_path / "example.py").write_text(code, encoding="utf8")
    monkeypatch.chdir(CORPUS.parent)
    runpy.run_path(str(tmp_path / "example.py"))
    assert capsys.readouterr().out == printed


def test_the_page_names_every_column():
    page = (CORPUS.parent / "docs" / "sklearn.md").read_text(encoding="utf8")
    assert [name for name, _ in SCORE_FEATURES if f"`{name}`" not in page] == []
