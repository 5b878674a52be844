"""Bernoulli likelihood of pixels in [0, 1]."""

import torch
import torch.nn.functional as F
from torch import Tensor

from dmvi.distributions.likelihoods.likelihood import Likelihood

DECLARES = {
    "class": "Bernoulli",
    "title": "Bernoulli",
    "order": 1,
    "outputs_per_channel": 1,
    "normalised": False,  # over pixels in [0, 1], or their 256 values
    "operations": 4,
}


class Bernoulli(Likelihood):
    """sum x l - softplus(l) with logits l, on x in [0, 1]: pixels are not binarised.

    For x strictly between 0 and 1 this is not a normalised density; never compare its value in nats
    with that of another likelihood.
    """

    outputs_per_channel = DECLARES["outputs_per_channel"]

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        return (
            -F.binary_cross_entropy_with_logits(output.float(), x, reduction="none")
            .flatten(1)
            .sum(1)
        )

    def sample(self, output: Tensor, generator: torch.Generator) -> Tensor:
        """Binary images, for which this is a probability."""
        return torch.bernoulli(self.mean(output), generator=generator)

    def mean(self, output: Tensor) -> Tensor:
        return output.float().sigmoid()
