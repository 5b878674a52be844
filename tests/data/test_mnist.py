"""MNIST: the official files are read exactly, and anything else is refused with a sentence."""

import gzip

import numpy as np
import pytest

from dmvi.data import mnist
from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError

IMAGES = "train-images-idx3-ubyte"


@pytest.fixture
def folder(small_mnist):
    return small_mnist / mnist.FOLDER


def unpack(folder, name=IMAGES):
    """Replaces a gzipped file by the plain one, and returns its path and content."""
    content = gzip.decompress((folder / f"{name}.gz").read_bytes())
    (folder / f"{name}.gz").unlink()
    (folder / name).write_bytes(content)
    return folder / name, content


def test_splits(build, small_mnist, folder):
    data = open_dataset(build("mnist", data_dir=small_mnist))
    raw = gzip.decompress((folder / f"{IMAGES}.gz").read_bytes())[16:]
    train = np.frombuffer(raw, np.uint8).reshape(50, 28, 28, 1)
    np.testing.assert_array_equal(data.split("train"), train[:30])
    np.testing.assert_array_equal(data.split("valid"), train[30:])
    assert data.split("test").shape == (12, 28, 28, 1)
    assert data.labels.tolist() == [i % 10 for i in range(50)] + [i % 10 for i in range(12)]


def test_held_out_images_can_be_binary(build, small_mnist):
    grey = open_dataset(build("mnist", data_dir=small_mnist))
    data = open_dataset(build("mnist", "binary", data_dir=small_mnist, binarize="eval"))
    again = open_dataset(build("mnist", "again", data_dir=small_mnist, binarize="eval"))
    other = open_dataset(build("mnist", "other", data_dir=small_mnist, binarize="eval", seed=1))
    np.testing.assert_array_equal(data.split("train"), grey.split("train"))
    assert "binary" in data.meta["note"]
    assert "binarize" not in grey.meta["options"]
    for split in ("valid", "test"):
        one, was = data.split(split), grey.split(split)
        assert set(np.unique(one)) == {0, 255}
        np.testing.assert_array_equal(one, again.split(split))
        assert (one != other.split(split)).mean() > 0.1
        assert (one[was == 0] == 0).all()
        assert (one[was == 255] == 255).all()
        # A pixel's expectation is its grey level; levels are uniform, so its sd is at most 255 / 2.
        assert abs(one.mean() - was.mean()) < 4 * 128 / np.sqrt(one.size)


def test_plain_files_give_the_same_bytes(build, small_mnist, folder):
    packed = build("mnist", "packed", data_dir=small_mnist)
    for name in mnist.FILES:
        unpack(folder, name)
    plain = build("mnist", "plain", data_dir=small_mnist)
    assert (packed / "images.npy").read_bytes() == (plain / "images.npy").read_bytes()


def fails(build, small_mnist, *words):
    with pytest.raises(DmviError) as caught:
        build("mnist", data_dir=small_mnist)
    for word in words:
        assert word in str(caught.value)


def test_damaged_gz(build, small_mnist, folder):
    path = folder / f"{IMAGES}.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    fails(build, small_mnist, str(path), "has MD5", mnist.FILES[IMAGES].md5_gz, "replace it by")


def test_gz_that_cannot_be_unpacked(build, small_mnist, folder, monkeypatch):
    """Even where its MD5 should be right."""
    path = folder / f"{IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:500])
    file = mnist.IdxFile((50, 28, 28), mnist.md5(path.read_bytes()), "")
    monkeypatch.setitem(mnist.FILES, IMAGES, file)
    fails(build, small_mnist, str(path), "cannot be unpacked")


def test_truncated_plain_file(build, small_mnist, folder):
    path, content = unpack(folder)
    path.write_bytes(content[:-100])
    fails(build, small_mnist, str(path), "39,116 bytes", "39,216 bytes", "truncated")


def test_longer_plain_file(build, small_mnist, folder):
    path, content = unpack(folder)
    path.write_bytes(content + b"\0")
    fails(build, small_mnist, str(path), "39,217 bytes")


def test_empty_plain_file(build, small_mnist, folder):
    path, _ = unpack(folder)
    path.write_bytes(b"")
    fails(build, small_mnist, str(path), "begins with bytes")


def test_wrong_magic(build, small_mnist, folder):
    path, content = unpack(folder)
    path.write_bytes(b"\x00\x00\x0d\x03" + content[4:])
    fails(build, small_mnist, str(path), "00 00 0d 03", "00 00 08 03")


def test_other_content_of_the_right_size(build, small_mnist, folder):
    path, content = unpack(folder)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    fails(build, small_mnist, str(path), "has MD5")


def test_missing_file(build, small_mnist, folder):
    (folder / f"{IMAGES}.gz").unlink()
    fails(build, small_mnist, f"{IMAGES}.gz is missing", "source: standin")


def test_data_dir_that_is_no_folder(build, tmp_path):
    fails(build, tmp_path / "nowhere", "data_dir is", "nowhere", "not a folder")


def test_limit_beyond_the_files(build, small_mnist):
    limit = {"train": 30, "valid": 21, "test": 12}
    with pytest.raises(DmviError, match=r"limit\.valid is 21, but the valid split has 20 images"):
        build("mnist", data_dir=small_mnist, limit=limit)


def test_real_files(build, real_data):
    data = open_dataset(build("mnist", data_dir=real_data))
    assert data.meta["splits"] == {
        "train": [0, 50000],
        "valid": [50000, 60000],
        "test": [60000, 70000],
    }
    assert data.meta["title"] == "MNIST"
    assert data.images.shape == (70000, 28, 28, 1)
    # Known: the labels of the first training images, and the mean intensity of all of them.
    assert data.labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert data.train_valid.mean() / 255 == pytest.approx(0.1307, abs=1e-4)
