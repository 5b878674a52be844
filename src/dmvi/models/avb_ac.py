"""Adversarial variational Bayes with adaptive contrast (Mescheder et al., 2017, section 3.3)."""

import torch
from torch import Tensor

from dmvi.models.avb import AVB

DECLARES = {
    "extends": "avb",
    "class": "AdaptiveContrastAVB",
    "title": "AdversarialVB-AC",
    "paper": "dmvi",
    "options": {
        "moment_samples": {
            "type": "integer",
            "minimum": 2,
            "default": 10,
            "description": "z ~ q(z|x) per image from which its mean and variance are estimated",
        },
    },
    "passes": {
        # Of the joint discriminator 3 of its trunk, once for both pairs, and 6 of what follows.
        "discriminator": {
            "encoder": 1,
            "posterior": [1, "moment_samples"],
            "joint_discriminator": 3.75,
        },
        # The image needs no gradient: of the discriminator only what follows z goes backwards.
        "autoencoder": {
            "encoder": 3,
            "posterior": [3, "moment_samples"],
            "generator": 3,
            "joint_discriminator": 1.5,
        },
    },
    "source": "Mescheder et al. (2017), section 3.3",
    "equations": [
        "T: softplus(-T(x, (z_q - m) / s)) + softplus(T(x, ε)), ε ~ N(0, I); m, s moments of q(z|x)",
        "E, G: -E_q log p(x|z) + T(x, (z_q - m) / s) + log N(z_q; m, s²) - log p(z_q)",
    ],
    "matches": [
        ["-E_q log p(x|z)", "p(x|z) to the image", "data", "likelihood"],
        [
            "T(x, (z - m)/s)",
            "each q(z|x) to N(m, s²), a Gaussian near it",
            "joint",
            "density ratio",
        ],
        ["log N(z; m, s²) - log p(z)", "that Gaussian to p(z)", "latent", "closed form"],
    ],
}


class AdaptiveContrastAVB(AVB):
    """AdversarialVB whose T tells (z - m(x)) / s(x) from N(0, I), an easier comparison.

    KL = T + log N(z; m, s^2) - log p(z), with m and s^2 the mean and variance of samples of q(z|x),
    s = sqrt(var + 1e-4), neither with a gradient.
    """

    def moments(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            repeated = parameters.expand(self.spec["moment_samples"], *parameters.shape)
            z = self.sample_posterior(repeated)
            var, mean = torch.var_mean(z, dim=0)
            return mean, (var + 1e-4).sqrt()
