"""What the InfoVAEs have in common (Zhao, Song and Ermon, 2017); each adds its divergence."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

from dmvi.models.vae import VAE
from dmvi.objectives.info_weights import check, divergence_weight, kl_weight
from dmvi.training.player import Player

# What the three declare alike: a base, which is no model of its own.
DECLARES = {
    "base": True,
    "kind": "vae",
    "players": ["autoencoder"],
    "posteriors": "tractable",
    "likelihoods": "any",
    "encodes": True,
    "bound": "elbo",
    "options": {
        "alpha": {
            "type": "number",
            "maximum": 1,
            "default": 0.0,
            "description": "reward of information: the KL of each posterior has the weight 1 - alpha",
        },
    },
    "check": "dmvi.objectives.info_weights",
    "passes": {"autoencoder": {"encoder": 3, "posterior": 3, "generator": 3}},
    "source": "Zhao et al. (2017)",
}


class InfoAutoencoder(VAE):
    """min over (E, G) of -E_q log p(x|z) + (1 - alpha) KL(q(z|x) || p(z)) + w Div(q(z), p(z)).

    w = alpha + lambda - 1. A weight of 0 evaluates nothing and draws nothing: alpha 0, lambda 1 is the
    VAE and lambda = 1 - alpha the beta-VAE with beta = 1 - alpha, to the bit. The bound is the ELBO,
    whatever alpha and lambda.

    Raises:
        DmviError: at construction, if a weight is negative.
    """

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        check(spec)
        super().__init__(spec, image_shape)
        self.kl_weight, self.divergence_weight = kl_weight(spec), divergence_weight(spec)

    def players(self) -> list[Player]:
        return [Player("autoencoder", (self.encoder, self.posterior, self.generator), self.loss)]

    @abstractmethod
    def divergence(self, z: Tensor) -> Tensor:
        """A term for codes z ~ q(z), (B, d) in float32, that is lowest where q(z) = p(z), ()."""

    def loss(self, x: Tensor) -> dict[str, Tensor]:
        """Named terms in nats per image, means over the batch; those of weight 0 are left out."""
        terms = {}
        if self.kl_weight:
            parameters = self.encode(x)
            with torch.autocast(x.device.type, enabled=False):
                z, kl = self.posterior.sample_and_kl(parameters)
        else:
            z = self.codes(x)
        terms["reconstruction"] = -self.log_likelihood(x, z).mean()
        if self.kl_weight:
            terms["kl"] = self.kl_weight * kl.mean()
        if self.divergence_weight:
            with torch.autocast(x.device.type, enabled=False):
                terms["divergence"] = self.divergence_weight * self.divergence(z)
        return terms
