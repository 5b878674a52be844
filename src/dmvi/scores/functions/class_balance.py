"""How far the classes of samples are from those of the data, from counts of predicted classes."""

from dataclasses import dataclass

import numpy as np

from dmvi.errors import DmviError

RESAMPLES = 200


@dataclass(frozen=True)
class ClassMismatch:
    """Distances of the samples' class histogram from the data's.

    Attributes:
        value: KL(data || samples) in nats, less its `bias`: about 0 for samples of the data's own
            distribution, of either sign.
        sd: of the value, over multinomial resamples of both histograms.
        bias: (K - 1) / 2 (1/n + 1/m), to first order what n and m draws of one distribution give.
        l1, l2: of the difference of the two histograms, plain.
        n: samples.
        classes: K.
    """

    value: float
    sd: float
    bias: float
    l1: float
    l2: float
    n: int
    classes: int


def class_mismatch(samples: np.ndarray, data: np.ndarray, seed: int = 0) -> ClassMismatch:
    """Of counts per class, each (K,).

    Half a count is added to every class of the samples: a class that no sample has would make the
    divergence infinite; with n samples it then costs c log(2 n c) nats, c its share of the data.

    Raises:
        DmviError: fewer than two classes, different numbers of them, or no counts at all.
    """
    samples, data = np.asarray(samples, np.float64), np.asarray(data, np.float64)
    if samples.shape != data.shape or samples.ndim != 1 or len(samples) < 2:
        raise DmviError(
            f"class mismatch: counts of shape {samples.shape} and {data.shape}; give one per class to "
            "both, at least two"
        )
    n, m = samples.sum(), data.sum()
    if not (n > 0 and m > 0):
        raise DmviError(
            f"class mismatch: {n:g} samples and {m:g} images; give at least one of each"
        )
    classes = len(samples)
    bias = (classes - 1) / 2 * (1 / n + 1 / m)
    rng = np.random.default_rng(seed)
    again = [
        _divergence(rng.multinomial(int(n), samples / n), rng.multinomial(int(m), data / m))
        for _ in range(RESAMPLES)
    ]
    difference = samples / n - data / m
    return ClassMismatch(
        value=_divergence(samples, data) - bias,
        sd=float(np.std(again, ddof=1)),
        bias=bias,
        l1=float(np.abs(difference).sum()),
        l2=float(np.sqrt(np.square(difference).sum())),
        n=int(n),
        classes=classes,
    )


def _divergence(samples: np.ndarray, data: np.ndarray) -> float:
    """KL(data || samples) in nats; classes that the data have not add nothing."""
    q = (samples + 0.5) / (samples.sum() + 0.5 * len(samples))
    p = data / data.sum()
    held = p > 0
    return float((p[held] * np.log(p[held] / q[held])).sum())
