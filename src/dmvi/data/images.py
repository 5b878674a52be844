"""The one place where stored pixels become network inputs, and the two ranges change over."""

import torch
from torch import Tensor


def to_unit(images: Tensor) -> Tensor:
    """uint8 (B, H, W, C) to float32 (B, C, H, W) in [0, 1], on the images' device."""
    return images.permute(0, 3, 1, 2).to(torch.float32).div_(255.0)


def to_signed(x: Tensor) -> Tensor:
    """[0, 1] to [-1, 1], the range of tanh generators and of all discriminators."""
    return 2.0 * x - 1.0


def from_signed(x: Tensor) -> Tensor:
    """[-1, 1] to [0, 1]."""
    return 0.5 * (x + 1.0)
