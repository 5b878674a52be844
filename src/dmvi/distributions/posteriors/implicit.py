"""Implicit posterior: noise through a network."""

import torch
from torch import Tensor, nn

from dmvi.distributions.posteriors.posterior import Posterior

DECLARES = {
    "class": "Implicit",
    "title": "implicit",
    "order": 4,
    "tractable": False,
    "gaussian": False,
    "outputs": 256,  # the encoder's features, whatever the latent size
    "arguments": {"noise_dim": "noise_dim"},
    "network": "noise_mlp",
}


class Implicit(Posterior):
    """Noise pushed through a network: z = f(h, e), e ~ N(0, I), h the encoder's features.

    f has two hidden layers of `features` units. It can be sampled, but its density is unknown
    (Mescheder, Nowozin and Geiger, 2017).
    """

    def __init__(
        self, latent_dim: int, noise_dim: int, features: int = DECLARES["outputs"]
    ) -> None:
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
