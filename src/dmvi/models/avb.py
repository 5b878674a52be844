"""Adversarial variational Bayes (Mescheder, Nowozin and Geiger, 2017) with an implicit posterior."""

from typing import Any

import torch
from torch import Tensor

from dmvi.data.images import to_signed
from dmvi.models.autoencoder import LikelihoodAutoencoder
from dmvi.networks import make_joint_discriminator
from dmvi.objectives.adversarial import bce_fake, bce_real, contrast_kl
from dmvi.objectives.elbo import negative_elbo
from dmvi.training.player import Player

DECLARES = {
    "class": "AVB",
    "title": "AdversarialVB",
    "kind": "hybrid",
    "paper": "dmvi",
    "players": ["discriminator", "autoencoder"],
    "posteriors": ["implicit"],
    "likelihoods": "any",
    "encodes": True,
    "bound": "classifier",
    "options": {
        "noise_dim": {
            "type": "integer",
            "minimum": 1,
            "default": 64,
            "description": "noise that the encoder turns into the spread of q(z|x)",
        }
    },
    "passes": {
        # 3 of its trunk, once for both pairs, and 6 of what follows.
        "discriminator": {"encoder": 1, "posterior": 1, "joint_discriminator": 3.75},
        # The image needs no gradient: of the discriminator only what follows z goes backwards.
        "autoencoder": {"encoder": 3, "posterior": 3, "generator": 3, "joint_discriminator": 1.5},
    },
    "source": "Mescheder et al. (2017)",
    "equations": [
        "T: softplus(-T(x, z_q)) + softplus(T(x, z_p)), z_q ~ q(z|x), z_p ~ p(z)",
        "E, G: -E_q log p(x|z) + T(x, z_q)",
    ],
    "matches": [
        ["-E_q log p(x|z)", "p(x|z) to the image", "data", "likelihood"],
        ["T(x, z)", "each q(z|x) to p(z)", "joint", "density ratio"],
    ],
}


class AVB(LikelihoodAutoencoder):
    """T: bce_real(T(x, z ~ q)) + bce_fake(T(x, z ~ p)); (E, G): -log p(x|z) + T(x, z ~ q).

    The best T is log q(z|x) - log p(z). T is a network plus 1/2 sum z^2, which is part of -log p(z).
    It sees no batch norm: the ratio of a pair must not depend on the other pairs of its batch.
    """

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.discriminator = make_joint_discriminator(
            image_shape, self.latent_dim, spec["width"], batch_norm=False
        )

    def players(self) -> list[Player]:
        autoencoder = (self.encoder, self.posterior, self.generator)
        return [
            Player("discriminator", (self.discriminator,), self.discriminator_loss),
            Player("autoencoder", autoencoder, self.autoencoder_loss),
        ]

    def moments(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation that T's latents are normalised by, (B, d) each: none here."""
        zeros = parameters.new_zeros(len(parameters), self.latent_dim)
        return zeros, torch.ones_like(zeros)

    def features(self, x: Tensor) -> Tensor:
        """What T sees of images in [0, 1], (B, maps, 4, 4)."""
        return self.discriminator.trunk(to_signed(x))

    def log_ratio(self, features: Tensor, z: Tensor) -> Tensor:
        """T(x, z) of the images' features and normalised latents, nats, (B,)."""
        return self.discriminator.judge(features, z).float() + 0.5 * z.square().sum(1)

    def discriminator_loss(self, x: Tensor) -> dict[str, Tensor]:
        parameters = self.encode(x)
        mean, std = self.moments(parameters)
        z = (self.sample_posterior(parameters) - mean) / std
        features = self.features(x)  # once for both pairs: no batch norm ties them to the latents
        return {
            "posterior": bce_real(self.log_ratio(features, z)),
            "prior": bce_fake(self.log_ratio(features, self.sample_prior(x))),
        }

    def autoencoder_loss(self, x: Tensor) -> dict[str, Tensor]:
        return negative_elbo(*self.bound_terms(x))

    def bound_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(log p(x|z), estimated log q(z|x) - log p(z)), one z ~ q(z|x) per image, nats, (B,) each."""
        parameters = self.encode(x)
        mean, std = (moment.detach() for moment in self.moments(parameters))
        z = self.sample_posterior(parameters)
        kl = contrast_kl(self.log_ratio(self.features(x), (z - mean) / std), z, mean, std)
        return self.log_likelihood(x, z), kl
