"""What every posterior family q(z|x) is: from the encoder's output to a distribution over latents."""

from abc import ABC, abstractmethod
from math import log, pi

import torch
from torch import Tensor, nn


class Posterior(nn.Module, ABC):
    """A family of distributions q(z; parameters) over latents of `latent_dim` dimensions."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    @property
    @abstractmethod
    def num_parameters(self) -> int:
        """How many numbers the encoder emits per image."""

    @abstractmethod
    def rsample(self, parameters: Tensor) -> Tensor:
        """z ~ q(z; parameters), reparameterised: (..., num_parameters) -> (..., latent_dim)."""


class TractablePosterior(Posterior):
    """A family of densities.

    Calling it with parameters (..., num_parameters) gives a distribution with `rsample()` of shape
    (..., latent_dim) and `log_prob(z)`, which broadcasts z against the parameters' batch shape.
    """

    def rsample(self, parameters: Tensor) -> Tensor:
        return self(parameters).rsample()

    @abstractmethod
    def forward(self, parameters: Tensor) -> torch.distributions.Distribution:
        """The distribution with these parameters."""

    @abstractmethod
    def sample_and_kl(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """z ~ q, (B, latent_dim), reparameterised, and KL(q || N(0, I)) or its one-sample estimate, (B,)."""


def standard_normal_log_prob(z: Tensor) -> Tensor:
    """log N(z; 0, I) in nats: (..., d) -> (...)."""
    return -0.5 * (z.square().sum(-1) + z.shape[-1] * log(2.0 * pi))


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, diag exp log_var) || N(0, I)) = 1/2 sum(mean^2 + var - 1 - log var): (..., d) -> (...)."""
    return 0.5 * (mean.square() + log_var.exp() - 1.0 - log_var).sum(-1)
