"""Variational GAN hybrid: autoencoder with adversarial losses on codes and on reconstructions."""

from typing import Any

from torch import Tensor

from dmvi.data.images import to_signed
from dmvi.models.adversarial import AdversarialAutoencodingModel
from dmvi.networks import make_discriminator
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.objectives.adversarial import bce_both, bce_fake, bce_real
from dmvi.objectives.reconstruction import mean_absolute_error
from dmvi.training.player import Player

DECLARES = {
    "class": "VGH",
    "title": "VGH",
    "kind": "hybrid",
    "paper": "dmvi",
    "players": ["code_discriminator", "discriminator", "encoder", "generator"],
    "posteriors": ["deterministic", "gaussian"],
    "encodes": True,
    "options": {
        "weight_encoder": {
            "type": "number",
            "minimum": 0,
            "default": 10.0,
            "description": "w_E, weight of L1 in the encoder's loss",
        },
        "weight_generator": {
            "type": "number",
            "minimum": 0,
            "default": 10.0,
            "description": "w_G, weight of L1 in the generator's loss",
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
        "discriminator": {"encoder": 1, "posterior": 1, "generator": 1, "discriminator": 6},
        "encoder": {"encoder": 3, "posterior": 3, "generator": 2, "code_discriminator": 2},
        "generator": {"encoder": 1, "posterior": 1, "generator": 3, "discriminator": 2},
    },
    "source": "Rosca et al. (2018)",
    "equations": [
        "C: softplus(-C(z)) + softplus(C(E(x))), z ~ p(z)",
        "D: softplus(-D(x)) + softplus(D(G(E(x))))",
        "E: w_E |x - G(E(x))| + softplus(-C(E(x)))",
        "G: w_G |x - G(E(x))| + softplus(-D(G(E(x))))",
    ],
    "matches": [
        ["|x - G(E(x))|", "reconstruction to the image", "data", "L1"],
        ["code discriminator", "q(z) to p(z)", "latent", "density ratio"],
        ["discriminator", "reconstructions to the data", "data", "density ratio"],
    ],
}


class VGH(AdversarialAutoencodingModel):
    """Four players, xr = G(E(x)); L1 is the mean over pixels in [-1, 1].

    C: bce_real(C(z ~ p)) + bce_fake(C(E(x)))      E: w_E L1(x, xr) + bce_real(C(E(x)))
    D: bce_real(D(x)) + bce_fake(D(xr))            G: w_G L1(x, xr) + bce_real(D(xr))
    """

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.discriminator = make_discriminator(image_shape, spec["width"])
        self.code_discriminator = CodeDiscriminator(
            self.latent_dim, spec["code_layers"], spec["code_width"]
        )

    def players(self) -> list[Player]:
        return [
            Player("code_discriminator", (self.code_discriminator,), self.code_discriminator_loss),
            Player("discriminator", (self.discriminator,), self.discriminator_loss),
            Player("encoder", (self.encoder, self.posterior), self.encoder_loss),
            Player("generator", (self.generator,), self.generator_loss),
        ]

    def code_discriminator_loss(self, x: Tensor) -> dict[str, Tensor]:
        prior, codes = bce_both(self.code_discriminator, self.sample_prior(x), self.codes(x))
        return {"prior": prior, "codes": codes}

    def discriminator_loss(self, x: Tensor) -> dict[str, Tensor]:
        return {
            "data": bce_real(self.discriminator(to_signed(x))),
            "reconstructions": bce_fake(self.discriminator(self.generate(self.codes(x)))),
        }

    def encoder_loss(self, x: Tensor) -> dict[str, Tensor]:
        z = self.codes(x)
        error = mean_absolute_error(to_signed(x), self.generate(z))
        return {
            "reconstruction": self.spec["weight_encoder"] * error,
            "adversarial": bce_real(self.code_discriminator(z)),
        }

    def generator_loss(self, x: Tensor) -> dict[str, Tensor]:
        images = self.generate(self.codes(x))
        error = mean_absolute_error(to_signed(x), images)
        return {
            "reconstruction": self.spec["weight_generator"] * error,
            "adversarial": bce_real(self.discriminator(images)),
        }
