"""The critic on sets whose Wasserstein distance is known: one is the other, shifted."""

import math
import re

import numpy as np
import pytest
import torch

from dmvi.errors import DmviError
from dmvi.scores.functions.critic import critic_distance

CPU = torch.device("cpu")
SETTINGS = {"steps": 150, "width": 8, "batch_size": 16, "learning_rate": 1e-3, "penalty": 10}


def noisy(n, level, seed, shape=(32, 32, 1)):
    """Independent pixels of standard deviation 5 about `level`."""
    rng = np.random.default_rng(seed)
    return rng.normal(level, 5, (n, *shape)).round().clip(0, 255).astype(np.uint8)


def distance(real, fake, **settings):
    settings = {**SETTINGS, "seeds": [0, 1], "log": lambda _: None, **settings}
    return critic_distance(real, fake, device=CPU, **settings)


@pytest.fixture(scope="module")
def shifts():
    """Distances of a set from others, moved by so many grey levels."""
    return {
        shift: distance(noisy(200, 100, 0), noisy(200, 100 + shift, 1), seeds=[0])
        for shift in (0, 6, 20)
    }


@pytest.mark.parametrize("shift", [6, 20])
def test_finds_the_distance_of_a_shifted_set(shifts, shift):
    """W_1 is the shift's L2 norm. The difference exceeds it as the docstring says."""
    w = shift * 2 / 255 * math.sqrt(32 * 32)
    result = shifts[shift]
    # 150 steps end 3 to 7 % below; 600 steps at 1 to 2 %.
    assert result.value == pytest.approx(w, rel=0.1)
    assert result.difference == pytest.approx(w * (1 + w / 20), rel=0.1)
    assert result.slope == pytest.approx(1 + w / 20, rel=0.1)


def test_equal_distributions_are_near_zero_and_larger_shifts_larger(shifts):
    assert abs(shifts[0].value) < 0.05
    assert shifts[0].value < shifts[6].value < shifts[20].value


def test_values_along_the_training_change_no_result():
    real, fake = noisy(60, 90, 0), noisy(60, 100, 1)
    along = {2: [], 5: []}
    followed = distance(real, fake, steps=5, along=along)
    assert followed == distance(real, fake, steps=5)
    assert [len(pairs) for pairs in along.values()] == [2, 2]  # a pair for each seed
    # The last held-out values are the result, but for the points at which the slope is taken.
    heldout = [pair[1] for pair in along[5]]
    assert heldout == pytest.approx(followed.values, rel=0.05)
    assert heldout != [pair[1] for pair in along[2]]


def test_reports_what_it_used():
    result = distance(noisy(50, 90, 0), noisy(41, 100, 1), steps=3, seeds=[4, 5, 6])
    assert (result.n, result.n_train, result.n_heldout) == (41, 21, 20)
    assert (result.steps, result.width) == (3, 8)
    assert result.value == pytest.approx(np.mean(result.values))
    assert result.sd == pytest.approx(np.std(result.values, ddof=1))
    assert len(set(result.values)) == 3


def test_the_seeds_decide_and_the_callers_random_numbers_stay():
    a, b = noisy(40, 90, 0), noisy(40, 100, 1)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    first = distance(a, b, steps=3, seeds=[7])
    assert torch.equal(torch.rand(3), expected)
    assert distance(a, b, steps=3, seeds=[7]) == first
    assert distance(a, b, steps=3, seeds=[8]) != first


def test_values_come_from_images_that_did_not_train_the_critic():
    """Few images of equal sets can be learned by heart: seen where both halves hold the same images."""
    a, b = noisy(12, 100, 0), noisy(12, 100, 1)
    honest = distance(a, b, steps=60)
    leaking = distance(np.tile(a[:6], (2, 1, 1, 1)), np.tile(b[:6], (2, 1, 1, 1)), steps=60)
    assert abs(honest.value) < 0.05
    assert leaking.value > 0.1


@pytest.mark.parametrize("shape", [(28, 28, 3), (64, 64, 1)])
def test_other_sizes(shape):
    result = distance(noisy(8, 90, 0, shape), noisy(8, 99, 1, shape), steps=2, seeds=[0])
    assert math.isfinite(result.value)
    assert result.sd == 0


def test_bad_input_is_refused():
    a = noisy(8, 100, 0)
    with pytest.raises(DmviError, match=re.escape("float64 (8, 32, 32, 1)")):
        distance(a, a / 255)
    with pytest.raises(DmviError, match="same height"):
        distance(a, a[:, :28, :28])
    with pytest.raises(DmviError, match=r"3 generated images .* at least 2 images per half"):
        distance(a, a[:3])
    with pytest.raises(DmviError, match="not finite"):
        distance(a, noisy(8, 200, 1), steps=30, learning_rate=1e30)
