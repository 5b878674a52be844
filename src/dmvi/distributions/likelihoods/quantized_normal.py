"""Normal likelihood of pixels with 256 values."""

from math import log, pi

import torch
from torch import Tensor
from torch.special import log_ndtr

from dmvi.distributions.likelihoods.likelihood import Likelihood

DECLARES = {
    "class": "QuantizedNormal",
    "title": "QuantizedNormal",
    "order": 2,
    "outputs_per_channel": 2,
    "normalised": True,  # to at most 1: it bounds the mass of each value from below
    "operations": 8,
    "options": {
        "smallest_sigma": {
            "type": "number",
            "minimum": 0.0025,  # below it, log_mass would be too rough
            "maximum": 1.0,
            "description": "least sigma of a quantized_normal pixel; exp(-6) if left out",
        },
    },
}


class QuantizedNormal(Likelihood):
    """A normal density averaged, in the logarithm, over the bin of each of the 256 pixel values.

    log p(k) = log(1/256) + E_u log N((k + u) / 256; mu, sigma), u ~ U(0, 1), k = 255 x. The
    expectation is taken exactly: with c = (k + 1/2) / 256 and w = 1/256 it is
    log N(c; mu, sigma) - w^2 / (24 sigma^2). By Jensen it bounds the log mass of the bin from below,
    so that the 256 probabilities sum to at most 1. The decoder emits (mu, log sigma) as two halves of
    its channels; log sigma is held at or above -6, that is 0.63 of a bin.

    Args:
        smallest_sigma: the least sigma, in units of a pixel's range, where it is not exp(-6).
    """

    outputs_per_channel = DECLARES["outputs_per_channel"]
    min_log_sigma = -6.0
    bin_width = 1.0 / 256.0

    def __init__(self, smallest_sigma: float | None = None) -> None:
        if smallest_sigma is not None:
            self.min_log_sigma = log(smallest_sigma)

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

    def log_mass(self, output: Tensor) -> Tensor:
        """The sum of the 256 probabilities by an integral and its first correction (Euler-Maclaurin).

        sum_k w N(c_k; mu, sigma) = int_0^1 N - w^2 / 24 [N'(1) - N'(0)], times exp(-w^2 / (24 sigma^2)):
        per channel to .001 at the smallest sigma where 0 <= mu <= 1, to .05 within .003 of it, and to 3e-3
        at sigma = 2 w with mu as far as .02 outside. At the smallest sigma it is off by .9 nats at mu = -.01
        and by 3.4 at -.02 (or 1.01, 1.02), where hardly any mass is left: the gate of such a likelihood may
        then say too much.
        """
        mu, log_sigma = self.parameters(output)
        inverse = (-log_sigma).exp()
        low, high = -mu * inverse, (1.0 - mu) * inverse
        # Phi(high) - Phi(low) = Phi(-low) - Phi(-high): on the side where both are small.
        flipped = low > 0
        low, high = torch.where(flipped, -high, low), torch.where(flipped, -low, high)
        upper = log_ndtr(high)
        inside = upper + torch.log1p(-(log_ndtr(low) - upper).clamp(max=-1e-6).exp())
        # N' = -u phi(u) / sigma^2 in units of u = (x - mu) / sigma: flipping both changes no difference.
        slopes = low * (-0.5 * low.square()).exp() - high * (-0.5 * high.square()).exp()
        width = self.bin_width * inverse
        edges = (
            -width.square() / 24.0 * slopes * (2.0 * pi) ** -0.5 * (-inside).clamp(max=50.0).exp()
        )
        mass = inside + torch.log1p(edges.clamp(-0.5, 1.0)) - width.square() / 24.0
        return mass.flatten(1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        return self.parameters(output)[0].clamp(0.0, 1.0)
