"""The code discriminator."""

from torch import Tensor, nn


class CodeDiscriminator(nn.Module):
    """Latents to one logit each, (B, latent_dim) -> (B,).

    `layers` hidden layers of `width` units with LeakyReLU(0.2) [paper: 3 of 1000], no batch norm.
    """

    def __init__(self, latent_dim: int, layers: int = 3, width: int = 1000) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        before = latent_dim
        for _ in range(layers):
            modules += [nn.Linear(before, width), nn.LeakyReLU(0.2)]
            before = width
        self.layers = nn.Sequential(*modules, nn.Linear(before, 1))

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z).flatten()
