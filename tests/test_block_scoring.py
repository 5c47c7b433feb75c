"""The block classifiers' arithmetic: who is asked, what is spared, how perceptrons are averaged."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from noisefilter.blocks.judge import LOWEST_CUT, expected_loss, spare_doubtful
from noisefilter.blocks.vote import Vote
from noisefilter.fit import SEED, arrays_of, fit_network, fit_softmax
from noisefilter.html.walk import split_lines
from noisefilter.model import Model, as_model, scorer
from noisefilter.networks import Network, build_network, logit
from tests.making import ARTICLE, HTML_ARTICLE, blocks_of, walk

WORDS = np.array([50.0, 50.0, 50.0, 50.0])


def test_a_sure_page_loses_little_and_a_doubtful_one_much():
    sure, doubtful = np.array([-6.0, -6.0, 6.0, 6.0]), np.array([-0.2, 0.2, 0.1, -0.1])
    assert expected_loss(sure, WORDS) < 0.01
    assert expected_loss(doubtful, WORDS) > 0.3


def test_a_page_on_which_nothing_is_kept_is_in_doubt():
    assert expected_loss(np.array([2.0, 2.0]), WORDS[:2]) == 1.0


def test_a_sure_page_is_left_as_it_is():
    logits = np.array([-6.0, -5.0, 6.0, 5.0])
    assert spare_doubtful(logits, WORDS) == pytest.approx(1 / (1 + np.exp(-logits)))


def test_a_doubtful_page_keeps_what_is_likeliest_to_be_its_article():
    logits = np.array([0.4, 0.5, 3.0, 4.0])
    spared = spare_doubtful(logits, WORDS)
    assert spared[0] <= spared[1] <= LOWEST_CUT < spared[2] < spared[3]
    assert (np.diff(spared) > 0).all()
    assert (spared <= 1 / (1 + np.exp(-logits)) + 1e-9).all()


def test_no_blocks_are_spared_to_no_blocks():
    assert len(spare_doubtful(np.zeros(0), np.zeros(0))) == 0


def test_trafilatura_is_not_asked_about_a_doubtful_page_that_is_hardly_an_article(
    model: Model, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("noisefilter.blocks.judge.DOUBT", -1.0)
    monkeypatch.setattr("noisefilter.blocks.judge.LEAST_ARTICLE", 1.01)
    assert not scorer(model).blocks.judge([blocks_of(walk(HTML_ARTICLE))])[0].is_doubtful


@pytest.mark.parametrize(("doubt", "asks"), [(-1.0, True), (1.0, False)], ids=["in doubt", "sure"])
def test_trafilatura_is_asked_in_doubt_only_and_its_vote_counts(
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
    doubt: float,
    asks: bool,  # noqa: FBT001 - a case
):
    table = blocks_of(walk(HTML_ARTICLE))
    monkeypatch.setattr("noisefilter.blocks.judge.DOUBT", doubt)
    blocks = scorer(model).blocks
    judged = blocks.judge([table])
    assert judged[0].is_doubtful is asks
    votes = [Vote((share,) * len(table), 1.0) for share in (0.0, 1.0)]
    against, for_it = (blocks.scores(blocks.judge_again(judged, [vote]))[0].boilerplate.tolist() for vote in votes)
    assert (against != for_it) is asks


def test_trafilatura_is_not_asked_about_plain_text(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("noisefilter.blocks.judge.DOUBT", -1.0)
    blocks = scorer(as_model()).blocks
    judged = blocks.judge([blocks_of(split_lines(ARTICLE))])
    assert not judged[0].is_doubtful
    assert blocks.scores(judged)[0].page_type is None


def test_a_page_is_judged_the_same_beside_others(model: Model):
    tables = [blocks_of(walk(HTML_ARTICLE)), blocks_of(split_lines(ARTICLE)), blocks_of(walk("<p>Rain</p><p>Sun</p>"))]
    blocks = scorer(model).blocks
    together = blocks.scores(blocks.judge(tables))
    for table, score in zip(tables, together, strict=True):
        alone = blocks.scores(blocks.judge([table]))[0]
        assert alone.boilerplate.tolist() == score.boilerplate.tolist()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("hidden", [(6,), (5, 3)])
def test_a_perceptron_says_to_the_last_bit_what_scikit_learns_says(classes, hidden):
    random = np.random.default_rng(3)
    matrix, truth = random.normal(size=(80, 7)), random.integers(0, classes, 80)
    fitted = MLPClassifier(hidden, max_iter=5).fit(matrix, truth)
    own = Network(np.zeros(7), np.ones(7), fitted.coefs_, fitted.intercepts_)
    assert own.probabilities(matrix).tobytes() == fitted.predict_proba(matrix).tobytes()


@pytest.mark.parametrize("classes", [2, 4])
def test_a_perceptron_of_one_layer_says_what_a_logistic_regression_says(classes):
    random = np.random.default_rng(3)
    matrix, truth = random.normal(size=(80, 7)), random.integers(0, classes, 80)
    fitted = LogisticRegression().fit(matrix, truth)
    own = Network(np.zeros(7), np.ones(7), [fitted.coef_.T], [fitted.intercept_])
    assert own.probabilities(matrix).tobytes() == np.ascontiguousarray(fitted.predict_proba(matrix)).tobytes()


def test_several_perceptrons_answer_with_the_mean_of_their_log_odds(monkeypatch):
    random = np.random.default_rng(0)
    matrix = random.normal(size=(200, 3))
    classes = (matrix[:, 0] + 0.3 * random.normal(size=200) > 0).astype(np.int64)
    whole = fit_network(matrix, classes, hidden=4, falling=((1e-3, 3),), members=3)
    single = []
    for seed in (SEED, SEED + 1, SEED + 2):
        monkeypatch.setattr("noisefilter.fit.SEED", seed)
        single.append(fit_network(matrix, classes, hidden=4, falling=((1e-3, 3),)))

    def log_odds(network: Network) -> np.ndarray:
        return logit(build_network(arrays_of("n", network), "n").probabilities(matrix)[:, 1])

    assert log_odds(whole) == pytest.approx(np.mean([log_odds(network) for network in single], axis=0))
    assert whole.weights[0].shape == (3, 12)


@pytest.mark.parametrize("seen", [[0, 1], [0, 2, 3]], ids=["two classes", "three classes"])
def test_classes_that_no_row_has_get_columns_of_their_own(seen):
    random = np.random.default_rng(0)
    classes = random.choice(seen, 120)
    matrix = np.eye(4)[classes] + 0.2 * random.normal(size=(120, 4))
    no_signs = sp.csr_matrix((120, 1))
    network, _ = fit_softmax(matrix, no_signs, classes, np.ones(120), alpha=0.1, classes_in_all=4)
    probabilities = network.probabilities(matrix)
    assert probabilities.shape == (120, 4)
    assert (probabilities.argmax(axis=1) == classes).mean() > 0.95
    assert probabilities[:, [column for column in range(4) if column not in seen]].max() < 1e-6


def test_a_column_that_is_missing_in_all_rows_of_a_part_is_still_standardised(monkeypatch):
    matrix = np.random.default_rng(4).normal(3, 20, size=(250, 2))
    matrix[200:, 0] = np.nan
    truth = (matrix[:, 1] > 3).astype(np.int64)
    monkeypatch.setattr("noisefilter.fit.ROWS", 100)
    network = fit_network(matrix, truth)
    assert network.scale == pytest.approx(np.nanstd(matrix, axis=0))
    assert network.mean == pytest.approx(np.nanmean(matrix, axis=0))
