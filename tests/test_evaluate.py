"""Figures: what calibration error says."""

from __future__ import annotations

import numpy as np
import pytest

from noisefilter.learn.evaluate import calibration_error

SAID = np.array([0.05, 0.05, 0.95, 0.95])


def test_probabilities_that_come_true_have_no_error():
    assert calibration_error(np.array([0.25] * 4), np.array([1, 0, 0, 0], bool)) == pytest.approx(0.0)


def test_the_error_is_the_distance_from_what_came_true_bin_by_bin():
    assert calibration_error(SAID, np.array([0, 0, 1, 1], bool)) == pytest.approx(0.05)
    assert calibration_error(SAID, np.array([1, 1, 0, 0], bool)) == pytest.approx(0.95)


def test_weights_count_as_often_as_they_say():
    truth = np.array([0, 0, 0, 1], bool)
    twice = calibration_error(np.append(SAID, SAID[2]), np.append(truth, truth[2]))
    assert calibration_error(SAID, truth, np.array([1.0, 1.0, 2.0, 1.0])) == pytest.approx(twice)
