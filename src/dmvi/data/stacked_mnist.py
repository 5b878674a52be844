"""Stacked MNIST: three random digits, one per colour channel (Metz et al. 2017)."""

from collections.abc import Iterator

import numpy as np

from dmvi.data.digits import Digits
from dmvi.data.mnist import load_digits
from dmvi.data.registry import SPLITS
from dmvi.data.request import Built, Request

DECLARES = {
    "extends": "mnist",
    "title": "Stacked MNIST",
    "order": 2,
    "kind": "ColorMNIST",  # the name can mean both
    "summary": "three random MNIST digits, one per colour channel",
    "channels": 3,
    "standin": {"title": "Stacked MNIST stand-in (scikit-learn digits)"},
    "options": {"binarize": None},
}

BLOCK = 10_000
_CHOICE = 2  # random stream


def build(request: Request) -> Built:
    """Stacked digits, 28x28x3; the label is 100 r + 10 g + b, one of 1,000 modes.

    The three digits are drawn with replacement from the image's own split, so that splits share
    no digit; there are as many images as digits.
    """
    digits = load_digits(request)
    sizes = request.sizes(None if request.standin else digits.sizes)
    # Drawn from the whole split even under a limit, which so keeps the first images unchanged.
    chosen = {
        split: request.random(split, _CHOICE).integers(
            len(digits.labels[split]), size=(sizes[split], 3)
        )
        for split in SPLITS
    }
    labels = np.concatenate(
        [digits.labels[split].astype(np.int64)[chosen[split]] @ (100, 10, 1) for split in SPLITS]
    )
    return Built(sizes, labels, _stacked(digits, chosen), digits.source_files)


def _stacked(digits: Digits, chosen: dict[str, np.ndarray]) -> Iterator[np.ndarray]:
    for split in SPLITS:
        for start in range(0, len(chosen[split]), BLOCK):
            triples = digits.images[split][chosen[split][start : start + BLOCK]]  # (n, 3, 28, 28)
            yield triples.transpose(0, 2, 3, 1)
