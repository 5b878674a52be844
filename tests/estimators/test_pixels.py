import numpy as np
import pytest

from dmvi.errors import DmviError
from dmvi.estimators.pixels import histogram, image_statistics


def test_histogram_counts_every_pixel_once():
    rng = np.random.default_rng(0)
    groups = {
        "data": rng.integers(0, 256, (5, 4, 3, 2), dtype=np.uint8),
        "standard": np.full((2, 3, 3, 2), 255, np.uint8),
    }
    table = histogram(groups, bins=16)
    assert list(table.columns) == ["group", "channel", "bin", "density"]
    assert len(table) == 2 * 2 * 16
    np.testing.assert_allclose(table.groupby(["group", "channel"]).density.sum(), 1)
    one = table[(table.group == "data") & (table.channel == 1)]
    counts, edges = np.histogram(groups["data"][..., 1] / 256, bins=16, range=(0, 1))
    np.testing.assert_allclose(one.density, counts / counts.sum())
    np.testing.assert_allclose(one.bin, edges[:-1])
    white = table[table.group == "standard"]
    assert set(white[white.density > 0].bin) == {15 / 16}


def test_channels_are_told_apart():
    images = np.zeros((1, 2, 2, 3), np.uint8)
    images[..., 2] = 128
    table = histogram({"data": images}, bins=2)
    full = table[table.density == 1]
    assert list(zip(full.channel, full.bin, strict=True)) == [(0, 0.0), (1, 0.0), (2, 0.5)]


def test_image_statistics():
    images = np.zeros((3, 2, 2, 3), np.uint8)
    images[1] = 255
    images[2, 0] = [255, 255, 229]  # the last channel is below 0.9 * 255 = 229.5
    images[2, 1, 0] = 230
    table = image_statistics({"data": images, "neighbour": images[1:2]})
    assert list(table.columns) == ["group", "index", "ink", "near_white"]
    assert list(table.group) == ["data"] * 3 + ["neighbour"]
    assert list(table["index"]) == [0, 1, 2, 0]
    np.testing.assert_allclose(table.near_white, [0, 1, 0.25, 1])
    ink = (2 * (255 + 255 + 229) + 3 * 230) / (12 * 255)
    np.testing.assert_allclose(table.ink, [0, 1, ink, 1])


def test_bad_input_is_refused():
    images = np.zeros((1, 2, 2, 3), np.uint8)
    with pytest.raises(DmviError, match="bins is 100"):
        histogram({"data": images}, bins=100)
    with pytest.raises(DmviError, match="'data' is float64"):
        histogram({"data": images.astype(float)})
    with pytest.raises(DmviError, match="at least one image"):
        image_statistics({"data": images[:0]})
