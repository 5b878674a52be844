"""The rules from intervals to verdicts, and the statistics."""

import math

import numpy as np
import pytest

from dmvi.claims import decide


def test_auc_agrees_with_counting_pairs():
    rng = np.random.default_rng(0)
    x, y = rng.normal(0.5, 1, 40), rng.normal(0, 1, 30)
    x[:5] = y[:5]  # ties count half
    pairs = (x[:, None] > y).mean() + (x[:, None] == y).mean() / 2
    value, width = decide.auc(x, y)
    assert value == pytest.approx(pairs)
    draws = [decide.auc(rng.normal(0.5, 1, 40), rng.normal(0, 1, 30))[0] for _ in range(300)]
    assert width == pytest.approx(2 * np.std(draws), rel=0.3)


def test_auc_of_separate_or_small_groups():
    assert decide.auc(np.arange(20) + 100, np.arange(20)) == (1.0, 1 / 20)
    assert decide.auc(np.arange(5), np.arange(20))[1] == math.inf


def test_ratio_interval_covers():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        value, width = decide.ratio(rng.normal(20, 1, 3), rng.normal(10, 0.5, 3))
        covered += abs(value - 2) < width
    assert 0.9 < covered / 300 <= 1.0


def test_share_of_way_covers():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        value, width = decide.share_of_way(rng.normal(5, 0.1, 3), rng.normal(3, 0.1, 3), 7.0)
        covered += abs(value - 0.5) < width
    assert 0.9 < covered / 300 <= 1.0
    assert decide.share_of_way([5.0], [3.0, 3.0], 7.0) == (0.5, math.inf)
    assert math.isnan(decide.share_of_way([5.0], [7.0], 7.0)[0])


def test_outcomes_combine():
    assert decide.agree([True, True]) is True
    assert decide.agree([True, False]) is None
    assert decide.agree([]) is None
    assert decide.both([True, None, False]) is False
    assert decide.both([True, None]) is None
    assert decide.both([]) is None
    assert decide.verdict([True], {"CelebA"}, ("CelebA",)) == "holds"
    assert decide.verdict([True], {None}, ("CelebA",)) == "undecided"
    assert decide.verdict([True, False], {None}, ("CelebA",)) == "fails"


def test_correlates_agrees_with_scipy():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    x, y = np.arange(50), rng.normal(size=50).round(1) + np.arange(50) / 20
    value, outcome = decide.correlates(x, y, 0.0)
    assert value == pytest.approx(spearmanr(x, y).statistic)
    assert outcome is True
    assert decide.correlates(x, -y, 0.0)[1] is False
    assert decide.correlates(x, y, value)[1] is None
    assert decide.correlates(x, x, 0.8) == (pytest.approx(1.0), True)
    assert decide.correlates(x[:9], x[:9], 0.8)[1] is None
    assert np.isnan(decide.correlates(x, np.ones(50), 0.8)[0])


def test_most_and_clear():
    assert decide.most([True, True, True, None]) is True
    assert decide.most([True, True, None]) is None
    assert decide.most([False, False, False]) is False
    assert decide.most([]) is None
    assert decide.clear((2.0, 0.1), (1.0, 0.1)) is True
    assert decide.clear((1.0, 0.1), (2.0, 0.1)) is False
    assert decide.clear((1.2, 0.1), (1.0, 0.1)) is None


def test_intervals_over_seeds():
    assert decide.interval([1.0, 3.0]) == (2.0, pytest.approx(12.706, rel=1e-3))
    assert decide.interval([1.0])[1] == np.inf
    value, half = decide.difference([1.0, 3.0], [0.0, 0.0])
    assert (value, half) == (2.0, pytest.approx(12.706, rel=1e-3))
    assert decide.difference([1.0], [0.0, 0.0]) == (1.0, np.inf)
