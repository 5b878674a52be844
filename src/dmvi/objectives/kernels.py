"""Kernels of the distance between two points, with their expectations under N(0, I)."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from dmvi.errors import DmviError

LAGUERRE_NODES = 64  # relative errors below 1e-8 for scales of 2 d and more, 2e-5 at worst for .2 d


class Kernel(Protocol):
    """k(a, b) as a function of |a - b|^2, with its means where a, or both, are drawn from N(0, I)."""

    def __call__(self, squared: Tensor) -> Tensor:
        """k at squared distances, elementwise, in (0, 1]."""
        ...

    def mean_under_normal(self, squared_norm: Tensor, d: int) -> Tensor:
        """E_z' k(z, z'), z' ~ N(0, I) in d dimensions, elementwise at |z|^2."""
        ...

    def mean_of_normal_pairs(self, d: int) -> float:
        """E k(z', z''), both independent draws of N(0, I) in d dimensions."""
        ...


@dataclass(frozen=True)
class GaussianKernel:
    """k(a, b) = exp(-|a - b|^2 / h).

    Under N(0, I): E_z' k(z, z') = (1 + 2/h)^(-d/2) exp(-|z|^2 / (h + 2)) and
    E k(z', z'') = (1 + 4/h)^(-d/2).

    Attributes:
        bandwidth: h > 0, in squared units of the latents. InfoVAE's authors take d^2
            (`author_kernel`), which is wide: at the typical |a - b|^2 = 2 d of two prior draws k is
            .82 for d = 10 and .97 for d = 64, so that it sees little beyond the first two moments.
    """

    bandwidth: float

    def __post_init__(self) -> None:
        _check_width(self.bandwidth, "bandwidth")

    def __call__(self, squared: Tensor) -> Tensor:
        return torch.exp(-squared / self.bandwidth)

    def mean_under_normal(self, squared_norm: Tensor, d: int) -> Tensor:
        h = self.bandwidth
        return math.exp(-0.5 * d * math.log1p(2.0 / h)) * torch.exp(-squared_norm / (h + 2.0))

    def mean_of_normal_pairs(self, d: int) -> float:
        return math.exp(-0.5 * d * math.log1p(4.0 / self.bandwidth))


@dataclass(frozen=True)
class InverseMultiquadric:
    """k(a, b) = C / (C + |a - b|^2), with heavier tails than a Gaussian's.

    It is a mixture of Gaussian kernels, int_0^inf e^-t exp(-t |a - b|^2 / C) dt, so that both
    expectations under N(0, I) are one-dimensional integrals, taken by Gauss-Laguerre quadrature.

    Attributes:
        scale: C > 0, in squared units of the latents; 2 d is the typical |a - b|^2 of prior draws.
    """

    scale: float

    def __post_init__(self) -> None:
        _check_width(self.scale, "scale")

    def __call__(self, squared: Tensor) -> Tensor:
        return self.scale / (self.scale + squared)

    def mean_under_normal(self, squared_norm: Tensor, d: int) -> Tensor:
        # t = s / (1 + rho) with rho = |z|^2 / C takes most of the decay into the weight e^-s:
        # exp(-t - t rho / (1 + 2t/C)) dt = e^-s exp(t rho (2t/C) / (1 + 2t/C)) ds / (1 + rho).
        rho = squared_norm.double().unsqueeze(-1) / self.scale
        nodes, weights = _laguerre_on(rho.device)
        t = nodes / (1.0 + rho)
        u = 2.0 * t / self.scale
        terms = torch.exp(t * rho * u / (1.0 + u) - 0.5 * d * torch.log1p(u))
        return (terms @ weights) / (1.0 + rho.squeeze(-1))

    def mean_of_normal_pairs(self, d: int) -> float:
        nodes, weights = (np.array(values) for values in _laguerre())
        return float(weights @ np.exp(-0.5 * d * np.log1p(4.0 * nodes / self.scale)))


def author_kernel(d: int) -> GaussianKernel:
    """exp(-|a - b|^2 / d^2), the kernel of InfoVAE's authors' code."""
    return GaussianKernel(float(d * d))


def inverse_multiquadric(d: int) -> InverseMultiquadric:
    """2d / (2d + |a - b|^2): its scale is the typical squared distance of two prior draws."""
    return InverseMultiquadric(2.0 * d)


# The kernels that a run or a study can name, each made for a number of latents.
KERNELS = {"gaussian": author_kernel, "imq": inverse_multiquadric}


def make_kernel(name: str, d: int) -> Kernel:
    """The kernel of this name for d latents."""
    if name not in KERNELS:
        raise DmviError(f"kernel is {name!r}; it must be one of {', '.join(KERNELS)}")
    return KERNELS[name](d)


@cache
def _laguerre() -> tuple[tuple[float, ...], tuple[float, ...]]:
    nodes, weights = np.polynomial.laguerre.laggauss(LAGUERRE_NODES)
    return tuple(nodes.tolist()), tuple(weights.tolist())


@cache
def _laguerre_on(device: torch.device) -> tuple[Tensor, Tensor]:
    """The same on a device, copied there once: a copy in each step would end a CUDA graph's capture."""
    return tuple(torch.tensor(v, dtype=torch.float64, device=device) for v in _laguerre())


def _check_width(value: float, name: str) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise DmviError(f"kernel: {name} is {value}; it must be a finite number above 0")
