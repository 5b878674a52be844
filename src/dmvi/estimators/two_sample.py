"""Two-sample distances between codes z ~ q(z) and the prior N(0, I), each with its null distribution.

They measure the *marginal*: in many dimensions the Monte Carlo KL(q(z) || p(z)) of a finite mixture sits
at avgKL - log N whatever the encoder does, while these see codes and nothing else. A distance says
little by itself: on n draws of the prior it is not 0 either. Beside each stands what the same statistic
gives on prior draws, as many as the codes.

Of the prior no draws are needed: its part of the MMD, and its quantiles along a line, are known.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.objectives.kernels import KERNELS, Kernel, make_kernel

# Several statistics of one sample (n, d) at once: what they share is computed once.
Statistics = Callable[[Tensor], dict[str, float]]
Progress = Callable[[int, int], None]

LIMIT = 10_000  # codes; the MMD's time grows with their square
REPLICATES = 99  # the smallest p-value is then .01
PROJECTIONS = 128
QUANTILES = (0.05, 0.5, 0.95)
# Squared distances at a time: on a CPU they stay in a core's cache, which is five times faster.
TILE_BYTES = {"cpu": 2**20, "cuda": 2**28}


@dataclass(frozen=True)
class TwoSample:
    """A distance between codes and prior, beside its null distribution.

    Attributes:
        value: the statistic of the codes.
        p_value: (1 + draws of the null at or above `value`) / (1 + replicates), one-sided.
        null_mean, null_sd: of the statistic on prior draws.
        null_quantiles: the same at `QUANTILES`.
        excess: (value - null_mean) / null_sd, which orders models where every p-value is the smallest.
        n, available: codes used, and how many there were.
        replicates: draws of the null.
    """

    value: float
    p_value: float
    null_mean: float
    null_sd: float
    null_quantiles: tuple[float, ...]
    excess: float
    n: int
    available: int
    replicates: int

    def to_json(self) -> dict[str, Any]:
        """All attributes as a dictionary of numbers."""
        return asdict(self)


def against_prior(
    codes: np.ndarray | Tensor,
    statistics: Statistics | None = None,
    *,
    limit: int = LIMIT,
    replicates: int = REPLICATES,
    seed: int = 0,
    null: Mapping[str, np.ndarray] | None = None,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
) -> dict[str, TwoSample]:
    """Every statistic of the codes with its p-value against N(0, I).

    Args:
        codes: one z ~ q(z|x_n) per image, (N, d); an array, a memory map or a tensor.
        statistics: `default_statistics(d, seed)` if None.
        limit: of N > limit codes a random subset of `limit` is used (seeded, without replacement).
        replicates: of the null, >= 19, each of as many prior draws as codes are used.
        seed: of subset, projections and null.
        null: of `null_distribution` with the same n, d, statistics, to spare it: it does not depend on
            the codes, so one serves all models of a study.
        device: where to compute.
        progress: called as progress(done, replicates).

    Raises:
        DmviError: fewer than 2 codes, codes that are not finite, or fewer than 19 replicates.
    """
    z = _subset(codes, limit, seed).to(device)
    if not z.isfinite().all():
        raise DmviError("two-sample: some codes are not finite; the training has diverged")
    statistics = statistics or default_statistics(z.shape[1], seed)
    if null is None:
        null = null_distribution(
            len(z), z.shape[1], statistics, replicates=replicates, seed=seed, device=device,
            progress=progress,
        )  # fmt: skip
    values = statistics(z)
    return {name: _judged(values[name], null[name], len(z), len(codes)) for name in values}


def null_distribution(
    n: int,
    d: int,
    statistics: Statistics | None = None,
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Every statistic of n draws of N(0, I) in d dimensions, name -> float64 (replicates,)."""
    if replicates < 19:
        raise DmviError(
            f"two-sample: {replicates} replicates of the null; at least 19 are needed for p = .05"
        )
    statistics = statistics or default_statistics(d, seed)
    rows = []
    for i in range(replicates):
        mixed = int(np.random.SeedSequence([seed, i]).generate_state(1)[0])
        generator = torch.Generator(device).manual_seed(mixed)
        draws = torch.randn(n, d, generator=generator, dtype=torch.float64, device=device)
        rows.append(statistics(draws))
        if progress is not None:
            progress(i + 1, replicates)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def default_statistics(d: int, seed: int = 0, projections: int = PROJECTIONS) -> Statistics:
    """mmd2_gaussian and mmd2_imq (unbiased) and sliced_wasserstein, for d latents."""
    kernels = {name: make_kernel(name, d) for name in KERNELS}
    directions = random_directions(d, projections, seed)

    def statistics(z: Tensor) -> dict[str, float]:
        found = {f"mmd2_{name}": value for name, value in mmd2_to_prior(z, kernels).items()}
        return found | {"sliced_wasserstein": sliced_wasserstein_to_prior(z, directions)}

    return statistics


def mmd2_to_prior(
    z: Tensor, kernels: Mapping[str, Kernel], *, tile_bytes: int | None = None
) -> dict[str, float]:
    """Unbiased squared MMD between codes (n, d) and N(0, I) by several kernels, in tiles.

    mean_{i != j} k(z_i, z_j) - 2 mean_i E_z' k(z_i, z') + E k(z', z''): the same as
    `dmvi.objectives.divergences.mmd2_to_normal(z, k, diagonal=False)`, which holds all n^2 distances.
    Each pair is visited once, at all kernels. Float64; memory about 3 `tile_bytes` beside the codes.
    """
    z = _sample(z)
    n, d = z.shape
    squared_norm = z.square().sum(1)
    totals = {name: z.new_zeros(()) for name in kernels}
    tile_bytes = tile_bytes or TILE_BYTES.get(z.device.type, TILE_BYTES["cpu"])
    side = max(1, math.isqrt(tile_bytes // 8))
    for first in range(0, n, side):
        rows = slice(first, min(first + side, n))
        for start in range(first, n, side):  # the upper triangle of tiles
            columns = slice(start, min(start + side, n))
            squared = torch.addmm(squared_norm[None, columns], z[rows], z[columns].T, alpha=-2.0)
            squared.add_(squared_norm[rows, None]).clamp_(min=0.0)
            if start == first:
                squared.fill_diagonal_(0.0)
            for name, kernel in kernels.items():
                total = kernel(squared).sum()
                # k(z, z) = 1 on the diagonal of the tiles that hold it.
                totals[name] += total - len(squared) if start == first else 2.0 * total
    return {
        name: totals[name].item() / (n * (n - 1))
        - 2.0 * kernel.mean_under_normal(squared_norm, d).mean().item()
        + kernel.mean_of_normal_pairs(d)
        for name, kernel in kernels.items()
    }


def random_directions(d: int, projections: int, seed: int = 0) -> Tensor:
    """Unit vectors drawn uniformly from the sphere, float64 (d, projections)."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(d, projections, generator=generator, dtype=torch.float64)
    return directions / directions.norm(dim=0)


def sliced_wasserstein_to_prior(z: Tensor, directions: Tensor, at_once: int = 16) -> float:
    """sqrt of the mean over directions of W_2^2 between projected codes and N(0, 1).

    Along a line the prior is N(0, 1), so that W_2 is between n points and a known distribution:
    W_2^2 = mean_i y_(i)^2 - 2 sum_i y_(i) c_i + 1, c_i the integral of N(0, 1)'s quantile function over
    ((i-1)/n, i/n), which is phi(Phi^-1((i-1)/n)) - phi(Phi^-1(i/n)). Sliced distances: Rabin et al.
    (2012). In units of the latents: a shift by v alone gives |v| / sqrt(d) on average over directions.

    Args:
        z: codes (n, d), n >= 2.
        directions: unit vectors (d, P).
        at_once: directions at a time; memory (n, at_once) in float64.
    """
    z = _sample(z)
    n = len(z)
    edges = torch.arange(n + 1, dtype=torch.float64, device=z.device) / n
    heights = torch.exp(-0.5 * torch.special.ndtri(edges[1:-1]).square()) / math.sqrt(2 * math.pi)
    heights = torch.cat([heights.new_zeros(1), heights, heights.new_zeros(1)])
    weights = heights[:-1] - heights[1:]
    total = z.new_zeros(())
    for part in directions.to(z).split(at_once, dim=1):
        sorted_values = (z @ part).sort(dim=0).values
        distance = sorted_values.square().mean(0) - 2.0 * (weights @ sorted_values) + 1.0
        total = total + distance.clamp(min=0.0).sum()
    return math.sqrt(total.item() / directions.shape[1])


def _judged(value: float, null: np.ndarray, n: int, available: int) -> TwoSample:
    mean, sd = float(null.mean()), float(null.std(ddof=1))
    return TwoSample(
        value=value,
        p_value=(1 + int((null >= value).sum())) / (1 + len(null)),
        null_mean=mean,
        null_sd=sd,
        null_quantiles=tuple(float(q) for q in np.quantile(null, QUANTILES)),
        excess=(value - mean) / sd,
        n=n,
        available=available,
        replicates=len(null),
    )


def _subset(codes: np.ndarray | Tensor, limit: int, seed: int) -> Tensor:
    if codes.ndim != 2 or len(codes) < 2 or limit < 2:
        raise DmviError(
            f"two-sample: codes have shape {tuple(codes.shape)}, the limit is {limit}; the shape must "
            "be (N, d) with N at least 2, and the limit at least 2"
        )
    if len(codes) > limit:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(codes))[:limit])
        codes = codes[chosen]
    return torch.as_tensor(np.array(codes) if isinstance(codes, np.ndarray) else codes).double()


def _sample(z: Tensor) -> Tensor:
    if z.ndim != 2 or len(z) < 2:
        raise DmviError(f"two-sample: codes have shape {tuple(z.shape)}; it must be (n, d), n >= 2")
    return z.double()
