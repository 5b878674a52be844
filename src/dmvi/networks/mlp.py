"""The code discriminator."""

import torch
from torch import Tensor, nn


class GaussianNoise(nn.Module):
    """Adds N(0, sd^2) to every number while training; does nothing in evaluation mode."""

    def __init__(self, sd: float) -> None:
        super().__init__()
        self.sd = sd

    def forward(self, x: Tensor) -> Tensor:
        return x + self.sd * torch.randn_like(x) if self.training else x


class CodeDiscriminator(nn.Module):
    """Latents to one logit each, (B, latent_dim) -> (B,).

    `layers` hidden layers of `width` units with LeakyReLU(0.2) [paper, of codes: 3 of 1000], no batch norm.

    Args:
        activation_noise: standard deviation of Gaussian noise on every hidden activation, >= 0.
        dropout: probability in [0, 1) that a hidden activation is left out.
            Both act in training mode only; 0 builds no module, so that the layers keep their numbers.
    """

    def __init__(
        self,
        latent_dim: int,
        layers: int = 3,
        width: int = 1000,
        activation_noise: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        before = latent_dim
        for _ in range(layers):
            modules += [nn.Linear(before, width), nn.LeakyReLU(0.2)]
            if activation_noise:
                modules.append(GaussianNoise(activation_noise))
            if dropout:
                modules.append(nn.Dropout(dropout))
            before = width
        self.layers = nn.Sequential(*modules, nn.Linear(before, 1))

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z).flatten()
