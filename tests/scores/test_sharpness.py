import numpy as np
import pytest

from dmvi.errors import DmviError
from dmvi.scores.functions.sharpness import sharpness


def noise(n=5, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 12, 12, 3), dtype=np.uint8)


def test_constant_images_have_none():
    assert (sharpness(np.full((3, 8, 9, 3), 77, np.uint8)) == 0).all()


def test_ramps_have_their_slope():
    rows, columns = np.mgrid[:10, :10]
    right, diagonal = 5 * columns, 3 * rows + 4 * columns
    images = np.stack([right, diagonal]).astype(np.uint8)[..., None]
    np.testing.assert_allclose(sharpness(images), [5 / 255, 5 / 255], rtol=1e-12)


def test_checkerboard_has_the_largest():
    board = (np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)[None, ..., None]
    assert sharpness(board)[0] == pytest.approx(np.sqrt(2))


def test_blurring_lowers_it_and_contrast_scales_it():
    images = noise()
    blurred = ((images[:, 1:].astype(int) + images[:, :-1]) // 2).astype(np.uint8)
    assert (sharpness(blurred) < sharpness(images)).all()
    even = images // 2 * 2
    np.testing.assert_allclose(sharpness(even // 2), sharpness(even) / 2, rtol=1e-12)


def test_blind_to_channels_order_and_tiles():
    images = noise(7)
    np.testing.assert_allclose(sharpness(images[..., ::-1]), sharpness(images), rtol=1e-12)
    np.testing.assert_allclose(sharpness(images, tile=2), sharpness(images), rtol=1e-15)


@pytest.mark.parametrize("bad", [noise() / 255.0, noise()[0], noise()[:0], noise()[:, :1]])
def test_bad_input_is_refused(bad):
    with pytest.raises(DmviError, match="give uint8"):
        sharpness(bad)
