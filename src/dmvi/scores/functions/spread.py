"""How different the images of a set are from each other: a plain test for collapse."""

import numpy as np

from dmvi.errors import DmviError

MOST = 1000  # images; all of their pairs are measured


def spread(images: np.ndarray) -> dict[str, float | int]:
    """Mean L2 distance between two different images of a set, pixels in [0, 1].

    The mean of |x_i - x_j| over all pairs of the first 1,000 images. A generator whose samples are
    all alike has a spread near 0, whatever its samples look like; a spread like the data's does not
    mean that the samples are like the data.

    Args:
        images: uint8 (n, ...), n >= 2, in random order.

    Returns:
        value, sd (0: nothing is drawn at random) and n, the images used.

    Raises:
        DmviError: fewer than two images, or images that are not uint8.
    """
    if images.dtype != np.uint8 or len(images) < 2:
        raise DmviError(
            f"spread: images are {images.dtype} {images.shape}; give at least 2 in uint8"
        )
    flat = images[:MOST].reshape(min(len(images), MOST), -1).astype(np.float64) / 255.0
    norms = (flat**2).sum(1)
    squared = norms[:, None] + norms[None, :] - 2.0 * flat @ flat.T
    pairs = np.sqrt(np.maximum(squared[np.triu_indices(len(flat), 1)], 0.0))
    return {"value": float(pairs.mean()), "sd": 0.0, "n": len(flat)}
