"""A decoder's log p(x|z) in the shapes that the estimators of log p(x) call it with."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from dmvi.errors import DmviError

# Images (B, ...) and latents (B, d), row by row, to log p(x|z) in nats, (B,).
RowWise = Callable[[Tensor, Tensor], Tensor]


def over_chains(log_likelihood: RowWise, x: Tensor, chains: int) -> Callable[[Tensor], Tensor]:
    """log p(x_i|z[c, i]) of chains x images as one batch: (c, images, d) -> (c, images), c <= chains.

    The images are repeated once, not at every call.

    Args:
        log_likelihood: of rows, such as a model's `log_likelihood`; in evaluation mode, so that rows
            do not depend on each other.
        x: (images, ...).
        chains: the most that a call asks for.
    """
    repeated = x.repeat(chains, *[1] * (x.ndim - 1))
    if x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last):
        repeated = repeated.contiguous(memory_format=torch.channels_last)

    def batched(z: Tensor) -> Tensor:
        rows = z.reshape(-1, z.shape[-1])
        return log_likelihood(repeated[: len(rows)], rows).view(z.shape[:-1])

    return batched


def over_grid(
    decode: Callable[[Tensor], Tensor], log_prob: RowWise, x: Tensor
) -> Callable[[Tensor], Tensor]:
    """log p(x_i|z_m) of every image at every point, each decoded once: (m, d) -> (m, images).

    Args:
        decode: latents to the likelihood's parameters, such as a model's `generator`.
        log_prob: of (images, parameters), such as `Likelihood.log_prob`.
        x: (images, ...).
    """

    def all_pairs(z: Tensor) -> Tensor:
        outputs = decode(z)
        columns = [log_prob(image.expand(len(z), *image.shape), outputs) for image in x]
        return torch.stack(columns, 1)

    return all_pairs


def chunks(images: int, size: int, seed: int, device: torch.device | str = "cpu") -> Iterator:
    """(rows, generator) of consecutive chunks of images, each with random numbers of its own.

    A chunk's generator depends on the seed and its first image alone: work that was interrupted goes
    on with the chunks that are missing and ends with the same numbers. Another size gives others.

    Args:
        images: how many there are.
        size: images per chunk, >= 1.
        seed: >= 0.
        device: of the generators.
    """
    if size < 1:
        raise DmviError(f"chunks: size is {size}; it must be at least 1")
    for first in range(0, images, size):
        # Mixed, because the CPU's generator takes the lower 32 bits of a seed and ignores the others.
        mixed = int(np.random.SeedSequence([seed, first]).generate_state(1)[0])
        generator = torch.Generator(device).manual_seed(mixed)
        yield slice(first, min(first + size, images)), generator
