"""When a classifier's estimate has come to rest."""

import numpy as np
import pandas as pd
import pytest

from dmvi.claims.settled import settled

STEP = np.arange(1, 21) * 100


def curve(estimate):
    return pd.DataFrame({"step": STEP[: len(estimate)], "estimate": estimate})


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize(
    ("course", "rests"),
    [
        (np.ones(20), True),
        (np.linspace(0, 1, 20), False),
        (np.linspace(1, 0, 20), False),
        (1 - np.exp(-np.arange(20)), True),  # fast, then flat
        (np.r_[np.linspace(0, 1, 15), np.ones(5)], False),  # the third quarter still rose
        (1 + 0.3 * (-1.0) ** np.arange(20), True),  # restless, but going nowhere
    ],
)
def test_shapes(course, rests, scale):
    assert settled(curve(scale * course)) is rests


def test_drift_within_its_noise_or_a_tenth_is_none():
    step = np.r_[np.zeros(15), np.ones(5)]  # between the quarters
    assert settled(curve(1 + 0.09 * step))
    assert not settled(curve(1 + 0.12 * step))
    noise = (-1.0) ** np.arange(20)
    assert settled(curve(1 + 0.12 * step + 0.5 * noise))


def test_too_few_measurements_say_nothing():
    assert settled(curve(np.ones(9))) is None
    assert settled(curve(np.ones(10))) is True
    late = pd.DataFrame({"step": [*range(1, 12), 1000], "estimate": 1.0})
    assert settled(late) is None


def test_noise_alone_seldom_moves():
    """A resting estimate with independent errors is told apart in few cases of a hundred."""
    rng = np.random.default_rng(1)
    found = [settled(curve(1 + 0.5 * rng.normal(size=20))) for _ in range(400)]
    assert 0.85 < np.mean(found) < 0.98
