"""Models whose generator ends in tanh: images in [-1, 1] and no likelihood."""

from typing import Any

import torch
from torch import Tensor

from dmvi.data.images import from_signed, to_signed
from dmvi.models.autoencoder import make_posterior
from dmvi.models.model import EncodingModel, Model
from dmvi.networks import make_encoder, make_generator


class AdversarialModel(Model):
    """A generator with images in [-1, 1]; what it is trained by is open."""

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.generator = make_generator(image_shape, self.latent_dim, image_shape[2], spec["width"])

    def generate(self, z: Tensor) -> Tensor:
        """Latents (B, latent_dim) to images (B, C, H, W) in [-1, 1]."""
        return torch.tanh(self.generator(z).float())

    def decode(self, z: Tensor) -> Tensor:
        return from_signed(self.generate(z))


class AdversarialAutoencodingModel(AdversarialModel, EncodingModel):
    """The same with an encoder, whose input is in [-1, 1] too."""

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.posterior = make_posterior(spec)
        self.encoder = make_encoder(image_shape, self.posterior.num_parameters, spec["width"])

    def encode(self, x: Tensor) -> Tensor:
        return self.encode_signed(to_signed(x))

    def encode_signed(self, x: Tensor) -> Tensor:
        """`encode` of images that are in [-1, 1] already."""
        return self.encoder(x).float()
