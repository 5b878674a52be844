"""What every likelihood p(x|z) is: from the decoder's output to log p(x|z) and to an image."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

VALUES = 256  # of a pixel


class Likelihood(ABC):
    """p(x|z) for images x in [0, 1] with shape (B, C, H, W).

    `outputs_per_channel` says how many maps the decoder emits for each image channel.
    """

    outputs_per_channel: ClassVar[int]

    @abstractmethod
    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """log p(x|z) in nats, (B,), of images (B, C, H, W) given decoder outputs (B, k C, H, W)."""

    def log_mass(self, output: Tensor) -> Tensor:
        """log of the sum of p(x|z) over all images, nats, (B,): 0 unless it sums to less than 1."""
        return output.new_zeros(len(output), dtype=torch.float32)

    def sample(self, output: Tensor, generator: torch.Generator) -> Tensor:
        """x ~ p(x|z), divided by its sum where that is below 1: (B, C, H, W) of values k / 255.

        From the 256 values' probabilities, in any likelihood of independent pixels and channels.
        """
        batch, maps, height, width = output.shape
        channels = maps // self.outputs_per_channel
        pixels = output.permute(0, 2, 3, 1).reshape(-1, maps, 1, 1)
        values = torch.arange(VALUES, device=output.device) / 255.0
        drawn = []
        for part in pixels.split(512):
            repeated = part.repeat_interleave(VALUES, 0)
            of_part = []
            for channel in range(channels):
                x = repeated.new_zeros(len(repeated), channels, 1, 1, dtype=torch.float32)
                x[:, channel, 0, 0] = values.repeat(len(part))
                # The other channels, held at 0, are a constant.
                log_p = self.log_prob(x, repeated).view(len(part), VALUES)
                of_part.append(torch.multinomial(log_p.softmax(1), 1, generator=generator))
            drawn.append(torch.cat(of_part, 1))
        x = values[torch.cat(drawn)].view(batch, height, width, channels)
        return x.permute(0, 3, 1, 2).contiguous()

    @abstractmethod
    def mean(self, output: Tensor) -> Tensor:
        """The mean image in [0, 1], (B, C, H, W)."""
