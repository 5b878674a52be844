"""Small data sets in the official formats, with the checksums that the readers expect of them."""

import gzip
import io
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dmvi.data import cifar10, mnist
from dmvi.data.download import md5
from dmvi.data.preparation import prepare


@pytest.fixture
def build(tmp_path):
    """build(builder, **spec) prepares a data set and returns its folder."""

    def run(builder, output="out", data_dir=None, **spec):
        folder = tmp_path / output
        spec = {"builder": builder, "source": "official" if data_dir else "standin", **spec}
        prepare(spec, "mine", folder, tmp_path / "raw", data_dir)
        return folder

    return run


@pytest.fixture
def real_data():
    """The folder of real files, where there is one."""
    if not os.environ.get("DMVI_DATA_DIR"):
        pytest.skip("DMVI_DATA_DIR is not set")
    return Path(os.environ["DMVI_DATA_DIR"])


def idx_bytes(array):
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """A data_dir with MNIST of 50 training and 12 test images, gzipped; 20 are for validation."""
    rng = np.random.default_rng(0)
    arrays = {
        "train-images-idx3-ubyte": rng.integers(0, 256, (50, 28, 28), np.uint8),
        "train-labels-idx1-ubyte": np.arange(50, dtype=np.uint8) % 10,
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (12, 28, 28), np.uint8),
        "t10k-labels-idx1-ubyte": np.arange(12, dtype=np.uint8) % 10,
    }
    folder = tmp_path / "official" / mnist.FOLDER
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        content = idx_bytes(array)
        packed = gzip.compress(content)
        (folder / f"{name}.gz").write_bytes(packed)
        file = mnist.IdxFile(array.shape, md5(packed), md5(content))
        monkeypatch.setitem(mnist.FILES, name, file)
    monkeypatch.setattr(mnist, "VALID_SIZE", 20)
    return tmp_path / "official"


@pytest.fixture
def small_cifar10(tmp_path, monkeypatch):
    """A data_dir with CIFAR-10 of 6 x 10 images; 15 training images are for validation."""
    folder = tmp_path / "official" / cifar10.FOLDER
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in cifar10.BATCHES:
        data = rng.integers(0, 256, (10, 3 * 32 * 32), np.uint8)
        content = pickle.dumps({"data": data, "labels": list(range(10))})
        (folder / name).write_bytes(content)
        monkeypatch.setitem(cifar10.BATCHES, name, md5(content))
    monkeypatch.setattr(cifar10, "VALID_SIZE", 15)
    return tmp_path / "official"


@pytest.fixture
def jpeg():
    """jpeg(width, height, level, mode): the bytes of a picture of one grey level."""

    def draw(width, height, level=0, mode="L"):
        file = io.BytesIO()
        Image.new("L", (width, height), level).convert(mode).save(file, "JPEG", quality=95)
        return file.getvalue()

    return draw
