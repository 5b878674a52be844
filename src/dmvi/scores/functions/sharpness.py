"""Sharpness of images: how fast pixels change. Needs numpy only."""

import numpy as np

from dmvi.errors import DmviError


def sharpness(images: np.ndarray, tile: int = 1024) -> np.ndarray:
    """Mean gradient magnitude per image, pixels in [0, 1]: uint8 (n, H, W, C) -> float64 (n,).

    The mean over channels and positions of sqrt(dx^2 + dy^2), dx and dy the differences to the next
    pixel to the right and below; the last row and column have no such pixel and are left out. 0 for a
    constant image, at most sqrt(2); blurring lowers it, noise raises it.

    Raises:
        DmviError: not a non-empty uint8 (n, H, W, C) with H, W >= 2.
    """
    if (
        images.dtype != np.uint8
        or images.ndim != 4
        or not images.size
        or min(images.shape[1:3]) < 2
    ):
        raise DmviError(
            f"sharpness: images are {images.dtype} {images.shape}; give uint8 (n, H, W, C) with n >= 1 "
            "and H, W >= 2."
        )
    return np.concatenate(
        [_magnitude(images[start : start + tile]) for start in range(0, len(images), tile)]
    )


def _magnitude(images: np.ndarray) -> np.ndarray:
    x = images.astype(np.float64) / 255.0
    corner = x[:, :-1, :-1]
    dx, dy = x[:, :-1, 1:] - corner, x[:, 1:, :-1] - corner
    return np.sqrt(dx**2 + dy**2).mean((1, 2, 3))
