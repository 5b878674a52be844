"""ColorMNIST: one MNIST digit in one random colour, with pixel noise.

After Metz et al. (2017), "Unrolled generative adversarial networks", whom the paper cites; the
recipe itself is ours. "N(0, 0.5)" and "N(0, 0.2)" are read as standard deviations [ours].
"""

from collections.abc import Iterator

import numpy as np

from dmvi.data.digits import Digits
from dmvi.data.mnist import load_digits
from dmvi.data.registry import SPLITS
from dmvi.data.request import Built, Request

DECLARES = {
    "extends": "mnist",
    "title": "ColorMNIST",
    "order": 1,
    "kind": "ColorMNIST",
    "summary": "one MNIST digit in one random colour, with pixel noise",
    "channels": 3,
    "standin": {"title": "ColorMNIST stand-in (scikit-learn digits)"},
    "options": {
        "binarize": None,
        "pixel_noise": {
            "kind": "number",
            "default": 0.2,
            "minimum": 0,
            "maximum": 10,
            "help": "standard deviation of the pixel noise, pixels in [-1, 1]",
        },
        "color_sd": {
            "kind": "number",
            "default": 0.5,
            "minimum": 0,
            "maximum": 10,
            "help": "standard deviation of a colour channel, pixels in [-1, 1]",
        },
    },
}

BLOCK = 2000  # images coloured at a time: 20 MB
_COLOR, _NOISE = 0, 1  # random streams


def build(request: Request) -> Built:
    """Coloured digits, 28x28x3, frozen from the seed."""
    digits = load_digits(request)
    sizes = request.sizes(None if request.standin else digits.sizes)
    labels = np.concatenate([digits.labels[split][: sizes[split]] for split in SPLITS])
    return Built(sizes, labels, _colored(request, digits, sizes), digits.source_files)


def _colored(request: Request, digits: Digits, sizes: dict[str, int]) -> Iterator[np.ndarray]:
    color_sd = np.float32(request.spec["color_sd"])
    pixel_noise = np.float32(request.spec["pixel_noise"])
    for split in SPLITS:
        colors, noises = request.random(split, _COLOR), request.random(split, _NOISE)
        for start in range(0, sizes[split], BLOCK):
            grey = digits.images[split][start : min(start + BLOCK, sizes[split])]
            color = colors.standard_normal((len(grey), 3), np.float32) * color_sd
            noise = noises.standard_normal((*grey.shape, 3), np.float32) * pixel_noise
            yield colorize(grey, color, noise)


def colorize(grey: np.ndarray, color: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Colours digits: v = clip(I C + (I - 1) + noise, -1, 1), stored as round((v + 1) / 2 * 255).

    With intensity I = 0 a pixel is -1 (black) and with I = 1 it has the colour C.

    Args:
        grey: uint8 (n, H, W), intensity I = grey / 255 in [0, 1].
        color: float32 (n, 3), the colour C of each image, about [-1, 1].
        noise: float32 (n, H, W, 3).

    Returns:
        uint8 (n, H, W, 3).
    """
    intensity = grey[..., None].astype(np.float32) / np.float32(255)
    value = intensity * color[:, None, None, :] + (intensity - 1) + noise
    return np.rint((np.clip(value, -1, 1) + 1) * np.float32(127.5)).astype(np.uint8)
