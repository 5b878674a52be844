"""VEEGAN (Srivastava et al., 2017): a GAN on pairs (x, z), with a reconstruction in latent space."""

from typing import Any

import torch
from torch import Tensor

from dmvi.data.images import to_signed
from dmvi.models.adversarial import AdversarialAutoencodingModel
from dmvi.models.model import Bounded
from dmvi.networks import make_joint_discriminator
from dmvi.objectives.adversarial import bce_fake, bce_real
from dmvi.objectives.reconstruction import mean_squared_distance
from dmvi.training.player import Player

DECLARES = {
    "class": "VEEGAN",
    "title": "VEEGAN",
    "kind": "hybrid",
    "paper": "dmvi",
    "version": 2,
    "players": ["discriminator", "generator", "encoder"],
    "posteriors": ["deterministic", "gaussian"],
    "encodes": True,
    "bound": "classifier",
    "options": {
        "adversarial_encoder": {
            "type": "boolean",
            "default": False,
            "description": "whether the encoder's loss has its adversarial term too",
        },
        "code_noise": {
            "type": "number",
            "minimum": 0,
            "default": 0.0,
            "description": "standard deviation of the noise on F(x) in the discriminator's data pair",
        },
    },
    "passes": {
        "discriminator": {
            "generator": 1,
            "encoder": 1,
            "posterior": 1,
            "joint_discriminator": 6,
        },
        "generator": {
            "generator": 3,
            "encoder": 2,
            "posterior": 2,
            "joint_discriminator": 2,
        },
        "encoder": {
            "generator": 1,
            "encoder": [3, "adversarial_encoder", "adversarial_encoder", "adversarial_encoder"],
            "posterior": [3, "adversarial_encoder", "adversarial_encoder", "adversarial_encoder"],
            "joint_discriminator": ["adversarial_encoder"],
        },
    },
    "source": "Srivastava et al. (2017)",
    "equations": [
        "D: softplus(-D(G(z), z)) + softplus(D(x, F(x))), z ~ p(z)",
        "G: E D(G(z), z) + ‖z - F(G(z))‖² / d",
        "F: ‖z - F(G(z))‖² / d",
    ],
    "matches": [
        ["joint discriminator", "p(x|z) p(z) to q(z|x) p*(x)", "joint", "density ratio"],
        ["‖z - F(G(z))‖² / d", "F(G(z)) to z", "latent", "L2"],
    ],
}


class VEEGAN(AdversarialAutoencodingModel, Bounded):
    """D: bce_real(D(G(z), z)) + bce_fake(D(x, F(x))); G: E D(G(z), z) + |z - F(G(z))|^2 / d; F: the latter.

    The best D is log p(x, z) - log q(x, z), so that the generator's loss, with the raw logit,
    estimates a KL plus a reconstruction error. The two are unweighted. The error is a mean over the d
    latents: their sum has 20 to 1,155 times the gradient of the logit at G(z), and G then hides z in
    noise. With `code_noise` the data pair is (x, F(x) + noise), a sample of the Gaussian
    q(z|x) = N(F(x), code_noise^2 I) as in Algorithm 1 of Srivastava et al. (2017).
    """

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.discriminator = make_joint_discriminator(image_shape, self.latent_dim, spec["width"])

    def players(self) -> list[Player]:
        return [
            Player("discriminator", (self.discriminator,), self.discriminator_loss),
            Player("generator", (self.generator,), self.generator_loss),
            Player("encoder", (self.encoder, self.posterior), self.encoder_loss),
        ]

    def discriminator_loss(self, x: Tensor) -> dict[str, Tensor]:
        z = self.sample_prior(x)
        return {
            "samples": bce_real(self.discriminator(self.generate(z), z)),
            "data": bce_fake(self.discriminator(to_signed(x), self._noisy_codes(x))),
        }

    def generator_loss(self, x: Tensor) -> dict[str, Tensor]:
        fit, divergence = self.bound_terms(x)
        return {"reconstruction": -fit.mean(), "adversarial": divergence.mean()}

    def encoder_loss(self, x: Tensor) -> dict[str, Tensor]:
        z = self.sample_prior(x)
        terms = {
            "reconstruction": mean_squared_distance(z, self._reencode(self.generate(z))).mean()
        }
        if self.spec["adversarial_encoder"]:
            logits = self.discriminator(to_signed(x), self._noisy_codes(x))
            terms["adversarial"] = -logits.float().mean()
        return terms

    def bound_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(-|z - F(G(z))|^2 / d, D(G(z), z)) for one z ~ p(z) per image, (B,) each.

        Their difference is minus the generator's loss, the bound of Srivastava et al. (2017, eq. 3)
        with the classifier's estimate of its KL. It lives in latent space: only the size of the
        batch x is used, and its values cannot be compared with an ELBO's.
        """
        z = self.sample_prior(x)
        images = self.generate(z)
        fit = -mean_squared_distance(z, self._reencode(images))
        return fit, self.discriminator(images, z).float()

    def _noisy_codes(self, x: Tensor) -> Tensor:
        """F(x) + code_noise N(0, I): (B, C, H, W) in [0, 1] -> (B, latent_dim)."""
        codes = self.codes(x)
        if not self.spec["code_noise"]:
            return codes
        return codes + self.spec["code_noise"] * torch.randn_like(codes)

    def _reencode(self, images: Tensor) -> Tensor:
        return self.sample_posterior(self.encode_signed(images))
