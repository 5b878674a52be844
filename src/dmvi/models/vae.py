"""Variational autoencoder (Kingma & Welling, 2014; Rezende et al., 2014)."""

import torch
from torch import Tensor

from dmvi.models.autoencoder import LikelihoodAutoencoder
from dmvi.objectives.elbo import negative_elbo
from dmvi.training.player import Player

DECLARES = {
    "class": "VAE",
    "title": "VAE",
    "kind": "vae",
    "paper": "dmvi",
    "players": ["vae"],
    "posteriors": "tractable",
    "likelihoods": "any",
    "encodes": True,
    "bound": "elbo",
    "options": {},
    "passes": {"vae": {"encoder": 3, "posterior": 3, "generator": 3}},
    "source": "Kingma & Welling (2014), Rezende et al. (2014)",
    "equations": ["E, G: -E_q log p(x|z) + KL(q(z|x) ‖ p(z))"],
    "matches": [
        ["-E_q log p(x|z)", "p(x|z) to the image", "data", "likelihood"],
        ["KL(q(z|x) ‖ p(z))", "each q(z|x) to p(z)", "latent", "closed form, or one sample"],
    ],
}


class VAE(LikelihoodAutoencoder):
    """min over (E, G) of -E_q log p(x|z) + KL(q(z|x) || p(z)), p(z) = N(0, I).

    The KL is in closed form for the Gaussian posterior and log q - log p of the one sample z for a
    flow. The posterior is computed in float32 whatever the precision of the networks.
    """

    beta = 1.0

    def players(self) -> list[Player]:
        return [Player("vae", (self.encoder, self.posterior, self.generator), self.loss)]

    def loss(self, x: Tensor) -> dict[str, Tensor]:
        """Named terms of the negative (beta-weighted) ELBO, nats per image, means over the batch."""
        return negative_elbo(*self.bound_terms(x), beta=self.beta)

    def bound_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(log p(x|z), KL(q(z|x) || p(z))) for one z ~ q(z|x) per image, nats, (B,) each.

        Their difference is a one-sample estimate of the bound on log p(x).
        """
        parameters = self.encode(x)
        with torch.autocast(x.device.type, enabled=False):
            z, kl = self.posterior.sample_and_kl(parameters)
        return self.log_likelihood(x, z), kl
