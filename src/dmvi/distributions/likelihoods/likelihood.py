"""What every likelihood p(x|z) is: from the decoder's output to log p(x|z) and to an image."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor


class Likelihood(ABC):
    """p(x|z) for images x in [0, 1] with shape (B, C, H, W).

    `outputs_per_channel` says how many maps the decoder emits for each image channel.
    """

    outputs_per_channel: ClassVar[int]

    @abstractmethod
    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        """log p(x|z) in nats, (B,), of images (B, C, H, W) given decoder outputs (B, k C, H, W)."""

    @abstractmethod
    def mean(self, output: Tensor) -> Tensor:
        """The mean image in [0, 1], (B, C, H, W)."""
