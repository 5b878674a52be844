"""Mixtures of posteriors, q(z) = 1/N sum_n q(z|x_n): diagonal Gaussians, and any density family.

Their exact log density is in `dmvi.estimators.streaming`.
"""

import copy
import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.estimators.streaming import (
    LOG_2PI,
    NEGLIGIBLE,
    Kernel,
    TractableMixture,
    spans,
    standard_normal_log_density,
)

__all__ = ["FlowMixture", "GaussianMixture", "TractableMixture", "standard_normal_log_density"]

ROUNDING_TOLERANCE = 1e-6  # nats; components whose product may round worse are computed again
ROWS_AT_ONCE = 4096  # codes, components or pairs of them in one piece, and fewer
VALUES_IN_A_PASS = 2**25  # of one pass over all parameters: 256 MiB in float64
VALUES_AT_ONCE = 2**22  # where d is so large that a piece would hold more numbers than this


class GaussianMixture(TractableMixture):
    """Mixture of N diagonal Gaussians, q(z|x_n) = N(z; mean_n, diag(exp(log_var_n))).

    A tile is one matrix product, with s^2 = exp(log_var):
    log q(z|x_n) - base = [z^2, z, 1, base] . [-1/(2 s_n^2), mean_n / s_n^2, const_n, -1].
    For narrow posteriors these terms cancel; where rounding could exceed 1e-6 nats the entries that
    matter are computed again from (z - mean_n) / s_n.

    Args:
        mean, log_var: (N, d), float32 or float64, finite; kept as given, converted tile by tile.
        tile: (points, components); by default one buffer of 32 MiB, which measured fastest, or of
            512 MiB on a GPU, where each tile waits for the host a few times. Fewer components where d
            exceeds 1,024 (GPU: 8,192), so that their float64 copies stay small too.
    """

    component_kl_is_exact = True

    def __init__(
        self,
        mean: Tensor | np.ndarray,
        log_var: Tensor | np.ndarray,
        *,
        tile: tuple[int, int] | None = None,
    ):
        self.mean, self.log_var = _as_tensor(mean), _as_tensor(log_var)
        if self.mean.ndim != 2 or self.mean.shape != self.log_var.shape or not len(self.mean):
            raise DmviError(
                f"GaussianMixture: mean {tuple(self.mean.shape)} and log_var "
                f"{tuple(self.log_var.shape)} must be two arrays of one shape (N, d), N >= 1."
            )
        self.components, self.latent_dim = self.mean.shape
        self.device = self.mean.device
        points, columns = (8192, 8192) if self.device.type == "cuda" else (1024, 4096)
        values = points * columns
        self.tile = tile or (points, max(64, min(columns, values // max(1, self.latent_dim))))
        # The square is expanded around the centre of the codes, which keeps its terms small. In pieces,
        # because a float64 copy of a memory map of 10,000 latents would not fit in memory.
        total = torch.zeros(self.latent_dim, dtype=torch.float64, device=self.device)
        for first, last in spans(self.components, max(1, VALUES_IN_A_PASS // self.latent_dim)):
            mean, log_var = self.mean[first:last], self.log_var[first:last]
            if not (mean.isfinite().all() and log_var.isfinite().all()):
                raise DmviError(
                    "GaussianMixture: the posterior parameters hold NaN or infinity; the training "
                    "has diverged, lower its learning rate."
                )
            total += mean.sum(0, dtype=torch.float64)
        self._center = total / self.components

    @classmethod
    def from_parameters(cls, parameters: Tensor | np.ndarray, **options: Any) -> Self:
        """From posterior parameters (N, 2d) = [mean | log_var], as `posterior.npy` holds them."""
        d = parameters.shape[1] // 2
        return cls(parameters[:, :d], parameters[:, d:], **options)

    def kernel(self, start: int, stop: int) -> Kernel:
        mean, log_var = self.mean[start:stop], self.log_var[start:stop]
        d, at_once = self.latent_dim, self._rows_at_once()
        centered = mean - self._center  # float64, as the centre is
        precision = log_var.neg().double().exp_()
        # Rounding of the product where |z| <= r: about 2^-53 sqrt(2d) (r + |mean|)^2 / (2 s^2).
        reach = torch.maximum(centered.amax(1), -centered.amin(1))
        blur = 4 * 2.0**-53 * math.sqrt(2 * d) * 0.5 * precision.sum(1)
        linear = centered * precision
        const = linear.mul(centered).sum(1) + log_var.sum(1, dtype=torch.float64) + d * LOG_2PI
        const = -0.5 * const[:, None]
        weight = torch.cat([-0.5 * precision, linear, const, -torch.ones_like(const)], 1).T
        features = precision.new_ones(self.tile[0], 2 * d + 2)

        def fill(z: Tensor, base: Tensor, floor: Tensor, out: Tensor) -> None:
            feature = features[: len(z)]
            squared, linear = feature[:, :d], feature[:, d : 2 * d]
            torch.sub(z, self._center, out=linear)
            torch.mul(linear, linear, out=squared)
            feature[:, 2 * d + 1] = base
            torch.mm(feature, weight, out=out)
            error = (squared.amax().sqrt() + reach).square_().mul_(blur)
            if error.amax() <= ROUNDING_TOLERANCE:
                return
            rows = (out.amax(1) + error.amax() >= floor - NEGLIGIBLE).nonzero().squeeze(1)
            near = out[rows]
            least = torch.maximum(floor[rows], (near - error).amax(1)) - NEGLIGIBLE
            pairs = (near + error >= least[:, None]).nonzero()
            for chunk in pairs.split(at_once):
                row, column = rows[chunk[:, 0]], chunk[:, 1]
                its_log_var = log_var[column].double()
                scaled = (z[row] - mean[column]).square_().mul_(torch.exp(-its_log_var))
                out[row, column] = -0.5 * (scaled + its_log_var + LOG_2PI).sum(1) - base[row]

        return fill

    def sample(self, index: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """z = mean + s eps; log q(z|x) = -1/2 sum(eps^2 + log_var + log 2 pi), from eps itself."""
        index = index.to(self.device)
        shape = (len(index), self.latent_dim)
        z = torch.randn(shape, generator=generator, dtype=torch.float64, device=generator.device)
        z = z.to(self.device)
        own = z.new_empty(len(index))
        for first, last in spans(len(index), self._rows_at_once()):
            noise, log_var = z[first:last], self.log_var[index[first:last]].double()
            own[first:last] = -0.5 * (noise.square() + log_var + LOG_2PI).sum(1)
            noise.mul_(torch.exp(0.5 * log_var)).add_(self.mean[index[first:last]])
        return z, own

    def component_kl(self, generator: torch.Generator | None = None) -> Tensor:
        """1/2 sum_j (mean^2 + s^2 - 1 - log s^2), in closed form (`generator` is not used)."""
        kl = torch.empty(self.components, dtype=torch.float64, device=self.device)
        for start, stop in spans(self.components, self._rows_at_once()):
            log_var = self.log_var[start:stop].double()
            squared = self.mean[start:stop].double().square()
            kl[start:stop] = 0.5 * (squared + torch.expm1(log_var) - log_var).sum(1)
        return kl

    def _rows_at_once(self) -> int:
        return max(1, min(ROWS_AT_ONCE, VALUES_AT_ONCE // self.latent_dim))

    def subset(self, index: Tensor) -> Self:
        index = index.to(self.device)
        return type(self)(self.mean[index], self.log_var[index], tile=self.tile)


class FlowMixture(TractableMixture):
    """Mixture of N conditional densities given by a posterior family, such as a RealNVP flow.

    Every point passes through N inverse flows, so use fewer points than with Gaussians.

    Args:
        family: maps parameters (..., P) to a distribution with batch shape (...), event shape (d,)
            and a broadcasting `log_prob(z)`; a float64 copy of it is used.
        parameters: (N, P), float32 or float64; kept as given, converted tile by tile.
        tile: (points, components); by default small, which keeps a network's activations in the caches,
            or large on a GPU, which needs many pairs at once to be busy: 128 MiB for each layer of 128
            units.
    """

    component_kl_is_exact = False

    def __init__(
        self,
        family: Callable[[Tensor], Any],
        parameters: Tensor | np.ndarray,
        *,
        tile: tuple[int, int] | None = None,
    ):
        self.parameters = _as_tensor(parameters)
        if self.parameters.ndim != 2 or not len(self.parameters):
            raise DmviError(
                f"FlowMixture: parameters have shape {tuple(self.parameters.shape)}; "
                "they must be (N, P), N >= 1."
            )
        if not self.parameters.isfinite().all():
            raise DmviError(
                "FlowMixture: the posterior parameters hold NaN or infinity; the training "
                "has diverged, lower its learning rate."
            )
        self.device = self.parameters.device
        if isinstance(family, torch.nn.Module):
            family = copy.deepcopy(family).to(self.device, torch.float64).eval()
            family = family.requires_grad_(False)
        self.family = family
        self.components = len(self.parameters)
        self.latent_dim = family(self.parameters[:1].double()).event_shape[0]
        self.tile = tile or ((512, 256) if self.device.type == "cuda" else (64, 64))

    def kernel(self, start: int, stop: int) -> Kernel:
        distribution = self.family(self.parameters[None, start:stop].double())

        def fill(z: Tensor, base: Tensor, floor: Tensor, out: Tensor) -> None:
            torch.sub(distribution.log_prob(z[:, None, :]), base[:, None], out=out)

        return fill

    def sample(self, index: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """As the base class says; the global random state is left as it was."""
        index = index.to(self.device)
        z = torch.empty(len(index), self.latent_dim, dtype=torch.float64, device=self.device)
        own = z.new_empty(len(index))
        # Distributions draw from the global generator, so it is seeded and then restored.
        seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.no_grad(), torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            for first, last in spans(len(index), ROWS_AT_ONCE):
                distribution = self.family(self.parameters[index[first:last]].double())
                z[first:last] = distribution.rsample()
                own[first:last] = distribution.log_prob(z[first:last])
        return z, own

    def component_kl(self, generator: torch.Generator | None = None) -> Tensor:
        """log q(z|x_n) - log p(z) at one z ~ q(z|x_n) each: unbiased, may be negative."""
        if generator is None:
            generator = torch.Generator().manual_seed(0)
        z, own = self.sample(torch.arange(self.components), generator)
        return own - standard_normal_log_density(z)

    def subset(self, index: Tensor) -> Self:
        chosen = copy.copy(self)  # shares the family, which is never changed
        chosen.parameters = self.parameters[index.to(self.device)]
        chosen.components = len(chosen.parameters)
        return chosen


def _as_tensor(array: Tensor | np.ndarray) -> Tensor:
    """A tensor without gradient; shares memory where it can (read-only arrays are copied)."""
    if isinstance(array, torch.Tensor):
        return array.detach()
    array = np.asarray(array)
    return torch.from_numpy(array if array.flags.writeable else array.copy())
