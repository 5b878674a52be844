"""Inception score, from class probabilities that some classifier gave."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dmvi.errors import DmviError

# Rows are softmax outputs, possibly in single precision over a thousand classes.
ROW_SUM_TOLERANCE = 1e-4


@dataclass(frozen=True)
class InceptionScore:
    """The score with its spread.

    Attributes:
        value: mean over the splits, between 1 and the number of classes; higher is better.
        sd: standard deviation over the splits, the population one (numpy's ddof = 0).
        splits: how many splits.
        value_one_split: of all rows at once; a larger marginal sample gives a larger score.
        n: rows.
    """

    value: float
    sd: float
    splits: int
    value_one_split: float
    n: int


def inception_score(
    probabilities: np.ndarray, splits: int = 10, *, shuffle_seed: int | None = 0
) -> InceptionScore:
    """exp(E_x KL(p(y|x) || p(y))) per split, p(y) = E_x p(y|x) of the same split, in float64.

    Salimans et al. (2016), section 4. The average divergence is computed as H(y) - E_x H(y|x). Split k
    of S holds the rows floor(k n / S) to floor((k + 1) n / S); these, the shuffling and the population
    standard deviation are those of torch-fidelity (Obukhov et al., 2020).

    Args:
        probabilities: p(y|x), (n, classes): rows >= 0 that sum to 1.
        splits: 1 <= splits <= n.
        shuffle_seed: of the rows' permutation before splitting; None keeps their order. It does not
            change `value_one_split`.

    Raises:
        DmviError: rows that are no probabilities, or fewer rows than splits.
    """
    p = np.asarray(probabilities)
    if p.ndim != 2 or not p.size:
        raise DmviError(
            f"Inception score: probabilities have shape {p.shape}; give (images, classes), not empty."
        )
    if not 1 <= splits <= len(p):
        raise DmviError(
            f"Inception score: {splits} splits of {len(p)} images; give 1 to {len(p)} splits."
        )
    sums = p.sum(1, dtype=np.float64)
    bad = ~(np.abs(sums - 1.0) <= ROW_SUM_TOLERANCE) | ~(p >= 0).all(1)  # NaN is bad too
    if bad.any():
        raise DmviError(
            f"Inception score: {int(bad.sum())} of {len(p)} rows are no probabilities (the first, row "
            f"{int(bad.argmax())}, sums to {sums[bad.argmax()]:.6g}); give rows >= 0 that sum to 1."
        )
    if shuffle_seed is not None:
        p = p[np.random.RandomState(shuffle_seed).permutation(len(p))]  # torch-fidelity's generator
    ends = [k * len(p) // splits for k in range(splits + 1)]
    scores = [_score(p[start:end]) for start, end in pairwise(ends)]
    return InceptionScore(
        value=float(np.mean(scores)),
        sd=float(np.std(scores)),
        splits=splits,
        value_one_split=_score(p),
        n=len(p),
    )


def _score(p: np.ndarray, tile: int = 4096) -> float:
    """exp(H(y) - E H(y|x)) of rows (n, classes), in tiles: 50,000 x 1008 need no second copy."""
    from scipy.special import xlogy  # a third of a second, which only data sets with this score pay

    total, negative_entropy = np.zeros(p.shape[1]), 0.0
    for start in range(0, len(p), tile):
        rows = p[start : start + tile].astype(np.float64)
        total += rows.sum(0)
        negative_entropy += xlogy(rows, rows).sum()
    marginal = total / len(p)
    return float(np.exp(negative_entropy / len(p) - xlogy(marginal, marginal).sum()))
