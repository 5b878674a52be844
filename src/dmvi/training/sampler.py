"""Batches from images that stay on the device."""

import numpy as np
import torch
from torch import Tensor

from dmvi.data.images import to_unit
from dmvi.errors import DmviError


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
        self.index = self.permutation.new_empty(0, batch_size)
        self.ready: list[Tensor] = []  # rows of `index` that no batch has been made of

    def _shuffle(self) -> None:
        self.permutation = torch.randperm(
            len(self.images), generator=self.generator, device=self.device
        )
        self.position = 0

    def prepare(self, count: int) -> None:
        """Chooses the images of the next `count` batches; drawing them is then left to the device.

        The same `count` again fills the same tensor, from which a captured `next` reads.
        """
        if len(self.index) != count:
            self.index = self.permutation.new_empty(count, self.batch_size)
        for row in self.index:
            if self.position + self.batch_size > len(self.permutation):
                self._shuffle()
            row.copy_(self.permutation[self.position : self.position + self.batch_size])
            self.position += self.batch_size
        self.ready = list(self.index)

    def next(self) -> Tensor:
        """The next batch, float32 (B, C, H, W) in [0, 1]."""
        if not self.ready:
            self.prepare(1)
        x = to_unit(self.images.index_select(0, self.ready.pop(0)))
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
        self.ready = []
