"""Likelihoods p(x|z): from the decoder's output to log p(x|z) and to an image.

A likelihood is stateless. `log_prob(x, output)` sums over pixels and channels, in float32 whatever
the precision of the networks, and returns nats per image.
"""

from abc import ABC, abstractmethod
from math import log, pi
from typing import ClassVar

import torch
import torch.nn.functional as F
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


class Bernoulli(Likelihood):
    """sum x l - softplus(l) with logits l, on x in [0, 1]: pixels are not binarised.

    For x strictly between 0 and 1 this is not a normalised density; never compare its value in nats
    with that of another likelihood.
    """

    outputs_per_channel = 1

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        return (
            -F.binary_cross_entropy_with_logits(output.float(), x, reduction="none")
            .flatten(1)
            .sum(1)
        )

    def mean(self, output: Tensor) -> Tensor:
        return output.float().sigmoid()


class QuantizedNormal(Likelihood):
    """A normal density averaged, in the logarithm, over the bin of each of the 256 pixel values.

    log p(k) = log(1/256) + E_u log N((k + u) / 256; mu, sigma), u ~ U(0, 1), k = 255 x. The
    expectation is taken exactly: with c = (k + 1/2) / 256 and w = 1/256 it is
    log N(c; mu, sigma) - w^2 / (24 sigma^2). By Jensen it bounds the log mass of the bin from below,
    so that the 256 probabilities sum to at most 1. The decoder emits (mu, log sigma) as two halves of
    its channels; log sigma is held at or above -6, that is 0.63 of a bin.
    """

    outputs_per_channel = 2
    min_log_sigma = -6.0
    bin_width = 1.0 / 256.0

    def parameters(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """(mu, log sigma), each (B, C, H, W)."""
        mu, log_sigma = output.float().chunk(2, dim=1)
        return mu, log_sigma.clamp(min=self.min_log_sigma)

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        mu, log_sigma = self.parameters(output)
        centre = (x * 255.0 + 0.5) * self.bin_width
        squared = (centre - mu).square() + self.bin_width**2 / 12.0
        density = -0.5 * squared * (-2.0 * log_sigma).exp() - log_sigma - 0.5 * log(2.0 * pi)
        return (density + log(self.bin_width)).flatten(1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        return self.parameters(output)[0].clamp(0.0, 1.0)


class Categorical(Likelihood):
    """A softmax over the 256 values of each pixel and channel; outputs (B, 256 C, H, W).

    Channel c's logits are maps 256 c to 256 c + 255.
    """

    outputs_per_channel = 256

    def _logits(self, output: Tensor) -> Tensor:
        """(B, H, W, C, 256): a view where the decoder's output has its channels last in memory."""
        return output.float().permute(0, 2, 3, 1).unflatten(3, (-1, 256))

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        logits = self._logits(output).flatten(0, 3)
        values = (x * 255.0).round().long().permute(0, 2, 3, 1).flatten()
        return -F.cross_entropy(logits, values, reduction="none").view(len(x), -1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        values = torch.arange(256, device=output.device, dtype=torch.float32) / 255.0
        return (self._logits(output).softmax(4) @ values).permute(0, 3, 1, 2)


LIKELIHOODS: dict[str, type[Likelihood]] = {
    "bernoulli": Bernoulli,
    "quantized_normal": QuantizedNormal,
    "categorical": Categorical,
}
