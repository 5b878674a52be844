"""Pictures of one's own, from a folder: squares, sizes, splits, labels, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from dmvi.data.dataset import open_dataset
from dmvi.data.preparation import prepare
from dmvi.data.registry import image_counts, image_shape, resolve
from dmvi.errors import DmviError

LIMIT = {"train": 6, "valid": 2, "test": 2}


def paint(path, number, size=(40, 20), mode="RGB"):
    """A picture whose middle square is of one grey and whose sides are black."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    side = min(size)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    pixels[top : top + side, left : left + side] = 20 * number + 5
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path)


@pytest.fixture
def folder(tmp_path):
    """Ten pictures of several formats and shapes in two folders, and things that are none."""
    place = tmp_path / "pictures"
    for i in range(5):
        paint(place / f"cats/{i}.png", i, size=(40, 20), mode="L" if i == 2 else "RGB")
        paint(place / f"dogs/{i}.BMP", 5 + i, size=(20, 50))
    (place / "notes.txt").write_text("no picture")
    (place / ".hidden.png").write_text("no picture either")
    return place


def build(tmp_path, folder, name="built", **spec):
    spec = {"builder": "folder", "path": str(folder), "limit": LIMIT, "size": 32} | spec
    prepare(spec, "mine", tmp_path / name, tmp_path / "raw")
    return open_dataset(tmp_path / name, verify=True)


def test_centre_squares_are_kept_and_resized(tmp_path, folder):
    data = build(tmp_path, folder)
    assert data.images.shape == (10, 32, 32, 3)
    greys = {int(image.mean()) for image in data.images}
    assert greys == {20 * i + 5 for i in range(10)}, "each once; nothing of the black sides"
    assert all(np.ptp(image) == 0 for image in data.images)
    assert [len(data.split(split)) for split in LIMIT] == [6, 2, 2]


def test_labels_are_the_folders_of_pictures(tmp_path, folder):
    data = build(tmp_path, folder)
    dogs = data.images.mean(axis=(1, 2, 3)) >= 100
    np.testing.assert_array_equal(np.load(tmp_path / "built/labels.npy"), dogs.astype(int))
    assert 0 < dogs[:6].sum() < 6, "the splits are mixed"
    paint(folder / "neither.png", 10)
    build(tmp_path, folder, "flat")
    assert set(np.load(tmp_path / "flat/labels.npy")) == {-1}


def test_grey_small_and_of_another_seed(tmp_path, folder):
    grey = build(tmp_path, folder, "grey", channels=1, size=28)
    assert grey.image_shape == (28, 28, 1)
    again = build(tmp_path, folder, "again", channels=1, size=28)
    other = build(tmp_path, folder, "other", channels=1, size=28, seed=1)
    np.testing.assert_array_equal(grey.images, again.images)
    assert (grey.images[:, 0, 0, 0] != other.images[:, 0, 0, 0]).any()


def test_its_title_and_size_are_known_before_it_is_built(tmp_path, folder):
    spec = {"builder": "folder", "path": "p", "limit": LIMIT, "size": 28, "channels": 1}
    assert image_shape(spec) == (28, 28, 1)
    assert image_shape({"builder": "folder"}) == (64, 64, 3)
    assert image_counts(spec) == LIMIT
    data = build(tmp_path, folder, title="Pets")
    assert data.meta["title"] == "Pets"
    assert "10 of the 10 pictures" in data.meta["note"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"limit": None}, "data.mine has no limit; say how many"),
        ({"path": None}, "data.mine.path is None; give a text"),
        ({"path": "nowhere"}, "there is no folder nowhere"),
        ({"size": 48}, "data.mine.size is 48; choose 28 or 32 or 64"),
        ({"channels": True}, "data.mine.channels is True; choose 1 or 3"),
        ({"title": "a\nb"}, "data.mine.title is"),
        ({"source": "standin"}, "choose one of official"),
        ({"limit": {**LIMIT, "train": 7}}, "asks for 11 pictures, but .* holds 10"),
    ],
)
def test_what_is_refused(tmp_path, folder, change, words):
    with pytest.raises(DmviError, match=words):
        build(tmp_path, folder, **change)
    assert not (tmp_path / "built").exists()


def test_a_path_is_needed():
    with pytest.raises(DmviError, match=r"data\.mine has no path; give it: the folder"):
        resolve({"builder": "folder", "limit": LIMIT}, "mine")


def test_a_damaged_picture_is_named(tmp_path, folder):
    (folder / "cats/0.png").write_bytes(b"no picture")
    with pytest.raises(DmviError, match=r"cats/0\.png cannot be decoded"):
        build(tmp_path, folder)


def test_a_relative_path_lies_below_data_dir(tmp_path, folder):
    spec = {"builder": "folder", "path": "pictures", "limit": LIMIT}
    prepare(spec, "mine", tmp_path / "built", tmp_path / "raw", data_dir=folder.parent)
    assert open_dataset(tmp_path / "built").image_shape == (64, 64, 3)
