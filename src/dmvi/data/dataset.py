"""Reading a prepared data set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dmvi import files
from dmvi.data.registry import SPLITS
from dmvi.errors import DmviError


@dataclass(frozen=True)
class Dataset:
    """A prepared data set; the images stay on the disk until they are read.

    Attributes:
        images: uint8 (N, H, W, C), read-only memory map, ordered train, valid, test.
        labels: int64 (N,), -1 where the data set has none.
        meta: the content of `meta.json`.
    """

    images: np.ndarray
    labels: np.ndarray
    meta: dict[str, Any]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        return tuple(self.meta["image_shape"])

    def span(self, name: str) -> slice:
        """The rows of one split: "train", "valid" or "test"."""
        if name not in self.meta["splits"]:
            raise DmviError(f"there is no split {name!r}; choose one of {', '.join(SPLITS)}")
        return slice(*self.meta["splits"][name])

    def split(self, name: str) -> np.ndarray:
        """The images of one split, a view: uint8 (n, H, W, C)."""
        return self.images[self.span(name)]

    @property
    def train_valid(self) -> np.ndarray:
        """The training and validation images, a view: the ones whose posteriors make up q(z)."""
        return self.images[: self.span("valid").stop]


def open_dataset(folder: str | Path, verify: bool = True) -> Dataset:
    """Opens the folder that `prepare` wrote.

    Args:
        folder: holds images.npy, labels.npy and meta.json.
        verify: also compare the files' SHA-256 with meta.json. It reads every byte, at 0.5 to 2 GB/s: 4
            seconds at most for the largest data set, CelebA, whose shortest step takes minutes.

    Raises:
        DmviError: if a file is missing, truncated, or disagrees with meta.json.
    """
    folder = Path(folder)
    meta = _read_meta(folder / "meta.json")
    total = meta["splits"]["test"][1]
    images = _read_array(folder / "images.npy", (total, *meta["image_shape"]), np.uint8, "r")
    labels = _read_array(folder / "labels.npy", (total,), np.int64, None)
    for name, expected in meta["sha256"].items() if verify else ():
        if files.sha256(folder / name) != expected:
            raise DmviError(
                f"{folder / name} is not the file meta.json describes; {files.remake(folder / name)}"
            )
    return Dataset(images, labels, meta)


_AGAIN = "prepare the data set again"


def _read_meta(path: Path) -> dict[str, Any]:
    try:
        meta = files.read_json(path)
    except FileNotFoundError as error:
        raise DmviError(f"{path} is missing; prepare the data set first") from error
    except (OSError, ValueError) as error:
        raise DmviError(f"{path} cannot be read ({error}); {_AGAIN}") from error
    try:
        height, width, channels = meta["image_shape"]
        ends = [0, *(meta["splits"][split][1] for split in SPLITS)]
        starts = [meta["splits"][split][0] for split in SPLITS]
        good = (
            all(isinstance(n, int) for n in (height, width, channels, *ends))
            and starts == ends[:-1]
            and ends == sorted(ends)
            and set(meta["sha256"]) == {"images.npy", "labels.npy"}
        )
    except (KeyError, TypeError, ValueError, IndexError):
        good = False
    if not good:
        raise DmviError(f"{path} does not describe a data set with adjoining splits; {_AGAIN}")
    return meta


def _read_array(path: Path, shape: tuple[int, ...], dtype: type, mode: str | None) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode=mode, allow_pickle=False)
    except FileNotFoundError as error:
        raise DmviError(f"{path} is missing although meta.json is there; {_AGAIN}") from error
    except (OSError, ValueError, EOFError) as error:
        raise DmviError(
            f"{path} is truncated or damaged ({error}); {files.remake(path)}"
        ) from error
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
        found = f"{getattr(array, 'dtype', '?')} {getattr(array, 'shape', '?')}"
        raise DmviError(
            f"{path} holds {found}, but meta.json says {np.dtype(dtype)} {shape}; {_AGAIN}"
        )
    return array
