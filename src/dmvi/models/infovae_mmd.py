"""InfoVAE with the maximum mean discrepancy between codes and prior (Zhao, Song and Ermon, 2017)."""

from typing import Any

from torch import Tensor

from dmvi.models.info_autoencoder import InfoAutoencoder
from dmvi.objectives.divergences import mmd2, mmd2_to_normal
from dmvi.objectives.kernels import make_kernel

DECLARES = {
    "class": "MMDInfoVAE",
    "title": "InfoVAE-MMD",
    "paper": "infovae",
    "extends": "info_autoencoder",
    "options": {
        "lambda": {
            "type": "number",
            "minimum": 0,
            "default": 1000.0,
            "description": "match of the marginals: the divergence has the weight alpha + lambda - 1",
        },
        "kernel": {
            "enum": ["gaussian", "imq"],
            "default": "gaussian",
            "description": "exp(-|a - b|²/d²), the authors', or 2d / (2d + |a - b|²)",
        },
        "prior_draws": {
            "enum": ["batch", "closed_form"],
            "default": "batch",
            "description": "the prior's part from as many draws as codes, or in closed form",
        },
    },
    "equations": [
        "E, G: -E_q log p(x|z) + (1 - α) KL(q(z|x) ‖ p(z)) + (α + λ - 1) MMD²(q(z), p(z))",
    ],
    "matches": [
        ["-E_q log p(x|z)", "p(x|z) to the image", "data", "likelihood"],
        [
            "(1 - α) KL(q(z|x) ‖ p(z))",
            "each q(z|x) to p(z)",
            "latent",
            "closed form, or one sample",
        ],
        ["(α + λ - 1) MMD²(q(z), p(z))", "q(z) to p(z)", "latent", "kernel, all pairs of a batch"],
    ],
}


class MMDInfoVAE(InfoAutoencoder):
    """Div = MMD^2 between the batch's codes and the prior, the V-statistic. alpha 1 is WAE-MMD.

    At batch size B its expectation at q(z) = p(z) is not 0 but (E k(z, z) - E k(z, z')) 2 / B (with
    `prior_draws: closed_form`, 1 / B): a shift of the loss that barely depends on q(z).
    """

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.kernel = make_kernel(spec["kernel"], self.latent_dim)
        self.closed_form = spec["prior_draws"] == "closed_form"

    def divergence(self, z: Tensor) -> Tensor:
        if self.closed_form:
            return mmd2_to_normal(z, self.kernel)
        return mmd2(z, self.sample_prior(z), self.kernel)
