"""Sliced Wasserstein distance between two sets of images."""

import math

import numpy as np

from dmvi.errors import DmviError


def sliced_wasserstein(
    a: np.ndarray, b: np.ndarray, *, projections: int = 256, seed: int = 0
) -> float:
    """Mean over random directions of the 1-Wasserstein distance of the projected images.

    SW(a, b) = 1/c_D E_theta W_1(theta . a, theta . b), theta uniform on the unit sphere of R^D,
    after Bonneel, Rabin, Peyre and Pfister (2015), who define the plain average. Dividing by
    c_D = sqrt(D) E|theta_1| makes the unit that of a pixel, whatever the image size: where b is a
    moved by a fixed vector, the distance is the root mean square of that vector (in expectation
    over directions).

    Args:
        a, b: uint8 (n, ...) and (m, ...), the same image shape; pixels are scaled to [0, 1].
        projections: directions; the relative error of the average is about 0.75 / sqrt(projections)
            at worst. The same seed uses the same directions, so distances can be compared.
        seed: of the directions.

    Returns:
        A distance >= 0, in pixel units; 0 for equal sets.

    Raises:
        DmviError: wrong types or shapes, or an empty set.
    """
    if a.dtype != np.uint8 or b.dtype != np.uint8:
        raise DmviError(f"sliced Wasserstein: images are {a.dtype} and {b.dtype}; give uint8.")
    if a.shape[1:] != b.shape[1:] or not a.size or not b.size:
        raise DmviError(
            f"sliced Wasserstein: shapes {a.shape} and {b.shape} must agree in all but the first "
            "axis, and neither set may be empty."
        )
    dimension = math.prod(a.shape[1:])
    directions = np.random.default_rng(seed).standard_normal((dimension, projections))
    directions /= np.linalg.norm(directions, axis=0)
    distances = wasserstein_1d(_project(a, directions), _project(b, directions))
    return float(distances.mean() / (math.sqrt(dimension) * _mean_absolute_coordinate(dimension)))


def wasserstein_1d(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """W_1 of the empirical distributions in matching columns of (n, P) and (m, P): (P,).

    The area between the two distribution functions, which needs no equal sizes.
    """
    distances = np.empty(a.shape[1])
    for column in range(a.shape[1]):  # one at a time: memory (n + m,)
        u, v = np.sort(a[:, column]), np.sort(b[:, column])
        if len(u) == len(v):
            distances[column] = np.abs(u - v).mean()
            continue
        points = np.sort(np.concatenate([u, v]))
        u_cdf = np.searchsorted(u, points[:-1], side="right") / len(u)
        v_cdf = np.searchsorted(v, points[:-1], side="right") / len(v)
        distances[column] = np.abs(u_cdf - v_cdf) @ np.diff(points)
    return distances


def _project(images: np.ndarray, directions: np.ndarray, tile: int = 512) -> np.ndarray:
    """(n, P) coordinates of the images, converted to float64 one tile at a time."""
    out = np.empty((len(images), directions.shape[1]))
    for start in range(0, len(images), tile):
        pixels = images[start : start + tile].reshape(-1, len(directions)).astype(np.float64)
        out[start : start + tile] = (pixels / 255.0) @ directions
    return out


def _mean_absolute_coordinate(dimension: int) -> float:
    """E|theta_1| for theta uniform on the sphere: Gamma(D/2) / (sqrt(pi) Gamma((D + 1)/2))."""
    log_ratio = math.lgamma(dimension / 2) - math.lgamma((dimension + 1) / 2)
    return math.exp(log_ratio) / math.sqrt(math.pi)
