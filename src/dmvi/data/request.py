"""What a builder is asked for (`Request`) and what it returns (`Built`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dmvi.data.registry import SPLITS, STANDIN_SIZES
from dmvi.errors import DmviError


@dataclass(frozen=True)
class Request:
    """A resolved spec and the folders that hold, or will hold, the official files."""

    name: str  # the data set's key in the config
    spec: Mapping[str, Any]  # as `registry.resolve` returns it
    raw_dir: Path
    data_dir: Path | None = None

    @property
    def standin(self) -> bool:
        return self.spec["source"] == "standin"

    def sizes(self, available: Mapping[str, int] | None = None) -> dict[str, int]:
        """Images to keep of each split: all there are, or the `limit` where it sets fewer.

        Without `available` the images are made to measure (a stand-in), in the numbers that the
        limit asks for.
        """
        limit = self.spec["limit"]
        if available is None:
            return dict(limit or STANDIN_SIZES)
        if limit is None:
            return dict(available)
        for split, wanted in limit.items():
            if wanted > available[split]:
                raise DmviError(
                    f"data.{self.name}.limit.{split} is {wanted}, but the {split} split has "
                    f"{available[split]} images; lower the limit or remove it"
                )
        return dict(limit)

    def random(self, split: str, purpose: int) -> np.random.Generator:
        """A random stream of its own for each split and purpose.

        Separate streams make an image independent of how many others are built, so that a
        limited data set is the beginning of the full one.
        """
        key = (SPLITS.index(split), purpose)
        seeds = np.random.SeedSequence(self.spec["seed"], spawn_key=key)
        return np.random.Generator(np.random.PCG64(seeds))


@dataclass
class Built:
    """A data set on its way to the disk; images come in blocks, for CelebA has 2.5 GB of them."""

    sizes: dict[str, int]  # images of each split
    labels: np.ndarray  # (N,) integers, -1 where there are none
    blocks: Iterable[np.ndarray]  # uint8 (n, H, W, C), together N images: train, valid, test
    source_files: dict[str, str] = field(default_factory=dict)  # name: "md5:..." or "sha256:..."
    title: str = ""  # replaces the registry's title where the files demand it
    note: str = ""
