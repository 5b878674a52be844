"""CIFAR-10: layouts, splits, and that a pickle with a wrong MD5 is never opened."""

import os
import pickle
import tarfile

import numpy as np
import pytest

from dmvi.data import cifar10
from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError


@pytest.fixture
def folder(small_cifar10):
    return small_cifar10 / cifar10.FOLDER


def pack(folder, root, names=tuple(cifar10.BATCHES)):
    root.mkdir(exist_ok=True)
    with tarfile.open(root / cifar10.ARCHIVE, "w:gz") as archive:
        for name in reversed(names):
            archive.add(folder / name, f"{cifar10.FOLDER}/{name}")
    return root


def test_splits_and_layout(build, small_cifar10, folder):
    data = open_dataset(build("cifar10", data_dir=small_cifar10))
    assert data.meta["splits"] == {"train": [0, 35], "valid": [35, 50], "test": [50, 60]}
    assert data.labels.tolist() == list(range(10)) * 6
    batch = pickle.loads((folder / "data_batch_4").read_bytes())["data"]
    # A row holds 1024 red, then green, then blue values, each row by row.
    assert data.images[32, 1, 5].tolist() == [batch[2, 37 + 1024 * c] for c in range(3)]


def test_archive_gives_the_same_bytes(build, small_cifar10, folder, tmp_path):
    root = pack(folder, tmp_path / "archive")
    first = build("cifar10", "first", data_dir=small_cifar10)
    second = build("cifar10", "second", data_dir=root)
    for name in ("images.npy", "meta.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert [path.name for path in root.iterdir()] == [cifar10.ARCHIVE]  # nothing is unpacked


class Malicious:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("packed", [False, True])
def test_malicious_pickle_is_never_opened(build, small_cifar10, folder, tmp_path, packed):
    sentinel = tmp_path / "sentinel"
    content = pickle.dumps({"data": Malicious(sentinel), "labels": []})
    (folder / "test_batch").write_bytes(content)
    root = pack(folder, tmp_path / "archive") if packed else small_cifar10
    with pytest.raises(DmviError) as caught:
        build("cifar10", data_dir=root)
    assert not sentinel.exists()
    for word in ("test_batch", "has MD5", cifar10.BATCHES["test_batch"], "was not opened"):
        assert word in str(caught.value)
    pickle.loads(content)  # it would have worked
    assert sentinel.exists()


def test_truncated_batch(build, small_cifar10, folder):
    path = folder / "data_batch_2"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DmviError, match=r"data_batch_2 \(1,000 bytes\) has MD5"):
        build("cifar10", data_dir=small_cifar10)


def test_missing_batch(build, small_cifar10, folder, tmp_path):
    root = pack(folder, tmp_path / "archive", ["data_batch_1", "test_batch"])
    (folder / "data_batch_3").unlink()
    with pytest.raises(DmviError, match="data_batch_3 is missing; put all six"):
        build("cifar10", data_dir=small_cifar10)
    with pytest.raises(DmviError, match=r"tar\.gz/data_batch_2 is missing"):
        build("cifar10", data_dir=root)


@pytest.mark.parametrize("size", [0, 20, 3000])
def test_truncated_archive(build, folder, tmp_path, size):
    root = pack(folder, tmp_path / "archive")
    path = root / cifar10.ARCHIVE
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DmviError, match=r"tar\.gz cannot be unpacked .*replace it"):
        build("cifar10", data_dir=root)


def test_nothing_there(build, tmp_path):
    with pytest.raises(DmviError, match=r"CIFAR-10 is not in .*source: standin"):
        build("cifar10", data_dir=tmp_path)


@pytest.mark.slow
def test_real_files(build, real_data):
    data = open_dataset(build("cifar10", data_dir=real_data))
    assert data.meta["splits"] == {
        "train": [0, 45000],
        "valid": [45000, 50000],
        "test": [50000, 60000],
    }
    assert np.bincount(data.labels).tolist() == [6000] * 10
    # Known: the channel means of the training images.
    mean = data.train_valid.reshape(-1, 3).mean(axis=0) / 255
    np.testing.assert_allclose(mean, [0.4914, 0.4822, 0.4465], atol=1e-4)
