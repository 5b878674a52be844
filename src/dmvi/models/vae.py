"""Variational autoencoder (Kingma & Welling, 2014; Rezende et al., 2014)."""

from typing import Any

import torch
from torch import Tensor

from dmvi.distributions.likelihoods import LIKELIHOODS
from dmvi.distributions.posteriors import POSTERIORS
from dmvi.models.model import Model, Player
from dmvi.networks import make_encoder, make_generator
from dmvi.objectives.elbo import negative_elbo

DECLARES = {
    "class": "VAE",
    "title": "VAE",
    "players": ["vae"],
    "posteriors": ["gaussian", "realnvp"],
    "likelihoods": ["bernoulli", "quantized_normal", "categorical"],
    "encodes": True,
    "bounds_likelihood": True,
    "options": {},
}


class VAE(Model):
    """min over (E, G) of -E_q log p(x|z) + KL(q(z|x) || p(z)), p(z) = N(0, I).

    The KL is in closed form for the Gaussian posterior and log q - log p of the one sample z for a
    flow. The posterior is computed in float32 whatever the precision of the networks.
    """

    beta = 1.0

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.likelihood = LIKELIHOODS[spec["likelihood"]]()
        options = {}
        if spec["posterior"] == "realnvp":
            options = {
                "transforms": spec["flow_transforms"],
                "hidden_features": tuple(spec["flow_hidden"]),
            }
        self.posterior = POSTERIORS[spec["posterior"]](spec["latent_dim"], **options)
        self.encoder = make_encoder(image_shape, self.posterior.num_parameters, spec["width"])
        channels = image_shape[2] * self.likelihood.outputs_per_channel
        self.generator = make_generator(image_shape, spec["latent_dim"], channels, spec["width"])

    def players(self) -> list[Player]:
        return [Player("vae", (self.encoder, self.posterior, self.generator), self.loss)]

    def loss(self, x: Tensor) -> dict[str, Tensor]:
        """Named terms of the negative (beta-weighted) ELBO, nats per image, means over the batch."""
        return negative_elbo(*self.bound_terms(x), beta=self.beta)

    def encode(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] to posterior parameters (B, num_parameters)."""
        return self.encoder(x).float()

    def decode(self, z: Tensor) -> Tensor:
        return self.likelihood.mean(self.generator(z))

    def bound_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(log p(x|z), KL(q(z|x) || p(z))) for one z ~ q(z|x) per image, nats, (B,) each.

        Their difference is a one-sample estimate of the bound on log p(x).
        """
        parameters = self.encode(x)
        with torch.autocast(x.device.type, enabled=False):
            z, kl = self.posterior.sample_and_kl(parameters)
        return self.likelihood.log_prob(x, self.generator(z)), kl
