"""DCGAN networks for 32x32 and 64x64 images (Radford et al., 2016; `dcgan.py` of the WGAN code base).

All convolutions have kernel 4 and no bias. The encoder is the generator transposed. With width 64
and RGB images the parameter counts are 3,576,704 (generator, 64x64, 100 latents), 1,183,616
(generator, 32x32, 128 latents), 2,765,568 and 663,296 (discriminators, 64x64 and 32x32).
"""

from itertools import pairwise
from math import log2

from torch import Tensor, nn

from dmvi.networks.initialise import initialise
from dmvi.networks.whole_map import MapToPixel, PixelToMap


def _halvings(image_size: int) -> int:
    """How many stride-2 layers lie between the image and 4x4 maps."""
    return int(log2(image_size)) - 2


class Generator(nn.Sequential):
    """Latents to image parameters, (B, latent_dim) -> (B, channels, image_size, image_size).

    ConvT(k4 s1 p0) BN ReLU from z as a latent_dim x 1 x 1 map, then ConvT(k4 s2 p1) BN ReLU halving
    the maps down to `width`, then ConvT(k4 s2 p1) to the image: neither BN nor activation there.
    """

    def __init__(self, image_size: int, latent_dim: int, channels: int, width: int = 64) -> None:
        maps = [width * 2**i for i in reversed(range(_halvings(image_size)))]
        layers: list[nn.Module] = [nn.Unflatten(1, (latent_dim, 1, 1))]
        layers += [PixelToMap(latent_dim, maps[0], 4)]
        layers += [nn.BatchNorm2d(maps[0]), nn.ReLU(inplace=True)]
        for before, after in pairwise(maps):
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        layers += [nn.ConvTranspose2d(maps[-1], channels, 4, 2, 1, bias=False)]
        super().__init__(*layers)
        initialise(self)


class Encoder(nn.Sequential):
    """Images to posterior parameters, (B, channels, image_size, image_size) -> (B, outputs).

    The generator transposed: Conv(k4 s2 p1) BN ReLU doubling the maps, then Conv(k4 s1 p0).
    """

    def __init__(self, image_size: int, channels: int, outputs: int, width: int = 64) -> None:
        maps = [channels, *(width * 2**i for i in range(_halvings(image_size)))]
        layers: list[nn.Module] = []
        for before, after in pairwise(maps):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        layers += [MapToPixel(maps[-1], outputs, 4), nn.Flatten()]
        super().__init__(*layers)
        initialise(self)


def trunk(image_size: int, channels: int, width: int, batch_norm: bool) -> tuple[list, int]:
    """The discriminator's layers up to 4x4 maps, and how many maps: Conv LeakyReLU(0.2), doubling."""
    maps = [width * 2**i for i in range(_halvings(image_size))]
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1, bias=False)]
    layers += [nn.LeakyReLU(0.2, inplace=True)]
    for before, after in pairwise(maps):
        layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False)]
        layers += [nn.BatchNorm2d(after)] if batch_norm else []
        layers += [nn.LeakyReLU(0.2, inplace=True)]
    return layers, maps[-1]


class Discriminator(nn.Module):
    """Images to one logit each, (B, channels, image_size, image_size) -> (B,).

    Conv(k4 s2 p1) LeakyReLU(0.2) without BN, then Conv BN LeakyReLU doubling, then Conv(k4 s1 p0).
    `batch_norm=False` gives the critic of WGAN-GP, whose penalty is per example.
    """

    def __init__(
        self, image_size: int, channels: int, width: int = 64, batch_norm: bool = True
    ) -> None:
        super().__init__()
        layers, maps = trunk(image_size, channels, width, batch_norm)
        self.layers = nn.Sequential(*layers, MapToPixel(maps, 1, 4))
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).flatten()
