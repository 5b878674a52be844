"""Discretised logistic likelihood of pixels with 256 values (Kingma et al., 2016)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from dmvi.distributions.likelihoods.likelihood import Likelihood

DECLARES = {
    "class": "DiscretisedLogistic",
    "title": "discretised logistic",
    "outputs_per_channel": 2,
    "normalised": True,
    "operations": 12,
}


class DiscretisedLogistic(Likelihood):
    """log p(k) = log[S((e_k+1 - mu) / s) - S((e_k - mu) / s)], edges e_k = k / 256, k = 255 x.

    S is the sigmoid; the first and the last value reach to infinity, so that the 256 probabilities
    sum to 1. The decoder emits (mu, log s) as two halves of its channels, log s at or above -7.
    """

    outputs_per_channel = DECLARES["outputs_per_channel"]

    def log_prob(self, x: Tensor, output: Tensor) -> Tensor:
        mu, log_scale = output.float().chunk(2, dim=1)
        scale = log_scale.clamp(min=-7.0).exp()
        lower = (x * 255.0 / 256.0 - mu) / scale
        width = 1.0 / 256.0 / scale
        # S(a) - S(b) = S(a) S(-b) (1 - exp(b - a)), of which the outermost values keep one factor.
        below = torch.where(x < 1, F.logsigmoid(lower + width), 0.0)
        above = torch.where(x > 0, F.logsigmoid(-lower), 0.0)
        inside = torch.where((x > 0) & (x < 1), torch.log(-torch.expm1(-width)), 0.0)
        return (below + above + inside).flatten(1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        return output.float().chunk(2, dim=1)[0].clamp(0.0, 1.0)
