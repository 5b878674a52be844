"""InfoVAE with a classifier of codes against prior draws (Zhao, Song and Ermon, 2017)."""

from typing import Any

from torch import Tensor

from dmvi.models.info_autoencoder import InfoAutoencoder
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.objectives.adversarial import bce_both, bce_real
from dmvi.training.player import Player

DECLARES = {
    "class": "AdversarialInfoVAE",
    "title": "InfoVAE-adversarial",
    "paper": "infovae",
    "extends": "info_autoencoder",
    "kind": "hybrid",
    "players": ["code_discriminator", "autoencoder"],
    "options": {
        "lambda": {
            "type": "number",
            "minimum": 0,
            "default": 2.0,
            "description": "match of the marginals: the divergence has the weight alpha + lambda - 1",
        },
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
    "equations": [
        "C: softplus(-C(z)) + softplus(C(E(x))), z ~ p(z)",
        "E, G: -E_q log p(x|z) + (1 - α) KL(q(z|x) ‖ p(z)) + (α + λ - 1) softplus(-C(E(x)))",
    ],
    "matches": [
        ["-E_q log p(x|z)", "p(x|z) to the image", "data", "likelihood"],
        [
            "(1 - α) KL(q(z|x) ‖ p(z))",
            "each q(z|x) to p(z)",
            "latent",
            "closed form, or one sample",
        ],
        ["(α + λ - 1) softplus(-C(z))", "q(z) to p(z)", "latent", "density ratio"],
    ],
}


class AdversarialInfoVAE(InfoAutoencoder):
    """Div = bce_real(C(z)), C: bce_real(C(z ~ p)) + bce_fake(C(E(x))). alpha 1, lambda 1 is the AAE.

    The defaults give Div the weight 1, as there. Where its weight is 0, C still trains, to no effect.
    """

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.code_discriminator = CodeDiscriminator(
            self.latent_dim, spec["code_layers"], spec["code_width"]
        )

    def players(self) -> list[Player]:
        loss = self.code_discriminator_loss
        return [Player("code_discriminator", (self.code_discriminator,), loss), *super().players()]

    def code_discriminator_loss(self, x: Tensor) -> dict[str, Tensor]:
        prior, codes = bce_both(self.code_discriminator, self.sample_prior(x), self.codes(x))
        return {"prior": prior, "codes": codes}

    def divergence(self, z: Tensor) -> Tensor:
        return bce_real(self.code_discriminator(z))
