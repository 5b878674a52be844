"""First and second moments of the marginal posterior q(z): log det Cov(z) and what follows from it.

With a Gaussian decoder the ELBO spreads its codes beyond the prior, log det Cov(z) > 0, the more the
fewer the training images (Zhao, Song and Ermon, 2017). Needs no torch.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dmvi.errors import DmviError

VALUES_AT_ONCE = 2**22


@dataclass(frozen=True)
class CodeStatistics:
    """Moments of q(z) from n images.

    Attributes:
        n, d: images and latents.
        logdet: log det Cov(z) minus its `bias`; 0 for the prior.
        logdet_per_latent: logdet / d.
        bias: of the plain estimate, -(tr(W)^2 + tr(W^2)) / 2n to first order, W = Cov(z)^-1 Cov(m), m
            what varies from image to image (the posterior's mean, or the sampled code itself, for
            which it is -d(d+1)/2n).
        logdet_sd: standard error, sqrt(2 tr(W^2) / n) for Gaussian m (sqrt(2 d / n) for codes).
        mean_norm: |E z|.
        trace: tr Cov(z) / d; 1 for the prior.
        kl_gauss: KL(N(E z, Cov(z)) || N(0, I)), nats, of the plain moments: a lower bound on
            KL(q(z) || p(z)) up to noise of about d(d+3)/4n.
    """

    n: int
    d: int
    logdet: float
    logdet_per_latent: float
    bias: float
    logdet_sd: float
    mean_norm: float
    trace: float
    kl_gauss: float

    def to_json(self) -> dict[str, Any]:
        """All attributes as a dictionary of numbers."""
        return asdict(self)


def of_gaussian_posteriors(parameters: np.ndarray) -> CodeStatistics:
    """Of q(z) = 1/N sum_n N(m_n, diag s_n^2): Cov(z) = Cov(m) + mean(diag s^2), without sampling.

    Args:
        parameters: (N, 2 d) = [mean | log variance], an array or a memory map, read in blocks.

    Raises:
        DmviError: an odd number of columns, fewer than 2 images, or numbers that are not finite.
    """
    if parameters.ndim != 2 or parameters.shape[1] % 2 or not parameters.shape[1]:
        raise DmviError(
            f"code statistics: parameters have shape {parameters.shape}; it must be (N, 2 d)"
        )
    d = parameters.shape[1] // 2
    mean, covariance = _moments(parameters, d)
    variances = np.zeros(d)
    rows = max(1, VALUES_AT_ONCE // (2 * d))
    for start in range(0, len(parameters), rows):
        block = np.asarray(parameters[start : start + rows, d:], np.float64)
        variances += np.exp(block).sum(0)
    return _statistics(len(parameters), mean, covariance, variances / len(parameters))


def of_codes(codes: np.ndarray) -> CodeStatistics:
    """Of sampled codes z_n ~ q(z|x_n), (N, d), N > d: for posteriors without a density.

    Raises:
        DmviError: not more codes than latents, or numbers that are not finite.
    """
    if codes.ndim != 2 or len(codes) <= codes.shape[1]:
        raise DmviError(
            f"code statistics: codes have shape {codes.shape}; there must be more codes than latents, "
            "or their covariance has no determinant"
        )
    mean, covariance = _moments(codes, codes.shape[1])
    return _statistics(len(codes), mean, covariance, np.zeros(codes.shape[1]))


def _statistics(
    n: int, mean: np.ndarray, varying: np.ndarray, constant: np.ndarray
) -> CodeStatistics:
    covariance = varying + np.diag(constant)
    d = len(mean)
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise DmviError("code statistics: some codes are not finite; the training has diverged")
    sign, plain = np.linalg.slogdet(covariance)
    if sign <= 0:
        raise DmviError(
            "code statistics: the codes' covariance is singular; some latents are constant or copies"
        )
    share = np.linalg.solve(covariance, varying)
    of_square = float(np.einsum("ij,ji->", share, share))
    bias = -(float(np.trace(share)) ** 2 + of_square) / (2 * n)
    norm2, trace = float(mean @ mean), float(np.trace(covariance))
    return CodeStatistics(
        n=n,
        d=d,
        logdet=float(plain) - bias,
        logdet_per_latent=(float(plain) - bias) / d,
        bias=bias,
        logdet_sd=math.sqrt(2 * of_square / n),
        mean_norm=math.sqrt(norm2),
        trace=trace / d,
        kl_gauss=0.5 * (trace + norm2 - d - float(plain)),
    )


def _moments(array: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and unbiased covariance (d, d) of the first d columns, read in blocks."""
    n = len(array)
    if n < 2:
        raise DmviError(f"code statistics: {n} images; at least 2 have a covariance")
    # The first row as origin, so that the squares do not cancel.
    origin = np.asarray(array[0, :d], np.float64)
    total, products = np.zeros(d), np.zeros((d, d))
    rows = max(1, VALUES_AT_ONCE // d)
    for start in range(0, n, rows):
        block = np.asarray(array[start : start + rows, :d], np.float64) - origin
        total += block.sum(0)
        products += block.T @ block
    shift = total / n
    return origin + shift, (products - n * np.outer(shift, shift)) / (n - 1)
