"""VGH++: the variational GAN hybrid whose discriminator also sees samples from the prior."""

from torch import Tensor

from dmvi.models.vgh import VGH
from dmvi.objectives.adversarial import bce_fake, bce_real

DECLARES = {
    "extends": "vgh",
    "class": "VGHPlusPlus",
    "title": "VGH++",
    "paper": "dmvi",
    "passes": {
        "discriminator": {"encoder": 1, "posterior": 1, "generator": 2, "discriminator": 9},
        "generator": {"encoder": 1, "posterior": 1, "generator": 6, "discriminator": 4},
    },
    "equations": [
        "C: softplus(-C(z)) + softplus(C(E(x))), z ~ p(z)",
        "D: softplus(-D(x)) + softplus(D(G(E(x)))) + softplus(D(G(z)))",
        "E: w_E |x - G(E(x))| + softplus(-C(E(x)))",
        "G: w_G |x - G(E(x))| + softplus(-D(G(E(x)))) + softplus(-D(G(z)))",
    ],
    "matches": [
        ["|x - G(E(x))|", "reconstruction to the image", "data", "L1"],
        ["code discriminator", "q(z) to p(z)", "latent", "density ratio"],
        ["discriminator", "reconstructions and samples to the data", "data", "density ratio"],
    ],
}


class VGHPlusPlus(VGH):
    """VGH with D: ... + bce_fake(D(xs)) and G: ... + bce_real(D(xs)), xs = G(z ~ p); sums, not averages."""

    def discriminator_loss(self, x: Tensor) -> dict[str, Tensor]:
        terms = super().discriminator_loss(x)
        samples = self.generate(self.sample_prior(x))
        return {**terms, "samples": bce_fake(self.discriminator(samples))}

    def generator_loss(self, x: Tensor) -> dict[str, Tensor]:
        terms = super().generator_loss(x)
        samples = self.generate(self.sample_prior(x))
        return {**terms, "samples": bce_real(self.discriminator(samples))}
