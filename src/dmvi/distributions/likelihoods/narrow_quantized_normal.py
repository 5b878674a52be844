"""QuantizedNormal whose scale starts at an eighth in place of 1: for data of few, distant values."""

from math import log

from torch import Tensor

from dmvi.distributions.likelihoods.quantized_normal import QuantizedNormal

DECLARES = {
    "class": "NarrowQuantizedNormal",
    "title": "QuantizedNormal, narrow start",
    "order": 4,
    "outputs_per_channel": 2,
    "normalised": True,
    "operations": 9,
}


class NarrowQuantizedNormal(QuantizedNormal):
    """The same densities as QuantizedNormal; the decoder emits (mu, log(8 sigma)).

    A fresh decoder emits about 0, so that QuantizedNormal starts at sigma = 1, the whole range of a pixel.
    Two values at a quarter and three quarters are then a signal of a sixteenth of the noise's variance:
    the codes mostly shrink to the prior before sigma has fallen, and sigma stops at the values' own standard
    deviation, a quarter, where a little more signal and a little less noise give the same bound. Here it
    starts at half of that, as the authors of InfoVAE have it (sigma 1/2, values -1 and 1).
    """

    log_start = log(1.0 / 8.0)

    def parameters(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """(mu, log sigma), each (B, C, H, W)."""
        mu, scaled = output.float().chunk(2, dim=1)
        return mu, (scaled + self.log_start).clamp(min=self.min_log_sigma)
