"""Diagonal Gaussian posterior."""

import torch
from torch import Tensor
from zuko.distributions import DiagNormal

from dmvi.distributions.posteriors.posterior import TractablePosterior, gaussian_kl

DECLARES = {
    "class": "GaussianFamily",
    "title": "Gaussian",
    "order": 1,
    "tractable": True,
    "gaussian": True,
    "outputs_per_latent": 2,
}


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
