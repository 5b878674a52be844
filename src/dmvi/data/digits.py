"""Grey digits by split: what MNIST and its stand-in give to the builders."""

from dataclasses import dataclass

import numpy as np

from dmvi.data.registry import SPLITS


@dataclass(frozen=True)
class Digits:
    """Grey digits by split: images uint8 (n, 28, 28) and labels (n,) in 0..9."""

    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    source_files: dict[str, str]

    @property
    def sizes(self) -> dict[str, int]:
        return {split: len(self.labels[split]) for split in SPLITS}
