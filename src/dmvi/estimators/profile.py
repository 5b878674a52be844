"""Gaussian posteriors of all images, unit by unit: which latents are used, and how widely.

Needs no torch.
"""

import numpy as np
import pandas as pd

VALUES_AT_ONCE = 2**24  # 128 MiB of float64
BINS = 100
MEAN_EDGES = np.linspace(-5.0, 5.0, BINS + 1)
# Decades, because collapsed variances spread over many.
VARIANCE_EDGES = np.logspace(-8.0, 2.0, BINS + 1)
UNIT_COLUMNS = ("unit", "mean_of_means", "variance_of_means", "mean_variance", "kl")
HISTOGRAM_COLUMNS = ("quantity", "left", "right", "density")


def posterior_profile(parameters: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Moments per latent unit, and histograms over all units, of Gaussian posteriors.

    Args:
        parameters: (N, 2 d) = [mean | log variance] of q(z|x_n) = N(mean_n, diag(variance_n)), an
            array or a memory map, of which one block at a time is read.

    Returns:
        units: a row per unit: unit, mean_of_means, variance_of_means (the activity of Burda, Grosse
            and Salakhutdinov, 2016), mean_variance, kl: the mean over images of the unit's part of
            KL(q(z|x)‖N(0, I)), (mean² + variance − 1 − log variance) / 2, in nats, 0 or more;
        histograms: quantity ("mean" | "variance"), left, right, density. Densities are per unit of
            the mean, and per decade of the variance; values beyond the outer edges count in the
            outer bins.
    """
    n, d = len(parameters), parameters.shape[1] // 2
    total, squares, variances, kl = (np.zeros(d) for _ in range(4))
    counts = {"mean": np.zeros(BINS), "variance": np.zeros(BINS)}
    # The first image's means as origin, so that the squares do not cancel.
    origin = parameters[0, :d].astype(np.float64)
    rows = max(1, VALUES_AT_ONCE // (2 * d))
    for start in range(0, n, rows):
        block = np.asarray(parameters[start : start + rows], np.float64)
        mean, variance = block[:, :d], np.exp(block[:, d:])
        kl += (np.square(mean) + variance - 1 - block[:, d:]).sum(0) / 2
        total += (mean - origin).sum(0)
        squares += np.square(mean - origin).sum(0)
        variances += variance.sum(0)
        counts["mean"] += _counts(mean, MEAN_EDGES)
        counts["variance"] += _counts(variance, VARIANCE_EDGES)
    shift = total / n
    moves = np.maximum(squares / n - shift**2, 0.0)
    moments = (np.arange(d), origin + shift, moves, variances / n, np.maximum(kl / n, 0.0))
    units = pd.DataFrame(dict(zip(UNIT_COLUMNS, moments, strict=True)))
    parts = [
        _histogram("mean", MEAN_EDGES, counts["mean"], MEAN_EDGES[1] - MEAN_EDGES[0]),
        _histogram("variance", VARIANCE_EDGES, counts["variance"], 10.0 / BINS),
    ]
    return units, pd.concat(parts)


def _counts(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    inside = np.clip(values, edges[0], edges[-1])
    return np.histogram(inside, edges)[0].astype(float)


def _histogram(quantity: str, edges: np.ndarray, counts: np.ndarray, width: float) -> pd.DataFrame:
    density = counts / counts.sum() / width
    values = (quantity, edges[:-1], edges[1:], density)
    return pd.DataFrame(dict(zip(HISTOGRAM_COLUMNS, values, strict=True)))
