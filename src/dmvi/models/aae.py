"""Adversarial autoencoder (Makhzani et al., 2015): a classifier of codes takes the KL's place."""

from typing import Any

from torch import Tensor

from dmvi.models.autoencoder import LikelihoodAutoencoder
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.objectives.adversarial import bce_both, bce_real
from dmvi.training.player import Player

DECLARES = {
    "class": "AAE",
    "title": "AAE",
    "kind": "hybrid",
    "paper": "dmvi",
    "players": ["code_discriminator", "autoencoder"],
    "posteriors": ["gaussian"],
    "likelihoods": "any",
    "encodes": True,
    "bound": "classifier",
    "options": {
        "code_layers": {
            "type": "integer",
            "minimum": 1,
            "default": 3,
            "description": "hidden layers of the code discriminator",
        },
        "code_width": {
            "type": "integer",
            "minimum": 1,
            "default": 1000,
            "description": "units in each of them",
        },
    },
    "passes": {
        "code_discriminator": {"encoder": 1, "posterior": 1, "code_discriminator": 6},
        "autoencoder": {"encoder": 3, "posterior": 3, "generator": 3, "code_discriminator": 2},
    },
    "source": "Makhzani et al. (2015)",
    "equations": [
        "C: softplus(-C(z)) + softplus(C(E(x))), z ~ p(z)",
        "E, G: -E_q log p(x|z) + softplus(-C(E(x)))",
    ],
    "matches": [
        ["-E_q log p(x|z)", "p(x|z) to the image", "data", "likelihood"],
        ["code discriminator", "q(z) to p(z)", "latent", "density ratio"],
    ],
}


class AAE(LikelihoodAutoencoder):
    """C: bce_real(C(z ~ p)) + bce_fake(C(E(x))); (E, G): -log p(x|z) + bce_real(C(E(x)))."""

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.code_discriminator = CodeDiscriminator(
            self.latent_dim, spec["code_layers"], spec["code_width"]
        )

    def players(self) -> list[Player]:
        autoencoder = (self.encoder, self.posterior, self.generator)
        return [
            Player("code_discriminator", (self.code_discriminator,), self.code_discriminator_loss),
            Player("autoencoder", autoencoder, self.autoencoder_loss),
        ]

    def code_discriminator_loss(self, x: Tensor) -> dict[str, Tensor]:
        prior, codes = bce_both(self.code_discriminator, self.sample_prior(x), self.codes(x))
        return {"prior": prior, "codes": codes}

    def autoencoder_loss(self, x: Tensor) -> dict[str, Tensor]:
        z = self.codes(x)
        return {
            "reconstruction": -self.log_likelihood(x, z).mean(),
            "adversarial": bce_real(self.code_discriminator(z)),
        }

    def bound_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(log p(x|z), -C(z)) for one z ~ q(z|x) per image, nats, (B,) each.

        The mean of -C estimates the marginal KL(q(z) || p(z)), not the KL of each posterior, so
        that even with the best C the difference exceeds the ELBO by the mutual information I(x; z).
        """
        z = self.codes(x)
        return self.log_likelihood(x, z), -self.code_discriminator(z).float()
