"""Stand-ins: splits share nothing, and what is drawn varies as it should."""

import numpy as np
import pytest

from dmvi.data import standin_faces, standin_patches
from dmvi.data.dataset import open_dataset
from dmvi.data.registry import SPLITS

LIMIT = {"train": 1400, "valid": 300, "test": 260}


@pytest.fixture
def digits(build):
    return open_dataset(build("mnist", limit=LIMIT))


def test_digits_are_scikit_learns_in_order(digits):
    datasets = pytest.importorskip("sklearn.datasets")
    target = datasets.load_digits().target
    expected = [target[:-500], target[:103], target[-500:-250], target[-500:-450]]
    expected += [target[-250:], target[-250:-240]]
    np.testing.assert_array_equal(digits.labels, np.concatenate(expected))
    # An enlarged digit resembles the 8x8 one it came from more than the digits beside it.
    small = datasets.load_digits().images.reshape(-1, 64)[:200]
    large = digits.images[:200, 4:24, 4:24, 0].astype(float)
    large = large.reshape(200, 4, 5, 4, 5).mean(axis=(2, 4)).reshape(200, 16)
    coarse = small.reshape(200, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(200, 16)
    match = np.corrcoef(coarse, large)[:200, 200:]
    assert np.median(np.sum(match > match.diagonal()[:, None], axis=1)) <= 1


def test_no_digit_is_in_two_splits(digits):
    """Images of different splits are never equal, not even the repeated ones."""
    sets = {split: {image.tobytes() for image in digits.split(split)} for split in SPLITS}
    assert [len(sets[split]) for split in SPLITS] == [1400, 300, 260]
    assert not sets["train"] & sets["valid"]
    assert not sets["train"] & sets["test"]
    assert not sets["valid"] & sets["test"]


def test_repeated_digits_resemble_the_first(digits):
    first = digits.split("valid")[:50, ..., 0].reshape(50, -1).astype(float)
    again = digits.split("valid")[250:, ..., 0].reshape(50, -1).astype(float)
    match = np.corrcoef(first, again)[:50, 50:]
    assert np.median(match.diagonal()) > 0.6
    assert match.diagonal().max() < 0.9999
    assert np.median(np.sum(match > match.diagonal()[:, None], axis=1)) <= 2  # of 49


def test_digits_are_placed_like_mnists(digits):
    """Centre of mass in the middle, a margin almost without ink, strokes that reach full ink."""
    ink = digits.images[:200, ..., 0].astype(float)
    grid = np.arange(28) + 0.5
    for axis in (1, 2):
        centre = (ink.sum(axis=axis) * grid).sum(axis=1) / ink.sum(axis=(1, 2))
        np.testing.assert_allclose(centre, 14, atol=0.3)
    assert ink[:, 2:-2, 2:-2].sum() > 0.999 * ink.sum()
    assert (ink.max(axis=(1, 2)) > 200).mean() > 0.95
    assert 0.05 < ink.mean() / 255 < 0.25  # MNIST: 0.13


def test_patches_stay_in_the_tiles_of_their_split(monkeypatch):
    """Photographs whose pixels say which split they belong to: no patch mixes two."""
    from dmvi.data.registry import resolve
    from dmvi.data.request import Request

    painted = np.zeros((2, 427, 640, 3), np.uint8)
    value = {"train": 50, "valid": 100, "test": 200}
    for tile in range(48):
        top, left = tile % 24 // 6 * 106, tile % 6 * 106
        split = standin_patches.tile_split(tile)
        painted[tile // 24, top : top + 106, left : left + 106] = value[split]
    photographs = type("Photographs", (), {"images": list(painted)})
    datasets = pytest.importorskip("sklearn.datasets")
    monkeypatch.setattr(datasets, "load_sample_images", lambda: photographs)
    limit = {"train": 500, "valid": 500, "test": 500}
    spec = {"builder": "cifar10", "source": "standin", "limit": limit}
    built = standin_patches.build(Request("mine", resolve(spec, "mine"), None))
    images = np.concatenate(list(built.blocks))
    for index, split in enumerate(SPLITS):
        assert set(images[500 * index :][:500].ravel().tolist()) == {value[split]}


def test_patches_vary(build):
    data = open_dataset(build("cifar10", limit=LIMIT))
    assert len({image.tobytes() for image in data.images}) > 1900
    assert set(data.labels.tolist()) == {0, 1}
    assert data.images.mean(axis=(1, 2, 3)).std() > 20
    # Neighbouring pixels resemble each other, as in photographs.
    left, right = data.images[:, :, :-1].ravel(), data.images[:, :, 1:].ravel()
    assert np.corrcoef(left, right)[0, 1] > 0.9


def test_faces_vary_everywhere():
    uniform = np.random.default_rng(0).random((100, 48))
    faces = standin_faces.draw_faces(uniform)
    assert faces.shape == (100, 64, 64, 3)
    assert faces.dtype == np.float32
    assert faces.min() >= 0
    assert faces.max() <= 255
    assert (faces.std(axis=0) > 5).all()


def test_a_face_depends_on_its_own_numbers_only():
    uniform = np.random.default_rng(0).random((10, 48))
    faces = standin_faces.draw_faces(uniform)
    np.testing.assert_array_equal(faces[3:5], standin_faces.draw_faces(uniform[3:5]))


def test_faces_have_a_face():
    """On average the eyes are darker than the cheeks, and cheeks have a skin's colour."""
    faces = standin_faces.draw_faces(np.random.default_rng(1).random((300, 48))).mean(axis=0)
    eyes = faces[29:33, 22:27].mean()
    cheek = faces[38:41, 22:27].mean(axis=(0, 1))
    assert eyes < cheek.mean()
    assert cheek[0] > cheek[1] > cheek[2]
