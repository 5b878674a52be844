"""The mean distance between images of a set."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from dmvi.errors import DmviError
from dmvi.scores.functions.spread import MOST, spread


def test_is_the_mean_pairwise_distance():
    images = np.random.default_rng(0).integers(0, 256, (30, 4, 4, 3), np.uint8)
    expected = pdist(images.reshape(30, -1) / 255.0).mean()
    assert spread(images)["value"] == pytest.approx(expected, rel=1e-12)


def test_equal_images_have_none():
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), np.uint8)
    assert spread(np.repeat(image, 20, 0))["value"] == pytest.approx(0, abs=1e-6)


def test_uses_at_most_so_many_images():
    images = np.random.default_rng(0).integers(0, 256, (MOST + 5, 2, 2, 1), np.uint8)
    assert spread(images)["n"] == MOST
    assert spread(images) == spread(images[:MOST])


@pytest.mark.parametrize("images", [np.zeros((1, 4, 4, 3), np.uint8), np.zeros((5, 4, 4, 3))])
def test_bad_input_is_one_sentence(images):
    with pytest.raises(DmviError, match="spread: images are"):
        spread(images)
