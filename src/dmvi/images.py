"""The one place where stored pixels become network inputs."""

import torch
from torch import Tensor


def to_unit(images: Tensor) -> Tensor:
    """uint8 (B, H, W, C) to float32 (B, C, H, W) in [0, 1], on the images' device."""
    return images.permute(0, 3, 1, 2).to(torch.float32).div_(255.0)
