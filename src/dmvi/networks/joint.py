"""Discriminators of pairs (x, z)."""

import torch
from torch import Tensor, nn

from dmvi.networks.initialise import initialise


class JointDiscriminator(nn.Module):
    """Pairs of image and latent to one logit, (B, C, H, W), (B, latent_dim) -> (B,).

    An image discriminator's trunk to 4x4 maps, to which z is tiled and concatenated, then two 1x1
    convolutions LeakyReLU(0.2) of `hidden` maps, then linear.

    Args:
        trunk: (B, C, H, W) -> (B, maps, 4, 4).
        maps: the trunk's maps.
        latent_dim: size of z.
        hidden: maps of the 1x1 convolutions; 512 is the network at full width.
    """

    def __init__(self, trunk: nn.Module, maps: int, latent_dim: int, hidden: int = 512) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Sequential(
            nn.Conv2d(maps + latent_dim, hidden, 1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(hidden, hidden, 1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Flatten(),
            nn.Linear(16 * hidden, 1),
        )
        initialise(self)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return self.judge(self.trunk(x), z)

    def judge(self, features: Tensor, z: Tensor) -> Tensor:
        """The logits of pairs whose images have gone through the trunk: (B, maps, 4, 4) -> (B,)."""
        tiled = z[:, :, None, None].expand(-1, -1, *features.shape[2:])
        return self.head(torch.cat([features, tiled.to(features.dtype)], 1)).flatten()
