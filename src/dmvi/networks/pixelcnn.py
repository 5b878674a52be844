"""PixelCNN: each pixel's distribution given those before it, in raster order (van den Oord et al., 2016).

Conditioned on maps of the image's size, which a generator makes of a latent. Small enough that what an
image is can still be left to the latent, large enough that it need not be.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dmvi.networks.initialise import initialise

FIRST = 7  # kernel of the first layer
INNER = 3  # of the others


class MaskedConv(nn.Conv2d):
    """A convolution that sees, of each place, what lies before it in raster order, and the place itself.

    Args:
        hidden: of so many leading input maps it does not see the place itself: those of the image, in
            the first layer.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, hidden: int = 0) -> None:
        super().__init__(in_channels, out_channels, kernel, padding=kernel // 2)
        middle = kernel // 2
        mask = torch.zeros(1, in_channels, kernel, kernel)
        mask[:, :, :middle] = 1.0
        mask[:, :, middle, : middle + 1] = 1.0
        mask[:, :hidden, middle, middle] = 0.0
        # It follows from the shapes: no part of a checkpoint.
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


class PixelCNN(nn.Module):
    """Logits of Bernoulli pixels: one 7x7 and some 3x3 masked layers, ReLU, and a linear 1x1 one.

    The channels of one pixel are independent given all pixels before it. The conditioning maps are put
    beside the input of every layer.

    Args:
        channels: C of the images.
        context: conditioning maps.
        maps: of every hidden layer.
        layers: 3x3 ones.
    """

    def __init__(self, channels: int, context: int, maps: int = 32, layers: int = 5) -> None:
        super().__init__()
        self.first = MaskedConv(channels + context, maps, FIRST, hidden=channels)
        self.inner = nn.ModuleList(MaskedConv(maps + context, maps, INNER) for _ in range(layers))
        self.last = nn.Conv2d(maps + context, channels, 1)
        # Rows above a pixel, and columns on either side of it, that its logits can depend on.
        self.reach = FIRST // 2 + layers * (INNER // 2)
        initialise(self)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] and maps (B, context, H, W) to logits (B, C, H, W).

        Those of a pixel depend on the pixels before it and on the maps up to its own place.
        """
        hidden = self.first(torch.cat([x, context], 1)).relu()
        for layer in self.inner:
            hidden = layer(torch.cat([hidden, context], 1)).relu()
        return self.last(torch.cat([hidden, context], 1))

    @torch.no_grad()
    def sample(self, context: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Binary images (B, C, H, W), pixel by pixel: H W passes of the window that a pixel depends on.

        Args:
            context: (B, context, H, W).
            generator: on the device of the maps; torch's global one if None.
        """
        batch, _, height, width = context.shape
        x = context.new_zeros(batch, self.last.out_channels, height, width, dtype=torch.float32)
        for row in range(height):
            top = max(0, row - self.reach)
            rows = slice(top, row + 1)
            for column in range(width):
                left = max(0, column - self.reach)
                columns = slice(left, column + self.reach + 1)
                logits = self(x[:, :, rows, columns], context[:, :, rows, columns])
                p = logits[:, :, row - top, column - left].float().sigmoid()
                x[:, :, row, column] = torch.bernoulli(p, generator=generator)
        return x
