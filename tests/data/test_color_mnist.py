"""ColorMNIST and Stacked MNIST: the recipes, in closed form and in their statistics."""

import numpy as np
import pytest

from dmvi.data.color_mnist import colorize
from dmvi.data.dataset import open_dataset

LIMIT = {"train": 400, "valid": 20, "test": 20}


def test_colorize_by_hand():
    """I = 0 is black, I = 1 has the colour C, and I = 1/5 lies between; all stored as 0..255."""
    grey = np.array([[[0, 255, 51]]], np.uint8)
    color = np.array([[0.5, -0.25, 7.0]], np.float32)
    stored = colorize(grey, color, np.zeros((1, 1, 3, 3), np.float32))[0, 0]
    assert stored[0].tolist() == [0, 0, 0]
    assert stored[1].tolist() == [191, 96, 255]  # 191.25, 95.625, clipped
    # 0.2 C - 0.8 = -0.7, -0.85, 0.6
    assert stored[2].tolist() == [38, 19, 204]


def test_noise_is_added_before_clipping():
    grey = np.zeros((1, 1, 2), np.uint8)
    noise = np.array([0.25, -0.25], np.float32)[None, None, :, None] * np.ones(3, np.float32)
    stored = colorize(grey, np.zeros((1, 3), np.float32), noise)
    assert stored[0, 0].tolist() == [[32] * 3, [0] * 3]  # 0.125 * 255 = 31.875


def test_statistics_without_noise(build):
    """Where the digit has full ink, the pixel is its colour: N(0, 0.5) per channel, clipped."""
    grey = open_dataset(build("mnist", "grey", limit=LIMIT)).split("train")[..., 0]
    data = open_dataset(build("color_mnist", limit=LIMIT, pixel_noise=0)).split("train")
    inked = [picture[ink == 255] for picture, ink in zip(data, grey, strict=True)]
    assert all((pixels == pixels[0]).all() for pixels in inked)
    colors = np.array([pixels[0] for pixels in inked if len(pixels)]) / 127.5 - 1
    assert len(colors) > 300
    inside = np.abs(colors) < 0.999
    # P(|C| < 1) = P(|N(0, 1)| < 2) = 0.954, and |C| has median 0.6745 * 0.5.
    assert inside.mean() == pytest.approx(0.954, abs=0.025)
    assert np.median(np.abs(colors)) == pytest.approx(0.337, abs=0.04)
    assert np.abs(np.corrcoef(colors.T)[np.triu_indices(3, 1)]).max() < 0.2
    assert (data[grey == 0] == 0).all()


def test_statistics_of_the_noise(build):
    """Background: clip(-1 + N(0, 0.2)), half of it black, the rest half-normal."""
    grey = open_dataset(build("mnist", "grey", limit=LIMIT)).split("train")[..., 0]
    data = open_dataset(build("color_mnist", limit=LIMIT)).split("train")
    value = data[grey == 0] / 127.5
    # A half-normal with standard deviation s has mean s * sqrt(2 / pi), here over half the pixels.
    assert value.mean() == pytest.approx(0.2 / np.sqrt(2 * np.pi), rel=0.01)
    assert np.sqrt((value**2).mean() * 2) == pytest.approx(0.2, rel=0.01)
    assert (value == 0).mean() == pytest.approx(0.5, abs=0.02)


def test_options_are_followed(build):
    def spread(**options):
        name = f"sd{options}"
        return open_dataset(build("color_mnist", name, limit=LIMIT, **options)).images.std()

    assert spread(color_sd=0, pixel_noise=0) < spread(color_sd=0.5, pixel_noise=0)
    assert spread(pixel_noise=0) < spread(pixel_noise=0.5)


def test_digits_and_labels_are_those_of_mnist(build, small_mnist):
    """With no noise and every colour 0, an image is its grey digit at half intensity."""
    grey = open_dataset(build("mnist", "grey", data_dir=small_mnist))
    color = open_dataset(build("color_mnist", data_dir=small_mnist, color_sd=0, pixel_noise=0))
    np.testing.assert_array_equal(grey.labels, color.labels)
    expected = np.repeat(grey.images / 2, 3, axis=-1)
    assert np.abs(color.images - expected).max() <= 0.51


def test_stacked_digits_come_from_their_own_split(build, small_mnist):
    grey = open_dataset(build("mnist", "grey", data_dir=small_mnist))
    data = open_dataset(build("stacked_mnist", data_dir=small_mnist))
    assert data.meta["splits"] == grey.meta["splits"]
    used = set()
    for split in ("train", "valid", "test"):
        digits, classes = grey.split(split)[..., 0], grey.labels[grey.span(split)]
        where = {digit.tobytes(): index for index, digit in enumerate(digits)}
        for image, label in zip(data.split(split), data.labels[data.span(split)], strict=True):
            chosen = [where[image[..., channel].tobytes()] for channel in range(3)]
            assert label == classes[chosen] @ (100, 10, 1)
            used.add((split, *chosen))
    assert len(used) > 50  # of 62 images


def test_stacked_limit_keeps_the_first(build, small_mnist):
    limit = {"train": 7, "valid": 5, "test": 4}
    full = open_dataset(build("stacked_mnist", "full", data_dir=small_mnist))
    few = open_dataset(build("stacked_mnist", "few", data_dir=small_mnist, limit=limit))
    for split, size in limit.items():
        np.testing.assert_array_equal(few.split(split), full.split(split)[:size])


def test_real_digits(build, real_data):
    limit = {"train": 3000, "valid": 10, "test": 10}
    data = open_dataset(build("color_mnist", data_dir=real_data, limit=limit))
    assert data.meta["title"] == "ColorMNIST"
    # A pixel is black or coloured in proportion to its ink: the corner has noise only.
    corner = data.split("train")[:, :3, :3].mean() / 127.5
    assert corner == pytest.approx(0.2 / np.sqrt(2 * np.pi), rel=0.02)
    assert data.split("train")[:, 10:18, 10:18].mean() > 3 * data.split("train")[:, :3, :3].mean()
