"""Categorical likelihood of pixels with 256 values."""

import torch
import torch.nn.functional as F
from torch import Tensor

from dmvi.distributions.likelihoods.likelihood import Likelihood

DECLARES = {
    "class": "Categorical",
    "title": "Categorical",
    "order": 3,
    "outputs_per_channel": 256,
    "normalised": True,
    "operations": 2,
    "mean_operations": 10,
}


class Categorical(Likelihood):
    """A softmax over the 256 values of each pixel and channel; outputs (B, 256 C, H, W).

    Channel c's logits are maps 256 c to 256 c + 255.
    """

    outputs_per_channel = DECLARES["outputs_per_channel"]

    def _logits(self, output: Tensor) -> Tensor:
        """(B, H, W, C, 256): a view where the decoder's output has its channels last in memory."""
        return output.float().permute(0, 2, 3, 1).unflatten(3, (-1, 256))

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        logits = self._logits(output).flatten(0, 3)
        values = (x * 255.0).round().long().permute(0, 2, 3, 1).flatten()
        return -F.cross_entropy(logits, values, reduction="none").view(len(x), -1).sum(1)

    def sample(self, output: Tensor, generator: torch.Generator) -> Tensor:
        logits = self._logits(output)
        drawn = torch.multinomial(logits.softmax(4).flatten(0, 3), 1, generator=generator)
        return (drawn.view(logits.shape[:4]) / 255.0).permute(0, 3, 1, 2).contiguous()

    def mean(self, output: Tensor) -> Tensor:
        values = torch.arange(256, device=output.device, dtype=torch.float32) / 255.0
        return (self._logits(output).softmax(4) @ values).permute(0, 3, 1, 2)
