"""Networks for 28x28 images.

Of the paper's tables 4 and 5 the kinds of layers survive: a discriminator of five convolutions and a
linear layer, a generator of a linear layer and three transposed convolutions. Kernels, strides and maps
are ours; the encoder is the generator transposed. `width` scales every number of maps; 64 is the
network at full width.
"""

from torch import Tensor, nn

from dmvi.networks.initialise import initialise


def _scaled(maps: int, width: int) -> int:
    return max(1, maps * width // 64)


class Generator(nn.Sequential):
    """Latents to image parameters, (B, latent_dim) -> (B, channels, 28, 28).

    Linear to 7*7*64, ConvT 5x5 to 64 (s2), 32 (s1) and the image (s2); BN ReLU between, none last.
    """

    def __init__(self, image_size: int, latent_dim: int, channels: int, width: int = 64) -> None:
        wide, narrow = _scaled(64, width), _scaled(32, width)
        super().__init__(
            nn.Linear(latent_dim, 49 * wide, bias=False),
            nn.Unflatten(1, (wide, 7, 7)),
            nn.BatchNorm2d(wide),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(wide, wide, 5, 2, 2, output_padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(wide, narrow, 5, 1, 2, bias=False),
            nn.BatchNorm2d(narrow),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(narrow, channels, 5, 2, 2, output_padding=1, bias=False),
        )
        initialise(self)


class Encoder(nn.Sequential):
    """Images to posterior parameters, (B, channels, 28, 28) -> (B, outputs): the generator transposed."""

    def __init__(self, image_size: int, channels: int, outputs: int, width: int = 64) -> None:
        wide, narrow = _scaled(64, width), _scaled(32, width)
        super().__init__(
            nn.Conv2d(channels, narrow, 5, 2, 2, bias=False),
            nn.BatchNorm2d(narrow),
            nn.ReLU(inplace=True),
            nn.Conv2d(narrow, wide, 5, 1, 2, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, wide, 5, 2, 2, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Linear(49 * wide, outputs, bias=False),
        )
        initialise(self)


def trunk(image_size: int, channels: int, width: int, batch_norm: bool) -> tuple[list, int]:
    """The discriminator's five convolutions, which end in 4x4 maps, and how many maps."""
    layers: list[nn.Module] = []
    before = channels
    for i, (maps, stride) in enumerate(((8, 2), (16, 1), (32, 2), (64, 1), (64, 2))):
        after = _scaled(maps, width)
        layers += [nn.Conv2d(before, after, 5, stride, 2, bias=False)]
        # As in DCGAN, the layer that sees the image has no batch norm.
        layers += [nn.BatchNorm2d(after)] if batch_norm and i > 0 else []
        layers += [nn.LeakyReLU(0.2, inplace=True)]
        before = after
    return layers, before


class Discriminator(nn.Module):
    """Images to one logit each, (B, channels, 28, 28) -> (B,).

    Five convolutions, then linear [paper]: 5x5 with 8 (s2), 16 (s1), 32 (s2), 64 (s1), 64 (s2) maps
    [ours].
    """

    def __init__(
        self, image_size: int, channels: int, width: int = 64, batch_norm: bool = True
    ) -> None:
        super().__init__()
        layers, maps = trunk(image_size, channels, width, batch_norm)
        linear = nn.Linear(16 * maps, 1, bias=False)
        self.layers = nn.Sequential(*layers, nn.Flatten(), linear)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).flatten()
