"""InfoVAE with an autoregressive decoder, of which the ELBO ignores the latent (Zhao et al., 2017)."""

from typing import Any

import torch
from torch import Tensor

from dmvi.models.infovae_mmd import MMDInfoVAE
from dmvi.networks import make_generator
from dmvi.networks.pixelcnn import PixelCNN
from dmvi.training.player import Player

DECLARES = {
    "class": "PixelInfoVAE",
    "title": "InfoVAE-MMD, PixelCNN",
    "paper": "infovae",
    "extends": "infovae_mmd",
    "likelihoods": ["bernoulli"],
    "check": "dmvi.objectives.binary_pixels",
    "options": {
        "pixel_maps": {
            "type": "integer",
            "minimum": 1,
            "default": 32,
            "description": "maps of the PixelCNN's hidden layers",
        },
        "pixel_layers": {
            "type": "integer",
            "minimum": 0,
            "default": 5,
            "description": "its 3x3 layers behind the first, 7x7 one",
        },
    },
    "equations": [
        "E, G: -E_q Σ_p log p(x_p|x_<p, z) + (1 - α) KL(q(z|x) ‖ p(z)) + (α + λ - 1) MMD²(q(z), p(z))",
    ],
    "passes": {"autoencoder": {"encoder": 3, "posterior": 3, "context": 3, "pixelcnn": 3}},
}
CONTEXT = 8  # maps that the generator makes of z


class PixelInfoVAE(MMDInfoVAE):
    """p(x|z) = prod over pixels of Bernoulli(x_p | x_<p, z), by a PixelCNN on maps of z.

    alpha 0 and lambda 1 is the ELBO with the same decoder. A mean image does not exist in closed form:
    `decode` draws an image, pixel by pixel, with torch's global generator. The density is one of binary
    images (`binarize: true`).
    """

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.generator = make_generator(image_shape, self.latent_dim, CONTEXT, spec["width"])
        self.pixels = PixelCNN(image_shape[2], CONTEXT, spec["pixel_maps"], spec["pixel_layers"])

    def players(self) -> list[Player]:
        networks = (self.encoder, self.posterior, self.generator, self.pixels)
        return [Player("autoencoder", networks, self.loss)]

    def decode(self, z: Tensor) -> Tensor:
        return self.pixels.sample(self.generator(z).float())

    def simulate(self, z: Tensor, generator: torch.Generator) -> Tensor:
        """Images x ~ p(x|z), binary (B, C, H, W); the generator is on the device of z."""
        return self.pixels.sample(self.generator(z).float(), generator)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        return self.likelihood.log_prob(x, self.pixels(x, self.generator(z)))

    def all_log_likelihoods(self, x: Tensor, z: Tensor) -> Tensor:
        """Image by image: what a latent decodes to depends on the image."""
        each = [self.log_likelihood(image.expand(len(z), *image.shape), z) for image in x]
        return torch.stack(each, 1)

    def log_normalised(self, x: Tensor, z: Tensor) -> Tensor:
        """The same: the probabilities of all binary images sum to 1."""
        return self.log_likelihood(x, z)
