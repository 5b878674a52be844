"""Convolutions between a map and a single pixel, done as the matrix products that they are.

A kernel as large as the map has one place to be, so that the convolution is a linear layer. Libraries
of convolutions take many times as long for it; with 10,000 latents it would be most of a training.
The weights' shapes and names, and what goes in and out, are those of torch's convolutions.
"""

from torch import Tensor, nn


def _as_matrix(weight: Tensor) -> Tensor:
    """(A, B, H, W) -> (A, H W B): no copy if the weights lie in memory as they are read here."""
    return weight.permute(0, 2, 3, 1).flatten(1)


class MapToPixel(nn.Conv2d):
    """Conv(k s1 p0, no bias) on k x k maps: (B, in_channels, k, k) -> (B, out_channels, 1, 1)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return (_as_matrix(x) @ _as_matrix(self.weight).T)[:, :, None, None]


class PixelToMap(nn.ConvTranspose2d):
    """ConvT(k s1 p0, no bias) on single pixels: (B, in_channels, 1, 1) -> (B, out_channels, k, k)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size, bias=False)

    def forward(self, z: Tensor) -> Tensor:
        maps = z.flatten(1) @ _as_matrix(self.weight)
        return maps.unflatten(1, (*self.kernel_size, -1)).permute(0, 3, 1, 2)
