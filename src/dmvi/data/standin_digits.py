"""Stand-in for MNIST: scikit-learn's `load_digits`, enlarged and centred as MNIST's digits are.

1,797 real handwritten digits of 8x8 pixels (Alpaydin, Kaynak 1998, "Optical recognition of
handwritten digits"). Splits share no digit. Where a split has more images than digits, it goes
through its digits again, each time turned and shifted a little.
"""

import hashlib

import numpy as np

from dmvi.data.digits import Digits
from dmvi.data.registry import SPLITS
from dmvi.data.request import Request

VALID_SIZE = TEST_SIZE = 250  # the last digits; the others, 1,297, are for training
SIZE = 28
MAX_TURN = 12.0  # degrees
MAX_SHIFT = 1.5  # pixels
_JITTER = 3  # random stream


def load(request: Request) -> Digits:
    """Grey digits uint8 (n, 28, 28) with n of each split as the request says."""
    from sklearn.datasets import load_digits

    small = load_digits()
    pixels = small.images.astype(np.float32) / 16  # values 0..16
    cuts = {
        "train": slice(None, -VALID_SIZE - TEST_SIZE),
        "valid": slice(-VALID_SIZE - TEST_SIZE, -TEST_SIZE),
        "test": slice(-TEST_SIZE, None),
    }
    images, labels = {}, {}
    for split, size in request.sizes().items():
        digits, classes = pixels[cuts[split]], small.target[cuts[split]]
        jitter = request.random(split, _JITTER).uniform(-1, 1, (size, 3))
        jitter[: len(digits)] = 0  # the first time round, digits are as they were written
        chosen = np.arange(size) % len(digits)
        images[split] = np.stack(
            [_enlarge(digits[index], *row) for index, row in zip(chosen, jitter, strict=True)]
        )
        labels[split] = classes[chosen].astype(np.int64)
    digest = hashlib.sha256(small.images.tobytes()).hexdigest()
    source = {"scikit-learn load_digits": f"sha256:{digest}"}
    return Digits({s: images[s] for s in SPLITS}, {s: labels[s] for s in SPLITS}, source)


def _enlarge(digit: np.ndarray, turn: float, down: float, right: float) -> np.ndarray:
    """A digit of 8x8 in [0, 1] as uint8 (28, 28), 20 pixels high, its centre of mass in the middle.

    `turn`, `down` and `right` in [-1, 1] scale the largest turn and shifts.
    """
    from PIL import Image

    # 8 pixels become 20; bicubic interpolation keeps strokes smooth.
    image = Image.fromarray(np.pad(digit, 1)).resize((25, 25), Image.Resampling.BICUBIC)
    # Enlarged strokes are pale and blurred; a steeper ramp gives them MNIST's contrast.
    ink = np.clip((np.asarray(image) - 0.25) * 1.8, 0, 1)
    rows, columns = np.mgrid[:25, :25]
    centre = [np.sum(ink * axis) / np.sum(ink) for axis in (columns, rows)]
    angle = np.deg2rad(turn * MAX_TURN)
    cos, sin = np.cos(angle), np.sin(angle)
    x = SIZE / 2 + right * MAX_SHIFT  # where the centre goes, in pixel edges
    y = SIZE / 2 + down * MAX_SHIFT
    # Pillow's affine transform maps output to input positions.
    across = (cos, sin, centre[0] + 0.5 - cos * x - sin * y)
    along = (-sin, cos, centre[1] + 0.5 + sin * x - cos * y)
    placed = Image.fromarray(ink).transform(
        (SIZE, SIZE), Image.Transform.AFFINE, (*across, *along), Image.Resampling.BILINEAR
    )
    return np.rint(np.clip(np.asarray(placed), 0, 1) * 255).astype(np.uint8)
