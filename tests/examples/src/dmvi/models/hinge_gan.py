"""GAN with the hinge loss (Lim & Ye, 2017; Miyato et al., 2018)."""

import torch.nn.functional as F
from torch import Tensor

from dmvi.data.images import to_signed
from dmvi.models.dcgan import DCGAN

DECLARES = {
    "extends": "dcgan",
    "class": "HingeGAN",
    "title": "Hinge GAN",
    "options": {
        "margin": {"type": "number", "minimum": 0, "default": 1.0, "description": "of the hinge"}
    },
    "source": "Lim & Ye (2017)",
    "equations": ["D: max(0, m - D(x)) + max(0, m + D(G(z)))", "G: -D(G(z))"],
    "matches": [["discriminator", "p(x) of the model to the data", "data", "margin"]],
}


class HingeGAN(DCGAN):
    """D: E max(0, m - D(x)) + E max(0, m + D(G(z))); G: -E D(G(z))."""

    def discriminator_loss(self, x: Tensor) -> dict[str, Tensor]:
        margin = self.spec["margin"]
        fake = self.discriminator(self.generate(self.sample_prior(x))).float()
        real = self.discriminator(to_signed(x)).float()
        return {"data": F.relu(margin - real).mean(), "samples": F.relu(margin + fake).mean()}

    def generator_loss(self, x: Tensor) -> dict[str, Tensor]:
        fake = self.discriminator(self.generate(self.sample_prior(x))).float()
        return {"adversarial": -fake.mean()}
