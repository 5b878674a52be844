"""Two points: two grey levels in turn, of one pixel."""

import numpy as np

from dmvi.data.dataset import open_dataset
from dmvi.data.preparation import prepare


def test_two_values_in_turn(tmp_path):
    limit = {"train": 6, "valid": 3, "test": 2}
    prepare({"builder": "two_points", "limit": limit}, "mine", tmp_path / "out", tmp_path / "raw")
    data = open_dataset(tmp_path / "out")
    assert data.images.shape == (11, 1, 1, 1)
    np.testing.assert_array_equal(data.split("train").ravel(), [64, 191] * 3)
    np.testing.assert_array_equal(data.images.ravel(), np.where(data.labels == 1, 191, 64))
    assert not (tmp_path / "raw").exists()
    assert not data.meta["standin"]
