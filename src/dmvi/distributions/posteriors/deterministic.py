"""Deterministic posterior: the encoder's output itself."""

from torch import Tensor

from dmvi.distributions.posteriors.posterior import Posterior

DECLARES = {
    "class": "Deterministic",
    "title": "deterministic",
    "order": 3,
    "tractable": False,
    "gaussian": False,
    "outputs_per_latent": 1,
}


class Deterministic(Posterior):
    """A point mass at the encoder's output: z = parameters. It has no density."""

    @property
    def num_parameters(self) -> int:
        return self.latent_dim

    def rsample(self, parameters: Tensor) -> Tensor:
        return parameters
