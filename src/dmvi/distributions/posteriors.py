"""Posterior families q(z|x): from the encoder's output to a distribution over latents.

The type states the capability. Every `Posterior` can be sampled. A `TractablePosterior` also has
`log_prob`, so that the marginal q(z) can be estimated by Monte Carlo; without it, q(z) can only be
classified.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from math import log, pi

import torch
from torch import Tensor, nn
from torch.distributions import Transform
from zuko.distributions import DiagNormal, NormalizingFlow
from zuko.flows.coupling import GeneralCouplingTransform
from zuko.lazy import LazyComposedTransform
from zuko.transforms import CouplingTransform


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


class GaussianFamily(TractablePosterior):
    """Diagonal Gaussian; parameters are [mean | log variance]. Its KL is in closed form."""

    @property
    def num_parameters(self) -> int:
        return 2 * self.latent_dim

    def forward(self, parameters: Tensor) -> DiagNormal:
        mean, log_var = parameters.chunk(2, dim=-1)
        return DiagNormal(mean, (0.5 * log_var).exp())

    def rsample(self, parameters: Tensor) -> Tensor:
        # Not through `forward`, which refuses the zero variance that an AAE can collapse to.
        mean, log_var = parameters.chunk(2, dim=-1)
        return mean + (0.5 * log_var).exp() * torch.randn_like(mean)

    def sample_and_kl(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = parameters.chunk(2, dim=-1)
        return self.rsample(parameters), gaussian_kl(mean, log_var)


class _BroadcastingFlow(NormalizingFlow):
    """A normalizing flow whose `log_prob` broadcasts points against its batch of contexts."""

    def log_prob(self, x: Tensor) -> Tensor:
        batch = torch.broadcast_shapes(x.shape[:-1], self.batch_shape)
        return super().log_prob(x.expand(*batch, x.shape[-1]))


class _SplitCoupling(CouplingTransform):
    """zuko's coupling for given indices: from a mask it would look them up each time it is made.

    A look-up makes the host wait for the device, and none may be part of a CUDA graph.
    """

    def __init__(self, meta: Callable[[Tensor], Transform], kept: Tensor, moved: Tensor) -> None:
        Transform.__init__(self)
        self.meta, self.idx_a, self.idx_b = meta, kept, moved


class _Coupling(GeneralCouplingTransform):
    """An affine coupling with a network; keeps the latents of `mask` and moves the others."""

    def __init__(self, mask: Tensor, **options) -> None:
        super().__init__(mask=mask, **options)
        self.register_buffer("kept", mask.nonzero().squeeze(-1), persistent=False)
        self.register_buffer("moved", (~mask).nonzero().squeeze(-1), persistent=False)

    def forward(self, context: Tensor) -> Transform:
        return _SplitCoupling(partial(self.meta, context), self.kept, self.moved)


class RealNVPFamily(TractablePosterior):
    """A conditional RealNVP flow (Dinh et al., 2017; Rezende & Mohamed, 2015) on a Gaussian base.

    z = f_1 o ... o f_4(e; h), e ~ N(mean(h), var(h)), h the encoder's output [mean | log variance],
    which also conditions every affine coupling. The last layer of each coupling starts at zero, so
    that training begins at the Gaussian posterior, which the family contains.
    """

    def __init__(
        self, latent_dim: int, transforms: int = 4, hidden_features: tuple[int, ...] = (128, 128)
    ) -> None:
        super().__init__(latent_dim)
        couplings = []
        for i in range(transforms):
            coupling = _Coupling(
                features=latent_dim,
                context=self.num_parameters,
                mask=torch.arange(latent_dim) % 2 == i % 2,
                hidden_features=hidden_features,
            )
            nn.init.zeros_(coupling.hyper[-1].weight)
            nn.init.zeros_(coupling.hyper[-1].bias)
            couplings.append(coupling)
        self.transform = LazyComposedTransform(*couplings)

    @property
    def num_parameters(self) -> int:
        return 2 * self.latent_dim

    def forward(self, parameters: Tensor) -> NormalizingFlow:
        mean, log_var = parameters.chunk(2, dim=-1)
        base = DiagNormal(mean, (0.5 * log_var).exp())
        return _BroadcastingFlow(self.transform(parameters), base)

    def sample_and_kl(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        z, log_prob = self(parameters).rsample_and_log_prob()
        return z, log_prob - standard_normal_log_prob(z)


class Deterministic(Posterior):
    """A point mass at the encoder's output: z = parameters. It has no density."""

    @property
    def num_parameters(self) -> int:
        return self.latent_dim

    def rsample(self, parameters: Tensor) -> Tensor:
        return parameters


class Implicit(Posterior):
    """Noise pushed through a network: z = f(h, e), e ~ N(0, I), h the encoder's features.

    f has two hidden layers of `features` units. It can be sampled, but its density is unknown
    (Mescheder, Nowozin and Geiger, 2017).
    """

    def __init__(self, latent_dim: int, noise_dim: int, features: int = 256) -> None:
        super().__init__(latent_dim)
        self.noise_dim, self.features = noise_dim, features
        self.network = nn.Sequential(
            nn.Linear(features + noise_dim, features),
            nn.ReLU(),
            nn.Linear(features, features),
            nn.ReLU(),
            nn.Linear(features, latent_dim),
        )

    @property
    def num_parameters(self) -> int:
        return self.features

    def rsample(self, parameters: Tensor) -> Tensor:
        noise = torch.randn(*parameters.shape[:-1], self.noise_dim, device=parameters.device)
        return self.network(torch.cat([parameters, noise], -1))


POSTERIORS: dict[str, type[Posterior]] = {
    "gaussian": GaussianFamily,
    "realnvp": RealNVPFamily,
    "deterministic": Deterministic,
    "implicit": Implicit,
}
