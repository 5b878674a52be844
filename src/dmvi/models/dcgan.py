"""DCGAN (Radford et al., 2016) with the non-saturating loss of Goodfellow et al. (2014)."""

from typing import Any

from torch import Tensor

from dmvi.data.images import to_signed
from dmvi.models.adversarial import AdversarialModel
from dmvi.networks import make_discriminator
from dmvi.objectives.adversarial import bce_fake, bce_real
from dmvi.training.player import Player

DECLARES = {
    "class": "DCGAN",
    "title": "DCGAN",
    "kind": "gan",
    "paper": "dmvi",
    "players": ["discriminator", "generator"],
    "encodes": False,
    "options": {},
    "passes": {
        "discriminator": {"generator": 1, "discriminator": 6},
        "generator": {"generator": 3, "discriminator": 2},
    },
    "source": "Goodfellow et al. (2014), Radford et al. (2016)",
    "equations": [
        "D: softplus(-D(x)) + softplus(D(G(z))), z ~ p(z)",
        "G: softplus(-D(G(z)))",
    ],
    "matches": [["discriminator", "p(x) of the model to the data", "data", "density ratio"]],
}


class DCGAN(AdversarialModel):
    """D: bce_real(D(x)) + bce_fake(D(G(z))); G: bce_real(D(G(z)))."""

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.discriminator = make_discriminator(image_shape, spec["width"])

    def players(self) -> list[Player]:
        return [
            Player("discriminator", (self.discriminator,), self.discriminator_loss),
            Player("generator", (self.generator,), self.generator_loss),
        ]

    def discriminator_loss(self, x: Tensor) -> dict[str, Tensor]:
        return {
            "data": bce_real(self.discriminator(to_signed(x))),
            "samples": bce_fake(self.discriminator(self.generate(self.sample_prior(x)))),
        }

    def generator_loss(self, x: Tensor) -> dict[str, Tensor]:
        """Only the size of the batch x is used."""
        return {"adversarial": bce_real(self.discriminator(self.generate(self.sample_prior(x))))}
