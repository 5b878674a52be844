"""CIFAR-10: reading the official batches (Krizhevsky 2009, "Learning multiple layers of features
from tiny images")."""

import pickle
import tarfile
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dmvi.data.download import md5, official_folder
from dmvi.data.registry import SPLITS
from dmvi.data.request import Built, Request
from dmvi.errors import DmviError

DECLARES = {
    "title": "CIFAR-10",
    "order": 4,
    "kind": "CIFAR-10",
    "summary": "CIFAR-10 photographs",
    "image_size": 32,
    "channels": 3,
    "images": {"train": 45_000, "valid": 5_000, "test": 10_000},
    "files": [["cifar-10-batches-py", "cifar-10-python.tar.gz"]],
    "standin": {
        "title": "CIFAR-10 stand-in (patches of two photographs)",
        "note": "32x32 patches of scikit-learn's two photographs; the label is the photograph",
    },
}

FOLDER = "cifar-10-batches-py"
ARCHIVE = "cifar-10-python.tar.gz"
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"
# The last so many training images are the validation split.
VALID_SIZE = DECLARES["images"]["valid"]
BATCHES = {  # five of training images, then the test images: name -> MD5
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}


def build(request: Request) -> Built:
    """Photographs, 32x32x3, with labels 0..9."""
    if request.standin:
        from dmvi.data import standin_patches

        return standin_patches.build(request)
    folder = official_folder(request, "CIFAR-10", {ARCHIVE: ARCHIVE_MD5})
    contents = _checked_batches(folder)
    batches = [_parse(contents[name]) for name in BATCHES]
    train = np.concatenate([images for images, _ in batches[:-1]])
    train_labels = np.concatenate([labels for _, labels in batches[:-1]])
    test, test_labels = batches[-1]
    cut = len(train) - VALID_SIZE
    images = {"train": train[:cut], "valid": train[cut:], "test": test}
    labels = {"train": train_labels[:cut], "valid": train_labels[cut:], "test": test_labels}
    sizes = request.sizes({split: len(images[split]) for split in SPLITS})
    return Built(
        sizes,
        np.concatenate([labels[split][: sizes[split]] for split in SPLITS]),
        (images[split][: sizes[split]] for split in SPLITS),
        {f"{FOLDER}/{name}": f"md5:{digest}" for name, digest in BATCHES.items()},
    )


def _checked_batches(root: Path) -> dict[str, bytes]:
    """The bytes of every batch, from the unpacked folder or else from the archive.

    A batch is a pickle, and a pickle can run any code: no byte leaves here unless the batch's
    MD5 is the official one.
    """
    if (root / FOLDER).is_dir():
        where, members = root / FOLDER, _read_folder(root / FOLDER)
    elif (root / ARCHIVE).is_file():
        where, members = root / ARCHIVE, _read_archive(root / ARCHIVE)
    else:
        raise DmviError(
            f"CIFAR-10 is not in {root}: it holds neither {FOLDER}/ nor {ARCHIVE}; put one of "
            "them there, leave data_dir empty to download it, or choose source: standin"
        )
    batches = {}
    for name, content in members:
        found = md5(content)
        if found != BATCHES[name]:
            raise DmviError(
                f"{where / name} ({len(content):,} bytes) has MD5 {found}, but the official file "
                f"has {BATCHES[name]}, so it was not opened; replace it by the official file"
            )
        batches[name] = content
    for name in BATCHES:
        if name not in batches:
            raise DmviError(
                f"{where / name} is missing; put all six batches of CIFAR-10 (python version) there"
            )
    return batches


def _read_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name in BATCHES:
        try:
            yield name, (folder / name).read_bytes()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise DmviError(
                f"{folder / name} cannot be read ({error.strerror}); make it readable"
            ) from error


def _read_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    """The batches among the members, in memory: nothing is unpacked on the disk."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                folder, _, name = member.name.rpartition("/")
                if member.isfile() and folder == FOLDER and name in BATCHES:
                    yield name, archive.extractfile(member).read()
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise DmviError(
            f"{path} cannot be unpacked ({error}); replace it by the official archive"
        ) from error


def _parse(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (10000, 32, 32, 3) and labels (10000,) of one verified batch."""
    with warnings.catch_warnings():
        # These pickles were written for an older numpy, which newer ones remark on.
        warnings.simplefilter("ignore")
        batch = pickle.loads(content, encoding="latin1")
    images = np.asarray(batch["data"], np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    labels = np.asarray(batch["labels"], np.int64)
    return images, labels
