"""beta-VAE (Higgins et al., 2017): the VAE with a weighted KL term."""

from typing import Any

from dmvi.models.vae import VAE

DECLARES = {
    "extends": "vae",
    "class": "BetaVAE",
    "title": "beta-VAE",
    "paper": "dmvi",
    "options": {
        "beta": {
            "type": "number",
            "minimum": 0,
            "default": 4.0,
            "description": "weight of KL(q(z|x) || p(z)); 1.0 is the VAE",
        }
    },
    "source": "Higgins et al. (2017)",
    "equations": ["E, G: -E_q log p(x|z) + β KL(q(z|x) ‖ p(z))"],
    "matches": [
        ["-E_q log p(x|z)", "p(x|z) to the image", "data", "likelihood"],
        ["β KL(q(z|x) ‖ p(z))", "each q(z|x) to p(z)", "latent", "closed form, or one sample"],
    ],
}


class BetaVAE(VAE):
    """min over (E, G) of -E_q log p(x|z) + beta KL(q(z|x) || p(z))."""

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.beta = spec["beta"]
