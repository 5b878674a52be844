"""MNIST: reading the official idx files, and the grey data set.

LeCun, Cortes, Burges (1998), "The MNIST database of handwritten digits".
"""

import gzip
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dmvi.data.digits import Digits
from dmvi.data.download import md5, official_folder
from dmvi.data.registry import SPLITS, binary
from dmvi.data.request import Built, Request
from dmvi.errors import DmviError

DECLARES = {
    "title": "MNIST",
    "summary": "grey MNIST digits, the held-out ones binarised where `binarize: eval` is set",
    "image_size": 28,
    "channels": 1,
    "images": {"train": 50_000, "valid": 10_000, "test": 10_000},
    "files": [
        ["MNIST/raw/train-images-idx3-ubyte.gz", "MNIST/raw/train-images-idx3-ubyte"],
        ["MNIST/raw/train-labels-idx1-ubyte.gz", "MNIST/raw/train-labels-idx1-ubyte"],
        ["MNIST/raw/t10k-images-idx3-ubyte.gz", "MNIST/raw/t10k-images-idx3-ubyte"],
        ["MNIST/raw/t10k-labels-idx1-ubyte.gz", "MNIST/raw/t10k-labels-idx1-ubyte"],
    ],
    "standin": {
        "title": "MNIST stand-in (scikit-learn digits)",
        "note": (
            "scikit-learn's 1,797 digits, enlarged from 8x8 to 28x28; where a split has more images "
            "than digits, the others are turned and shifted copies"
        ),
    },
    "options": {
        "binarize": {
            "kind": "choice",
            "default": None,
            "choices": ("eval",),
            "help": "eval: validation and test images are 0 or 255, drawn once from the seed",
        },
    },
}

FOLDER = "MNIST/raw"
# The last so many training images are the validation split.
VALID_SIZE = DECLARES["images"]["valid"]
_BINARY = 4  # random stream
BLOCK = 2000  # images binarised at a time


@dataclass(frozen=True)
class IdxFile:
    """What one official file must look like."""

    shape: tuple[int, ...]
    md5_gz: str  # as published
    md5: str  # of the content


FILES = {
    "train-images-idx3-ubyte": IdxFile(
        (60_000, 28, 28), "f68b3c2dcbeaaa9fbdd348bbdeb94873", "6bbc9ace898e44ae57da46a324031adb"
    ),
    "train-labels-idx1-ubyte": IdxFile(
        (60_000,), "d53e105ee54ea40749a09fcbcd1e9432", "a25bea736e30d166cdddb491f175f624"
    ),
    "t10k-images-idx3-ubyte": IdxFile(
        (10_000, 28, 28), "9fb629c4189551a2d022fa330f9573f3", "2646ac647ad5339dbf082846283269ea"
    ),
    "t10k-labels-idx1-ubyte": IdxFile(
        (10_000,), "ec29112dd5afa0611ce80d1b7f02629c", "27ae3e4e09519cfbb04c329615203637"
    ),
}


def build(request: Request) -> Built:
    """Grey digits, 28x28x1; with `binarize: eval`, validation and test pixels are black or white.

    Each is a frozen Bernoulli draw with the grey level as its probability, so that every bound and
    likelihood is about the same binary images. Training images stay grey: a run with `binarize: true`
    draws them anew at each read (Salakhutdinov & Murray, 2008).
    """
    digits = load_digits(request)
    sizes = request.sizes(None if request.standin else digits.sizes)
    labels = np.concatenate([digits.labels[split][: sizes[split]] for split in SPLITS])
    note = ""
    if binary(request.spec):
        note = "validation and test images are binary, drawn once from their grey levels"
    blocks = _blocks(request, digits, sizes)
    return Built(sizes, labels, blocks, digits.source_files, note=note)


def _blocks(request: Request, digits: Digits, sizes: dict[str, int]) -> Iterator[np.ndarray]:
    for split in SPLITS:
        images = digits.images[split][: sizes[split], :, :, None]
        if split == "train" or not binary(request.spec):
            yield images
            continue
        random = request.random(split, _BINARY)
        for start in range(0, len(images), BLOCK):
            yield binarized(images[start : start + BLOCK], random)


def binarized(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """uint8 pixels 0 or 255, each 255 with probability grey / 255, of images uint8 (n, H, W, C)."""
    return np.where(random.random(grey.shape, np.float32) * 255 < grey, 255, 0).astype(np.uint8)


def load_digits(request: Request) -> Digits:
    """All official digits by split, or as many stand-ins as were asked for."""
    if request.standin:
        from dmvi.data import standin_digits

        return standin_digits.load(request)
    wanted = {f"{FOLDER}/{name}.gz": file.md5_gz for name, file in FILES.items()}
    folder = official_folder(request, "MNIST", wanted) / FOLDER
    arrays, source_files = {}, {}
    for name in FILES:
        arrays[name], path, digest = _read(folder, name)
        source_files[f"{FOLDER}/{path.name}"] = f"md5:{digest}"
    images, labels = arrays["train-images-idx3-ubyte"], arrays["train-labels-idx1-ubyte"]
    cut = len(images) - VALID_SIZE
    return Digits(
        images={
            "train": images[:cut],
            "valid": images[cut:],
            "test": arrays["t10k-images-idx3-ubyte"],
        },
        labels={
            "train": labels[:cut],
            "valid": labels[cut:],
            "test": arrays["t10k-labels-idx1-ubyte"],
        },
        source_files=source_files,
    )


def _read(folder: Path, name: str) -> tuple[np.ndarray, Path, str]:
    """The array of one idx file, gzipped or plain, with its path and MD5."""
    expected = FILES[name]
    path = folder / f"{name}.gz"
    if path.is_file():
        packed = _bytes(path)
        digest = _check_md5(path, packed, expected.md5_gz)
        try:
            content = gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise DmviError(f"{path} cannot be unpacked ({error}); {_REPLACE}") from error
        return parse_idx(content, path, expected.shape), path, digest
    path = folder / name
    if not path.is_file():
        raise DmviError(
            f"{path}.gz is missing, and so is the unpacked file; put MNIST's official files into "
            f"{folder}, leave data_dir empty to download them, or choose source: standin"
        )
    content = _bytes(path)
    array = parse_idx(content, path, expected.shape)
    return array, path, _check_md5(path, content, expected.md5)


_REPLACE = "replace it by the official file (or delete it, leave data_dir empty and run again)"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DmviError(f"{path} cannot be read ({error.strerror}); make it readable") from error


def _check_md5(path: Path, content: bytes, expected: str) -> str:
    found = md5(content)
    if found != expected:
        raise DmviError(
            f"{path} ({len(content):,} bytes) has MD5 {found}, but the official file has "
            f"{expected}; {_REPLACE}"
        )
    return found


def parse_idx(content: bytes, path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Array of an idx file of unsigned bytes: magic 00 00 08 rank, big-endian sizes, then values.

    Raises:
        DmviError: if the magic number, the sizes or the number of bytes differ from `shape`'s.
    """
    start = 4 + 4 * len(shape)
    header = struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)
    if content[:4] != header[:4]:
        raise DmviError(
            f"{path} begins with bytes {content[:4].hex(' ')}, not with an idx file's "
            f"{header[:4].hex(' ')}; {_REPLACE}"
        )
    expected = start + int(np.prod(shape))
    if content[:start] != header or len(content) != expected:
        raise DmviError(
            f"{path} has {len(content):,} bytes, or a header, that do not fit an array of shape "
            f"{shape} ({expected:,} bytes), so it is truncated or another file; {_REPLACE}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
