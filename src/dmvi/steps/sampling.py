"""Samples of a trained model."""

from collections.abc import Callable

import numpy as np
import torch

from dmvi.models import Model
from dmvi.steps.trained import decode_images

CHUNK = 1024  # latents drawn at a time: 50,000 of 10,000 dimensions would take 2 GB


@torch.no_grad()
def draw_samples(
    model: Model,
    count: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Mean images of z ~ p(z), uint8 (count, H, W, C); the same z on every device."""
    generator = torch.Generator().manual_seed(seed)
    samples = np.empty((count, *model.image_shape), np.uint8)
    for start in range(0, count, CHUNK):
        z = torch.randn(CHUNK, model.spec["latent_dim"], generator=generator)[: count - start]
        samples[start : start + CHUNK] = decode_images(model, z)
        progress(min(start + CHUNK, count), count)
    return samples
