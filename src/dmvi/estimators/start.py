"""The Gaussians q0 from which likelihoods are estimated: one per image."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.estimators.hmc import with_gradient

LOG_2PI = math.log(2.0 * math.pi)
SMALLEST_STD = 1e-2  # of a start made from draws: below it a chain would hardly move
# Over which the curvature is measured, in units of the prior's standard deviation. Of a VAE (d = 8, MNIST)
# the widths are then within 20 % of its posteriors'; with .1 one in fifteen is half as wide again.
REACH = 0.3


@dataclass(frozen=True)
class GaussianStart:
    """q0(z; x) = N(mean(x), diag std(x)^2), whose std is also the scale of the chains' steps.

    Attributes:
        mean, std: (images, d), std > 0; their dtype (float32 or float64) is that of the chains.
    """

    mean: Tensor
    std: Tensor

    def __post_init__(self) -> None:
        if self.mean.ndim != 2 or self.mean.shape != self.std.shape:
            raise DmviError(
                f"start: mean has shape {tuple(self.mean.shape)} and std {tuple(self.std.shape)}; "
                "both must be (images, latents)."
            )
        if not ((self.std > 0) & self.std.isfinite() & self.mean.isfinite()).all():
            raise DmviError("start: mean and std must be finite, and std above 0, in every number.")

    @classmethod
    def prior(cls, images: int, d: int, like: Tensor) -> Self:
        """N(0, I) for every image, in the dtype and on the device of `like`."""
        return cls(like.new_zeros(images, d), like.new_ones(images, d))

    @classmethod
    def from_draws(cls, draws: Tensor, smallest: float = SMALLEST_STD) -> Self:
        """The moments of draws z ~ q(z|x), (draws, images, d), for a posterior without a density."""
        std, mean = torch.std_mean(draws, dim=0)
        return cls(mean, std.clamp(min=smallest))

    @classmethod
    def from_curvature(
        cls, log_likelihood: Callable[[Tensor], Tensor], mean: Tensor, reach: float = REACH
    ) -> Self:
        """N(mean, 1 / (1 + h)), h_j the curvature of -log p(x|z) along z_j: Laplace, coordinate-wise.

        For encoders whose own width says nothing, because nothing holds it (InfoVAE with alpha 1, AAE).
        h is a difference of gradients over 2 reach, so that kinks of a piecewise linear decoder are
        averaged; where it is negative it counts as 0, the prior's width.

        Args:
            log_likelihood: (2, images, d) -> (2, images), nats, differentiable.
            mean: (images, d).
        """
        evaluate = with_gradient(log_likelihood)
        curvature = torch.empty_like(mean)
        for j in range(mean.shape[1]):
            shift = torch.zeros_like(mean)
            shift[:, j] = reach
            _, gradient = evaluate(torch.stack([mean + shift, mean - shift]))
            curvature[:, j] = (gradient[1, :, j] - gradient[0, :, j]) / (2.0 * reach)
        std = (1.0 + curvature.nan_to_num(0.0).clamp(min=0.0)).rsqrt()
        return cls(mean, std.clamp(min=SMALLEST_STD))

    def widened(self, factor: float) -> Self:
        """The same means with `factor` times the standard deviations."""
        return type(self)(self.mean, factor * self.std)

    def rows(self, rows: slice) -> Self:
        """The start of some of the images."""
        return type(self)(self.mean[rows], self.std[rows])

    def sample(self, draws: int, generator: torch.Generator) -> Tensor:
        """(draws, images, d); the generator is on the device of the mean."""
        shape = (draws, *self.mean.shape)
        noise = torch.randn(
            shape, generator=generator, dtype=self.mean.dtype, device=self.mean.device
        )
        return self.mean + self.std * noise

    def log_prob(self, z: Tensor) -> Tensor:
        """log q0(z), nats: (..., images, d) -> float64 (..., images)."""
        standard = ((z - self.mean) / self.std).double()
        log_std = self.std.double().log()
        return -0.5 * (standard.square() + LOG_2PI).sum(-1) - log_std.sum(-1)

    def gradient(self, z: Tensor) -> Tensor:
        """The gradient of log q0 in z: (..., images, d) -> the same shape."""
        return (self.mean - z) / self.std.square()
