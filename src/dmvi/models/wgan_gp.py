"""Wasserstein GAN with gradient penalty (Arjovsky et al., 2017; Gulrajani et al., 2017)."""

from typing import Any

from torch import Tensor

from dmvi.data.images import to_signed
from dmvi.models.adversarial import AdversarialModel
from dmvi.networks import make_discriminator
from dmvi.objectives.adversarial import (
    gradient_penalty,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from dmvi.training.player import Player

DECLARES = {
    "class": "WGANGP",
    "title": "WGAN-GP",
    "kind": "gan",
    "paper": "dmvi",
    "players": ["critic", "generator"],
    "encodes": False,
    "options": {
        "penalty": {
            "type": "number",
            "minimum": 0,
            "default": 10.0,
            "description": "weight of the critic's gradient penalty",
        },
        "critic_steps": {
            "type": "integer",
            "minimum": 1,
            "default": 5,
            "description": "updates of the critic for each of the generator",
        },
    },
    "passes": {
        # 3 for each of two batches; the penalty's gradient, and its own gradient, take 6 more.
        "critic": {"generator": 1, "discriminator": 12},
        "generator": {"generator": 3, "discriminator": 2},
    },
    "steps": {"critic": "critic_steps"},
    "source": "Arjovsky et al. (2017), Gulrajani et al. (2017)",
    "equations": [
        "D: E D(G(z)) - E D(x) + 10 E(‖∇D(x̂)‖ - 1)², 5 steps",
        "G: -E D(G(z)), z ~ p(z)",
    ],
    "matches": [["critic", "p(x) of the model to the data", "data", "Wasserstein distance"]],
}


class WGANGP(AdversarialModel):
    """D: E D(fake) - E D(real) + 10 E(|grad D(xhat)| - 1)^2, 5 steps; G: -E D(fake).

    The critic has no batch norm, because its penalty is per example.
    """

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.critic = make_discriminator(image_shape, spec["width"], batch_norm=False)

    def players(self) -> list[Player]:
        steps = self.spec["critic_steps"]
        return [
            Player("critic", (self.critic,), self.critic_loss, steps),
            Player("generator", (self.generator,), self.generator_loss),
        ]

    def critic_loss(self, x: Tensor) -> dict[str, Tensor]:
        real, fake = to_signed(x), self.generate(self.sample_prior(x))
        return {
            "wasserstein": wasserstein_critic_loss(self.critic(real), self.critic(fake)),
            "penalty": gradient_penalty(self.critic, real, fake, self.spec["penalty"]),
        }

    def generator_loss(self, x: Tensor) -> dict[str, Tensor]:
        """Only the size of the batch x is used."""
        fake = self.generate(self.sample_prior(x))
        return {"adversarial": wasserstein_generator_loss(self.critic(fake))}
