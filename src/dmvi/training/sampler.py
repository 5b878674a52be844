"""Batches from images that stay on the device."""

import numpy as np
import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.images import to_unit


class Sampler:
    """Endless batches in shuffled epochs, drawn and normalised on the device.

    The images stay resident as uint8 (N, H, W, C); a batch is float32 (B, C, H, W) in [0, 1]. An
    incomplete last batch of an epoch is skipped. The position within the epoch and the generator
    are part of `state_dict`, so that a resumed run sees the very same batches.

    Args:
        images: uint8 (N, H, W, C).
        batch_size: B <= N.
        seed: of the sampler's own generator, so that batches do not depend on the model.
        binarize: draw each pixel as Bernoulli(x) at every read (MNIST's stochastic binarisation,
            Salakhutdinov & Murray, 2008).
    """

    def __init__(
        self,
        images: np.ndarray,
        batch_size: int,
        seed: int,
        device: torch.device,
        binarize: bool = False,
    ) -> None:
        if batch_size > len(images):
            raise DmviError(
                f"batch_size is {batch_size}, but the training split has only {len(images)} images"
            )
        self.device = device
        self.images = torch.from_numpy(np.array(images)).to(device)  # a copy: maps are read-only
        self.batch_size = batch_size
        self.binarize = binarize
        self.generator = torch.Generator(device).manual_seed(seed)
        self._shuffle()

    def _shuffle(self) -> None:
        self.permutation = torch.randperm(
            len(self.images), generator=self.generator, device=self.device
        )
        self.position = 0

    def next(self) -> Tensor:
        """The next batch, float32 (B, C, H, W) in [0, 1]."""
        if self.position + self.batch_size > len(self.permutation):
            self._shuffle()
        index = self.permutation[self.position : self.position + self.batch_size]
        self.position += self.batch_size
        x = to_unit(self.images[index])
        return torch.bernoulli(x, generator=self.generator) if self.binarize else x

    def state_dict(self) -> dict:
        return {
            "generator": self.generator.get_state(),
            "permutation": self.permutation,
            "position": self.position,
        }

    def load_state_dict(self, state: dict) -> None:
        self.generator.set_state(state["generator"].cpu())
        self.permutation = state["permutation"].to(self.device)
        self.position = state["position"]
