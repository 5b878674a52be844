"""Scattered, one-sided and clustered points, whatever their norms."""

import numpy as np
import pytest

from dmvi.errors import DmviError
from dmvi.estimators.directions import along_the_others, gathering, half_space_cosine

M = 100


def measured(d, choose, seed=0):
    draws = np.random.default_rng(seed).normal(size=(10_000, d))
    chosen = choose(draws)
    return gathering(draws[chosen], np.delete(draws, chosen, axis=0))


def first_where(condition):
    return np.flatnonzero(condition)[:M]


@pytest.mark.parametrize("d", [10, 50, 128])
def test_points_that_differ_in_norm_alone_are_scattered(d):
    """The failure of ranks by distance: those of largest norm are all far from each other."""
    found = measured(d, lambda z: np.argsort(-np.linalg.norm(z, axis=1))[:M])
    assert abs(found.side) < 3 * found.side_error
    assert abs(found.clusters) < 3 * found.clusters_error
    assert found.side_error > 0


@pytest.mark.parametrize("d", [2, 10, 50, 128])
def test_one_half_space_is_the_unit_of_one_sidedness(d):
    found = [measured(d, lambda z: first_where(z[:, 0] > 0), seed) for seed in range(4)]
    error = np.mean([f.side_error for f in found])
    assert np.mean([f.side for f in found]) == pytest.approx(1, abs=2 * error / 2 + 0.05)


def test_three_of_four_in_one_half_space_count_a_quarter():
    def choose(z):
        return np.r_[first_where(z[:, 0] > 0)[:75], first_where(z[:, 0] < 0)[:25]]

    found = [measured(10, choose, seed).side for seed in range(8)]
    assert np.mean(found) == pytest.approx(0.25, abs=0.08)


def test_opposite_clusters_have_no_side_but_are_clusters():
    found = measured(10, lambda z: np.argsort(-abs(z[:, 0]))[:M])
    assert abs(found.side) < 0.25
    assert found.clusters > 2


def test_half_space_cosine_against_sampling():
    rng = np.random.default_rng(0)
    u = rng.normal(size=(200_000, 3))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    assert half_space_cosine(3) == pytest.approx(np.abs(u[:, 0]).mean() ** 2, rel=0.02)
    assert half_space_cosine(1) == pytest.approx(1.0)


def test_too_few_points_or_draws_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(DmviError, match="1 points"):
        gathering(rng.normal(size=(1, 3)), rng.normal(size=(100, 3)))
    with pytest.raises(DmviError, match="10 draws for each"):
        gathering(rng.normal(size=(11, 3)), rng.normal(size=(100, 3)))


def test_scattered_points_lie_about_zero_along_the_others():
    rng = np.random.default_rng(0)
    sets = [along_the_others(rng.normal(size=(M, 20))) for _ in range(400)]
    assert np.mean(sets) == pytest.approx(0, abs=4 * np.std(np.mean(sets, axis=1)) / 20)
    assert np.mean([values > 0 for values in sets]) == pytest.approx(0.5, abs=0.02)


def test_shifted_points_lie_by_their_shift_along_the_others():
    z = np.random.default_rng(0).normal(size=(4000, 20))
    z[:, 3] += 2.0
    assert along_the_others(z).mean() == pytest.approx(2.0, abs=0.1)


def test_along_the_others_is_what_the_mean_cosine_is_made_of():
    z = np.random.default_rng(0).normal(size=(M, 5)) + 0.5
    u = z / np.linalg.norm(z, axis=1, keepdims=True)
    others = u.sum(0) - u
    cosines = u @ u.T
    mean = (cosines.sum() - M) / (M * (M - 1))
    own = along_the_others(u) * np.linalg.norm(others, axis=1)
    assert own.mean() / (M - 1) == pytest.approx(mean)


def test_points_that_have_no_others_or_no_direction_are_refused():
    for points in (np.ones((1, 3)), np.zeros((3, 3))):
        with pytest.raises(DmviError, match="it needs two or more, none at the origin"):
            along_the_others(points)
