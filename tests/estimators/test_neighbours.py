import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmvi.errors import DmviError
from dmvi.estimators.neighbours import nearest


def brute_force(queries, images):
    q = queries.reshape(len(queries), 1, -1).astype(np.int64)
    squared = ((q - images.reshape(1, len(images), -1).astype(np.int64)) ** 2).sum(-1)
    return squared.argmin(1), np.sqrt(squared.min(1)) / 255


@settings(max_examples=40, deadline=None)
@given(
    m=st.integers(1, 6),
    n=st.integers(1, 40),
    levels=st.integers(2, 256),
    tile=st.integers(1, 12),
    seed=st.integers(0, 1000),
)
def test_equals_brute_force_ties_included(m, n, levels, tile, seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, levels, (n, 2, 2, 1), dtype=np.uint8)  # few levels: many ties
    queries = rng.integers(0, levels, (m, 2, 2, 1), dtype=np.uint8)
    index, distance = nearest(queries, images, tile_bytes=tile * 4 * 8)
    expected_index, expected_distance = brute_force(queries, images)
    np.testing.assert_array_equal(index, expected_index)
    np.testing.assert_array_equal(distance, expected_distance)


def test_one_grey_level_in_a_large_image_decides():
    query = np.full((1, 64, 64, 3), 254, np.uint8)
    images = np.full((3, 64, 64, 3), 255, np.uint8)
    images[2, 5, 5, 1] = 254  # float32 products could not tell these three apart
    index, distance = nearest(query, images)
    assert index[0] == 2
    assert distance[0] == np.sqrt(64 * 64 * 3 - 1) / 255


def test_reads_memory_maps_and_finds_copies(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "images.npy", rng.integers(0, 256, (100, 8, 8, 3), dtype=np.uint8))
    images = np.load(tmp_path / "images.npy", mmap_mode="r")
    index, distance = nearest(images[[42, 7]], images, tile_bytes=10_000)
    assert list(index) == [42, 7]
    assert list(distance) == [0.0, 0.0]


def test_bad_input_is_refused():
    images = np.zeros((2, 4, 4, 1), np.uint8)
    with pytest.raises(DmviError, match="float64"):
        nearest(images.astype(float), images)
    with pytest.raises(DmviError, match="must agree"):
        nearest(images[:, :3], images)
    with pytest.raises(DmviError, match="at least one image"):
        nearest(images, images[:0])
