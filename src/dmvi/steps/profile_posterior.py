"""Summarises the posteriors of all images unit by unit: which latents are used, and how widely."""

from pathlib import Path

import numpy as np
import pandas as pd

from dmvi import files
from dmvi.data.dataset import open_dataset

VALUES_AT_ONCE = 2**24  # 128 MiB of float64
BINS = 100
MEAN_EDGES = np.linspace(-5.0, 5.0, BINS + 1)
# Decades, because collapsed variances spread over many.
VARIANCE_EDGES = np.logspace(-8.0, 2.0, BINS + 1)


def profile_posterior(posterior: Path, data: Path, profile: Path, histograms: Path) -> None:
    """Writes moments per latent unit, and histograms over all units, of Gaussian posteriors.

    Over the N training and validation images, of q(z|x) = N(mean(x), diag(variance(x))):
    - `profile`, a row per unit: unit, mean_of_means, variance_of_means (the activity of Burda,
      Grosse and Salakhutdinov, 2016: a unit is active above 0.01), mean_variance;
    - `histograms`: quantity ("mean" | "variance"), left, right, density. Densities are per unit of
      the mean, and per decade of the variance; values beyond the outer edges count in the outer bins.

    Memory: one block of images, whatever N and the latent size are.
    """
    parameters = np.load(posterior, mmap_mode="r")[: len(open_dataset(data).train_valid)]
    n, d = len(parameters), parameters.shape[1] // 2
    total, squares, variances = np.zeros(d), np.zeros(d), np.zeros(d)
    counts = {"mean": np.zeros(BINS), "variance": np.zeros(BINS)}
    # The first image's means as origin, so that the squares do not cancel.
    origin = parameters[0, :d].astype(np.float64)
    rows = max(1, VALUES_AT_ONCE // (2 * d))
    for start in range(0, n, rows):
        block = np.asarray(parameters[start : start + rows], np.float64)
        mean, variance = block[:, :d], np.exp(block[:, d:])
        total += (mean - origin).sum(0)
        squares += np.square(mean - origin).sum(0)
        variances += variance.sum(0)
        counts["mean"] += _counts(mean, MEAN_EDGES)
        counts["variance"] += _counts(variance, VARIANCE_EDGES)
    shift = total / n
    table = pd.DataFrame(
        {
            "unit": np.arange(d),
            "mean_of_means": origin + shift,
            "variance_of_means": np.maximum(squares / n - shift**2, 0.0),
            "mean_variance": variances / n,
        }
    )
    files.write_csv(profile, table)
    parts = [
        _histogram("mean", MEAN_EDGES, counts["mean"], MEAN_EDGES[1] - MEAN_EDGES[0]),
        _histogram("variance", VARIANCE_EDGES, counts["variance"], 10.0 / BINS),
    ]
    files.write_csv(histograms, pd.concat(parts))


def _counts(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    inside = np.clip(values, edges[0], edges[-1])
    return np.histogram(inside, edges)[0].astype(float)


def _histogram(quantity: str, edges: np.ndarray, counts: np.ndarray, width: float) -> pd.DataFrame:
    density = counts / counts.sum() / width
    columns = {"quantity": quantity, "left": edges[:-1], "right": edges[1:], "density": density}
    return pd.DataFrame(columns)
