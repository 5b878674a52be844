import math

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from dmvi.errors import DmviError
from dmvi.scores.functions.sliced_wasserstein import sliced_wasserstein, wasserstein_1d


def images(n, seed=0, shape=(6, 6, 3)):
    return np.random.default_rng(seed).integers(0, 200, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (50, 50), (50, 31), (1, 7)])
def test_one_dimensional_distances_equal_scipy(n, m):
    rng = np.random.default_rng(n + m)
    a, b = rng.normal(size=(n, 4)).round(1), rng.normal(size=(m, 4)).round(1) + 0.3
    expected = [wasserstein_distance(a[:, k], b[:, k]) for k in range(4)]
    np.testing.assert_allclose(wasserstein_1d(a, b), expected, atol=1e-12)


def test_one_pixel_images_give_the_plain_distance():
    a, b = images(40, 0, (1, 1, 1)), images(23, 1, (1, 1, 1))
    expected = wasserstein_distance(a.ravel() / 255, b.ravel() / 255)
    assert sliced_wasserstein(a, b) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(6, 6, 3), (16, 16, 1)])
def test_a_translated_set_is_at_the_root_mean_square_of_the_translation(shape):
    a = images(30, shape=shape)
    everywhere = sliced_wasserstein(a, a + np.uint8(51), projections=4000)
    assert everywhere == pytest.approx(0.2, rel=0.04)
    shift = np.zeros(shape, np.uint8)
    shift[: shape[0] // 2] = 51  # half of the pixels
    half = sliced_wasserstein(a, a + shift, projections=4000)
    assert half == pytest.approx(0.2 / math.sqrt(2), rel=0.04)


def test_is_a_distance():
    a, b, c = images(25, 0), images(25, 1), np.minimum(images(40, 2), 90)
    assert sliced_wasserstein(a, a[::-1]) == pytest.approx(0, abs=1e-6)  # sums in another order
    assert sliced_wasserstein(a, c) == pytest.approx(sliced_wasserstein(c, a))
    assert sliced_wasserstein(a, c) <= sliced_wasserstein(a, b) + sliced_wasserstein(b, c)
    assert sliced_wasserstein(a, c) > 1.5 * sliced_wasserstein(a, b)


def test_repeating_a_set_changes_nothing():
    a, b = images(20, 0), images(15, 1)
    assert sliced_wasserstein(np.concatenate([a, a, a]), b) == pytest.approx(
        sliced_wasserstein(a, b)
    )


def test_the_seed_decides_the_directions():
    a, b = images(20, 0), images(20, 1)
    assert sliced_wasserstein(a, b, seed=1) == sliced_wasserstein(a, b, seed=1)
    assert sliced_wasserstein(a, b, seed=1) != sliced_wasserstein(a, b, seed=2)


def test_more_images_than_a_tile():
    a = images(1200, shape=(2, 2, 1))
    assert sliced_wasserstein(a, a[::-1]) == pytest.approx(0, abs=1e-6)  # sums in another order
    assert sliced_wasserstein(a[:600], a[600:]) > 0


def test_bad_input_is_refused():
    a = images(3)
    with pytest.raises(DmviError, match="float64"):
        sliced_wasserstein(a, a / 255)
    with pytest.raises(DmviError, match="must agree"):
        sliced_wasserstein(a, a[:, :5])
    with pytest.raises(DmviError, match="empty"):
        sliced_wasserstein(a, a[:0])
