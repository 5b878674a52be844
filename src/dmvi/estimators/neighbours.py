"""Nearest training images, by Euclidean distance between pixels."""

import numpy as np

from dmvi.errors import DmviError

TILE_BYTES = 2**25  # of images as float64, at a time


def nearest(
    queries: np.ndarray, images: np.ndarray, *, tile_bytes: int = TILE_BYTES
) -> tuple[np.ndarray, np.ndarray]:
    """The image nearest to each query: argmin_n ||query - image_n||, pixels scaled to [0, 1].

    Exact, ties included: squared distances of 8-bit images are integers below 2^53, which float64
    matrix products represent without rounding.

    Args:
        queries: uint8 (m, H, W, C).
        images: uint8 (N, H, W, C), N >= 1; may be a memory map, read one tile at a time.
        tile_bytes: bytes of one tile of images as float64; beside it lives the float64 copy of
            the queries.

    Returns:
        index: int64 (m,), into `images`; the smallest of equally near ones.
        distance: float64 (m,), sqrt of the sum over pixels and channels of squared differences.

    Raises:
        DmviError: wrong types or shapes.
    """
    if queries.dtype != np.uint8 or images.dtype != np.uint8:
        raise DmviError(f"neighbours: images are {queries.dtype} and {images.dtype}; give uint8.")
    if queries.shape[1:] != images.shape[1:] or not len(images):
        raise DmviError(
            f"neighbours: shapes {queries.shape} and {images.shape} must agree in all but the "
            "first axis, and there must be at least one image."
        )
    q = queries.reshape(len(queries), -1).astype(np.float64)
    q_squared = np.einsum("ij,ij->i", q, q)
    best = np.full(len(q), np.inf)
    index = np.zeros(len(q), np.int64)
    tile = max(1, tile_bytes // (8 * max(1, q.shape[1])))
    for start in range(0, len(images), tile):
        x = images[start : start + tile].reshape(-1, q.shape[1]).astype(np.float64)
        squared = q_squared[:, None] - 2.0 * (q @ x.T) + np.einsum("ij,ij->i", x, x)
        candidate = squared.argmin(1)
        value = np.take_along_axis(squared, candidate[:, None], 1)[:, 0]
        closer = value < best  # strictly: of equally near images the first stays
        best[closer], index[closer] = value[closer], candidate[closer] + start
    return index, np.sqrt(best) / 255.0
