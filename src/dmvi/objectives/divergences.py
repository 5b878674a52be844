"""Divergences between a batch of codes and the prior N(0, I): MMD and Stein's.

MMD: Gretton et al. (2012), A kernel two-sample test. Stein direction: Liu and Wang (2016), Stein
variational gradient descent. Kernelised Stein discrepancy: Liu, Lee and Jordan (2016).

Everything is computed in float64, because these sums cancel and cost nothing beside a network, and
returned in the dtype of the codes (float32 for half precision). Nothing here reads a value back from
the device.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.objectives.kernels import Kernel


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """|a_i - b_j|^2, float64 and >= 0: (n, d), (m, d) -> (n, m). Pairs of equal rows may give 1e-16 d."""
    a, b = a.double(), b.double()
    squared = a.square().sum(1)[:, None] + b.square().sum(1) - 2.0 * (a @ b.T)
    return squared.clamp(min=0.0)


def mmd2(a: Tensor, b: Tensor, kernel: Callable[[Tensor], Tensor]) -> Tensor:
    """Squared maximum mean discrepancy of two samples, the V-statistic: (n, d), (m, d) -> ().

    mean_ij k(a_i, a_j) + mean_ij k(b_i, b_j) - 2 mean_ij k(a_i, b_j), all pairs with the diagonal
    (what Zhao, Song and Ermon's code of InfoVAE computes). It is 0 for equal samples and never
    negative; for samples of one distribution it is (E k(z, z) - E k(z, z')) (1/n + 1/m) on average.

    Args:
        a, b: samples; both may carry gradients.
        kernel: of squared distances, see `dmvi.objectives.kernels`.
    """
    a64, b64 = _matrix(a, 1, "mmd2"), _matrix(b, 1, "mmd2")
    within = kernel(squared_distances(a64, a64)).mean() + kernel(squared_distances(b64, b64)).mean()
    across = kernel(squared_distances(a64, b64)).mean()
    # The clamp only takes away what rounding (1e-16) leaves below 0.
    return _as(a, (within - 2.0 * across).clamp(min=0.0))


def mmd2_to_normal(z: Tensor, kernel: Kernel, *, diagonal: bool = True) -> Tensor:
    """Squared MMD between a sample and N(0, I), whose part is in closed form: (n, d) -> ().

    mean_ij k(z_i, z_j) - 2 mean_i E_z' k(z_i, z') + E_z'z'' k(z', z''), with z', z'' ~ N(0, I).

    Args:
        z: codes, which may carry a gradient.
        kernel: one that knows its expectations under N(0, I).
        diagonal: with i = j (V-statistic: never negative, too large by (E k(z, z) - E k(z, z'))/n) or
            without (U-statistic: unbiased, so negative about half of the time where q = p; n >= 2).
    """
    z64 = _matrix(z, 1 if diagonal else 2, "mmd2_to_normal")
    n, d = z64.shape
    pairs = kernel(squared_distances(z64, z64))
    off_diagonal = (pairs.sum() - pairs.diagonal().sum()) / max(1, n * (n - 1))
    within = pairs.mean() if diagonal else off_diagonal
    across = kernel.mean_under_normal(z64.square().sum(1), d).mean()
    value = within - 2.0 * across + kernel.mean_of_normal_pairs(d)
    return _as(z, value.clamp(min=0.0) if diagonal else value)


def median_bandwidth(z: Tensor) -> Tensor:
    """h = median_{i<j}(|z_i - z_j|)^2 / log n of (n, d), n >= 2 (Liu and Wang, 2016, section 5), ().

    With it sum_j k(z_i, z_j) is about n exp(-log n) = 1 for the typical i: far particles interact.
    A lower limit of 1e-12 stands for a sample whose points coincide.
    """
    z64 = _matrix(z.detach(), 2, "median_bandwidth")
    n = len(z64)
    first, second = torch.triu_indices(n, n, 1, device=z64.device)
    median = squared_distances(z64, z64)[first, second].median()  # of squares: the same pair's
    return (median / math.log(n)).clamp(min=1e-12)


@torch.no_grad()
def stein_direction(z: Tensor, bandwidth: Tensor | float | None = None) -> Tensor:
    """SVGD's direction towards N(0, I) for each particle, without gradients: (n, d) -> (n, d).

    phi_i = mean_j k(z_j, z_i) (-z_j + (2/h) (z_i - z_j)), k(a, b) = exp(-|a - b|^2 / h): moving all
    particles along phi lowers KL(q(z) || N(0, I)) the most within the unit ball of the kernel's space
    (Liu and Wang, 2016, eq. 8); with few particles for many latents the place of rest has too small a
    variance. As a loss term, -mean_i <phi_i, z_i> has minus phi_i / n as gradient.

    Args:
        z: particles, n >= 2.
        bandwidth: h > 0; `median_bandwidth(z)` if None.
    """
    z64 = _matrix(z, 2, "stein_direction")
    h = median_bandwidth(z64) if bandwidth is None else bandwidth
    k = torch.exp(-squared_distances(z64, z64) / h)
    # sum_j k_ij (z_i - z_j) = z_i sum_j k_ij - sum_j k_ij z_j needs no (n, n, d) tensor.
    attraction = k @ z64
    repulsion = (2.0 / h) * (z64 * k.sum(1, keepdim=True) - attraction)
    return _as(z, (repulsion - attraction) / len(z64))


def ksd2(z: Tensor, bandwidth: Tensor | float | None = None) -> Tensor:
    """Squared kernelised Stein discrepancy of a sample from N(0, I), the V-statistic: (n, d) -> ().

    mean_ij k(z_i, z_j) (z_i.z_j - 2 r^2/h + 2 d/h - 4 r^2/h^2), r = |z_i - z_j|, k = exp(-r^2/h). The
    last two terms are the trace of the kernel's mixed derivative. It is never negative; for draws of
    N(0, I) and a fixed h its expectation is d (1 + 2/h) / n.

    Args:
        z: the sample, n >= 2; may carry a gradient.
        bandwidth: h > 0; `median_bandwidth(z)` if None, as a constant.
    """
    z64 = _matrix(z, 2, "ksd2")
    h = median_bandwidth(z64) if bandwidth is None else bandwidth
    squared = squared_distances(z64, z64)
    terms = z64 @ z64.T - 2.0 * squared / h + 2.0 * z64.shape[1] / h - 4.0 * squared / (h * h)
    return _as(z, (torch.exp(-squared / h) * terms).mean().clamp(min=0.0))


def _matrix(z: Tensor, fewest: int, name: str) -> Tensor:
    if z.ndim != 2 or len(z) < fewest:
        raise DmviError(
            f"{name}: a sample has shape {tuple(z.shape)}; it must be (n, d) with n at least {fewest}."
        )
    return z.double()


def _as(z: Tensor, value: Tensor) -> Tensor:
    """The value in the dtype of the codes, float32 at least."""
    return value.to(torch.promote_types(z.dtype, torch.float32))
