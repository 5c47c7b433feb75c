"""Intervals: by site, the same each time, and none where they would say nothing."""

from __future__ import annotations

import numpy as np
import pytest

from noisefilter.learn.evaluate import at_threshold, noise_figures, reliability, span_figures
from noisefilter.learn.intervals import DRAWS, Observed, measured, with_intervals
from noisefilter.report.figures import HIGH, LOW


def shares(rows):
    return {"pages": len(rows), "share": float(rows.mean())}


def observed(*by_site: list[float]) -> list[Observed]:
    """One page a value; a list a site."""
    return [
        Observed(f"site {number}", f"page {place}", np.array([[value]]))
        for number, values in enumerate(by_site)
        for place, value in enumerate(values)
    ]


def width(figures: dict[str, float]) -> float:
    return figures["share" + HIGH] - figures["share" + LOW]


def test_an_interval_holds_its_figure_and_counts_have_none():
    figures = with_intervals(observed([1.0, 0.0], [1.0], [0.0], [1.0, 1.0]), shares)
    assert figures["share" + LOW] < figures["share"] < figures["share" + HIGH]
    assert set(figures) == {"pages", "share", "share" + LOW, "share" + HIGH}


def test_pages_of_one_site_that_are_alike_do_not_narrow_an_interval():
    apart = observed(*([value] for value in [1.0, 0.0] * 20))
    together = observed([1.0] * 10, [0.0] * 10, [1.0] * 10, [0.0] * 10)
    assert width(with_intervals(together, shares)) > 2 * width(with_intervals(apart, shares))


def test_of_one_site_the_pages_are_drawn_and_of_one_page_nothing():
    assert width(with_intervals(observed([1.0, 0.0, 1.0, 0.0]), shares)) > 0
    assert set(with_intervals(observed([1.0]), shares)) == {"pages", "share"}


def test_intervals_are_the_same_each_time():
    rows = {"all": observed([1.0, 0.0], [1.0], [0.0]), "one": observed([1.0, 0.0])}
    assert measured(rows, shares) == measured(rows, shares)


def test_a_figure_that_few_draws_have_has_no_interval():
    calls: list[int] = []

    def rare(rows):
        calls.append(len(rows))
        return {"share": 0.5, **({"rare": 1.0} if len(calls) < DRAWS / 3 else {})}

    assert not {"rare" + LOW, "rare" + HIGH} & set(with_intervals(observed([1.0], [0.0]), rare))


def test_a_threshold_has_the_precision_and_recall_of_what_it_chooses():
    rows = np.array([[0.9, 1], [0.8, 0], [0.7, 1], [0.2, 1], [0.1, 0]])
    figures = at_threshold(rows, 0.5)
    assert (figures["chosen"], figures["labelled"]) == (3, 3)
    assert figures["precision"] == figures["recall"] == pytest.approx(2 / 3)
    assert "precision" not in at_threshold(rows, 0.95)


def test_weights_move_precision_and_recall():
    rows = np.array([[0.9, 1, 1.0], [0.8, 0, 3.0], [0.2, 1, 1.0]])
    assert at_threshold(rows, 0.5)["precision"] == pytest.approx(0.25)
    assert at_threshold(rows, 0.5)["recall"] == pytest.approx(0.5)


def test_bins_say_what_was_said_and_what_came_true():
    bins = reliability(np.array([[0.05, 0], [0.15, 1], [0.17, 0], [1.0, 1]]))
    assert list(bins) == ["0.0 to 0.1", "0.1 to 0.2", "0.9 to 1.0"]
    assert bins["0.1 to 0.2"] == {"rows": 2, "said": pytest.approx(0.16), "came true": 0.5}


def test_weights_count_in_bins_and_rows_are_counted_all_the_same():
    bins = reliability(np.array([[0.15, 1], [0.15, 0]]), np.array([3.0, 1.0]))
    assert bins["0.1 to 0.2"] == {"rows": 2, "said": pytest.approx(0.15), "came true": 0.75}


def test_noise_without_noisy_articles_has_no_auc():
    assert "auc" not in noise_figures(np.array([[0.2, 0], [0.3, 0]]))
    assert noise_figures(np.array([[0.2, 0], [0.3, 1]]))["auc"] == 1.0


def test_spans_that_miss_everything_have_no_f1():
    assert span_figures(np.array([[0.0, 4.0, 5.0]]))["f1"] == 0.0
