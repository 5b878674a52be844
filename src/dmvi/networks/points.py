"""Networks for images of one or four pixels: multilayer perceptrons.

Two hidden layers of 8 x width units with ELU, no batch norm: those of the toy examples of InfoVAE (200
units) and of adversarial variational Bayes (512 units), by their authors' code.
"""

import torch
from torch import Tensor, nn

from dmvi.networks.initialise import initialise


def _layers(before: int, after: int, width: int) -> list[nn.Module]:
    hidden = 8 * width
    return [
        nn.Linear(before, hidden),
        nn.ELU(),
        nn.Linear(hidden, hidden),
        nn.ELU(),
        nn.Linear(hidden, after),
    ]


class Encoder(nn.Sequential):
    """Images to posterior parameters, (B, channels, H, W) -> (B, outputs)."""

    def __init__(self, image_size: int, channels: int, outputs: int, width: int = 64) -> None:
        super().__init__(nn.Flatten(), *_layers(channels * image_size**2, outputs, width))
        initialise(self)


class Generator(nn.Sequential):
    """Latents to image parameters, (B, latent_dim) -> (B, channels, H, W), no activation at the end."""

    def __init__(self, image_size: int, latent_dim: int, channels: int, width: int = 64) -> None:
        layers = _layers(latent_dim, channels * image_size**2, width)
        super().__init__(*layers, nn.Unflatten(1, (channels, image_size, image_size)))
        initialise(self)


class Discriminator(nn.Module):
    """Images to one logit each, (B, channels, H, W) -> (B,). It never has batch norm."""

    def __init__(
        self, image_size: int, channels: int, width: int = 64, batch_norm: bool = True
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), *_layers(channels * image_size**2, 1, width))
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).flatten()


class JointDiscriminator(nn.Module):
    """Pairs to one logit, <a(x), b(z)> / sqrt(n) + c(x) + e(z): (B, C, H, W), (B, latent_dim) -> (B,).

    a and c are the outputs of one perceptron of x, b and e of one of z; a and b have n = 8 x width numbers.
    The product lets the logit be a log ratio that differs from image to image as freely as z does.
    """

    def __init__(self, image_size: int, channels: int, latent_dim: int, width: int = 64) -> None:
        super().__init__()
        outputs = 8 * width + 1
        self.trunk = nn.Sequential(nn.Flatten(), *_layers(channels * image_size**2, outputs, width))
        self.of_latents = nn.Sequential(*_layers(latent_dim, outputs, width))
        initialise(self)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return self.judge(self.trunk(x), z)

    def judge(self, features: Tensor, z: Tensor) -> Tensor:
        """The logits of pairs whose images have gone through the trunk: (B, 8 width + 1) -> (B,)."""
        a, c = features[:, :-1], features[:, -1]
        b, e = self.of_latents(z).split([features.shape[1] - 1, 1], 1)
        return torch.linalg.vecdot(a, b.to(a.dtype)) / a.shape[1] ** 0.5 + c + e.flatten()
